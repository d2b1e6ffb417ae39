// What the operations of linear algebra share.
#pragma once

#include <utility>

#include "core/tensor.h"

namespace kajo::ops::linalg {

// At least two dimensions, of a floating or complex type of 32 bits or more.
void check_matrix(const char* operation, const Tensor& A);
void check_square(const char* operation, const Tensor& A);
void check_same_type(const char* operation, const Tensor& A, const Tensor& B);
// Raises LinAlgError naming the batch entry where info is positive.
void check_info(const char* operation, const Tensor& info, const char* before, const char* after);
inline constexpr const char* kNotConverged =
    "The algorithm failed to converge because the input matrix contained non-finite values or has "
    "too many repeated values (error code: ";

Tensor mH(const Tensor& A);  // the conjugate transpose
// The batch dimensions of A, followed by others.
Dims with_batch(const Tensor& A, IntSpan last);
// Fresh matrices that lie column by column.
Tensor columns(IntSpan sizes, DType dtype, Device device);
Tensor info_for(const Tensor& A);
// Both expanded to one batch shape.
std::pair<Tensor, Tensor> broadcast_batches(const char* operation, const Tensor& A,
                                            const Tensor& B);

}  // namespace kajo::ops::linalg
