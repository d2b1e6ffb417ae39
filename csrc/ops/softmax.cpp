#include "ops/softmax.h"

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/shape.h"
#include "cpu/rows.h"
#include "ops/ops.h"
#include "ops/reduction.h"

namespace kajo::ops {

static const Kernel softmax_kernel{"softmax", cpu::softmax};
static const Kernel log_softmax_kernel{"log_softmax", cpu::log_softmax};
static const Kernel softmax_backward_kernel{"softmax_backward", cpu::softmax_backward};
static const Kernel log_softmax_backward_kernel{"log_softmax_backward", cpu::log_softmax_backward};

namespace {

Tensor launched(const Kernel& kernel, const Tensor& self, int64_t dim, DType result) {
    const GradModeGuard no_grad(false);
    const Tensor source = contiguous(self);
    Tensor out = kajo::empty(self.sizes(), result, self.device());
    launch(kernel, {out}, {source}, cpu::RowAttributes{dim});
    return out;
}

Tensor launched_backward(const Kernel& kernel, const Tensor& grad, const Tensor& y, int64_t dim) {
    Tensor out = kajo::empty(y.sizes(), y.dtype(), y.device());
    launch(kernel, {out}, {contiguous(grad), contiguous(y)}, cpu::RowAttributes{dim});
    return out;
}

// Reads other types as they are, except that a conversion to a half type rounds first.
Tensor checked(const char* name, const Tensor& self, std::optional<DType> dtype) {
    const DType type = dtype.value_or(self.dtype());
    if (!is_float(type)) raise_unsupported(name, type);
    return dtype ? to(self, *dtype) : self;
}

}  // namespace

Tensor softmax(const Tensor& self, int64_t dim, std::optional<DType> dtype) {
    const Tensor source = checked("softmax", self, dtype);
    dim = wrap_dim(dim, self.dim());
    Tensor out = launched(softmax_kernel, source, dim, source.dtype());
    return attach("SoftmaxBackward0", out, {source}, {out}, [dim](Backward& ctx) {
        const Tensor y = ctx.saved(0), grad = ctx.grad();
        if (!is_differentiating())
            return ctx.set(0, launched_backward(softmax_backward_kernel, grad, y, dim));
        const Tensor weighted = mul(grad, y);
        ctx.set(0, sub(weighted, mul(y, sum(weighted, IntSpan(&dim, 1), true, std::nullopt))));
    });
}

Tensor log_softmax(const Tensor& self, int64_t dim, std::optional<DType> dtype) {
    const Tensor source = checked("log_softmax", self, dtype);
    dim = wrap_dim(dim, self.dim());
    Tensor out = launched(log_softmax_kernel, source, dim, source.dtype());
    return attach("LogSoftmaxBackward0", out, {source}, {out}, [dim](Backward& ctx) {
        const Tensor y = ctx.saved(0), grad = ctx.grad();
        if (!is_differentiating())
            return ctx.set(0, launched_backward(log_softmax_backward_kernel, grad, y, dim));
        ctx.set(0, sub(grad, mul(exp(y), sum(grad, IntSpan(&dim, 1), true, std::nullopt))));
    });
}

}  // namespace kajo::ops
