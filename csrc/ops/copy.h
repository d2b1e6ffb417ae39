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
// The only ways in which Python sees an element.
Scalar item(const Tensor& self);

}  // namespace kajo::ops
