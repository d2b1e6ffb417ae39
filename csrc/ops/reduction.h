// Reductions: sums, products, extremes, statistics, norms.
#pragma once

#include <optional>
#include <tuple>

#include "core/tensor.h"

namespace kajo::ops {

using OptionalDims = std::optional<IntSpan>;

Tensor sum(const Tensor& self, OptionalDims dim, bool keepdim, std::optional<DType> dtype);
inline Tensor sum(const Tensor& self) { return sum(self, std::nullopt, false, std::nullopt); }
Tensor nansum(const Tensor& self, OptionalDims dim, bool keepdim, std::optional<DType> dtype);
Tensor mean(const Tensor& self, OptionalDims dim, bool keepdim, std::optional<DType> dtype);
Tensor prod_all(const Tensor& self, std::optional<DType> dtype);
Tensor prod(const Tensor& self, int64_t dim, bool keepdim, std::optional<DType> dtype);
Tensor var(const Tensor& self, OptionalDims dim, const std::optional<Scalar>& correction, bool keepdim);
Tensor std_(const Tensor& self, OptionalDims dim, const std::optional<Scalar>& correction, bool keepdim);
std::tuple<Tensor, Tensor> var_mean(const Tensor& self, OptionalDims dim,
                                    const std::optional<Scalar>& correction, bool keepdim);
Tensor max_all(const Tensor& self);
Tensor min_all(const Tensor& self);
std::tuple<Tensor, Tensor> max(const Tensor& self, int64_t dim, bool keepdim);
std::tuple<Tensor, Tensor> min(const Tensor& self, int64_t dim, bool keepdim);
Tensor amax(const Tensor& self, IntSpan dim, bool keepdim);
Tensor amin(const Tensor& self, IntSpan dim, bool keepdim);
Tensor argmax(const Tensor& self, std::optional<int64_t> dim, bool keepdim);
Tensor argmin(const Tensor& self, std::optional<int64_t> dim, bool keepdim);
Tensor all(const Tensor& self, OptionalDims dim = std::nullopt, bool keepdim = false);
Tensor any(const Tensor& self, OptionalDims dim = std::nullopt, bool keepdim = false);
Tensor norm(const Tensor& self, const std::optional<Scalar>& p, OptionalDims dim, bool keepdim,
            std::optional<DType> dtype);
Tensor logsumexp(const Tensor& self, IntSpan dim, bool keepdim);
Tensor count_nonzero(const Tensor& self, OptionalDims dim);

}  // namespace kajo::ops
