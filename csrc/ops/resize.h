// Changing what a tensor is a view of.
#pragma once

#include <optional>

#include "core/tensor.h"

namespace kajo::ops {

Tensor resize_(const Tensor& self, IntSpan size);
Tensor set_(const Tensor& self, const StorageRef& storage, int64_t offset, IntSpan size,
            IntSpan stride);
// `.data = other`: takes over the other's storage, shape and type; history and grad stay.
void set_data(const Tensor& self, const Tensor& other);

}  // namespace kajo::ops
