// Finding the kernels that make a nan or an infinity out of finite numbers.
#pragma once

#include "core/dims.h"
#include "core/dtype.h"

namespace kajo {

struct NonFinite {
    const char* kernel;
    bool is_nan;
    Dims sizes;  // of the result that has it
    DType dtype;
};

// Calls `report` after each such kernel from now on; null ends it. What the program itself gives as
// a number, such as the infinity of a mask, counts as made by nobody.
void watch_for_nonfinite(void (*report)(const NonFinite&));

}  // namespace kajo
