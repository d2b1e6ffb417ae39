// Triangles and diagonals of matrices, and writing into slices of a copy.
#pragma once

#include <optional>

#include "core/tensor.h"

namespace kajo::ops {

Tensor tril(const Tensor& self, int64_t diagonal);
Tensor triu(const Tensor& self, int64_t diagonal);
Tensor tril_indices(int64_t row, int64_t col, int64_t offset, std::optional<DType> dtype);
Tensor triu_indices(int64_t row, int64_t col, int64_t offset, std::optional<DType> dtype);

// A vector becomes a matrix with it on a diagonal; of a matrix the diagonal is taken.
Tensor diag(const Tensor& self, int64_t diagonal);
Tensor diag_embed(const Tensor& self, int64_t offset, int64_t dim1, int64_t dim2);
Tensor diagflat(const Tensor& self, int64_t offset);

// Copies of `self` in which the named part is `src`.
Tensor diagonal_scatter(const Tensor& self, const Tensor& src, int64_t offset, int64_t dim1,
                        int64_t dim2);
Tensor select_scatter(const Tensor& self, const Tensor& src, int64_t dim, int64_t index);
Tensor slice_scatter(const Tensor& self, const Tensor& src, int64_t dim,
                     std::optional<int64_t> start, std::optional<int64_t> end, int64_t step);

}  // namespace kajo::ops
