// Convolutions as one product a group; the packing reads the image.
#include "cpu/gemm/conv.h"

#include "cpu/gemm/conv_operands.h"
#include "cpu/gemm/kernels.h"
#include "cpu/gemm/tasks.h"
#include "cpu/scratch.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

ConvShape in_three_dims(const ConvShape& shape) {
    ConvShape out = shape;
    const int lead = 3 - shape.dims;
    auto move = [&](int64_t* to, const int64_t* from, int64_t neutral) {
        for (int d = 0; d < 3; d++) to[d] = d < lead ? neutral : from[d - lead];
    };
    out.dims = 3;
    move(out.input, shape.input, 1);
    move(out.kernel, shape.kernel, 1);
    move(out.stride, shape.stride, 1);
    move(out.padding, shape.padding, 0);
    move(out.dilation, shape.dilation, 1);
    move(out.output, shape.output, 1);
    return out;
}

// Sizes of one group's product.
struct GroupSizes {
    int64_t in, out, kernel;  // channels of a group, taps
    int64_t weights;          // of a group
    int64_t input_pixels, output_pixels;
    explicit GroupSizes(const ConvShape& s)
        : in(s.in_channels / s.groups),
          out(s.out_channels / s.groups),
          kernel(product3(s.kernel)),
          weights(in * out * kernel),
          input_pixels(product3(s.input)),
          output_pixels(product3(s.output)) {}
};

// Large groups share themselves out over threads; small ones run side by side.
template <class F>
void for_groups(const ConvShape& s, F&& f) {
    const GroupSizes g(s);
    const double work = double(g.weights) * double(s.batch * g.output_pixels);
    constexpr double kLarge = 16e6;
    if (work > kLarge) {
        for (int64_t group = 0; group < s.groups; group++) f(group);
    } else {
        for_tasks(s.groups, work * double(s.groups), f);
    }
}

template <class F>
void with_stride(int64_t stride, F&& f) {
    if (stride == 1) return f(std::integral_constant<int, 1>());
    if (stride == 2) return f(std::integral_constant<int, 2>());
    f(std::integral_constant<int, 0>());
}

template <class F>
void for_kernel(const int64_t* kernel, F&& f) {
    for (int64_t i = 0; i < kernel[0]; i++)
        for (int64_t j = 0; j < kernel[1]; j++)
            for (int64_t l = 0; l < kernel[2]; l++) {
                const int64_t at[3] = {i, j, l};
                f(at);
            }
}

Grid forward_grid(const ConvShape& s) {
    Grid grid;
    set_sizes(grid, s.input, s.output, s.in_channels);
    std::copy(s.stride, s.stride + 3, grid.stride);
    for_kernel(s.kernel, [&](const int64_t* at) {
        Tap tap;
        for (int d = 0; d < 3; d++) tap.offset[d] = at[d] * s.dilation[d] - s.padding[d];
        grid.taps.push_back(tap);
    });
    return grid;
}

// Whether sums are those of PyTorch to the last bit (see Steps): where sixteen channels are neither
// too few for the tile nor too many for the cache.
bool adds_in_order(int64_t taps) { return taps >= 8 && taps <= 32; }

// The parts, of as many images each, that a sum over all pixels is made of.
struct Halves {
    int64_t parts, images;
};

// PyTorch's parts on two cores: halves of the images, unless what is moved is less where both cores
// share the images and each has half of the channels.
Halves halves_of(const ConvShape& s) {
    const GroupSizes g(s);
    const auto padded = [](int64_t channels) {
        return channels <= 3 ? channels
                             : (channels + kChannelBlock - 1) / kChannelBlock * kChannelBlock;
    };
    const int64_t in = padded(g.in), out = std::max(padded(g.out), kChannelBlock);
    const int64_t image = 4 * s.batch * in * g.input_pixels / product3(s.stride);
    const int64_t result = s.batch * out * g.output_pixels;
    const int64_t weights = 8 * in * out * g.kernel;
    const bool whole = s.groups > 1 || s.batch < 2 || (in > 3 && g.in % kChannelBlock != 0) ||
                       (in > kChannelBlock && weights > result) ||
                       (out > kChannelBlock && weights > image);
    return whole ? Halves{1, s.batch} : Halves{2, (s.batch + 1) / 2};
}

template <class S>
Blocking image_blocking(const Grid& grid, int64_t batch) {
    Blocking blocking;
    blocking.rows = 512;
    blocking.task_rows = 4096;
    if (adds_in_order(grid.tap_count())) {
        blocking.k = kChannelBlock * grid.tap_count();
        blocking.whole_k = true;
    }
    // A task is an image where the table of its loads stays small: all images then share it.
    const int64_t pixels = grid.output_pixels;
    constexpr int64_t kTableEntries = 2048;
    if (batch >= 8 && pixels >= 16 * kTileColumns<S> &&
        pixels / kLanes<S> * grid.tap_count() <= kTableEntries) {
        blocking.columns = pixels;
        blocking.column_multiple = 1;
    }
    return blocking;
}

// Writes bias (or 0) to every pixel of an image tensor.
template <class S>
void fill_channels(S* y, int64_t batch, int64_t channels, int64_t pixels, const S* bias) {
    for (int64_t p = 0; p < batch * channels; p++)
        std::fill(y + p * pixels, y + (p + 1) * pixels, bias ? bias[p % channels] : S(0));
}

// The pixels of a phase that no tap meets.
template <class S>
void fill_phase(const PlaneSink<S>& sink, S* y, int64_t batch, int64_t channels, const S* bias) {
    const int64_t planes = batch * channels;
    for_tasks(planes, double(planes * sink.grid_pixels()), [&](int64_t p) {
        const S value = bias ? bias[p % channels] : S(0);
        S* const plane = y + p * sink.channel_stride();
        for (int64_t line = 0; line < sink.grid[0] * sink.grid[1]; line++) {
            const int64_t z = line / sink.grid[1] * sink.stride[0];
            const int64_t at = line % sink.grid[1] * sink.stride[1];
            S* const row = plane + (z * sink.image[1] + at) * sink.image[2];
            for (int64_t x = 0; x < sink.grid[2]; x++) row[x * sink.stride[2]] = value;
        }
    });
}

template <class S>
void forward(const ConvShape& s, const S* x, const S* w, const S* bias, S* y) {
    const GroupSizes g(s);
    if (s.batch * s.out_channels * g.output_pixels == 0) return;
    const int64_t k = g.in * g.kernel;
    if (k == 0) return fill_channels(y, s.batch, s.out_channels, g.output_pixels, bias);
    if (is_depthwise(s)) return depthwise_forward(s, x, w, bias, y);
    if constexpr (std::is_same_v<S, float>)
        if (suits_winograd(s)) return winograd_forward(s, x, w, bias, y);
    const Grid grid = forward_grid(s);
    for_groups(s, [&](int64_t group) {
        PlaneSink<S> sink;
        sink.y = y + group * g.out * g.output_pixels;
        std::copy(s.output, s.output + 3, sink.grid);
        std::copy(s.output, s.output + 3, sink.image);
        sink.batch_stride = s.out_channels * g.output_pixels;
        sink.set_bias(bias, group * g.out);
        const ForwardWeights<S> weights(w + group * g.weights, g.in, g.kernel);
        with_stride(s.stride[2], [&](auto stride) {
            const ImageSource<S, stride> image(x + group * g.in * g.input_pixels, grid, g.in);
            run_product<Multiply<S>>({g.out, s.batch * g.output_pixels, k, weights, image, sink,
                                      image_blocking<S>(grid, s.batch)});
        });
    });
}

// Input pixels origin + stride * i of a strided convolution see the same taps: one phase, a dense
// product over the output's gradient. No multiplication by zeros is left.
template <class S>
void backward_input_phase(const ConvShape& s, const int64_t* origin, const S* dy, const S* w,
                          const S* bias, S* dx) {
    const GroupSizes g(s);
    int64_t pixels[3];
    for (int d = 0; d < 3; d++) {
        pixels[d] = (s.input[d] - origin[d] + s.stride[d] - 1) / s.stride[d];
        if (pixels[d] <= 0) return;
    }
    Grid grid;
    set_sizes(grid, s.output, pixels, s.out_channels);
    std::fill(grid.stride, grid.stride + 3, 1);
    const Scratch tap_memory(size_t(g.kernel) * sizeof(int64_t));
    auto* const kernel_taps = tap_memory.as<int64_t>();
    int64_t index = 0;
    for_kernel(s.kernel, [&](const int64_t* at) {
        Tap tap;
        bool meets = true;
        for (int d = 0; d < 3; d++) {
            const int64_t from = origin[d] + s.padding[d] - at[d] * s.dilation[d];
            meets = meets && from % s.stride[d] == 0;
            tap.offset[d] = from / s.stride[d];
        }
        if (meets) {
            kernel_taps[grid.taps.size()] = index;
            grid.taps.push_back(tap);
        }
        index++;
    });

    PlaneSink<S> sink;
    std::copy(pixels, pixels + 3, sink.grid);
    std::copy(s.input, s.input + 3, sink.image);
    std::copy(s.stride, s.stride + 3, sink.stride);
    sink.batch_stride = s.in_channels * g.input_pixels;
    S* const first = dx + (origin[0] * s.input[1] + origin[1]) * s.input[2] + origin[2];
    if (grid.taps.empty()) return fill_phase(sink, first, s.batch, s.in_channels, bias);
    for_groups(s, [&](int64_t group) {
        PlaneSink<S> to = sink;
        to.y = first + group * g.in * g.input_pixels;
        to.set_bias(bias, group * g.in);
        const FlippedWeights<S> weights(w + group * g.weights, g.in, g.kernel, kernel_taps,
                                        Steps{g.out, grid.tap_count()});
        const ImageSource<S, 1> image(dy + group * g.out * g.output_pixels, grid, g.out);
        run_product<Multiply<S>>({g.in, s.batch * grid.output_pixels, g.out * grid.tap_count(),
                                  weights, image, to, image_blocking<S>(grid, s.batch)});
    });
}

template <class S>
void backward_input(const ConvShape& s, const S* dy, const S* w, const S* bias, S* dx) {
    const GroupSizes g(s);
    if (s.batch * s.in_channels * g.input_pixels == 0) return;
    if (g.out * g.kernel * g.output_pixels == 0)
        return fill_channels(dx, s.batch, s.in_channels, g.input_pixels, bias);
    if (is_depthwise(s)) return depthwise_backward_input(s, dy, w, bias, dx);
    if constexpr (std::is_same_v<S, float>)
        if (suits_winograd(s)) return winograd_backward_input(s, dy, w, bias, dx);
    for_kernel(s.stride,
               [&](const int64_t* origin) { backward_input_phase(s, origin, dy, w, bias, dx); });
}

// dW is small and the sum over all pixels long: that is cut by size into a few parts, or into
// PyTorch's, which are added in order.
template <class S>
void backward_weight(const ConvShape& s, const S* x, const S* dy, S* dw) {
    const GroupSizes g(s);
    const int64_t columns = g.in * g.kernel, pixels = s.batch * g.output_pixels;
    if (s.out_channels * columns == 0) return;
    if (pixels == 0) return std::fill(dw, dw + s.groups * g.weights, S(0));
    if (is_depthwise(s)) return depthwise_backward_weight(s, x, dy, dw);
    if constexpr (std::is_same_v<S, float>)
        if (suits_winograd(s)) return winograd_backward_weight(s, x, dy, dw);
    const Grid grid = forward_grid(s);
    constexpr int64_t kPartialSums = int64_t{1} << 22, kPartPixels = 4096, kMostParts = 16;
    const int64_t wanted = std::clamp<int64_t>(
        std::min(pixels / kPartPixels, kPartialSums / g.weights), 1, kMostParts);
    int64_t step = (pixels / wanted + 31) / 32 * 32, parts = (pixels + step - 1) / step;
    Blocking blocking;
    blocking.rows = 512;
    blocking.task_rows = 4096;
    blocking.wide = 1024;
    blocking.prepack = 0;
    if (adds_in_order(g.kernel)) {
        const Halves halves = halves_of(s);
        parts = halves.parts;
        step = halves.images * g.output_pixels;
        blocking.chain = true;
        blocking.wide = std::clamp<int64_t>(columns / 4, 4 * kTileColumns<S>, 1024);
    }

    auto run_part = [&](int64_t group, int64_t part, S* to) {
        const int64_t first = part * step, k = std::min(step, pixels - first);
        const GradientSource<S> gradient(dy + group * g.out * g.output_pixels, g.output_pixels,
                                         s.out_channels * g.output_pixels, first);
        with_stride(s.stride[2], [&](auto stride) {
            const PatchSource<S, stride> patches(x + group * g.in * g.input_pixels, grid, first);
            // Few columns fill the tile better as its rows.
            if (columns < kTileColumns<S> && g.out > columns) {
                const TransposedSink<S> sink(to, columns);
                run_product<Multiply<S>>({columns, g.out, k, patches, gradient, sink, blocking});
            } else {
                const MatrixSink<S> sink(to, columns, S(1), S(0), {});
                run_product<Multiply<S>>({g.out, columns, k, gradient, patches, sink, blocking});
            }
        });
    };
    for_groups(s, [&](int64_t group) {
        S* const sum = dw + group * g.weights;
        const Scratch memory(size_t((parts - 1) * g.weights) * sizeof(S));
        S* const partial = memory.as<S>();
        const double work = double(g.weights) * double(pixels);
        for_tasks(parts, work, [&](int64_t part) {
            run_part(group, part, part ? partial + (part - 1) * g.weights : sum);
        });
        for (int64_t part = 1; part < parts; part++)
            for (int64_t i = 0; i < g.weights; i++) sum[i] += partial[(part - 1) * g.weights + i];
    });
}

// In the order of the weights' gradient.
template <class S>
void backward_bias(const ConvShape& s, const S* dy, S* dbias) {
    const int64_t pixels = product3(s.output);
    const bool ordered = adds_in_order(product3(s.kernel));
    const Halves halves = ordered ? halves_of(s) : Halves{s.batch, 1};
    // Of several channels side by side, since each sum waits for its last addition.
    constexpr int64_t kChannels = 8;
    for_tasks((s.out_channels + kChannels - 1) / kChannels,
              double(s.batch * s.out_channels * pixels), [&](int64_t task) {
                  const int64_t first = task * kChannels;
                  const int64_t count = std::min(kChannels, s.out_channels - first);
                  S total[kChannels] = {};
                  for (int64_t part = 0; part < halves.parts; part++) {
                      S sum[kChannels] = {};
                      const int64_t end = std::min(s.batch, (part + 1) * halves.images);
                      for (int64_t n = part * halves.images; n < end; n++) {
                          const S* planes[kChannels];
                          for (int64_t c = 0; c < kChannels; c++)
                              planes[c] =
                                  dy +
                                  (n * s.out_channels + first + std::min(c, count - 1)) * pixels;
                          for (int64_t p = 0; p < pixels; p++)
                              for (int64_t c = 0; c < kChannels; c++) sum[c] += planes[c][p];
                      }
                      for (int64_t c = 0; c < count; c++) total[c] += sum[c];
                  }
                  std::copy_n(total, count, dbias + first);
              });
}

// Half types: float32 copies of the operands.
constexpr int64_t kConvertRun = 4096;

template <class T>
struct FloatCopy {
    FloatCopy(const void* from, int64_t count)
        : memory(from ? size_t(count) * sizeof(float) : 0),
          data(from ? memory.as<float>() : nullptr) {
        if (!from) return;
        const T* p = static_cast<const T*>(from);
        for_tasks((count + kConvertRun - 1) / kConvertRun, double(count), [&](int64_t run) {
            const int64_t end = std::min(count, (run + 1) * kConvertRun);
            for (int64_t i = run * kConvertRun; i < end; i += kLanes<float>) {
                const int lanes = int(std::min<int64_t>(kLanes<float>, end - i));
                store_first(data + i, load_first(p + i, lanes), lanes);
            }
        });
    }
    Scratch memory;
    float* data;
};

template <class T>
struct FloatResult {
    FloatResult(void* to, int64_t count)
        : to(static_cast<T*>(to)),
          count(count),
          memory(to ? size_t(count) * sizeof(float) : 0),
          data(to ? memory.as<float>() : nullptr) {}
    void convert() const {
        if (!to) return;
        for_tasks((count + kConvertRun - 1) / kConvertRun, double(count), [&](int64_t run) {
            const int64_t end = std::min(count, (run + 1) * kConvertRun);
            for (int64_t i = run * kConvertRun; i < end; i += kLanes<float>) {
                const int lanes = int(std::min<int64_t>(kLanes<float>, end - i));
                store_first(to + i, load_first(data + i, lanes), lanes);
            }
        });
    }
    T* to;
    int64_t count;
    Scratch memory;
    float* data;
};

struct Counts {
    int64_t x, w, y;
    explicit Counts(const ConvShape& s)
        : x(s.batch * s.in_channels * product3(s.input)),
          w(s.groups * GroupSizes(s).weights),
          y(s.batch * s.out_channels * product3(s.output)) {}
};

template <class T>
struct Convolution {
    using S = ComputeType<T>;
    static constexpr bool kHalf = !std::is_same_v<S, T>;

    static void run_forward(const ConvShape& s, const void* x, const void* w, const void* bias,
                            void* y) {
        if constexpr (kHalf) {
            const Counts count(s);
            const FloatCopy<T> xf(x, count.x), wf(w, count.w), bf(bias, s.out_channels);
            const FloatResult<T> yf(y, count.y);
            forward<S>(s, xf.data, wf.data, bf.data, yf.data);
            yf.convert();
        } else {
            forward(s, static_cast<const S*>(x), static_cast<const S*>(w),
                    static_cast<const S*>(bias), static_cast<S*>(y));
        }
    }

    static void run_backward_input(const ConvShape& s, const void* dy, const void* w,
                                   const void* bias, void* dx) {
        if constexpr (kHalf) {
            const Counts count(s);
            const FloatCopy<T> gf(dy, count.y), wf(w, count.w), bf(bias, s.in_channels);
            const FloatResult<T> xf(dx, count.x);
            backward_input<S>(s, gf.data, wf.data, bf.data, xf.data);
            xf.convert();
        } else {
            backward_input(s, static_cast<const S*>(dy), static_cast<const S*>(w),
                           static_cast<const S*>(bias), static_cast<S*>(dx));
        }
    }

    static void run_backward_weight(const ConvShape& s, const void* x, const void* dy, void* dw) {
        if constexpr (kHalf) {
            const Counts count(s);
            const FloatCopy<T> xf(x, count.x), gf(dy, count.y);
            const FloatResult<T> wf(dw, count.w);
            backward_weight<S>(s, xf.data, gf.data, wf.data);
            wf.convert();
        } else {
            backward_weight(s, static_cast<const S*>(x), static_cast<const S*>(dy),
                            static_cast<S*>(dw));
        }
    }

    static void run_backward_bias(const ConvShape& s, const void* dy, void* dbias) {
        if constexpr (kHalf) {
            const FloatCopy<T> gf(dy, Counts(s).y);
            const FloatResult<T> bf(dbias, s.out_channels);
            backward_bias<S>(s, gf.data, bf.data);
            bf.convert();
        } else {
            backward_bias(s, static_cast<const S*>(dy), static_cast<S*>(dbias));
        }
    }
};

template <class F>
void with_type(DType type, F&& f) {
    if (type == DType::Float64) return f(Convolution<double>());
    if (type == DType::BFloat16) return f(Convolution<BFloat16>());
    if (type == DType::Float16) return f(Convolution<Half>());
    f(Convolution<float>());
}

}  // namespace

void conv_forward(const ConvShape& shape, DType type, const void* x, const void* w,
                  const void* bias, void* y) {
    with_type(type, [&](auto conv) { conv.run_forward(in_three_dims(shape), x, w, bias, y); });
}

void conv_backward_input(const ConvShape& shape, DType type, const void* dy, const void* w,
                         const void* bias, void* dx) {
    with_type(type,
              [&](auto conv) { conv.run_backward_input(in_three_dims(shape), dy, w, bias, dx); });
}

void conv_backward_weight(const ConvShape& shape, DType type, const void* x, const void* dy,
                          void* dw) {
    with_type(type, [&](auto conv) { conv.run_backward_weight(in_three_dims(shape), x, dy, dw); });
}

void conv_backward_bias(const ConvShape& shape, DType type, const void* dy, void* dbias) {
    with_type(type, [&](auto conv) { conv.run_backward_bias(in_three_dims(shape), dy, dbias); });
}

}  // namespace kajo::cpu::KAJO_ISA
