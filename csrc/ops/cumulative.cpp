#include "ops/cumulative.h"

#include <limits>

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/promotion.h"
#include "core/shape.h"
#include "cpu/cumulative.h"
#include "ops/joining.h"
#include "ops/masking.h"
#include "ops/ops.h"
#include "ops/reduction.h"
#include "ops/scatter.h"

namespace kajo::ops {

static const Kernel cumsum_kernel{"cumsum", cpu::cumsum};
static const Kernel cumprod_kernel{"cumprod", cpu::cumprod};
static const Kernel logcumsumexp_kernel{"logcumsumexp", cpu::logcumsumexp};
static const Kernel cummax_kernel{"cummax", cpu::cummax};
static const Kernel cummin_kernel{"cummin", cpu::cummin};
static const Kernel linear_scan_kernel{"linear_scan", cpu::linear_scan};

using cpu::ScanDim;

namespace {

DType running_type(const Tensor& self, std::optional<DType> dtype) {
    if (dtype) return *dtype;
    return is_integral(self.dtype(), true) ? DType::Int64 : self.dtype();
}

Tensor launched(const Kernel& kernel, const Tensor& self, int64_t dim) {
    Tensor out = empty_like(self);
    launch(kernel, {out}, {self}, ScanDim{dim});
    return out;
}

Tensor reversed_cumsum(const Tensor& t, int64_t dim) {
    return t.dim() == 0 ? t : flip(cumsum(flip(t, {dim}), dim, std::nullopt), {dim});
}

// y[k] = input[k] + decay[k + 1] * y[k + 1], from the end.
Tensor reversed_scan(const Tensor& decay, const Tensor& input, int64_t dim) {
    if (input.dim() == 0) return input;
    const Tensor shifted = roll(flip(decay, {dim}), {1}, {dim});
    return flip(linear_scan(shifted, flip(input, {dim}), dim), {dim});
}

// `first`, then all but the last along a dimension.
Tensor shifted_in(const Tensor& t, int64_t dim, const Scalar& first) {
    if (t.numel() == 0) return t;
    Dims one = t.sizes();
    one[static_cast<size_t>(dim)] = 1;
    return cat({full(one, first, t.dtype(), t.device()), narrow(t, dim, 0, t.size(dim) - 1)}, dim);
}

}  // namespace

Tensor linear_scan(const Tensor& decay, const Tensor& input, int64_t dim) {
    dim = wrap_dim(dim, input.dim());
    check(decay.sizes() == input.sizes() && decay.dtype() == input.dtype(),
          "linear_scan(): decay and input must have one shape and dtype, but got ", decay.sizes(),
          " ", decay.dtype(), " and ", input.sizes(), " ", input.dtype());
    Tensor out = empty_like(input);
    launch(linear_scan_kernel, {out}, {decay, input}, ScanDim{dim});
    return attach("LinearScanBackward0", out, {decay, input}, {decay, out}, [dim](Backward& ctx) {
        const Tensor flowing = reversed_scan(conj(ctx.saved(0)), ctx.grad(), dim);
        if (ctx.needs(1)) ctx.set(1, flowing);
        if (ctx.needs(0)) {
            const Tensor before = ctx.saved(1).dim() == 0
                                      ? zeros_like(flowing)
                                      : shifted_in(ctx.saved(1), dim, Scalar(0));
            ctx.set(0, mul(flowing, conj(before)));
        }
    });
}

Tensor cumsum(const Tensor& self, int64_t dim, std::optional<DType> dtype) {
    dim = wrap_dim(dim, self.dim());
    Tensor out;
    {
        const GradModeGuard no_grad(false);
        const DType type = running_type(self, dtype);
        if (type == DType::Int64 && is_integral(self.dtype(), true) && is_common(self.dtype())) {
            out = kajo::empty(self.sizes(), type, self.device());
            launch(cumsum_kernel, {out}, {self}, ScanDim{dim});
        } else {
            out = launched(cumsum_kernel, to(self, type), dim);
        }
    }
    return attach("CumsumBackward0", out, {self}, {},
                  [dim](Backward& ctx) { ctx.set(0, reversed_cumsum(ctx.grad(), dim)); });
}

Tensor cumprod(const Tensor& self, int64_t dim, std::optional<DType> dtype) {
    dim = wrap_dim(dim, self.dim());
    const DType type = running_type(self, dtype);
    Tensor out;
    {
        const GradModeGuard no_grad(false);
        out = launched(cumprod_kernel, to(self, type), dim);
    }
    // The product up to k, times what follows it: no division, so that zeros are no exception.
    return attach("CumprodBackward0", out, {self}, {self, out}, [dim, type](Backward& ctx) {
        const Tensor self = to(ctx.saved(0), type), out = ctx.saved(1);
        if (self.dim() == 0) return ctx.set(0, ctx.grad());
        const Tensor following = reversed_scan(conj(self), ctx.grad(), dim);
        ctx.set(0, mul(following, conj(shifted_in(out, dim, Scalar(1)))));
    });
}

Tensor logcumsumexp(const Tensor& self, int64_t dim) {
    dim = wrap_dim(dim, self.dim());
    if (!is_differentiable(self.dtype())) raise_unsupported("logcumsumexp", self.dtype());
    Tensor out = launched(logcumsumexp_kernel, self, dim);
    // Each step's share in the next is at most one, so that nothing overflows.
    return attach("LogcumsumexpBackward0", out, {self}, {self, out}, [dim](Backward& ctx) {
        const Tensor self = ctx.saved(0), out = ctx.saved(1);
        const double infinity = std::numeric_limits<double>::infinity();
        const Tensor size = is_complex(out.dtype()) ? real(out) : out;
        const Tensor nothing = eq(size, full({}, -infinity, size.dtype(), out.device()));
        const Tensor level = masked_fill(out, nothing, Scalar(0));
        const Tensor before = self.dim() == 0 ? out : shifted_in(out, dim, -infinity);
        const Tensor flowing = reversed_scan(conj(exp(sub(before, level))),
                                             masked_fill(ctx.grad(), nothing, Scalar(0)), dim);
        ctx.set(0, mul(flowing, conj(exp(sub(self, level)))));
    });
}

namespace {

std::tuple<Tensor, Tensor> running_extreme(const Kernel& kernel, const char* node,
                                           const Tensor& self, int64_t dim) {
    dim = wrap_dim(dim, self.dim());
    if (is_complex(self.dtype())) raise_unsupported(kernel.name, self.dtype());
    Tensor values = empty(self.sizes(), self.dtype(), self.device());
    Tensor indices = empty(self.sizes(), DType::Int64, self.device());
    launch(kernel, {values, indices}, {self}, ScanDim{dim});
    values = attach(node, values, {self}, {indices}, [dim, sizes = self.sizes()](Backward& ctx) {
        ctx.set(0, picked_gradient(ctx.grad(), sizes, dim, ctx.saved(0)));
    });
    return {values, indices};
}

}  // namespace

std::tuple<Tensor, Tensor> cummax(const Tensor& self, int64_t dim) {
    return running_extreme(cummax_kernel, "CummaxBackward0", self, dim);
}
std::tuple<Tensor, Tensor> cummin(const Tensor& self, int64_t dim) {
    return running_extreme(cummin_kernel, "CumminBackward0", self, dim);
}

Tensor diff(const Tensor& self, int64_t n, int64_t dim, const Tensor& prepend,
            const Tensor& append) {
    check(self.dim() >= 1, "diff(): expects input to be at least one-dimensional");
    check(n >= 0, "diff(): order must be non-negative but got ", n);
    dim = wrap_dim(dim, self.dim());
    if (n == 0) return clone(self);
    Tensor t = self;
    if (prepend.defined() || append.defined()) {
        TensorList parts;
        if (prepend.defined()) parts.push_back(prepend);
        parts.push_back(self);
        if (append.defined()) parts.push_back(append);
        t = cat(parts, dim);
    }
    n = std::min(n, t.size(dim));
    for (int64_t i = 0; i < n; i++) {
        const int64_t length = std::max<int64_t>(t.size(dim) - 1, 0);
        const Tensor later = narrow(t, dim, t.size(dim) - length, length);
        const Tensor earlier = narrow(t, dim, 0, length);
        t = t.dtype() == DType::Bool ? ne(later, earlier) : sub(later, earlier);
    }
    return t;
}

namespace {

// Neighbours added up, weighted by half their distance.
Tensor panels(const Tensor& y, int64_t dim) {
    const int64_t length = std::max<int64_t>(y.size(dim) - 1, 0);
    return add(narrow(y, dim, y.size(dim) - length, length), narrow(y, dim, 0, length));
}

Tensor distances(const Tensor& y, const Tensor& x, int64_t dim, const char* operation) {
    check(y.dtype() != DType::Bool && x.dtype() != DType::Bool, operation,
          "(): received a bool input for x or y, but bool is not supported");
    check(x.dim() != 1 || x.size(0) == y.size(dim), operation,
          "(): There must be one `x` value for each sample point, but got ", x.sizes(), " for ",
          y.sizes());
    if (x.dim() == 1 && y.dim() > 1) {
        Dims shape(y.sizes().size(), 1);
        shape[static_cast<size_t>(dim)] = x.size(0);
        return diff(reshape(x, shape), 1, dim, {}, {});
    }
    return diff(x, 1, x.dim() < y.dim() ? dim - y.dim() : dim, {}, {});
}

Tensor halves(const Tensor& t) { return div(t, scalar_tensor(Scalar(2.0))); }

Tensor nothing_to_integrate(const Tensor& y, int64_t dim) {
    Dims rest = y.sizes();
    rest.erase(static_cast<size_t>(dim));
    return zeros(rest, y.dtype(), y.device());
}

int64_t integration_dim(const Tensor& y, int64_t dim) {
    check_index(y.dim() != 0, "trapezoid(): Dimension specified as ", dim,
                " but tensor has no dimensions");
    return wrap_dim(dim, y.dim());
}

void refuse_bool(const Tensor& y, const char* operation) {
    check(y.dtype() != DType::Bool, operation,
          "(): received a bool input for y, but bool is not supported");
}

}  // namespace

// All samples, but only half of the first and of the last.
Tensor trapezoid(const Tensor& y, const Scalar& dx, int64_t dim) {
    dim = integration_dim(y, dim);
    if (y.size(dim) == 0) return nothing_to_integrate(y, dim);
    refuse_bool(y, "trapezoid");
    const Tensor ends = add(select(y, dim, 0), select(y, dim, -1));
    return mul(sub(sum(y, IntSpan(&dim, 1), false, std::nullopt), halves(ends)), scalar_tensor(dx));
}
Tensor trapezoid_at(const Tensor& y, const Tensor& x, int64_t dim) {
    dim = integration_dim(y, dim);
    if (y.size(dim) == 0) return nothing_to_integrate(y, dim);
    const Tensor parts = mul(panels(y, dim), distances(y, x, dim, "trapezoid"));
    return halves(sum(parts, IntSpan(&dim, 1), false, std::nullopt));
}
Tensor cumulative_trapezoid(const Tensor& y, const Scalar& dx, int64_t dim) {
    refuse_bool(y, "cumulative_trapezoid");
    dim = integration_dim(y, dim);
    const Tensor half = scalar_tensor(Scalar(dx.as_double() / 2));
    return cumsum(mul(panels(y, dim), half), dim, std::nullopt);
}
Tensor cumulative_trapezoid_at(const Tensor& y, const Tensor& x, int64_t dim) {
    dim = integration_dim(y, dim);
    const Tensor parts = mul(panels(y, dim), distances(y, x, dim, "cumulative_trapezoid"));
    return cumsum(halves(parts), dim, std::nullopt);
}

}  // namespace kajo::ops
