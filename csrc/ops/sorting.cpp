#include "ops/sorting.h"

#include <limits>

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/shape.h"
#include "cpu/sort.h"
#include "ops/ops.h"
#include "ops/reduction.h"
#include "ops/scatter.h"

namespace kajo::ops {

static const Kernel sort_kernel{"sort", cpu::sort};
static const Kernel topk_kernel{"topk", cpu::topk};
static const Kernel pick_kernel{"pick", cpu::pick};

using cpu::Pick;

namespace {

int64_t length_along(const Tensor& t, int64_t dim) { return t.dim() == 0 ? 1 : t.size(dim); }

void refuse_complex(const Tensor& self, const char* operation) {
    check(!is_complex(self.dtype()), operation, "(): does not support complex dtypes, but got ",
          self.dtype(), "; complex numbers have no order");
}

Tensor with_history(const char* node, const Tensor& values, const Tensor& indices,
                    const Tensor& self, int64_t dim) {
    return attach(node, values, {self}, {indices}, [dim, sizes = self.sizes()](Backward& ctx) {
        ctx.set(0, picked_gradient(ctx.grad(), sizes, dim, ctx.saved(0)));
    });
}

ValuesAndIndices sorted(const char* node, const Tensor& self, int64_t dim, bool descending) {
    dim = wrap_dim(dim, self.dim());
    refuse_complex(self, "sort");
    if (info(self.dtype()).family == kUnsigned) {
        const auto [values, indices] = sorted(node, in_signed_order(self), dim, descending);
        return {in_unsigned_order(values, self.dtype()), indices};
    }
    const Tensor values = empty_like(self), indices = empty_like(self, DType::Int64);
    launch(sort_kernel, {values, indices}, {self}, cpu::SortOrder{dim, descending});
    return {with_history(node, values, indices, self, dim), indices};
}

}  // namespace

namespace {
// The same bits with the topmost turned: the order of unsigned numbers as that of signed ones.
Tensor turned(const Tensor& self, DType from, DType to) {
    const Tensor bits = alias(self);
    bits.impl()->dtype = from;
    const int64_t top = static_cast<int64_t>(~uint64_t{0} << (8 * self.item_size() - 1));
    const Tensor result = alias(bitwise_xor(bits, full({}, Scalar(top), from, self.device())));
    result.impl()->dtype = to;
    return result;
}
DType signed_type(int64_t size) {
    return size == 8 ? DType::Int64 : size == 4 ? DType::Int32 : DType::Int16;
}
}  // namespace

Tensor in_signed_order(const Tensor& self) {
    if (info(self.dtype()).family != kUnsigned) return self;
    const DType same_size = signed_type(self.item_size());
    return turned(self, same_size, same_size);
}
Tensor in_unsigned_order(const Tensor& self, DType dtype) {
    if (info(dtype).family != kUnsigned) return self;
    return turned(self, self.dtype(), dtype);
}

ValuesAndIndices sort(const Tensor& self, int64_t dim, bool descending) {
    return sorted("SortBackward0", self, dim, descending);
}
ValuesAndIndices sort_stable(const Tensor& self, std::optional<bool>, int64_t dim,
                             bool descending) {
    return sorted("SortBackward1", self, dim, descending);
}
Tensor argsort(const Tensor& self, int64_t dim, bool descending) {
    const GradModeGuard no_grad(false);
    return std::get<1>(sort(self, dim, descending));
}
Tensor argsort_stable(const Tensor& self, bool, int64_t dim, bool descending) {
    return argsort(self, dim, descending);
}
Tensor msort(const Tensor& self) { return std::get<0>(sort(self, 0, false)); }

ValuesAndIndices topk(const Tensor& self, int64_t k, int64_t dim, bool largest, bool) {
    dim = wrap_dim(dim, self.dim());
    refuse_complex(self, "topk");
    check(self.dtype() != DType::Bool, "topk(): does not support bool dtypes on CPU");
    check(k >= 0 && k <= length_along(self, dim), "topk(): selected index k out of range: k is ", k,
          " and dimension ", dim, " has ", length_along(self, dim), " elements");
    Dims sizes = self.sizes();
    if (sizes.empty())
        k = 1;  // the only element, whatever was asked for
    else
        sizes[static_cast<size_t>(dim)] = k;
    const Tensor values = empty(sizes, self.dtype(), self.device());
    const Tensor indices = empty(sizes, DType::Int64, self.device());
    launch(topk_kernel, {values, indices}, {self}, cpu::TopkChoice{dim, k, largest});
    return {with_history("TopkBackward0", values, indices, self, dim), indices};
}

namespace {

struct PickName {
    const char* operation;
    const char* node;
};
constexpr PickName kPickNames[] = {{"kthvalue", "KthvalueBackward0"},
                                   {"median", "MedianBackward1"},
                                   {"nanmedian", "NanmedianBackward1"},
                                   {"mode", "ModeBackward0"}};

ValuesAndIndices picked(const Tensor& self, int64_t k, int64_t dim, bool keepdim, Pick pick) {
    const PickName& name = kPickNames[static_cast<size_t>(pick)];
    dim = wrap_dim(dim, self.dim());
    if (is_complex(self.dtype()) || (self.dtype() == DType::Bool && pick != Pick::Mode))
        raise_unsupported(name.operation, self.dtype());
    const int64_t length = length_along(self, dim);
    check_index(length > 0, name.operation, "(): Expected reduction dim ", dim,
                " to have non-zero size.");
    check(k >= 0 && k < length, name.operation, "(): selected number k out of range for dimension ",
          dim, ": k is ", k + 1, " and the size ", length);
    Dims sizes = self.sizes(), kept = sizes;
    if (!sizes.empty()) {
        kept[static_cast<size_t>(dim)] = 1;
        if (keepdim)
            sizes = kept;
        else
            sizes.erase(static_cast<size_t>(dim));
    }
    const Tensor values = empty(sizes, self.dtype(), self.device());
    const Tensor indices = empty(sizes, DType::Int64, self.device());
    const Dims strides = contiguous_strides(kept);
    launch(pick_kernel, {alias(values, kept, strides, 0), alias(indices, kept, strides, 0)}, {self},
           cpu::PickChoice{dim, k, pick});
    const Tensor out = attach(name.node, values, {self}, {indices},
                              [dim, sizes = self.sizes(), kept](Backward& ctx) {
                                  ctx.set(0, picked_gradient(reshape(ctx.grad(), kept), sizes, dim,
                                                             reshape(ctx.saved(0), kept)));
                              });
    return {out, indices};
}

// Of all elements: equal ones share the gradient.
Tensor middle(const char* node, const Tensor& self, Pick pick) {
    if (is_complex(self.dtype())) raise_unsupported("median", self.dtype());
    Tensor out;
    {
        const GradModeGuard no_grad(false);
        if (self.numel() == 0) {
            const double nan = std::numeric_limits<double>::quiet_NaN();
            out = to(full({}, nan, DType::Float64, self.device()), self.dtype());
        } else {
            out = std::get<0>(picked(reshape(self, {-1}), 0, 0, false, pick));
        }
    }
    return attach(node, out, {self}, {self, out}, [](Backward& ctx) {
        const Tensor self = ctx.saved(0), out = ctx.saved(1);
        const Tensor chosen = logical_or(eq(self, out), logical_and(isnan(self), isnan(out)));
        const Tensor share = to(chosen, ctx.grad().dtype());
        ctx.set(0, div(mul(ctx.grad(), share), sum(share)));
    });
}

}  // namespace

ValuesAndIndices kthvalue(const Tensor& self, int64_t k, int64_t dim, bool keepdim) {
    return picked(self, k - 1, dim, keepdim, Pick::Kth);
}
Tensor median_all(const Tensor& self) { return middle("MedianBackward0", self, Pick::Median); }
ValuesAndIndices median(const Tensor& self, int64_t dim, bool keepdim) {
    return picked(self, 0, dim, keepdim, Pick::Median);
}
Tensor nanmedian_all(const Tensor& self) {
    return middle("NanmedianBackward0", self, Pick::NanMedian);
}
ValuesAndIndices nanmedian(const Tensor& self, int64_t dim, bool keepdim) {
    return picked(self, 0, dim, keepdim, Pick::NanMedian);
}
ValuesAndIndices mode(const Tensor& self, int64_t dim, bool keepdim) {
    return picked(self, 0, dim, keepdim, Pick::Mode);
}

}  // namespace kajo::ops
