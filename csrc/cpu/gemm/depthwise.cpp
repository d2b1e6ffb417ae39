// Depthwise convolution: bands of zero-padded planes that stay in the L1 cache, no product.
#include <algorithm>

#include "cpu/gemm/conv.h"
#include "cpu/gemm/half.h"
#include "cpu/gemm/tasks.h"
#include "cpu/scratch.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

// out[r, c] = sum over taps (i, j) of band[r * stride + i * dilation, ...] * weight[i, j], where
// the plane lies in the padded band with `spacing` between its rows and columns. [0] rows, [1]
// columns.
struct Stencil {
    int64_t plane[2], spacing[2], padding[2];  // padding may be negative: the plane is cropped
    int64_t kernel[2], dilation[2], stride[2], output[2];
    bool flipped;              // taps in reverse order
    int64_t width, band_rows;  // of the band; output rows of one

    int64_t taps() const { return kernel[0] * kernel[1]; }
    int64_t input_rows(int64_t rows) const {
        return (rows - 1) * stride[0] + (kernel[0] - 1) * dilation[0] + 1;
    }
    size_t band_size() const { return size_t(input_rows(band_rows) * width); }
    int64_t tap_offset(int64_t tap) const {
        return tap / kernel[1] * dilation[0] * width + tap % kernel[1] * dilation[1];
    }
    int64_t weight_index(int64_t tap) const { return flipped ? taps() - 1 - tap : tap; }
};

template <class S>
void set_band(Stencil& s) {
    constexpr int64_t W = kLanes<S>, kBandElements = 8192;
    const int64_t columns = (s.output[1] + W - 1) / W * W;
    // Strided loads read up to `stride` vectors from the last one's start.
    s.width = columns * s.stride[1] + (s.kernel[1] - 1) * s.dilation[1] + W;
    s.width = (s.width + W - 1) / W * W;
    s.band_rows = std::clamp<int64_t>(kBandElements / s.width / s.stride[0], 4, 1 << 20);
    s.band_rows = std::min(s.output[0], s.band_rows / 4 * 4);
}

template <class S>
Stencil forward_stencil(const ConvShape& c) {
    Stencil s;
    for (int d = 0; d < 2; d++) {
        s.plane[d] = c.input[d + 1];
        s.spacing[d] = 1;
        s.padding[d] = c.padding[d + 1];
        s.kernel[d] = c.kernel[d + 1];
        s.dilation[d] = c.dilation[d + 1];
        s.stride[d] = c.stride[d + 1];
        s.output[d] = c.output[d + 1];
    }
    s.flipped = false;
    set_band<S>(s);
    return s;
}

// The gradient's plane is spread out by the stride; then it is a stencil of stride 1.
template <class S>
Stencil backward_stencil(const ConvShape& c) {
    Stencil s = forward_stencil<S>(c);
    for (int d = 0; d < 2; d++) {
        s.plane[d] = c.output[d + 1];
        s.spacing[d] = c.stride[d + 1];
        s.padding[d] = (s.kernel[d] - 1) * s.dilation[d] - c.padding[d + 1];
        s.stride[d] = 1;
        s.output[d] = c.input[d + 1];
    }
    s.flipped = true;
    set_band<S>(s);
    return s;
}

// The padded rows that output rows [row, row + rows) read.
template <class S, class T>
void fill_band(const Stencil& s, const T* plane, int64_t row, int64_t rows, S* band) {
    const int64_t height = s.input_rows(rows), top = row * s.stride[0] - s.padding[0];
    std::fill(band, band + height * s.width, S(0));
    const int64_t left = s.padding[1], step = s.spacing[1];
    const int64_t first = left < 0 ? (-left + step - 1) / step : 0;
    const int64_t last = std::min(s.plane[1], (s.width - 1 - left) / step + 1);
    if (left >= s.width || first >= last) return;
    for (int64_t r = 0; r < s.plane[0]; r++) {
        const int64_t at = r * s.spacing[0] - top;
        if (at < 0 || at >= height) continue;
        const T* from = plane + r * s.plane[1];
        S* to = band + at * s.width + left;
        if (step == 1) {
            for (int64_t c = first; c < last; c += kLanes<S>) {
                const int lanes = int(std::min<int64_t>(kLanes<S>, last - c));
                store_first(to + c, load_first(from + c, lanes), lanes);
            }
        } else {
            for (int64_t c = first; c < last; c++) to[c * step] = S(from[c]);
        }
    }
}

// STRIDE is 1, 2 or 0 for any other.
template <int STRIDE, class S>
Vector<S> load_band(const S* p, int64_t stride) {
    if constexpr (STRIDE == 1) return load(p);
    if constexpr (STRIDE == 2) return even_lanes<S>(load(p), load(p + kLanes<S>));
    Vector<S> v{};
    for (int l = 0; l < kLanes<S>; l++) v[l] = p[l * stride];
    return v;
}

template <class F>
void with_stride(int64_t stride, F&& f) {
    if (stride == 1) return f(std::integral_constant<int, 1>());
    if (stride == 2) return f(std::integral_constant<int, 2>());
    f(std::integral_constant<int, 0>());
}

// One plane's output. `add` accumulates onto what `out` holds instead of `start`.
template <class S, class T>
struct PlaneCall {
    const S* weight;  // in the order of the taps
    S start;
    bool add;
    T* out;
};

// KERNEL is 3 for 3 x 3 taps, whose loops then unroll, or 0.
template <int STRIDE, int KERNEL, int ROWS, class S, class T>
void stencil_rows(const Stencil& s, const S* band, const PlaneCall<S, T>& call, int64_t row) {
    constexpr int W = kLanes<S>;
    const int64_t row_step = s.stride[0] * s.width, column_step = s.stride[1];
    const int64_t height = KERNEL ? KERNEL : s.kernel[0], width = KERNEL ? KERNEL : s.kernel[1];
    const int64_t columns = s.output[1], down = s.dilation[0] * s.width, right = s.dilation[1];
    T* const out = call.out + row * columns;
    for (int64_t c = 0; c < columns; c += W) {
        const int lanes = int(std::min<int64_t>(W, columns - c));
        Vector<S> sum[ROWS];
        for (int r = 0; r < ROWS; r++)
            sum[r] = call.add ? load_first(out + r * columns + c, lanes) : broadcast(call.start);
        const S* p = band + c * column_step;
        const S* weight = call.weight;
#pragma GCC unroll 3
        for (int64_t i = 0; i < height; i++, p += down)
#pragma GCC unroll 3
            for (int64_t j = 0; j < width; j++) {
                const Vector<S> w = broadcast(*weight++);
#pragma GCC unroll 4
                for (int r = 0; r < ROWS; r++)
                    sum[r] = fma(w, load_band<STRIDE>(p + j * right + r * row_step, column_step),
                                 sum[r]);
            }
        for (int r = 0; r < ROWS; r++) store_first(out + r * columns + c, sum[r], lanes);
    }
}

template <int STRIDE, int KERNEL, class S, class T>
void stencil_bands(const Stencil& s, const T* plane, const PlaneCall<S, T>& call, S* band) {
    const int64_t row_step = s.stride[0] * s.width;
    for (int64_t row = 0; row < s.output[0]; row += s.band_rows) {
        const int64_t rows = std::min(s.band_rows, s.output[0] - row);
        fill_band(s, plane, row, rows, band);
        int64_t r = 0;
        for (; r + 4 <= rows; r += 4)
            stencil_rows<STRIDE, KERNEL, 4>(s, band + r * row_step, call, row + r);
        for (; r < rows; r++)
            stencil_rows<STRIDE, KERNEL, 1>(s, band + r * row_step, call, row + r);
    }
}

template <class S, class T>
void stencil_plane(const Stencil& s, const T* plane, const T* weight, S start, bool add, S* band,
                   T* out) {
    const Scratch ordered(size_t(s.taps()) * sizeof(S));
    for (int64_t t = 0; t < s.taps(); t++) ordered.as<S>()[t] = S(weight[s.weight_index(t)]);
    const PlaneCall<S, T> call{ordered.as<S>(), start, add, out};
    with_stride(s.stride[1], [&](auto stride) {
        if (s.kernel[0] == 3 && s.kernel[1] == 3) {
            stencil_bands<stride, 3>(s, plane, call, band);
        } else {
            stencil_bands<stride, 0>(s, plane, call, band);
        }
    });
}

// f(plane, band) for each plane, several a task.
template <class S, class F>
void for_planes(const Stencil& s, int64_t planes, F&& f) {
    const int64_t work = s.output[0] * s.output[1] * s.taps();
    const int64_t group = std::max<int64_t>(1, 100000 / std::max<int64_t>(work, 1));
    for_tasks((planes + group - 1) / group, double(work * planes), [&](int64_t task) {
        const Scratch band(s.band_size() * sizeof(S));
        const int64_t end = std::min(planes, (task + 1) * group);
        for (int64_t plane = task * group; plane < end; plane++) f(plane, band.as<S>());
    });
}

constexpr int kTapGroup = 9;

// Adds the products of gradient rows with the band, shifted by each of up to kTapGroup taps.
template <int STRIDE, class S, class T>
void correlate(const Stencil& s, const S* band, const T* dy, int64_t rows, const int64_t* offsets,
               Vector<S>* sums) {
    constexpr int W = kLanes<S>;
    Vector<S> sum[kTapGroup];
    for (int t = 0; t < kTapGroup; t++) sum[t] = sums[t];
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < s.output[1]; c += W) {
            const int lanes = int(std::min<int64_t>(W, s.output[1] - c));
            const Vector<S> gradient = load_first(dy + r * s.output[1] + c, lanes);
            const S* p = band + r * s.stride[0] * s.width + c * s.stride[1];
            if (lanes == W) {
#pragma GCC unroll 9
                for (int t = 0; t < kTapGroup; t++)
                    sum[t] = fma(gradient, load_band<STRIDE>(p + offsets[t], s.stride[1]), sum[t]);
            } else {
                // Beyond the row the band may hold infinities, which times 0 would be NaN.
                for (int t = 0; t < kTapGroup; t++) {
                    S values[W];
                    store(values, load_band<STRIDE>(p + offsets[t], s.stride[1]));
                    sum[t] = fma(gradient, load_first(values, lanes), sum[t]);
                }
            }
        }
    for (int t = 0; t < kTapGroup; t++) sums[t] = sum[t];
}

}  // namespace

template <class T>
void depthwise_forward(const ConvShape& c, const T* x, const T* w, const T* bias, T* y) {
    using S = ComputeType<T>;
    const Stencil s = forward_stencil<S>(c);
    const int64_t multiple = c.out_channels / c.groups;
    const int64_t in_plane = s.plane[0] * s.plane[1], out_plane = s.output[0] * s.output[1];
    for_planes<S>(s, c.batch * c.out_channels, [&](int64_t plane, S* band) {
        const int64_t channel = plane % c.out_channels;
        stencil_plane(s, x + plane / multiple * in_plane, w + channel * s.taps(),
                      bias ? S(bias[channel]) : S(0), false, band, y + plane * out_plane);
    });
}

template <class T>
void depthwise_backward_input(const ConvShape& c, const T* dy, const T* w, const T* bias, T* dx) {
    using S = ComputeType<T>;
    const Stencil s = backward_stencil<S>(c);
    const int64_t multiple = c.out_channels / c.groups;
    const int64_t in_plane = s.plane[0] * s.plane[1], out_plane = s.output[0] * s.output[1];
    for_planes<S>(s, c.batch * c.in_channels, [&](int64_t plane, S* band) {
        const int64_t channel = plane % c.in_channels;
        for (int64_t m = 0; m < multiple; m++)
            stencil_plane(s, dy + (plane * multiple + m) * in_plane,
                          w + (channel * multiple + m) * s.taps(), bias ? S(bias[channel]) : S(0),
                          m > 0, band, dx + plane * out_plane);
    });
}

template <class T>
void depthwise_backward_weight(const ConvShape& c, const T* x, const T* dy, T* dw) {
    using S = ComputeType<T>;
    const Stencil s = forward_stencil<S>(c);
    const int64_t multiple = c.out_channels / c.groups, taps = s.taps();
    const int64_t in_plane = s.plane[0] * s.plane[1], out_plane = s.output[0] * s.output[1];
    const int64_t groups = (taps + kTapGroup - 1) / kTapGroup;
    const double work = double(c.batch * c.out_channels) * double(out_plane * taps);
    for_tasks(c.out_channels, work, [&](int64_t channel) {
        const Scratch band_memory(s.band_size() * sizeof(S));
        const Scratch sum_memory(size_t(groups * kTapGroup) * sizeof(Vector<S>));
        const Scratch offset_memory(size_t(groups * kTapGroup) * sizeof(int64_t));
        S* const band = band_memory.as<S>();
        auto* const sums = sum_memory.as<Vector<S>>();
        auto* const offsets = offset_memory.as<int64_t>();
        for (int64_t t = 0; t < groups * kTapGroup; t++) {
            sums[t] = Vector<S>{};
            offsets[t] = s.tap_offset(std::min(t, taps - 1));
        }
        for (int64_t n = 0; n < c.batch; n++) {
            const T* plane = x + (n * c.in_channels + channel / multiple) * in_plane;
            const T* gradient = dy + (n * c.out_channels + channel) * out_plane;
            for (int64_t row = 0; row < s.output[0]; row += s.band_rows) {
                const int64_t rows = std::min(s.band_rows, s.output[0] - row);
                fill_band(s, plane, row, rows, band);
                for (int64_t g = 0; g < groups; g++)
                    with_stride(s.stride[1], [&](auto stride) {
                        correlate<stride>(s, band, gradient + row * s.output[1], rows,
                                          offsets + g * kTapGroup, sums + g * kTapGroup);
                    });
            }
        }
        for (int64_t t = 0; t < taps; t++) dw[channel * taps + t] = T(sum_lanes<S>(sums[t]));
    });
}

#define KAJO_DEPTHWISE(T)                                                                          \
    template void depthwise_forward<T>(const ConvShape&, const T*, const T*, const T*, T*);        \
    template void depthwise_backward_input<T>(const ConvShape&, const T*, const T*, const T*, T*); \
    template void depthwise_backward_weight<T>(const ConvShape&, const T*, const T*, T*);
KAJO_DEPTHWISE(float)
KAJO_DEPTHWISE(double)
KAJO_DEPTHWISE(BFloat16)
KAJO_DEPTHWISE(Half)
#undef KAJO_DEPTHWISE

}  // namespace kajo::cpu::KAJO_ISA
