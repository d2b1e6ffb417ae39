// What kajo.debug needs of the core.
#pragma once

#include <nanobind/nanobind.h>

namespace kajo::python {

void bind_debugging(nanobind::module_& m);

}  // namespace kajo::python
