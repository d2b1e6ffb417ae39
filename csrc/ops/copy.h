// Moving elements: copies, conversions, contiguous forms.
#pragma once

#include <optional>

#include "core/tensor.h"

namespace kajo::ops {

// Writes `from` (broadcast, converted) over `out`; unknown to autograd.
void copy_raw(const Tensor& out, const Tensor& from);
Tensor copy_(const Tensor& self, const Tensor& src);
Tensor clone(const Tensor& self, MemoryFormat format = MemoryFormat::Preserve);
Tensor contiguous(const Tensor& self, MemoryFormat format = MemoryFormat::Contiguous);
Tensor to(const Tensor& self, DType dtype);  // self itself when nothing changes
Tensor to(const Tensor& self, std::optional<DType> dtype, std::optional<Device> device, bool copy,
          MemoryFormat format = MemoryFormat::Preserve);
// Raise RuntimeError where a write would read what it has overwritten, or hit an element twice.
void check_no_internal_overlap(const Tensor& self);
void check_no_partial_overlap(const Tensor& self, const Tensor& other);
// Might share elements, other than by being the same view.
bool may_overlap(const Tensor& a, const Tensor& b);
// The only ways in which Python sees an element.
Scalar item(const Tensor& self);

}  // namespace kajo::ops
