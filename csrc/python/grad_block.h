// The type under kajo.no_grad: a block in which history is recorded or not.
#pragma once

#include "python/object.h"

namespace kajo::python {

void add_grad_block(PyObject* module);

}  // namespace kajo::python
