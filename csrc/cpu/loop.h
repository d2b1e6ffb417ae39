// The loop engine: element-wise work over any shapes, strides and types, on tiles.
//
// A tile kernel works on short contiguous runs of its computing type. What is stored contiguously
// in that type is passed as it is; everything else is gathered and converted into scratch that
// stays in the L1 cache. Work is cut by size only, so results do not depend on the number of
// threads.
#pragma once

#include <span>

#include "core/dims.h"
#include "core/dtype.h"
#include "cpu/pointwise_table.h"

namespace kajo::cpu {

struct Operand {
    void* data;
    DType stored;
    DType computing;         // what the tile kernel sees
    const int64_t* strides;  // in elements, one a dimension of the loop; null: contiguous
    bool constant = false;   // one element for all; strides are not looked at
};

// Elements below which work stays in the calling thread, and in which larger work is shared out.
constexpr int64_t kParallelGrain = 32768;

constexpr int kMaxOperands = 12;

void run_tiles(TileFn function, const void* scalars, IntSpan shape,
               std::span<const Operand> outputs, std::span<const Operand> inputs,
               bool takes_repeated = false);

// Converts as it goes; the computing types are not looked at.
void copy_tiles(IntSpan shape, const Operand& to, const Operand& from);

}  // namespace kajo::cpu
