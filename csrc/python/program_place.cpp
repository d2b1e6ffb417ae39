#include "python/program_place.h"

#include <cstring>
#include <unordered_map>

#include "python/object.h"

namespace kajo::python {

namespace {

// Code objects are kept for ever once seen, so that locations need no counting.
void keep_code(PyObject* code) {
    static std::unordered_map<PyObject*, bool> seen;
    static PyObject* last = nullptr;
    if (code == last) return;
    last = code;
    if (seen.emplace(code, true).second) Py_INCREF(code);
}

SourceLocation location_of(PyFrameObject* frame) {
    PyCodeObject* code = PyFrame_GetCode(frame);
    keep_code(reinterpret_cast<PyObject*>(code));
    Py_DECREF(code);
#if PY_VERSION_HEX >= 0x030b0000
    return {code, PyFrame_GetLasti(frame)};
#else
    return {code, PyFrame_GetLineNumber(frame)};
#endif
}

}  // namespace

bool is_in_package(SourceLocation l) {
    const std::string& folder = ProgramPlaces::package_folder;
    if (folder.empty() || !l.code) return false;
    const char* file = PyUnicode_AsUTF8(static_cast<PyCodeObject*>(l.code)->co_filename);
    return file && std::strncmp(file, folder.c_str(), folder.size()) == 0;
}

SourceLocation current_location() {
    if (!PyGILState_Check()) return {};
    if (ProgramPlaces::outside_only) [[unlikely]]
        return location_outside();
    PyFrameObject* frame = PyEval_GetFrame();
    return frame ? location_of(frame) : SourceLocation{};
}

SourceLocation location_outside() {
    if (!PyGILState_Check()) return {};
    PyFrameObject* frame = PyEval_GetFrame();
    if (!frame) return {};
    Py_INCREF(frame);
    SourceLocation place = location_of(frame);
    while (is_in_package(place)) {
        PyFrameObject* caller = PyFrame_GetBack(frame);
        if (!caller) break;
        Py_DECREF(frame);
        frame = caller;
        place = location_of(frame);
    }
    Py_DECREF(frame);
    place.module = ProgramPlaces::module;
    return place;
}

std::string describe_location(SourceLocation l) {
    const HoldInterpreter lock;
    auto* code = static_cast<PyCodeObject*>(l.code);
#if PY_VERSION_HEX >= 0x030b0000
    const int line = PyCode_Addr2Line(code, l.instruction);
#else
    const int line = l.instruction;
#endif
    return std::string(PyUnicode_AsUTF8(code->co_filename)) + ":" + std::to_string(line) + ", in " +
           PyUnicode_AsUTF8(code->co_name);
}

std::string program_stack() {
    const HoldInterpreter lock;
    std::string text;
    if (PyObject* module = PyImport_ImportModule("traceback")) {
        PyObject* lines = PyObject_CallMethod(module, "format_stack", nullptr);
        PyObject* joined =
            lines ? PyUnicode_Join(Object::steal(PyUnicode_FromString("")).get(), lines) : nullptr;
        if (joined) text = PyUnicode_AsUTF8(joined);
        Py_XDECREF(joined);
        Py_XDECREF(lines);
        Py_DECREF(module);
    }
    PyErr_Clear();
    return text;
}

std::string frames_of_program() {
    constexpr int kDeepest = 64;
    std::string text;
    PyFrameObject* frame = PyEval_GetFrame();
    Py_XINCREF(frame);
    for (int depth = 0; frame && depth < kDeepest; depth++) {
        PyCodeObject* code = PyFrame_GetCode(frame);
        text += std::string(PyUnicode_AsUTF8(code->co_filename)) + "(" +
                std::to_string(PyFrame_GetLineNumber(frame)) +
                "): " + PyUnicode_AsUTF8(code->co_name) + "\n";
        Py_DECREF(code);
        PyFrameObject* caller = PyFrame_GetBack(frame);
        Py_DECREF(frame);
        frame = caller;
    }
    Py_XDECREF(frame);
    return text;
}

}  // namespace kajo::python
