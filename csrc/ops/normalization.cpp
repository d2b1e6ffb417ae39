#include "ops/normalization.h"

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/shape.h"
#include "cpu/channels.h"
#include "cpu/rows.h"
#include "ops/ops.h"
#include "ops/reduction.h"

namespace kajo::ops {

static const Kernel layer_norm_kernel{"layer_norm", cpu::layer_norm};
static const Kernel layer_norm_backward_kernel{"layer_norm_backward", cpu::layer_norm_backward};
static const Kernel batch_norm_kernel{"batch_norm", cpu::batch_norm};
static const Kernel batch_norm_backward_kernel{"batch_norm_backward", cpu::batch_norm_backward};
static const Kernel group_norm_kernel{"group_norm", cpu::group_norm};
static const Kernel group_norm_backward_kernel{"group_norm_backward", cpu::group_norm_backward};

namespace {

// grad_x of y = (x - mean) * rstd, where `inner` is the gradient of y and statistics are over
// `dims`.
Tensor normalized_gradient(const Tensor& inner, const Tensor& normal, const Tensor& rstd,
                           const Dims& dims) {
    const auto average = [&](const Tensor& t) {
        return mean(t, IntSpan(dims), true, std::nullopt);
    };
    return mul(sub(sub(inner, average(inner)), mul(normal, average(mul(inner, normal)))), rstd);
}

}  // namespace

// ---- layers
// -------------------------------------------------------------------------------------------------

namespace {

struct LayerShape {
    int64_t rows = 1, n = 1;
    Dims sizes, normalized;
    bool weight, bias;
};

LayerShape layer_shape(const Tensor& input, IntSpan normalized_shape, const Tensor& weight,
                       const Tensor& bias) {
    const size_t count = normalized_shape.size(), dims = input.sizes().size();
    check(
        count >= 1,
        "layer_norm(): Expected normalized_shape to be at least 1-dimensional, i.e., containing at "
        "least one element, but got normalized_shape = ",
        normalized_shape);
    for (const Tensor* t : {&weight, &bias})
        check(!t->defined() || IntSpan(t->sizes()) == normalized_shape, "layer_norm(): Expected ",
              t == &weight ? "weight" : "bias",
              " to be of same shape as normalized_shape, but got ",
              t == &weight ? "weight" : "bias", " of shape ", t->defined() ? t->sizes() : Dims(),
              " and normalized_shape = ", normalized_shape);
    const bool fits =
        dims >= count && IntSpan(input.sizes().data() + (dims - count), count) == normalized_shape;
    check(fits, "layer_norm(): Given normalized_shape=", normalized_shape,
          ", expected input with shape [*, ", normalized_shape, "], but got input of size",
          input.sizes());
    LayerShape s{1,
                 numel_of(normalized_shape),
                 input.sizes(),
                 normalized_shape.dims(),
                 weight.defined(),
                 bias.defined()};
    for (size_t d = 0; d + count < dims; d++) s.rows *= input.sizes()[d];
    return s;
}

TensorList layer_norm_gradients(const Tensor& grad, const Tensor& x, const Tensor& weight,
                                const Tensor& mean, const Tensor& rstd, const LayerShape& s) {
    const DType parameter = weight.defined() ? weight.dtype() : x.dtype();
    const TensorList out{kajo::empty(x.sizes(), x.dtype(), x.device()),
                         kajo::empty({s.n}, parameter, x.device()),
                         kajo::empty({s.n}, parameter, x.device())};
    const Tensor in[] = {contiguous(grad), x, weight, mean, rstd};
    launch(layer_norm_backward_kernel, out, in, cpu::LayerNormAttributes{0, mean.defined()});
    return out;
}

TensorList differentiable_gradients(const Tensor& grad, const Tensor& x, const Tensor& weight,
                                    double eps) {
    const Tensor center = mean(x, IntSpan{1}, true, std::nullopt);
    const Tensor rstd = rsqrt(add(var(x, IntSpan{1}, Scalar(0), true), Scalar(eps)));
    const Tensor normal = mul(sub(x, center), rstd);
    const Tensor inner = weight.defined() ? mul(grad, weight) : grad;
    return {normalized_gradient(inner, normal, rstd, {1}),
            sum(mul(grad, normal), IntSpan{0}, false, std::nullopt),
            sum(grad, IntSpan{0}, false, std::nullopt)};
}

}  // namespace

Tensor layer_norm(const Tensor& input, IntSpan normalized_shape, const Tensor& weight,
                  const Tensor& bias, double eps) {
    const LayerShape s = layer_shape(input, normalized_shape, weight, bias);
    if (!is_float(input.dtype())) raise_unsupported("layer_norm", input.dtype());
    const DType wide = cpu::reduce_type(input.dtype());
    Tensor out = kajo::empty(input.sizes(), input.dtype(), input.device());
    Tensor center = kajo::empty({s.rows}, wide, input.device()),
           rstd = kajo::empty({s.rows}, wide, input.device());
    {
        const GradModeGuard no_grad(false);
        const auto vector = [&](const Tensor& t) {
            return t.defined() ? contiguous(reshape(t, {s.n})) : Tensor();
        };
        launch(layer_norm_kernel, {alias(out, {s.rows, s.n}, {s.n, 1}, 0), center, rstd},
               {reshape(contiguous(input), {s.rows, s.n}), vector(weight), vector(bias)},
               cpu::LayerNormAttributes{eps, true});
    }
    return attach("NativeLayerNormBackward0", out, {input, weight, bias},
                  {input, weight, center, rstd}, [s, eps](Backward& ctx) {
                      const Tensor x = reshape(contiguous(ctx.saved(0)), {s.rows, s.n});
                      const Tensor weight = s.weight ? reshape(ctx.saved(1), {s.n}) : Tensor();
                      const Tensor grad = reshape(ctx.grad(), {s.rows, s.n});
                      const TensorList g =
                          is_differentiating()
                              ? differentiable_gradients(grad, x, weight, eps)
                              : layer_norm_gradients(grad, x,
                                                     weight.defined() ? contiguous(weight) : weight,
                                                     ctx.saved(2), ctx.saved(3), s);
                      if (ctx.needs(0)) ctx.set(0, reshape(g[0], s.sizes));
                      if (s.weight && ctx.needs(1)) ctx.set(1, reshape(g[1], s.normalized));
                      if (s.bias && ctx.needs(2)) ctx.set(2, reshape(g[2], s.normalized));
                  });
}

namespace {

TensorList differentiable_rms_gradients(const Tensor& grad, const Tensor& x, const Tensor& weight,
                                        double eps) {
    const Tensor rstd = rsqrt(add(mean(square(x), IntSpan{1}, true, std::nullopt), Scalar(eps)));
    const Tensor normal = mul(x, rstd);
    const Tensor inner = weight.defined() ? mul(grad, weight) : grad;
    const Tensor along = mean(mul(inner, normal), IntSpan{1}, true, std::nullopt);
    return {mul(sub(inner, mul(normal, along)), rstd),
            sum(mul(grad, normal), IntSpan{0}, false, std::nullopt)};
}

}  // namespace

Tensor rms_norm(const Tensor& input, IntSpan normalized_shape, const Tensor& weight, double eps) {
    const LayerShape s = layer_shape(input, normalized_shape, weight, Tensor());
    if (!is_float(input.dtype())) raise_unsupported("rms_norm", input.dtype());
    Tensor out = kajo::empty(input.sizes(), input.dtype(), input.device());
    const DType wide = cpu::reduce_type(input.dtype());
    const Tensor no_mean = kajo::empty({0}, wide, input.device());
    Tensor rstd = kajo::empty({s.rows}, wide, input.device());
    {
        const GradModeGuard no_grad(false);
        launch(layer_norm_kernel, {alias(out, {s.rows, s.n}, {s.n, 1}, 0), no_mean, rstd},
               {reshape(contiguous(input), {s.rows, s.n}),
                s.weight ? contiguous(reshape(weight, {s.n})) : Tensor(), Tensor()},
               cpu::LayerNormAttributes{eps, false});
    }
    return attach(
        "MulBackward0", out, {input, weight}, {input, weight, rstd}, [s, eps](Backward& ctx) {
            const Tensor x = reshape(contiguous(ctx.saved(0)), {s.rows, s.n});
            const Tensor weight = s.weight ? contiguous(reshape(ctx.saved(1), {s.n})) : Tensor();
            const Tensor grad = reshape(ctx.grad(), {s.rows, s.n});
            const TensorList g =
                is_differentiating()
                    ? differentiable_rms_gradients(grad, x, weight, eps)
                    : layer_norm_gradients(grad, x, weight, Tensor(), ctx.saved(2), s);
            if (ctx.needs(0)) ctx.set(0, reshape(g[0], s.sizes));
            if (s.weight && ctx.needs(1)) ctx.set(1, reshape(g[1], s.normalized));
        });
}

// ---- channels
// -----------------------------------------------------------------------------------------------

namespace {

// A vector over channels, to meet (N, C, ...).
Tensor along_channels(const Tensor& t, int64_t dims) {
    Dims shape(static_cast<size_t>(dims), 1);
    shape[1] = t.numel();
    return reshape(t, shape);
}

Dims all_but_channels(int64_t dims) {
    Dims rest{0};
    for (int64_t d = 2; d < dims; d++) rest.push_back(d);
    return rest;
}

void check_channels(const Tensor& t, int64_t channels, const char* operation, const char* name) {
    check(!t.defined() || t.numel() == channels, operation, "(): ", name, " should contain ",
          channels, " elements not ", t.defined() ? t.numel() : 0);
}

// running = (1 - momentum) * running + momentum * value
void update_running(const Tensor& running, const Tensor& value, double momentum) {
    if (!running.defined()) return;
    const GradModeGuard no_grad(false);
    copy_(running, add(mul(running, Scalar(1 - momentum)),
                       mul(to(value, running.dtype()), Scalar(momentum))));
}

// Images as the kernels take them: (samples, channels, pixels), contiguous. Where pixels are few, a
// channel's are gathered from all samples, except where channels are the columns of a matrix.
struct ChannelLayout {
    explicit ChannelLayout(const Tensor& t)
        : sizes(t.sizes()), samples(t.size(0)), channels(t.size(1)) {
        pixels = t.numel() / (samples * channels);
        columns = pixels == 1 && t.item_size() >= 4;
    }
    bool gathered() const { return pixels < 8 && !columns; }
    Tensor arranged(const Tensor& t) const {
        const Tensor images = reshape(contiguous(t), {samples, channels, pixels});
        if (!gathered()) return images;
        return reshape(contiguous(transpose(images, 0, 1)), {1, channels, samples * pixels});
    }
    // The inverse, of a tensor that nobody else holds.
    Tensor restored(const Tensor& t) const {
        if (!gathered()) return alias(t, sizes, contiguous_strides(sizes), 0);
        const Tensor images = transpose(reshape(t, {channels, samples, pixels}), 0, 1);
        const Tensor dense = contiguous(images);
        return alias(dense, sizes, contiguous_strides(sizes), 0);
    }

    Dims sizes;
    int64_t samples, channels, pixels;
    bool columns;
};

// A vector over channels in the type computed in.
Tensor channel_vector(const Tensor& t, DType type) {
    return t.defined() ? contiguous(to(t, type)) : t;
}

// Without elements there are no statistics; the parameters still belong to the history.
Tensor unchanged_by_statistics(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    Tensor out = clone(x);
    if (weight.defined() && weight.numel()) out = mul(out, select(weight, 0, 0));
    if (bias.defined() && bias.numel()) out = add(out, select(bias, 0, 0));
    return out;
}

struct BatchNorm {
    bool training, weight, bias;
    double eps;
    DType type;

    // grad_x, grad_weight, grad_bias
    TensorList gradients(const Tensor& grad, const Tensor& x, const Tensor& weight,
                         const Tensor& center, const Tensor& rstd) const {
        const ChannelLayout layout(x);
        const Tensor images = layout.arranged(x);
        const Tensor grad_x = kajo::empty(images.sizes(), x.dtype(), x.device());
        const Tensor grad_weight = kajo::empty({layout.channels}, type, x.device());
        const Tensor grad_bias = kajo::empty({layout.channels}, type, x.device());
        launch(batch_norm_backward_kernel, {grad_x, grad_weight, grad_bias},
               {layout.arranged(to(grad, x.dtype())), images, channel_vector(weight, type), center,
                rstd},
               cpu::BatchNormAttributes{training, eps});
        return {layout.restored(grad_x), grad_weight, grad_bias};
    }

    TensorList differentiable_gradients(const Tensor& grad, const Tensor& x, const Tensor& weight,
                                        Tensor center, Tensor rstd) const {
        const int64_t dims = x.dim();
        const Dims rest = all_but_channels(dims);
        if (training) {
            center = mean(x, IntSpan(rest), false, type);
            rstd = rsqrt(add(var(to(x, type), IntSpan(rest), Scalar(0), false), Scalar(eps)));
        }
        // grad_x = scale * grad + along * x + shift, each over channels
        const Tensor g = to(grad, type), wide = to(x, type);
        const Tensor grad_bias = sum(g, IntSpan(rest), false, std::nullopt);
        const Tensor grad_x_sum = sum(mul(g, wide), IntSpan(rest), false, std::nullopt);
        const Tensor grad_weight = mul(sub(grad_x_sum, mul(center, grad_bias)), rstd);
        const Tensor scale = weight.defined() ? mul(to(weight, type), rstd) : rstd;
        Tensor grad_x = mul(g, along_channels(scale, dims));
        if (training) {
            const double count = static_cast<double>(x.numel() / x.size(1));
            const Tensor along = neg(mul(mul(scale, rstd), div(grad_weight, Scalar(count))));
            const Tensor shift =
                neg(add(mul(scale, div(grad_bias, Scalar(count))), mul(along, center)));
            grad_x = add(grad_x,
                         addcmul(along_channels(shift, dims), wide, along_channels(along, dims)));
        }
        return {grad_x, grad_weight, grad_bias};
    }

    void operator()(Backward& ctx) const {
        const Tensor x = ctx.saved(0), w = weight ? ctx.saved(1) : Tensor();
        const TensorList g =
            is_differentiating()
                ? differentiable_gradients(ctx.grad(), x, w, ctx.saved(2), ctx.saved(3))
                : gradients(ctx.grad(), x, w, ctx.saved(2), ctx.saved(3));
        if (ctx.needs(0)) ctx.set(0, g[0]);
        if (weight && ctx.needs(1)) ctx.set(1, g[1]);
        if (bias && ctx.needs(2)) ctx.set(2, g[2]);
    }
};

}  // namespace

Tensor batch_norm(const Tensor& input, const Tensor& weight, const Tensor& bias,
                  const Tensor& running_mean, const Tensor& running_var, bool training,
                  double momentum, double eps) {
    const bool nothing = input.numel() == 0;
    check(input.dim() >= 2 || nothing,
          "batch_norm(): expected at least 2 dimensions (N, C, ...), but got ", input.sizes());
    if (!is_float(input.dtype())) raise_unsupported("batch_norm", input.dtype());
    const int64_t channels = input.dim() >= 2 ? input.size(1) : 0;
    check_channels(weight, channels, "batch_norm", "weight");
    check_channels(bias, channels, "batch_norm", "bias");
    check_channels(running_mean, channels, "batch_norm", "running_mean");
    check_channels(running_var, channels, "batch_norm", "running_var");
    check(training || (running_mean.defined() && running_var.defined()),
          "batch_norm(): running_mean and running_var must be defined in evaluation mode");
    if (nothing) return unchanged_by_statistics(input, weight, bias);
    const DType type = cpu::reduce_type(input.dtype());
    const auto vector = [&] { return kajo::empty({channels}, type, input.device()); };
    const Tensor center = vector(), variance = vector(), rstd = vector();
    Tensor out;
    {
        const GradModeGuard no_grad(false);
        const ChannelLayout layout(input);
        const Tensor x = layout.arranged(input);
        const Tensor y = kajo::empty(x.sizes(), x.dtype(), input.device());
        const auto statistic = [&](const Tensor& t) {
            return training ? Tensor() : channel_vector(t, type);
        };
        launch(batch_norm_kernel, {y, center, variance, rstd},
               {x, channel_vector(weight, type), channel_vector(bias, type),
                statistic(running_mean), statistic(running_var)},
               cpu::BatchNormAttributes{training, eps});
        out = layout.restored(y);
        if (!input.is_contiguous()) {
            const Tensor dense = out;
            out = empty_like(input);
            copy_raw(out, dense);
        }
        if (training) {
            const double count = static_cast<double>(input.numel()) / static_cast<double>(channels);
            update_running(running_mean, center, momentum);
            update_running(running_var, mul(variance, Scalar(count / (count - 1))), momentum);
        }
    }
    return attach("NativeBatchNormBackward0", out, {input, weight, bias},
                  {input, weight, center, rstd},
                  BatchNorm{training, weight.defined(), bias.defined(), eps, type});
}

// ---- groups of channels
// ---------------------------------------------------------------------------------------

namespace {

struct GroupNorm {
    int64_t samples, channels, pixels, groups;
    bool weight, bias;
    double eps;

    Tensor images(const Tensor& t) const {
        return reshape(contiguous(t), {samples, channels, pixels});
    }

    // grad_x, grad_weight, grad_bias
    TensorList gradients(const Tensor& grad, const Tensor& x, const Tensor& w, const Tensor& center,
                         const Tensor& rstd) const {
        const Tensor grad_x = kajo::empty(x.sizes(), x.dtype(), x.device());
        const Tensor shares[] = {kajo::empty({samples, channels}, x.dtype(), x.device()),
                                 kajo::empty({samples, channels}, x.dtype(), x.device())};
        launch(group_norm_backward_kernel, {grad_x, shares[0], shares[1]},
               {images(grad), x, channel_vector(w, x.dtype()), center, rstd},
               cpu::GroupNormAttributes{groups, eps});
        return {grad_x, sum(shares[0], IntSpan{0}, false, std::nullopt),
                sum(shares[1], IntSpan{0}, false, std::nullopt)};
    }

    TensorList differentiable_gradients(const Tensor& grad, const Tensor& x,
                                        const Tensor& w) const {
        const Dims flat{samples * groups, channels / groups * pixels};
        const Tensor rows = reshape(x, flat);
        const Tensor center = mean(rows, IntSpan{1}, true, std::nullopt);
        const Tensor rstd = rsqrt(add(var(rows, IntSpan{1}, Scalar(0), true), Scalar(eps)));
        const Tensor normal = mul(sub(rows, center), rstd);
        const Tensor g = reshape(grad, x.sizes());
        const Tensor inner = w.defined() ? mul(g, reshape(to(w, x.dtype()), {channels, 1})) : g;
        const Dims rest{0, 2};
        return {reshape(normalized_gradient(reshape(inner, flat), normal, rstd, {1}), x.sizes()),
                sum(mul(g, reshape(normal, x.sizes())), IntSpan(rest), false, std::nullopt),
                sum(g, IntSpan(rest), false, std::nullopt)};
    }

    void operator()(Backward& ctx) const {
        const Tensor input = ctx.saved(0), x = images(input), w = weight ? ctx.saved(1) : Tensor();
        const TensorList g = is_differentiating()
                                 ? differentiable_gradients(ctx.grad(), x, w)
                                 : gradients(ctx.grad(), x, w, ctx.saved(2), ctx.saved(3));
        if (ctx.needs(0)) ctx.set(0, reshape(g[0], input.sizes()));
        if (weight && ctx.needs(1)) ctx.set(1, g[1]);
        if (bias && ctx.needs(2)) ctx.set(2, g[2]);
    }
};

Tensor group_norm_by_kernel(const Tensor& input, const Tensor& weight, const Tensor& bias,
                            const GroupNorm& how) {
    const Tensor out = kajo::empty(input.sizes(), input.dtype(), input.device());
    const Dims statistics{how.samples, how.groups};
    const Tensor center = kajo::empty(statistics, input.dtype(), input.device()),
                 rstd = kajo::empty(statistics, input.dtype(), input.device());
    {
        const GradModeGuard no_grad(false);
        const Dims shape{how.samples, how.channels, how.pixels};
        launch(group_norm_kernel, {alias(out, shape, contiguous_strides(shape), 0), center, rstd},
               {how.images(input), channel_vector(weight, input.dtype()),
                channel_vector(bias, input.dtype())},
               cpu::GroupNormAttributes{how.groups, how.eps});
    }
    return attach("NativeGroupNormBackward0", out, {input, weight, bias},
                  {input, weight, center, rstd}, how);
}

}  // namespace

Tensor group_norm(const Tensor& input, int64_t num_groups, const Tensor& weight, const Tensor& bias,
                  double eps) {
    check(input.dim() >= 2,
          "group_norm(): Expected at least 2 dimensions for input tensor but received ",
          input.dim());
    const int64_t samples = input.size(0), channels = input.size(1);
    check(num_groups > 0 && channels % num_groups == 0,
          "group_norm(): Expected number of channels in input to be "
          "divisible by num_groups, but got input of shape ",
          input.sizes(), " and num_groups=", num_groups);
    check_channels(weight, channels, "group_norm", "weight");
    check_channels(bias, channels, "group_norm", "bias");
    if (input.numel() == 0) return clone(input);
    const int64_t pixels = input.numel() / (samples * channels);
    const bool is_computed = input.dtype() == DType::Float32 || input.dtype() == DType::Float64;
    if (is_computed && pixels >= 8)
        return group_norm_by_kernel(
            input, weight, bias,
            {samples, channels, pixels, num_groups, weight.defined(), bias.defined(), eps});
    // Each group is a layer of its own; the affine map is over channels.
    const int64_t n = input.numel() / (samples * num_groups);
    Tensor out =
        layer_norm(reshape(contiguous(input), {samples * num_groups, n}), {n}, {}, {}, eps);
    out = reshape(out, input.sizes());
    if (weight.defined() && bias.defined())
        out = addcmul(along_channels(bias, input.dim()), out, along_channels(weight, input.dim()));
    else if (weight.defined())
        out = mul(out, along_channels(weight, input.dim()));
    else if (bias.defined())
        out = add(out, along_channels(bias, input.dim()));
    return to(out, input.dtype());
}

}  // namespace kajo::ops
