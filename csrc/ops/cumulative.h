// Running sums, products and extremes along a dimension.
#pragma once

#include <optional>
#include <tuple>

#include "core/tensor.h"

namespace kajo::ops {

Tensor cumsum(const Tensor& self, int64_t dim, std::optional<DType> dtype);
Tensor cumprod(const Tensor& self, int64_t dim, std::optional<DType> dtype);
Tensor logcumsumexp(const Tensor& self, int64_t dim);
// (values, indices); of equal ones the last counts, and a nan stays.
std::tuple<Tensor, Tensor> cummax(const Tensor& self, int64_t dim);
std::tuple<Tensor, Tensor> cummin(const Tensor& self, int64_t dim);
// y[k] = input[k] + decay[k] * y[k - 1] along a dimension, from y[-1] = 0.
Tensor linear_scan(const Tensor& decay, const Tensor& input, int64_t dim);

// Differences of neighbours, n times over; `prepend` and `append` may be undefined.
Tensor diff(const Tensor& self, int64_t n, int64_t dim, const Tensor& prepend,
            const Tensor& append);
Tensor trapezoid(const Tensor& y, const Scalar& dx, int64_t dim);
Tensor trapezoid_at(const Tensor& y, const Tensor& x, int64_t dim);
Tensor cumulative_trapezoid(const Tensor& y, const Scalar& dx, int64_t dim);
Tensor cumulative_trapezoid_at(const Tensor& y, const Tensor& x, int64_t dim);

}  // namespace kajo::ops
