// What a tensor tells about itself, and its memory through the buffer protocol.
#include "python/tensor_properties.h"

#include "autograd/engine.h"
#include "autograd/meta.h"
#include "ops/pointwise.h"
#include "ops/resize.h"
#include "ops/views.h"
#include "python/autograd.h"
#include "python/bind.h"
#include "python/overrides.h"

namespace kajo::python {

namespace {

// A getter from a plain function of a tensor; the closure is the property's name.
template <auto f>
PyObject* get(PyObject* self, void* name) {
    return guarded([&]() -> PyObject* {
        if (is_overridden(&self, 1)) [[unlikely]]
            return call_override_of_property(static_cast<const char*>(name), "__get__", {self});
        return to_python(f(tensor_of(self)));
    });
}
template <auto f>
int set(PyObject* self, PyObject* value, void* name) {
    return guarded_int([&] {
        if (!is_overridden(&self, 1)) return f(tensor_of(self), value);
        Object::steal(value ? call_override_of_property(static_cast<const char*>(name), "__set__",
                                                        {self, value})
                            : call_override_of_property(static_cast<const char*>(name),
                                                        "__delete__", {self}));
    });
}

PyObject* shape(const Tensor& t) { return wrap_size(t.sizes()); }
PyObject* device(const Tensor& t) { return wrap_device(t.device()); }
PyObject* layout(const Tensor&) { return Py_NewRef(wrap_layout(Layout::Strided)); }
bool is_cpu(const Tensor& t) { return !t.is_meta(); }
bool no(const Tensor&) { return false; }
int64_t version(const Tensor& t) {
    check(!t.impl()->inference, "Inference tensors do not track version counter.");
    return t.version();
}
Tensor grad(const Tensor& t) {
    if (!t.impl()->autograd) return {};
    const AutogradMeta& meta = *meta_of(t);
    if (meta.grad.defined() || meta.retains_grad || !meta.grad_fn) return meta.grad;
    if (PyErr_WarnEx(PyExc_UserWarning,
                     "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. "
                     "Its .grad attribute won't be populated during autograd.backward(). Call "
                     ".retain_grad() on the Tensor first to have it kept.",
                     1) < 0)
        throw PythonError{};
    return {};
}
Tensor base(const Tensor& t) {
    const AutogradMeta* meta = meta_of(t);
    return meta && meta->view ? meta->view->base : Tensor();
}
bool retains_grad(const Tensor& t) { return t.impl()->autograd && meta_of(t)->retains_grad; }
int64_t output_nr(const Tensor& t) { return t.impl()->autograd ? meta_of(t)->output : 0; }
PyObject* grad_fn_object(const Tensor& t) { return wrap_node(grad_fn(t)); }
Tensor data(const Tensor& t) {
    const Tensor out = alias(t);
    out.impl()->detached_version = true;
    return out;
}
PyObject* name(const Tensor&) { return Py_NewRef(Py_None); }
Tensor adjoint(const Tensor& t) { return ops::conj(ops::mT(t)); }
Tensor hermitian(const Tensor& t) {
    check(t.dim() == 2 || t.dim() == 0,
          "tensor.H is only supported on matrices (2-D tensors). Got ", t.dim(), "-D tensor.");
    return t.dim() == 0 ? ops::conj(t) : adjoint(t);
}
int64_t nbytes(const Tensor& t) { return t.numel() * t.item_size(); }
int64_t ndim(const Tensor& t) { return t.dim(); }
int64_t itemsize(const Tensor& t) { return t.item_size(); }
DType dtype(const Tensor& t) { return t.dtype(); }

void assign_requires_grad(const Tensor& t, PyObject* value) {
    check_type(value && PyBool_Check(value), "requires_grad must be a bool");
    set_requires_grad(t, value == Py_True);
}
void assign_grad(const Tensor& t, PyObject* value) {
    if (!value || value == Py_None) {
        if (t.impl()->autograd) meta_of(t)->grad.reset();
        return;
    }
    check_type(is_tensor(value),
               "assigned grad expected to be a Tensor or None but got grad of type ",
               Py_TYPE(value)->tp_name);
    const Tensor g = tensor_of(value);
    check(!g.is_same(t), "can't assign Variable as its own grad");
    const std::optional<DType> wanted = is_leaf(t) ? grad_dtype(t) : t.dtype();
    check(!wanted || g.dtype() == *wanted, "attempting to assign a gradient with dtype '",
          g.dtype(), "' to a tensor with grad_dtype '", wanted.value_or(t.dtype()),
          "'. The gradient must match it (by default the tensor's dtype).");
    check(is_foreign(g) || g.device() == t.device(),
          "attempting to assign a gradient located on device ", g.device(),
          " to a tensor located on device ", t.device());
    check(g.sizes() == t.sizes(), "attempting to assign a gradient of size '", g.sizes(),
          "' to a tensor of size '", t.sizes(),
          "'. Please ensure that the gradient and the tensor are the same size");
    ensure_meta(t).grad = g;
}
void assign_data(const Tensor& t, PyObject* value) {
    check_type(value && is_tensor(value), "Variable data has to be a tensor, but got ",
               value ? Py_TYPE(value)->tp_name : "nothing");
    check(!is_foreign(tensor_of(value)), "data: a strided tensor cannot become a sparse one");
    ops::set_data(t, tensor_of(value));
}
PyObject* gradient_dtype(const Tensor& t) {
    check(is_leaf(t), "grad_dtype can only be accessed on leaf tensors.");
    const std::optional<DType> dtype = grad_dtype(t);
    return Py_NewRef(dtype ? wrap_dtype(*dtype) : Py_None);
}
void assign_gradient_dtype(const Tensor& t, PyObject* value) {
    check(is_leaf(t), "grad_dtype can only be set on leaf tensors.");
    check(value && (value == Py_None || PyObject_TypeCheck(value, &dtype_type)),
          "grad_dtype must be a kajo.dtype or None, but got ",
          value ? Py_TYPE(value)->tp_name : "nothing");
    set_grad_dtype(t, value == Py_None ? std::nullopt : std::optional(to_dtype(value)));
}
// The first of the weak references to a tensor.
PyObject* weak_reference(PyObject* self, void*) {
    PyObject* first = reinterpret_cast<TensorObject*>(self)->weak_references;
    return Py_NewRef(first ? first : Py_None);
}
void assign_real(const Tensor& t, PyObject* value) {
    call_operation(find_operation("copy_"), {Object::steal(wrap(ops::real(t))).get(), value},
                   false);
}
void assign_imag(const Tensor& t, PyObject* value) {
    call_operation(find_operation("copy_"), {Object::steal(wrap(ops::imag(t))).get(), value},
                   false);
}

struct BufferShape {
    Tensor tensor;  // keeps the memory
    std::vector<Py_ssize_t> shape, strides;
};

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
    view->obj = nullptr;
    return guarded_int([&] {
        const Tensor t = tensor_of(self);
        auto refuse = [](bool ok, const char* why) {
            if (!ok) raise(ErrorKind::Buffer, why);
        };
        refuse(!t.is_meta(), "a meta tensor has no data");
        refuse(!requires_grad(t),
               "a tensor that requires grad has no plain buffer; use detach() first");
        // By the letter of the table, NumPy would make its ulonglong, which others do not know.
        const char* format = t.dtype() == DType::UInt64 ? "L" : info(t.dtype()).format;
        refuse(format, "the tensor's dtype has no buffer format; convert it with .to(...) first");
        refuse((flags & PyBUF_STRIDES) == PyBUF_STRIDES || t.is_contiguous(),
               "the tensor is not contiguous");
        auto keep = std::make_unique<BufferShape>();
        keep->tensor = t;
        for (int64_t s : t.sizes()) keep->shape.push_back(s);
        for (int64_t s : t.strides()) keep->strides.push_back(s * t.item_size());
        static char nothing[16];
        view->buf = t.raw_data() ? t.raw_data() : nothing;
        view->len = t.numel() * t.item_size();
        view->readonly = 0;
        view->itemsize = t.item_size();
        view->format = flags & PyBUF_FORMAT ? const_cast<char*>(format) : nullptr;
        view->ndim = static_cast<int>(t.dim());
        view->shape = keep->shape.data();
        view->strides = keep->strides.data();
        view->suboffsets = nullptr;
        view->internal = keep.release();
        view->obj = Py_NewRef(self);
    });
}
void release_buffer(PyObject*, Py_buffer* view) {
    delete static_cast<BufferShape*>(view->internal);
}

}  // namespace

PyBufferProcs buffer_methods = {get_buffer, release_buffer};

PyGetSetDef tensor_properties[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
    {"shape", get<shape>, nullptr, "the sizes of all dimensions", nullptr},
    {"dtype", get<dtype>, nullptr, "the type of the elements", nullptr},
    {"device", get<device>, nullptr, "where the data is", nullptr},
    {"layout", get<layout>, nullptr, "how elements lie in memory", nullptr},
    {"ndim", get<ndim>, nullptr, "the number of dimensions", nullptr},
    {"itemsize", get<itemsize>, nullptr, "bytes of one element", nullptr},
    {"nbytes", get<nbytes>, nullptr, "bytes of all elements", nullptr},
    {"requires_grad", get<static_cast<bool (*)(const Tensor&)>(requires_grad)>,
     set<assign_requires_grad>, "whether gradients are computed for it", nullptr},
    {"grad", get<grad>, set<assign_grad>, "the gradient accumulated by backward(), or None",
     nullptr},
    {"grad_dtype", get<gradient_dtype>, set<assign_gradient_dtype>,
     "the dtype that a leaf's gradient has: its own unless set; None: that which it comes in",
     nullptr},
    {"grad_fn", get<grad_fn_object>, nullptr, "the node that made it, or None for leaves", nullptr},
    {"is_leaf", get<is_leaf>, nullptr, "whether it was made by the user", nullptr},
    {"retains_grad", get<retains_grad>, nullptr, "whether a non-leaf keeps its gradient", nullptr},
    {"data", get<data>, set<assign_data>, "the same storage without history", nullptr},
    {"output_nr", get<output_nr>, nullptr, "which output of grad_fn it is", nullptr},
    {"name", get<name>, nullptr, nullptr, nullptr},
    {"_version", get<version>, nullptr, "how often it was changed in place", nullptr},
    {"_base", get<base>, nullptr, "the tensor that it is a view of, or None", nullptr},
    {"T", get<ops::numpy_T>, nullptr, "all dimensions reversed", nullptr},
    {"mT", get<ops::mT>, nullptr, "the last two dimensions swapped", nullptr},
    {"H", get<hermitian>, nullptr, "the conjugate transpose of a matrix", nullptr},
    {"mH", get<adjoint>, nullptr, "the conjugate transpose of the last two dimensions", nullptr},
    {"real", get<ops::real>, set<assign_real>, "the real part, a view", nullptr},
    {"imag", get<ops::imag>, set<assign_imag>, "the imaginary part, a view", nullptr},
    {"is_cpu", get<is_cpu>, nullptr, nullptr, nullptr},
    {"is_meta", get<+[](const Tensor& t) { return t.is_meta(); }>, nullptr, nullptr, nullptr},
    {"is_cuda", get<no>, nullptr, nullptr, nullptr},
    {"is_sparse", get<no>, nullptr, nullptr, nullptr},
    {"is_sparse_csr", get<no>, nullptr, nullptr, nullptr},
    {"is_quantized", get<no>, nullptr, nullptr, nullptr},
    {"is_nested", get<no>, nullptr, nullptr, nullptr},
    {"is_mkldnn", get<no>, nullptr, nullptr, nullptr},
    {"is_mps", get<no>, nullptr, nullptr, nullptr},
    {"is_xpu", get<no>, nullptr, nullptr, nullptr},
    {"is_ipu", get<no>, nullptr, nullptr, nullptr},
    {"is_maia", get<no>, nullptr, nullptr, nullptr},
    {"is_mtia", get<no>, nullptr, nullptr, nullptr},
    {"is_vulkan", get<no>, nullptr, nullptr, nullptr},
    {"is_xla", get<no>, nullptr, nullptr, nullptr},
    {"volatile", get<no>, nullptr, "a switch of older programs, which nothing heeds", nullptr},
    {"__weakref__", weak_reference, nullptr, "the first weak reference to it, or None", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

void name_tensor_properties() {
    for (PyGetSetDef* p = tensor_properties; p->name; p++)
        if (p->get != PyObject_GenericGetDict && p->get != weak_reference)
            p->closure = const_cast<char*>(p->name);
}

}  // namespace kajo::python
