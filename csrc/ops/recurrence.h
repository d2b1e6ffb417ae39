// Recurrent layers that have kernels of their own.
#pragma once

#include "core/tensor.h"

namespace kajo::ops {

// One layer in one direction. kind: place in cpu::kCellLayouts, of G gates; from_input (rows, G n):
// what the input and the biases add to the gates, step by step; hidden, cell (batch, n): the state
// to begin with; weight (G n, n); bias (G n): of the hidden state's product, where that is apart;
// sizes: rows of each step, where they differ. Returns the hidden states (rows, n), the last ones
// of each sequence and, of an LSTM, its last cells.
TensorList recurrent_layer(int64_t kind, const Tensor& from_input, const Tensor& hidden,
                           const Tensor& cell, const Tensor& weight, const Tensor& bias,
                           const Tensor& sizes, bool reverse);

}  // namespace kajo::ops
