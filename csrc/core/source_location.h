// The core asks the language above it where the user's program stands.
#pragma once

#include <string>

#include "core/storage.h"

namespace kajo {

struct SourceLocationHooks {
    SourceLocation (*current)() = nullptr;             // a new reference, or empty
    void (*release)(SourceLocation) = nullptr;
    SourceLocation (*retain)(SourceLocation) = nullptr;
    std::string (*describe)(SourceLocation) = nullptr;  // "train.py:12, in step"
};

inline SourceLocationHooks source_location_hooks;

inline SourceLocation current_source_location() {
    return source_location_hooks.current ? source_location_hooks.current() : SourceLocation{};
}
inline void release_source_location(SourceLocation l) {
    if (l.code && source_location_hooks.release) source_location_hooks.release(l);
}
inline std::string describe_source_location(SourceLocation l) {
    return l.code && source_location_hooks.describe ? source_location_hooks.describe(l) : "";
}

}  // namespace kajo
