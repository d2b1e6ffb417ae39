#pragma once

#include "python/object.h"

namespace kajo::python {

extern PyGetSetDef tensor_properties[];
// Tells each getter and setter the name of its property; called once, before the type is made.
void name_tensor_properties();
extern PyBufferProcs buffer_methods;

}  // namespace kajo::python
