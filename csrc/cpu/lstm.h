// One layer of an LSTM in one direction, all steps at once.
#pragma once

#include "core/tensor.h"
#include "cpu/pointwise_table.h"

namespace kajo::cpu {

// One row of n cells. `gates` are four runs of n: input, forget, new, output.
struct LstmFunctions {
    // Activates the gates in place; next = forget * cell + input * new; hidden = output *
    // tanh(next).
    void (*forward)(void* gates, const void* cell, void* next, void* hidden, int64_t n,
                    TileFn sigmoid, TileFn tanh);
    // From the gradients of hidden (two summands) and of next, which becomes that of cell.
    void (*backward)(void* grad_gates, void* grad_cell, const void* grad_hidden,
                     const void* more_grad_hidden, const void* gates, const void* cell,
                     const void* next, int64_t n, TileFn tanh);
};
struct LstmKernels {
    LstmFunctions f32, f64;
};
// Those of this machine's instruction set.
const LstmKernels& lstm_kernels();

// Everything is contiguous, in float32 or float64; rows of (steps * batch) are ordered by step.
struct LstmAttributes {
    int64_t steps;
    bool reverse;  // the last step comes first
};
// Inputs: what the input adds to the gates (steps * batch, 4 n), hidden and cell (batch, n) to
// begin with, the hidden state's weights (4 n, n). Outputs: hidden states and cells (steps * batch,
// n), the activated gates.
void lstm(TensorRefs outputs, TensorRefs inputs, const void* attributes);
// Inputs: the gradient of the hidden states, hidden, cell, weights, and the outputs above. Outputs:
// the gradients of the four inputs; that of the cell enters as the gradient of the last cell.
void lstm_backward(TensorRefs outputs, TensorRefs inputs, const void* attributes);

}  // namespace kajo::cpu
