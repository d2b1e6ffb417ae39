#pragma once

#include "python/object.h"

namespace kajo::python {

extern PyGetSetDef tensor_properties[];
extern PyBufferProcs buffer_methods;

}  // namespace kajo::python
