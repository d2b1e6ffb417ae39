// Running operations along a dimension, in order, so that results never depend on threads.
#pragma once

#include "core/launch.h"

namespace kajo::cpu {

struct ScanDim {
    int64_t dim;
};
// out {result} and in {self} have one shape, any strides, and one type, but integers of any type
// may go to int64.
void cumsum(TensorRefs out, TensorRefs in, const void* scan_dim);
void cumprod(TensorRefs out, TensorRefs in, const void* scan_dim);
void logcumsumexp(TensorRefs out, TensorRefs in, const void* scan_dim);
// out {values, indices}.
void cummax(TensorRefs out, TensorRefs in, const void* scan_dim);
void cummin(TensorRefs out, TensorRefs in, const void* scan_dim);
// in {decay, input}.
void linear_scan(TensorRefs out, TensorRefs in, const void* scan_dim);

}  // namespace kajo::cpu
