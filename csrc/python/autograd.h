// Graph nodes, hooks and backward for Python.
#pragma once

#include "autograd/node.h"
#include "python/object.h"

namespace kajo::python {

PyObject* wrap_node(const NodeRef& node);  // a new reference; None for no node
void add_autograd(PyObject* module);

}  // namespace kajo::python
