#include "python/object.h"

#include <cctype>
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
// The short name: "f32", "i64", "bf16".
PyObject* dtype_abbr(PyObject* self, void*) {
    const DTypeInfo& type = info(dtype_value(self));
    std::string name = type.name;
    if (type.family & (kQuantized | kSubByte)) return PyUnicode_FromString(name.c_str());
    if (name == "bool") return PyUnicode_FromString("b8");
    static constexpr std::pair<const char*, const char*> shorter[] = {
        {"bfloat", "bf"}, {"float", "f"}, {"complex", "c"},
        {"uint", "u"},    {"int", "i"},   {"bits", "b"}};
    for (const auto& [word, letters] : shorter)
        if (name.starts_with(word)) {
            name.replace(0, std::strlen(word), letters);
            break;
        }
    std::erase(name, '_');
    if (type.kind == Kind::Opaque && name.find('x') == std::string::npos) name += "x1";
    return PyUnicode_FromString(name.c_str());
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
    {"abbr", dtype_abbr, nullptr, "the name in short", nullptr},
    {"itemsize", dtype_itemsize, nullptr, "bytes of one element", nullptr},
    {"__module__", named_module, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyMethodDef dtype_methods[] = {
    {"__reduce__", named_reduce, METH_NOARGS, nullptr},
    {"to_real", dtype_to_real, METH_NOARGS, "The real type of the same precision."},
    {"to_complex", dtype_to_complex, METH_NOARGS, "The complex type of the same precision."},
    {nullptr, nullptr, 0, nullptr}};

// ---- devices ------------------------------------------------------------------------------------

// A device may be of a kind that this build has not: it can be named and compared, and is refused
// where tensors are to go there.
struct DeviceObject {
    PyObject_HEAD Device device;
    const char* elsewhere;  // the kind, if it is none of this build's
};
DeviceObject* device_object(PyObject* o) { return reinterpret_cast<DeviceObject*>(o); }
Device device_value(PyObject* o) { return device_object(o)->device; }

constexpr const char* kElsewhere[] = {
    "cuda", "ipu",  "xpu", "mkldnn", "opengl", "opencl", "ideep", "hip",  "ve",
    "fpga", "maia", "xla", "lazy",   "vulkan", "mps",    "hpu",   "mtia", "privateuseone"};

[[noreturn]] void refuse_elsewhere(std::string_view kind) {
    const bool compiled = kind == "cuda" || kind == "xpu" || kind == "mtia";
    std::string name(kind);
    for (char& c : name) c = static_cast<char>(std::toupper(c));
    raise(compiled ? ErrorKind::Assertion : ErrorKind::NotImplemented, "device '", kind,
          "': kajo was not compiled with ", name, " enabled; use 'cpu' or 'meta'");
}

struct NamedDevice {
    Device device;
    const char* elsewhere = nullptr;
};

NamedDevice parse_device(std::string_view text) {
    const size_t colon = text.find(':');
    const std::string_view kind = text.substr(0, colon);
    NamedDevice d;
    if (kind == "meta")
        d.device.type = DeviceType::Meta;
    else if (kind != "cpu") {
        for (const char* known : kElsewhere)
            if (kind == known) d.elsewhere = known;
        if (!d.elsewhere) {
            std::string names = "cpu, meta";
            for (const char* known : kElsewhere) names += std::string(", ") + known;
            raise(ErrorKind::Runtime, "Expected one of ", names,
                  " device type at start of device string: ", kind);
        }
    }
    if (colon != std::string_view::npos) {
        const std::string_view digits = text.substr(colon + 1);
        check(!digits.empty() && digits.size() < 3 && (digits.size() == 1 || digits[0] != '0') &&
                  digits.find_first_not_of("0123456789") == std::string_view::npos,
              "Invalid device string: '", text, "'");
        d.device.index = static_cast<int8_t>(std::stoi(std::string(digits)));
    }
    return d;
}

NamedDevice named_device(PyObject* o) {
    if (Py_TYPE(o) == &device_type) return {device_value(o), device_object(o)->elsewhere};
    Py_ssize_t n;
    const char* text = PyUnicode_AsUTF8AndSize(o, &n);
    if (!text) throw PythonError{};
    return parse_device({text, static_cast<size_t>(n)});
}

PyObject* device_new(PyTypeObject*, PyObject* args, PyObject* kwargs) {
    return guarded([&] {
        static const char* names[] = {"type", "index", nullptr};
        PyObject* type = nullptr;
        PyObject* index = nullptr;
        if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O", const_cast<char**>(names), &type,
                                         &index))
            throw PythonError{};
        check(!PyLong_CheckExact(type), "Cannot access accelerator device when none is available.");
        const bool indexed = index && index != Py_None;
        check_type(PyUnicode_Check(type) || (Py_TYPE(type) == &device_type && !indexed),
                   "device(): argument 'type' must be str", indexed ? "" : " or device", ", not ",
                   Py_TYPE(type)->tp_name);
        NamedDevice d = named_device(type);
        if (indexed) {
            check(d.device.index < 0,
                  "type (string) must not include an index because index was "
                  "passed explicitly");
            const long i = PyLong_AsLong(index);
            if (i == -1 && PyErr_Occurred()) throw PythonError{};
            check(i >= 0 && i < 128, "device(): Device index must not be negative");
            d.device.index = static_cast<int8_t>(i);
        }
        PyObject* made = wrap_device(d.device);
        device_object(made)->elsewhere = d.elsewhere;
        return made;
    });
}
const char* device_kind(PyObject* self) {
    if (device_object(self)->elsewhere) return device_object(self)->elsewhere;
    return device_value(self).is_meta() ? "meta" : "cpu";
}
PyObject* device_repr(PyObject* self) {
    const Device d = device_value(self);
    const char* kind = device_kind(self);
    return d.index < 0 ? PyUnicode_FromFormat("device(type='%s')", kind)
                       : PyUnicode_FromFormat("device(type='%s', index=%d)", kind, int(d.index));
}
PyObject* device_str(PyObject* self) {
    const Device d = device_value(self);
    return d.index < 0 ? PyUnicode_FromString(device_kind(self))
                       : PyUnicode_FromFormat("%s:%d", device_kind(self), int(d.index));
}
PyObject* device_get_type(PyObject* self, void*) { return PyUnicode_FromString(device_kind(self)); }
PyObject* device_get_index(PyObject* self, void*) {
    const Device d = device_value(self);
    return d.index < 0 ? Py_NewRef(Py_None) : PyLong_FromLong(d.index);
}
PyObject* device_compare(PyObject* a, PyObject* b, int op) {
    if (Py_TYPE(b) != &device_type || (op != Py_EQ && op != Py_NE)) Py_RETURN_NOTIMPLEMENTED;
    const Device x = device_value(a), y = device_value(b);
    const bool same = x.type == y.type && x.index == y.index &&
                      device_object(a)->elsewhere == device_object(b)->elsewhere;
    return PyBool_FromLong(same == (op == Py_EQ));
}
Py_hash_t device_hash(PyObject* self) {
    const Device d = device_value(self);
    const auto kind =
        static_cast<Py_hash_t>(reinterpret_cast<uintptr_t>(device_object(self)->elsewhere) >> 3);
    return (kind << 10) + (static_cast<int>(d.type) << 8) + d.index + 1;
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
    PyTypeObject t = named_type("kajo.dtype", R"(The type of a tensor's elements.

>>> import kajo
>>> kajo.float32.itemsize, kajo.float32.is_floating_point
(4, True)
)");
    t.tp_getset = dtype_getset;
    t.tp_methods = dtype_methods;
    return t;
}();
PyTypeObject layout_type =
    named_type("kajo.layout", R"(How elements are kept, such as kajo.strided or kajo.sparse_coo.

>>> import kajo
>>> kajo.zeros(1).layout is kajo.strided
True
)");
PyTypeObject memory_format_type = named_type(
    "kajo.memory_format", R"(The order of dimensions in memory, such as kajo.channels_last.

>>> import kajo
>>> kajo.zeros(1, 2, 3, 4).contiguous(memory_format=kajo.channels_last).stride()
(24, 1, 8, 2)
)");
PyTypeObject device_type = [] {
    PyTypeObject t = {PyVarObject_HEAD_INIT(nullptr, 0)};
    t.tp_name = "kajo.device";
    t.tp_basicsize = sizeof(DeviceObject);
    t.tp_flags = Py_TPFLAGS_DEFAULT;
    t.tp_doc = R"(Where a tensor lives: device('cpu'), or device('meta') for shapes without data.

>>> import kajo
>>> kajo.device("cpu").type
'cpu'
)";
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
    o->elsewhere = nullptr;
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
    if (Py_TYPE(o) != &device_type && !PyUnicode_Check(o)) return std::nullopt;
    const NamedDevice d = named_device(o);
    if (d.elsewhere) refuse_elsewhere(d.elsewhere);
    return d.device;
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
