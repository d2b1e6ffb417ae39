// The core asks the language above it where the user's program stands.
#pragma once

#include <cstdint>
#include <string>

namespace kajo {

// Where in the user's program something happened. `code` lives for ever once seen.
struct SourceLocation {
    void* code = nullptr;
    int32_t instruction = 0;
};

struct SourceLocationHooks {
    SourceLocation (*current)() = nullptr;
    std::string (*describe)(SourceLocation) = nullptr;  // "train.py:12, in step"
};

inline SourceLocationHooks source_location_hooks;

inline SourceLocation current_source_location() {
    return source_location_hooks.current ? source_location_hooks.current() : SourceLocation{};
}
inline std::string describe_source_location(SourceLocation l) {
    return l.code && source_location_hooks.describe ? source_location_hooks.describe(l) : "";
}

}  // namespace kajo
