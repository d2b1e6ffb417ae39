// Kernels that copy, fill and count up.
#pragma once

#include "core/tensor.h"

namespace kajo::cpu {

struct NoAttributes {};
void copy(TensorRefs outputs, TensorRefs inputs, const void* attributes);

struct FillAttributes {
    Scalar value;
};
void fill(TensorRefs outputs, TensorRefs inputs, const void* attributes);

// start + i * step; from `mirror` on counted back from the end, so that both ends are exact; then,
// if base is not 0, base to that power.
struct RangeAttributes {
    Scalar start, step, end;
    int64_t mirror;
    double base;
};
void range(TensorRefs outputs, TensorRefs inputs, const void* attributes);

}  // namespace kajo::cpu
