// Signatures: parsed from schema text, matched against the arguments of a call.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "python/bind.h"

namespace kajo::python {

struct Signature {
    std::string name;    // with its namespace: "linalg.svd"
    std::string text;    // for messages: "(Tensor input, int dim)"
    std::string result;  // as in the schema: "(Tensor values, Tensor indices)"
    std::vector<Parameter> parameters;
    std::vector<PyObject*> result_names;  // for named tuples; empty: none
    Invoke invoke = nullptr;
    PyObject* body = nullptr;           // a Python function to call instead
    PyObject* body_keywords = nullptr;  // the names of its keyword-only parameters
    uint32_t flags = 0;
    int layout_at = -1;           // the parameter that names a layout
    bool takes_out = false;       // a further out= argument
    size_t positional = 0;        // how many parameters can be given by place: the first ones
    size_t list_at = 0;           // the first parameter that is not the tensor itself
    bool packs_integers = false;  // f(2, 3) for f((2, 3)), where that is a list
};

Signature parse_schema(const OpEntry& entry);

constexpr size_t kMaxArguments = 40;

// The arguments of one call, as the vectorcall protocol hands them over.
struct Call {
    PyObject* const* positional;
    size_t positional_count;
    PyObject* keyword_names;  // tuple or null; the values follow the positional ones
};

// Fills one slot a parameter (borrowed); `packed` owns a tuple made of loose integers. False: does
// not match.
bool match(const Signature& s, const Call& call, PyObject** slots, PyObject** out, Object& packed);
// Why the only signature does not match; always throws TypeError.
[[noreturn]] void raise_mismatch(const std::vector<std::unique_ptr<Signature>>& overloads,
                                 const Call& call, bool method);

}  // namespace kajo::python
