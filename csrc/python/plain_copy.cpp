#include "python/plain_copy.h"

#include <algorithm>
#include <vector>

namespace kajo::python {

namespace {

namespace nb = nanobind;

constexpr std::size_t kMaxDepth = 32;

// Copies plain data by reading it only. Using an object normally counts a reference, which is a
// write, and in a forked process a write copies the page. What is not plain is handed out as it is.
class PlainCopier {
  public:
    // A new reference, or null with an exception set.
    PyObject* copy(PyObject* source) {
        PyTypeObject* type = Py_TYPE(source);
        if (type == &PyUnicode_Type) return copy_text(source);
        if (type == &PyLong_Type) return copy_integer(source);
        if (type == &PyFloat_Type) return PyFloat_FromDouble(PyFloat_AS_DOUBLE(source));
        if (type == &PyBytes_Type)
            return PyBytes_FromStringAndSize(PyBytes_AS_STRING(source), PyBytes_GET_SIZE(source));
        if (type == &PyDict_Type) return nested(source, &PlainCopier::copy_dict);
        if (type == &PyList_Type) return nested(source, &PlainCopier::copy_list);
        if (type == &PyTuple_Type) return nested(source, &PlainCopier::copy_tuple);
        return Py_NewRef(source);
    }

  private:
    using Copy = PyObject* (PlainCopier::*)(PyObject*);

    PyObject* nested(PyObject* source, Copy copy_container) {
        const bool holds_itself = std::find(path_.begin(), path_.end(), source) != path_.end();
        if (holds_itself || path_.size() >= kMaxDepth) return Py_NewRef(source);
        path_.push_back(source);
        PyObject* result = (this->*copy_container)(source);
        path_.pop_back();
        return result;
    }

    static PyObject* copy_text(PyObject* source) {
#if PY_VERSION_HEX < 0x030c0000
        if (!PyUnicode_IS_READY(source)) return Py_NewRef(source);
#endif
        return PyUnicode_FromKindAndData(static_cast<int>(PyUnicode_KIND(source)),
                                         PyUnicode_DATA(source), PyUnicode_GET_LENGTH(source));
    }

    static PyObject* copy_integer(PyObject* source) {
        int overflow = 0;
        const long long value = PyLong_AsLongLongAndOverflow(source, &overflow);
        return overflow ? Py_NewRef(source) : PyLong_FromLongLong(value);
    }

    PyObject* copy_dict(PyObject* source) {
        nb::object result = nb::steal(PyDict_New());
        if (!result) return nullptr;
        Py_ssize_t position = 0;
        PyObject *key = nullptr, *value = nullptr;
        while (PyDict_Next(source, &position, &key, &value)) {
            const nb::object new_key = nb::steal(copy(key));
            const nb::object new_value = nb::steal(new_key ? copy(value) : nullptr);
            if (!new_value || PyDict_SetItem(result.ptr(), new_key.ptr(), new_value.ptr()))
                return nullptr;
        }
        return result.release().ptr();
    }

    PyObject* copy_list(PyObject* source) {
        const Py_ssize_t count = PyList_GET_SIZE(source);
        nb::object result = nb::steal(PyList_New(count));
        for (Py_ssize_t i = 0; result && i < count; ++i) {
            PyObject* item = copy(PyList_GET_ITEM(source, i));
            if (!item) return nullptr;
            PyList_SET_ITEM(result.ptr(), i, item);
        }
        return result.release().ptr();
    }

    PyObject* copy_tuple(PyObject* source) {
        const Py_ssize_t count = PyTuple_GET_SIZE(source);
        nb::object result = nb::steal(PyTuple_New(count));
        for (Py_ssize_t i = 0; result && i < count; ++i) {
            PyObject* item = copy(PyTuple_GET_ITEM(source, i));
            if (!item) return nullptr;
            PyTuple_SET_ITEM(result.ptr(), i, item);
        }
        return result.release().ptr();
    }

    std::vector<PyObject*> path_;
};

nb::object copy_item(const nb::list& items, Py_ssize_t index) {
    const Py_ssize_t count = PyList_GET_SIZE(items.ptr());
    if (index < 0) index += count;
    if (index < 0 || index >= count) throw nb::index_error("list index out of range");
    PyObject* copied = PlainCopier().copy(PyList_GET_ITEM(items.ptr(), index));
    if (!copied) throw nb::python_error();
    return nb::steal(copied);
}

}  // namespace

void bind_plain_copy(nb::module_& m) {
    m.def("_copy_item", &copy_item, nb::arg("items"), nb::arg("index"),
          "A copy of an item of plain data, made without counting references in the original.");
}

}  // namespace kajo::python
