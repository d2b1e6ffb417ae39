// Owned Python references, errors, and the Python faces of dtypes, devices and tensors.
#pragma once

#include <Python.h>

#include <optional>
#include <string>
#include <utility>

#include "core/layout.h"
#include "core/tensor.h"

namespace kajo::python {

// Thrown when a Python exception is already set.
struct PythonError {};

class Object {
  public:
    Object() = default;
    ~Object() { Py_XDECREF(p_); }
    Object(Object&& other) noexcept : p_(std::exchange(other.p_, nullptr)) {}
    Object& operator=(Object&& other) noexcept {
        std::swap(p_, other.p_);
        return *this;
    }
    Object(const Object& other) : p_(other.p_) { Py_XINCREF(p_); }
    Object& operator=(const Object& other) { return *this = Object(other); }

    // Takes over a new reference; null means that an exception is set.
    static Object steal(PyObject* p) {
        if (!p) throw PythonError{};
        Object o;
        o.p_ = p;
        return o;
    }
    static Object borrow(PyObject* p) {
        Py_XINCREF(p);
        Object o;
        o.p_ = p;
        return o;
    }
    PyObject* get() const { return p_; }
    PyObject* release() { return std::exchange(p_, nullptr); }
    explicit operator bool() const { return p_ != nullptr; }

  private:
    PyObject* p_ = nullptr;
};

// Holds the interpreter lock, on any thread and whether or not the thread has it.
class HoldInterpreter {
  public:
    HoldInterpreter() : state_(PyGILState_Ensure()) {}
    ~HoldInterpreter() { PyGILState_Release(state_); }
    HoldInterpreter(const HoldInterpreter&) = delete;
    HoldInterpreter& operator=(const HoldInterpreter&) = delete;

  private:
    PyGILState_STATE state_;
};

// Sets the Python exception for the C++ one that is being handled.
void set_python_error() noexcept;

// Runs `f` and turns what it throws into a Python exception and null.
template <class F>
PyObject* guarded(F&& f) noexcept {
    try {
        return f();
    } catch (...) {
        set_python_error();
        return nullptr;
    }
}
template <class F>
int guarded_int(F&& f) noexcept {
    try {
        f();
        return 0;
    } catch (...) {
        set_python_error();
        return -1;
    }
}

// dtype, layout and memory_format objects: one per value.
extern PyTypeObject dtype_type, layout_type, memory_format_type, device_type;
PyObject* wrap_dtype(DType dtype);                  // borrowed
PyObject* wrap_memory_format(MemoryFormat format);  // borrowed
PyObject* wrap_layout(Layout layout);               // borrowed
PyObject* wrap_device(Device device);               // new
std::optional<DType> as_dtype(PyObject* o);  // dtype objects and Python's bool, int, float, complex
std::optional<MemoryFormat> as_memory_format(PyObject* o);
std::optional<Device> as_device(
    PyObject* o);  // device objects and strings; raises on unknown names
void add_named_values(PyObject* module);

// Tensors. `wrap` returns a new reference; the same tensor has the same wrapper while that lives.
struct TensorObject {
    PyObject_HEAD TensorImpl* impl;
    bool owns;  // whether `impl` is counted by this wrapper; else the tensor owns the wrapper
    PyObject* dict;
    PyObject* weak_references;
};
extern PyTypeObject tensor_meta_type, tensor_base_type;
extern PyTypeObject* tensor_class;  // kajo.Tensor, once the package has registered it
inline bool is_tensor(PyObject* o) {
    return Py_TYPE(o) == tensor_class || PyObject_TypeCheck(o, &tensor_base_type);
}
inline Tensor tensor_of(PyObject* o) {
    return Tensor(Ref<TensorImpl>(reinterpret_cast<TensorObject*>(o)->impl));
}

// The tensor of an argument, which the caller holds for the time of the call: not counted, except
// where the wrapper does not hold it.
class ArgumentTensor {
  public:
    explicit ArgumentTensor(PyObject* o) {
        if (o == Py_None) return;
        const auto* object = reinterpret_cast<TensorObject*>(o);
        counted_ = !object->owns;
        value_ =
            Tensor(counted_ ? Ref<TensorImpl>(object->impl) : Ref<TensorImpl>::adopt(object->impl));
    }
    ~ArgumentTensor() {
        if (!counted_) value_.detach_impl();
    }
    ArgumentTensor(const ArgumentTensor&) = delete;
    ArgumentTensor& operator=(const ArgumentTensor&) = delete;
    const Tensor& get() const { return value_; }

  private:
    Tensor value_;
    bool counted_ = false;
};

PyObject* wrap(const Tensor& t);                         // None for an undefined tensor
PyObject* wrap(Tensor&& t);                              // the wrapper takes the reference over
PyObject* wrap_as(const Tensor& t, PyTypeObject* type);  // a fresh wrapper of a subclass
PyObject* wrap_size(IntSpan sizes);                      // kajo.Size
PyObject* wrap_scalar(const Scalar& s);
// Numbers, NumPy numbers and one-element tensors.
std::optional<Scalar> as_scalar(PyObject* o);
void add_tensor_type(PyObject* module);

}  // namespace kajo::python
