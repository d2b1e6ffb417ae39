// Tensors from nested lists, numbers, arrays and buffers.
#include <cmath>
#include <cstring>

#include "autograd/meta.h"
#include "core/promotion.h"
#include "core/range.h"
#include "core/shape.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/views.h"
#include "python/bind.h"
#include "python/subscript.h"

namespace kajo::python {

DType default_dtype_now() { return default_dtype(); }

namespace {

// What a buffer's format letter says; native byte order only.
std::optional<DType> dtype_of_format(const char* format, Py_ssize_t item_size) {
    const char* f = format ? format : "B";
    if (*f == '@' || *f == '=' || *f == '<') f++;
    if (std::strcmp(f, "Zf") == 0) return DType::Complex64;
    if (std::strcmp(f, "Zd") == 0) return DType::Complex128;
    if (std::strlen(f) != 1) return std::nullopt;
    switch (*f) {
        case '?':
            return DType::Bool;
        case 'B':
        case 'c':
            return DType::UInt8;
        case 'b':
            return DType::Int8;
        case 'e':
            return DType::Float16;
        case 'f':
            return DType::Float32;
        case 'd':
            return DType::Float64;
        case 'h':
        case 'i':
        case 'l':
        case 'q':
            return item_size == 8 ? DType::Int64 : item_size == 4 ? DType::Int32 : DType::Int16;
        case 'H':
        case 'I':
        case 'L':
        case 'Q':
            return item_size == 8 ? DType::UInt64 : item_size == 4 ? DType::UInt32 : DType::UInt16;
        default:
            return std::nullopt;
    }
}

void release_later(void* context) {
    auto* view = static_cast<Py_buffer*>(context);
    if (Py_IsInitialized()) {
        const PyGILState_STATE state = PyGILState_Ensure();
        PyBuffer_Release(view);
        PyGILState_Release(state);
    }
    delete view;
}

struct Scan {
    Dims sizes;
    ResultType numbers;
    bool any = false;
    bool any_tensor = false;
    DType tensors = DType::Bool;
};

bool is_sequence(PyObject* o) {
    return (PyList_Check(o) || PyTuple_Check(o) || PySequence_Check(o)) && !PyUnicode_Check(o) &&
           !PyBytes_Check(o);
}
bool has_buffer(PyObject* o) { return PyObject_CheckBuffer(o) && !is_tensor(o); }

void see_leaf(PyObject* o, Scan& scan) {
    scan.any = true;
    if (is_tensor(o)) {
        const DType t = tensor_of(o).dtype();
        scan.tensors = scan.any_tensor ? promote_types(scan.tensors, t) : t;
        scan.any_tensor = true;
        return;
    }
    if (has_buffer(o)) {
        Py_buffer view;
        if (PyObject_GetBuffer(o, &view, PyBUF_FULL_RO) == 0) {
            const auto t = dtype_of_format(view.format, view.itemsize);
            PyBuffer_Release(&view);
            if (t) {
                scan.tensors = scan.any_tensor ? promote_types(scan.tensors, *t) : *t;
                scan.any_tensor = true;
                return;
            }
        }
        PyErr_Clear();
    }
    const auto s = as_scalar(o);
    check_value(
        !PyLong_Check(o) || (s && s->is_integral() && !s->is_unsigned()),
        "tensor(): Overflow when unpacking long long: the integer does not fit into 64 bits");
    check_value(!PyUnicode_Check(o), "tensor(): too many dimensions '", Py_TYPE(o)->tp_name, "'");
    check(s.has_value(), "tensor(): Could not infer dtype of ", Py_TYPE(o)->tp_name);
    scan.numbers.add(*s);
}

void scan_shape(PyObject* o, Scan& scan, int depth) {
    check_value(depth < 128, "tensor(): the data is nested too deeply (or contains itself)");
    if (is_tensor(o) || !is_sequence(o) || (has_buffer(o) && depth > 0 && !PyList_Check(o))) {
        if (!is_tensor(o) && has_buffer(o) && is_sequence(o))
            for (int64_t s : tensor_from_buffer(o, std::nullopt).sizes()) scan.sizes.push_back(s);
        return;
    }
    const Py_ssize_t n = PySequence_Size(o);
    if (n < 0) throw PythonError{};
    scan.sizes.push_back(n);
    if (n == 0) return;
    const Object first = Object::steal(PySequence_GetItem(o, 0));
    scan_shape(first.get(), scan, depth + 1);
}

template <class F>
void each_leaf(PyObject* o, const Dims& sizes, size_t depth, F&& f) {
    if (is_tensor(o) || (has_buffer(o) && !PyList_Check(o) && depth > 0 && PySequence_Check(o))) {
        const Tensor t = is_tensor(o) ? tensor_of(o) : tensor_from_buffer(o, std::nullopt);
        const Dims rest(sizes.data() + depth, sizes.size() - depth);
        if (is_tensor(o))  // stands for its only element
            check_value(t.numel() == 1,
                        "tensor(): only one element tensors can be converted to Python scalars, "
                        "got one of shape ",
                        t.sizes());
        else
            check_value(t.sizes() == rest, "expected sequence of shape ", rest, " at dim ", depth,
                        " (got ", t.sizes(), ")");
        f(o);
        return;
    }
    if (depth == sizes.size()) {
        check_type(!is_sequence(o) || PyObject_CheckBuffer(o),
                   "tensor(): expected a number at dim ", depth, ", not ", Py_TYPE(o)->tp_name);
        f(o);
        return;
    }
    check_type(is_sequence(o), "not a sequence: element of type ", Py_TYPE(o)->tp_name, " at dim ",
               depth, " where a sequence of length ", sizes[depth], " was expected");
    const Object fast = Object::steal(PySequence_Fast(o, "not a sequence"));
    const Py_ssize_t n = PySequence_Fast_GET_SIZE(fast.get());
    check_value(n == sizes[depth], "expected sequence of length ", sizes[depth], " at dim ", depth,
                " (got ", n, ")");
    for (Py_ssize_t i = 0; i < n; i++)
        each_leaf(PySequence_Fast_GET_ITEM(fast.get(), i), sizes, depth + 1, f);
}

template <class T>
T convert_number(PyObject* o) {
    if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>)
        if (PyFloat_CheckExact(o)) return static_cast<T>(PyFloat_AS_DOUBLE(o));
    if constexpr (std::is_same_v<Accumulator<T>, float> || std::is_same_v<T, double>)
        if (PyLong_CheckExact(o)) {  // of any length
            const double v = PyLong_AsDouble(o);
            if (v == -1.0 && PyErr_Occurred()) throw PythonError{};
            return T(v);
        }
    if constexpr (std::is_same_v<T, bool>)
        if (PyLong_CheckExact(o)) return PyObject_IsTrue(o) == 1;
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, uint64_t>)
        if (PyLong_CheckExact(o)) {
            int overflow = 0;
            PyLong_AsLongLongAndOverflow(o, &overflow);
            check_value(overflow == 0,
                        "tensor(): Overflow when unpacking long long: the integer does not fit "
                        "into 64 bits");
        }
    const Scalar s = to_scalar(o);
    constexpr DType dtype = DTypeOf<T>::value;
    check_type(!s.is_complex() || is_complex(dtype) || dtype == DType::Bool,
               "can't convert complex to ", dtype);
    if constexpr (std::is_same_v<T, uint64_t>) {
        check_type(s.is_integral(), "tensor(): an integer is required for uint64, got ", s);
        if (!s.is_unsigned() && s.as_int() < 0)
            raise(ErrorKind::Overflow, "can't convert negative int to unsigned: ", s);
    }
    if constexpr (is_integral(dtype, false)) check_fits(s, dtype, "tensor");
    return s.to<T>();
}

Tensor fill_from_sequence(PyObject* data, const Scan& scan, DType dtype) {
    Tensor out = empty(scan.sizes, dtype);
    auto* at = static_cast<char*>(out.raw_data());
    const int64_t step = out.item_size();
    dispatch<kEveryType>(dtype, "tensor", [&]<class T>() {
        each_leaf(data, scan.sizes, 0, [&](PyObject* o) {
            if (is_tensor(o) || (has_buffer(o) && PySequence_Check(o))) {
                const Tensor from = is_tensor(o) ? ops::reshape(detach(tensor_of(o)), {})
                                                 : tensor_from_buffer(o, std::nullopt);
                Dims strides = contiguous_strides(from.sizes());
                const int64_t offset = (at - static_cast<char*>(out.raw_data())) / step;
                ops::copy_raw(alias(out, from.sizes(), strides, offset), from);
                at += from.numel() * step;
                return;
            }
            *reinterpret_cast<T*>(at) = convert_number<T>(o);
            at += step;
        });
    });
    return out;
}

}  // namespace

Tensor tensor_from_buffer(PyObject* object, std::optional<DType> dtype) {
    auto view = std::make_unique<Py_buffer>();
    if (PyObject_GetBuffer(object, view.get(), PyBUF_STRIDES | PyBUF_FORMAT | PyBUF_WRITABLE) < 0) {
        PyErr_Clear();
        if (PyObject_GetBuffer(object, view.get(), PyBUF_STRIDES | PyBUF_FORMAT) < 0)
            throw PythonError{};
    }
    const auto t = dtype ? dtype : dtype_of_format(view->format, view->itemsize);
    if (!t || view->itemsize != item_size(*t) || (view->ndim && !view->strides)) {
        const std::string format = view->format ? view->format : "B";
        PyBuffer_Release(view.get());
        check_value(format[0] != '>' && format[0] != '!',
                    "given numpy array has byte order different from the native byte order. "
                    "Conversion between byte orders is currently not supported.");
        raise(ErrorKind::Type, "can't convert data of format '", format,
              "'. The only supported types are: float64, float32, float16, complex64, complex128, "
              "int64, int32, int16, int8, uint64, uint32, uint16, uint8, and bool.");
    }
    Dims sizes, strides;
    bool negative = false, odd = false;
    for (int i = 0; i < view->ndim; i++) {
        sizes.push_back(view->shape[i]);
        negative |= view->strides[i] < 0;
        odd |= view->strides[i] % view->itemsize != 0;
        strides.push_back(view->strides[i] / view->itemsize);
    }
    if (negative || odd) {
        PyBuffer_Release(view.get());
        raise(ErrorKind::Value,
              negative
                  ? "At least one stride in the given numpy array is negative, and tensors with "
                    "negative strides are not currently supported. (You can probably work around "
                    "this by making a copy of your "
                    "array with array.copy().)"
                  : "given numpy array strides not a multiple of the element byte size. Copy the "
                    "numpy array to reallocate the memory.");
    }
    int64_t extent = 1;
    for (size_t i = 0; i < sizes.size(); i++) {
        if (sizes[i] == 0) extent = 0;
        if (extent) extent += (sizes[i] - 1) * strides[i];
    }
    const DType type = *t;
    void* memory = view->buf;
    const auto bytes = static_cast<size_t>(extent * item_size(type));
    Tensor out = empty({0}, type);
    out.impl()->storage = Storage::adopt(memory, bytes, release_later, view.release());
    out.impl()->set_sizes(sizes, strides);
    return out;
}

Tensor tensor_from_data(PyObject* data, std::optional<DType> dtype) {
    if (is_tensor(data)) return ops::to(detach(tensor_of(data)), dtype, std::nullopt, true);
    check_type(!PyBytes_Check(data), "tensor(): invalid data type 'bytes'");
    if (has_buffer(data) && !PyByteArray_Check(data)) {
        const Tensor shared = tensor_from_buffer(data, std::nullopt);
        return ops::to(shared, dtype, std::nullopt, true, MemoryFormat::Contiguous);
    }
    check_type(!PyUnicode_Check(data), "tensor(): invalid data type 'str'");
    Scan scan;
    scan_shape(data, scan, 0);
    if (!dtype) {
        each_leaf(data, scan.sizes, 0, [&](PyObject* o) { see_leaf(o, scan); });
        if (!scan.any)
            dtype = default_dtype();
        else if (!scan.any_tensor)
            dtype = scan.numbers.get();
        else
            dtype = scan.tensors;
    }
    return fill_from_sequence(data, scan, *dtype);
}

}  // namespace kajo::python
