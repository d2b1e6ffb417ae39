// Python names of views and of what tensors tell about themselves.
#include "autograd/attach.h"
#include "autograd/forward.h"
#include "autograd/meta.h"
#include "core/promotion.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/resize.h"
#include "ops/views.h"
#include "python/bind.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

constexpr uint32_t kBoth = kFunction | kMethod;

// ---- what tensors tell
// --------------------------------------------------------------------------------------

PyObject* size_all(const Tensor& t) { return wrap_size(t.sizes()); }
int64_t size_one(const Tensor& t, int64_t dim) { return t.size(dim); }
PyObject* stride_all(const Tensor& t) {
    Object out = Object::steal(PyTuple_New(t.dim()));
    for (int64_t i = 0; i < t.dim(); i++)
        PyTuple_SET_ITEM(out.get(), i, Object::steal(PyLong_FromLongLong(t.stride(i))).release());
    return out.release();
}
int64_t stride_one(const Tensor& t, int64_t dim) { return t.stride(dim); }
int64_t dim(const Tensor& t) { return t.dim(); }
int64_t numel(const Tensor& t) { return t.numel(); }
int64_t offset(const Tensor& t) { return t.offset(); }
int64_t element_size(const Tensor& t) { return t.item_size(); }
PyObject* data_ptr(const Tensor& t) { return PyLong_FromVoidPtr(t.raw_data()); }
bool is_contiguous(const Tensor& t, MemoryFormat format) { return t.is_contiguous(format); }
bool is_floating_point(const Tensor& t) { return is_float(t.dtype()); }
bool is_complex_tensor(const Tensor& t) { return is_complex(t.dtype()); }
bool is_signed(const Tensor& t) { return kajo::is_signed(t.dtype()); }
bool is_inference(const Tensor& t) { return t.impl()->inference; }
bool is_conj(const Tensor&) { return false; }
bool is_same_size(const Tensor& a, const Tensor& b) { return a.sizes() == b.sizes(); }
bool is_set_to(const Tensor& a, const Tensor& b) {
    return a.storage() == b.storage() && a.offset() == b.offset() && a.sizes() == b.sizes() &&
           a.strides() == b.strides();
}
bool is_nonzero(const Tensor& t) {
    check(t.numel() == 1, "Boolean value of Tensor with ",
          t.numel() ? "more than one value" : "no values", " is ambiguous");
    return ops::item(t).as_bool();
}
int64_t get_device(const Tensor&) { return -1; }
Tensor requires_grad_(const Tensor& t, bool on) {
    set_requires_grad(t, on);
    return t;
}
Tensor detach_view(const Tensor& t) { return detach(t); }
Tensor identity(const Tensor& t) { return t; }

void append_list(PyObject* list, const Tensor& t, const char* at, size_t d) {
    for (int64_t i = 0; i < t.sizes()[d]; i++) {
        const char* p = t.numel() ? at + i * t.strides()[d] * t.item_size() : at;
        Object item;
        if (d + 1 < t.sizes().size()) {
            item = Object::steal(PyList_New(0));
            append_list(item.get(), t, p, d + 1);
        } else {
            item = Object::steal(dispatch<kEveryType>(t.dtype(), "tolist", [&]<class T>() {
                const auto v = static_cast<Accumulator<T>>(*reinterpret_cast<const T*>(p));
                if constexpr (kIsComplex<Accumulator<T>>)
                    return PyComplex_FromDoubles(double(v.real()), double(v.imag()));
                else if constexpr (std::is_same_v<T, bool>)
                    return PyBool_FromLong(v);
                else if constexpr (std::is_same_v<T, uint64_t>)
                    return PyLong_FromUnsignedLongLong(v);
                else if constexpr (std::is_integral_v<T>)
                    return PyLong_FromLongLong(v);
                else
                    return PyFloat_FromDouble(static_cast<double>(v));
            }));
        }
        if (PyList_Append(list, item.get()) < 0) throw PythonError{};
    }
}
PyObject* tolist(const Tensor& t) {
    check(!t.is_meta(), "tolist(): a meta tensor has no data");
    if (t.dim() == 0) return wrap_scalar(ops::item(t));
    Object list = Object::steal(PyList_New(0));
    append_list(list.get(), t, static_cast<const char*>(t.raw_data()), 0);
    return list.release();
}

// ---- conversions
// -----------------------------------------------------------------------------------------------

Tensor to_device_dtype(const Tensor& t, std::optional<Device> device, std::optional<DType> dtype,
                       bool, bool copy, std::optional<MemoryFormat> format) {
    return ops::to(t, dtype, device, copy, format.value_or(MemoryFormat::Preserve));
}
Tensor to_dtype_only(const Tensor& t, DType dtype, bool, bool copy,
                     std::optional<MemoryFormat> format) {
    return ops::to(t, dtype, std::nullopt, copy, format.value_or(MemoryFormat::Preserve));
}
Tensor to_other(const Tensor& t, const Tensor& other, bool, bool copy,
                std::optional<MemoryFormat> format) {
    return ops::to(t, other.dtype(), other.device(), copy, format.value_or(MemoryFormat::Preserve));
}
Tensor to_format(const Tensor& t, bool, bool copy, MemoryFormat format) {
    return ops::to(t, std::nullopt, std::nullopt, copy, format);
}
template <DType dtype>
Tensor cast(const Tensor& t, MemoryFormat format) {
    return ops::to(t, dtype, std::nullopt, false, format);
}
Tensor chalf(const Tensor& t, std::optional<MemoryFormat> format) {
    return ops::to(t, DType::Complex32, std::nullopt, false,
                   format.value_or(MemoryFormat::Preserve));
}
Tensor cpu(const Tensor& t, MemoryFormat format) {
    return ops::to(t, std::nullopt, Device{}, false, format);
}
PyObject* type(const Tensor& t, PyObject* dtype) {
    if (dtype == Py_None) return PyUnicode_FromFormat("kajo.%sTensor", info(t.dtype()).tensor_name);
    if (PyUnicode_Check(dtype)) {
        std::string text = PyUnicode_AsUTF8(dtype);
        for (int i = 0; i < kDTypes; i++) {
            const std::string name =
                std::string(kDTypeInfo[static_cast<size_t>(i)].tensor_name) + "Tensor";
            if (text == "kajo." + name || text == "torch." + name)
                return wrap(ops::to(t, static_cast<DType>(i)));
        }
        raise(ErrorKind::Value, "invalid type: '", text, "'");
    }
    return wrap(ops::to(t, to_dtype(dtype)));
}
Tensor type_as(const Tensor& t, const Tensor& other) {
    return ops::to(t, other.dtype(), other.device(), false);
}

DType result_type_tt(const Tensor& a, const Tensor& b) { return result_type(a, b); }
DType result_type_ts(const Tensor& a, const Scalar& b) { return result_type(a, b); }
DType result_type_st(const Scalar& a, const Tensor& b) { return result_type(b, a); }
DType result_type_ss(const Scalar& a, const Scalar& b) { return ResultType().add(a).add(b).get(); }

Tensor reshape_as(const Tensor& t, const Tensor& other) { return ops::reshape(t, other.sizes()); }
Tensor view_as(const Tensor& t, const Tensor& other) { return ops::view(t, other.sizes()); }
Tensor expand_as(const Tensor& t, const Tensor& other) { return ops::expand(t, other.sizes()); }
Tensor squeeze_one(const Tensor& t, int64_t dim) { return ops::squeeze_dims(t, {dim}); }
Tensor narrow_tensor(const Tensor& t, int64_t dim, const Tensor& start, int64_t length) {
    check(start.dim() == 0 && is_integral(start.dtype(), false),
          "start must be an 0-dim integral Tensor.");
    return ops::narrow(t, dim, ops::item(start).as_int(), length);
}
Tensor movedim_int(const Tensor& t, int64_t source, int64_t destination) {
    return ops::movedim(t, {source}, {destination});
}
TensorList tensor_split_sections(const Tensor& t, int64_t sections, int64_t dim) {
    check(t.dim() > 0,
          "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims");
    check(sections > 0, "number of sections must be larger than 0, got ", sections);
    const int64_t n = t.size(dim);
    TensorList out;
    int64_t at = 0;
    for (int64_t i = 0; i < sections; i++) {
        const int64_t length = n / sections + (i < n % sections);
        out.push_back(ops::slice(t, dim, at, at + length, 1));
        at += length;
    }
    return out;
}
TensorList tensor_split_indices(const Tensor& t, IntSpan indices, int64_t dim) {
    check(t.dim() > 0,
          "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims");
    TensorList out;
    int64_t at = 0;
    for (int64_t i : indices) {
        out.push_back(ops::slice(t, dim, at, i, 1));
        at = i;
    }
    out.push_back(ops::slice(t, dim, at, std::nullopt, 1));
    return out;
}
TensorList tensor_split_tensor(const Tensor& t, const Tensor& where, int64_t dim) {
    check(where.dim() <= 1 && where.dtype() == DType::Int64,
          "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or "
          "one-dimensional int64 tensor");
    if (where.dim() == 0) return tensor_split_sections(t, ops::item(where).as_int(), dim);
    Dims indices;
    for (const Tensor& i : ops::unbind(where, 0)) indices.push_back(ops::item(i).as_int());
    return tensor_split_indices(t, indices, dim);
}
Tensor set_tensor(const Tensor& t, const Tensor& source) {
    return ops::set_(t, source.storage(), source.offset(), source.sizes(), source.strides());
}
Tensor set_tensor_sized(const Tensor& t, const Tensor& source, int64_t offset, IntSpan size,
                        IntSpan stride) {
    return ops::set_(t, source.storage(), offset, size,
                     stride.size() || size.empty() ? stride.dims() : contiguous_strides(size));
}
Tensor resize_as_(const Tensor& t, const Tensor& other) { return ops::resize_(t, other.sizes()); }
Tensor in_place_view(const Tensor& self, const Tensor& made) {
    check_inplace(self, "in-place view");
    TensorList tangents;
    for (int level = 0; level < ForwardMode::levels(); level++)
        tangents.push_back(tangent(made, level));
    self.impl()->set_sizes(made.sizes(), made.strides());
    self.impl()->offset = made.offset();
    if (AutogradMeta* from = meta_of(made); from && from->grad_fn) {
        AutogradMeta& meta = ensure_meta(self);
        meta.grad_fn = from->grad_fn;
        meta.output = from->output;
    }
    self.bump_version();
    for (size_t level = 0; level < tangents.size(); level++)
        if (tangents[level].defined()) set_tangent(self, static_cast<int>(level), tangents[level]);
    return self;
}
Tensor unsqueeze_(const Tensor& t, int64_t dim) { return in_place_view(t, ops::unsqueeze(t, dim)); }
Tensor squeeze_(const Tensor& t) { return in_place_view(t, ops::squeeze(t)); }
Tensor squeeze_dim_(const Tensor& t, IntSpan dim) {
    return in_place_view(t, ops::squeeze_dims(t, dim));
}
Tensor transpose_(const Tensor& t, int64_t a, int64_t b) {
    return in_place_view(t, ops::transpose(t, a, b));
}
Tensor t_(const Tensor& t) { return in_place_view(t, ops::t(t)); }
Tensor as_strided_(const Tensor& t, IntSpan size, IntSpan stride, std::optional<int64_t> offset) {
    return in_place_view(t, ops::as_strided(t, size, stride, offset));
}

// The copying form of a view.
template <auto view>
struct Copied;
template <class R, class... A, R (*view)(A...)>
struct Copied<view> {
    static R call(A... arguments) {
        const R made = view(arguments...);
        if constexpr (std::is_same_v<R, Tensor>) {
            return ops::clone(made, MemoryFormat::Contiguous);
        } else {
            TensorList out;
            for (const Tensor& t : made) out.push_back(ops::clone(t, MemoryFormat::Contiguous));
            return out;
        }
    }
};
template <auto view>
constexpr Invoke copied = bind<&Copied<view>::call>;

Tensor expand_plain(const Tensor& t, IntSpan size, bool) { return ops::expand(t, size); }
Tensor alias_of(const Tensor& t) { return ops::as_view(t); }
Tensor view_plain(const Tensor& t, IntSpan size) { return ops::view(t, size); }
Tensor view_typed(const Tensor& t, DType dtype) { return ops::view_dtype(t, dtype); }
Tensor as_strided_scatter(const Tensor& t, const Tensor& src, IntSpan size, IntSpan stride,
                          std::optional<int64_t> offset) {
    const Tensor out = ops::clone(t);
    ops::copy_(ops::as_strided(out, size, stride, offset), src);
    return out;
}

constexpr uint32_t kCopy = kFunction | kOutSame;

const OpEntry table[] = {
    {"expand_copy(Tensor self, int[] size, *, bool implicit=False) -> Tensor",
     copied<&expand_plain>, kCopy},
    {"diagonal_copy(Tensor self, int offset=0, int dim1=0, int dim2=1) -> Tensor",
     copied<&ops::diagonal>, kCopy},
    {"alias_copy(Tensor self) -> Tensor", copied<&alias_of>, kCopy},
    {"as_strided_copy(Tensor self, int[] size, int[] stride, int? storage_offset=None) -> Tensor",
     copied<&ops::as_strided>, kCopy},
    {"as_strided_scatter(Tensor self, Tensor src, int[] size, int[] stride, int? "
     "storage_offset=None) -> Tensor",
     bind<&as_strided_scatter>, kBoth | kOutSame},
    {"view_copy(Tensor self, int[] size) -> Tensor", copied<&view_plain>, kCopy},
    {"view_copy(Tensor self, ScalarType dtype) -> Tensor", copied<&view_typed>, kCopy},
    {"permute_copy(Tensor self, int[] dims) -> Tensor", copied<&ops::permute>, kCopy},
    {"unsafe_chunk(Tensor self, int chunks, int dim=0) -> Tensor[]", bind<&ops::chunk>, kBoth},
    {"unsafe_split(Tensor self, int split_size, int dim=0) -> Tensor[]", bind<&ops::split>, kBoth},
    {"unsafe_split_with_sizes(Tensor self, int[] split_sizes, int dim=0) -> Tensor[]",
     bind<&ops::split_sizes>, kBoth},
    {"split_copy(Tensor self, int split_size, int dim=0) -> Tensor[]", copied<&ops::split>, kCopy},
    {"split_with_sizes_copy(Tensor self, int[] split_sizes, int dim=0) -> Tensor[]",
     copied<&ops::split_sizes>, kCopy},
    {"unbind_copy(Tensor self, int dim=0) -> Tensor[]", copied<&ops::unbind>, kCopy},
    {"select_copy(Tensor self, int dim, int index) -> Tensor", copied<&ops::select>, kCopy},
    {"slice_copy(Tensor self, int dim=0, int? start=None, int? end=None, int step=1) -> Tensor",
     copied<&ops::slice>, kCopy},
    {"unfold_copy(Tensor self, int dimension, int size, int step) -> Tensor", copied<&ops::unfold>,
     kCopy},
    {"squeeze_copy(Tensor self) -> Tensor", copied<&ops::squeeze>, kCopy},
    {"squeeze_copy(Tensor self, int dim) -> Tensor", copied<&squeeze_one>, kCopy},
    {"squeeze_copy(Tensor self, int[] dim) -> Tensor", copied<&ops::squeeze_dims>, kCopy},
    {"unsqueeze_copy(Tensor self, int dim) -> Tensor", copied<&ops::unsqueeze>, kCopy},
    {"transpose_copy(Tensor self, int dim0, int dim1) -> Tensor", copied<&ops::transpose>, kCopy},
    {"t_copy(Tensor self) -> Tensor", copied<&ops::t>, kCopy},
    {"detach_copy(Tensor self) -> Tensor", copied<&detach_view>, kCopy},
    {"view_as_real_copy(Tensor self) -> Tensor", copied<&ops::view_as_real>, kCopy},
    {"view_as_complex_copy(Tensor self) -> Tensor", copied<&ops::view_as_complex>, kCopy},

    {"size(Tensor self) -> int[]", bind<&size_all>, kMethod},
    {"size(Tensor self, int dim) -> int", bind<&size_one>, kMethod},
    {"stride(Tensor self) -> int[]", bind<&stride_all>, kMethod},
    {"stride(Tensor self, int dim) -> int", bind<&stride_one>, kMethod},
    {"dim(Tensor self) -> int", bind<&dim>, kMethod},
    {"ndimension(Tensor self) -> int", bind<&dim>, kMethod},
    {"numel(Tensor self) -> int", bind<&numel>, kBoth},
    {"nelement(Tensor self) -> int", bind<&numel>, kMethod},
    {"storage_offset(Tensor self) -> int", bind<&offset>, kMethod},
    {"element_size(Tensor self) -> int", bind<&element_size>, kMethod},
    {"data_ptr(Tensor self) -> int", bind<&data_ptr>, kMethod},
    {"const_data_ptr(Tensor self) -> int", bind<&data_ptr>, kMethod},
    {"is_contiguous(Tensor self, *, MemoryFormat memory_format=contiguous_format) -> bool",
     bind<&is_contiguous>, kMethod},
    {"is_floating_point(Tensor self) -> bool", bind<&is_floating_point>, kBoth},
    {"is_complex(Tensor self) -> bool", bind<&is_complex_tensor>, kBoth},
    {"is_signed(Tensor self) -> bool", bind<&is_signed>, kBoth},
    {"is_inference(Tensor self) -> bool", bind<&is_inference>, kBoth},
    {"is_conj(Tensor self) -> bool", bind<&is_conj>, kBoth},
    {"is_neg(Tensor self) -> bool", bind<&is_conj>, kBoth},
    {"is_same_size(Tensor self, Tensor other) -> bool", bind<&is_same_size>, kBoth},
    {"is_set_to(Tensor self, Tensor tensor) -> bool", bind<&is_set_to>, kMethod},
    {"is_nonzero(Tensor self) -> bool", bind<&is_nonzero>, kBoth},
    {"get_device(Tensor self) -> int", bind<&get_device>, kBoth},
    {"requires_grad_(Tensor self, bool requires_grad=True) -> Tensor", bind<&requires_grad_>,
     kMethod},
    {"detach(Tensor self) -> Tensor", bind<&detach_view>, kBoth},
    {"detach_(Tensor self) -> Tensor", bind<&ops::detach_>, kBoth},
    {"resolve_conj(Tensor self) -> Tensor", bind<&identity>, kBoth},
    {"resolve_neg(Tensor self) -> Tensor", bind<&identity>, kBoth},
    {"tolist(Tensor self) -> object", bind<&tolist>, kMethod},
    {"item(Tensor self) -> Scalar", bind<&ops::item>, kMethod},
    {"to(Tensor self, Device? device=None, ScalarType? dtype=None, bool non_blocking=False, bool "
     "copy=False, *, MemoryFormat? memory_format=None) -> Tensor",
     bind<&to_device_dtype>, kMethod},
    {"to(Tensor self, ScalarType dtype, bool non_blocking=False, bool copy=False, *, MemoryFormat? "
     "memory_format=None) -> Tensor",
     bind<&to_dtype_only>, kMethod},
    {"to(Tensor self, Tensor other, bool non_blocking=False, bool copy=False, *, MemoryFormat? "
     "memory_format=None) -> Tensor",
     bind<&to_other>, kMethod},
    {"to(Tensor self, *, bool non_blocking=False, bool copy=False, MemoryFormat memory_format) -> "
     "Tensor",
     bind<&to_format>, kMethod},
    {"float(Tensor self, *, MemoryFormat memory_format=preserve_format) -> Tensor",
     bind<&cast<DType::Float32>>, kMethod},
    {"double(Tensor self, *, MemoryFormat memory_format=preserve_format) -> Tensor",
     bind<&cast<DType::Float64>>, kMethod},
    {"half(Tensor self, *, MemoryFormat memory_format=preserve_format) -> Tensor",
     bind<&cast<DType::Float16>>, kMethod},
    {"bfloat16(Tensor self, *, MemoryFormat memory_format=preserve_format) -> Tensor",
     bind<&cast<DType::BFloat16>>, kMethod},
    {"long(Tensor self, *, MemoryFormat memory_format=preserve_format) -> Tensor",
     bind<&cast<DType::Int64>>, kMethod},
    {"int(Tensor self, *, MemoryFormat memory_format=preserve_format) -> Tensor",
     bind<&cast<DType::Int32>>, kMethod},
    {"short(Tensor self, *, MemoryFormat memory_format=preserve_format) -> Tensor",
     bind<&cast<DType::Int16>>, kMethod},
    {"char(Tensor self, *, MemoryFormat memory_format=preserve_format) -> Tensor",
     bind<&cast<DType::Int8>>, kMethod},
    {"byte(Tensor self, *, MemoryFormat memory_format=preserve_format) -> Tensor",
     bind<&cast<DType::UInt8>>, kMethod},
    {"bool(Tensor self, *, MemoryFormat memory_format=preserve_format) -> Tensor",
     bind<&cast<DType::Bool>>, kMethod},
    {"cfloat(Tensor self, *, MemoryFormat memory_format=preserve_format) -> Tensor",
     bind<&cast<DType::Complex64>>, kMethod},
    {"cdouble(Tensor self, *, MemoryFormat memory_format=preserve_format) -> Tensor",
     bind<&cast<DType::Complex128>>, kMethod},
    {"chalf(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor", bind<&chalf>, kMethod},
    {"cpu(Tensor self, *, MemoryFormat memory_format=preserve_format) -> Tensor", bind<&cpu>,
     kMethod},
    {"type(Tensor self, object dtype=None, bool non_blocking=False) -> object", bind<&type>,
     kMethod},
    {"type_as(Tensor self, Tensor other) -> Tensor", bind<&type_as>, kMethod},
    {"result_type(Tensor tensor1, Tensor tensor2) -> ScalarType", bind<&result_type_tt>, kFunction},
    {"result_type(Tensor tensor, Scalar other) -> ScalarType", bind<&result_type_ts>, kFunction},
    {"result_type(Scalar scalar, Tensor tensor) -> ScalarType", bind<&result_type_st>, kFunction},
    {"result_type(Scalar scalar1, Scalar scalar2) -> ScalarType", bind<&result_type_ss>, kFunction},
    {"promote_types(ScalarType type1, ScalarType type2) -> ScalarType", bind<&promote_types>,
     kFunction},
    {"can_cast(ScalarType from_, ScalarType to) -> bool", bind<&can_cast>, kFunction},

    {"view(Tensor self, ScalarType dtype) -> Tensor", bind<&ops::view_dtype>, kMethod},
    {"view(Tensor self, int[] size) -> Tensor", bind<&ops::view>, kMethod},
    {"view_as(Tensor self, Tensor other) -> Tensor", bind<&view_as>, kMethod},
    {"reshape(Tensor self, int[] shape) -> Tensor", bind<&ops::reshape>, kBoth},
    {"reshape_as(Tensor self, Tensor other) -> Tensor", bind<&reshape_as>, kMethod},
    {"permute(Tensor self, int[] dims) -> Tensor", bind<&ops::permute>, kBoth},
    {"transpose(Tensor self, int dim0, int dim1) -> Tensor", bind<&ops::transpose>, kBoth},
    {"swapaxes(Tensor self, int axis0, int axis1) -> Tensor", bind<&ops::transpose>, kBoth},
    {"swapdims(Tensor self, int dim0, int dim1) -> Tensor", bind<&ops::transpose>, kBoth},
    {"t(Tensor self) -> Tensor", bind<&ops::t>, kBoth},
    {"expand(Tensor self, int[] size, *, bool implicit=False) -> Tensor", bind<&ops::expand>,
     kMethod},
    {"expand_as(Tensor self, Tensor other) -> Tensor", bind<&expand_as>, kMethod},
    {"broadcast_to(Tensor self, int[] size) -> Tensor",
     bind<+[](const Tensor& t, IntSpan size) { return ops::expand(t, size); }>, kBoth},
    {"as_strided(Tensor self, int[] size, int[] stride, int? storage_offset=None) -> Tensor",
     bind<&ops::as_strided>, kBoth},
    {"narrow(Tensor self, int dim, int start, int length) -> Tensor", bind<&ops::narrow>, kBoth},
    {"narrow(Tensor self, int dim, Tensor start, int length) -> Tensor", bind<&narrow_tensor>,
     kBoth},
    {"select(Tensor self, int dim, int index) -> Tensor", bind<&ops::select>, kBoth},
    {"diagonal(Tensor self, int offset=0, int dim1=0, int dim2=1) -> Tensor", bind<&ops::diagonal>,
     kBoth},
    {"squeeze(Tensor self) -> Tensor", bind<&ops::squeeze>, kBoth},
    {"squeeze(Tensor self, int dim) -> Tensor", bind<&squeeze_one>, kBoth},
    {"squeeze(Tensor self, int[] dim) -> Tensor", bind<&ops::squeeze_dims>, kBoth},
    {"unsqueeze(Tensor self, int dim) -> Tensor", bind<&ops::unsqueeze>, kBoth},
    {"flatten(Tensor self, int start_dim=0, int end_dim=-1) -> Tensor", bind<&ops::flatten>, kBoth},
    {"ravel(Tensor self) -> Tensor",
     bind<+[](const Tensor& t) { return ops::view(ops::contiguous(t), {-1}); }>, kBoth},
    {"unflatten(Tensor self, int dim, int[] sizes) -> Tensor", bind<&ops::unflatten>, kBoth},
    {"movedim(Tensor self, int source, int destination) -> Tensor", bind<&movedim_int>, kBoth},
    {"movedim(Tensor self, int[] source, int[] destination) -> Tensor", bind<&ops::movedim>, kBoth},
    {"moveaxis(Tensor self, int source, int destination) -> Tensor", bind<&movedim_int>, kBoth},
    {"moveaxis(Tensor self, int[] source, int[] destination) -> Tensor", bind<&ops::movedim>,
     kBoth},
    {"unfold(Tensor self, int dimension, int size, int step) -> Tensor", bind<&ops::unfold>,
     kMethod},
    {"split(Tensor self, int split_size, int dim=0) -> Tensor[]", bind<&ops::split>, kBoth},
    {"split(Tensor self, int[] split_size, int dim=0) -> Tensor[]", bind<&ops::split_sizes>, kBoth},
    {"split(Tensor self, int split_size_or_sections, int dim=0) -> Tensor[]", bind<&ops::split>,
     kBoth},
    {"split(Tensor self, int[] split_size_or_sections, int dim=0) -> Tensor[]",
     bind<&ops::split_sizes>, kBoth},
    {"split_with_sizes(Tensor self, int[] split_sizes, int dim=0) -> Tensor[]",
     bind<&ops::split_sizes>, kBoth},
    {"chunk(Tensor self, int chunks, int dim=0) -> Tensor[]", bind<&ops::chunk>, kBoth},
    {"tensor_split(Tensor self, int sections, int dim=0) -> Tensor[]", bind<&tensor_split_sections>,
     kBoth},
    {"tensor_split(Tensor self, int[] indices, int dim=0) -> Tensor[]", bind<&tensor_split_indices>,
     kBoth},
    {"tensor_split(Tensor self, Tensor tensor_indices_or_sections, int dim=0) -> Tensor[]",
     bind<&tensor_split_tensor>, kBoth},
    {"unbind(Tensor self, int dim=0) -> Tensor[]", bind<&ops::unbind>, kBoth},
    {"real(Tensor self) -> Tensor", bind<&ops::real>, kFunction},
    {"imag(Tensor self) -> Tensor", bind<&ops::imag>, kFunction},
    {"view_as_real(Tensor self) -> Tensor", bind<&ops::view_as_real>, kFunction},
    {"view_as_complex(Tensor self) -> Tensor", bind<&ops::view_as_complex>, kFunction},
    {"sum_to_size(Tensor self, int[] size) -> Tensor", bind<&ops::sum_to_size>, kMethod},
    {"resize_(Tensor self, int[] size) -> Tensor", bind<&ops::resize_>, kMethod},
    {"resize_as_(Tensor self, Tensor the_template) -> Tensor", bind<&resize_as_>, kBoth},
    {"_set_tensor(Tensor self, Tensor source) -> Tensor", bind<&set_tensor>, kPrivate},
    {"_set_tensor(Tensor self, Tensor source, int storage_offset, int[] size, int[] stride) -> "
     "Tensor",
     bind<&set_tensor_sized>, kPrivate},
    {"unsqueeze_(Tensor self, int dim) -> Tensor", bind<&unsqueeze_>, kMethod},
    {"squeeze_(Tensor self) -> Tensor", bind<&squeeze_>, kMethod},
    {"squeeze_(Tensor self, int[1] dim) -> Tensor", bind<&squeeze_dim_>, kMethod},
    {"transpose_(Tensor self, int dim0, int dim1) -> Tensor", bind<&transpose_>, kMethod},
    {"swapaxes_(Tensor self, int axis0, int axis1) -> Tensor", bind<&transpose_>, kMethod},
    {"swapdims_(Tensor self, int dim0, int dim1) -> Tensor", bind<&transpose_>, kMethod},
    {"t_(Tensor self) -> Tensor", bind<&t_>, kMethod},
    {"as_strided_(Tensor self, int[] size, int[] stride, int? storage_offset=None) -> Tensor",
     bind<&as_strided_>, kBoth},
};

}  // namespace

std::span<const OpEntry> view_operations() { return table; }

}  // namespace kajo::python
