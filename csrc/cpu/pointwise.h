// The kernel behind every operation of the table.
#pragma once

#include "core/tensor.h"
#include "cpu/pointwise_table.h"

namespace kajo::cpu {

constexpr int kMaxScalars = 4;

// What an operation computes in, and the types that its tile kernel sees.
struct PointwiseTypes {
    ComputeType compute;
    DType input, result;
};
// The types for inputs promoted to `dtype`, which the operation must support.
PointwiseTypes pointwise_types(const PointwiseOp& op, DType dtype);

enum class PointwisePart : int8_t {
    Forward = -1,
    AllGradients = -2,
    FirstGradient = 0,  // this and the following: the gradient of one input
};

struct PointwiseAttributes {
    OpId op;
    PointwisePart part;
    DType promoted;  // the type that decides what is computed in
    int8_t scalar_count;
    int8_t number_at;  // the input that `number` stands for, or -1
    Scalar scalars[kMaxScalars];
    Scalar number;
};

void pointwise(TensorRefs outputs, TensorRefs inputs, const void* attributes);

}  // namespace kajo::cpu
