#include "ops/fourier.h"

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/shape.h"
#include "cpu/fft.h"
#include "ops/ops.h"

namespace kajo::ops {

static const Kernel fourier_kernel{"fft_complex", cpu::fourier};
static const Kernel from_real_kernel{"fft_from_real", cpu::fourier_from_real};
static const Kernel to_real_kernel{"fft_to_real", cpu::fourier_to_real};

namespace {

Tensor transformed(const Kernel& kernel, const char* name, const Tensor& self, int64_t dim,
                   int64_t points, bool inverse, double scale) {
    const bool from_real = &kernel == &from_real_kernel, to_real = &kernel == &to_real_kernel;
    const DType type = self.dtype();
    const bool fits = from_real ? type == DType::Float32 || type == DType::Float64
                                : type == DType::Complex64 || type == DType::Complex128;
    check(fits && dim >= 0 && dim < self.dim() && points > 0, name, "(): cannot transform ", type,
          " of shape ", self.sizes(), " along dimension ", dim, ": expected ",
          from_real ? "real" : "complex", " numbers, one or more");
    check(!to_real || self.size(dim) == points / 2 + 1, name, "(): ", points, " real points have ",
          points / 2 + 1, " frequencies, but got ", self.size(dim));
    Dims shape = self.sizes();
    if (from_real) shape[static_cast<size_t>(dim)] = points / 2 + 1;
    if (to_real) shape[static_cast<size_t>(dim)] = points;
    const bool wide = type == DType::Float64 || type == DType::Complex128;
    const DType result = to_real ? (wide ? DType::Float64 : DType::Float32)
                                 : (wide ? DType::Complex128 : DType::Complex64);
    Tensor out = empty(shape, result, self.device());
    if (out.numel() == 0) return out;
    cpu::FourierAttributes how{1, points, 1, inverse, scale};
    for (int64_t d = 0; d < self.dim(); d++)
        if (d != dim) (d < dim ? how.outer : how.inner) *= self.size(d);
    const GradModeGuard no_grad(false);
    launch(kernel, {out}, {contiguous(self)}, how);
    return out;
}

// What each of the kept frequencies counts: `middle`, but the ones that are their own conjugate 1.
Tensor weights(const Tensor& like, int64_t dim, int64_t points, double middle) {
    Dims shape(static_cast<size_t>(like.dim()), 1);
    shape[static_cast<size_t>(dim)] = like.size(dim);
    const DType type = like.dtype() == DType::Complex128 ? DType::Float64 : DType::Float32;
    const Tensor result = full(shape, Scalar(middle), type, like.device());
    fill_(narrow(result, dim, 0, 1), Scalar(1));
    if (points % 2 == 0) fill_(narrow(result, dim, like.size(dim) - 1, 1), Scalar(1));
    return result;
}

}  // namespace

Tensor fft_complex(const Tensor& self, int64_t dim, bool inverse, double scale) {
    dim = wrap_dim(dim, self.dim());
    const Tensor out =
        transformed(fourier_kernel, "fft_complex", self, dim, self.size(dim), inverse, scale);
    return attach(
        "FftC2CBackward0", out, {self}, {},
        with_tangent_formula(
            [=](Backward& ctx) { ctx.set(0, fft_complex(ctx.grad(), dim, !inverse, scale)); },
            [=](const Forward& ctx) { return fft_complex(ctx.tangent(0), dim, inverse, scale); }));
}

Tensor fft_from_real(const Tensor& self, int64_t dim, double scale) {
    dim = wrap_dim(dim, self.dim());
    const int64_t points = self.size(dim);
    const Tensor out =
        transformed(from_real_kernel, "fft_from_real", self, dim, points, false, scale);
    return attach(
        "FftR2CBackward0", out, {self}, {},
        with_tangent_formula(
            [=](Backward& ctx) {
                const Tensor once = mul(ctx.grad(), weights(ctx.grad(), dim, points, 0.5));
                ctx.set(0, fft_to_real(once, dim, points, scale));
            },
            [=](const Forward& ctx) { return fft_from_real(ctx.tangent(0), dim, scale); }));
}

Tensor fft_to_real(const Tensor& self, int64_t dim, int64_t points, double scale) {
    dim = wrap_dim(dim, self.dim());
    const Tensor out = transformed(to_real_kernel, "fft_to_real", self, dim, points, true, scale);
    return attach(
        "FftC2RBackward0", out, {self}, {},
        with_tangent_formula(
            [=](Backward& ctx) {
                const Tensor half = fft_from_real(ctx.grad(), dim, scale);
                ctx.set(0, mul(half, weights(half, dim, points, 2.0)));
            },
            [=](const Forward& ctx) { return fft_to_real(ctx.tangent(0), dim, points, scale); }));
}

}  // namespace kajo::ops
