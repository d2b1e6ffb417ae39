// Connectionist temporal classification: all alignments of a label sequence at once.
#pragma once

#include "core/launch.h"

namespace kajo::cpu {

struct CtcAttributes {
    int64_t blank;
    bool zero_infinity;  // no gradient where no alignment exists
};

// Inputs: log-probabilities (T, N, C), labels (N, S) or all joined, input and label lengths (N);
// the integers int64, all contiguous. Output: minus the log-likelihood of each sequence (N). Raises
// RuntimeError for lengths and labels that do not fit.
void ctc_loss(TensorRefs outputs, TensorRefs inputs, const void* attributes);
// Inputs: those, then the losses and the gradient of each (N). Output: the gradient (T, N, C), for
// log-probabilities that are normalised.
void ctc_loss_backward(TensorRefs outputs, TensorRefs inputs, const void* attributes);

}  // namespace kajo::cpu
