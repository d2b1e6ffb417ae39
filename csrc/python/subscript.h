// x[...] and tensors made from Python data.
#pragma once

#include "python/object.h"

namespace kajo::python {

Tensor get_item(const Tensor& self, PyObject* index);
void set_item(const Tensor& self, PyObject* index, PyObject* value);

// Nested sequences, numbers, tensors, arrays and buffers: always a copy.
Tensor tensor_from_data(PyObject* data, std::optional<DType> dtype);
// Shares the memory of an object with the buffer protocol.
Tensor tensor_from_buffer(PyObject* object, std::optional<DType> dtype);
DType default_dtype_now();

}  // namespace kajo::python
