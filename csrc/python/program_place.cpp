#include "python/program_place.h"

#include <array>
#include <cstring>
#include <unordered_set>

#include "python/object.h"

#if PY_VERSION_HEX >= 0x030b0000 && PY_VERSION_HEX < 0x030c0000
#define Py_BUILD_CORE
#include <internal/pycore_frame.h>
#undef Py_BUILD_CORE
#endif

namespace kajo::python {

namespace {

// Code objects are kept for ever once seen, so that locations need no counting.
void keep_code(PyObject* code) {
    static std::unordered_set<PyObject*> seen;
    static std::array<PyObject*, 256> recent{};  // by address: most are found here
    PyObject*& slot = recent[reinterpret_cast<uintptr_t>(code) / 64 % recent.size()];
    if (code == slot) return;
    slot = code;
    if (seen.insert(code).second) Py_INCREF(code);
}

// The program's frames, innermost first. Where their layout is known they are read as the
// interpreter keeps them; else it makes an object of each.
#if PY_VERSION_HEX >= 0x030b0000 && PY_VERSION_HEX < 0x030c0000
class Frames {
  public:
    Frames() : frame_(complete(PyThreadState_Get()->cframe->current_frame)) {}
    explicit operator bool() const { return frame_ != nullptr; }
    void go_out() { frame_ = complete(frame_->previous); }
    SourceLocation location() const {
        keep_code(reinterpret_cast<PyObject*>(frame_->f_code));
        return {frame_->f_code, _PyInterpreterFrame_LASTI(frame_) * int{sizeof(_Py_CODEUNIT)}};
    }

  private:
    static _PyInterpreterFrame* complete(_PyInterpreterFrame* frame) {
        while (frame && _PyFrame_IsIncomplete(frame)) frame = frame->previous;
        return frame;
    }
    _PyInterpreterFrame* frame_;
};
#else
class Frames {
  public:
    Frames() : frame_(Object::borrow(reinterpret_cast<PyObject*>(PyEval_GetFrame()))) {}
    explicit operator bool() const { return static_cast<bool>(frame_); }
    void go_out() {
        PyFrameObject* caller = PyFrame_GetBack(get());
        frame_ = caller ? Object::steal(reinterpret_cast<PyObject*>(caller)) : Object();
    }
    SourceLocation location() const {
        PyCodeObject* code = PyFrame_GetCode(get());
        keep_code(reinterpret_cast<PyObject*>(code));
        Py_DECREF(code);
#if PY_VERSION_HEX >= 0x030b0000
        return {code, PyFrame_GetLasti(get())};
#else
        return {code, PyFrame_GetLineNumber(get())};
#endif
    }

  private:
    PyFrameObject* get() const { return reinterpret_cast<PyFrameObject*>(frame_.get()); }
    Object frame_;
};
#endif

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
    const Frames frames;
    return frames ? frames.location() : SourceLocation{};
}

SourceLocation location_outside() {
    if (!PyGILState_Check()) return {};
    Frames frames;
    if (!frames) return {};
    SourceLocation place = frames.location();
    while (is_in_package(place)) {
        frames.go_out();
        if (!frames) break;
        place = frames.location();
    }
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
