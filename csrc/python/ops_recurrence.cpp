// Recurrent layers.
#include "ops/recurrence.h"
#include "python/bind.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

const OpEntry kOperations[] = {
    {"lstm_layer(Tensor from_input, Tensor hidden, Tensor cell, Tensor weight, int steps, bool "
     "reverse) -> (Tensor, Tensor)",
     bind<&ops::lstm_layer>, kPrivate},
};

}  // namespace

std::span<const OpEntry> recurrence_operations() { return kOperations; }

}  // namespace kajo::python
