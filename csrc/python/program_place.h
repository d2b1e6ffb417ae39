// Where in the user's program something happens, read from the interpreter's frames.
#pragma once

#include <string>

#include "core/source_location.h"

namespace kajo::python {

SourceLocation current_location();  // nothing without the interpreter lock
// The same of the nearest frame outside of the package, with the module's number.
SourceLocation location_outside();
struct ProgramPlaces {
    static inline std::string package_folder;
    static inline bool outside_only = false;  // `current_location` is `location_outside`
    static inline thread_local int32_t module = 0;
};
bool is_in_package(SourceLocation location);
std::string describe_location(SourceLocation location);
// As `traceback` formats it, outermost first.
std::string program_stack();
// A line a frame, innermost first: "train.py(12): step".
std::string frames_of_program();

}  // namespace kajo::python
