// What ran when: ranges of operations, gradient nodes and the program's own, noted while profiling.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/dims.h"

namespace kajo {

enum class RangeKind : uint8_t { Operation, Node, Program };

struct ProfileEvent {
    std::string name;
    RangeKind kind;
    int64_t begin, end;  // nanoseconds of a clock that never goes back
    int32_t thread;      // numbered in the order in which threads were first seen
    int32_t depth;       // how many ranges of the thread it lies in
    int64_t bytes;       // memory taken less memory given back meanwhile, by all threads
    std::vector<Dims> shapes;
    std::string stack;
};

inline std::atomic<bool> profiling_on{false};
inline bool is_profiling() { return profiling_on.load(std::memory_order_relaxed); }

void start_profiling();
// All ranges that began and ended since the start, in the order of their ends within a thread.
std::vector<ProfileEvent> stop_profiling();

// Opens a range in this thread; ranges are closed in the opposite order.
void open_range(std::string_view name, RangeKind kind, std::vector<Dims> shapes = {},
                std::string stack = {});
void close_range();

class ProfiledRange {
  public:
    ProfiledRange(std::string_view name, RangeKind kind) : open_(is_profiling()) {
        if (open_) [[unlikely]]
            open_range(name, kind);
    }
    ~ProfiledRange() {
        if (open_) [[unlikely]]
            close_range();
    }
    ProfiledRange(const ProfiledRange&) = delete;
    ProfiledRange& operator=(const ProfiledRange&) = delete;

  private:
    const bool open_;
};

}  // namespace kajo
