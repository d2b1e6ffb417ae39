#include "python/schema.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace kajo::python {

namespace {

// ---- reading schema text
// --------------------------------------------------------------------------

struct Reader {
    std::string_view text;
    size_t at = 0;

    void spaces() {
        while (at < text.size() && text[at] == ' ') at++;
    }
    bool accept(std::string_view word) {
        spaces();
        if (text.substr(at, word.size()) != word) return false;
        at += word.size();
        return true;
    }
    std::string word() {
        spaces();
        const size_t begin = at;
        while (at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) ||
                                    text[at] == '_' || text[at] == '.'))
            at++;
        return std::string(text.substr(begin, at - begin));
    }
    // A default: up to a comma or the closing parenthesis outside brackets and quotes.
    std::string value() {
        const size_t begin = at;
        int depth = 0;
        char quote = 0;
        for (; at < text.size(); at++) {
            const char c = text[at];
            if (quote) {
                if (c == quote) quote = 0;
            } else if (c == '\'' || c == '"') {
                quote = c;
            } else if (c == '[' || c == '(') {
                depth++;
            } else if (depth && (c == ']' || c == ')')) {
                depth--;
            } else if (depth == 0 && (c == ',' || c == ')')) {
                break;
            }
        }
        return std::string(text.substr(begin, at - begin));
    }
};

const std::pair<const char*, ArgumentKind> kKinds[] = {{"Tensor", ArgumentKind::Tensor},
                                                       {"Scalar", ArgumentKind::Scalar},
                                                       {"int", ArgumentKind::Int},
                                                       {"SymInt", ArgumentKind::Int},
                                                       {"float", ArgumentKind::Float},
                                                       {"bool", ArgumentKind::Bool},
                                                       {"str", ArgumentKind::String},
                                                       {"ScalarType", ArgumentKind::DType},
                                                       {"Layout", ArgumentKind::Layout},
                                                       {"Device", ArgumentKind::Device},
                                                       {"MemoryFormat", ArgumentKind::MemoryFormat},
                                                       {"Generator", ArgumentKind::Generator},
                                                       {"object", ArgumentKind::Object}};

ArgumentKind list_kind(ArgumentKind k) {
    if (k == ArgumentKind::Tensor) return ArgumentKind::TensorList;
    if (k == ArgumentKind::Float) return ArgumentKind::FloatList;
    return ArgumentKind::IntList;
}

PyObject* default_value(const std::string& text) {
    if (text == "contiguous_format") return wrap_memory_format(MemoryFormat::Contiguous);
    if (text == "preserve_format") return wrap_memory_format(MemoryFormat::Preserve);
    if (text == "Mean") return PyLong_FromLong(1);
    if (text == "Sum") return PyLong_FromLong(2);
    Object builtins = Object::steal(PyImport_ImportModule("builtins"));
    Object globals = Object::steal(PyDict_New());
    PyDict_SetItemString(globals.get(), "__builtins__", builtins.get());
    PyDict_SetItemString(globals.get(), "inf", Object::steal(PyFloat_FromDouble(HUGE_VAL)).get());
    PyObject* v = PyRun_String(text.c_str(), Py_eval_input, globals.get(), globals.get());
    if (!v) throw PythonError{};
    return v;
}

Parameter read_parameter(Reader& in, bool keyword_only) {
    Parameter p{};
    const std::string type = in.word();
    const auto* kind = std::find_if(std::begin(kKinds), std::end(kKinds),
                                    [&](const auto& k) { return type == k.first; });
    check(kind != std::end(kKinds), "schema: unknown type '", type, "' in ", in.text);
    p.kind = kind->second;
    if (in.accept("?[]")) {
        p.kind = list_kind(p.kind);
        p.items_optional = true;
    } else if (in.accept("[")) {
        p.single = !in.word().empty();
        in.accept("]");
        p.kind = list_kind(p.kind);
    }
    p.optional = in.accept("?");
    if (in.accept("(a!)") || in.accept("(a)")) {
    }
    p.name = PyUnicode_InternFromString(in.word().c_str());
    if (in.accept("=")) p.fallback = default_value(in.value());
    p.keyword_only = keyword_only;
    return p;
}

}  // namespace

Signature parse_schema(const OpEntry& entry) {
    Signature s;
    Reader in{entry.schema};
    s.name = in.word();
    s.invoke = entry.invoke;
    s.flags = entry.flags;
    const size_t open = in.at;
    check(in.accept("("), "schema: expected '(' in ", entry.schema);
    bool keyword_only = false;
    while (!in.accept(")")) {
        if (in.accept("*,") || in.accept("*")) {
            keyword_only = true;
            continue;
        }
        s.parameters.push_back(read_parameter(in, keyword_only));
        if (s.parameters.back().kind == ArgumentKind::Layout)
            s.layout_at = static_cast<int>(s.parameters.size()) - 1;
        in.accept(",");
    }
    s.text = std::string(in.text.substr(open, in.at - open));
    const bool has_result = in.accept("->");
    in.spaces();
    s.result = std::string(in.text.substr(in.at));
    if (has_result && in.accept("(")) {
        while (!in.accept(")")) {
            in.word();
            in.accept("[]");
            const std::string name = in.word();
            if (!name.empty()) s.result_names.push_back(PyUnicode_InternFromString(name.c_str()));
            in.accept(",");
        }
    }
    s.takes_out = (entry.flags & kOut) != 0;
    s.positional =
        static_cast<size_t>(std::count_if(s.parameters.begin(), s.parameters.end(),
                                          [](const Parameter& p) { return !p.keyword_only; }));
    s.list_at = !s.parameters.empty() && s.parameters[0].kind == ArgumentKind::Tensor ? 1 : 0;
    s.packs_integers =
        s.positional == s.list_at + 1 && s.parameters[s.list_at].kind == ArgumentKind::IntList;
    check(s.parameters.size() <= kMaxArguments, "schema: too many parameters in ", entry.schema);
    return s;
}

// ---- matching a call
// --------------------------------------------------------------------------------

namespace {

bool is_index(PyObject* o) {
    if (PyLong_Check(o)) return !PyBool_Check(o);
    if (PyFloat_Check(o) || PyBool_Check(o)) return false;
    if (is_tensor(o)) {
        const TensorImpl& t = *reinterpret_cast<TensorObject*>(o)->impl;
        return t.sizes.empty() && is_integral(t.dtype, false);
    }
    return PyIndex_Check(o) != 0;
}

bool is_number(PyObject* o) {
    if (PyLong_Check(o) || PyFloat_Check(o) || PyComplex_Check(o)) return true;
    if (is_tensor(o)) return reinterpret_cast<TensorObject*>(o)->impl->sizes.empty();
    if (PySequence_Check(o)) return false;
    // NumPy's scalars: numbers with a dtype and no dimensions.
    static PyObject* ndim = PyUnicode_InternFromString("ndim");
    if (!PyNumber_Check(o) && !PyIndex_Check(o)) return false;
    PyObject* n = PyObject_GetAttr(o, ndim);
    if (!n) {
        PyErr_Clear();
        return PyIndex_Check(o) || PyNumber_Check(o);
    }
    const long dims = PyLong_AsLong(n);
    Py_DECREF(n);
    return dims == 0;
}

template <class Test>
bool all_items(PyObject* o, Test test) {
    const bool list = PyList_Check(o);
    if (!list && !PyTuple_Check(o)) return false;
    const Py_ssize_t n = list ? PyList_GET_SIZE(o) : PyTuple_GET_SIZE(o);
    for (Py_ssize_t i = 0; i < n; i++)
        if (!test(list ? PyList_GET_ITEM(o, i) : PyTuple_GET_ITEM(o, i))) return false;
    return true;
}

bool is_bool(PyObject* o) {
    return PyBool_Check(o) || std::strcmp(Py_TYPE(o)->tp_name, "numpy.bool") == 0 ||
           std::strcmp(Py_TYPE(o)->tp_name, "numpy.bool_") == 0;
}

bool accepts(const Parameter& p, PyObject* o) {
    if (o == Py_None && p.optional) return true;
    switch (p.kind) {
        case ArgumentKind::Tensor:
            return is_tensor(o);
        case ArgumentKind::TensorList:
            return all_items(
                o, [&](PyObject* x) { return is_tensor(x) || (x == Py_None && p.items_optional); });
        case ArgumentKind::Scalar:
            return is_number(o);
        case ArgumentKind::Int:
            return is_index(o);
        case ArgumentKind::IntList:
            return (p.single && is_index(o)) || all_items(o, is_index);
        case ArgumentKind::Float:
            return is_number(o) && !PyComplex_Check(o);
        case ArgumentKind::FloatList:
            return all_items(o, is_number);
        case ArgumentKind::Bool:
            return is_bool(o);
        case ArgumentKind::String:
            return PyUnicode_Check(o);
        case ArgumentKind::DType:
            return as_dtype(o).has_value();
        case ArgumentKind::Layout:
            return Py_TYPE(o) == &layout_type;
        case ArgumentKind::Device:
            return Py_TYPE(o) == &device_type || PyUnicode_Check(o);
        case ArgumentKind::MemoryFormat:
            return Py_TYPE(o) == &memory_format_type;
        case ArgumentKind::Generator:
            return o == Py_None || std::strstr(Py_TYPE(o)->tp_name, "Generator") != nullptr;
        case ArgumentKind::Object:
            return true;
    }
    return false;
}

// NumPy's names for the field's arguments.
PyObject* synonym(PyObject* name) {
    static PyObject* const pairs[][2] = {
        {PyUnicode_InternFromString("axis"), PyUnicode_InternFromString("dim")},
        {PyUnicode_InternFromString("x"), PyUnicode_InternFromString("self")},
        {PyUnicode_InternFromString("a"), PyUnicode_InternFromString("self")},
        {PyUnicode_InternFromString("input"), PyUnicode_InternFromString("self")},
        {PyUnicode_InternFromString("keepdims"), PyUnicode_InternFromString("keepdim")},
        {PyUnicode_InternFromString("x2"), PyUnicode_InternFromString("other")},
        {PyUnicode_InternFromString("x1"), PyUnicode_InternFromString("self")}};
    for (auto& p : pairs)
        if (PyUnicode_Compare(name, p[0]) == 0) return p[1];
    return nullptr;
}

// The place of a keyword among the parameters; -1: unknown; -2: `out`.
int place_of(const Signature& s, PyObject* name) {
    for (size_t i = 0; i < s.parameters.size(); i++)
        if (s.parameters[i].name == name) return static_cast<int>(i);
    for (size_t i = 0; i < s.parameters.size(); i++)
        if (PyUnicode_Compare(s.parameters[i].name, name) == 0) return static_cast<int>(i);
    if (s.takes_out && PyUnicode_CompareWithASCIIString(name, "out") == 0) return -2;
    if (PyObject* other = synonym(name))
        for (size_t i = 0; i < s.parameters.size(); i++)
            if (s.parameters[i].name == other) return static_cast<int>(i);
    return -1;
}

}  // namespace

namespace {

// f(2, 3) for f((2, 3)): the loose integers as one tuple, the rest without them.
bool pack_integers(const Signature& s, const Call& call, PyObject** slots, Object& packed) {
    const size_t list_at = s.list_at;
    const size_t given = call.positional_count;
    if (given <= list_at || !is_index(call.positional[list_at])) return false;
    packed = Object::steal(PyTuple_New(static_cast<Py_ssize_t>(given - list_at)));
    for (size_t i = list_at; i < given; i++)
        PyTuple_SET_ITEM(packed.get(), static_cast<Py_ssize_t>(i - list_at),
                         Py_NewRef(call.positional[i]));
    if (list_at) slots[0] = call.positional[0];
    slots[list_at] = packed.get();
    return true;
}

// Adds the arguments given by name to the slots, of which those not filled are null.
bool take_keywords(const Signature& s, const Call& call, PyObject** slots, PyObject** out) {
    const auto count = static_cast<size_t>(PyTuple_GET_SIZE(call.keyword_names));
    for (size_t i = 0; i < count; i++) {
        PyObject* name = PyTuple_GET_ITEM(call.keyword_names, static_cast<Py_ssize_t>(i));
        PyObject* value = call.positional[call.positional_count + i];
        const int place = place_of(s, name);
        if (place == -2) {
            if (value != Py_None) *out = value;
        } else if (place < 0 || slots[place]) {
            return false;
        } else {
            slots[place] = value;
        }
    }
    return true;
}

}  // namespace

bool match(const Signature& s, const Call& call, PyObject** slots, PyObject** out, Object& packed) {
    const size_t n = s.parameters.size();
    *out = nullptr;
    size_t filled = 0;  // the slots before this one have what was given by place
    if (s.packs_integers && pack_integers(s, call, slots, packed)) {
        filled = s.list_at + 1;
    } else {
        filled = call.positional_count;
        if (filled > s.positional) return false;
        std::copy_n(call.positional, filled, slots);
    }
    std::fill(slots + filled, slots + n, nullptr);
    if (call.keyword_names && !take_keywords(s, call, slots, out)) return false;
    for (size_t i = 0; i < n; i++) {
        const Parameter& p = s.parameters[i];
        if (!slots[i]) {
            if (!p.fallback) return false;
            slots[i] = p.fallback;
        } else if (!accepts(p, slots[i])) {
            // None stands for a default that is an empty list.
            const bool is_default = slots[i] == Py_None && p.fallback && PyList_Check(p.fallback) &&
                                    PyList_GET_SIZE(p.fallback) == 0;
            if (!is_default) return false;
            slots[i] = p.fallback;
        }
    }
    return true;
}

// ---- messages
// -----------------------------------------------------------------------------------------

namespace {

std::string type_names(const Call& call, size_t skip) {
    std::string text = "(";
    const size_t keywords =
        call.keyword_names ? static_cast<size_t>(PyTuple_GET_SIZE(call.keyword_names)) : 0;
    for (size_t i = skip; i < call.positional_count + keywords; i++) {
        if (i > skip) text += ", ";
        if (i >= call.positional_count) {
            text += PyUnicode_AsUTF8(PyTuple_GET_ITEM(
                call.keyword_names, static_cast<Py_ssize_t>(i - call.positional_count)));
            text += "=";
        }
        text += Py_TYPE(call.positional[i])->tp_name;
    }
    return text + ")";
}

const char* kind_name(const Parameter& p) {
    switch (p.kind) {
        case ArgumentKind::Tensor:
            return "Tensor";
        case ArgumentKind::TensorList:
            return "tuple of Tensors";
        case ArgumentKind::Scalar:
            return "Number";
        case ArgumentKind::Int:
            return "int";
        case ArgumentKind::IntList:
            return "tuple of ints";
        case ArgumentKind::Float:
            return "float";
        case ArgumentKind::FloatList:
            return "tuple of floats";
        case ArgumentKind::Bool:
            return "bool";
        case ArgumentKind::String:
            return "str";
        case ArgumentKind::DType:
            return "kajo.dtype";
        case ArgumentKind::Layout:
            return "kajo.layout";
        case ArgumentKind::Device:
            return "kajo.device";
        case ArgumentKind::MemoryFormat:
            return "kajo.memory_format";
        case ArgumentKind::Generator:
            return "kajo.Generator";
        case ArgumentKind::Object:
            return "object";
    }
    return "";
}

[[noreturn]] void explain(const Signature& s, const Call& call) {
    const char* name = s.name.c_str();
    std::vector<bool> filled(s.parameters.size());
    for (size_t i = 0; i < call.positional_count; i++) {
        check_type(
            i < s.parameters.size() && !s.parameters[i].keyword_only, name, "() takes ",
            std::count_if(
                s.parameters.begin(), s.parameters.end(), [](auto& p) { return !p.keyword_only; }),
            " positional arguments but ", call.positional_count, " were given; expected ", s.text);
        check_type(accepts(s.parameters[i], call.positional[i]), name, "(): argument '",
                   PyUnicode_AsUTF8(s.parameters[i].name), "' (position ", i + 1, ") must be ",
                   kind_name(s.parameters[i]), ", not ", Py_TYPE(call.positional[i])->tp_name);
        filled[i] = true;
    }
    const size_t keywords =
        call.keyword_names ? static_cast<size_t>(PyTuple_GET_SIZE(call.keyword_names)) : 0;
    for (size_t i = 0; i < keywords; i++) {
        PyObject* key = PyTuple_GET_ITEM(call.keyword_names, static_cast<Py_ssize_t>(i));
        PyObject* value = call.positional[call.positional_count + i];
        const int place = place_of(s, key);
        if (place == -2) continue;
        check_type(place >= 0, name, "() got an unexpected keyword argument '",
                   PyUnicode_AsUTF8(key), "'; expected ", s.text);
        const auto at = static_cast<size_t>(place);
        check_type(!filled[at], name, "() got multiple values for argument '",
                   PyUnicode_AsUTF8(key), "'");
        check_type(accepts(s.parameters[at], value), name, "(): argument '", PyUnicode_AsUTF8(key),
                   "' must be ", kind_name(s.parameters[at]), ", not ", Py_TYPE(value)->tp_name);
        filled[at] = true;
    }
    std::string missing;
    for (size_t i = 0; i < filled.size(); i++)
        if (!filled[i] && !s.parameters[i].fallback)
            missing += std::string(missing.empty() ? "" : ", ") + "\"" +
                       PyUnicode_AsUTF8(s.parameters[i].name) + "\"";
    raise(ErrorKind::Type, name, "() missing required arguments: ", missing, "; expected ", s.text);
}

}  // namespace

void raise_mismatch(const std::vector<std::unique_ptr<Signature>>& overloads, const Call& call,
                    bool method) {
    if (overloads.size() == 1) explain(*overloads[0], call);
    std::string expected;
    for (const auto& s : overloads) expected += "\n * " + s->text;
    raise(ErrorKind::Type, overloads[0]->name,
          "() received an invalid combination of arguments - got ",
          type_names(call, method ? 1 : 0), ", but expected one of:", expected);
}

}  // namespace kajo::python
