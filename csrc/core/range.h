// Whether a number is within the range of a type.
#pragma once

#include "core/scalar.h"

namespace kajo {

// Unsigned types also take the negative whole numbers of their size, which wrap around.
bool fits(const Scalar& value, DType dtype);

// Raises RuntimeError naming the operation.
void check_fits(const Scalar& value, DType dtype, const char* operation);

}  // namespace kajo
