// Calls in which others have a say: `__torch_function__` of an argument's type, and modes.
#pragma once

#include <atomic>
#include <span>

#include "python/object.h"

namespace kajo::python {

// How many modes are active in all threads together.
extern std::atomic<int> override_modes;
bool has_modes_here();
// What is neither a tensor nor of a built-in type: asks the type, or what a list holds.
bool overrides(PyObject* o);

inline bool may_override(PyObject* o) {
    constexpr unsigned long kWorthAsking =
        Py_TPFLAGS_HEAPTYPE | Py_TPFLAGS_LIST_SUBCLASS | Py_TPFLAGS_TUPLE_SUBCLASS;
    const PyTypeObject* type = Py_TYPE(o);
    return type != tensor_class && (type->tp_flags & kWorthAsking) && overrides(o);
}

inline bool is_overridden(PyObject* const* arguments, size_t count) {
    if (override_modes.load(std::memory_order_relaxed) && has_modes_here()) return true;
    for (size_t i = 0; i < count; i++)
        if (may_override(arguments[i])) return true;
    return false;
}

// Hands the call over: first to the innermost mode, then to each type that overrides. The values of
// `names` (a tuple or null) follow the positional arguments.
PyObject* call_override(PyObject* function, PyObject* const* arguments, size_t positional,
                        PyObject* names);
// The same for a method of the tensor type that is known by its name, such as "__len__".
PyObject* call_override_of(const char* name, std::initializer_list<PyObject*> arguments);
// And for a property: `access` is "__get__" or "__set__".
PyObject* call_override_of_property(const char* name, const char* access,
                                    std::initializer_list<PyObject*> arguments);

void add_overrides(PyObject* module);

}  // namespace kajo::python
