// The Python type under kajo.Tensor: life and death of wrappers, number and sequence protocols.
#include <cstddef>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "autograd/engine.h"
#include "autograd/meta.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/views.h"
#include "python/bind.h"
#include "python/deterministic.h"
#include "python/overrides.h"
#include "python/subscript.h"
#include "python/tensor_properties.h"

namespace kajo::python {

PyTypeObject* tensor_class = &tensor_base_type;

namespace {

PyObject* size_class = nullptr;

TensorObject* object_of(PyObject* o) { return reinterpret_cast<TensorObject*>(o); }

// ---- wrappers and tensors keep each other
// ---------------------------------------------------------------
//
// A wrapper counts its tensor. If the program drops a wrapper that carries state (attributes, a
// subclass) while the graph still holds the tensor, the roles turn: the tensor then owns the
// wrapper.

bool carries_state(PyObject* self) {
    const PyTypeObject* type = Py_TYPE(self);
    return (type != tensor_class && type != &tensor_base_type) ||
           (object_of(self)->dict && PyDict_GET_SIZE(object_of(self)->dict) > 0);
}

bool hand_over_to_tensor(PyObject* self) {
    TensorObject* o = object_of(self);
    if (!o->impl || !o->owns || o->impl->use_count() <= 1 || !carries_state(self)) return false;
    Py_SET_REFCNT(self, 1);
    o->impl->python_owned_by_impl = true;
    o->owns = false;
    if (o->impl->release_observed()) {  // the last other holder left meanwhile
        o->impl->retain();
        o->impl->python_owned_by_impl = false;
        o->owns = true;
        Py_SET_REFCNT(self, 0);
        return false;
    }
    return true;
}

void drop_tensor(TensorObject* o) {
    TensorImpl* impl = std::exchange(o->impl, nullptr);
    if (impl && o->owns) Ref<TensorImpl>::adopt(impl).reset();
}

// Wrappers of the plain class that died, all fields zero: most live for one expression only.
class SpareWrappers {
  public:
    static PyObject* take(PyTypeObject* type) {
        if (count == 0 || type != tensor_class) return nullptr;
        PyObject* self = spare[--count];
        Py_INCREF(type);
        _Py_NewReference(self);
        PyObject_GC_Track(self);
        return self;
    }
    // False: it has to be freed.
    static bool keep(PyObject* self) {
        if (count == kMost || Py_TYPE(self) != tensor_class || Py_TYPE(self)->tp_finalize)
            return false;
        object_of(self)->owns = false;
        spare[count++] = self;
        return true;
    }

  private:
    static constexpr size_t kMost = 64;
    static inline PyObject* spare[kMost];
    static inline size_t count = 0;
};

void tensor_dealloc(PyObject* self) {
    if (hand_over_to_tensor(self)) return;
    // Finalizers may meet the tensor again: it gets a new wrapper then.
    if (object_of(self)->impl) object_of(self)->impl->python_object = nullptr;
    PyTypeObject* type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (type->tp_finalize) {
        PyObject_GC_Track(self);
        if (PyObject_CallFinalizerFromDealloc(self) < 0) return;
        PyObject_GC_UnTrack(self);
    }
    if (object_of(self)->weak_references) PyObject_ClearWeakRefs(self);
    Py_CLEAR(object_of(self)->dict);
    drop_tensor(object_of(self));
    if (!SpareWrappers::keep(self)) type->tp_free(self);
    if (type->tp_flags & Py_TPFLAGS_HEAPTYPE) Py_DECREF(type);
}

// A tensor that owned its wrapper dies.
void release_wrapper(TensorImpl* impl) {
    if (!Py_IsInitialized()) return;
    const PyGILState_STATE state = PyGILState_Ensure();
    auto* o = static_cast<PyObject*>(impl->python_object);
    object_of(o)->impl = nullptr;
    object_of(o)->owns = false;
    if (impl->python_owned_by_impl) Py_DECREF(o);
    PyGILState_Release(state);
}

// The hooks of a leaf, where nothing but the wrapper holds the tensor: then they die with it, and a
// hook that knows its tensor makes a cycle that only the collector can see.
AutogradMeta* hooks_of_sole_owner(PyObject* self) {
    TensorImpl* impl = object_of(self)->impl;
    if (!impl || !object_of(self)->owns || impl->use_count() != 1) return nullptr;
    return static_cast<AutogradMeta*>(impl->autograd.get());
}

int tensor_traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(object_of(self)->dict);
    if (const AutogradMeta* meta = hooks_of_sole_owner(self))
        if (const LeafExtras* extras = meta->extras.get())
            for (const auto* hooks : {&extras->hooks, &extras->post_accumulate_hooks})
                for (const TensorHook& hook : *hooks)
                    Py_VISIT(static_cast<PyObject*>(hook.python_callable));
    // The context of a user's function that nothing but this tensor holds.
    if (const AutogradMeta* meta = hooks_of_sole_owner(self))
        if (const Node* node = meta->grad_fn.get(); node && node->use_count() == 1)
            Py_VISIT(static_cast<PyObject*>(node->owned_object()));
    if (Py_TYPE(self)->tp_flags & Py_TPFLAGS_HEAPTYPE) Py_VISIT(Py_TYPE(self));
    return 0;
}
int tensor_clear(PyObject* self) {
    Py_CLEAR(object_of(self)->dict);
    if (AutogradMeta* meta = hooks_of_sole_owner(self)) {
        // Dropping a hook may run any code, so the lists are emptied first.
        if (LeafExtras* extras = meta->extras.get()) {
            const auto leaf = std::exchange(extras->hooks, {});
            const auto accumulated = std::exchange(extras->post_accumulate_hooks, {});
        }
    }
    return 0;
}

PyObject* new_wrapper(Tensor&& t, PyTypeObject* type) {
    PyObject* self = SpareWrappers::take(type);
    if (!self) self = type->tp_alloc(type, 0);
    if (!self) throw PythonError{};
    TensorImpl* impl = t.detach_impl();
    object_of(self)->impl = impl;
    object_of(self)->owns = true;
    impl->python_object = self;
    return self;
}

// ---- construction: Tensor(), Tensor(2, 3), Tensor([1., 2.]), Tensor(other)
// -------------------------------

PyObject* tensor_new(PyTypeObject* type, PyObject* args, PyObject*) {
    return guarded([&]() -> PyObject* {
        const Py_ssize_t n = PyTuple_GET_SIZE(args);
        PyObject* first = n ? PyTuple_GET_ITEM(args, 0) : nullptr;
        if (n == 1 && is_tensor(first)) {
            const Tensor t = tensor_of(first);
            if (is_foreign(t))
                raise(ErrorKind::NotImplemented,
                      "Tensor(): is not implemented for sparse tensors: use to_dense() first");
            return wrap_as(alias(t), type);
        }
        const bool sizes =
            n == 0 || PyLong_Check(first) ||
            (n == 1 && size_class && Py_TYPE(first) == reinterpret_cast<PyTypeObject*>(size_class));
        if (sizes) {
            const Dims dims =
                n == 0 ? Dims{0} : to_dims(n == 1 && !PyLong_Check(first) ? first : args);
            return wrap_as(filled_if_deterministic(empty(dims, default_dtype_now())), type);
        }
        check_type(n == 1 && PySequence_Check(first), "Tensor(): data must be a sequence (got ",
                   Py_TYPE(first)->tp_name, ")");
        check_type(n == 1, "Tensor(): expected data or sizes, got ", n, " arguments");
        return wrap_as(tensor_from_data(first, default_dtype_now()), type);
    });
}

// ---- numbers
// --------------------------------------------------------------------------------------------------

Operation* find_once(Operation*& slot, const char* name) {
    return slot ? slot : slot = find_operation(name);
}

template <size_t N>
struct Name {
    char text[N];
    constexpr Name(const char (&s)[N]) { std::copy_n(s, N, text); }
};

bool is_plain_number(PyObject* o) {
    return PyFloat_Check(o) || PyLong_Check(o) || PyComplex_Check(o);
}

// `commutes`: a number on the left may change sides.
template <Name name, bool commutes = false>
PyObject* binary(PyObject* a, PyObject* b) {
    return guarded([&]() -> PyObject* {
        static Operation* op = nullptr;
        find_once(op, name.text);
        if (is_tensor(a) || may_override(a)) return call_operation(op, {a, b}, true);
        if (!is_plain_number(a)) {
            const auto s = PyUnicode_Check(a) ? std::nullopt : as_scalar(a);
            if (!s) return Py_NewRef(Py_NotImplemented);
            return call_operation(op, {Object::steal(wrap(ops::scalar_tensor(*s))).get(), b}, true);
        }
        if constexpr (commutes) return call_operation(op, {b, a}, true);
        const Object left = Object::steal(wrap(ops::scalar_tensor(to_scalar(a))));
        return call_operation(op, {left.get(), b}, true);
    });
}

template <Name name>
PyObject* in_place(PyObject* a, PyObject* b) {
    return guarded([&] {
        static Operation* op = nullptr;
        return call_operation(find_once(op, name.text), {a, b}, true);
    });
}

// CPython takes this for the concatenation in place too, where NotImplemented would be the result.
PyObject* add_in_place(PyObject* a, PyObject* b) {
    PyObject* result = in_place<"add_">(a, b);
    if (result != Py_NotImplemented) return result;
    Py_DECREF(result);
    return PyNumber_Add(a, b);
}

template <Name name>
PyObject* unary(PyObject* a) {
    return guarded([&] {
        static Operation* op = nullptr;
        return call_operation(find_once(op, name.text), {a}, false);
    });
}

// Numbers have no matrix product.
PyObject* matrix_product(PyObject* a, PyObject* b) {
    auto has_product = [](PyObject* o) { return is_tensor(o) || may_override(o); };
    if (!has_product(a) || !has_product(b)) Py_RETURN_NOTIMPLEMENTED;
    return binary<"matmul">(a, b);
}
PyObject* invert(PyObject* a) {
    if (!is_integral(object_of(a)->impl->dtype, true)) {
        PyErr_SetString(
            PyExc_TypeError,
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors");
        return nullptr;
    }
    return unary<"bitwise_not">(a);
}
// What stands on the left of a tensor, a number or an array, multiplies its reciprocal.
PyObject* true_divide(PyObject* a, PyObject* b) {
    const bool is_number = PyFloat_Check(a) || PyLong_Check(a) || PyComplex_Check(a);
    if (is_number && is_tensor(b) && !may_override(b))
        return guarded(
            [&] { return PyNumber_Multiply(Object::steal(unary<"reciprocal">(b)).get(), a); });
    PyObject* result = binary<"div">(a, b);
    if (result != Py_NotImplemented || !PyObject_CheckBuffer(a) || !is_tensor(b)) return result;
    Py_DECREF(result);
    return guarded(
        [&] { return PyNumber_Multiply(Object::steal(unary<"reciprocal">(b)).get(), a); });
}
PyObject* power(PyObject* a, PyObject* b, PyObject*) { return binary<"pow">(a, b); }
PyObject* power_in_place(PyObject* a, PyObject* b, PyObject*) { return in_place<"pow_">(a, b); }
PyObject* positive(PyObject* a) { return unary<"positive">(a); }

PyObject* overridden(const char* method, PyObject* self) {
    return guarded([&] { return call_override_of(method, {self}); });
}

Scalar one_element(PyObject* self, const char* what) {
    const Tensor t = tensor_of(self);
    check_value(t.numel() == 1,
                "only one element tensors can be converted to Python scalars: a Tensor with ",
                t.numel(), " elements cannot be converted to ", what);
    return ops::item(t);
}
void check_real(const Scalar& s, const char* type) {
    check(!s.is_complex() || s.as_complex().imag() == 0.0, "value cannot be converted to type ",
          type, " without overflow: ", s);
}
int tensor_bool(PyObject* self) {
    int result = -1;
    if (may_override(self)) {
        PyObject* answer = overridden("__bool__", self);
        result = answer ? PyObject_IsTrue(answer) : -1;
        Py_XDECREF(answer);
        return result;
    }
    const int failed = guarded_int([&] {
        const Tensor t = tensor_of(self);
        check(t.numel() == 1, "Boolean value of Tensor with ",
              t.numel() ? "more than one value" : "no values", " is ambiguous");
        result = ops::item(t).as_bool();
    });
    return failed ? -1 : result;
}
PyObject* tensor_int(PyObject* self) {
    if (may_override(self)) return overridden("__int__", self);
    return guarded([&]() -> PyObject* {
        const Scalar s = one_element(self, "Scalar");
        if (s.is_float()) return PyLong_FromDouble(s.as_double());
        check_real(s, "int64_t");
        return PyLong_FromLongLong(s.as_int());
    });
}
PyObject* tensor_float(PyObject* self) {
    if (may_override(self)) return overridden("__float__", self);
    return guarded([&] {
        const Scalar s = one_element(self, "Scalar");
        check_real(s, "double");
        return PyFloat_FromDouble(s.as_double());
    });
}
PyObject* tensor_index(PyObject* self) {
    if (may_override(self)) return overridden("__index__", self);
    return guarded([&] {
        const Tensor t = tensor_of(self);
        check_type(t.numel() == 1 && is_integral(t.dtype(), true),
                   "only integer tensors of a single element can be converted to an index");
        return PyLong_FromLongLong(ops::item(t).as_int());
    });
}

PyObject* compare(PyObject* a, PyObject* b, int op) {
    // NumPy leaves the comparison to the tensor, which would fall back to identity.
    if (std::strcmp(Py_TYPE(b)->tp_name, "numpy.ndarray") == 0)
        return guarded([&] {
            return compare(a, Object::steal(wrap(tensor_from_data(b, std::nullopt))).get(), op);
        });
    switch (op) {
        case Py_LT:
            return binary<"lt">(a, b);
        case Py_LE:
            return binary<"le">(a, b);
        case Py_EQ:
            return binary<"eq">(a, b);
        case Py_NE:
            return binary<"ne">(a, b);
        case Py_GT:
            return binary<"gt">(a, b);
        default:
            return binary<"ge">(a, b);
    }
}
Py_hash_t tensor_hash(PyObject* self) {
    const auto bits = reinterpret_cast<uintptr_t>(self);
    return static_cast<Py_hash_t>((bits >> 4) | (bits << (8 * sizeof bits - 4)));
}

PyNumberMethods number_methods = [] {
    PyNumberMethods m{};
    m.nb_add = binary<"add", true>;
    m.nb_subtract = binary<"sub">;
    m.nb_multiply = binary<"mul", true>;
    m.nb_true_divide = true_divide;
    m.nb_floor_divide = binary<"floor_divide">;
    m.nb_remainder = binary<"remainder">;
    m.nb_power = power;
    m.nb_matrix_multiply = matrix_product;
    m.nb_and = binary<"bitwise_and">;
    m.nb_or = binary<"bitwise_or">;
    m.nb_xor = binary<"bitwise_xor">;
    m.nb_lshift = binary<"bitwise_left_shift">;
    m.nb_rshift = binary<"bitwise_right_shift">;
    m.nb_negative = unary<"neg">;
    m.nb_positive = positive;
    m.nb_absolute = unary<"abs">;
    m.nb_invert = invert;
    m.nb_bool = tensor_bool;
    m.nb_int = tensor_int;
    m.nb_float = tensor_float;
    m.nb_index = tensor_index;
    m.nb_inplace_add = add_in_place;
    m.nb_inplace_subtract = in_place<"sub_">;
    m.nb_inplace_multiply = in_place<"mul_">;
    m.nb_inplace_true_divide = in_place<"div_">;
    m.nb_inplace_floor_divide = in_place<"floor_divide_">;
    m.nb_inplace_remainder = in_place<"remainder_">;
    m.nb_inplace_power = power_in_place;
    m.nb_inplace_and = in_place<"bitwise_and_">;
    m.nb_inplace_or = in_place<"bitwise_or_">;
    m.nb_inplace_xor = in_place<"bitwise_xor_">;
    m.nb_inplace_lshift = in_place<"bitwise_left_shift_">;
    m.nb_inplace_rshift = in_place<"bitwise_right_shift_">;
    return m;
}();

// ---- operators as methods
//
// Under the operators' names the type has methods with a named argument, where CPython would put
// wrappers of the slots. It would then also send the operators themselves through the methods in
// every subclass: those that a subclass leaves alone get their slots back.

template <binaryfunc f, bool reflected>
PyObject* operator_method(PyObject* self, PyObject* const* args, Py_ssize_t count,
                          PyObject* names) {
    const Py_ssize_t named = names ? PyTuple_GET_SIZE(names) : 0;
    if (count + named != 1 ||
        (named && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "other") != 0)) {
        PyErr_SetString(PyExc_TypeError, "an operator takes one argument, 'other'");
        return nullptr;
    }
    return reflected ? f(args[0], self) : f(self, args[0]);
}

struct OperatorSlot {
    size_t offset;  // in PyNumberMethods
    const char *name, *reflected;
};
std::vector<OperatorSlot> operator_slots;
std::vector<PyMethodDef> operator_methods;

void define_operator_method(std::string name,
                            PyObject* (*f)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*)) {
    static std::deque<std::string> texts;  // which stay where they are
    const char* kept = texts.emplace_back(name).c_str();
    const char* text = texts.emplace_back(name + "($self, other)\n--\n\n").c_str();
    operator_methods.push_back({kept, reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(f)),
                                METH_FASTCALL | METH_KEYWORDS | METH_COEXIST, text});
}
template <binaryfunc f>
void define_operator(const char* stem, size_t offset) {
    define_operator_method("__" + std::string(stem) + "__", operator_method<f, false>);
    const char* name = operator_methods.back().ml_name;
    define_operator_method("__r" + std::string(stem) + "__", operator_method<f, true>);
    operator_slots.push_back({offset, name, operator_methods.back().ml_name});
}
template <binaryfunc f>
void define_inplace(const char* stem, size_t offset) {
    define_operator_method("__i" + std::string(stem) + "__", operator_method<f, false>);
    operator_slots.push_back({offset, operator_methods.back().ml_name, nullptr});
}

void define_operators() {
#define AT(member) offsetof(PyNumberMethods, member)
    define_operator<binary<"add", true>>("add", AT(nb_add));
    define_operator<binary<"sub">>("sub", AT(nb_subtract));
    define_operator<binary<"mul", true>>("mul", AT(nb_multiply));
    define_operator<true_divide>("truediv", AT(nb_true_divide));
    define_operator<binary<"floor_divide">>("floordiv", AT(nb_floor_divide));
    define_operator<binary<"remainder">>("mod", AT(nb_remainder));
    define_operator<binary<"pow">>("pow", AT(nb_power));
    define_operator<matrix_product>("matmul", AT(nb_matrix_multiply));
    define_operator<binary<"bitwise_and">>("and", AT(nb_and));
    define_operator<binary<"bitwise_or">>("or", AT(nb_or));
    define_operator<binary<"bitwise_xor">>("xor", AT(nb_xor));
    define_operator<binary<"bitwise_left_shift">>("lshift", AT(nb_lshift));
    define_operator<binary<"bitwise_right_shift">>("rshift", AT(nb_rshift));
    define_inplace<add_in_place>("add", AT(nb_inplace_add));
    define_inplace<in_place<"sub_">>("sub", AT(nb_inplace_subtract));
    define_inplace<in_place<"mul_">>("mul", AT(nb_inplace_multiply));
    define_inplace<in_place<"div_">>("truediv", AT(nb_inplace_true_divide));
    define_inplace<in_place<"floor_divide_">>("floordiv", AT(nb_inplace_floor_divide));
    define_inplace<in_place<"remainder_">>("mod", AT(nb_inplace_remainder));
    define_inplace<in_place<"pow_">>("pow", AT(nb_inplace_power));
    define_inplace<in_place<"bitwise_and_">>("and", AT(nb_inplace_and));
    define_inplace<in_place<"bitwise_or_">>("or", AT(nb_inplace_or));
    define_inplace<in_place<"bitwise_xor_">>("xor", AT(nb_inplace_xor));
    define_inplace<in_place<"bitwise_left_shift_">>("lshift", AT(nb_inplace_lshift));
    define_inplace<in_place<"bitwise_right_shift_">>("rshift", AT(nb_inplace_rshift));
#undef AT
    operator_methods.push_back({nullptr, nullptr, 0, nullptr});
}

bool is_inherited(PyObject* cls, const char* name) {
    if (!name) return true;
    PyObject* found = PyObject_GetAttrString(cls, name);
    if (!found) PyErr_Clear();
    Py_XDECREF(found);
    return found == PyDict_GetItemString(tensor_base_type.tp_dict, name);
}
void inherit_operators(PyObject* cls) {
    auto* slots = reinterpret_cast<char*>(reinterpret_cast<PyTypeObject*>(cls)->tp_as_number);
    const auto* ours = reinterpret_cast<const char*>(&number_methods);
    for (const OperatorSlot& slot : operator_slots)
        if (is_inherited(cls, slot.name) && is_inherited(cls, slot.reflected))
            std::memcpy(slots + slot.offset, ours + slot.offset, sizeof(void*));
}

// ---- sequences
// ----------------------------------------------------------------------------------------------------

Py_ssize_t tensor_length(PyObject* self) {
    if (may_override(self)) {
        PyObject* answer = overridden("__len__", self);
        const Py_ssize_t n = answer ? PyNumber_AsSsize_t(answer, PyExc_OverflowError) : -1;
        Py_XDECREF(answer);
        return n;
    }
    const TensorImpl& t = *object_of(self)->impl;
    if (t.sizes.empty()) {
        PyErr_SetString(PyExc_TypeError, "len() of a 0-d tensor");
        return -1;
    }
    return t.sizes[0];
}
PyObject* tensor_subscript(PyObject* self, PyObject* index) {
    return guarded([&] {
        PyObject* arguments[] = {self, index};
        if (is_overridden(arguments, 2)) return call_override_of("__getitem__", {self, index});
        return wrap(get_item(tensor_of(self), index));
    });
}
int tensor_assign(PyObject* self, PyObject* index, PyObject* value) {
    return guarded_int([&] {
        check_type(value != nullptr, "Tensor does not support deleting items");
        PyObject* arguments[] = {self, index, value};
        if (is_overridden(arguments, 3)) {
            Object::steal(call_override_of("__setitem__", {self, index, value}));
            return;
        }
        set_item(tensor_of(self), index, value);
    });
}
PyMappingMethods mapping_methods = {tensor_length, tensor_subscript, tensor_assign};

PyObject* tensor_iter(PyObject* self) {
    return guarded([&] {
        const Tensor t = tensor_of(self);
        check_type(t.dim() > 0, "iteration over a 0-d tensor");
        return PyObject_GetIter(Object::steal(to_python(ops::unbind(t, 0))).get());
    });
}

// ---- the metaclass: gives subclasses the same way to die
// --------------------------------------------------------

int meta_init(PyObject* cls, PyObject* args, PyObject* kwargs) {
    if (PyType_Type.tp_init(cls, args, kwargs) < 0) return -1;
    reinterpret_cast<PyTypeObject*>(cls)->tp_dealloc = tensor_dealloc;
    inherit_operators(cls);
    return 0;
}

PyObject* set_tensor_class(PyObject*, PyObject* cls) {
    tensor_class = reinterpret_cast<PyTypeObject*>(Py_NewRef(cls));
    Py_RETURN_NONE;
}
// Tensors whose elements are kept by the package: sparse ones. Their gradients are added there.
PyTypeObject* foreign_class = nullptr;
bool is_foreign_tensor(const Tensor& t) {
    void* wrapper = t.impl()->python_object;
    return wrapper && PyType_IsSubtype(Py_TYPE(static_cast<PyObject*>(wrapper)), foreign_class);
}
// These two run user code, on a thread that may not have the lock.
Tensor add_foreign(const Tensor& a, const Tensor& b) {
    const HoldInterpreter lock;
    const Object x = Object::steal(wrap(a)), y = Object::steal(wrap(b));
    return tensor_of(Object::steal(PyNumber_Add(x.get(), y.get())).get());
}
Tensor gathered_gradient(const Tensor& gradient, IntSpan sizes, int64_t dim, const Tensor& index) {
    const HoldInterpreter lock;
    const Object home = Object::steal(PyImport_ImportModule("kajo.sparse._gradients"));
    const Object g = Object::steal(wrap(gradient)), at = Object::steal(wrap(index));
    const Object size = Object::steal(wrap_size(sizes));
    const Object made =
        Object::steal(PyObject_CallMethod(home.get(), "of_gather", "OOLO", g.get(), size.get(),
                                          static_cast<long long>(dim), at.get()));
    return tensor_of(made.get());
}
PyObject* set_foreign_class(PyObject*, PyObject* cls) {
    foreign_class = reinterpret_cast<PyTypeObject*>(Py_NewRef(cls));
    ForeignGradients::is = is_foreign_tensor;
    ForeignGradients::add = add_foreign;
    Py_RETURN_NONE;
}
PyObject* set_size_class(PyObject*, PyObject* cls) {
    size_class = Py_NewRef(cls);
    Py_RETURN_NONE;
}
// What is made here would share the memory of a strided tensor.
void check_strided(const Tensor& t, const char* name) {
    if (is_foreign(t))
        raise(ErrorKind::NotImplemented, name,
              "(): is not implemented for sparse tensors: use to_dense() first");
}
// A wrapper of a subclass around the same storage, without history.
PyObject* make_subclass(PyObject*, PyObject* args) {
    PyObject* cls;
    PyObject* data;
    int tracked = 0;
    if (!PyArg_ParseTuple(args, "OO!|p", &cls, &tensor_base_type, &data, &tracked)) return nullptr;
    return guarded([&] {
        check_type(PyType_Check(cls), "expected a subclass of Tensor, got ", Py_TYPE(cls)->tp_name);
        check_strided(tensor_of(data), "_make_subclass");
        const Tensor t = detach(tensor_of(data));
        if (tracked) set_requires_grad(t, true);
        return wrap_as(t, reinterpret_cast<PyTypeObject*>(cls));
    });
}
// The same tensor as an instance of a subclass, with its history.
PyObject* as_subclass(PyObject*, PyObject* args) {
    PyObject* cls;
    PyObject* data;
    if (!PyArg_ParseTuple(args, "O!O!", &PyType_Type, &cls, &tensor_base_type, &data))
        return nullptr;
    return guarded([&] {
        check_strided(tensor_of(data), "as_subclass");
        return wrap_as(ops::as_view(tensor_of(data)), reinterpret_cast<PyTypeObject*>(cls));
    });
}
PyMethodDef class_functions[] = {
    {"_as_subclass", as_subclass, METH_VARARGS, "A view as an instance of a subclass."},
    {"_set_tensor_class", set_tensor_class, METH_O, "The class of all results."},
    {"_set_foreign_class", set_foreign_class, METH_O, "The class of tensors kept by the package."},
    {"_set_size_class", set_size_class, METH_O, "The class of shapes."},
    {"_make_subclass", make_subclass, METH_VARARGS, "A tensor of a subclass that shares storage."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

PyTypeObject tensor_meta_type = [] {
    PyTypeObject t = {PyVarObject_HEAD_INIT(nullptr, 0)};
    t.tp_name = "kajo._core._TensorMeta";
    t.tp_base = &PyType_Type;
    t.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE;
    t.tp_init = meta_init;
    return t;
}();

PyTypeObject tensor_base_type = [] {
    PyTypeObject t = {PyVarObject_HEAD_INIT(&tensor_meta_type, 0)};
    t.tp_name = "kajo._core.TensorBase";
    t.tp_basicsize = sizeof(TensorObject);
    t.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC;
    t.tp_dealloc = tensor_dealloc;
    t.tp_traverse = tensor_traverse;
    t.tp_clear = tensor_clear;
    t.tp_new = tensor_new;
    t.tp_dictoffset = offsetof(TensorObject, dict);
    t.tp_weaklistoffset = offsetof(TensorObject, weak_references);
    t.tp_as_number = &number_methods;
    t.tp_as_mapping = &mapping_methods;
    t.tp_as_buffer = &buffer_methods;
    t.tp_richcompare = compare;
    t.tp_hash = tensor_hash;
    t.tp_iter = tensor_iter;
    t.tp_getset = tensor_properties;
    return t;
}();

PyObject* wrap(Tensor&& t) {
    if (!t.defined()) return Py_NewRef(Py_None);
    TensorImpl* impl = t.impl();
    if (auto* have = static_cast<PyObject*>(impl->python_object)) {
        if (!impl->python_owned_by_impl) return Py_NewRef(have);
        impl->python_owned_by_impl = false;
        impl->retain();
        object_of(have)->owns = true;
        return have;  // the tensor's reference becomes the caller's
    }
    return new_wrapper(std::move(t), tensor_class);
}
PyObject* wrap(const Tensor& t) { return wrap(Tensor(t)); }

PyObject* wrap_as(const Tensor& t, PyTypeObject* type) {
    check_type(PyType_IsSubtype(type, &tensor_base_type), "expected a subclass of Tensor, got ",
               type->tp_name);
    return new_wrapper(t.impl()->python_object ? alias(t) : Tensor(t), type);
}

PyObject* wrap_size(IntSpan sizes) {
    auto* type = size_class ? reinterpret_cast<PyTypeObject*>(size_class) : &PyTuple_Type;
    Object out = Object::steal(type->tp_alloc(type, static_cast<Py_ssize_t>(sizes.size())));
    for (size_t i = 0; i < sizes.size(); i++)
        PyTuple_SET_ITEM(out.get(), static_cast<Py_ssize_t>(i),
                         Object::steal(PyLong_FromLongLong(sizes[i])).release());
    return out.release();
}

void add_tensor_type(PyObject* module) {
    ForeignGradients::of_gather = gathered_gradient;
    TensorImpl::release_python_object = release_wrapper;
    complete_tensor_properties();
    define_operators();
    tensor_base_type.tp_methods = operator_methods.data();
    if (PyType_Ready(&tensor_meta_type) < 0 || PyType_Ready(&tensor_base_type) < 0 ||
        PyModule_AddObjectRef(module, "_TensorMeta",
                              reinterpret_cast<PyObject*>(&tensor_meta_type)) < 0 ||
        PyModule_AddObjectRef(module, "TensorBase",
                              reinterpret_cast<PyObject*>(&tensor_base_type)) < 0 ||
        PyModule_AddFunctions(module, class_functions) < 0)
        throw PythonError{};
}

}  // namespace kajo::python
