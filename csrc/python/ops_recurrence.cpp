// Recurrent layers.
#include "ops/recurrence.h"
#include "python/bind.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

const OpEntry kOperations[] = {
    {"recurrent_layer(int kind, Tensor from_input, Tensor hidden, Tensor? cell, Tensor weight, "
     "Tensor? bias, Tensor? sizes, bool reverse) -> Tensor[]",
     bind<&ops::recurrent_layer>, kPrivate},
};

}  // namespace

std::span<const OpEntry> recurrence_operations() { return kOperations; }

}  // namespace kajo::python
