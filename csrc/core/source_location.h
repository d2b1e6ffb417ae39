// The core asks the language above it where the user's program stands.
#pragma once

#include <cstdint>
#include <string>

namespace kajo {

// Where in the user's program something happened. `code` lives for ever once seen.
struct SourceLocation {
    void* code = nullptr;
    int32_t instruction = 0;
    int32_t module = 0;  // the number of the module that was running, where modules are followed
};

struct SourceLocationHooks {
    SourceLocation (*current)() = nullptr;
    SourceLocation (*outside)() = nullptr;              // the nearest outside of the package
    std::string (*describe)(SourceLocation) = nullptr;  // "train.py:12, in step"
};

inline SourceLocationHooks source_location_hooks;

inline SourceLocation current_source_location() {
    return source_location_hooks.current ? source_location_hooks.current() : SourceLocation{};
}
inline std::string describe_source_location(SourceLocation l) {
    return l.code && source_location_hooks.describe ? source_location_hooks.describe(l) : "";
}

// The step of backward that this thread is in: its node's name and where its forward step was.
struct BackwardStep {
    const char* name = nullptr;
    SourceLocation made_at;
    static inline thread_local const BackwardStep* current = nullptr;
    // Where the program asked for this thread's backward pass.
    static inline thread_local SourceLocation asked_at;
};

}  // namespace kajo
