// How a tensor's elements are kept.
#pragma once

#include <cstdint>

namespace kajo {

enum class Layout : int8_t {
    Strided,
    SparseCoo,
    SparseCsr,
    SparseCsc,
    SparseBsr,
    SparseBsc,
    Jagged
};
constexpr int kLayouts = 7;
constexpr const char* kLayoutNames[kLayouts] = {
    "strided", "sparse_coo", "sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc", "jagged"};

}  // namespace kajo
