// Tables of vectors looked up by number, and counts of numbers.
#pragma once

#include <optional>

#include "core/tensor.h"

namespace kajo::ops {

// The rows of `weight` that `indices` names; the gradient leaves out the row padding_idx.
Tensor embedding(const Tensor& weight, const Tensor& indices, int64_t padding_idx,
                 bool scale_grad_by_freq, bool sparse);
Tensor embedding_dense_backward(const Tensor& grad, const Tensor& indices, int64_t num_weights,
                                int64_t padding_idx, bool scale_grad_by_freq);
// num_classes -1: one more than the largest value.
Tensor one_hot(const Tensor& self, int64_t num_classes);
Tensor bincount(const Tensor& self, const Tensor& weights, int64_t minlength);
Tensor histc(const Tensor& self, int64_t bins, const Scalar& min, const Scalar& max);

}  // namespace kajo::ops
