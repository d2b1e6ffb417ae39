#include "python/overrides.h"

#include <cstddef>
#include <vector>

#include "core/error.h"

namespace kajo::python {

std::atomic<int> override_modes{0};

namespace {

enum class Overriding : int { Enabled = 0, TypesDisabled = 1, Disabled = 2 };

struct State {
    Overriding overriding = Overriding::Enabled;
    std::vector<PyObject*> modes;  // owned; the innermost is the last
};

State& state() {
    static thread_local State here;
    return here;
}

class OverridingGuard {
  public:
    explicit OverridingGuard(Overriding value)
        : before_(std::exchange(state().overriding, value)) {}
    ~OverridingGuard() { state().overriding = before_; }
    OverridingGuard(const OverridingGuard&) = delete;
    OverridingGuard& operator=(const OverridingGuard&) = delete;

  private:
    Overriding before_;
};

void push_mode(PyObject* mode) {
    state().modes.push_back(Py_NewRef(mode));
    override_modes++;
}
Object pop_mode() {
    check(!state().modes.empty(), "there is no mode to leave");
    Object mode = Object::steal(state().modes.back());
    state().modes.pop_back();
    override_modes--;
    return mode;
}

// A mode does not see the calls that its own handler makes.
class InnermostMode {
  public:
    InnermostMode() : mode_(pop_mode()) {}
    ~InnermostMode() { push_mode(mode_.get()); }
    InnermostMode(const InnermostMode&) = delete;
    InnermostMode& operator=(const InnermostMode&) = delete;
    PyObject* get() const { return mode_.get(); }

  private:
    Object mode_;
};

PyObject* method_name() {
    static PyObject* name = PyUnicode_InternFromString("__torch_function__");
    return name;
}

// Declares that a type does not override, though it is a subclass of one that may.
PyObject* disabled_implementation = nullptr;

bool type_overrides(PyTypeObject* type) {
    if (type == tensor_class || !(type->tp_flags & Py_TPFLAGS_HEAPTYPE)) return false;
    PyObject* found = _PyType_Lookup(type, method_name());  // borrowed
    return found && found != disabled_implementation;
}

bool is_list(PyObject* o) { return PyList_Check(o) || PyTuple_Check(o); }

// One instance of each type that overrides, subclasses before what they derive from.
void collect(PyObject* o, std::vector<PyObject*>& found, bool look_inside = true) {
    PyTypeObject* type = Py_TYPE(o);
    if (type_overrides(type)) {
        size_t place = found.size();
        for (size_t i = 0; i < found.size(); i++) {
            if (Py_TYPE(found[i]) == type) return;
            if (place == found.size() && PyType_IsSubtype(type, Py_TYPE(found[i]))) place = i;
        }
        found.insert(found.begin() + static_cast<ptrdiff_t>(place), o);
    } else if (look_inside && is_list(o)) {
        for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); i++)
            collect(PySequence_Fast_GET_ITEM(o, i), found, false);
    }
}

Object types_of(const std::vector<PyObject*>& objects) {
    Object types = Object::steal(PyTuple_New(static_cast<Py_ssize_t>(objects.size())));
    for (size_t i = 0; i < objects.size(); i++)
        PyTuple_SET_ITEM(types.get(), static_cast<Py_ssize_t>(i),
                         Py_NewRef(reinterpret_cast<PyObject*>(Py_TYPE(objects[i]))));
    return types;
}

[[noreturn]] void raise_unhandled(PyObject* function, PyObject* types, PyObject* mode) {
    Object named = Object::steal(PyObject_GetAttrString(function, "__name__"));
    if (mode)
        PyErr_Format(PyExc_TypeError,
                     "no implementation found for 'kajo.%U' on types that implement "
                     "__torch_function__: %R nor was it found on the currently active mode %R",
                     named.get(), types, mode);
    else
        PyErr_Format(PyExc_TypeError,
                     "no implementation found for 'kajo.%U' on types that implement "
                     "__torch_function__: %R",
                     named.get(), types);
    throw PythonError{};
}

PyObject* ask(PyObject* function, const std::vector<PyObject*>& found, PyObject* arguments,
              PyObject* options) {
    const Object types = types_of(found);
    auto answer_of = [&](PyObject* who) {
        const Object method = Object::steal(PyObject_GetAttr(who, method_name()));
        PyObject* passed[] = {function, types.get(), arguments, options};
        return Object::steal(PyObject_Vectorcall(method.get(), passed, 4, nullptr));
    };
    Object mode;
    if (has_modes_here()) {
        const InnermostMode innermost;
        mode = Object::borrow(innermost.get());
        Object answer = answer_of(innermost.get());
        if (answer.get() != Py_NotImplemented) return answer.release();
    }
    for (PyObject* o : found) {
        Object answer = answer_of(o);
        if (answer.get() != Py_NotImplemented) return answer.release();
    }
    raise_unhandled(function, types.get(), mode.get());
}

std::vector<PyObject*> collected(PyObject* const* arguments, size_t count) {
    std::vector<PyObject*> found;
    if (state().overriding != Overriding::Enabled) return found;
    for (size_t i = 0; i < count; i++) collect(arguments[i], found);
    return found;
}

}  // namespace

bool has_modes_here() {
    const State& here = state();
    return !here.modes.empty() && here.overriding != Overriding::Disabled;
}

namespace {
bool holds_overriding(PyObject* o) {
    if (type_overrides(Py_TYPE(o))) return true;
    if (!is_list(o)) return false;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); i++)
        if (type_overrides(Py_TYPE(PySequence_Fast_GET_ITEM(o, i)))) return true;
    return false;
}
}  // namespace

bool overrides(PyObject* o) {
    return holds_overriding(o) && state().overriding == Overriding::Enabled;
}

PyObject* call_override(PyObject* function, PyObject* const* arguments, size_t positional,
                        PyObject* names) {
    const auto keywords = names ? static_cast<size_t>(PyTuple_GET_SIZE(names)) : 0;
    const Object args = Object::steal(PyTuple_New(static_cast<Py_ssize_t>(positional)));
    for (size_t i = 0; i < positional; i++)
        PyTuple_SET_ITEM(args.get(), static_cast<Py_ssize_t>(i), Py_NewRef(arguments[i]));
    const Object options = Object::steal(PyDict_New());
    for (size_t i = 0; i < keywords; i++)
        if (PyDict_SetItem(options.get(), PyTuple_GET_ITEM(names, static_cast<Py_ssize_t>(i)),
                           arguments[positional + i]) < 0)
            throw PythonError{};
    return ask(function, collected(arguments, positional + keywords), args.get(), options.get());
}

PyObject* call_override_of(const char* name, std::initializer_list<PyObject*> arguments) {
    const Object method =
        Object::steal(PyObject_GetAttrString(reinterpret_cast<PyObject*>(tensor_class), name));
    return call_override(method.get(), arguments.begin(), arguments.size(), nullptr);
}

PyObject* call_override_of_property(const char* name, const char* access,
                                    std::initializer_list<PyObject*> arguments) {
    const Object property =
        Object::steal(PyObject_GetAttrString(reinterpret_cast<PyObject*>(tensor_class), name));
    const Object method = Object::steal(PyObject_GetAttrString(property.get(), access));
    return call_override(method.get(), arguments.begin(), arguments.size(), nullptr);
}

// ---- functions written in Python that may be overridden as a whole ------------------------------

namespace {

struct Overridable {
    PyObject_HEAD vectorcallfunc call;
    PyObject* function;
    PyObject* weak_references;
};
Overridable* overridable_of(PyObject* o) { return reinterpret_cast<Overridable*>(o); }

PyObject* overridable_call(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* names) {
    const auto positional = static_cast<size_t>(PyVectorcall_NARGS(nargsf));
    const auto keywords = names ? static_cast<size_t>(PyTuple_GET_SIZE(names)) : 0;
    if (is_overridden(args, positional + keywords)) [[unlikely]]
        return guarded([&] { return call_override(self, args, positional, names); });
    return PyObject_Vectorcall(overridable_of(self)->function, args, nargsf, names);
}
PyObject* overridable_get(PyObject* self, PyObject* instance, PyObject*) {
    return instance && instance != Py_None ? PyMethod_New(self, instance) : Py_NewRef(self);
}
PyObject* overridable_repr(PyObject* self) { return PyObject_Repr(overridable_of(self)->function); }
PyObject* overridable_attribute(PyObject* self, PyObject* name) {
    if (PyUnicode_CompareWithASCIIString(name, "__wrapped__") == 0)
        return Py_NewRef(overridable_of(self)->function);
    // The type's own attributes are those that make it a callable that can be bound and pickled.
    for (const char* own : {"__class__", "__call__", "__get__", "__reduce__", "__reduce_ex__"})
        if (PyUnicode_CompareWithASCIIString(name, own) == 0)
            return PyObject_GenericGetAttr(self, name);
    return PyObject_GetAttr(overridable_of(self)->function, name);
}
PyObject* overridable_reduce(PyObject* self, PyObject*) {
    return PyObject_GetAttrString(overridable_of(self)->function, "__qualname__");
}
int overridable_traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(overridable_of(self)->function);
    return 0;
}
int overridable_clear(PyObject* self) {
    Py_CLEAR(overridable_of(self)->function);
    return 0;
}
void overridable_dealloc(PyObject* self) {
    PyObject_GC_UnTrack(self);
    if (overridable_of(self)->weak_references) PyObject_ClearWeakRefs(self);
    overridable_clear(self);
    PyObject_GC_Del(self);
}

PyMethodDef overridable_methods[] = {{"__reduce__", overridable_reduce, METH_NOARGS, nullptr},
                                     {nullptr, nullptr, 0, nullptr}};

PyTypeObject overridable_type = [] {
    PyTypeObject t = {PyVarObject_HEAD_INIT(nullptr, 0)};
    t.tp_name = "kajo._core.Overridable";
    t.tp_basicsize = sizeof(Overridable);
    t.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR |
                 Py_TPFLAGS_HAVE_GC;
    t.tp_vectorcall_offset = offsetof(Overridable, call);
    t.tp_weaklistoffset = offsetof(Overridable, weak_references);
    t.tp_call = PyVectorcall_Call;
    t.tp_descr_get = overridable_get;
    t.tp_repr = overridable_repr;
    t.tp_getattro = overridable_attribute;
    t.tp_methods = overridable_methods;
    t.tp_traverse = overridable_traverse;
    t.tp_clear = overridable_clear;
    t.tp_dealloc = overridable_dealloc;
    return t;
}();

PyObject* make_overridable(PyObject*, PyObject* function) {
    return guarded([&]() -> PyObject* {
        if (Py_TYPE(function) == &overridable_type) return Py_NewRef(function);
        auto* o = PyObject_GC_New(Overridable, &overridable_type);
        if (!o) throw PythonError{};
        o->call = overridable_call;
        o->function = Py_NewRef(function);
        o->weak_references = nullptr;
        PyObject_GC_Track(o);
        return reinterpret_cast<PyObject*>(o);
    });
}

// ---- what kajo.overrides is written with --------------------------------------------------------

PyObject* call_plainly(PyObject* args, Overriding overriding) {
    PyObject *function, *types, *arguments, *options = nullptr;
    if (!PyArg_ParseTuple(args, "OOO!|O", &function, &types, &PyTuple_Type, &arguments, &options))
        return nullptr;
    const OverridingGuard off(overriding);
    return PyObject_Call(
        function, arguments,
        options && options != Py_None && PyDict_GET_SIZE(options) ? options : nullptr);
}
PyObject* disabled_torch_function(PyObject*, PyObject* args) {
    return call_plainly(args, Overriding::TypesDisabled);
}

PyObject* set_overriding(PyObject*, PyObject* value) {
    const long level = PyLong_AsLong(value);
    if (level == -1 && PyErr_Occurred()) return nullptr;
    return PyLong_FromLong(
        static_cast<int>(std::exchange(state().overriding, static_cast<Overriding>(level))));
}
PyObject* get_overriding(PyObject*, PyObject*) {
    return PyLong_FromLong(static_cast<int>(state().overriding));
}

PyObject* has_torch_function(PyObject*, PyObject* const* args, Py_ssize_t n) {
    return PyBool_FromLong(is_overridden(args, static_cast<size_t>(n)));
}

// _handle_torch_function(function, relevant, args, kwargs)
PyObject* handle_torch_function(PyObject*, PyObject* args) {
    PyObject *function, *relevant, *arguments, *options;
    if (!PyArg_ParseTuple(args, "OOO!O!", &function, &relevant, &PyTuple_Type, &arguments,
                          &PyDict_Type, &options))
        return nullptr;
    return guarded([&] {
        const Object list = Object::steal(PySequence_List(relevant));
        return ask(function,
                   collected(PySequence_Fast_ITEMS(list.get()),
                             static_cast<size_t>(PyList_GET_SIZE(list.get()))),
                   arguments, options);
    });
}

PyObject* overriding_arguments(PyObject*, PyObject* relevant) {
    return guarded([&] {
        const Object list = Object::steal(PySequence_List(relevant));
        const auto found = collected(PySequence_Fast_ITEMS(list.get()),
                                     static_cast<size_t>(PyList_GET_SIZE(list.get())));
        Object out = Object::steal(PyList_New(0));
        for (PyObject* o : found) PyList_Append(out.get(), o);
        return out.release();
    });
}

PyObject* push_mode_python(PyObject*, PyObject* mode) {
    push_mode(mode);
    Py_RETURN_NONE;
}
PyObject* pop_mode_python(PyObject*, PyObject*) {
    return guarded([] { return pop_mode().release(); });
}
PyObject* modes_python(PyObject*, PyObject*) {
    return guarded([] {
        Object list = Object::steal(PyList_New(0));
        for (PyObject* mode : state().modes) PyList_Append(list.get(), mode);
        return list.release();
    });
}

PyMethodDef override_functions[] = {
    {"_overridable", make_overridable, METH_O, "A function that __torch_function__ may override."},
    {"_disabled_torch_function_impl", disabled_torch_function, METH_VARARGS,
     "Calls a function without regard to __torch_function__ of types."},
    {"_set_overriding", set_overriding, METH_O,
     "0: on, 1: modes only, 2: off; returns the former."},
    {"_get_overriding", get_overriding, METH_NOARGS, nullptr},
    {"_has_torch_function",
     reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(has_torch_function)), METH_FASTCALL,
     "Whether a call with these arguments is handed over."},
    {"_handle_torch_function", handle_torch_function, METH_VARARGS, nullptr},
    {"_overriding_arguments", overriding_arguments, METH_O, nullptr},
    {"_push_mode", push_mode_python, METH_O, nullptr},
    {"_pop_mode", pop_mode_python, METH_NOARGS, nullptr},
    {"_modes", modes_python, METH_NOARGS, "The active modes of this thread, innermost last."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

void add_overrides(PyObject* module) {
    if (PyType_Ready(&overridable_type) < 0 ||
        PyModule_AddObjectRef(module, "Overridable",
                              reinterpret_cast<PyObject*>(&overridable_type)) < 0 ||
        PyModule_AddFunctions(module, override_functions) < 0)
        throw PythonError{};
    disabled_implementation = PyObject_GetAttrString(module, "_disabled_torch_function_impl");
}

}  // namespace kajo::python
