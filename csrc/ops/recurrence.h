// Recurrent layers that have kernels of their own.
#pragma once

#include <tuple>

#include "core/tensor.h"

namespace kajo::ops {

// One layer of an LSTM in one direction. from_input (steps * batch, 4 n): what the input and the
// biases add to the gates, in the order input, forget, new, output; hidden, cell (batch, n): the
// state to begin with; weight (4 n, n). Returns the hidden states (steps * batch, n) and the last
// cell.
std::tuple<Tensor, Tensor> lstm_layer(const Tensor& from_input, const Tensor& hidden,
                                      const Tensor& cell, const Tensor& weight, int64_t steps,
                                      bool reverse);

}  // namespace kajo::ops
