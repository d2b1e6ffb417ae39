// Softmax along a dimension, and its logarithm.
#pragma once

#include <optional>

#include "core/tensor.h"

namespace kajo::ops {

Tensor softmax(const Tensor& self, int64_t dim, std::optional<DType> dtype = std::nullopt);
Tensor log_softmax(const Tensor& self, int64_t dim, std::optional<DType> dtype = std::nullopt);

}  // namespace kajo::ops
