#pragma once

#include "python/object.h"

namespace kajo::python {

extern PyGetSetDef tensor_properties[];
// Gives each its docstring, and tells its getter and setter its name; called once, before the type
// is made.
void complete_tensor_properties();
extern PyBufferProcs buffer_methods;

}  // namespace kajo::python
