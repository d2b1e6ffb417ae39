// How samples of the gamma and beta distributions move with their parameters.
#pragma once

#include "core/launch.h"

namespace kajo::cpu {

// out = d sample / d shape; in: shape, sample.
void standard_gamma_gradient(TensorRefs out, TensorRefs in, const void* attributes);
// out = d sample / d alpha of a beta distribution, times 1 / (1 - sample), its other parameter
// held; in: sample, alpha, the sum of both parameters.
void dirichlet_gradient(TensorRefs out, TensorRefs in, const void* attributes);

}  // namespace kajo::cpu
