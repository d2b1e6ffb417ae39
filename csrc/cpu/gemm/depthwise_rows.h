// Depthwise convolution straight from the rows of a plane: what lies beside them is masked out, so
// that nothing is copied and small planes cost no more than their pixels.
#pragma once

#include <vector>

#include "cpu/gemm/conv.h"
#include "cpu/gemm/half.h"

namespace kajo::cpu::KAJO_ISA {

// f(std::integral_constant<int, i>) for i below N: indices of registers have to be constants, and
// a call would put them into memory.
#define KAJO_INLINED __attribute__((always_inline))
template <int N, class F>
KAJO_INLINED inline void for_constants(F&& f) {
    [&]<int... i>(std::integer_sequence<int, i...>) KAJO_INLINED {
        (f(std::integral_constant<int, i>()), ...);
    }(std::make_integer_sequence<int, N>());
}

// out[r, c] = sum over taps (i, j) of row(r, i)[c * stride + j * dilation - padding] * weight[i,
// j], where row(r, i) is a row of the plane, or of zeros. Rows of three dimensions count as one
// list.
template <class S>
struct RowStencil {
    static constexpr int W = kLanes<S>;
    static constexpr int64_t kOutside = -1;

    int64_t width, columns;    // of a row of the plane, of the result
    int64_t rows, block_rows;  // of the result; those that lie in one slice
    int64_t row_taps, column_taps;
    int64_t stride, dilation, padding;
    int kernel;                   // of square kernels without dilation in one slice, else 0
    std::vector<int64_t> places;  // [row][row tap]
    std::vector<LaneBits> lanes;  // [vector of a row][column tap][half of what a stride reads]

    // `flipped` gives the gradient of the image, at stride 1.
    RowStencil(const ConvShape& c, bool flipped) {
        const int64_t* plane = flipped ? c.output : c.input;
        const int64_t* output = flipped ? c.input : c.output;
        int64_t pad[3];
        for (int d = 0; d < 3; d++)
            pad[d] = flipped ? (c.kernel[d] - 1) * c.dilation[d] - c.padding[d] : c.padding[d];
        width = plane[2], columns = output[2];
        block_rows = output[1], rows = output[0] * block_rows;
        row_taps = c.kernel[0] * c.kernel[1], column_taps = c.kernel[2];
        stride = c.stride[2], dilation = c.dilation[2], padding = pad[2];
        const bool plain = c.kernel[0] == 1 && c.kernel[1] == c.kernel[2] && c.dilation[1] == 1 &&
                           c.dilation[2] == 1 && c.stride[1] == c.stride[2];
        kernel = plain ? int(c.kernel[1]) : 0;
        for (int64_t row = 0; row < rows; row++)
            for (int64_t tap = 0; tap < row_taps; tap++) {
                const auto from = [&](int d, int64_t at, int64_t i) {
                    const int64_t place = at * c.stride[d] + i * c.dilation[d] - pad[d];
                    return place >= 0 && place < plane[d] ? place : kOutside;
                };
                const int64_t z = from(0, row / block_rows, tap / c.kernel[1]);
                const int64_t y = from(1, row % block_rows, tap % c.kernel[1]);
                places.push_back(z < 0 || y < 0 ? kOutside : (z * plane[1] + y) * width);
            }
        for (int64_t column = 0; column < columns; column += W)
            for (int64_t tap = 0; tap < column_taps; tap++)
                for (int64_t half = 0; half < 2; half++) {
                    const int64_t count = std::min<int64_t>(W, columns - column);
                    const int64_t wanted = (count - 1) * stride + 1 - half * W;
                    const int64_t at = first(column, tap) + half * W;
                    const LaneBits inside =
                        first_lanes<S>(width - at) & ~first_lanes<S>(std::max<int64_t>(0, -at));
                    lanes.push_back(inside & first_lanes<S>(wanted));
                }
    }

    static bool suits(const ConvShape& c, bool flipped) {
        return flipped ? product3(c.stride) == 1 : c.stride[2] <= 2;
    }

    int64_t first(int64_t column, int64_t tap) const {
        return column * stride + tap * dilation - padding;
    }
    const LaneBits* lanes_of(int64_t column) const {
        return lanes.data() + column / W * column_taps * 2;
    }
    template <class T>
    const T* row_of(const T* plane, const T* zeros, int64_t row, int64_t tap) const {
        const int64_t place = places[size_t(row * row_taps + tap)];
        return place == kOutside ? zeros : plane + place;
    }
};

template <int STRIDE, class T>
inline auto load_row(const T* p, const LaneBits* lanes) {
    using S = ComputeType<T>;
    if constexpr (STRIDE == 1) return load_lanes(p, lanes[0]);
    return even_lanes<S>(load_lanes(p, lanes[0]), load_lanes(p + kLanes<S>, lanes[1]));
}

// One plane's output, taps in the weights' order; `add` accumulates onto what `out` holds.
template <class S, class T>
struct RowCall {
    const T* plane;
    const T* zeros;  // a row
    const S* weight;
    S start;
    bool add;
    T* out;
};

template <int STRIDE, int KERNEL, int ROWS, class S, class T>
void convolve_rows(const RowStencil<S>& s, const RowCall<S, T>& call, int64_t row) {
    constexpr int W = kLanes<S>;
    constexpr int kInputRows = KERNEL ? (ROWS - 1) * STRIDE + KERNEL : 1;
    const T* from[kInputRows];
    if constexpr (KERNEL > 0)
        for (int y = 0; y < kInputRows; y++) {
            const int r = std::min(y / STRIDE, ROWS - 1);
            from[y] = s.row_of(call.plane, call.zeros, row + r, y - r * STRIDE);
        }
    T* const out = call.out + row * s.columns;
    for (int64_t column = 0; column < s.columns; column += W) {
        const int count = int(std::min<int64_t>(W, s.columns - column));
        const LaneBits* const lanes = s.lanes_of(column);
        Vector<S> sum[ROWS];
        for_constants<ROWS>([&](auto r) KAJO_INLINED {
            sum[r] =
                call.add ? load_first(out + r * s.columns + column, count) : broadcast(call.start);
        });
        if constexpr (KERNEL > 0) {
            // Each vector of the image is loaded once, for all rows of the result that it meets.
            const int64_t first = s.first(column, 0);
            for_constants<kInputRows>([&](auto y) KAJO_INLINED {
#pragma GCC unroll 3
                for (int j = 0; j < KERNEL; j++) {
                    const auto x = load_row<STRIDE>(from[y] + first + j, lanes + 2 * j);
                    for_constants<ROWS>([&](auto r) KAJO_INLINED {
                        constexpr int i = y - r * STRIDE;
                        if constexpr (i >= 0 && i < KERNEL)
                            sum[r] = fma(broadcast(call.weight[i * KERNEL + j]), x, sum[r]);
                    });
                }
            });
        } else {
            for (int64_t i = 0; i < s.row_taps; i++) {
                const T* rows[ROWS];
                for_constants<ROWS>([&](auto r) KAJO_INLINED {
                    rows[r] = s.row_of(call.plane, call.zeros, row + r, i);
                });
                for (int64_t j = 0; j < s.column_taps; j++) {
                    const Vector<S> w = broadcast(call.weight[i * s.column_taps + j]);
                    const int64_t first = s.first(column, j);
                    for_constants<ROWS>([&](auto r) KAJO_INLINED {
                        sum[r] = fma(w, load_row<STRIDE>(rows[r] + first, lanes + 2 * j), sum[r]);
                    });
                }
            }
        }
        for_constants<ROWS>(
            [&](auto r) KAJO_INLINED { store_first(out + r * s.columns + column, sum[r], count); });
    }
}

template <int STRIDE, int KERNEL, class S, class T>
void convolve_plane(const RowStencil<S>& s, const RowCall<S, T>& call) {
    for (int64_t block = 0; block < s.rows; block += s.block_rows) {
        int64_t r = 0;
        for (; r + 4 <= s.block_rows; r += 4) convolve_rows<STRIDE, KERNEL, 4>(s, call, block + r);
        if (s.block_rows - r >= 2) {
            convolve_rows<STRIDE, KERNEL, 2>(s, call, block + r);
            r += 2;
        }
        if (r < s.block_rows) convolve_rows<STRIDE, KERNEL, 1>(s, call, block + r);
    }
}

template <class S, class T>
void convolve_plane(const RowStencil<S>& s, const RowCall<S, T>& call) {
    // What networks mostly have; each kernel takes seconds to compile.
    constexpr bool kHasKernels = std::is_same_v<T, float> || std::is_same_v<T, BFloat16>;
    const auto with_kernel = [&](auto stride) {
        if constexpr (kHasKernels) {
            if (s.kernel == 3) return convolve_plane<stride, 3>(s, call);
            if (s.kernel == 5) return convolve_plane<stride, 5>(s, call);
            if (s.kernel == 7) return convolve_plane<stride, 7>(s, call);
        }
        convolve_plane<stride, 0>(s, call);
    };
    if (s.stride == 1)
        with_kernel(std::integral_constant<int, 1>());
    else
        with_kernel(std::integral_constant<int, 2>());
}

constexpr int kTapGroup = 9;

// Adds the products of a plane's gradient with the image's rows, for each of up to kTapGroup taps.
template <int STRIDE, class S, class T>
void correlate_rows(const RowStencil<S>& s, const T* plane, const T* zeros, const T* gradient,
                    int64_t first_tap, Vector<S>* sums) {
    constexpr int W = kLanes<S>;
    const int64_t last = s.row_taps * s.column_taps - 1;
    int64_t row_tap[kTapGroup], column_tap[kTapGroup];
    for (int t = 0; t < kTapGroup; t++) {
        const int64_t tap = std::min(first_tap + t, last);
        row_tap[t] = tap / s.column_taps, column_tap[t] = tap % s.column_taps;
    }
    Vector<S> sum[kTapGroup];
    for_constants<kTapGroup>([&](auto t) KAJO_INLINED { sum[t] = sums[t]; });
    for (int64_t r = 0; r < s.rows; r++) {
        const T* from[kTapGroup];
        for_constants<kTapGroup>([&](auto t) KAJO_INLINED {
            from[t] = s.row_of(plane, zeros, r, row_tap[t]) + s.first(0, column_tap[t]);
        });
        for (int64_t column = 0; column < s.columns; column += W) {
            const int count = int(std::min<int64_t>(W, s.columns - column));
            const auto g = load_first(gradient + r * s.columns + column, count);
            const LaneBits* const lanes = s.lanes_of(column);
            for_constants<kTapGroup>([&](auto t) KAJO_INLINED {
                const auto x =
                    load_row<STRIDE>(from[t] + column * STRIDE, lanes + 2 * column_tap[t]);
                sum[t] = fma(g, x, sum[t]);
            });
        }
    }
    for_constants<kTapGroup>([&](auto t) KAJO_INLINED { sums[t] = sum[t]; });
}

#undef KAJO_INLINED

}  // namespace kajo::cpu::KAJO_ISA
