// Operations steered by masks.
#pragma once

#include "core/tensor.h"

namespace kajo::ops {

// The indices of the elements that are not zero, one row each: [count, dims], in order.
Tensor nonzero(const Tensor& self);
// The same as one vector a dimension.
TensorList nonzero_as_tuple(const Tensor& self);
Tensor argwhere(const Tensor& self);
// The positions in the flattened tensor: [count].
Tensor flat_nonzero(const Tensor& self);

Tensor masked_fill_(const Tensor& self, const Tensor& mask, const Scalar& value);
Tensor masked_fill(const Tensor& self, const Tensor& mask, const Scalar& value);
Tensor masked_fill_tensor_(const Tensor& self, const Tensor& mask, const Tensor& value);
Tensor masked_fill_tensor(const Tensor& self, const Tensor& mask, const Tensor& value);
Tensor masked_select(const Tensor& self, const Tensor& mask);
Tensor masked_scatter_(const Tensor& self, const Tensor& mask, const Tensor& source);
Tensor masked_scatter(const Tensor& self, const Tensor& mask, const Tensor& source);

}  // namespace kajo::ops
