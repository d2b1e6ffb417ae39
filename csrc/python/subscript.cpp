#include "python/subscript.h"

#include <cstring>

#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/indexing.h"
#include "ops/views.h"
#include "python/bind.h"

namespace kajo::python {

namespace {

struct Bounds {
    std::optional<int64_t> start, stop;
    int64_t step = 1;
};

Bounds read_slice(PyObject* o) {
    auto* s = reinterpret_cast<PySliceObject*>(o);
    Bounds b;
    auto bound = [](PyObject* v) -> std::optional<int64_t> {
        if (v == Py_None) return std::nullopt;
        if (is_tensor(v)) return to_int(v);
        Object index = Object::steal(PyNumber_Index(v));
        int overflow = 0;
        const long long n = PyLong_AsLongLongAndOverflow(index.get(), &overflow);
        return overflow > 0 ? INT64_MAX : overflow < 0 ? INT64_MIN / 2 : n;
    };
    b.start = bound(s->start);
    b.stop = bound(s->stop);
    b.step = bound(s->step).value_or(1);
    check_value(b.step > 0, "step must be greater than zero, got ", b.step);
    return b;
}

bool is_integer(PyObject* o) {
    if (PyLong_Check(o)) return !PyBool_Check(o);
    if (is_tensor(o) || PyBool_Check(o) || PyFloat_Check(o)) return false;
    return PyIndex_Check(o) && !PySequence_Check(o);
}

bool is_array(PyObject* o) { return std::strcmp(Py_TYPE(o)->tp_name, "numpy.ndarray") == 0; }

// A short sequence that holds more than numbers has an index for each dimension, as a tuple has.
bool is_tuple_like(PyObject* index) {
    if (PyTuple_Check(index)) return true;
    constexpr Py_ssize_t kLongest = 31;
    if (is_tensor(index) || is_array(index) || PyUnicode_Check(index) || !PySequence_Check(index))
        return false;
    const Py_ssize_t n = PySequence_Size(index);
    if (n < 0) PyErr_Clear();
    for (Py_ssize_t i = 0; i < n && n <= kLongest; i++) {
        const Object item = Object::steal(PySequence_GetItem(index, i));
        PyObject* o = item.get();
        if (is_tensor(o) || PySlice_Check(o) || o == Py_Ellipsis || o == Py_None ||
            PySequence_Check(o))
            return true;
    }
    return false;
}

Tensor to_index(PyObject* o) {
    if (is_tensor(o)) return tensor_of(o);
    if (PySequence_Check(o) && !PyUnicode_Check(o)) {
        const Tensor t = tensor_from_data(o, std::nullopt);
        // An empty list is an empty index, not floats.
        return t.numel() == 0 && is_float(t.dtype()) ? ops::to(t, DType::Int64) : t;
    }
    check_type(!PyUnicode_Check(o),
               "new(): invalid data type 'str': a tensor has no named indices");
    raise(
        ErrorKind::Index,
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid "
        "indices (got ",
        Py_TYPE(o)->tp_name, ")");
}

struct Applied {
    Tensor view;
    TensorList indices;  // by dimension of the view; undefined: all of it
    bool advanced = false;
};

int64_t count_dims(PyObject* const* items, size_t n) {
    int64_t used = 0;
    for (size_t i = 0; i < n; i++) {
        PyObject* o = items[i];
        if (o == Py_None || o == Py_Ellipsis || PyBool_Check(o)) continue;
        if (is_tensor(o)) {
            const Tensor t = tensor_of(o);
            const bool mask = t.dtype() == DType::Bool || t.dtype() == DType::UInt8;
            used += mask ? t.dim() : 1;
        } else {
            used++;
        }
    }
    return used;
}

// Does what views can do and collects what needs a gather.
Applied apply(const Tensor& self, PyObject* index) {
    PyObject* single = index;
    PyObject* const* items = &single;
    size_t n = 1;
    Object tuple;
    if (is_tuple_like(index)) {
        tuple = Object::steal(PySequence_Tuple(index));
        items = &PyTuple_GET_ITEM(tuple.get(), 0);
        n = static_cast<size_t>(PyTuple_GET_SIZE(tuple.get()));
    }
    // Sequences become tensors first, since masks among them count several dimensions.
    std::vector<Object> made;
    std::vector<PyObject*> resolved(items, items + n);
    for (PyObject*& o : resolved) {
        if (o == Py_None || o == Py_Ellipsis || PyBool_Check(o) || PySlice_Check(o) ||
            is_integer(o) || is_tensor(o))
            continue;
        made.push_back(Object::steal(wrap(to_index(o))));
        o = made.back().get();
    }
    const int64_t used = count_dims(resolved.data(), n);
    check_index(used <= self.dim(), "too many indices for tensor of dimension ", self.dim());
    Applied a{self, {}, false};
    int64_t dim = 0;
    auto place = [&](const Tensor& t) {
        a.indices.resize(static_cast<size_t>(dim));
        a.indices.push_back(t);
        a.advanced = true;
    };
    for (PyObject* o : resolved) {
        if (o == Py_None) {
            a.view = ops::unsqueeze(a.view, dim++);
        } else if (o == Py_Ellipsis) {
            dim += self.dim() - used;
        } else if (PySlice_Check(o)) {
            const Bounds b = read_slice(o);
            if (b.start || b.stop || b.step != 1)
                a.view = ops::slice(a.view, dim, b.start, b.stop, b.step);
            dim++;
        } else if (PyBool_Check(o)) {
            a.view = ops::unsqueeze(a.view, dim);
            place(ops::full({1}, Scalar(o == Py_True), DType::Bool));
            dim++;
        } else if (is_integer(o)) {
            const int64_t i = to_int(o), size = a.view.size(dim);
            check_index(i >= -size && i < size, "index ", i, " is out of bounds for dimension ",
                        dim, " with size ", size);
            a.view = ops::select(a.view, dim, i);
        } else {
            const Tensor t = tensor_of(o);
            const bool mask = t.dtype() == DType::Bool || t.dtype() == DType::UInt8;
            check_index(mask || is_integral(t.dtype(), false),
                        "tensors used as indices must be long, int, byte or bool tensors, got ",
                        t.dtype());
            if (t.dim() == 0 && mask) {
                a.view = ops::unsqueeze(a.view, dim);
                place(ops::unsqueeze(ops::to(t, DType::Bool), 0));
                dim++;
            } else if (t.dim() == 0) {
                a.view = ops::select(a.view, dim, ops::item(t).as_int());
            } else {
                place(t);
                dim += mask ? t.dim() : 1;
            }
        }
    }
    return a;
}

// Leading dimensions of size one of an assigned value are dropped, as in assignments of the field.
Tensor strip_leading_ones(const Tensor& value, int64_t dims) {
    Tensor v = value;
    while (v.dim() > dims && v.size(0) == 1) v = ops::select(v, 0, 0);
    return v;
}

}  // namespace

Tensor get_item(const Tensor& self, PyObject* index) {
    if (PyLong_CheckExact(index)) {
        check_index(self.dim() > 0,
                    "invalid index of a 0-dim tensor. Use `tensor.item()` in Python to convert "
                    "a 0-dim tensor to a number");
        const int64_t i = to_int(index), n = self.sizes()[0];
        check_index(i >= -n && i < n, "index ", i, " is out of bounds for dimension 0 with size ",
                    n);
        return ops::select(self, 0, i);
    }
    Applied a = apply(self, index);
    if (a.advanced) return ops::index(a.view, a.indices);
    // The result is a new tensor even where nothing was cut off.
    if (a.view.is_same(self)) return ops::as_view(self);
    return a.view;
}

void set_item(const Tensor& self, PyObject* index, PyObject* value) {
    const bool is_number = PyLong_Check(value) || PyFloat_Check(value) || PyComplex_Check(value) ||
                           (PyIndex_Check(value) && !PySequence_Check(value) && !is_tensor(value));
    check_type(is_tensor(value) || is_number, "can't assign a ", Py_TYPE(value)->tp_name, " to a ",
               self.dtype(), " tensor; make a tensor of it first");
    const Tensor source = is_tensor(value)
                              ? tensor_of(value)
                              : ops::full({}, *as_scalar(value), self.dtype(), self.device());
    const Applied a = apply(self, index);
    if (a.advanced) {
        ops::index_put_(a.view, a.indices, source, false);
    } else if (is_number) {
        ops::fill_(a.view, *as_scalar(value));
    } else {
        ops::copy_(a.view, strip_leading_ones(source, a.view.dim()));
    }
}

}  // namespace kajo::python
