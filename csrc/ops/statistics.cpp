// Variances, norms and log-sum-exp: reductions followed by arithmetic on their results.
#include <bit>
#include <cmath>
#include <limits>

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/promotion.h"
#include "core/shape.h"
#include "cpu/rows.h"
#include "ops/masking.h"
#include "ops/ops.h"
#include "ops/reduction.h"

namespace kajo::ops {

using cpu::reduce_type;
using cpu::ReduceAttributes;
using cpu::Reduction;

static const Kernel moments_kernel{"var_mean", cpu::reduce};

namespace {

struct VarianceCall {
    const char* name;
    uint64_t mask;
    double correction;
    bool keepdim, root;
};

VarianceCall variance_call(const char* name, const Tensor& self, OptionalDims dim,
                           const std::optional<Scalar>& correction, bool keepdim, bool root) {
    check(is_differentiable(self.dtype()), name,
          "(): only support floating point and complex dtypes, but got ", self.dtype(),
          ": convert the tensor with .to(...) first");
    return {name, reduced_mask(self, dim, name), correction ? correction->as_double() : 1.0,
            keepdim, root};
}

// (variance or its root, mean) without history.
std::tuple<Tensor, Tensor> launch_moments(const Tensor& self, const VarianceCall& call) {
    const ReduceCall like{Reduction::Sum, call.name, reduce_type(self.dtype()), self.dtype()};
    Tensor variance = allocate_reduced(self, call.mask, call.keepdim, like.result);
    Tensor mean = allocate_reduced(self, call.mask, call.keepdim, like.result);
    launch(moments_kernel, {variance, mean}, {self},
           ReduceAttributes{Reduction::Moments, like.computing, call.root, call.mask,
                            call.correction});
    return {variance, mean};
}

// 2 / freedom * grad * (self - mean)
Tensor variance_gradient(const Tensor& grad, const Tensor& self, const VarianceCall& call) {
    Dims dims;
    for (int64_t d = 0; d < self.dim(); d++)
        if (call.mask >> d & 1) dims.push_back(d);
    const double count = static_cast<double>(reduced_count(self.sizes(), call.mask));
    const double freedom = std::max(0.0, count - call.correction);
    const Tensor center = dims.empty() ? self : mean(self, IntSpan(dims), true, std::nullopt);
    return mul(mul(restore_dims(grad, call.mask, call.keepdim), Scalar(2 / freedom)),
               sub(self, center));
}

Tensor root_gradient(const Tensor& grad, const Tensor& self, const Tensor& deviation,
                     const VarianceCall& call) {
    const Tensor of_variance =
        masked_fill(div(grad, mul(deviation, Scalar(2))), eq(deviation, Scalar(0)), Scalar(0));
    return variance_gradient(of_variance, self, call);
}

Tensor gradient_of(const Tensor& grad, const Tensor& self, const Tensor& result,
                   const VarianceCall& call) {
    return call.root ? root_gradient(grad, self, result, call)
                     : variance_gradient(grad, self, call);
}

// The variance of complex numbers is that of the real parts plus that of the imaginary parts.
Tensor complex_variance(const Tensor& self, OptionalDims dim,
                        const std::optional<Scalar>& correction, bool keepdim) {
    return add(var(real(self), dim, correction, keepdim),
               var(imag(self), dim, correction, keepdim));
}

Tensor one_moment(const char* node, const Tensor& self, const VarianceCall& call) {
    Tensor out = allocate_reduced(self, call.mask, call.keepdim, self.dtype());
    launch(moments_kernel, {out}, {self},
           ReduceAttributes{Reduction::Moments, reduce_type(self.dtype()), call.root, call.mask,
                            call.correction});
    // Only the root's gradient reads the result, which may otherwise be written to.
    return attach(node, out, {self}, {self, call.root ? out : Tensor()}, [call](Backward& ctx) {
        ctx.set(0, gradient_of(ctx.grad(), ctx.saved(0), ctx.saved(1), call));
    });
}

std::tuple<Tensor, Tensor> both_moments(const char* node, const Tensor& self,
                                        const VarianceCall& call) {
    auto [spread, center] = launch_moments(self, call);
    const Tensor outputs[] = {spread, center}, inputs[] = {self},
                 saved[] = {self, call.root ? spread : Tensor()};
    attach_all(node, outputs, inputs, saved, [call](Backward& ctx) {
        const Tensor self = ctx.saved(0);
        Tensor total;
        if (ctx.has_grad(0)) total = gradient_of(ctx.grad(0), self, ctx.saved(1), call);
        if (ctx.has_grad(1)) {
            const double count = static_cast<double>(reduced_count(self.sizes(), call.mask));
            const Tensor grad = div(
                expand_reduced(ctx.grad(1), self.sizes(), call.mask, call.keepdim), Scalar(count));
            total = total.defined() ? add(total, grad) : grad;
        }
        ctx.set(0, total);
    });
    return {spread, center};
}

}  // namespace

Tensor var(const Tensor& self, OptionalDims dim, const std::optional<Scalar>& correction,
           bool keepdim) {
    const VarianceCall call = variance_call("var", self, dim, correction, keepdim, false);
    if (is_complex(self.dtype())) return complex_variance(self, dim, correction, keepdim);
    return one_moment("VarBackward0", self, call);
}

Tensor std_(const Tensor& self, OptionalDims dim, const std::optional<Scalar>& correction,
            bool keepdim) {
    const VarianceCall call = variance_call("std", self, dim, correction, keepdim, true);
    if (is_complex(self.dtype())) return sqrt(complex_variance(self, dim, correction, keepdim));
    return one_moment("StdBackward0", self, call);
}

std::tuple<Tensor, Tensor> var_mean(const Tensor& self, OptionalDims dim,
                                    const std::optional<Scalar>& correction, bool keepdim) {
    const VarianceCall call = variance_call("var_mean", self, dim, correction, keepdim, false);
    if (is_complex(self.dtype()))
        return {complex_variance(self, dim, correction, keepdim),
                mean(self, dim, keepdim, std::nullopt)};
    return both_moments("VarMeanBackward0", self, call);
}

std::tuple<Tensor, Tensor> std_mean(const Tensor& self, OptionalDims dim,
                                    const std::optional<Scalar>& correction, bool keepdim) {
    const VarianceCall call = variance_call("std_mean", self, dim, correction, keepdim, true);
    if (is_complex(self.dtype()))
        return {sqrt(complex_variance(self, dim, correction, keepdim)),
                mean(self, dim, keepdim, std::nullopt)};
    return both_moments("StdMeanBackward0", self, call);
}

// ---- norms
// -----------------------------------------------------------------------------------------------

namespace {

// The derivative of a norm is 0 where the norm is.
Tensor quotient_or_zero(const Tensor& a, const Tensor& b) {
    return masked_fill(div(a, b), eq(b, Scalar(0)), Scalar(0));
}

Tensor norm_gradient(const Tensor& grad, const Tensor& self, const Tensor& result, double p) {
    if (p == 0) return zeros_like(self);
    if (p == 1) return mul(sgn(self), grad);
    // Where it is differentiated again, derivatives are undefined at 0, as they are.
    if (p == 2)
        return GradMode::enabled() ? mul(grad, quotient_or_zero(self, result))
                                   : mul(self, quotient_or_zero(grad, result));
    if (std::isinf(p)) {
        const Tensor size = abs(self);
        const Tensor mask = logical_or(eq(size, result), logical_and(isnan(size), isnan(result)));
        Dims dims;
        for (int64_t d = 0; d < self.dim(); d++)
            if (result.size(d) == 1) dims.push_back(d);
        const Tensor count =
            dims.empty() ? ones_like(result) : sum(mask, IntSpan(dims), true, std::nullopt);
        return mul(mul(sgn(self), mask), div(grad, count));
    }
    const Tensor size = abs(self);
    if (p < 1) {
        const Tensor power = masked_fill(pow(size, Scalar(p - 1)), eq(self, Scalar(0)), Scalar(0));
        return mul(mul(mul(sgn(self), power), grad), pow(result, Scalar(1 - p)));
    }
    const Tensor scale =
        masked_fill(div(grad, pow(result, Scalar(p - 1))), eq(result, Scalar(0)), Scalar(0));
    const Tensor power =
        p < 2 ? mul(sgn(self), pow(size, Scalar(p - 1))) : mul(self, pow(size, Scalar(p - 2)));
    return mul(power, scale);
}

// |x|^p summed, then the p-th root; special cases have kernels of their own.
Tensor norm_value(const Tensor& self, double p, uint64_t mask, bool keepdim) {
    const DType type = self.dtype();
    const auto reduced = [&](Reduction how, bool root = false) {
        return launch_reduce({how, "norm", reduce_type(type), type, 1, root}, self, mask, keepdim);
    };
    if (p == 1) return reduced(Reduction::AbsSum);
    if (p == 2) return reduced(Reduction::SquareSum, true);
    if (p == std::numeric_limits<double>::infinity()) return reduced(Reduction::AbsMax);
    if (p == -std::numeric_limits<double>::infinity()) return reduced(Reduction::AbsMin);
    if (p == 0)
        return launch_reduce({Reduction::Sum, "norm", reduce_type(type), type},
                             to(ne(self, Scalar(0)), type), mask, keepdim);
    // The powers of a half type's numbers would overflow it.
    const DType wide = is_complex(type) ? type : reduce_type(type);
    const Tensor powers = pow(abs(to(self, wide)), Scalar(p));
    return to(pow(launch_reduce({Reduction::Sum, "norm", wide, wide}, powers, mask, keepdim),
                  Scalar(1 / p)),
              type);
}

Tensor norm_as(const char* name, const char* node, const Tensor& self, double p, OptionalDims dim,
               bool keepdim, std::optional<DType> dtype) {
    check(is_differentiable(dtype.value_or(self.dtype())), name,
          "(): Expected a floating point or complex tensor as input. Got ",
          info(dtype.value_or(self.dtype())).tensor_name);
    if (dtype)
        check(is_complex(*dtype) == is_complex(self.dtype()) && can_cast(self.dtype(), *dtype),
              name, "(): the dtype of the input (", self.dtype(),
              ") should be convertible without narrowing to the specified dtype (", *dtype, ")");
    const Tensor source = dtype ? to(self, *dtype) : self;
    const uint64_t mask = reduced_mask(source, dim, name);
    if ((p < 0 || std::isinf(p)) && source.numel() == 0)
        for (int64_t d = 0; d < source.dim(); d++)
            check(!(mask >> d & 1) || source.size(d) != 0, name, "(): cannot compute the ", p,
                  " norm on an empty tensor because the operation does not have an identity");
    if (is_complex(source.dtype()))
        return norm_as(name, node, abs(source), p, dim, keepdim, std::nullopt);
    Tensor out;
    {
        const GradModeGuard no_grad(false);
        out = norm_value(source, p, mask, keepdim);
    }
    return attach(node, out, {source}, {source, out}, [p, mask, keepdim](Backward& ctx) {
        const Tensor grad = restore_dims(ctx.grad(), mask, keepdim);
        ctx.set(0, norm_gradient(grad, ctx.saved(0), restore_dims(ctx.saved(1), mask, keepdim), p));
    });
}

}  // namespace

Tensor norm(const Tensor& self, const std::optional<Scalar>& p, OptionalDims dim, bool keepdim,
            std::optional<DType> dtype) {
    return norm_as("norm", dim ? "NormBackward1" : "NormBackward0", self, p ? p->as_double() : 2.0,
                   dim, keepdim, dtype);
}

Tensor vector_norm(const Tensor& self, const Scalar& ord, OptionalDims dim, bool keepdim,
                   std::optional<DType> dtype) {
    return norm_as("linalg.vector_norm", "LinalgVectorNormBackward0", self, ord.as_double(), dim,
                   keepdim, dtype);
}

Tensor dist(const Tensor& self, const Tensor& other, const Scalar& p) {
    return norm(sub(self, other), p, std::nullopt, false, std::nullopt);
}

namespace {

static const Kernel log_sum_exp_kernel{"logsumexp", cpu::log_sum_exp};

// Whether one dimension is summed over, and rows along it are many or short enough for the threads.
bool is_one_row_each(const Tensor& t, uint64_t mask) {
    if (!is_float(t.dtype()) || t.numel() == 0 || !std::has_single_bit(mask)) return false;
    const int64_t n = t.size(std::countr_zero(mask));
    return n <= 65536 || t.numel() / n >= 16;
}

Tensor log_sum_exp_of_rows(const Tensor& self, uint64_t mask, bool keepdim) {
    const Tensor out = allocate_reduced(self, mask, keepdim, cpu::reduce_type(self.dtype()));
    launch(log_sum_exp_kernel, {out}, {contiguous(self)},
           cpu::RowAttributes{std::countr_zero(mask)});
    return to(out, self.dtype());
}

}  // namespace

Tensor logsumexp(const Tensor& self, IntSpan dim, bool keepdim) {
    const Tensor source = is_integral(self.dtype(), true) ? to(self, default_dtype()) : self;
    const uint64_t mask = reduced_mask(source, dim, "logsumexp");
    Tensor out;
    {
        const GradModeGuard no_grad(false);
        if (is_one_row_each(source, mask)) {
            out = log_sum_exp_of_rows(source, mask, keepdim);
        } else if (source.numel() == 0) {
            out = log(sum(exp(source), dim, keepdim, std::nullopt));
        } else {
            const Tensor largest =
                amax(is_complex(source.dtype()) ? real(source) : source, dim, true);
            const Tensor shift = masked_fill(largest, isinf(largest), Scalar(0));
            const Tensor total = log(sum(exp(sub(source, shift)), dim, true, std::nullopt));
            out = add(total, shift);
            if (!keepdim) out = reshape(out, reduced_sizes(source.sizes(), mask, false));
        }
    }
    return attach("LogsumexpBackward0", out, {source}, {source, out},
                  [mask, keepdim](Backward& ctx) {
                      const Tensor result = restore_dims(ctx.saved(1), mask, keepdim);
                      ctx.set(0, mul(restore_dims(ctx.grad(), mask, keepdim),
                                     conj(exp(sub(ctx.saved(0), result)))));
                  });
}

}  // namespace kajo::ops
