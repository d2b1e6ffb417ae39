#include "python/module_base.h"

#include <array>

namespace kajo::python {

namespace {

extern PyTypeObject module_base_type;

struct Names {
    PyObject* forward = PyUnicode_InternFromString("forward");
    PyObject* call_with_hooks = PyUnicode_InternFromString("_call_impl");
    PyObject* getattr = PyUnicode_InternFromString("__getattr__");
    PyObject* getattribute = PyUnicode_InternFromString("__getattribute__");
    std::array<PyObject*, 4> hooks = {PyUnicode_InternFromString("_forward_hooks"),
                                      PyUnicode_InternFromString("_forward_pre_hooks"),
                                      PyUnicode_InternFromString("_backward_hooks"),
                                      PyUnicode_InternFromString("_backward_pre_hooks")};
    std::array<PyObject*, 3> tables = {PyUnicode_InternFromString("_parameters"),
                                       PyUnicode_InternFromString("_buffers"),
                                       PyUnicode_InternFromString("_modules")};
};
const Names& names() {
    static const Names all;
    return all;
}

// What the package registers: how a call with hooks goes, the hooks of all modules, and who adds to
// the message of an error on its way out.
PyObject* plain_call = nullptr;
PyObject* hooks_of_all = nullptr;  // a tuple of dictionaries
PyObject* explain = nullptr;

// ---- calls --------------------------------------------------------------------------------------

bool is_empty(PyObject* hooks) { return hooks && PyDict_Check(hooks) && !PyDict_GET_SIZE(hooks); }

// Whether a call is a call of `forward` and no more.
bool is_plain(PyObject* self, PyObject* attributes) {
    if (!plain_call || _PyType_Lookup(Py_TYPE(self), names().call_with_hooks) != plain_call)
        return false;
    for (PyObject* name : names().hooks)
        if (!is_empty(PyDict_GetItemWithError(attributes, name))) return false;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(hooks_of_all); i++)
        if (!is_empty(PyTuple_GET_ITEM(hooks_of_all, i))) return false;
    return true;
}

// The arguments with `self` before them, as the vectorcall protocol takes them.
PyObject* call_with_self(PyObject* function, PyObject* self, PyObject* args, PyObject* kwargs) {
    constexpr Py_ssize_t kFew = 8;
    const Py_ssize_t n = PyTuple_GET_SIZE(args);
    PyObject* few[kFew + 1] = {self};
    if (n > kFew) {
        const Object bound = Object::steal(PyMethod_New(function, self));
        return PyObject_Call(bound.get(), args, kwargs);
    }
    for (Py_ssize_t i = 0; i < n; i++) few[i + 1] = PyTuple_GET_ITEM(args, i);
    return PyObject_VectorcallDict(function, few, static_cast<size_t>(n + 1), kwargs);
}

PyObject* call_forward(PyObject* self, PyObject* attributes, PyObject* args, PyObject* kwargs) {
    PyObject* own = PyDict_GetItemWithError(attributes, names().forward);
    PyObject* of_type = _PyType_Lookup(Py_TYPE(self), names().forward);
    if (!own && of_type && (Py_TYPE(of_type)->tp_flags & Py_TPFLAGS_METHOD_DESCRIPTOR)) {
        const Object held = Object::borrow(of_type);
        return call_with_self(of_type, self, args, kwargs);
    }
    const Object forward = Object::steal(PyObject_GetAttr(self, names().forward));
    return PyObject_Call(forward.get(), args, kwargs);
}

// Lets the package add to the message of the error that is set.
void explain_error(PyObject* self, PyObject* args, PyObject* kwargs) {
    if (!explain || !PyErr_ExceptionMatches(PyExc_Exception)) return;
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    if (trace) PyException_SetTraceback(value, trace);
    const Object given = kwargs ? Object::borrow(kwargs) : Object::steal(PyDict_New());
    PyObject* done = PyObject_CallFunctionObjArgs(explain, value, self, args, given.get(), nullptr);
    if (!done) {
        Py_XDECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(trace);
        return;
    }
    Py_DECREF(done);
    PyErr_Restore(type, value, trace);
}

PyObject* module_call(PyObject* self, PyObject* args, PyObject* kwargs) {
    return guarded([&]() -> PyObject* {
        const Object attributes = Object::steal(PyObject_GenericGetDict(self, nullptr));
        if (!is_plain(self, attributes.get())) {
            if (PyErr_Occurred()) return nullptr;
            const Object call = Object::steal(PyObject_GetAttr(self, names().call_with_hooks));
            return PyObject_Call(call.get(), args, kwargs);
        }
        PyObject* result = nullptr;
        try {
            result = call_forward(self, attributes.get(), args, kwargs);
        } catch (const PythonError&) {
        }
        if (!result) explain_error(self, args, kwargs);
        return result;
    });
}

// ---- attributes ---------------------------------------------------------------------------------

// A parameter, buffer or submodule; new, or null without an error.
PyObject* find_member(PyObject* self, PyObject* name) {
    const Object attributes = Object::steal(PyObject_GenericGetDict(self, nullptr));
    for (PyObject* table : names().tables) {
        PyObject* members = PyDict_GetItemWithError(attributes.get(), table);
        if (!members) continue;
        if (PyDict_Check(members)) {
            if (PyObject* found = PyDict_GetItemWithError(members, name)) return Py_NewRef(found);
            if (PyErr_Occurred()) throw PythonError{};
        } else if (PyMapping_HasKey(members, name)) {
            return Object::steal(PyObject_GetItem(members, name)).release();
        }
    }
    return nullptr;
}

// Reached where ordinary look-up found nothing.
PyObject* module_getattr(PyObject* self, PyObject* name) {
    return guarded([&]() -> PyObject* {
        if (PyObject* found = find_member(self, name)) return found;
        PyErr_Format(PyExc_AttributeError, "'%s' object has no attribute '%U'",
                     Py_TYPE(self)->tp_name, name);
        return nullptr;
    });
}

// Both in one: CPython before 3.12 would make an exception for each parameter that is looked up.
PyObject* module_getattro(PyObject* self, PyObject* name) {
    PyObject* found = _PyObject_GenericGetAttrWithDict(self, name, nullptr, 1);
    return found || PyErr_Occurred() ? found : module_getattr(self, name);
}

// Subclasses get the slot above unless they look up attributes in their own way.
PyObject* module_init_subclass(PyObject* cls, PyObject* args, PyObject* kwargs) {
    return guarded([&]() -> PyObject* {
        // On to whoever else is among the bases.
        const Object next = Object::steal(PyObject_CallFunctionObjArgs(
            reinterpret_cast<PyObject*>(&PySuper_Type), &module_base_type, cls, nullptr));
        const Object init = Object::steal(PyObject_GetAttrString(next.get(), "__init_subclass__"));
        Object::steal(PyObject_Call(init.get(), args, kwargs));
        auto* type = reinterpret_cast<PyTypeObject*>(cls);
        PyObject* own = _PyType_Lookup(&module_base_type, names().getattr);
        PyObject* plain = _PyType_Lookup(&PyBaseObject_Type, names().getattribute);
        if (_PyType_Lookup(type, names().getattr) == own &&
            _PyType_Lookup(type, names().getattribute) == plain)
            type->tp_getattro = module_getattro;
        return Py_NewRef(Py_None);
    });
}

PyMethodDef module_methods[] = {
    {"__getattr__", module_getattr, METH_O, "A parameter, buffer or submodule by its name."},
    {"__init_subclass__",
     reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(module_init_subclass)),
     METH_VARARGS | METH_KEYWORDS | METH_CLASS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

PyTypeObject module_base_type = [] {
    PyTypeObject t = {PyVarObject_HEAD_INIT(nullptr, 0)};
    t.tp_name = "kajo._core.ModuleBase";
    t.tp_basicsize = sizeof(PyObject);
    t.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE;
    t.tp_call = module_call;
    t.tp_methods = module_methods;
    return t;
}();

// _set_module_calls(call_with_hooks, hooks_of_all, explain)
PyObject* set_module_calls(PyObject*, PyObject* args) {
    PyObject *call, *hooks, *explaining;
    if (!PyArg_ParseTuple(args, "OO!O", &call, &PyTuple_Type, &hooks, &explaining)) return nullptr;
    plain_call = Py_NewRef(call);
    hooks_of_all = Py_NewRef(hooks);
    explain = Py_NewRef(explaining);
    Py_RETURN_NONE;
}
PyMethodDef module_functions[] = {
    {"_set_module_calls", set_module_calls, METH_VARARGS,
     "How modules with hooks are called, the hooks of all, and what adds to errors."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

void add_module_base(PyObject* module) {
    module_base_type.tp_new = PyBaseObject_Type.tp_new;
    if (PyType_Ready(&module_base_type) < 0 ||
        PyModule_AddObjectRef(module, "ModuleBase",
                              reinterpret_cast<PyObject*>(&module_base_type)) < 0 ||
        PyModule_AddFunctions(module, module_functions) < 0)
        throw PythonError{};
}

}  // namespace kajo::python
