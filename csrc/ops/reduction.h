// Reductions: sums, products, extremes, statistics, norms.
#pragma once

#include <optional>
#include <string_view>
#include <tuple>

#include "core/tensor.h"
#include "cpu/reduce.h"

namespace kajo::ops {

using OptionalDims = std::optional<IntSpan>;

Tensor sum(const Tensor& self, OptionalDims dim, bool keepdim, std::optional<DType> dtype);
inline Tensor sum(const Tensor& self) { return sum(self, std::nullopt, false, std::nullopt); }
Tensor nansum(const Tensor& self, OptionalDims dim, bool keepdim, std::optional<DType> dtype);
Tensor mean(const Tensor& self, OptionalDims dim, bool keepdim, std::optional<DType> dtype);
Tensor nanmean(const Tensor& self, OptionalDims dim, bool keepdim, std::optional<DType> dtype);
Tensor prod_all(const Tensor& self, std::optional<DType> dtype);
Tensor prod(const Tensor& self, int64_t dim, bool keepdim, std::optional<DType> dtype);
Tensor var(const Tensor& self, OptionalDims dim, const std::optional<Scalar>& correction,
           bool keepdim);
Tensor std_(const Tensor& self, OptionalDims dim, const std::optional<Scalar>& correction,
            bool keepdim);
std::tuple<Tensor, Tensor> var_mean(const Tensor& self, OptionalDims dim,
                                    const std::optional<Scalar>& correction, bool keepdim);
std::tuple<Tensor, Tensor> std_mean(const Tensor& self, OptionalDims dim,
                                    const std::optional<Scalar>& correction, bool keepdim);
Tensor max_all(const Tensor& self);
Tensor min_all(const Tensor& self);
std::tuple<Tensor, Tensor> max(const Tensor& self, int64_t dim, bool keepdim);
std::tuple<Tensor, Tensor> min(const Tensor& self, int64_t dim, bool keepdim);
Tensor amax(const Tensor& self, IntSpan dim, bool keepdim);
Tensor amin(const Tensor& self, IntSpan dim, bool keepdim);
std::tuple<Tensor, Tensor> aminmax(const Tensor& self, std::optional<int64_t> dim, bool keepdim);
Tensor argmax(const Tensor& self, std::optional<int64_t> dim, bool keepdim);
Tensor argmin(const Tensor& self, std::optional<int64_t> dim, bool keepdim);
Tensor all(const Tensor& self, OptionalDims dim = std::nullopt, bool keepdim = false);
Tensor any(const Tensor& self, OptionalDims dim = std::nullopt, bool keepdim = false);
Tensor norm(const Tensor& self, const std::optional<Scalar>& p, OptionalDims dim, bool keepdim,
            std::optional<DType> dtype);
Tensor vector_norm(const Tensor& self, const Scalar& ord, OptionalDims dim, bool keepdim,
                   std::optional<DType> dtype);
Tensor dist(const Tensor& self, const Tensor& other, const Scalar& p);
Tensor logsumexp(const Tensor& self, IntSpan dim, bool keepdim);
Tensor count_nonzero(const Tensor& self, OptionalDims dim);

// ---- what the families of reductions share
// --------------------------------------------------------------

// Which dimensions of `self` are reduced; no list, or an empty one, means all.
uint64_t reduced_mask(const Tensor& self, OptionalDims dim, const char* operation);
Dims reduced_sizes(IntSpan sizes, uint64_t mask, bool keepdim);
int64_t reduced_count(IntSpan sizes, uint64_t mask);
// A result (or its gradient) with the reduced dimensions put back, as ones.
Tensor restore_dims(const Tensor& t, uint64_t mask, bool keepdim);
// The same, repeated along them.
Tensor expand_reduced(const Tensor& t, IntSpan sizes, uint64_t mask, bool keepdim);
Tensor allocate_reduced(const Tensor& self, uint64_t mask, bool keepdim, DType dtype);
// One launch without history; elements are read as `computing`, which the result's type may narrow.
struct ReduceCall {
    cpu::Reduction reduction;
    const char* name;
    DType computing, result;
    double divisor = 1;
    bool root = false;
};
Tensor launch_reduce(const ReduceCall& call, const Tensor& self, uint64_t mask, bool keepdim);

}  // namespace kajo::ops
