// Tensors from nothing but sizes and numbers.
#pragma once

#include <optional>

#include "core/tensor.h"

namespace kajo::ops {

Tensor full(IntSpan size, const Scalar& value, DType dtype, Device device = {});
Tensor zeros(IntSpan size, DType dtype, Device device = {});
Tensor ones(IntSpan size, DType dtype, Device device = {});
Tensor zeros_like(const Tensor& self);
Tensor ones_like(const Tensor& self);
Tensor full_like(const Tensor& self, const Scalar& value);
// A 0-d tensor for a number; it keeps the low rank of a number in type promotion.
Tensor scalar_tensor(const Scalar& value);
Tensor scalar_tensor(const Scalar& value, DType dtype, Device device = {});
Tensor arange(const Scalar& start, const Scalar& end, const Scalar& step,
              std::optional<DType> dtype, Device device = {});
Tensor linspace(const Scalar& start, const Scalar& end, int64_t steps, DType dtype,
                Device device = {});
Tensor logspace(const Scalar& start, const Scalar& end, int64_t steps, double base, DType dtype,
                Device device = {});
Tensor eye(int64_t n, int64_t m, DType dtype, Device device = {});

// In place, without autograd: for fresh results inside operations.
void fill_raw(const Tensor& out, const Scalar& value);
void zero_raw(const Tensor& out);
Tensor fill_(const Tensor& self, const Scalar& value);
Tensor fill_tensor_(const Tensor& self, const Tensor& value);  // a 0-d value, with gradient
Tensor zero_(const Tensor& self);

}  // namespace kajo::ops
