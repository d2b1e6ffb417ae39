// What programs ask for by use_deterministic_algorithms: refusals and filled memory, as PyTorch has
// them.
#pragma once

#include "core/tensor.h"
#include "python/object.h"

namespace kajo::python {

struct Deterministic {
    bool enabled = false;
    bool warn_only = false;
    bool fill_uninitialized = true;
};
Deterministic& deterministic();

// Refuses, or warns of, an operation whose result PyTorch does not promise to be the same every
// time.
void alert_not_deterministic(const char* operation);
// A tensor just made without values: they are NaN, the largest integer or true, where asked for.
Tensor filled_if_deterministic(const Tensor& made);
// Likewise the elements that a larger tensor has more.
Tensor resize_(const Tensor& self, IntSpan size);

}  // namespace kajo::python
