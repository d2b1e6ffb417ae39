// From a schema and a C++ function to a Python function: one line an operation.
#pragma once

#include <string_view>
#include <tuple>
#include <vector>

#include "core/generator.h"
#include "python/object.h"

namespace kajo::python {

enum OpFlag : uint32_t {
    kFunction = 1,         // kajo.name
    kMethod = 2,           // Tensor.name
    kInplace = 4,          // Tensor.name_ (and kajo.name_) by computing and copying, with history
    kOut = 8,              // the out= form, by computing and copying
    kPrivate = 16,         // kajo._core.name only
    kOutSame = 8 | 32,     // the out= form, which must have the result's dtype
    kOutAnyType = 8 | 64,  // the out= form, of any dtype
    kOutTypeError = 8 | 128,    // the out= form; a dtype that cannot hold the result is a TypeError
    kOutApart = 256,            // out= may not be one of the inputs
    kOutUnsupported = 8 | 512,  // a dtype that cannot hold the result is a NotImplementedError
};

enum class ArgumentKind : uint8_t {
    Tensor,
    TensorList,
    Scalar,
    Int,
    IntList,
    Float,
    FloatList,
    Bool,
    String,
    DType,
    Layout,
    Device,
    MemoryFormat,
    Generator,
    Object,
};

struct Parameter {
    PyObject* name;  // interned
    ArgumentKind kind;
    bool optional = false;  // None is a value
    bool keyword_only = false;
    bool single = false;           // int[n]: one int stands for a list
    bool items_optional = false;   // Tensor?[]: None is an element
    PyObject* fallback = nullptr;  // the default; null: must be given
};

using Invoke = PyObject* (*)(PyObject* const* slots);

struct OpEntry {
    const char* schema;
    Invoke invoke;
    uint32_t flags;
};

// Registers a table; entries of one name are overloads tried in order.
void add_operations(std::span<const OpEntry> table);
// Puts what was registered into the module and the tensor type; called once, after all tables.
void publish_operations(PyObject* module);
// Adds an operation, or an overload of one, whose body is a Python function.
PyObject* define_operation(PyObject* module, const char* schema, PyObject* body, uint32_t flags);
// Calls a registered operation; `quiet`: returns NotImplemented where no overload takes the
// arguments.
struct Operation;
Operation* find_operation(const char* name);
PyObject* call_operation(Operation* operation, std::initializer_list<PyObject*> arguments,
                         bool quiet);

// Conversions. `Holder<T>` keeps what the argument refers to for the time of the call.
template <class T>
struct Holder;

Dims to_dims(PyObject* o);
int64_t to_int(PyObject* o);
double to_double(PyObject* o);
bool to_bool(PyObject* o);
Scalar to_scalar(PyObject* o);
TensorList to_tensor_list(PyObject* o);
std::vector<double> to_double_list(PyObject* o);
DType to_dtype(PyObject* o);
Generator* to_generator(PyObject* o);

template <>
struct Holder<Tensor> {
    const ArgumentTensor argument;
    const Tensor& value = argument.get();
    explicit Holder(PyObject* o) : argument(o) {}
};
template <>
struct Holder<TensorList> {
    TensorList value;
    explicit Holder(PyObject* o) : value(to_tensor_list(o)) {}
};
template <>
struct Holder<Scalar> {
    Scalar value;
    explicit Holder(PyObject* o) : value(to_scalar(o)) {}
};
template <>
struct Holder<int64_t> {
    int64_t value;
    explicit Holder(PyObject* o) : value(to_int(o)) {}
};
template <>
struct Holder<double> {
    double value;
    explicit Holder(PyObject* o) : value(to_double(o)) {}
};
template <>
struct Holder<bool> {
    bool value;
    explicit Holder(PyObject* o) : value(to_bool(o)) {}
};
template <>
struct Holder<IntSpan> {
    Dims value;
    explicit Holder(PyObject* o) : value(to_dims(o)) {}
};
template <>
struct Holder<std::vector<double>> {
    std::vector<double> value;
    explicit Holder(PyObject* o) : value(to_double_list(o)) {}
};
template <>
struct Holder<std::string_view> {
    std::string_view value;
    explicit Holder(PyObject* o) {
        Py_ssize_t n;
        const char* text = PyUnicode_AsUTF8AndSize(o, &n);
        if (!text) throw PythonError{};
        value = {text, static_cast<size_t>(n)};
    }
};
template <>
struct Holder<DType> {
    DType value;
    explicit Holder(PyObject* o) : value(to_dtype(o)) {}
};
template <>
struct Holder<Device> {
    Device value;
    explicit Holder(PyObject* o) : value(*as_device(o)) {}
};
template <>
struct Holder<MemoryFormat> {
    MemoryFormat value;
    explicit Holder(PyObject* o)
        : value(o == Py_None ? MemoryFormat::Preserve : *as_memory_format(o)) {}
};
template <>
struct Holder<Generator*> {
    Generator* value;
    explicit Holder(PyObject* o) : value(o == Py_None ? nullptr : to_generator(o)) {}
};
template <>
struct Holder<PyObject*> {
    PyObject* value;
    explicit Holder(PyObject* o) : value(o) {}
};
template <class T>
struct Holder<std::optional<T>> {
    std::optional<Holder<T>> inner;
    std::optional<T> value;
    explicit Holder(PyObject* o) {
        if (o == Py_None) return;
        inner.emplace(o);
        value = inner->value;
    }
};

inline PyObject* to_python(const Tensor& t) { return wrap(t); }
inline PyObject* to_python(Tensor&& t) { return wrap(std::move(t)); }
PyObject* to_python(const TensorList& list);
inline PyObject* to_python(const Scalar& s) { return wrap_scalar(s); }
inline PyObject* to_python(bool b) { return Py_NewRef(b ? Py_True : Py_False); }
inline PyObject* to_python(int64_t i) { return PyLong_FromLongLong(i); }
inline PyObject* to_python(double d) { return PyFloat_FromDouble(d); }
inline PyObject* to_python(DType t) { return Py_NewRef(wrap_dtype(t)); }
inline PyObject* to_python(PyObject* o) { return o; }
template <class... T>
PyObject* to_python(const std::tuple<T...>& t) {
    Object out = Object::steal(PyTuple_New(sizeof...(T)));
    Py_ssize_t i = 0;
    std::apply(
        [&](const auto&... x) {
            (PyTuple_SET_ITEM(out.get(), i++, Object::steal(to_python(x)).release()), ...);
        },
        t);
    return out.release();
}

template <auto fn>
struct Binder;
template <class R, class... A, R (*fn)(A...)>
struct Binder<fn> {
    template <size_t... I>
    static PyObject* call(PyObject* const* slots, std::index_sequence<I...>) {
        std::tuple<Holder<std::remove_cvref_t<A>>...> held(slots[I]...);
        if constexpr (std::is_void_v<R>) {
            fn(std::get<I>(held).value...);
            return Py_NewRef(Py_None);
        } else {
            return to_python(fn(std::get<I>(held).value...));
        }
    }
    static PyObject* invoke(PyObject* const* slots) {
        return call(slots, std::index_sequence_for<A...>{});
    }
};
// bind<&ops::sum>: an argument of the schema for each parameter of the function, in order.
template <auto fn>
constexpr Invoke bind = &Binder<fn>::invoke;

}  // namespace kajo::python
