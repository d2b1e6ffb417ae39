#include "ops/indexing.h"

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/promotion.h"
#include "core/shape.h"
#include "cpu/indexing.h"
#include "ops/embedding.h"
#include "ops/joining.h"
#include "ops/masking.h"
#include "ops/ops.h"
#include "ops/reduction.h"
#include "ops/scatter.h"
#include "ops/searching.h"

namespace kajo::ops {

using cpu::Combine;
using cpu::IndexLayout;

static const Kernel index_kernel{"index", cpu::index, kConverted | kBits};
static const Kernel sum_rows_kernel{"sum_rows", cpu::sum_rows};
static const Kernel index_put_kernel{"index_put", cpu::index_put, kConverted};

void refuse_overlap(const Tensor& self, const char* operation) {
    for (size_t d = 0; d < self.sizes().size(); d++)
        check(
            self.strides()[d] != 0 || self.sizes()[d] <= 1, operation,
            "(): unsupported operation: more than one element of the written-to tensor refers to "
            "a single memory location. Please clone() the tensor before performing the operation.");
}

Tensor separate_from(const Tensor& self, const Tensor& operand) {
    const GradModeGuard no_grad(false);
    if (operand.storage() == self.storage()) return clone(operand, MemoryFormat::Contiguous);
    return contiguous(operand);
}

Tensor as_index(const Tensor& index, const char* operation) {
    check(index.dtype() == DType::Int64 || index.dtype() == DType::Int32, operation,
          "(): Expected dtype int32/int64 for index, but got ", index.dtype());
    return contiguous(to(index, DType::Int64));
}

namespace {

struct None {};

bool is_mask(const Tensor& t) { return t.dtype() == DType::Bool || t.dtype() == DType::UInt8; }

// The index tensors as the kernels want them: int64, one a dimension, of one shape.
struct Indexing {
    TensorList per_dim;     // undefined: the whole dimension
    TensorList contiguous;  // those that are defined
    Dims shape;             // that they broadcast to
    Dims result;
    Tensor arranged;  // the indexed tensor with its dimensions in the kernels' order
    IndexLayout layout;
    bool in_front = false;  // the broadcast shape comes first

    Indexing(const Tensor& self, const TensorList& indices);

  private:
    void expand_masks(const Tensor& self, const TensorList& indices);
    void broadcast();
    void arrange(const Tensor& self);
};

Indexing::Indexing(const Tensor& self, const TensorList& indices) {
    const GradModeGuard no_grad(false);
    expand_masks(self, indices);
    broadcast();
    arrange(self);
}

void Indexing::expand_masks(const Tensor& self, const TensorList& indices) {
    for (size_t i = 0; i < indices.size(); i++) {
        const Tensor& entry = indices[i];
        if (!entry.defined()) {
            per_dim.emplace_back();
            continue;
        }
        if (!is_mask(entry)) {
            check_index(entry.dtype() == DType::Int64 || entry.dtype() == DType::Int32,
                        "tensors used as indices must be long, int, byte or bool tensors, but got ",
                        entry.dtype());
            per_dim.push_back(entry);
            continue;
        }
        for (size_t d = 0; d < entry.sizes().size(); d++) {
            const size_t at = per_dim.size() + d;
            check_index(at < self.sizes().size(), "too many indices for tensor of dimension ",
                        self.dim());
            check_index(entry.sizes()[d] == self.sizes()[at], "The shape of the mask ",
                        entry.sizes(), " at index ", d,
                        " does not match the shape of the indexed tensor ", self.sizes(),
                        " at index ", at);
        }
        const Tensor found = nonzero(entry);
        for (int64_t d = 0; d < entry.dim(); d++) per_dim.push_back(select(found, 1, d));
    }
    check_index(per_dim.size() <= self.sizes().size(), "too many indices for tensor of dimension ",
                self.dim());
    per_dim.resize(self.sizes().size());
}

std::string shapes_of(const TensorList& tensors) {
    std::ostringstream text;
    for (const Tensor& t : tensors)
        if (t.defined()) text << (text.tellp() == 0 ? "" : ", ") << t.sizes();
    return text.str();
}

void Indexing::broadcast() {
    try {
        for (const Tensor& t : per_dim)
            if (t.defined()) shape = broadcast_shapes(shape, t.sizes(), "index");
    } catch (const Error&) {
        raise(ErrorKind::Index,
              "shape mismatch: indexing tensors could not be broadcast together with shapes ",
              shapes_of(per_dim));
    }
    for (Tensor& t : per_dim) {
        if (!t.defined()) continue;
        const Tensor wide = to(t, DType::Int64);
        contiguous.push_back(ops::contiguous(
            wide.sizes() == shape
                ? wide
                : alias(wide, shape, broadcast_strides(wide, shape), wide.offset())));
        t = contiguous.back();
    }
}

void Indexing::arrange(const Tensor& self) {
    Dims outer, indexed, inner;
    bool gap = false;
    for (size_t d = 0; d < per_dim.size(); d++) {
        if (per_dim[d].defined()) {
            in_front |= gap;
            indexed.push_back(static_cast<int64_t>(d));
        } else if (indexed.empty()) {
            outer.push_back(static_cast<int64_t>(d));
        } else {
            gap = true;
            inner.push_back(static_cast<int64_t>(d));
        }
    }
    if (in_front) {
        for (const int64_t d : inner) outer.push_back(d);
        inner = outer;
        outer.clear();
    }
    check(indexed.size() <= cpu::kMaxIndexed, "index(): more than ", cpu::kMaxIndexed,
          " indexed dimensions");
    layout.outer_dims = static_cast<int32_t>(outer.size());
    layout.indexed_dims = static_cast<int32_t>(indexed.size());
    Dims sizes, strides;
    const auto take_dims = [&](const Dims& dims) {
        for (const int64_t d : dims) {
            sizes.push_back(self.size(d));
            strides.push_back(self.stride(d));
        }
    };
    take_dims(outer);
    result = sizes;
    take_dims(indexed);
    take_dims(inner);
    for (const int64_t n : shape) result.push_back(n);
    for (const int64_t d : inner) result.push_back(self.size(d));
    for (size_t k = 0; k < indexed.size(); k++)
        layout.dimension[k] = static_cast<int8_t>(indexed[k]);
    arranged = alias(self, sizes, strides, self.offset());
}

TensorList with(const Tensor& first, const TensorList& rest) {
    TensorList all{first};
    all.append(rest.begin(), rest.end());
    return all;
}

TensorList saved_indices(Backward& ctx, size_t count) {
    TensorList indices;
    for (size_t i = 0; i < count; i++) indices.push_back(ctx.saved(i));
    return indices;
}

Tensor read(const Tensor& self, const Indexing& how) {
    Tensor out = empty(how.result, self.dtype(), self.device());
    launch(index_kernel, {&out, 1}, with(how.arranged, how.contiguous), how.layout);
    return out;
}

// Values that fit the result of the same indexing, or one value for all.
Tensor values_for(const Tensor& self, const Tensor& values, const Dims& shape) {
    const Tensor own = separate_from(self, values);
    if (own.numel() == 1) return own;
    Dims trimmed = own.sizes();
    while (trimmed.size() > shape.size() && trimmed[0] == 1) trimmed.erase(0);
    check(expandable_to(trimmed, shape), "shape mismatch: value tensor of shape ", values.sizes(),
          " cannot be broadcast to indexing result of shape ", shape);
    if (trimmed == shape) return own;
    const Tensor fitting = alias(own, trimmed, contiguous_strides(trimmed), own.offset());
    return contiguous(alias(own, shape, broadcast_strides(fitting, shape), own.offset()));
}

void write(const Tensor& self, Indexing& how, const Tensor& values, Combine combine) {
    how.layout.how = combine;
    launch(index_put_kernel, {&how.arranged, 1},
           with(values_for(self, values, how.result), how.contiguous), how.layout);
}

TensorList along(int64_t dim, const Tensor& index) {
    TensorList indices(static_cast<size_t>(dim) + 1);
    indices.back() = index.dim() == 0 ? unsqueeze(index, 0) : index;
    return indices;
}

// A 0-d tensor is treated as a vector of one element.
Tensor at_least_1d(const Tensor& t) { return t.dim() == 0 ? alias(t, {1}, {1}, t.offset()) : t; }

}  // namespace

Tensor index(const Tensor& self, const TensorList& indices) {
    const Indexing how(self, indices);
    if (how.contiguous.empty()) return clone(self);
    const size_t count = how.per_dim.size();
    return attach("IndexBackward0", read(self, how), {&self, 1}, how.per_dim,
                  [sizes = self.sizes(), count](Backward& ctx) {
                      const TensorList at = saved_indices(ctx, count);
                      ctx.set(0, index_put(zeros(sizes, ctx.grad().dtype(), ctx.grad().device()),
                                           at, ctx.grad(), true));
                  });
}

Tensor index_put_(const Tensor& self, const TensorList& indices, const Tensor& values,
                  bool accumulate) {
    check(values.dtype() == self.dtype(),
          "Index put requires the source and destination dtypes match, got ",
          info(self.dtype()).tensor_name, " for the destination and ",
          info(values.dtype()).tensor_name, " for the source.");
    check_inplace(self, "index_put_");
    refuse_overlap(self, "index_put_");
    Indexing how(self, indices);
    if (how.contiguous.empty()) return copy_(self, accumulate ? add(self, values) : values);
    write(self, how, values, accumulate ? Combine::Add : Combine::Assign);
    const size_t count = how.per_dim.size();
    const TensorList operands{self, values};
    const auto along = [count, accumulate](const Forward& ctx) {
        TensorList at;
        for (size_t i = 0; i < count; i++) at.push_back(ctx.saved(i));
        return index_put(ctx.tangent_or_zeros(0), at, ctx.tangent_or_zeros(1), accumulate);
    };
    const auto gradient = [count, accumulate, value_sizes = values.sizes()](Backward& ctx) {
        const TensorList at = saved_indices(ctx, count);
        if (ctx.needs(0))
            ctx.set(0, accumulate
                           ? ctx.grad()
                           : index_put(ctx.grad(), at,
                                       zeros({}, ctx.grad().dtype(), ctx.grad().device()), false));
        if (ctx.needs(1)) {
            Tensor g = index(ctx.grad(), at);
            if (value_sizes.size() > g.sizes().size()) {
                // Values may have leading dimensions of size one beyond the indexed shape.
                Dims trimmed = value_sizes;
                while (trimmed.size() > g.sizes().size()) trimmed.erase(0);
                g = reshape(sum_to_size(g, trimmed), value_sizes);
            }
            ctx.set(1, g);
        }
    };
    return attach_inplace("IndexPutBackward0", self, operands, how.per_dim,
                          with_tangent_formula(gradient, along));
}

Tensor index_put(const Tensor& self, const TensorList& indices, const Tensor& values,
                 bool accumulate) {
    return index_put_(clone(self), indices, values, accumulate);
}

Tensor index_select(const Tensor& self, int64_t dim, const Tensor& index) {
    dim = wrap_dim(dim, self.dim());
    check_index(index.dim() <= 1,
                "index_select(): Index is supposed to be a vector, but got shape ", index.sizes());
    const Tensor at = as_index(index, "index_select");
    Indexing how(at_least_1d(self), along(dim, at));
    how.layout.wraps = false;
    Tensor out = read(self, how);
    if (self.dim() == 0) out = alias(out, {}, {}, out.offset());
    return attach("IndexSelectBackward0", out, {self}, {at},
                  [dim, sizes = self.sizes()](Backward& ctx) {
                      ctx.set(0, index_add(zeros(sizes, ctx.grad().dtype(), ctx.grad().device()),
                                           dim, ctx.saved(0), ctx.grad(), Scalar(1)));
                  });
}

namespace {

void check_source(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                  const char* operation) {
    check_index(index.dim() <= 1, operation,
                "(): Index is supposed to be a vector, but got dim: ", index.dim());
    check(source.dtype() == self.dtype(), operation, "(): self (", self.dtype(), ") and source (",
          source.dtype(), ") expected to have the same dtype");
    const int64_t along_dim = source.dim() == 0 ? 1 : source.size(std::min(dim, source.dim() - 1));
    check(index.numel() == along_dim, operation, "(): Number of indices (", index.numel(),
          ") should be equal to source.size(dim): (", along_dim, "), for dim: ", dim);
    if (source.dim() == 0 && self.dim() <= 1) return;
    Dims expected = at_least_1d(self).sizes(), got = at_least_1d(source).sizes();
    if (expected.size() == got.size())
        expected[static_cast<size_t>(dim)] = got[static_cast<size_t>(dim)];
    check(
        expected == got, operation,
        "(): source tensor shape must match self tensor shape, excluding the specified dimension. "
        "Got self.shape = ",
        self.sizes(), " source.shape = ", source.sizes());
}

void write_along(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                 Combine combine, ErrorKind error) {
    const Tensor target = at_least_1d(self);
    Indexing how(target, along(dim, index));
    how.layout.wraps = false;
    how.layout.error = error;
    write(target, how, source, combine);
}

}  // namespace

Tensor slices_at(const Tensor& self, int64_t dim, const Tensor& index) {
    Indexing how(self, along(dim, index));
    how.layout.wraps = false;
    how.layout.error = ErrorKind::Runtime;
    return read(self, how);
}
void put_slices(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                Combine combine) {
    write_along(self, dim, index, source, combine, ErrorKind::Runtime);
}

Tensor index_add_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                  const Scalar& alpha) {
    dim = wrap_dim(dim, self.dim());
    check_source(self, dim, index, source, "index_add_");
    check_inplace(self, "index_add_");
    refuse_overlap(self, "index_add_");
    const Tensor at = as_index(index, "index_add_");
    const bool scaled = alpha.as_complex() != 1.0;
    Tensor values = source;
    if (scaled) {
        const GradModeGuard no_grad(false);
        values = to(mul(source, scalar_tensor(alpha)), self.dtype());
    }
    write_along(self, dim, at, values, Combine::Add, ErrorKind::Runtime);
    return attach_inplace("IndexAddBackward0", self, {self, source}, {at},
                          [dim, alpha, scaled, sizes = source.sizes()](Backward& ctx) {
                              if (ctx.needs(0)) ctx.set(0, ctx.grad());
                              if (!ctx.needs(1)) return;
                              Tensor g =
                                  reshape(index_select(ctx.grad(), dim, ctx.saved(0)), sizes);
                              ctx.set(1, scaled ? mul(g, scalar_tensor(alpha)) : g);
                          });
}
Tensor index_add(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                 const Scalar& alpha) {
    return index_add_(clone(self), dim, index, source, alpha);
}

Tensor index_copy_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
    dim = wrap_dim(dim, self.dim());
    check_source(self, dim, index, source, "index_copy_");
    check_inplace(self, "index_copy_");
    refuse_overlap(self, "index_copy_");
    const Tensor at = as_index(index, "index_copy_");
    write_along(self, dim, at, source, Combine::Assign, ErrorKind::Index);
    const auto gradient = [dim, sizes = source.sizes()](Backward& ctx) {
        const Tensor at = ctx.saved(0);
        if (ctx.needs(0)) ctx.set(0, index_fill(ctx.grad(), dim, at, Scalar(0)));
        if (ctx.needs(1)) ctx.set(1, reshape(index_select(ctx.grad(), dim, at), sizes));
    };
    const auto along = [dim](const Forward& ctx) {
        return index_copy(ctx.tangent_or_zeros(0), dim, ctx.saved(0), ctx.tangent_or_zeros(1));
    };
    return attach_inplace("IndexCopyBackward0", self, {self, source}, {at},
                          with_tangent_formula(gradient, along));
}
Tensor index_copy(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
    return index_copy_(clone(self), dim, index, source);
}

Tensor index_fill_tensor_(const Tensor& self, int64_t dim, const Tensor& index,
                          const Tensor& value) {
    dim = wrap_dim(dim, self.dim());
    check(value.dim() == 0,
          "index_fill_ only supports a 0-dimensional value tensor, but got tensor with ",
          value.dim(), " dimension(s).");
    check_index(index.dim() <= 1, "index_fill_(): Index is supposed to be a vector");
    check_inplace(self, "index_fill_");
    refuse_overlap(self, "index_fill_");
    const Tensor at = as_index(index, "index_fill_");
    {
        const GradModeGuard no_grad(false);
        const Tensor target = at_least_1d(self);
        Indexing how(target, along(dim, at));
        write(target, how, to(value, self.dtype()), Combine::Assign);
    }
    const auto gradient = [dim](Backward& ctx) {
        const Tensor at = ctx.saved(0);
        if (ctx.needs(0)) ctx.set(0, index_fill(ctx.grad(), dim, at, Scalar(0)));
        if (!ctx.needs(1)) return;
        // A place that is named twice is filled once.
        const Tensor places = std::get<0>(unique(at, false, false, false));
        ctx.set(1, sum_to_size(index_select(ctx.grad(), dim, places), {}));
    };
    const auto along = [dim](const Forward& ctx) {
        return index_fill_tensor(ctx.tangent_or_zeros(0), dim, ctx.saved(0),
                                 ctx.tangent_or_zeros(1));
    };
    return attach_inplace("IndexFillBackward0", self, {self, value}, {at},
                          with_tangent_formula(gradient, along));
}
Tensor index_fill_(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value) {
    check(is_complex(self.dtype()) || !value.is_complex(),
          "index_fill_(): Converting complex Scalar to non-complex type is not supported");
    return index_fill_tensor_(self, dim, index, scalar_tensor(value, self.dtype(), self.device()));
}
Tensor index_fill(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value) {
    return index_fill_(clone(self), dim, index, value);
}
Tensor index_fill_tensor(const Tensor& self, int64_t dim, const Tensor& index,
                         const Tensor& value) {
    return index_fill_tensor_(clone(self), dim, index, value);
}

Tensor index_reduce_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                     std::string_view reduce, bool include_self) {
    dim = wrap_dim(dim, self.dim());
    check_source(self, dim, index, source, "index_reduce_");
    check(reduce == "prod" || reduce == "mean" || reduce == "amax" || reduce == "amin",
          "index_reduce_(): Expected reduce to be one of prod, mean, amax or amin but got ", reduce,
          ".");
    // Its places are those of a scatter whose index is the same across the other dimensions.
    const Tensor at = as_index(index, "index_reduce_");
    Dims ones(static_cast<size_t>(std::max<int64_t>(self.dim(), 1)), 1);
    ones[static_cast<size_t>(dim)] = at.numel();
    const Tensor spread =
        self.dim() == 0 ? reshape(at, {}) : expand(reshape(at, ones), source.sizes());
    return scatter_reduce_(self, dim, spread, source, reduce, include_self);
}
Tensor index_reduce(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                    std::string_view reduce, bool include_self) {
    return index_reduce_(clone(self), dim, index, source, reduce, include_self);
}

Tensor sum_rows(const Tensor& self, const Tensor& index, const Tensor& starts,
                const Tensor& weights) {
    check(self.dim() == 2 && index.dim() == 1 && starts.dim() == 1 && starts.numel() >= 1 &&
              (!weights.defined() ||
               (weights.sizes() == index.sizes() && weights.dtype() == self.dtype())) &&
              (self.dtype() == DType::Float32 || self.dtype() == DType::Float64),
          "sum_rows(): rows of shape ", self.sizes(), ", an index of shape ", index.sizes(),
          " and starts of shape ", starts.sizes(), " do not go together");
    const Tensor at = as_index(index, "sum_rows"), first = as_index(starts, "sum_rows");
    const Tensor out = empty({starts.numel() - 1, self.size(1)}, self.dtype(), self.device());
    {
        const GradModeGuard no_grad(false);
        launch(sum_rows_kernel, {out},
               {contiguous(self), at, first, weights.defined() ? contiguous(weights) : weights},
               None{});
    }
    return attach("SumRowsBackward0", out, {self, weights}, {self, weights, at, first},
                  [weighted = weights.defined(), rows = self.size(0)](Backward& ctx) {
                      const Tensor at = ctx.saved(2), first = ctx.saved(3);
                      const int64_t bags = first.numel() - 1;
                      const Tensor counts =
                          sub(narrow(first, 0, 1, bags), narrow(first, 0, 0, bags));
                      const Tensor bag = repeat_interleave_sources(counts, at.numel());
                      const Tensor g = index_select(ctx.grad(), 0, bag);
                      if (ctx.needs(0)) {
                          const Tensor share = weighted ? mul(g, unsqueeze(ctx.saved(1), 1)) : g;
                          ctx.set(0, embedding_dense_backward(share, at, rows, -1, false));
                      }
                      if (weighted && ctx.needs(1)) {
                          const int64_t dim = 1;
                          ctx.set(1, sum(mul(g, index_select(ctx.saved(0), 0, at)),
                                         IntSpan(&dim, 1), false, std::nullopt));
                      }
                  });
}

Tensor take(const Tensor& self, const Tensor& index) {
    check(index.dtype() == DType::Int64, "take(): Expected a long tensor for index, but got ",
          index.dtype());
    check_index(self.numel() != 0 || index.numel() == 0,
                "take(): tried to take from an empty tensor");
    Tensor out;
    {
        const GradModeGuard no_grad(false);
        out = ops::index(reshape(self, {-1}), {index});
    }
    return attach("TakeBackward0", out, {self}, {index}, [sizes = self.sizes()](Backward& ctx) {
        ctx.set(0, put(zeros(sizes, ctx.grad().dtype(), ctx.grad().device()), ctx.saved(0),
                       ctx.grad(), true));
    });
}

Tensor put_(const Tensor& self, const Tensor& index, const Tensor& source, bool accumulate) {
    check(index.dtype() == DType::Int64, "put_(): Expected a long tensor for index, but got ",
          index.dtype());
    check(source.dtype() == self.dtype(), "put_(): self (", self.dtype(), ") and source (",
          source.dtype(), ") expected to have the same dtype");
    check_index(source.numel() == index.numel(),
                "put_(): Expected source and index to have the same number of elements, but got "
                "source.numel() = ",
                source.numel(), ", index.numel() = ", index.numel());
    check_inplace(self, "put_");
    refuse_overlap(self, "put_");
    {
        const GradModeGuard no_grad(false);
        const Tensor own = contiguous(self);
        Indexing how(alias(own, {own.numel()}, {1}, own.offset()), {reshape(index, {-1})});
        write(how.arranged, how, reshape(source, {-1}),
              accumulate ? Combine::Add : Combine::Assign);
        if (!own.is_same(self)) copy_raw(self, own);
    }
    return attach_inplace(
        "PutBackward0", self, {self, source}, {index},
        [accumulate, sizes = source.sizes()](Backward& ctx) {
            const Tensor index = ctx.saved(0);
            if (ctx.needs(0))
                ctx.set(0, accumulate
                               ? ctx.grad()
                               : put(ctx.grad(), index,
                                     zeros(index.sizes(), ctx.grad().dtype(), ctx.grad().device()),
                                     false));
            if (ctx.needs(1)) ctx.set(1, reshape(take(ctx.grad(), index), sizes));
        });
}
Tensor put(const Tensor& self, const Tensor& index, const Tensor& source, bool accumulate) {
    return put_(clone(self), index, source, accumulate);
}

}  // namespace kajo::ops
