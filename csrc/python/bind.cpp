#include "python/bind.h"

#include <structmember.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <unordered_map>

#include "autograd/attach.h"
#include "core/promotion.h"
#include "ops/copy.h"
#include "ops/resize.h"
#include "python/overrides.h"
#include "python/profiler.h"
#include "python/schema.h"
#include "python/tables.h"

namespace kajo::python {

// A Python callable for all overloads of one name.
struct Operation {
    PyObject_HEAD vectorcallfunc call;
    PyObject* name;
    std::vector<std::unique_ptr<Signature>>* overloads;
    bool in_place;  // writes the result over the first argument
};

namespace {

extern PyTypeObject operation_type;

std::unordered_map<std::string, Operation*>& registry() {
    static std::unordered_map<std::string, Operation*> r;
    return r;
}

// ---- out= and in-place forms
// --------------------------------------------------------------------------

bool has(const Signature& s, uint32_t flag) { return (s.flags & flag) == flag; }

// Calls `visit` with every tensor among the arguments.
template <class Visit>
void each_tensor(const Signature& s, PyObject* const* slots, Visit visit) {
    for (size_t i = 0; i < s.parameters.size(); i++) {
        if (slots[i] == Py_None) continue;
        if (s.parameters[i].kind == ArgumentKind::Tensor) visit(tensor_of(slots[i]));
        if (s.parameters[i].kind != ArgumentKind::TensorList) continue;
        for (const Tensor& t : to_tensor_list(slots[i]))
            if (t.defined()) visit(t);
    }
}

void check_out_type(const Signature& s, DType result, DType out) {
    if (has(s, kOutAnyType)) return;
    // Truth values may also be written as bytes.
    const bool same = result == out || (result == DType::Bool && out == DType::UInt8);
    if (has(s, kOutSame))
        check(same, s.name, "(): Expected out tensor to have dtype ", result, ", but got ", out,
              " instead");
    if (can_cast(result, out)) return;
    const ErrorKind kind = has(s, kOutTypeError)     ? ErrorKind::Type
                           : has(s, kOutUnsupported) ? ErrorKind::NotImplemented
                                                     : ErrorKind::Runtime;
    raise(kind, s.name, "(): result type ", info(result).tensor_name,
          " can't be cast to the desired output type ", info(out).tensor_name);
}

void check_out_overlap(const Signature& s, PyObject* const* slots, const Tensor& out) {
    each_tensor(s, slots, [&](const Tensor& input) {
        check(!has(s, kOutApart) || !(input.storage() == out.storage()) ||
                  input.offset() != out.offset(),
              s.name,
              "(): unsupported operation: some elements of the input tensor and the written-to "
              "tensor refer "
              "to a single memory location. Please clone() the tensor before performing the "
              "operation.");
        ops::check_no_partial_overlap(out, input);
    });
}

void write_out(const Signature& s, PyObject* const* slots, const Tensor& out,
               const Tensor& result) {
    const char* name = s.name.c_str();
    check_out_type(s, result.dtype(), out.dtype());
    ops::check_no_internal_overlap(out);
    check(out.device() == result.device(), name, "(): Expected out tensor to be on device ",
          result.device(), ", but got ", out.device());
    if (!(out.sizes() == result.sizes())) {
        if (out.numel() != 0 &&
            PyErr_WarnFormat(
                PyExc_UserWarning, 1,
                "%s(): An output with one or more elements was resized since it had another "
                "shape than the result. Resize it to zero elements first, or pass one of "
                "the right shape.",
                name) < 0)
            throw PythonError{};
        ops::resize_(out, result.sizes());
    }
    if (result.numel() != 0) check_out_overlap(s, slots, out);
    ops::copy_raw(out, result);
    note_write(out, name);
}

// Whoever writes into `out` would not see that the tangent did not come along.
void refuse_tangents(const Signature& s, PyObject* const* slots) {
    if (!ForwardMode::enabled()) return;
    each_tensor(s, slots, [&](const Tensor& t) {
        if (has_tangent(t))
            raise(ErrorKind::NotImplemented, "Trying to use forward AD with ", s.name,
                  "_out that does not support it because it is an out= function");
    });
}

void refuse_gradients(const Signature& s, PyObject* const* slots, PyObject* out) {
    if (!GradMode::enabled()) return;
    bool required = is_tensor(out) && requires_grad(tensor_of(out));
    each_tensor(s, slots, [&](const Tensor& t) { required |= requires_grad(t); });
    check(!required, s.name,
          "(): functions with out=... arguments don't support automatic differentiation, but one "
          "of the arguments requires grad.");
}

Object with_out(const Signature& s, PyObject* const* slots, Object result, PyObject* out) {
    refuse_tangents(s, slots);
    refuse_gradients(s, slots, out);
    GradModeGuard off(false);
    if (is_tensor(out) && is_tensor(result.get())) {
        write_out(s, slots, tensor_of(out), tensor_of(result.get()));
        return Object::borrow(out);
    }
    check_type(PyTuple_Check(out) || PyList_Check(out), s.name, "(): argument 'out' must be ",
               is_tensor(result.get()) ? "Tensor" : "tuple of Tensors", ", not ",
               Py_TYPE(out)->tp_name);
    const Py_ssize_t n = PySequence_Size(out);
    check_type(PyTuple_Check(result.get()) && n == PyTuple_GET_SIZE(result.get()), s.name,
               "(): argument 'out' must hold one tensor for each result");
    PyTypeObject* const type = Py_TYPE(result.get());
    Object written =
        Object::steal(type == &PyTuple_Type ? PyTuple_New(n) : PyStructSequence_New(type));
    for (Py_ssize_t i = 0; i < n; i++) {
        Object item = Object::steal(PySequence_GetItem(out, i));
        check_type(is_tensor(item.get()), s.name, "(): argument 'out' must be tuple of Tensors");
        write_out(s, slots, tensor_of(item.get()), tensor_of(PyTuple_GET_ITEM(result.get(), i)));
        PyTuple_SET_ITEM(written.get(), i, item.release());
    }
    if (s.result == "Tensor[]") return Object::borrow(Py_None);
    return written;
}

// A computation that is asked for in out= runs in out's dtype where no other is named.
void take_dtype_of_out(const Signature& s, PyObject** slots, PyObject* out) {
    if (!out || !is_tensor(out) || has(s, kOutSame)) return;
    if (has(s, kOutUnsupported) && !is_differentiable(tensor_of(out).dtype())) return;
    for (size_t i = 0; i < s.parameters.size(); i++)
        if (s.parameters[i].kind == ArgumentKind::DType && slots[i] == Py_None)
            slots[i] = wrap_dtype(tensor_of(out).dtype());
}

// What backward reads of the old values must outlive their being overwritten.
Object keep_old_values(const Signature& s, PyObject* const* slots) {
    bool recorded = false;
    if (is_differentiating())
        each_tensor(s, slots, [&](const Tensor& t) { recorded |= needs_grad(t); });
    return recorded ? Object::steal(wrap(ops::clone(tensor_of(slots[0]))))
                    : Object::borrow(slots[0]);
}

Object write_in_place(const Signature& s, PyObject* self, Object result) {
    const Tensor target = tensor_of(self), value = tensor_of(result.get());
    check(can_cast(value.dtype(), target.dtype()), s.name, "_(): result type ",
          info(value.dtype()).tensor_name, " can't be cast to the desired output type ",
          info(target.dtype()).tensor_name);
    check(value.sizes() == target.sizes(), s.name, "_(): output with shape ", target.sizes(),
          " doesn't match the broadcast shape ", value.sizes());
    if (!can_adopt_history(target, value)) {
        ops::copy_(target, value);
        return Object::borrow(self);
    }
    ops::check_no_internal_overlap(target);
    ops::copy_raw(target, value);
    note_write(target, s.name.c_str());
    adopt_history(target, value);
    return Object::borrow(self);
}

// ---- named tuples
// ---------------------------------------------------------------------------------------

// kajo.return_types.max(
// values=...,
// indices=...)
PyObject* named_tuple_text(PyObject* self) {
    return guarded([&]() -> PyObject* {
        const PyTypeObject* type = Py_TYPE(self);
        std::string text = std::string(type->tp_name) + "(";
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(self); i++) {
            const Object item = Object::steal(PyObject_Repr(PyTuple_GET_ITEM(self, i)));
            const char* characters = PyUnicode_AsUTF8(item.get());
            if (!characters) throw PythonError{};
            text += (i ? ",\n" : "\n") + std::string(type->tp_members[i].name) + "=" + characters;
        }
        return PyUnicode_FromString((text + ")").c_str());
    });
}

PyTypeObject* named_tuple_type(const Signature& s) {
    static std::unordered_map<std::string, PyTypeObject*> types;
    std::string key = s.name;
    for (PyObject* n : s.result_names) key += std::string(",") + PyUnicode_AsUTF8(n);
    PyTypeObject*& slot = types[key];
    if (slot) return slot;
    auto fields = std::make_unique<PyStructSequence_Field[]>(s.result_names.size() + 1);
    for (size_t i = 0; i < s.result_names.size(); i++)
        fields[i] = {PyUnicode_AsUTF8(s.result_names[i]), nullptr};
    fields[s.result_names.size()] = {nullptr, nullptr};
    static std::vector<std::unique_ptr<std::string>> names;
    names.push_back(std::make_unique<std::string>("kajo.return_types." + s.name));
    std::replace(names.back()->begin() + sizeof("kajo.return_types"), names.back()->end(), '.',
                 '_');
    PyStructSequence_Desc desc = {names.back()->c_str(), nullptr, fields.get(),
                                  static_cast<int>(s.result_names.size())};
    slot = PyStructSequence_NewType(&desc);
    if (!slot) throw PythonError{};
    slot->tp_repr = slot->tp_str = named_tuple_text;
    return slot;
}

Object name_results(const Signature& s, Object result) {
    if (s.result_names.empty() || !PyTuple_CheckExact(result.get())) return result;
    Object named = Object::steal(PyStructSequence_New(named_tuple_type(s)));
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(result.get()); i++)
        PyStructSequence_SetItem(named.get(), i, Py_NewRef(PyTuple_GET_ITEM(result.get(), i)));
    return named;
}

// ---- calling
// ----------------------------------------------------------------------------------------------

bool is_strided(PyObject* layout) {
    return layout == Py_None || layout == wrap_layout(Layout::Strided);
}

// The core makes strided tensors only; others are made by the package, of arguments by name.
PyObject* make_with_layout(const Signature& s, PyObject* const* slots) {
    const Object given = Object::steal(PyDict_New());
    for (size_t i = 0; i < s.parameters.size(); i++)
        if (slots[i]) PyDict_SetItem(given.get(), s.parameters[i].name, slots[i]);
    const Object home = Object::steal(PyImport_ImportModule("kajo.sparse._construction"));
    return PyObject_CallMethod(home.get(), "with_layout", "sO", s.name.c_str(), given.get());
}

// A body in Python takes what its declaration takes: keywords by name, the rest by place.
PyObject* run(const Signature& s, PyObject* const* slots) {
    if (!s.body) {
        if (s.layout_at >= 0 && !is_strided(slots[s.layout_at])) return make_with_layout(s, slots);
        return s.invoke(slots);
    }
    const auto keywords = static_cast<size_t>(PyTuple_GET_SIZE(s.body_keywords));
    return PyObject_Vectorcall(s.body, slots, s.parameters.size() - keywords, s.body_keywords);
}

// The name under which profiles show an operation.
std::string profiled_name(const Operation* op) {
    std::string name = "aten::" + op->overloads->front()->name + (op->in_place ? "_" : "");
    std::replace(name.begin(), name.end(), '.', '_');
    return name;
}

// Null without an exception: no overload takes these arguments.
PyObject* call_overloads(Operation* op, const Call& call) {
    const ProfiledCall range([&] { return profiled_name(op); },
                             std::span(call.positional, call.positional_count));
    PyObject* slots[kMaxArguments];
    PyObject* out = nullptr;
    for (const auto& s : *op->overloads) {
        Object packed;
        if (!match(*s, call, slots, &out, packed)) continue;
        if (op->in_place) {
            PyObject* self = slots[0];
            check_inplace(tensor_of(self), s->name.c_str());
            const Object old = keep_old_values(*s, slots);
            slots[0] = old.get();
            return write_in_place(*s, self, Object::steal(run(*s, slots))).release();
        }
        take_dtype_of_out(*s, slots, out);
        PyObject* raw = run(*s, slots);
        if (!out && s->result_names.empty()) return raw;
        Object result = name_results(*s, Object::steal(raw));
        if (out) result = with_out(*s, slots, std::move(result), out);
        return result.release();
    }
    return nullptr;
}

size_t argument_count(const Call& call) {
    return call.positional_count +
           (call.keyword_names ? static_cast<size_t>(PyTuple_GET_SIZE(call.keyword_names)) : 0);
}

PyObject* operation_call(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* names) {
    return guarded([&]() -> PyObject* {
        auto* op = reinterpret_cast<Operation*>(self);
        const Call call{args, static_cast<size_t>(PyVectorcall_NARGS(nargsf)), names};
        if (is_overridden(args, argument_count(call))) [[unlikely]]
            return call_override(self, args, call.positional_count, names);
        PyObject* result = call_overloads(op, call);
        if (!result && !PyErr_Occurred()) raise_mismatch(*op->overloads, call, false);
        return result;
    });
}

PyObject* operation_get(PyObject* self, PyObject* instance, PyObject*) {
    return instance && instance != Py_None ? PyMethod_New(self, instance) : Py_NewRef(self);
}
PyObject* operation_repr(PyObject* self) {
    return PyUnicode_FromFormat("<built-in method %U>", reinterpret_cast<Operation*>(self)->name);
}
PyObject* operation_name(PyObject* self, void*) {
    return Py_NewRef(reinterpret_cast<Operation*>(self)->name);
}
// The body in Python of an operation that has one; else null.
PyObject* body_of(PyObject* self) {
    return reinterpret_cast<Operation*>(self)->overloads->front()->body;
}
PyObject* operation_body(PyObject* self, void*) {
    PyObject* body = body_of(self);
    return Py_NewRef(body ? body : Py_None);
}
PyObject* operation_in_place(PyObject* self, void*) {
    return PyBool_FromLong(reinterpret_cast<Operation*>(self)->in_place);
}
PyObject* operation_full_name(PyObject* self, void*) {
    auto* op = reinterpret_cast<Operation*>(self);
    return PyUnicode_FromString((op->overloads->front()->name + (op->in_place ? "_" : "")).c_str());
}
PyObject* operation_module(PyObject* self, void*) {
    if (PyObject* body = body_of(self)) return PyObject_GetAttrString(body, "__module__");
    return PyUnicode_FromString("kajo");
}
// What is documented outside of C++ is looked up when first asked for.
PyObject* operation_doc(PyObject* self, void*) {
    return guarded([&]() -> PyObject* {
        PyObject* body = body_of(self);
        if (body && !reinterpret_cast<Operation*>(self)->in_place)
            return PyObject_GetAttrString(body, "__doc__");
        const Object texts = Object::steal(PyImport_ImportModule("kajo._documentation"));
        return PyObject_CallMethod(texts.get(), "docstring", "O", self);
    });
}
PyObject* operation_table_documentation(PyObject* self, void*) {
    const char* text =
        pointwise_documentation(PyUnicode_AsUTF8(reinterpret_cast<Operation*>(self)->name));
    return text ? PyUnicode_FromString(text) : Py_NewRef(Py_None);
}
// The schema as the table has it, with the out= argument that the flag adds.
std::string schema_text(const Signature& s) {
    std::string text = s.name + s.text;
    if (s.takes_out) {
        text.pop_back();
        text += s.text.find('*') == std::string::npos ? ", *, Tensor? out=None)"
                                                      : ", Tensor? out=None)";
    }
    return text + " -> " + s.result;
}
PyObject* operation_schemas(PyObject* self, void*) {
    auto* op = reinterpret_cast<Operation*>(self);
    Object list = Object::steal(PyList_New(0));
    for (const auto& s : *op->overloads)
        PyList_Append(list.get(),
                      Object::steal(PyUnicode_FromString(schema_text(*s).c_str())).get());
    return list.release();
}
// For reading: the name and the parameters of each overload.
PyObject* operation_signatures(PyObject* self, void*) {
    const auto* op = reinterpret_cast<Operation*>(self);
    const std::string name = PyUnicode_AsUTF8(op->name);
    Object list = Object::steal(PyList_New(0));
    for (const auto& s : *op->overloads) {
        const std::string text = name + s->text;
        PyList_Append(list.get(), Object::steal(PyUnicode_FromString(text.c_str())).get());
    }
    return list.release();
}
// By name, as functions are pickled and copied.
PyObject* operation_reduce(PyObject* self, PyObject*) {
    if (body_of(self)) return operation_name(self, nullptr);
    return operation_full_name(self, nullptr);
}

PyGetSetDef operation_getset[] = {
    {"__name__", operation_name, nullptr, nullptr, nullptr},
    {"__qualname__", operation_name, nullptr, nullptr, nullptr},
    {"__module__", operation_module, nullptr, nullptr, nullptr},
    {"__doc__", operation_doc, nullptr, nullptr, nullptr},
    {"body", operation_body, nullptr, "the Python function that it is made of, or None", nullptr},
    {"in_place", operation_in_place, nullptr, "whether it overwrites its first argument", nullptr},
    {"full_name", operation_full_name, nullptr, "its name with its namespace", nullptr},
    {"schemas", operation_schemas, nullptr, "the schemas of all overloads", nullptr},
    {"signatures", operation_signatures, nullptr, "name and parameters of all overloads", nullptr},
    {"table_documentation", operation_table_documentation, nullptr,
     "what the table of element-wise operations says of it, or None", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};
// Calls it though an argument overrides it: what its body calls may be overridden again.
PyObject* operation_call_undispatched(PyObject* self, PyObject* const* args, Py_ssize_t n,
                                      PyObject* names) {
    return guarded([&]() -> PyObject* {
        auto* op = reinterpret_cast<Operation*>(self);
        const Call call{args, static_cast<size_t>(n), names};
        PyObject* result = call_overloads(op, call);
        if (!result && !PyErr_Occurred()) raise_mismatch(*op->overloads, call, false);
        return result;
    });
}

// The arguments by the names of the parameters that they meet in the first overload that takes
// them; what is given by `out=` comes last.
PyObject* operation_bind(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
    return guarded([&]() -> PyObject* {
        auto* op = reinterpret_cast<Operation*>(self);
        const Call call{args, static_cast<size_t>(n), names};
        PyObject* slots[kMaxArguments];
        PyObject* out = nullptr;
        for (const auto& s : *op->overloads) {
            Object packed;
            if (!match(*s, call, slots, &out, packed)) continue;
            Object bound = Object::steal(PyDict_New());
            for (size_t i = 0; i < s->parameters.size(); i++)
                if (PyDict_SetItem(bound.get(), s->parameters[i].name, slots[i]) < 0)
                    throw PythonError{};
            if (out && PyDict_SetItemString(bound.get(), "out", out) < 0) throw PythonError{};
            return bound.release();
        }
        raise_mismatch(*op->overloads, call, false);
    });
}

template <auto f>
PyCFunction with_keywords() {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f));
}

PyMethodDef operation_methods[] = {
    {"__reduce__", operation_reduce, METH_NOARGS, nullptr},
    {"undispatched", with_keywords<operation_call_undispatched>(), METH_FASTCALL | METH_KEYWORDS,
     "Calls it without asking __torch_function__ of arguments."},
    {"bind", with_keywords<operation_bind>(), METH_FASTCALL | METH_KEYWORDS,
     "The arguments by the names of its parameters."},
    {nullptr, nullptr, 0, nullptr}};

PyTypeObject operation_type = [] {
    PyTypeObject t = {PyVarObject_HEAD_INIT(nullptr, 0)};
    t.tp_name = "kajo._core.Operation";
    t.tp_basicsize = sizeof(Operation);
    t.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR;
    t.tp_vectorcall_offset = offsetof(Operation, call);
    t.tp_call = PyVectorcall_Call;
    t.tp_descr_get = operation_get;
    t.tp_repr = operation_repr;
    t.tp_getset = operation_getset;
    t.tp_methods = operation_methods;
    return t;
}();

Operation* operation(const std::string& name) {
    Operation*& slot = registry()[name];
    if (slot) return slot;
    if (PyType_Ready(&operation_type) < 0) throw PythonError{};
    slot = PyObject_New(Operation, &operation_type);
    slot->call = operation_call;
    slot->name = PyUnicode_InternFromString(name.substr(name.rfind('.') + 1).c_str());
    slot->overloads = new std::vector<std::unique_ptr<Signature>>;  // lives as long as the process
    slot->in_place = false;
    return slot;
}

// Submodules such as linalg are made on first use.
PyObject* module_for(PyObject* root, const std::string& name) {
    const size_t dot = name.find('.');
    if (dot == std::string::npos) return root;
    const std::string part = name.substr(0, dot);
    if (PyObject* have = PyObject_GetAttrString(root, part.c_str())) {
        Py_DECREF(have);
        return have;
    }
    PyErr_Clear();
    Object made = Object::steal(PyModule_New(("kajo._core." + part).c_str()));
    if (PyModule_AddObjectRef(root, part.c_str(), made.get()) < 0) throw PythonError{};
    return made.get();
}

}  // namespace

void add_operations(std::span<const OpEntry> table) {
    for (const OpEntry& entry : table) {
        Signature s = parse_schema(entry);
        Operation* op = operation(s.name);
        op->overloads->push_back(std::make_unique<Signature>(std::move(s)));
    }
}

namespace {

uint32_t flags_of(const Operation& op) {
    uint32_t flags = 0;
    for (const auto& s : *op.overloads) flags |= s->flags;
    return flags;
}

// The operation `name_` made from the overloads that ask for an in-place form.
void add_in_place_form(const std::string& name, const Operation& op) {
    if (!(flags_of(op) & kInplace) || registry().contains(name + "_")) return;
    Operation* in_place = operation(name + "_");
    in_place->in_place = true;
    for (const auto& s : *op.overloads) {
        if (!(s->flags & kInplace)) continue;
        auto copy = std::make_unique<Signature>(*s);
        copy->takes_out = false;
        copy->flags = kMethod | kFunction;
        in_place->overloads->push_back(std::move(copy));
    }
}

// Puts an operation where its flags say: into the module, its parts, the tensor type.
void publish(PyObject* module, PyObject* public_names, const std::string& name, Operation* op) {
    auto* object = reinterpret_cast<PyObject*>(op);
    const uint32_t flags = flags_of(*op);
    if (flags & (kFunction | kPrivate)) {
        if (PyObject_SetAttr(module_for(module, name), op->name, object) < 0) throw PythonError{};
        if ((flags & kFunction) && name.find('.') == std::string::npos)
            PyList_Append(public_names, op->name);
    }
    if ((flags & kMethod) && PyDict_SetItem(tensor_base_type.tp_dict, op->name, object) < 0)
        throw PythonError{};
}

}  // namespace

void publish_operations(PyObject* module) {
    const std::vector<std::pair<std::string, Operation*>> all(registry().begin(), registry().end());
    for (auto& [name, op] : all) add_in_place_form(name, *op);
    // What `from kajo._core import *` takes: all that has a public name in kajo.
    Object public_names = Object::steal(PyList_New(0));
    PyObject *key, *value;
    for (Py_ssize_t at = 0; PyDict_Next(PyModule_GetDict(module), &at, &key, &value);)
        if (PyUnicode_ReadChar(key, 0) != '_' &&
            value != reinterpret_cast<PyObject*>(&tensor_base_type) &&
            PyUnicode_CompareWithASCIIString(key, "Node") != 0)
            PyList_Append(public_names.get(), key);
    for (auto& [name, op] : registry()) publish(module, public_names.get(), name, op);
    PyType_Modified(&tensor_base_type);
    if (PyModule_AddObjectRef(module, "__all__", public_names.get()) < 0) throw PythonError{};
}

PyObject* define_operation(PyObject* module, const char* schema, PyObject* body, uint32_t flags) {
    Signature s = parse_schema({schema, nullptr, flags});
    const std::string name = s.name;
    s.body = Py_NewRef(body);
    Object keywords = Object::steal(PyList_New(0));
    for (const Parameter& p : s.parameters)
        if (p.keyword_only) PyList_Append(keywords.get(), p.name);
    s.body_keywords = Object::steal(PyList_AsTuple(keywords.get())).release();
    Operation* op = operation(name);
    op->overloads->push_back(std::make_unique<Signature>(std::move(s)));
    add_in_place_form(name, *op);
    Object public_names = Object::steal(PyObject_GetAttrString(module, "__all__"));
    publish(module, public_names.get(), name, op);
    if (flags & kInplace) publish(module, public_names.get(), name + "_", operation(name + "_"));
    PyType_Modified(&tensor_base_type);
    return Py_NewRef(reinterpret_cast<PyObject*>(op));
}

Operation* find_operation(const char* name) {
    const auto found = registry().find(name);
    check(found != registry().end(), name, "(): no such operation");
    return found->second;
}

PyObject* call_operation(Operation* op, std::initializer_list<PyObject*> arguments, bool quiet) {
    if (is_overridden(arguments.begin(), arguments.size())) [[unlikely]]
        return call_override(reinterpret_cast<PyObject*>(op), arguments.begin(), arguments.size(),
                             nullptr);
    const Call call{arguments.begin(), arguments.size(), nullptr};
    PyObject* result = call_overloads(op, call);
    if (result || PyErr_Occurred()) return result;
    if (quiet) return Py_NewRef(Py_NotImplemented);
    raise_mismatch(*op->overloads, call, true);
}

// ---- conversions
// -------------------------------------------------------------------------------------------

int64_t to_int(PyObject* o) {
    if (is_tensor(o)) return ops::item(tensor_of(o)).as_int();
    Object index = Object::steal(PyNumber_Index(o));
    const long long v = PyLong_AsLongLong(index.get());
    if (v == -1 && PyErr_Occurred()) {
        if (PyErr_ExceptionMatches(PyExc_OverflowError)) {
            PyErr_Clear();
            raise(ErrorKind::Runtime,
                  "Overflow when unpacking long: the integer does not fit into 64 bits");
        }
        throw PythonError{};
    }
    return v;
}

double to_double(PyObject* o) {
    if (is_tensor(o)) return ops::item(tensor_of(o)).as_double();
    const double v = PyFloat_AsDouble(o);
    if (v == -1.0 && PyErr_Occurred()) throw PythonError{};
    return v;
}

bool to_bool(PyObject* o) {
    const int v = PyObject_IsTrue(o);
    if (v < 0) throw PythonError{};
    return v != 0;
}

Dims to_dims(PyObject* o) {
    if (!PyTuple_Check(o) && !PyList_Check(o)) return {to_int(o)};
    const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
    Dims out(static_cast<size_t>(n));
    for (Py_ssize_t i = 0; i < n; i++)
        out[static_cast<size_t>(i)] = to_int(PySequence_Fast_GET_ITEM(o, i));
    return out;
}

std::vector<double> to_double_list(PyObject* o) {
    std::vector<double> out;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); i++)
        out.push_back(to_double(PySequence_Fast_GET_ITEM(o, i)));
    return out;
}

std::optional<Scalar> as_scalar(PyObject* o) {
    if (PyBool_Check(o)) return Scalar(o == Py_True);
    if (PyFloat_Check(o)) return Scalar(PyFloat_AS_DOUBLE(o));
    if (PyLong_Check(o)) {
        int overflow = 0;
        const long long v = PyLong_AsLongLongAndOverflow(o, &overflow);
        if (overflow) {
            const unsigned long long wide = overflow > 0 ? PyLong_AsUnsignedLongLong(o) : 0;
            if (overflow < 0 || PyErr_Occurred()) {
                PyErr_Clear();
                raise(ErrorKind::Overflow,
                      "int too big to convert: a number of a tensor has at most 64 bits");
            }
            return Scalar(uint64_t{wide});
        }
        return Scalar(static_cast<int64_t>(v));
    }
    if (PyComplex_Check(o))
        return Scalar(std::complex<double>(PyComplex_RealAsDouble(o), PyComplex_ImagAsDouble(o)));
    if (is_tensor(o)) return ops::item(tensor_of(o));
    if (PyUnicode_Check(o) || PySequence_Check(o) || !(PyNumber_Check(o) || PyIndex_Check(o)))
        return std::nullopt;
    // NumPy's scalars say their kind by the method that they answer.
    static PyObject* item = PyUnicode_InternFromString("item");
    if (PyObject* plain = PyObject_CallMethodNoArgs(o, item)) {
        Object held = Object::steal(plain);
        if (!PyObject_TypeCheck(plain, Py_TYPE(o))) return as_scalar(plain);
    }
    PyErr_Clear();
    if (PyIndex_Check(o)) return as_scalar(Object::steal(PyNumber_Index(o)).get());
    return Scalar(to_double(o));
}

Scalar to_scalar(PyObject* o) {
    const auto s = as_scalar(o);
    check_type(s.has_value(), "expected a number, got ", Py_TYPE(o)->tp_name);
    return *s;
}

TensorList to_tensor_list(PyObject* o) {
    TensorList out;
    const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
    out.reserve(static_cast<size_t>(n));
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject* x = PySequence_Fast_GET_ITEM(o, i);
        out.push_back(x == Py_None ? Tensor() : tensor_of(x));
    }
    return out;
}

DType to_dtype(PyObject* o) {
    const auto t = as_dtype(o);
    check_type(t.has_value(), "expected a kajo.dtype, got ", Py_TYPE(o)->tp_name);
    return *t;
}

PyObject* to_python(const TensorList& list) {
    Object out = Object::steal(PyTuple_New(static_cast<Py_ssize_t>(list.size())));
    for (size_t i = 0; i < list.size(); i++)
        PyTuple_SET_ITEM(out.get(), static_cast<Py_ssize_t>(i),
                         Object::steal(wrap(list[i])).release());
    return out.release();
}

PyObject* wrap_scalar(const Scalar& s) {
    if (s.is_bool()) return Py_NewRef(s.as_bool() ? Py_True : Py_False);
    if (s.is_unsigned()) return PyLong_FromUnsignedLongLong(s.to<uint64_t>());
    if (s.is_integral()) return PyLong_FromLongLong(s.as_int());
    if (s.is_float()) return PyFloat_FromDouble(s.as_double());
    return PyComplex_FromDoubles(s.as_complex().real(), s.as_complex().imag());
}

}  // namespace kajo::python
