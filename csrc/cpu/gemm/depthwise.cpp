// Depthwise convolution, no product: from the rows of planes, or, where strides leave gaps, by
// bands of zero-padded planes that stay in the L1 cache.
#include <algorithm>

#include "cpu/gemm/depthwise_rows.h"
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
    int64_t width, band_rows;  // of the band; output rows of one

    int64_t taps() const { return kernel[0] * kernel[1]; }
    int64_t input_rows(int64_t rows) const {
        return (rows - 1) * stride[0] + (kernel[0] - 1) * dilation[0] + 1;
    }
    size_t band_size() const { return size_t(input_rows(band_rows) * width); }
    int64_t tap_offset(int64_t tap) const {
        return tap / kernel[1] * dilation[0] * width + tap % kernel[1] * dilation[1];
    }
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
void stencil_plane(const Stencil& s, const T* plane, const PlaneCall<S, T>& call, S* band) {
    with_stride(s.stride[1], [&](auto stride) {
        if (s.kernel[0] == 3 && s.kernel[1] == 3) {
            stencil_bands<stride, 3>(s, plane, call, band);
        } else {
            stencil_bands<stride, 0>(s, plane, call, band);
        }
    });
}

// f(plane, scratch of so many elements) for each plane, several a task.
template <class S, class F>
void for_planes(int64_t planes, int64_t plane_work, size_t scratch, F&& f) {
    const int64_t group = std::max<int64_t>(1, 100000 / std::max<int64_t>(plane_work, 1));
    for_tasks((planes + group - 1) / group, double(plane_work * planes), [&](int64_t task) {
        const Scratch memory(scratch * sizeof(S));
        const int64_t end = std::min(planes, (task + 1) * group);
        for (int64_t plane = task * group; plane < end; plane++) f(plane, memory.as<S>());
    });
}

// Weights of all channels in the computing type.
template <class S, class T>
Scratch ordered_weights(const T* w, int64_t channels, int64_t taps, bool flipped) {
    Scratch memory(size_t(channels * taps) * sizeof(S));
    for (int64_t c = 0; c < channels; c++)
        for (int64_t t = 0; t < taps; t++)
            memory.as<S>()[c * taps + t] = S(w[c * taps + (flipped ? taps - 1 - t : t)]);
    return memory;
}

// How every plane of a convolution, or of its gradient by the image, is computed.
template <class S, class T>
struct PlaneRunner {
    const ConvShape& shape;
    bool flipped, by_rows;
    int64_t taps, in_plane, out_plane;
    Scratch weights;

    PlaneRunner(const ConvShape& c, const T* w, bool flipped)
        : shape(c),
          flipped(flipped),
          by_rows(RowStencil<S>::suits(c, flipped)),
          taps(product3(c.kernel)),
          in_plane(product3(flipped ? c.output : c.input)),
          out_plane(product3(flipped ? c.input : c.output)),
          weights(ordered_weights<S>(w, c.out_channels, taps, flipped)) {}

    // f(plane of the result, convolve), and convolve(plane of the operand, channel of the weights,
    // start, add, out) for each that adds to it.
    template <class F>
    void run(int64_t planes, F&& f) const {
        const auto* const all_weights = weights.template as<S>();
        if (by_rows) {
            const RowStencil<S> s(shape, flipped);
            const std::vector<T> zeros(size_t(s.width), T(0));
            for_planes<S>(planes, out_plane * taps, 0, [&](int64_t plane, S*) {
                f(plane, [&](const T* from, int64_t channel, S start, bool add, T* out) {
                    convolve_plane(s, RowCall<S, T>{from, zeros.data(),
                                                    all_weights + channel * taps, start, add, out});
                });
            });
            return;
        }
        const Stencil s = flipped ? backward_stencil<S>(shape) : forward_stencil<S>(shape);
        for_planes<S>(planes, out_plane * taps, s.band_size(), [&](int64_t plane, S* band) {
            f(plane, [&](const T* from, int64_t channel, S start, bool add, T* out) {
                stencil_plane(s, from,
                              PlaneCall<S, T>{all_weights + channel * taps, start, add, out}, band);
            });
        });
    }
};

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
    const int64_t multiple = c.out_channels / c.groups;
    const PlaneRunner<S, T> planes(c, w, false);
    planes.run(c.batch * c.out_channels, [&](int64_t plane, auto&& convolve) {
        const int64_t channel = plane % c.out_channels;
        convolve(x + plane / multiple * planes.in_plane, channel, bias ? S(bias[channel]) : S(0),
                 false, y + plane * planes.out_plane);
    });
}

template <class T>
void depthwise_backward_input(const ConvShape& c, const T* dy, const T* w, const T* bias, T* dx) {
    using S = ComputeType<T>;
    const int64_t multiple = c.out_channels / c.groups;
    const PlaneRunner<S, T> planes(c, w, true);
    planes.run(c.batch * c.in_channels, [&](int64_t plane, auto&& convolve) {
        const int64_t channel = plane % c.in_channels;
        for (int64_t m = 0; m < multiple; m++)
            convolve(dy + (plane * multiple + m) * planes.in_plane, channel * multiple + m,
                     bias ? S(bias[channel]) : S(0), m > 0, dx + plane * planes.out_plane);
    });
}

namespace {

// The sums of one channel over its images, for groups of taps: add(image, gradient, sums).
template <class S, class T, class Add>
void sum_images(const ConvShape& c, const T* x, const T* dy, int64_t channel, Add&& add, T* dw) {
    const int64_t multiple = c.out_channels / c.groups, taps = product3(c.kernel);
    const int64_t in_plane = product3(c.input), out_plane = product3(c.output);
    const int64_t groups = (taps + kTapGroup - 1) / kTapGroup;
    const Scratch memory(size_t(groups * kTapGroup) * sizeof(Vector<S>));
    auto* const sums = memory.as<Vector<S>>();
    std::fill(sums, sums + groups * kTapGroup, Vector<S>{});
    for (int64_t n = 0; n < c.batch; n++)
        add(x + (n * c.in_channels + channel / multiple) * in_plane,
            dy + (n * c.out_channels + channel) * out_plane, groups, sums);
    for (int64_t t = 0; t < taps; t++) dw[channel * taps + t] = T(sum_lanes<S>(sums[t]));
}

template <class S, class T>
void rows_backward_weight(const ConvShape& c, const T* x, const T* dy, T* dw) {
    const RowStencil<S> s(c, false);
    const std::vector<T> zeros(size_t(s.width), T(0));
    const double work =
        double(c.batch * c.out_channels) * double(s.rows * s.columns) * double(product3(c.kernel));
    const auto add = [&](const T* plane, const T* gradient, int64_t groups, Vector<S>* sums) {
        for (int64_t g = 0; g < groups * kTapGroup; g += kTapGroup)
            (s.stride == 1
                 ? correlate_rows<1, S, T>
                 : correlate_rows<2, S, T>)(s, plane, zeros.data(), gradient, g, sums + g);
    };
    for_tasks(c.out_channels, work,
              [&](int64_t channel) { sum_images<S>(c, x, dy, channel, add, dw); });
}

template <class S, class T>
void bands_backward_weight(const ConvShape& c, const T* x, const T* dy, T* dw) {
    const Stencil s = forward_stencil<S>(c);
    const double work =
        double(c.batch * c.out_channels) * double(s.output[0] * s.output[1] * s.taps());
    for_tasks(c.out_channels, work, [&](int64_t channel) {
        const Scratch band(s.band_size() * sizeof(S));
        const auto add = [&](const T* plane, const T* gradient, int64_t groups, Vector<S>* sums) {
            for (int64_t row = 0; row < s.output[0]; row += s.band_rows) {
                const int64_t rows = std::min(s.band_rows, s.output[0] - row);
                fill_band(s, plane, row, rows, band.as<S>());
                for (int64_t g = 0; g < groups; g++) {
                    int64_t offsets[kTapGroup];
                    for (int64_t t = 0; t < kTapGroup; t++)
                        offsets[t] = s.tap_offset(std::min(g * kTapGroup + t, s.taps() - 1));
                    with_stride(s.stride[1], [&](auto stride) {
                        correlate<stride>(s, band.as<S>(), gradient + row * s.output[1], rows,
                                          offsets, sums + g * kTapGroup);
                    });
                }
            }
        };
        sum_images<S>(c, x, dy, channel, add, dw);
    });
}

}  // namespace

template <class T>
void depthwise_backward_weight(const ConvShape& c, const T* x, const T* dy, T* dw) {
    using S = ComputeType<T>;
    if (RowStencil<S>::suits(c, false)) return rows_backward_weight<S>(c, x, dy, dw);
    bands_backward_weight<S>(c, x, dy, dw);
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
