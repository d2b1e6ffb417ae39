// Orders and order statistics along a dimension: (values, indices) with gradients for the values.
#pragma once

#include <optional>
#include <tuple>

#include "core/tensor.h"

namespace kajo::ops {

using ValuesAndIndices = std::tuple<Tensor, Tensor>;

// nan counts as the largest; equal elements always keep their order.
ValuesAndIndices sort(const Tensor& self, int64_t dim, bool descending);
ValuesAndIndices sort_stable(const Tensor& self, std::optional<bool> stable, int64_t dim,
                             bool descending);
Tensor argsort(const Tensor& self, int64_t dim, bool descending);
Tensor argsort_stable(const Tensor& self, bool stable, int64_t dim, bool descending);
Tensor msort(const Tensor& self);
ValuesAndIndices topk(const Tensor& self, int64_t k, int64_t dim, bool largest, bool sorted);

// The k-th smallest, k counting from 1.
ValuesAndIndices kthvalue(const Tensor& self, int64_t k, int64_t dim, bool keepdim);
// The lower of the two middle elements; a nan wins, or is left out.
Tensor median_all(const Tensor& self);
ValuesAndIndices median(const Tensor& self, int64_t dim, bool keepdim);
Tensor nanmedian_all(const Tensor& self);
ValuesAndIndices nanmedian(const Tensor& self, int64_t dim, bool keepdim);
ValuesAndIndices mode(const Tensor& self, int64_t dim, bool keepdim);

// Unsigned numbers as signed ones in the same order, and back; others are returned as they are.
Tensor in_signed_order(const Tensor& self);
Tensor in_unsigned_order(const Tensor& self, DType dtype);

}  // namespace kajo::ops
