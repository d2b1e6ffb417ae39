// Profiles of calls from Python: ranges with the shapes of arguments and the program's stack.
#pragma once

#include <nanobind/nanobind.h>

#include <span>

#include "core/profile.h"
#include "python/object.h"
#include "python/program_place.h"

namespace kajo::python {

// What ranges of calls note besides their time.
struct ProfileDetail {
    static inline bool shapes = false, stacks = false;
};
std::vector<Dims> argument_shapes(std::span<PyObject* const> arguments);

// The range of one call of an operation; the name is made only while profiling.
class ProfiledCall {
  public:
    template <class Name>
    ProfiledCall(Name name, std::span<PyObject* const> arguments) : open_(is_profiling()) {
        if (open_) [[unlikely]]
            open_range(name(), RangeKind::Operation,
                       ProfileDetail::shapes ? argument_shapes(arguments) : std::vector<Dims>{},
                       ProfileDetail::stacks ? frames_of_program() : std::string());
    }
    ~ProfiledCall() {
        if (open_) [[unlikely]]
            close_range();
    }
    ProfiledCall(const ProfiledCall&) = delete;
    ProfiledCall& operator=(const ProfiledCall&) = delete;

  private:
    const bool open_;
};

void bind_profiler(nanobind::module_& m);

}  // namespace kajo::python
