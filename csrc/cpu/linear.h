// Matrix products on tensors.
#pragma once

#include <complex>

#include "core/launch.h"

namespace kajo::cpu {

struct MatmulAttributes {
    std::complex<double> alpha = 1.0, beta = 0.0;
    bool a_conjugate = false, b_conjugate = false;
    bool column_bias = false;
};
// out {c [batch.., m, n], contiguous}, in {a [.., m, k], b [.., k, n], and where beta is not 0 or
// column_bias is set one more: what is added, of c's shape, or a contiguous bias [n]}.
void matmul_tensors(TensorRefs out, TensorRefs in, const void* attributes);

struct VectorDim {
    int64_t dim;
};
// out {a x b}, in {a, b}: contiguous, of one shape and type, float32 or float64.
void vector_product(TensorRefs out, TensorRefs in, const void* vector_dim);

}  // namespace kajo::cpu
