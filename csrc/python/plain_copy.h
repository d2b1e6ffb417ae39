// Copies of plain Python data that leave no trace in the original.
#pragma once

#include <nanobind/nanobind.h>

namespace kajo::python {

// Adds _copy_item to the module.
void bind_plain_copy(nanobind::module_& m);

}  // namespace kajo::python
