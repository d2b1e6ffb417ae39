// Convolutions as one product a group; the packing reads the image. M says how packed elements
// multiply (see Multiply), T is the type of what is written.
#pragma once

#include "cpu/gemm/conv_direct_weight.h"
#include "cpu/gemm/conv_operands.h"
#include "cpu/gemm/tasks.h"
#include "cpu/scratch.h"

namespace kajo::cpu::KAJO_ISA {

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
void for_kernel(const int64_t* kernel, F&& f) {
    for (int64_t i = 0; i < kernel[0]; i++)
        for (int64_t j = 0; j < kernel[1]; j++)
            for (int64_t l = 0; l < kernel[2]; l++) {
                const int64_t at[3] = {i, j, l};
                f(at);
            }
}

inline Grid forward_grid(const ConvShape& s) {
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
inline bool adds_in_order(int64_t taps) { return taps >= 8 && taps <= 32; }
template <class M>
inline constexpr bool kOrdered = std::is_same_v<M, Multiply<typename M::Scalar>>;

// The parts, of as many images each, that a sum over all pixels is made of.
struct ImageParts {
    int64_t parts, images;
};

// PyTorch's parts on two cores: halves of the images, unless what is moved is less where both cores
// share the images and each has half of the channels.
inline ImageParts image_parts(const ConvShape& s) {
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
    return whole ? ImageParts{1, s.batch} : ImageParts{2, (s.batch + 1) / 2};
}

template <class M>
Blocking image_blocking(const Grid& grid, int64_t batch) {
    using S = typename M::Scalar;
    Blocking blocking;
    blocking.rows = 512;
    blocking.task_rows = 4096;
    if (kOrdered<M> && adds_in_order(grid.tap_count())) {
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

// The pixels of a phase that no tap meets.
template <class T>
void fill_phase(const PlaneSink<T>& sink, T* y, int64_t batch, int64_t channels, const T* bias) {
    const int64_t planes = batch * channels;
    for_tasks(planes, double(planes * sink.grid_pixels()), [&](int64_t p) {
        const T value = bias ? bias[p % channels] : T(0);
        T* const plane = y + p * sink.channel_stride();
        for (int64_t line = 0; line < sink.grid[0] * sink.grid[1]; line++) {
            const int64_t z = line / sink.grid[1] * sink.stride[0];
            const int64_t at = line % sink.grid[1] * sink.stride[1];
            T* const row = plane + (z * sink.image[1] + at) * sink.image[2];
            for (int64_t x = 0; x < sink.grid[2]; x++) row[x * sink.stride[2]] = value;
        }
    });
}

template <class M>
using ElementOf = typename Elements<M>::Element;
template <class M>
using PackedOf = typename Elements<M>::Packed;

// a times the patches of x, of a group that begins at the data's first channel.
template <class M, class T, class A>
void multiply_patches(const Grid& grid, const GroupImage<M>& x, int64_t m, const A& a,
                      const PlaneSink<T>& sink) {
    using S = typename M::Scalar;
    const bool ordered = kOrdered<M> && adds_in_order(grid.tap_count());
    if (suits_direct<M>(grid, x.batch, x.channels, m, ordered))
        return DirectProduct<M, T>(grid, x, m, a, sink, ordered).run();
    const int64_t channels = packed_count<M>(x.channels);
    const PackedOf<M> packed(x.data, x.batch, x.batch_stride, x.channels, grid.image_pixels);
    Grid packed_grid = grid;
    packed_grid.batch_stride = packed.block_stride;
    with_stride(grid.stride[2], [&](auto stride) {
        const ImageSource<S, stride> image(packed.data, packed_grid, channels);
        run_product<M>({m, x.batch * grid.output_pixels, channels * grid.tap_count(), a, image,
                        sink, image_blocking<M>(grid, x.batch)});
    });
}

template <class M, class T>
void product_forward(const ConvShape& s, const ElementOf<M>* x, const ElementOf<M>* w,
                     const T* bias, T* y) {
    using S = typename M::Scalar;
    const GroupSizes g(s);
    const int64_t in = packed_count<M>(g.in);
    const PackedOf<M> weights(w, s.out_channels, g.in * g.kernel, g.in, g.kernel);
    const Grid grid = forward_grid(s);
    for_groups(s, [&](int64_t group) {
        PlaneSink<T> sink;
        sink.y = y + group * g.out * g.output_pixels;
        std::copy(s.output, s.output + 3, sink.grid);
        std::copy(s.output, s.output + 3, sink.image);
        sink.batch_stride = s.out_channels * g.output_pixels;
        sink.set_bias(bias, group * g.out);
        const ForwardWeights<S> a(weights.data + group * g.out * in * g.kernel, in, g.kernel);
        const GroupImage<M> image{x + group * g.in * g.input_pixels, s.batch, g.in,
                                  grid.batch_stride};
        multiply_patches<M, T>(grid, image, g.out, a, sink);
    });
}

// Input pixels origin + stride * i of a strided convolution see the same taps: one phase, a dense
// product over the output's gradient. No multiplication by zeros is left.
template <class M, class T>
void backward_input_phase(const ConvShape& s, const int64_t* origin, const ElementOf<M>* dy,
                          const typename M::Scalar* w, const T* bias, T* dx) {
    using S = typename M::Scalar;
    const GroupSizes g(s);
    const int64_t out = packed_count<M>(g.out);
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

    PlaneSink<T> sink;
    std::copy(pixels, pixels + 3, sink.grid);
    std::copy(s.input, s.input + 3, sink.image);
    std::copy(s.stride, s.stride + 3, sink.stride);
    sink.batch_stride = s.in_channels * g.input_pixels;
    T* const first = dx + (origin[0] * s.input[1] + origin[1]) * s.input[2] + origin[2];
    if (grid.taps.empty()) return fill_phase(sink, first, s.batch, s.in_channels, bias);
    for_groups(s, [&](int64_t group) {
        PlaneSink<T> to = sink;
        to.y = first + group * g.in * g.input_pixels;
        to.set_bias(bias, group * g.in);
        const FlippedWeights<S> weights(w + group * out * g.in * g.kernel, g.in, g.kernel,
                                        kernel_taps, Steps{out, grid.tap_count()});
        const GroupImage<M> image{dy + group * g.out * g.output_pixels, s.batch, g.out,
                                  grid.batch_stride};
        multiply_patches<M, T>(grid, image, g.in, weights, to);
    });
}

template <class M, class T>
void product_backward_input(const ConvShape& s, const ElementOf<M>* dy, const ElementOf<M>* w,
                            const T* bias, T* dx) {
    const GroupSizes g(s);
    const PackedOf<M> weights(w, s.groups, g.weights, g.out, g.in * g.kernel);
    for_kernel(s.stride, [&](const int64_t* origin) {
        backward_input_phase<M>(s, origin, dy, weights.data, bias, dx);
    });
}

template <class S>
void add_parts(S* sum, const S* parts, int64_t count, int64_t size) {
    for (int64_t part = 0; part < count; part++)
        for (int64_t i = 0; i < size; i++) sum[i] += parts[part * size + i];
}

// The sum over all pixels in parts of whole images, each of some channels at a time.
template <class M>
void direct_backward_weight(const ConvShape& s, const Grid& grid, const ElementOf<M>* x,
                            const ElementOf<M>* dy, ImageParts pieces, typename M::Scalar* dw) {
    using S = typename M::Scalar;
    const GroupSizes g(s);
    const int64_t images = packed_count<M>(s.batch);
    // Where parts are few, channels make work for other cores.
    constexpr int64_t kTasks = 8, kColumns = kTileColumns<S>;
    const int64_t tiles = (g.in + kColumns - 1) / kColumns;
    const int64_t groups = std::clamp<int64_t>(kTasks / pieces.parts, 1, tiles);
    const int64_t width = (tiles + groups - 1) / groups * kColumns;
    const int64_t columns = (g.in + width - 1) / width;
    const double work = double(g.weights) * double(s.batch * g.output_pixels);
    for_groups(s, [&](int64_t group) {
        const GroupImage<M> image{x + group * g.in * g.input_pixels, s.batch, g.in,
                                  s.in_channels * g.input_pixels};
        const GroupImage<M> gradient{dy + group * g.out * g.output_pixels, s.batch, g.out,
                                     s.out_channels * g.output_pixels};
        const DirectWeight<M> direct(grid, image, gradient);
        S* const sum = dw + group * g.weights;
        const Scratch memory(size_t((pieces.parts - 1) * g.weights) * sizeof(S));
        for_tasks(pieces.parts * columns, work, [&](int64_t task) {
            const int64_t part = task / columns, channel = task % columns * width;
            const int64_t first = part * pieces.images;
            direct.run(first, std::min(pieces.images, images - first), channel,
                       std::min(width, g.in - channel),
                       part ? memory.as<S>() + (part - 1) * g.weights : sum);
        });
        add_parts(sum, memory.as<S>(), pieces.parts - 1, g.weights);
    });
}

// The same as a product with the patches; images are packed.
template <class M>
void patch_backward_weight(const ConvShape& s, const Grid& grid, const typename M::Scalar* x,
                           const typename M::Scalar* dy, int64_t wanted, bool ordered,
                           typename M::Scalar* dw) {
    using S = typename M::Scalar;
    const GroupSizes g(s);
    const int64_t columns = g.in * g.kernel, pixels = s.batch * g.output_pixels;
    int64_t step = (pixels / wanted + 31) / 32 * 32, parts = (pixels + step - 1) / step;
    Blocking blocking;
    blocking.rows = 512;
    blocking.task_rows = 4096;
    blocking.wide = 1024;
    blocking.prepack = 0;
    if (ordered) {
        const ImageParts pieces = image_parts(s);
        parts = pieces.parts;
        step = pieces.images * g.output_pixels;
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
                run_product<M>({columns, g.out, k, patches, gradient, sink, blocking});
            } else {
                const MatrixSink<S> sink(to, columns, S(1), S(0), {});
                run_product<M>({g.out, columns, k, gradient, patches, sink, blocking});
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
        add_parts(sum, partial, parts - 1, g.weights);
    });
}

// Where lanes of channels are not too few, and rows of pixels not too short.
inline bool suits_direct_weight(const ConvShape& s, const Grid& grid) {
    const GroupSizes g(s);
    constexpr int64_t kFewestChannels = 12, kFewestPixels = 64;
    return is_flat(grid) && g.kernel > 1 && g.in >= kFewestChannels &&
           g.output_pixels >= kFewestPixels;
}

// dW is small and the sum over all pixels long: that is cut by size into a few parts, or into
// PyTorch's, which are added in order.
template <class M>
void product_backward_weight(const ConvShape& s, const ElementOf<M>* x, const ElementOf<M>* dy,
                             typename M::Scalar* dw) {
    const GroupSizes g(s);
    const int64_t images = packed_count<M>(s.batch), pixels = images * g.output_pixels;
    const Grid grid = forward_grid(s);
    const bool ordered = kOrdered<M> && adds_in_order(g.kernel);
    constexpr int64_t kPartialSums = int64_t{1} << 22, kPartPixels = 4096, kMostParts = 16;
    const int64_t wanted = std::clamp<int64_t>(
        std::min(pixels / kPartPixels, kPartialSums / g.weights), 1, kMostParts);
    if (suits_direct_weight(s, grid)) {
        const int64_t each = (images + wanted - 1) / wanted;
        const ImageParts pieces =
            ordered ? image_parts(s) : ImageParts{(images + each - 1) / each, each};
        return direct_backward_weight<M>(s, grid, x, dy, pieces, dw);
    }
    ConvShape packed = s;
    packed.batch = images;
    const PackedOf<M> image(x, 1, 0, s.batch, s.in_channels * g.input_pixels);
    const PackedOf<M> gradient(dy, 1, 0, s.batch, s.out_channels * g.output_pixels);
    patch_backward_weight<M>(packed, grid, image.data, gradient.data, wanted, ordered, dw);
}

}  // namespace kajo::cpu::KAJO_ISA
