// Connectionist temporal classification. `reduction`: 0 none, 1 mean, 2 sum.
#pragma once

#include "core/tensor.h"

namespace kajo::ops {

// Log-probabilities (T, N, C) or (T, C); targets (N, S) or all sequences joined; lengths (N) or ().
Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                const Tensor& target_lengths, int64_t blank, int64_t reduction, bool zero_infinity);
Tensor ctc_loss_listed(const Tensor& log_probs, const Tensor& targets, IntSpan input_lengths,
                       IntSpan target_lengths, int64_t blank, int64_t reduction,
                       bool zero_infinity);

}  // namespace kajo::ops
