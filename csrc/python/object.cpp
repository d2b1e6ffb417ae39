#include "python/object.h"

#include <cstring>
#include <new>
#include <string_view>

#include "core/error.h"

namespace kajo::python {

namespace {

PyObject* exception_for(ErrorKind kind) {
    static PyObject* lin_alg_error = nullptr;
    switch (kind) {
        case ErrorKind::Runtime:
            return PyExc_RuntimeError;
        case ErrorKind::Type:
            return PyExc_TypeError;
        case ErrorKind::Value:
            return PyExc_ValueError;
        case ErrorKind::Index:
            return PyExc_IndexError;
        case ErrorKind::ZeroDivision:
            return PyExc_ZeroDivisionError;
        case ErrorKind::NotImplemented:
            return PyExc_NotImplementedError;
        case ErrorKind::Buffer:
            return PyExc_BufferError;
        case ErrorKind::Overflow:
            return PyExc_OverflowError;
        case ErrorKind::Assertion:
            return PyExc_AssertionError;
        case ErrorKind::LinAlg:
            break;
    }
    if (!lin_alg_error) {
        Object module = Object::borrow(PyImport_AddModule("kajo._core"));
        lin_alg_error = PyObject_GetAttrString(module.get(), "_LinAlgError");
    }
    return lin_alg_error;
}

}  // namespace

void set_python_error() noexcept {
    try {
        throw;
    } catch (const PythonError&) {
    } catch (const Error& e) {
        PyErr_SetString(exception_for(e.kind()), e.what());
    } catch (const std::bad_alloc& e) {
        PyErr_SetString(PyExc_RuntimeError, e.what());
    } catch (const std::exception& e) {
        PyErr_SetString(PyExc_RuntimeError, e.what());
    }
}

// ---- named values: dtypes, layouts, memory formats ----------------------------------------------

namespace {

struct NamedValue {
    PyObject_HEAD int value;
    PyObject* name;
};

PyObject* named_repr(PyObject* self) {
    return PyUnicode_FromFormat("kajo.%U", reinterpret_cast<NamedValue*>(self)->name);
}
// Pickles as a global of the package.
PyObject* named_reduce(PyObject* self, PyObject*) {
    return Py_NewRef(reinterpret_cast<NamedValue*>(self)->name);
}
PyObject* named_module(PyObject*, void*) { return PyUnicode_FromString("kajo"); }

PyMethodDef named_methods[] = {{"__reduce__", named_reduce, METH_NOARGS, nullptr},
                               {nullptr, nullptr, 0, nullptr}};

PyTypeObject named_type(const char* name, const char* doc) {
    PyTypeObject t = {PyVarObject_HEAD_INIT(nullptr, 0)};
    t.tp_name = name;
    t.tp_basicsize = sizeof(NamedValue);
    t.tp_flags = Py_TPFLAGS_DEFAULT;
    t.tp_doc = doc;
    t.tp_repr = named_repr;
    t.tp_methods = named_methods;
    return t;
}

PyObject* new_named(PyTypeObject* type, int value, const char* name) {
    auto* o = PyObject_New(NamedValue, type);
    if (!o) throw PythonError{};
    o->value = value;
    o->name = PyUnicode_InternFromString(name);
    return reinterpret_cast<PyObject*>(o);
}

PyObject* dtype_objects[kDTypes];
PyObject* format_objects[4];
PyObject* layout_objects[kLayouts];

DType dtype_value(PyObject* o) {
    return static_cast<DType>(reinterpret_cast<NamedValue*>(o)->value);
}
PyObject* dtype_is_floating_point(PyObject* self, void*) {
    return PyBool_FromLong(is_float(dtype_value(self)));
}
PyObject* dtype_is_complex(PyObject* self, void*) {
    return PyBool_FromLong(is_complex(dtype_value(self)));
}
PyObject* dtype_is_signed(PyObject* self, void*) {
    return guarded([&] {
        const DType t = dtype_value(self);
        check(info(t).kind != Kind::Opaque, "is_signed: ", t, " is not a type of numbers");
        return PyBool_FromLong(is_signed(t));
    });
}
PyObject* dtype_itemsize(PyObject* self, void*) {
    return PyLong_FromLongLong(item_size(dtype_value(self)));
}
PyObject* dtype_to_real(PyObject* self, PyObject*) {
    return Py_NewRef(wrap_dtype(real_type(dtype_value(self))));
}
PyObject* dtype_to_complex(PyObject* self, PyObject*) {
    return guarded([&] {
        const DType t = dtype_value(self);
        check(is_differentiable(t) && (is_common(t) || is_complex(t)),
              "to_complex(): Unknown Complex ScalarType for ", info(t).tensor_name);
        return Py_NewRef(wrap_dtype(complex_type(t)));
    });
}
PyGetSetDef dtype_getset[] = {
    {"is_floating_point", dtype_is_floating_point, nullptr, "whether it is a real floating type",
     nullptr},
    {"is_complex", dtype_is_complex, nullptr, "whether it is a complex type", nullptr},
    {"is_signed", dtype_is_signed, nullptr, "whether it has negative values", nullptr},
    {"itemsize", dtype_itemsize, nullptr, "bytes of one element", nullptr},
    {"__module__", named_module, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyMethodDef dtype_methods[] = {
    {"__reduce__", named_reduce, METH_NOARGS, nullptr},
    {"to_real", dtype_to_real, METH_NOARGS, "The real type of the same precision."},
    {"to_complex", dtype_to_complex, METH_NOARGS, "The complex type of the same precision."},
    {nullptr, nullptr, 0, nullptr}};

// ---- devices ------------------------------------------------------------------------------------

struct DeviceObject {
    PyObject_HEAD Device device;
};
Device device_value(PyObject* o) { return reinterpret_cast<DeviceObject*>(o)->device; }

Device parse_device(std::string_view text) {
    const size_t colon = text.find(':');
    const std::string_view kind = text.substr(0, colon);
    Device d;
    if (kind == "meta")
        d.type = DeviceType::Meta;
    else if (kind != "cpu") {
        if (kind == "cuda")
            raise(ErrorKind::Assertion, "device '", text,
                  "': kajo was not compiled with CUDA enabled; use 'cpu' or 'meta'");
        raise(ErrorKind::Runtime,
              "Expected one of cpu, meta device type at start of device string: ", kind);
    }
    if (colon != std::string_view::npos) {
        const std::string_view digits = text.substr(colon + 1);
        check(!digits.empty() && digits.size() < 3 &&
                  digits.find_first_not_of("0123456789") == std::string_view::npos,
              "Invalid device string: '", text, "'");
        d.index = static_cast<int8_t>(std::stoi(std::string(digits)));
    }
    return d;
}

PyObject* device_new(PyTypeObject*, PyObject* args, PyObject* kwargs) {
    return guarded([&] {
        static const char* names[] = {"type", "index", nullptr};
        PyObject* type = nullptr;
        PyObject* index = nullptr;
        if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O", const_cast<char**>(names), &type,
                                         &index))
            throw PythonError{};
        auto d = as_device(type);
        check_type(d.has_value(), "device(): argument 'type' must be str or device, not ",
                   Py_TYPE(type)->tp_name);
        if (index && index != Py_None) {
            const long i = PyLong_AsLong(index);
            if (i == -1 && PyErr_Occurred()) throw PythonError{};
            check(i >= 0 && i < 128, "device(): Device index must not be negative");
            d->index = static_cast<int8_t>(i);
        }
        return wrap_device(*d);
    });
}
PyObject* device_repr(PyObject* self) {
    const Device d = device_value(self);
    const char* kind = d.type == DeviceType::CPU ? "cpu" : "meta";
    return d.index < 0 ? PyUnicode_FromFormat("device(type='%s')", kind)
                       : PyUnicode_FromFormat("device(type='%s', index=%d)", kind, int(d.index));
}
PyObject* device_str(PyObject* self) {
    std::ostringstream text;
    text << device_value(self);
    return PyUnicode_FromString(text.str().c_str());
}
PyObject* device_get_type(PyObject* self, void*) {
    return PyUnicode_FromString(device_value(self).is_meta() ? "meta" : "cpu");
}
PyObject* device_get_index(PyObject* self, void*) {
    const Device d = device_value(self);
    return d.index < 0 ? Py_NewRef(Py_None) : PyLong_FromLong(d.index);
}
PyObject* device_compare(PyObject* a, PyObject* b, int op) {
    if (Py_TYPE(b) != &device_type || (op != Py_EQ && op != Py_NE)) Py_RETURN_NOTIMPLEMENTED;
    const Device x = device_value(a), y = device_value(b);
    return PyBool_FromLong((x.type == y.type && x.index == y.index) == (op == Py_EQ));
}
Py_hash_t device_hash(PyObject* self) {
    const Device d = device_value(self);
    return (static_cast<int>(d.type) << 8) + d.index + 1;
}
PyObject* device_reduce(PyObject* self, PyObject*) {
    return Py_BuildValue("O(N)", &device_type, device_str(self));
}
PyGetSetDef device_getset[] = {
    {"type", device_get_type, nullptr, "'cpu' or 'meta'", nullptr},
    {"index", device_get_index, nullptr, "which one of the kind, or None", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};
// What a device does besides naming a place is written in Python.
PyObject* device_in_python(const char* function, PyObject* argument) {
    return guarded([&] {
        const Object module = Object::steal(PyImport_ImportModule("kajo.utils._device"));
        const Object f = Object::steal(PyObject_GetAttrString(module.get(), function));
        return Object::steal(PyObject_CallOneArg(f.get(), argument)).release();
    });
}
PyObject* device_enter(PyObject* self, PyObject*) { return device_in_python("enter", self); }
PyObject* device_exit(PyObject* self, PyObject*) { return device_in_python("leave", self); }
PyObject* device_call(PyObject* self, PyObject* args, PyObject*) {
    const Object both = Object::steal(PyTuple_Pack(2, self, args));
    return device_in_python("decorate", both.get());
}
PyMethodDef device_methods[] = {
    {"__enter__", device_enter, METH_NOARGS, "Makes it the device of new tensors for a block."},
    {"__exit__", device_exit, METH_VARARGS, nullptr},
    {"__reduce__", device_reduce, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

PyTypeObject dtype_type = [] {
    PyTypeObject t =
        named_type("kajo.dtype", "The type of a tensor's elements, such as kajo.float32.");
    t.tp_getset = dtype_getset;
    t.tp_methods = dtype_methods;
    return t;
}();
PyTypeObject layout_type =
    named_type("kajo.layout", "How elements are kept, such as kajo.strided or kajo.sparse_coo.");
PyTypeObject memory_format_type = named_type(
    "kajo.memory_format", "The order of dimensions in memory, such as kajo.channels_last.");
PyTypeObject device_type = [] {
    PyTypeObject t = {PyVarObject_HEAD_INIT(nullptr, 0)};
    t.tp_name = "kajo.device";
    t.tp_basicsize = sizeof(DeviceObject);
    t.tp_flags = Py_TPFLAGS_DEFAULT;
    t.tp_doc = "Where a tensor lives: device('cpu') or device('meta').";
    t.tp_new = device_new;
    t.tp_repr = device_repr;
    t.tp_call = device_call;
    t.tp_str = device_str;
    t.tp_hash = device_hash;
    t.tp_richcompare = device_compare;
    t.tp_getset = device_getset;
    t.tp_methods = device_methods;
    return t;
}();

PyObject* wrap_dtype(DType dtype) { return dtype_objects[static_cast<size_t>(dtype)]; }
PyObject* wrap_memory_format(MemoryFormat f) { return format_objects[static_cast<size_t>(f)]; }
PyObject* wrap_layout(Layout layout) { return layout_objects[static_cast<size_t>(layout)]; }
PyObject* wrap_device(Device device) {
    auto* o = PyObject_New(DeviceObject, &device_type);
    if (!o) throw PythonError{};
    o->device = device;
    return reinterpret_cast<PyObject*>(o);
}

std::optional<DType> as_dtype(PyObject* o) {
    if (Py_TYPE(o) == &dtype_type) return dtype_value(o);
    if (o == reinterpret_cast<PyObject*>(&PyFloat_Type)) return DType::Float64;
    if (o == reinterpret_cast<PyObject*>(&PyBool_Type)) return DType::Bool;
    if (o == reinterpret_cast<PyObject*>(&PyLong_Type)) return DType::Int64;
    if (o == reinterpret_cast<PyObject*>(&PyComplex_Type)) return DType::Complex128;
    return std::nullopt;
}
std::optional<MemoryFormat> as_memory_format(PyObject* o) {
    if (Py_TYPE(o) != &memory_format_type) return std::nullopt;
    return static_cast<MemoryFormat>(reinterpret_cast<NamedValue*>(o)->value);
}
std::optional<Device> as_device(PyObject* o) {
    if (Py_TYPE(o) == &device_type) return device_value(o);
    if (!PyUnicode_Check(o)) return std::nullopt;
    Py_ssize_t n;
    const char* text = PyUnicode_AsUTF8AndSize(o, &n);
    if (!text) throw PythonError{};
    return parse_device({text, static_cast<size_t>(n)});
}

void add_named_values(PyObject* module) {
    for (PyTypeObject* t : {&dtype_type, &layout_type, &memory_format_type, &device_type}) {
        if (PyType_Ready(t) < 0) throw PythonError{};
        const char* name = std::strrchr(t->tp_name, '.') + 1;
        if (PyModule_AddObjectRef(module, name, reinterpret_cast<PyObject*>(t)) < 0)
            throw PythonError{};
    }
    auto add = [&](PyObject* value, const char* name) {
        if (PyModule_AddObjectRef(module, name, value) < 0) throw PythonError{};
        return value;
    };
    for (int i = 0; i < kDTypes; i++) {
        const char* name = kDTypeInfo[static_cast<size_t>(i)].name;
        dtype_objects[i] = add(new_named(&dtype_type, i, name), name);
    }
    const std::pair<const char*, DType> aliases[] = {
        {"float", DType::Float32},    {"double", DType::Float64},     {"half", DType::Float16},
        {"long", DType::Int64},       {"int", DType::Int32},          {"short", DType::Int16},
        {"cfloat", DType::Complex64}, {"cdouble", DType::Complex128}, {"chalf", DType::Complex32},
        {"bit", DType::UInt1}};
    for (auto [name, t] : aliases) add(wrap_dtype(t), name);
    const std::pair<const char*, MemoryFormat> formats[] = {
        {"contiguous_format", MemoryFormat::Contiguous},
        {"preserve_format", MemoryFormat::Preserve},
        {"channels_last", MemoryFormat::ChannelsLast},
        {"channels_last_3d", MemoryFormat::ChannelsLast3d}};
    for (auto [name, f] : formats)
        format_objects[static_cast<size_t>(f)] =
            add(new_named(&memory_format_type, static_cast<int>(f), name), name);
    for (int i = 0; i < kLayouts; i++)
        layout_objects[i] = add(new_named(&layout_type, i, kLayoutNames[i]), kLayoutNames[i]);
}

}  // namespace kajo::python
