#include "ops/pooling.h"

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/shape.h"
#include "cpu/pooling.h"
#include "ops/ops.h"
#include "ops/scatter.h"

namespace kajo::ops {

static const Kernel max_pool_kernel{"max_pool", cpu::max_pool};
static const Kernel average_kernel{"avg_pool", cpu::average_pool};
static const Kernel spread_kernel{"avg_pool_spread", cpu::average_pool_spread};
static const Kernel place_kernel{"place_in_planes", cpu::place_in_planes};

using cpu::PoolAttributes;

namespace {

struct PoolNames {
    const char *max, *average, *adaptive_max, *adaptive_average;
};
constexpr PoolNames kNames[] = {
    {},
    {"max_pool1d", "avg_pool1d", "adaptive_max_pool1d", "adaptive_avg_pool1d"},
    {"max_pool2d", "avg_pool2d", "adaptive_max_pool2d", "adaptive_avg_pool2d"},
    {"max_pool3d", "avg_pool3d", "adaptive_max_pool3d", "adaptive_avg_pool3d"}};
constexpr PoolNames kNodes[] = {{},
                                {"MaxPool2DWithIndicesBackward0", "AvgPool2DBackward0",
                                 "AdaptiveMaxPool2DBackward0", "AdaptiveAvgPool2DBackward0"},
                                {"MaxPool2DWithIndicesBackward0", "AvgPool2DBackward0",
                                 "AdaptiveMaxPool2DBackward0", "AdaptiveAvgPool2DBackward0"},
                                {"MaxPool3DWithIndicesBackward0", "AvgPool3DBackward0",
                                 "AdaptiveMaxPool3DBackward0", "AdaptiveAvgPool3DBackward0"}};

void check_input(const char* operation, const Tensor& self, int dims) {
    check(self.dim() == dims + 1 || self.dim() == dims + 2, operation, "(): Expected ", dims + 1,
          "D or ", dims + 2,
          "D (batch mode) tensor with optional 0 dim batch size for input, but "
          "got: ",
          self.sizes());
    for (int64_t d = self.dim() == dims + 2; d < self.dim(); d++)
        check(self.size(d) > 0, operation,
              "(): Expected input's non-batch dimensions to have "
              "positive length, but input has a shape of ",
              self.sizes());
}

// Puts a list of one or `dims` numbers behind leading ones.
void spread_list(const char* operation, const char* name, IntSpan given, int dims, int64_t* to) {
    check(given.size() == 1 || given.size() == static_cast<size_t>(dims), operation, "(): ", name,
          " must either be a single int, or a tuple of ", dims, " ints, but got ", given);
    for (int d = 0; d < dims; d++) to[3 - dims + d] = given[given.size() == 1 ? 0 : d];
}

PoolAttributes pool_of(const char* operation, int dims, const Tensor& self, IntSpan kernel_size,
                       IntSpan stride, IntSpan padding, IntSpan dilation, bool ceil_mode) {
    check_input(operation, self, dims);
    PoolAttributes p;
    spread_list(operation, "kernel_size", kernel_size, dims, p.kernel);
    spread_list(operation, "stride", stride.empty() ? kernel_size : stride, dims, p.stride);
    spread_list(operation, "padding", padding, dims, p.padding);
    spread_list(operation, "dilation", dilation, dims, p.dilation);
    for (int d = 3 - dims; d < 3; d++) {
        check(p.kernel[d] > 0, operation,
              "(): kernel size should be greater than zero, but got kernel_size=", kernel_size);
        check(p.stride[d] > 0, operation,
              "(): stride should not be zero and must be positive, but "
              "got stride=",
              stride);
        check(p.dilation[d] > 0, operation,
              "(): dilation should be greater than zero, but got dilation=", dilation);
        check(p.padding[d] >= 0, operation,
              "(): pad must be non-negative, but got pad: ", p.padding[d]);
        const int64_t extent = p.dilation[d] * (p.kernel[d] - 1) + 1;
        check(p.padding[d] <= extent / 2, operation,
              "(): pad should be at most half of effective kernel size, but got pad=", p.padding[d],
              ", kernel_size=", p.kernel[d], " and dilation=", p.dilation[d]);
        const int64_t size = self.size(d - 3);
        p.input[d] = size;
        const int64_t room = size + 2 * p.padding[d] - extent;
        const int64_t extra = ceil_mode ? p.stride[d] - 1 : 0;
        int64_t out = room + extra < 0 ? 0 : (room + extra) / p.stride[d] + 1;
        // The last window must begin inside the input or its left padding.
        if (ceil_mode && (out - 1) * p.stride[d] >= size + p.padding[d]) out--;
        check(out > 0, operation, "(): Given input size: ", self.sizes(),
              ". Calculated output size: ", out, " in dimension ", d - 3,
              ". Output size is too small");
        p.output[d] = out;
    }
    return p;
}

PoolAttributes adaptive_pool_of(const char* operation, int dims, const Tensor& self,
                                IntSpan output_size) {
    check_input(operation, self, dims);
    PoolAttributes p;
    p.adaptive = true;
    spread_list(operation, "output_size", output_size, dims, p.output);
    for (int d = 3 - dims; d < 3; d++) {
        p.input[d] = self.size(d - 3);
        check(p.output[d] >= 0, operation,
              "(): elements of output_size must be greater than or equal to 0, but got ",
              output_size);
    }
    return p;
}

Dims with_planes_of(int dims, const Tensor& self, const int64_t* spatial) {
    Dims sizes(self.sizes().data(), self.sizes().size() - static_cast<size_t>(dims));
    for (int d = 3 - dims; d < 3; d++) sizes.push_back(spatial[d]);
    return sizes;
}

Tensor dense(const Tensor& t) {
    if (t.is_contiguous()) return t;
    const GradModeGuard no_grad(false);
    return contiguous(t);
}

// The adjoint of taking elements by their place in the plane; its own gradient takes them again.
Tensor place_in_planes(const Tensor& values, const Tensor& indices, int dims, Dims sizes) {
    const size_t planes = sizes.size() - static_cast<size_t>(dims);
    const auto plane = [&](IntSpan s) { return numel_of({s.data() + planes, s.size() - planes}); };
    Tensor out = empty(sizes, values.dtype(), values.device());
    launch(place_kernel, {out}, {dense(values), dense(indices)},
           cpu::PlaceAttributes{plane(values.sizes()), plane(sizes)});
    const int64_t first = static_cast<int64_t>(planes);
    return attach("MaxPoolBackwardBackward0", out, {values}, {indices}, [first](Backward& ctx) {
        const Tensor indices = ctx.saved(0);
        ctx.set(0,
                reshape(gather(flatten(ctx.grad(), first, -1), first, flatten(indices, first, -1)),
                        indices.sizes()));
    });
}

// Kernels compute in three types; the others go through one that holds all their values.
DType max_type(DType t) {
    return is_integral(t, false) ? DType::Int64 : t == DType::Float64 ? t : DType::Float32;
}

Pooled run_max(const char* operation, const char* node, int dims, const Tensor& self,
               const PoolAttributes& pool, bool indexed) {
    if (self.dtype() == DType::Bool || is_complex(self.dtype()))
        raise_unsupported(operation, self.dtype());
    const DType type = max_type(self.dtype());
    if (type != self.dtype()) {
        auto [values, indices] = run_max(operation, node, dims, to(self, type), pool, indexed);
        return {to(values, self.dtype()), indices};
    }
    const Dims sizes = with_planes_of(dims, self, pool.output);
    Tensor out = empty(sizes, type, self.device());
    if (!indexed && !needs_grad({&self})) {
        launch(max_pool_kernel, {out}, {dense(self)}, pool);
        return {out, Tensor()};
    }
    Tensor indices = empty(sizes, DType::Int64, self.device());
    launch(max_pool_kernel, {out, indices}, {dense(self)}, pool);
    out = attach(node, out, {self}, {indices}, [dims, shape = self.sizes()](Backward& ctx) {
        ctx.set(0, place_in_planes(ctx.grad(), ctx.saved(0), dims, shape));
    });
    return {out, indices};
}

Tensor spread_average(const char* node, int dims, const Tensor& grad, const PoolAttributes& pool);

Tensor run_average(const char* node, int dims, const Tensor& self, const PoolAttributes& pool) {
    Tensor out = empty(with_planes_of(dims, self, pool.output), self.dtype(), self.device());
    launch(average_kernel, {out}, {dense(self)}, pool);
    return attach(node, out, {self}, {}, [node, dims, pool](Backward& ctx) {
        ctx.set(0, spread_average(node, dims, ctx.grad(), pool));
    });
}

Tensor spread_average(const char* node, int dims, const Tensor& grad, const PoolAttributes& pool) {
    Tensor out = empty(with_planes_of(dims, grad, pool.input), grad.dtype(), grad.device());
    if (grad.numel() == 0)
        zero_raw(out);
    else
        launch(spread_kernel, {out}, {dense(grad)}, pool);
    return attach(node, out, {grad}, {}, [node, dims, pool](Backward& ctx) {
        ctx.set(0, run_average(node, dims, ctx.grad(), pool));
    });
}

Tensor average(const char* operation, const char* node, int dims, const Tensor& self,
               const PoolAttributes& pool) {
    const bool whole = self.dtype() == DType::Int64 && !pool.adaptive;
    if (!is_float(self.dtype()) && !whole) raise_unsupported(operation, self.dtype());
    if (item_size(self.dtype()) >= 4) return run_average(node, dims, self, pool);
    return to(run_average(node, dims, to(self, DType::Float32), pool), self.dtype());
}

}  // namespace

Pooled max_pool_nd(int dims, const Tensor& self, IntSpan kernel_size, IntSpan stride,
                   IntSpan padding, IntSpan dilation, bool ceil_mode, bool indices) {
    const char* name = kNames[dims].max;
    return run_max(name, kNodes[dims].max, dims, self,
                   pool_of(name, dims, self, kernel_size, stride, padding, dilation, ceil_mode),
                   indices);
}

Tensor avg_pool_nd(int dims, const Tensor& self, IntSpan kernel_size, IntSpan stride,
                   IntSpan padding, bool ceil_mode, bool count_include_pad,
                   std::optional<int64_t> divisor_override) {
    const char* name = kNames[dims].average;
    PoolAttributes pool = pool_of(name, dims, self, kernel_size, stride, padding, {1}, ceil_mode);
    pool.count_include_pad = count_include_pad;
    check(!divisor_override || *divisor_override != 0, name, "(): divisor must be not zero");
    pool.divisor_override = divisor_override.value_or(0);
    return average(name, kNodes[dims].average, dims, self, pool);
}

Pooled adaptive_max_pool_nd(int dims, const Tensor& self, IntSpan output_size) {
    const char* name = kNames[dims].adaptive_max;
    return run_max(name, kNodes[dims].adaptive_max, dims, self,
                   adaptive_pool_of(name, dims, self, output_size), true);
}

Tensor adaptive_avg_pool_nd(int dims, const Tensor& self, IntSpan output_size) {
    const char* name = kNames[dims].adaptive_average;
    return average(name, kNodes[dims].adaptive_average, dims, self,
                   adaptive_pool_of(name, dims, self, output_size));
}

namespace {

int64_t planes_before(const Tensor& self) {
    const Dims& sizes = self.sizes();
    return numel_of({sizes.data(), sizes.size() - 3});
}

// A factor of 1 moves nothing, and still the result is no view.
Tensor shuffled(const Tensor& self, const Tensor& order, IntSpan sizes) {
    const Tensor out = reshape(order, sizes);
    return out.raw_data() == self.raw_data() ? clone(out) : out;
}

}  // namespace

Tensor pixel_shuffle(const Tensor& self, int64_t upscale_factor) {
    const int64_t r = upscale_factor;
    check(self.dim() >= 3,
          "pixel_shuffle(): pixel_shuffle expects input to have at least 3 "
          "dimensions, but got input with ",
          self.dim(), " dimension(s)");
    check(r > 0, "pixel_shuffle(): pixel_shuffle expects a positive upscale_factor, but got ", r);
    const int64_t channels = self.size(-3), h = self.size(-2), w = self.size(-1);
    check(channels % (r * r) == 0,
          "pixel_shuffle(): expects its input's 'channel' dimension to be "
          "divisible by the square of upscale_factor, but input.size(-3)=",
          channels, " is not divisible by ", r * r);
    const Tensor split = reshape(self, {planes_before(self), channels / (r * r), r, r, h, w});
    Dims sizes = self.sizes();
    const size_t n = sizes.size();
    sizes[n - 3] = channels / (r * r);
    sizes[n - 2] = h * r;
    sizes[n - 1] = w * r;
    return shuffled(self, permute(split, {0, 1, 4, 2, 5, 3}), sizes);
}

Tensor pixel_unshuffle(const Tensor& self, int64_t downscale_factor) {
    const int64_t r = downscale_factor;
    check(self.dim() >= 3,
          "pixel_unshuffle(): pixel_unshuffle expects input to have at least 3 "
          "dimensions, but got input with ",
          self.dim(), " dimension(s)");
    check(r > 0, "pixel_unshuffle(): pixel_unshuffle expects a positive downscale_factor, but got ",
          r);
    const int64_t channels = self.size(-3), h = self.size(-2), w = self.size(-1);
    check(h % r == 0 && w % r == 0,
          "pixel_unshuffle(): expects height and width to be divisible "
          "by downscale_factor, but got ",
          h, " and ", w, " with downscale_factor ", r);
    const Tensor split = reshape(self, {planes_before(self), channels, h / r, r, w / r, r});
    Dims sizes = self.sizes();
    const size_t n = sizes.size();
    sizes[n - 3] = channels * r * r;
    sizes[n - 2] = h / r;
    sizes[n - 1] = w / r;
    return shuffled(self, permute(split, {0, 1, 3, 5, 2, 4}), sizes);
}

Tensor channel_shuffle(const Tensor& self, int64_t groups) {
    check(self.dim() > 2,
          "channel_shuffle(): channel_shuffle expects input with > 2 dims, but got "
          "input with sizes ",
          self.sizes());
    check(groups > 0,
          "channel_shuffle(): Number of groups to divide channels in must be positive. "
          "Value of groups:",
          groups);
    const int64_t channels = self.size(1);
    check(channels % groups == 0,
          "channel_shuffle(): Number of channels must be divisible by "
          "groups. Got ",
          channels, " channels and ", groups, " groups.");
    const Tensor split = reshape(self, {self.size(0), groups, channels / groups, -1});
    return reshape(permute(split, {0, 2, 1, 3}), self.sizes());
}

}  // namespace kajo::ops
