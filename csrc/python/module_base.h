// The type under kajo.nn.Module: what every layer goes through, without a frame of Python.
#pragma once

#include "python/object.h"

namespace kajo::python {

void add_module_base(PyObject* module);

}  // namespace kajo::python
