#include "ops/scatter.h"

#include <limits>

#include "autograd/attach.h"
#include "autograd/engine.h"
#include "core/launch.h"
#include "core/shape.h"
#include "cpu/indexing.h"
#include "ops/indexing.h"
#include "ops/masking.h"
#include "ops/ops.h"

namespace kajo::ops {

using cpu::Combine;
using cpu::LaneIndex;

static const Kernel gather_kernel{"gather", cpu::gather};
static const Kernel scatter_kernel{"scatter", cpu::scatter};

namespace {

int64_t dims_of(const Tensor& t) { return std::max<int64_t>(t.dim(), 1); }
int64_t size_at(const Tensor& t, int64_t d) { return t.dim() == 0 ? 1 : t.size(d); }

Tensor checked_index(const Tensor& index, const char* operation) {
    check(index.numel() == 0 || index.dtype() == DType::Int64 || index.dtype() == DType::Int32,
          operation, "(): Expected dtype int32/int64 for index, but got ", index.dtype());
    const GradModeGuard no_grad(false);
    const Tensor at = to(index, DType::Int64);
    // What `expand` repeats may name whole slices.
    for (int64_t d = 0; d < at.dim(); d++)
        if (at.stride(d) == 0 && at.size(d) > 1) return at;
    return contiguous(at);
}

// The index of each slice along `dim`, where all its elements have the same; else undefined.
Tensor slice_index(const Tensor& self, int64_t dim, const Tensor& index) {
    if (index.dim() < 2 || index.dim() != self.dim()) return {};
    for (int64_t d = 0; d < index.dim(); d++)
        if (d != dim &&
            (index.size(d) != self.size(d) || (index.size(d) != 1 && index.stride(d) != 0)))
            return {};
    return alias(index, {index.size(dim)}, {index.stride(dim)}, index.offset());
}

void check_places(const Tensor& self, int64_t dim, const Tensor& index, const char* operation) {
    if (index.numel() == 0) return;
    check(dims_of(index) == dims_of(self), operation,
          "(): Index tensor must have the same number of dimensions as self tensor, but got ",
          index.sizes(), " and ", self.sizes());
    for (int64_t d = 0; d < index.dim(); d++)
        check(d == dim || index.size(d) <= size_at(self, d), operation, "(): Expected index ",
              index.sizes(), " to be no larger than self ", self.sizes(), " apart from dimension ",
              dim);
}

void check_scatter(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                   const char* operation) {
    check(src.dtype() == self.dtype(), operation,
          "(): Expected self.dtype to be equal to src.dtype, but got ", self.dtype(), " and ",
          src.dtype());
    check_places(self, dim, index, operation);
    if (index.numel() == 0) return;
    check(dims_of(index) == dims_of(src), operation,
          "(): Index tensor must have the same number of dimensions as src tensor, but got ",
          index.sizes(), " and ", src.sizes());
    for (int64_t d = 0; d < index.dim(); d++)
        check(index.size(d) <= size_at(src, d), operation, "(): Expected index ", index.sizes(),
              " to be no larger than self ", self.sizes(), " apart from dimension ", dim,
              " and to be no larger size than src ", src.sizes());
}

Tensor corner(const Tensor& t, const Tensor& index) {
    Tensor part = t;
    for (int64_t d = 0; d < index.dim(); d++)
        if (part.size(d) != index.size(d)) part = narrow(part, d, 0, index.size(d));
    return part;
}

void run_scatter(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                 Combine how, bool repeat = false) {
    const GradModeGuard no_grad(false);
    const Tensor values = src.storage() == self.storage() ? clone(src) : src;
    const Tensor slices = repeat || index.numel() == 0 ? Tensor() : slice_index(self, dim, index);
    if (slices.defined()) return put_slices(self, dim, slices, corner(values, index), how);
    launch(scatter_kernel, {self}, {contiguous(index), values}, LaneIndex{dim, how, repeat});
}

// More values may be given than the index uses: the gradient of the rest is zero.
Tensor embed_in(const Tensor& part, IntSpan sizes) {
    if (part.sizes() == sizes.dims()) return part;
    const Tensor whole = zeros(sizes, part.dtype(), part.device());
    Tensor place = whole;
    for (int64_t d = 0; d < part.dim(); d++) place = narrow(place, d, 0, part.size(d));
    copy_(place, part);
    return whole;
}

Tensor source_gradient(const Tensor& grad, int64_t dim, const Tensor& index, IntSpan sizes) {
    return embed_in(gather(grad, dim, index), sizes);
}

Combine multiply_or_add(std::string_view reduce) {
    check(reduce == "add" || reduce == "multiply",
          "scatter(): reduce argument must be either add or "
          "multiply, but got ",
          reduce);
    return reduce == "add" ? Combine::Add : Combine::Multiply;
}

}  // namespace

Tensor picked_gradient(const Tensor& grad, IntSpan sizes, int64_t dim, const Tensor& index) {
    return scatter_add(zeros(sizes, grad.dtype(), grad.device()), dim, index, grad);
}

Tensor gather(const Tensor& self, int64_t dim, const Tensor& index, bool sparse_grad) {
    dim = wrap_dim(dim, self.dim());
    const Tensor at = checked_index(index, "gather");
    check(
        index.numel() == 0 || dims_of(index) == dims_of(self),
        "gather(): Index tensor must have the same number of dimensions as input tensor, but got ",
        index.sizes(), " and ", self.sizes());
    for (int64_t d = 0; d < index.dim() && index.numel() != 0; d++)
        check(d == dim || index.size(d) <= size_at(self, d),
              "gather(): Size does not match at dimension ", d, " expected index ", index.sizes(),
              " to be no larger than self ", self.sizes(), " apart from dimension ", dim);
    const Tensor slices = at.numel() == 0 ? Tensor() : slice_index(self, dim, at);
    Tensor out;
    if (slices.defined()) {
        out = slices_at(self, dim, slices);
    } else {
        const GradModeGuard no_grad(false);
        out = empty(index.sizes(), self.dtype(), self.device());
        launch(gather_kernel, {out}, {self, contiguous(at)}, LaneIndex{dim});
    }
    const bool sparse = sparse_grad && ForeignGradients::of_gather && self.dim() > 0;
    return attach("GatherBackward0", out, {self}, {at},
                  [dim, sparse, sizes = self.sizes()](Backward& ctx) {
                      const Tensor index = ctx.saved(0);
                      ctx.set(0, sparse ? ForeignGradients::of_gather(ctx.grad(), sizes, dim, index)
                                        : picked_gradient(ctx.grad(), sizes, dim, index));
                  });
}

Tensor scatter_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
    dim = wrap_dim(dim, self.dim());
    const Tensor at = checked_index(index, "scatter");
    check_scatter(self, dim, index, src, "scatter");
    check_inplace(self, "scatter_");
    refuse_overlap(self, "scatter_");
    run_scatter(self, dim, at, src, Combine::Assign);
    const auto gradient = [dim, sizes = src.sizes()](Backward& ctx) {
        const Tensor at = ctx.saved(0);
        if (ctx.needs(0)) ctx.set(0, scatter_value(ctx.grad(), dim, at, Scalar(0)));
        if (ctx.needs(1)) ctx.set(1, source_gradient(ctx.grad(), dim, at, sizes));
    };
    const auto along = [dim](const Forward& ctx) {
        return scatter(ctx.tangent_or_zeros(0), dim, ctx.saved(0), ctx.tangent_or_zeros(1));
    };
    return attach_inplace("ScatterBackward0", self, {self, src}, {at},
                          with_tangent_formula(gradient, along));
}
Tensor scatter(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
    return scatter_(clone(self), dim, index, src);
}

Tensor scatter_value_(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value) {
    dim = wrap_dim(dim, self.dim());
    const Tensor at = checked_index(index, "scatter");
    check_places(self, dim, index, "scatter");
    check_inplace(self, "scatter_");
    refuse_overlap(self, "scatter_");
    const Tensor number = scalar_tensor(value, self.dtype(), self.device());
    run_scatter(self, dim, at, number, Combine::Assign, true);
    return attach_inplace("ScatterBackward1", self, {self}, {at}, [dim](Backward& ctx) {
        ctx.set(0, scatter_value(ctx.grad(), dim, ctx.saved(0), Scalar(0)));
    });
}
Tensor scatter_value(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value) {
    return scatter_value_(clone(self), dim, index, value);
}

Tensor scatter_with_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                     std::string_view reduce) {
    return multiply_or_add(reduce) == Combine::Add
               ? scatter_add_(self, dim, index, src)
               : scatter_reduce_(self, dim, index, src, "prod", true);
}
Tensor scatter_with(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                    std::string_view reduce) {
    return scatter_with_(clone(self), dim, index, src, reduce);
}
Tensor scatter_value_with_(const Tensor& self, int64_t dim, const Tensor& index,
                           const Scalar& value, std::string_view reduce) {
    const Tensor number = scalar_tensor(value, self.dtype(), self.device());
    return scatter_with_(self, dim, index, expand(number, index.sizes()), reduce);
}
Tensor scatter_value_with(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value,
                          std::string_view reduce) {
    return scatter_value_with_(clone(self), dim, index, value, reduce);
}

Tensor scatter_add_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
    dim = wrap_dim(dim, self.dim());
    const Tensor at = checked_index(index, "scatter_add");
    check_scatter(self, dim, index, src, "scatter_add");
    check_inplace(self, "scatter_add_");
    refuse_overlap(self, "scatter_add_");
    run_scatter(self, dim, at, src, Combine::Add);
    return attach_inplace("ScatterAddBackward0", self, {self, src}, {at},
                          [dim, sizes = src.sizes()](Backward& ctx) {
                              if (ctx.needs(0)) ctx.set(0, ctx.grad());
                              if (ctx.needs(1))
                                  ctx.set(1, source_gradient(ctx.grad(), dim, ctx.saved(0), sizes));
                          });
}
Tensor scatter_add(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
    return scatter_add_(clone(self), dim, index, src);
}

namespace {

enum class Reduce : int8_t { Sum, Prod, Mean, Max, Min };

Reduce reduction_named(std::string_view name) {
    constexpr std::pair<std::string_view, Reduce> names[] = {{"sum", Reduce::Sum},
                                                             {"prod", Reduce::Prod},
                                                             {"mean", Reduce::Mean},
                                                             {"amax", Reduce::Max},
                                                             {"amin", Reduce::Min}};
    for (const auto& [known, reduce] : names)
        if (known == name) return reduce;
    raise(ErrorKind::Runtime,
          "scatter_reduce(): reduce argument must be either sum, prod, mean, amax or amin, got ",
          name);
}

Combine combine_for(Reduce reduce) {
    constexpr Combine table[] = {Combine::Add, Combine::Multiply, Combine::Add, Combine::Maximum,
                                 Combine::Minimum};
    return table[static_cast<size_t>(reduce)];
}

// The number that changes nothing: the smallest for a maximum and the largest for a minimum.
Scalar identity_of(Reduce reduce, DType dtype) {
    if (reduce == Reduce::Sum || reduce == Reduce::Mean) return Scalar(0);
    if (reduce == Reduce::Prod) return Scalar(1);
    const bool lowest = reduce == Reduce::Max;
    if (is_float(dtype)) {
        const double infinity = std::numeric_limits<double>::infinity();
        return Scalar(lowest ? -infinity : infinity);
    }
    if (dtype == DType::Bool) return Scalar(!lowest);
    return dispatch<kIntegers>(dtype, "scatter_reduce", [&]<class T>() {
        return Scalar(static_cast<int64_t>(lowest ? std::numeric_limits<T>::lowest()
                                                  : std::numeric_limits<T>::max()));
    });
}

// How many values met in each place, at least one.
Tensor meeting_counts(const Tensor& like, DType dtype, int64_t dim, const Tensor& index,
                      bool include_self) {
    const Tensor counts = include_self ? ones(like.sizes(), dtype, like.device())
                                       : zeros(like.sizes(), dtype, like.device());
    scatter_add_(counts, dim, index, ones(index.sizes(), dtype, like.device()));
    return masked_fill(counts, eq(counts, zeros({}, dtype, like.device())), Scalar(1));
}

struct ScatterReduce {
    Reduce reduce;
    bool include_self;
    int64_t dim;
    Dims src_sizes;
};

// One where an element has a share in the result; of its own place for self, else through the
// index.
struct Shares {
    Tensor self, source;
};

Tensor as_numbers(const Tensor& condition, const Tensor& like) {
    return to(condition, like.dtype());
}

// A product without one of its factors is taken as the product of all factors that are not zero,
// divided by that one. Where one of the others is zero, that zero multiplies it, so that it has a
// derivative by it; where several are, all is zero.
Shares product_shares(const Tensor& self, const Tensor& src, int64_t dim, const Tensor& at) {
    const Tensor zero = zeros({}, self.dtype(), self.device());
    const Tensor self_zero = eq(self, zero), src_zero = eq(src, zero);
    const Tensor self_factor = masked_fill(self, self_zero, Scalar(1));
    const Tensor src_factor = masked_fill(src, src_zero, Scalar(1));
    const Tensor product = scatter_reduce(self_factor, dim, at, src_factor, "prod", true);
    const Tensor zeros_met =
        scatter_add(as_numbers(self_zero, self), dim, at, as_numbers(src_zero, self));
    const Tensor self_nothing = masked_fill(self, logical_not(self_zero), Scalar(0));
    const Tensor src_nothing = masked_fill(src, logical_not(src_zero), Scalar(0));
    const Tensor nothing = scatter_add(self_nothing, dim, at, src_nothing);
    const auto share = [&](const Tensor& all, const Tensor& met, const Tensor& is_zero,
                           const Tensor& factor, const Tensor& zeros_sum, const Tensor& own) {
        const Tensor others = sub(met, as_numbers(is_zero, self));
        const Tensor rest = div(all, factor);
        return add(masked_fill(rest, ne(others, Scalar(0)), Scalar(0)),
                   masked_fill(mul(sub(zeros_sum, own), rest), ne(others, Scalar(1)), Scalar(0)));
    };
    return {share(product, zeros_met, self_zero, self_factor, nothing, self_nothing),
            share(gather(product, dim, at), gather(zeros_met, dim, at), src_zero, src_factor,
                  gather(nothing, dim, at), src_nothing)};
}

// Elements that equal the extreme share its gradient evenly.
Shares extreme_shares(const Tensor& self, const Tensor& src, const Tensor& result, int64_t dim,
                      const Tensor& at, bool include_self) {
    Tensor self_equal = as_numbers(eq(self, result), self);
    if (!include_self) self_equal = scatter_value(self_equal, dim, at, Scalar(0));
    const Tensor src_equal = as_numbers(eq(src, gather(result, dim, at)), self);
    const Tensor met = scatter_add(self_equal, dim, at, src_equal);
    const Tensor count = masked_fill(met, eq(met, zeros({}, met.dtype(), met.device())), Scalar(1));
    return {div(self_equal, count), div(src_equal, gather(count, dim, at))};
}

}  // namespace

Tensor scatter_reduce(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                      std::string_view reduce, bool include_self) {
    dim = wrap_dim(dim, self.dim());
    const Reduce how = reduction_named(reduce);
    const Tensor at = checked_index(index, "scatter_reduce");
    check_scatter(self, dim, index, src, "scatter_reduce");
    Tensor out, counts;
    {
        const GradModeGuard no_grad(false);
        out = clone(self, MemoryFormat::Contiguous);
        if (at.numel() != 0) {
            if (!include_self) {
                const Tensor identity =
                    scalar_tensor(identity_of(how, self.dtype()), self.dtype(), self.device());
                run_scatter(out, dim, at, identity, Combine::Assign, true);
            }
            run_scatter(out, dim, at, src, combine_for(how));
            if (how == Reduce::Mean) {
                counts = meeting_counts(out, self.dtype(), dim, at, include_self);
                out =
                    is_integral(self.dtype(), true) ? floor_divide(out, counts) : div(out, counts);
            }
        }
    }
    const bool reads_values = how == Reduce::Prod || how == Reduce::Max || how == Reduce::Min;
    const TensorList saved{at, counts, reads_values ? self : Tensor(),
                           reads_values ? src : Tensor(), reads_values ? out : Tensor()};
    const TensorList operands{self, src};
    return attach("ScatterReduceBackward0", out, operands, saved,
                  [dim, how, include_self, src_sizes = src.sizes()](Backward& ctx) {
                      const Tensor at = ctx.saved(0), counts = ctx.saved(1);
                      Tensor grad_self = ctx.grad(), grad_src;
                      if (at.numel() == 0) return ctx.set(0, grad_self);
                      if (how == Reduce::Sum || how == Reduce::Mean) {
                          if (counts.defined()) grad_self = div(grad_self, counts);
                          grad_src = gather(grad_self, dim, at);
                          if (!include_self)
                              grad_self = scatter_value(grad_self, dim, at, Scalar(0));
                      } else {
                          const Tensor self = ctx.saved(2), src = corner(ctx.saved(3), at);
                          const Tensor base = include_self || how != Reduce::Prod
                                                  ? self
                                                  : scatter_value(self, dim, at, Scalar(1));
                          const Shares share =
                              how == Reduce::Prod
                                  ? product_shares(base, src, dim, at)
                                  : extreme_shares(self, src, ctx.saved(4), dim, at, include_self);
                          grad_src = mul(gather(grad_self, dim, at), share.source);
                          grad_self = mul(grad_self, share.self);
                          if (!include_self && how == Reduce::Prod)
                              grad_self = scatter_value(grad_self, dim, at, Scalar(0));
                      }
                      if (ctx.needs(0)) ctx.set(0, grad_self);
                      if (ctx.needs(1)) ctx.set(1, embed_in(grad_src, src_sizes));
                  });
}

Tensor scatter_reduce_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                       std::string_view reduce, bool include_self) {
    refuse_overlap(self, "scatter_reduce_");
    check_inplace(self, "scatter_reduce_");
    // Backward reads the old values.
    const bool recorded = needs_grad({&self, &src});
    const Tensor old = recorded ? clone(self) : self;
    return copy_(self, scatter_reduce(old, dim, index, src, reduce, include_self));
}

namespace {
// Negative indices count from the end.
Tensor from_the_end(const Tensor& indices, int64_t size) {
    return where(lt(indices, scalar_tensor(0)), add(indices, scalar_tensor(size)), indices);
}
}  // namespace

Tensor take_along_dim(const Tensor& self, const Tensor& indices, std::optional<int64_t> dim) {
    check(indices.dtype() == DType::Int64,
          "take_along_dim(): dtype of indices should be Long but got ", indices.dtype());
    if (!dim) {
        const Tensor flat = reshape(indices, {-1});
        return gather(reshape(self, {-1}), 0, from_the_end(flat, self.numel()));
    }
    check(self.dim() == indices.dim(),
          "take_along_dim(): input and indices should have the same number of dimensions, but got ",
          self.dim(), " dimensions for input, and ", indices.dim(), " dimensions for indices");
    const int64_t d = wrap_dim(*dim, self.dim());
    const auto k = static_cast<size_t>(d);
    Dims self_to = self.sizes(), index_to = indices.sizes();
    self_to[k] = index_to[k] = 1;
    self_to = index_to = broadcast_shapes(self_to, index_to, "take_along_dim");
    self_to[k] = self.size(d);
    index_to[k] = indices.size(d);
    return gather(expand(self, self_to), d, from_the_end(expand(indices, index_to), self.size(d)));
}

}  // namespace kajo::ops
