// A matrix that many others are multiplied with, laid out once for all of these products.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kajo::cpu {

struct PanelFunctions {
    // Of a matrix b (k, n) as panels of neighbouring columns, each of them in one piece, so that
    // every product reads it in order.
    size_t (*bytes)(int64_t k, int64_t n);
    void (*pack)(const void* b, int64_t row_stride, int64_t column_stride, int64_t k, int64_t n,
                 void* panels);
    // c (rows, n) = a (rows, k) b, or, where `add`, c + a b, from the first panel that is given on;
    // in the calling thread.
    void (*multiply)(const void* a, int64_t a_row, const void* panels, void* c, int64_t c_row,
                     int64_t rows, int64_t n, int64_t k, bool add);
};
struct PanelKernels {
    PanelFunctions f32, f64;
};
// Those of this machine's instruction set.
const PanelKernels& panel_kernels();

}  // namespace kajo::cpu
