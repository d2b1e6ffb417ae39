#include "python/grad_block.h"

#include "autograd/grad_mode.h"

namespace kajo::python {

namespace {

struct GradBlock {
    PyObject_HEAD bool before;
};
GradBlock* block_of(PyObject* o) { return reinterpret_cast<GradBlock*>(o); }

// The subclass says by `_on` which way it switches.
PyObject* enter(PyObject* self, PyObject*) {
    static PyObject* on = PyUnicode_InternFromString("_on");
    return guarded([&] {
        const Object wanted = Object::steal(PyObject_GetAttr(self, on));
        block_of(self)->before = GradMode::enabled();
        GradMode::set_enabled(wanted.get() == Py_True);
        return Py_NewRef(Py_None);
    });
}
PyObject* leave(PyObject* self, PyObject* const*, Py_ssize_t) {
    GradMode::set_enabled(block_of(self)->before);
    Py_RETURN_NONE;
}

// Given a function, as a decorator without brackets is, the function in such a block.
PyObject* make(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
    static const char* names[] = {"orig_func", nullptr};
    PyObject* function = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O", const_cast<char**>(names), &function))
        return nullptr;
    return guarded([&]() -> PyObject* {
        Object block = Object::steal(type->tp_alloc(type, 0));
        if (function == Py_None) return block.release();
        return PyObject_CallOneArg(block.get(), function);
    });
}

// Arguments are taken when it is made.
int accept(PyObject*, PyObject*, PyObject*) { return 0; }

PyMethodDef methods[] = {
    {"__enter__", enter, METH_NOARGS, nullptr},
    {"__exit__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(leave)), METH_FASTCALL,
     nullptr},
    {nullptr, nullptr, 0, nullptr}};

PyTypeObject grad_block_type = [] {
    PyTypeObject t = {PyVarObject_HEAD_INIT(nullptr, 0)};
    t.tp_name = "kajo._core.GradBlock";
    t.tp_basicsize = sizeof(GradBlock);
    t.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE;
    t.tp_methods = methods;
    t.tp_new = make;
    t.tp_init = accept;
    return t;
}();

}  // namespace

void add_grad_block(PyObject* module) {
    if (PyType_Ready(&grad_block_type) < 0 ||
        PyModule_AddObjectRef(module, "GradBlock", reinterpret_cast<PyObject*>(&grad_block_type)) <
            0)
        throw PythonError{};
}

}  // namespace kajo::python
