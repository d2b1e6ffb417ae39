// Moving elements along one dimension, each to or from the place its own index names.
#pragma once

#include <optional>
#include <string_view>

#include "core/tensor.h"

namespace kajo::ops {

// out[i][j][k] = self[i][index[i][j][k]][k] for dim 1.
Tensor gather(const Tensor& self, int64_t dim, const Tensor& index, bool sparse_grad = false);
// self[i][index[i][j][k]][k] = src[i][j][k] for dim 1.
Tensor scatter_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src);
Tensor scatter(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src);
Tensor scatter_value_(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value);
Tensor scatter_value(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value);
// reduce: "add" or "multiply".
Tensor scatter_with_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                     std::string_view reduce);
Tensor scatter_with(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                    std::string_view reduce);
Tensor scatter_value_with_(const Tensor& self, int64_t dim, const Tensor& index,
                           const Scalar& value, std::string_view reduce);
Tensor scatter_value_with(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value,
                          std::string_view reduce);
Tensor scatter_add_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src);
Tensor scatter_add(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src);
// reduce: "sum", "prod", "mean", "amax" or "amin".
Tensor scatter_reduce_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                       std::string_view reduce, bool include_self);
Tensor scatter_reduce(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                      std::string_view reduce, bool include_self);
Tensor take_along_dim(const Tensor& self, const Tensor& indices, std::optional<int64_t> dim);

// The gradient of an operation that picks one or more elements of each lane along `dim`.
Tensor picked_gradient(const Tensor& grad, IntSpan sizes, int64_t dim, const Tensor& index);

}  // namespace kajo::ops
