// Element-wise operations: one way in for all of the table, and names for those that C++ uses.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "core/tensor.h"
#include "cpu/pointwise_table.h"

namespace kajo::ops {

using cpu::OpId;

// A call of an operation of the table. One input may be undefined: `number` stands in its place, as a
// plain number ranks in type promotion. Scalars left out have the table's defaults.
struct PointwiseCall {
    OpId op;
    TensorRefs inputs;
    std::span<const Scalar> scalars = {};
    const Scalar* number = nullptr;
};
Tensor pointwise(const PointwiseCall& call);
// Writes over the first input.
Tensor pointwise_inplace(const PointwiseCall& call);

inline Tensor pointwise(OpId op, std::initializer_list<Tensor> inputs,
                        std::initializer_list<Scalar> scalars = {}) {
    return pointwise({op, {inputs.begin(), inputs.size()}, {scalars.begin(), scalars.size()}});
}

}  // namespace kajo::ops
