#include "ops/masking.h"

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/range.h"
#include "core/shape.h"
#include "cpu/indexing.h"
#include "ops/indexing.h"
#include "ops/ops.h"

namespace kajo::ops {

static const Kernel count_true_kernel{"count_true", cpu::count_true};
static const Kernel find_true_kernel{"nonzero", cpu::find_true};

namespace {

struct None {};

// [dims, count]: the indices of true elements, or with one dimension their flat positions.
Tensor find(const Tensor& mask, bool flat) {
    const GradModeGuard no_grad(false);
    check(!mask.is_meta(),
          "nonzero(): the shape of its result depends on data, which a meta tensor "
          "does not have");
    Tensor truth = contiguous(to(mask, DType::Bool));
    if (flat) truth = view(truth, {-1});
    const int64_t blocks = (truth.numel() + cpu::kMaskBlock - 1) / cpu::kMaskBlock;
    const Tensor ends = empty({blocks}, DType::Int64);
    launch(count_true_kernel, {ends}, {truth}, None{});
    const int64_t count = blocks == 0 ? 0 : item(select(ends, 0, -1)).as_int();
    Tensor out = empty({truth.dim(), count}, DType::Int64);
    launch(find_true_kernel, {out}, {truth, ends}, None{});
    return out;
}

}  // namespace

Tensor nonzero(const Tensor& self) {
    const Tensor found = find(self, false);
    return alias(found, {found.size(1), found.size(0)}, {found.stride(1), found.stride(0)}, 0);
}

TensorList nonzero_as_tuple(const Tensor& self) {
    return unbind(nonzero(self.dim() == 0 ? unsqueeze(self, 0) : self), 1);
}

Tensor argwhere(const Tensor& self) { return nonzero(self); }

Tensor flat_nonzero(const Tensor& self) {
    const Tensor found = find(self, true);
    return alias(found, {found.size(1)}, {1}, 0);
}

namespace {
void check_value_fits(const Tensor& self, const Tensor& value) {
    check(is_complex(self.dtype()) || !is_complex(value.dtype()),
          "value cannot be converted to type ", self.dtype(), " without overflow");
    const bool whole = is_integral(self.dtype(), false) && is_integral(value.dtype(), true);
    if (whole && !value.is_meta()) check_fits(item(value), self.dtype(), "masked_fill");
}
}  // namespace

Tensor masked_fill_tensor_(const Tensor& self, const Tensor& mask, const Tensor& value) {
    check(value.dim() == 0,
          "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with ",
          value.dim(), " dimension(s).");
    check(mask.dtype() == DType::Bool,
          "masked_fill_ only supports boolean masks, but got mask with dtype ", mask.dtype());
    check_value_fits(self, value);
    check(expandable_to(mask.sizes(), self.sizes()), "masked_fill_(): a mask of shape ",
          mask.sizes(), " cannot be broadcast to a tensor of shape ", self.sizes());
    check_inplace(self, "masked_fill_");
    refuse_overlap(self, "masked_fill_");
    {
        const GradModeGuard no_grad(false);
        copy_raw(self, where(mask, to(value, self.dtype()), self));
    }
    return attach_inplace("MaskedFillBackward0", self, {self, value}, {mask}, [](Backward& ctx) {
        const Tensor mask = ctx.saved(0);
        if (ctx.needs(0)) ctx.set(0, masked_fill(ctx.grad(), mask, Scalar(0)));
        if (ctx.needs(1))
            ctx.set(1, sum_to_size(where(mask, ctx.grad(), zeros_like(ctx.grad())), {}));
    });
}

Tensor masked_fill_(const Tensor& self, const Tensor& mask, const Scalar& value) {
    check(is_complex(self.dtype()) || !value.is_complex(), "value cannot be converted to type ",
          self.dtype(), " without overflow");
    return masked_fill_tensor_(self, mask, scalar_tensor(value, self.dtype(), self.device()));
}

Tensor masked_fill_tensor(const Tensor& self, const Tensor& mask, const Tensor& value) {
    check(value.dim() == 0,
          "masked_fill only supports a 0-dimensional value tensor, but got tensor with ",
          value.dim(), " dimension(s).");
    check(mask.dtype() == DType::Bool,
          "masked_fill only supports boolean masks, but got mask with dtype ", mask.dtype());
    check_value_fits(self, value);
    Tensor out;
    {
        const GradModeGuard no_grad(false);
        out = where(mask, to(value, self.dtype()), self);
    }
    return attach("MaskedFillBackward0", out, {self, value}, {mask}, [](Backward& ctx) {
        const Tensor mask = ctx.saved(0);
        if (ctx.needs(0)) ctx.set(0, masked_fill(ctx.grad(), mask, Scalar(0)));
        if (ctx.needs(1))
            ctx.set(1, sum_to_size(where(mask, ctx.grad(), zeros_like(ctx.grad())), {}));
    });
}

Tensor masked_fill(const Tensor& self, const Tensor& mask, const Scalar& value) {
    check(is_complex(self.dtype()) || !value.is_complex(), "value cannot be converted to type ",
          self.dtype(), " without overflow");
    return masked_fill_tensor(self, mask, scalar_tensor(value, self.dtype(), self.device()));
}

Tensor masked_select(const Tensor& self, const Tensor& mask) {
    check(mask.dtype() == DType::Bool, "masked_select: expected BoolTensor for mask, but got ",
          mask.dtype());
    const Dims shape = broadcast_shapes(self.sizes(), mask.sizes(), "masked_select");
    Tensor at, out;
    {
        const GradModeGuard no_grad(false);
        at = flat_nonzero(expand(mask, shape));
        out = index(reshape(expand(self, shape), {-1}), {at});
    }
    return attach("MaskedSelectBackward0", out, {self}, {at}, [shape](Backward& ctx) {
        const Tensor flat = zeros({numel_of(shape)}, ctx.grad().dtype(), ctx.grad().device());
        ctx.set(0, reshape(index_put(flat, {ctx.saved(0)}, ctx.grad(), false), shape));
    });
}

Tensor masked_scatter_(const Tensor& self, const Tensor& mask, const Tensor& source) {
    check(mask.dtype() == DType::Bool,
          "masked_scatter_ only supports boolean masks, but got mask with dtype ", mask.dtype());
    check(source.dtype() == self.dtype(),
          "masked_scatter: expected self and source to have same dtypes but got ", self.dtype(),
          " and ", source.dtype());
    check(expandable_to(mask.sizes(), self.sizes()), "masked_scatter_(): a mask of shape ",
          mask.sizes(), " cannot be broadcast to a tensor of shape ", self.sizes());
    check_inplace(self, "masked_scatter_");
    refuse_overlap(self, "masked_scatter_");
    Tensor at;
    {
        const GradModeGuard no_grad(false);
        at = flat_nonzero(expand(mask, self.sizes()));
        check(source.numel() >= at.numel(), "masked_scatter_(): Number of elements of source (",
              source.numel(), ") < number of ones in mask (", at.numel(), ")");
        const Tensor values = narrow(reshape(source, {-1}), 0, 0, at.numel());
        const Tensor changed = index_put(reshape(self, {-1}), {at}, values, false);
        copy_raw(self, reshape(changed, self.sizes()));
    }
    return attach_inplace(
        "MaskedScatterBackward0", self, {self, source}, {mask, at},
        [source_sizes = source.sizes()](Backward& ctx) {
            if (ctx.needs(0)) ctx.set(0, masked_fill(ctx.grad(), ctx.saved(0), Scalar(0)));
            if (!ctx.needs(1)) return;
            const Tensor at = ctx.saved(1);
            const Tensor taken = index(reshape(ctx.grad(), {-1}), {at});
            const Tensor flat = zeros({numel_of(source_sizes)}, taken.dtype(), taken.device());
            const Tensor all =
                at.numel() == flat.numel()
                    ? taken
                    : index_put(flat, {arange(0, at.numel(), 1, DType::Int64)}, taken, false);
            ctx.set(1, reshape(all, source_sizes));
        });
}
Tensor masked_scatter(const Tensor& self, const Tensor& mask, const Tensor& source) {
    const Dims shape = broadcast_shapes(self.sizes(), mask.sizes(), "masked_scatter");
    return masked_scatter_(clone(expand(self, shape), MemoryFormat::Contiguous), mask, source);
}

}  // namespace kajo::ops
