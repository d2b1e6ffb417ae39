// What losses ask of probabilities.
#pragma once

#include "core/tensor.h"

namespace kajo::cpu {

// The only output, a bool, becomes whether all elements lie in [0, 1]; nan does not.
void all_probabilities(TensorRefs outputs, TensorRefs inputs, const void* attributes);

}  // namespace kajo::cpu
