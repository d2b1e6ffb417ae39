// Where in the user's program something happens, read from the interpreter's frames.
#pragma once

#include <string>

#include "core/source_location.h"

namespace kajo::python {

SourceLocation current_location();  // nothing without the interpreter lock
std::string describe_location(SourceLocation location);
// As `traceback` formats it, outermost first.
std::string program_stack();
// A line a frame, innermost first: "train.py(12): step".
std::string frames_of_program();

}  // namespace kajo::python
