// Tile kernels of complex types that are worth vectors written by hand; see TileFn.
#pragma once

#include "cpu/pointwise_table.h"

namespace kajo::cpu {

struct ComplexTiles {
    TileFn add, sub, mul, square, neg, conj, div, reciprocal, sgn;
};
struct ComplexKernels {
    ComplexTiles c64, c128;
};

// The kernel for this operation in this type, or null where the table's own is taken.
TileFn complex_tile(OpId op, ComputeType type);

}  // namespace kajo::cpu
