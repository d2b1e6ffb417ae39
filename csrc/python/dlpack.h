// Exchange of memory by DLPack capsules.
#pragma once

#include "python/object.h"

namespace kajo::python {

// A new capsule that shares and keeps the tensor's memory. `versioned`: of version 1 of the
// specification, which can say that the memory is a copy.
PyObject* to_dlpack(const Tensor& t, bool versioned, bool copied);
// Shares the memory of a capsule that nobody has taken yet.
Tensor from_dlpack(PyObject* capsule);
// The table of functions by which libraries exchange tensors without capsules.
PyObject* dlpack_exchange_capsule();

}  // namespace kajo::python
