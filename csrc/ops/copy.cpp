#include "ops/copy.h"

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/shape.h"
#include "cpu/copy.h"
#include "ops/creation.h"

namespace kajo::ops {

namespace {

const Kernel copy_kernel{"copy_", cpu::copy, kMoved};

struct ByteRange {
    const char *begin, *end;
};
ByteRange bytes_of(const Tensor& t) {
    const char* p = static_cast<const char*>(t.raw_data());
    return {p, p + extent_of(t.sizes(), t.strides()) * t.item_size()};
}

bool same_view(const Tensor& a, const Tensor& b) {
    return a.offset() == b.offset() && a.dtype() == b.dtype() && a.sizes() == b.sizes() &&
           a.strides() == b.strides();
}

bool ranges_meet(const Tensor& a, const Tensor& b) {
    if (a.is_same(b) || !(a.storage() == b.storage())) return false;
    if (!a.raw_data() || a.numel() == 0 || b.numel() == 0 || same_view(a, b)) return false;
    const ByteRange x = bytes_of(a), y = bytes_of(b);
    return x.begin < y.end && y.begin < x.end;
}

Tensor empty_in(const Tensor& like, DType dtype, Device device, MemoryFormat format) {
    if (format != MemoryFormat::Preserve) return kajo::empty(like.sizes(), dtype, device, format);
    if (device == like.device()) return empty_like(like, dtype);
    if (like.is_non_overlapping_and_dense())
        return empty_strided(like.sizes(), like.strides(), dtype, device);
    return kajo::empty(like.sizes(), dtype, device);
}

}  // namespace

bool may_overlap(const Tensor& a, const Tensor& b) { return ranges_meet(a, b); }

void check_no_internal_overlap(const Tensor& self) {
    for (size_t i = 0; i < self.sizes().size(); i++)
        check(self.sizes()[i] <= 1 || self.strides()[i] != 0,
              "unsupported operation: more than one element of the written-to tensor refers to a "
              "single memory location. Please clone() the tensor before performing the operation.");
}

void check_no_partial_overlap(const Tensor& self, const Tensor& other) {
    // Strided views may interleave without sharing an element; only dense ones are known to share.
    check(
        !(ranges_meet(self, other) && self.is_non_overlapping_and_dense() &&
          other.is_non_overlapping_and_dense()),
        "unsupported operation: some elements of the input tensor and the written-to tensor refer "
        "to a single memory location. Please clone() the tensor before performing the operation.");
}

void copy_raw(const Tensor& out, const Tensor& from) {
    if (from.is_meta() && !out.is_meta())
        raise(ErrorKind::NotImplemented, "Cannot copy out of meta tensor; no data!");
    if (!expandable_to(from.sizes(), out.sizes())) {
        const Dims both = broadcast_shapes(out.sizes(), from.sizes(), "copy_");
        raise(ErrorKind::Runtime, "copy_(): output with shape ", out.sizes(),
              " doesn't match the broadcast shape ", both);
    }
    // What is opaque can be moved, but says nothing about another type.
    if (out.dtype() != from.dtype())
        for (const DType t : {out.dtype(), from.dtype()})
            if (!is_number(t)) raise_unsupported("copy_", t);
    launch(copy_kernel, {&out, 1}, {&from, 1}, cpu::NoAttributes{});
}

Tensor copy_(const Tensor& self, const Tensor& src) {
    check_inplace(self, "copy_");
    if (self.is_same(src)) return self;
    check_no_internal_overlap(self);
    check_no_partial_overlap(self, src);
    copy_raw(self, may_overlap(self, src) ? clone(detach(src)) : src);
    return attach_inplace("CopyBackwards", self, {self, src}, {},
                          [device = src.device()](Backward& ctx) {
                              if (ctx.needs(0)) ctx.set(0, zeros_like(ctx.grad()));
                              if (ctx.needs(1))
                                  ctx.set(1, to(ctx.grad(), std::nullopt, device, false));
                          });
}

Tensor clone(const Tensor& self, MemoryFormat format) {
    Tensor out = empty_in(self, self.dtype(), self.device(), format);
    copy_raw(out, self);
    return attach("CloneBackward0", std::move(out), {&self, 1}, {},
                  [](Backward& ctx) { ctx.set(0, ctx.grad()); });
}

Tensor contiguous(const Tensor& self, MemoryFormat format) {
    check(format != MemoryFormat::Preserve,
          "contiguous(): preserve memory format is unsupported by the contiguous operator");
    return self.is_contiguous(format) ? self : clone(self, format);
}

Tensor to(const Tensor& self, DType dtype) { return to(self, dtype, std::nullopt, false); }

Tensor to(const Tensor& self, std::optional<DType> dtype, std::optional<Device> device, bool copy,
          MemoryFormat format) {
    const DType new_dtype = dtype.value_or(self.dtype());
    const Device new_device = device.value_or(self.device());
    if (!copy && new_dtype == self.dtype() && new_device.type == self.device().type &&
        (format == MemoryFormat::Preserve || self.is_contiguous(format)))
        return self;
    Tensor out = empty_in(self, new_dtype, new_device, format);
    copy_raw(out, self);
    return attach("ToCopyBackward0", std::move(out), {&self, 1}, {},
                  [device = self.device()](Backward& ctx) {
                      ctx.set(0, to(ctx.grad(), std::nullopt, device, false));
                  });
}

Scalar item(const Tensor& self) {
    check(self.numel() == 1, "a Tensor with ", self.numel(),
          " elements cannot be converted to Scalar: index it or reduce it first");
    check(!self.is_meta(), "Tensor.item() cannot be called on meta tensors: they have no data");
    return dispatch<kEveryType>(self.dtype(), "item", [&]<class T>() -> Scalar {
        const auto x = static_cast<Accumulator<T>>(*self.data<T>());
        if constexpr (kIsComplex<Accumulator<T>>)
            return Scalar(std::complex<double>(x));
        else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, uint64_t>)
            return Scalar(x);
        else if constexpr (std::is_integral_v<T>)
            return Scalar(static_cast<int64_t>(x));
        else
            return Scalar(static_cast<double>(x));
    });
}

}  // namespace kajo::ops
