// The docstrings of the table of element-wise operations; generated as the kernels are.
#pragma once
#include <string_view>

namespace kajo::cpu {

// By identifier; null where there is none.
const char* pointwise_documentation(std::string_view identifier);

}  // namespace kajo::cpu
