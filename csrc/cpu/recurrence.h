// One layer of a recurrent network in one direction, all steps at once.
#pragma once

#include "core/tensor.h"
#include "cpu/pointwise_table.h"

namespace kajo::cpu {

enum class CellKind : int8_t { LSTM, GRU, Tanh, Relu };
constexpr int kCellKinds = 4;

// Rows of a cell in runs of n, one for each of its units.
struct CellLayout {
    const char* name;
    int gates;           // what the input and the state's product with the weights consist of
    int saved;           // what backward reads beside the states; holds the products before
    bool has_cell;       // a second part of the state
    bool product_apart;  // the product is scaled before it meets the input: gradients of its own
    bool passes;         // the state flows on past the product too
};
constexpr CellLayout kCellLayouts[kCellKinds] = {
    {"LSTM", 4, 4, true, false, false},  // input, forget, new, output
    {"GRU", 3, 4, false, true, true},    // reset, update, new; saved: the product before the last
    {"RNN_TANH", 1, 0, false, false, false},
    {"RNN_RELU", 1, 0, false, false, false},
};
constexpr const CellLayout& layout_of(CellKind kind) {
    return kCellLayouts[static_cast<int>(kind)];
}

// `count` neighbouring units of one sequence at one step; runs begin `run` elements apart.
struct CellStep {
    int64_t run, count;
    const void *input, *bias;  // the bias (or null) is added to the product
    void* work;                // the products come in, what is saved goes out
    const void *hidden, *cell;
    void *next_hidden, *next_cell;
    TileFn sigmoid, tanh;
};
struct CellSlopes {
    int64_t run, count;
    const void* grad_hidden;  // of what the step gave
    void* along_hidden;       // from later steps; becomes what flows past the product
    void* along_cell;         // of the cell after, then of the cell before
    const void *saved, *hidden, *cell, *next_hidden, *next_cell;
    void *grad_gates, *grad_products;
    TileFn tanh;
};
struct CellFunctions {
    void (*forward[kCellKinds])(const CellStep& step);
    void (*backward[kCellKinds])(const CellSlopes& slopes);
};
struct CellKernels {
    CellFunctions f32, f64;
};
// Those of this machine's instruction set.
const CellKernels& cell_kernels();

// Everything is contiguous, in float32 or float64. Rows are ordered by step; `sizes` (steps),
// int64, says how many each has, never more than the one before; undefined: as many as the state.
struct RecurrentAttributes {
    CellKind kind;
    bool reverse;  // the last step comes first
    bool keep;     // fill `saved`
};
// Inputs: what the input adds to the gates (rows, G n), hidden and cell (batch, n) to begin with,
// the hidden state's weights (G n, n), the bias of its product (G n), sizes. Outputs: hidden states
// and cells (rows, n), what is saved (rows, S n), the last hidden state and cell. Cell, bias and
// sizes may be undefined; outputs that a kind has not are empty.
void recurrent_layer(TensorRefs outputs, TensorRefs inputs, const void* attributes);
// Inputs: the gradient of the hidden states, hidden, cell, weights, sizes, and the first three
// outputs above. Outputs: the gradients of the gates and of the products (rows, G n; one tensor
// where they are the same), of hidden and cell, which enter as those of the last ones, and of the
// weights.
void recurrent_layer_backward(TensorRefs outputs, TensorRefs inputs, const void* attributes);

}  // namespace kajo::cpu
