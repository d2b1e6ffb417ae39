#include "ops/reduction.h"

#include <array>

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/promotion.h"
#include "core/shape.h"
#include "ops/cumulative.h"
#include "ops/joining.h"
#include "ops/masking.h"
#include "ops/ops.h"
#include "ops/scatter.h"

namespace kajo::ops {

using cpu::reduce_type;
using cpu::ReduceAttributes;
using cpu::Reduction;

namespace {

// A kernel object for each reduction, so that observers see its name.
const Kernel& kernel_of(Reduction r) {
    static const Kernel kernels[cpu::kReductions] = {
        {"sum", cpu::reduce, kConverted},
        {"nansum", cpu::reduce},
        {"prod", cpu::reduce, kConverted},
        {"max", cpu::reduce},
        {"min", cpu::reduce},
        {"argmax", cpu::reduce},
        {"argmin", cpu::reduce},
        {"any", cpu::reduce, kConverted},
        {"all", cpu::reduce, kConverted},
        {"sum_of_magnitudes", cpu::reduce},
        {"sum_of_squares", cpu::reduce},
        {"largest_magnitude", cpu::reduce},
        {"smallest_magnitude", cpu::reduce},
        {"moments", cpu::reduce},
    };
    return kernels[static_cast<size_t>(r)];
}

Dims dims_of(uint64_t mask) {
    Dims dims;
    for (int64_t d = 0; d < 64; d++)
        if (mask >> d & 1) dims.push_back(d);
    return dims;
}

DType sum_type(const Tensor& self, std::optional<DType> dtype) {
    if (dtype) return *dtype;
    return is_integral(self.dtype(), true) ? DType::Int64 : self.dtype();
}

// Elements of other types are rounded to a half type before they are reduced in float32; integer
// results are computed in int64.
struct Converted {
    Tensor self;
    DType computing;
};
Converted converted(const Tensor& self, DType result) {
    if (self.dtype() == result)
        return {self, is_integral(result, true) ? DType::Int64 : reduce_type(result)};
    const bool narrows = reduce_type(result) != result;
    const bool narrow_integer = is_integral(result, true) && result != DType::Int64;
    const GradModeGuard no_grad(false);
    return {narrows || narrow_integer ? to(self, result) : self,
            is_integral(result, true) ? DType::Int64 : reduce_type(result)};
}

}  // namespace

uint64_t reduced_mask(const Tensor& self, OptionalDims dim, const char* operation) {
    check(self.dim() <= 64, operation, "(): only tensors with up to 64 dims are supported, got ",
          self.dim());
    if (!dim || dim->empty())
        return self.dim() == 64 ? ~uint64_t{0} : (uint64_t{1} << self.dim()) - 1;
    uint64_t mask = 0;
    for (const int64_t d : wrap_dims(*dim, self.dim(), operation))
        if (self.dim() > 0) mask |= uint64_t{1} << d;
    return mask;
}

Dims reduced_sizes(IntSpan sizes, uint64_t mask, bool keepdim) {
    Dims out;
    for (size_t d = 0; d < sizes.size(); d++) {
        if (!(mask >> d & 1))
            out.push_back(sizes[d]);
        else if (keepdim)
            out.push_back(1);
    }
    return out;
}

int64_t reduced_count(IntSpan sizes, uint64_t mask) {
    int64_t n = 1;
    for (size_t d = 0; d < sizes.size(); d++)
        if (mask >> d & 1) n *= sizes[d];
    return n;
}

Tensor restore_dims(const Tensor& t, uint64_t mask, bool keepdim) {
    Tensor out = t;
    if (!keepdim)
        for (const int64_t d : dims_of(mask)) out = unsqueeze(out, d);
    return out;
}

Tensor expand_reduced(const Tensor& t, IntSpan sizes, uint64_t mask, bool keepdim) {
    return expand(restore_dims(t, mask, keepdim), sizes);
}

Tensor allocate_reduced(const Tensor& self, uint64_t mask, bool keepdim, DType dtype) {
    return kajo::empty(reduced_sizes(self.sizes(), mask, keepdim), dtype, self.device());
}

Tensor launch_reduce(const ReduceCall& call, const Tensor& self, uint64_t mask, bool keepdim) {
    if (!is_common(call.result)) raise_unsupported(call.name, call.result);
    Tensor out = allocate_reduced(self, mask, keepdim, call.result);
    launch(kernel_of(call.reduction), {out}, {self},
           ReduceAttributes{call.reduction, call.computing, call.root, mask, call.divisor});
    return out;
}

// ---- sums
// ------------------------------------------------------------------------------------------------

Tensor sum(const Tensor& self, OptionalDims dim, bool keepdim, std::optional<DType> dtype) {
    const uint64_t mask = reduced_mask(self, dim, "sum");
    const DType type = sum_type(self, dtype);
    const auto [source, computing] = converted(self, type);
    Tensor out = launch_reduce({Reduction::Sum, "sum", computing, type}, source, mask, keepdim);
    return attach(dim ? "SumBackward1" : "SumBackward0", out, {self}, {},
                  [sizes = self.sizes(), mask, keepdim](Backward& ctx) {
                      ctx.set(0, expand_reduced(ctx.grad(), sizes, mask, keepdim));
                  });
}

Tensor nansum(const Tensor& self, OptionalDims dim, bool keepdim, std::optional<DType> dtype) {
    check(!is_complex(self.dtype()), "nansum(): does not support complex inputs");
    if (is_integral(self.dtype(), true)) return sum(self, dim, keepdim, dtype);
    const DType type = dtype.value_or(self.dtype());
    const uint64_t mask = reduced_mask(self, dim, "nansum");
    const auto [source, computing] = converted(self, type);
    const Reduction how = is_float(type) ? Reduction::NanSum : Reduction::Sum;
    Tensor out = launch_reduce({how, "nansum", computing, type}, source, mask, keepdim);
    return attach("NansumBackward0", out, {self}, {self}, [mask, keepdim](Backward& ctx) {
        const Tensor self = ctx.saved(0);
        const Tensor grad = expand_reduced(ctx.grad(), self.sizes(), mask, keepdim);
        ctx.set(0, mul(grad, logical_not(isnan(self))));
    });
}

Tensor mean(const Tensor& self, OptionalDims dim, bool keepdim, std::optional<DType> dtype) {
    const DType type = dtype.value_or(self.dtype());
    check(is_differentiable(type), "mean(): could not infer output dtype. ",
          dtype ? "Optional dtype" : "Input dtype",
          " must be either a floating point or complex dtype. Got: ", info(type).tensor_name,
          ". Pass dtype=kajo.float32, or convert the input");
    const uint64_t mask = reduced_mask(self, dim, "mean");
    const double count = static_cast<double>(reduced_count(self.sizes(), mask));
    const auto [source, computing] = converted(self, type);
    Tensor out =
        launch_reduce({Reduction::Sum, "mean", computing, type, count}, source, mask, keepdim);
    return attach(dim ? "MeanBackward1" : "MeanBackward0", out, {self}, {},
                  [sizes = self.sizes(), mask, keepdim, count](Backward& ctx) {
                      ctx.set(0,
                              div(expand_reduced(ctx.grad(), sizes, mask, keepdim), Scalar(count)));
                  });
}

Tensor nanmean(const Tensor& self, OptionalDims dim, bool keepdim, std::optional<DType> dtype) {
    check(is_differentiable(self.dtype()),
          "nanmean(): expected input to have floating point or complex dtype but got ",
          info(self.dtype()).tensor_name);
    const Tensor count = sum(logical_not(isnan(self)), dim, keepdim, std::nullopt);
    return div(nansum(self, dim, keepdim, dtype), count);
}

Tensor count_nonzero(const Tensor& self, OptionalDims dim) {
    return sum(self.dtype() == DType::Bool ? self : ne(self, Scalar(0)), dim, false, std::nullopt);
}

// ---- products
// ----------------------------------------------------------------------------------------------

namespace {

// The product of all other elements along a dimension, without division, so that zeros are no
// exception.
Tensor product_of_others(const Tensor& self, int64_t dim) {
    if (self.numel() == 0 || self.dim() == 0) return ones_like(self);
    const auto before = [&](const Tensor& t) {
        Dims one = t.sizes();
        one[static_cast<size_t>(dim)] = 1;
        const Tensor first = ones(one, t.dtype(), t.device());
        return cumprod(cat({first, narrow(t, dim, 0, t.size(dim) - 1)}, dim), dim, std::nullopt);
    };
    return mul(before(self), flip(before(flip(self, {dim})), {dim}));
}

// Whether the gradient of a product is the product divided by each factor: quick, but not where a
// factor is zero, nor to be differentiated again.
bool is_divided(const Tensor& factors) {
    return !is_differentiating() && !factors.is_meta() && is_float(factors.dtype()) &&
           item(all(factors, std::nullopt, false)).as_bool();
}

}  // namespace

Tensor prod_all(const Tensor& self, std::optional<DType> dtype) {
    const uint64_t mask = reduced_mask(self, std::nullopt, "prod");
    const DType type = sum_type(self, dtype);
    const auto [source, computing] = converted(self, type);
    Tensor out = launch_reduce({Reduction::Prod, "prod", computing, type}, source, mask, false);
    return attach("ProdBackward0", out, {self}, {self}, [type](Backward& ctx) {
        const Tensor self = to(ctx.saved(0), type);
        if (is_divided(self)) {
            const Tensor product = prod_all(self, std::nullopt);
            return ctx.set(0, div(mul(ctx.grad(), product), self));
        }
        const Tensor others = product_of_others(reshape(self, {-1}), 0);
        ctx.set(0, mul(ctx.grad(), conj(reshape(others, self.sizes()))));
    });
}

Tensor prod(const Tensor& self, int64_t dim, bool keepdim, std::optional<DType> dtype) {
    dim = wrap_dim(dim, self.dim());
    const uint64_t mask = reduced_mask(self, IntSpan(&dim, 1), "prod");
    const DType type = sum_type(self, dtype);
    const auto [source, computing] = converted(self, type);
    Tensor out = launch_reduce({Reduction::Prod, "prod", computing, type}, source, mask, keepdim);
    return attach("ProdBackward1", out, {self}, {self}, [mask, dim, keepdim, type](Backward& ctx) {
        const Tensor self = to(ctx.saved(0), type);
        const Tensor grad = restore_dims(ctx.grad(), mask, keepdim);
        if (is_divided(self))
            return ctx.set(0, div(mul(grad, prod(self, dim, true, std::nullopt)), self));
        ctx.set(0, mul(grad, conj(product_of_others(self, dim))));
    });
}

// ---- logic
// ---------------------------------------------------------------------------------------------------

namespace {

Tensor logical(Reduction how, const char* name, const Tensor& self, OptionalDims dim,
               bool keepdim) {
    // An empty list names no dimension, where it names all of them for a sum.
    const uint64_t mask = dim && dim->empty() ? 0 : reduced_mask(self, dim, name);
    const DType result = self.dtype() == DType::UInt8 ? DType::UInt8 : DType::Bool;
    return launch_reduce({how, name, DType::Bool, result}, self, mask, keepdim);
}

}  // namespace

Tensor all(const Tensor& self, OptionalDims dim, bool keepdim) {
    return logical(Reduction::All, "all", self, dim, keepdim);
}
Tensor any(const Tensor& self, OptionalDims dim, bool keepdim) {
    return logical(Reduction::Any, "any", self, dim, keepdim);
}

// ---- extremes
// --------------------------------------------------------------------------------------------------

namespace {

void check_ordered(const Tensor& self, const char* name) {
    check(!is_complex(self.dtype()), name, "(): does not support complex input");
}

// An extreme has no identity, so a reduced dimension must have elements.
void check_not_empty(const Tensor& self, uint64_t mask, const char* name) {
    for (const int64_t d : dims_of(mask))
        check_index(self.size(d) != 0, name, "(): Expected reduction dim ", d,
                    " to have non-zero size.");
}

// The gradient shared evenly among the elements that equal the extreme.
Tensor shared_evenly(const Tensor& grad, const Tensor& self, const Tensor& result,
                     const Dims& dims) {
    const Tensor mask = logical_or(eq(self, result), logical_and(isnan(self), isnan(result)));
    const Tensor count = dims.empty() ? sum(mask) : sum(mask, IntSpan(dims), true, std::nullopt);
    return mul(div(grad, count), mask);
}

Tensor extreme_all(Reduction how, const char* name, const char* node, const Tensor& self) {
    if (is_complex(self.dtype())) raise_unsupported(name, self.dtype());
    check(self.numel() > 0, name,
          "(): Expected reduction dim to be specified for input.numel() == 0. "
          "Specify the reduction dim with the 'dim' argument.");
    const uint64_t mask = reduced_mask(self, std::nullopt, name);
    Tensor out =
        launch_reduce({how, name, reduce_type(self.dtype()), self.dtype()}, self, mask, false);
    return attach(node, out, {self}, {self, out}, [](Backward& ctx) {
        ctx.set(0, shared_evenly(ctx.grad(), ctx.saved(0), ctx.saved(1), {}));
    });
}

Tensor extreme_over(Reduction how, const char* name, const char* node, const Tensor& self,
                    OptionalDims dim, bool keepdim) {
    if (is_complex(self.dtype())) raise_unsupported(name, self.dtype());
    const uint64_t mask = reduced_mask(self, dim, name);
    if (self.numel() == 0) {
        check(dim && !dim->empty(), name,
              "(): Expected reduction dim to be specified for input.numel() == 0. "
              "Specify the reduction dim with the 'dim' argument.");
        check_not_empty(self, mask, name);
    }
    Tensor out =
        launch_reduce({how, name, reduce_type(self.dtype()), self.dtype()}, self, mask, keepdim);
    return attach(node, out, {self}, {self, out}, [mask, keepdim](Backward& ctx) {
        const Tensor result = restore_dims(ctx.saved(1), mask, keepdim);
        const Tensor grad = restore_dims(ctx.grad(), mask, keepdim);
        ctx.set(0, shared_evenly(grad, ctx.saved(0), result, dims_of(mask)));
    });
}

std::tuple<Tensor, Tensor> located_extreme(Reduction how, const char* name, const char* node,
                                           const Tensor& self, int64_t dim, bool keepdim) {
    check_ordered(self, name);
    dim = wrap_dim(dim, self.dim());
    const uint64_t mask = reduced_mask(self, IntSpan(&dim, 1), name);
    check_not_empty(self, mask, name);
    Tensor values = allocate_reduced(self, mask, keepdim, self.dtype());
    Tensor indices = allocate_reduced(self, mask, keepdim, DType::Int64);
    launch(kernel_of(how), {values, indices}, {self},
           ReduceAttributes{how, reduce_type(self.dtype()), false, mask, 1});
    values = attach(node, values, {self}, {indices},
                    [sizes = self.sizes(), dim, mask, keepdim](Backward& ctx) {
                        if (sizes.empty()) return ctx.set(0, ctx.grad());
                        ctx.set(0, picked_gradient(restore_dims(ctx.grad(), mask, keepdim), sizes,
                                                   dim, restore_dims(ctx.saved(0), mask, keepdim)));
                    });
    return {values, indices};
}

Tensor place_of_extreme(Reduction how, const char* name, const Tensor& self,
                        std::optional<int64_t> dim, bool keepdim) {
    check_ordered(self, name);
    check(self.dtype() != DType::Bool, name, "(): does not support bool input");
    if (!dim)
        check_index(self.numel() != 0, name,
                    "(): Expected reduction dim to be specified for input.numel() == 0. "
                    "Specify the reduction dim with the 'dim' argument.");
    const GradModeGuard no_grad(false);
    const Tensor source = dim ? self : reshape(self, {-1});
    const int64_t along = wrap_dim(dim.value_or(0), source.dim());
    const uint64_t mask = reduced_mask(source, IntSpan(&along, 1), name);
    check_not_empty(source, mask, name);
    Tensor indices =
        dim ? allocate_reduced(source, mask, keepdim, DType::Int64)
            : kajo::empty(Dims(keepdim ? self.sizes().size() : 0, 1), DType::Int64, self.device());
    const Tensor flat = dim || !keepdim ? indices : alias(indices, {1}, {1}, 0);
    launch(kernel_of(how), {flat}, {source},
           ReduceAttributes{how, reduce_type(self.dtype()), false, mask, 1});
    return indices;
}

}  // namespace

Tensor max_all(const Tensor& self) {
    return extreme_all(Reduction::Max, "max", "MaxBackward1", self);
}
Tensor min_all(const Tensor& self) {
    return extreme_all(Reduction::Min, "min", "MinBackward1", self);
}
std::tuple<Tensor, Tensor> max(const Tensor& self, int64_t dim, bool keepdim) {
    return located_extreme(Reduction::ArgMax, "max", "MaxBackward0", self, dim, keepdim);
}
std::tuple<Tensor, Tensor> min(const Tensor& self, int64_t dim, bool keepdim) {
    return located_extreme(Reduction::ArgMin, "min", "MinBackward0", self, dim, keepdim);
}
Tensor amax(const Tensor& self, IntSpan dim, bool keepdim) {
    return extreme_over(Reduction::Max, "amax", "AmaxBackward0", self, dim, keepdim);
}
Tensor amin(const Tensor& self, IntSpan dim, bool keepdim) {
    return extreme_over(Reduction::Min, "amin", "AminBackward0", self, dim, keepdim);
}
std::tuple<Tensor, Tensor> aminmax(const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
    const OptionalDims dims = dim ? OptionalDims(IntSpan(&*dim, 1)) : std::nullopt;
    return {extreme_over(Reduction::Min, "aminmax", "AminmaxBackward0", self, dims, keepdim),
            extreme_over(Reduction::Max, "aminmax", "AminmaxBackward0", self, dims, keepdim)};
}
Tensor argmax(const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
    return place_of_extreme(Reduction::ArgMax, "argmax", self, dim, keepdim);
}
Tensor argmin(const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
    return place_of_extreme(Reduction::ArgMin, "argmin", self, dim, keepdim);
}

}  // namespace kajo::ops
