// Exchange of memory by DLPack capsules.
#pragma once

#include "python/object.h"

namespace kajo::python {

// A new capsule that shares and keeps the tensor's memory.
PyObject* to_dlpack(const Tensor& t);
// Shares the memory of a capsule that nobody has taken yet.
Tensor from_dlpack(PyObject* capsule);

}  // namespace kajo::python
