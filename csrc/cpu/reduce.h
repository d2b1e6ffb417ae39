// The reduction engine: any shapes, strides and reduced dimensions.
//
// A reduction folds elements into states. The engine cuts the reduced elements into blocks by size
// alone, folds each block into a fresh state and combines the states pairwise in a fixed order:
// sums are accurate, and results do not depend on the number of threads.
#pragma once

#include "core/tensor.h"

namespace kajo::cpu {

enum class Reduction : int8_t {
    Sum,
    NanSum,
    Prod,
    Max,
    Min,
    ArgMax,  // outputs: (value, index), or the index alone
    ArgMin,
    Any,
    All,
    AbsSum,
    SquareSum,
    AbsMax,
    AbsMin,
    Moments,  // outputs: (variance, mean), or the variance alone
};
constexpr int kReductions = static_cast<int>(Reduction::Moments) + 1;

struct ReduceAttributes {
    Reduction reduction;
    DType computing;   // one of the types that the kernels know
    bool root;         // of the first output
    uint64_t reduced;  // bit d: dimension d of the input is reduced
    double divisor;    // of sums; the correction of moments
};

// State of n outputs side by side; `other` and blocks that follow come later in order.
struct ReduceFunctions {
    int64_t state_bytes;
    int64_t longest_run;  // that one call folds
    void (*init)(void* state, int64_t n);
    // Folds `runs` contiguous runs of n elements, whose first has index `first`, into one state
    // each.
    void (*runs)(void* state, const void* from, int64_t run_stride, int64_t runs, int64_t n,
                 int64_t first);
    // Folds rows of n elements into n states.
    void (*rows)(void* state, const void* from, int64_t row_stride, int64_t rows, int64_t n,
                 int64_t first);
    void (*merge)(void* state, const void* other, int64_t n);
    void (*finish)(void* const* out, const void* state, int64_t n, const ReduceAttributes& how);
};
// By the type that is computed in; sums of truths, and what has bfloat16, stand at the stored type.
struct ReduceKernels {
    ReduceFunctions table[kReductions][kCommonDTypes];  // runs == nullptr: not for this type
};
// Those of this machine's instruction set.
const ReduceKernels& reduce_kernels();

// The type that elements of `t` are reduced in.
constexpr DType reduce_type(DType t) {
    return t == DType::Float16 || t == DType::BFloat16 ? DType::Float32 : t;
}

void reduce(TensorRefs outputs, TensorRefs inputs, const void* attributes);

}  // namespace kajo::cpu
