// Distinct elements, and places in ordered sequences.
#pragma once

#include <optional>
#include <string_view>
#include <tuple>

#include "core/tensor.h"

namespace kajo::ops {

// (values, inverse, counts), ascending; what was not asked for is empty. Without `dim` the elements
// of the flattened tensor, with it whole slices along the dimension.
std::tuple<Tensor, Tensor, Tensor> unique(const Tensor& self, bool sorted, bool return_inverse,
                                          bool return_counts);
std::tuple<Tensor, Tensor, Tensor> unique_dim(const Tensor& self, int64_t dim, bool sorted,
                                              bool return_inverse, bool return_counts);
// Only neighbours are compared.
std::tuple<Tensor, Tensor, Tensor> unique_consecutive(const Tensor& self, bool return_inverse,
                                                      bool return_counts,
                                                      std::optional<int64_t> dim);

Tensor searchsorted(const Tensor& sorted_sequence, const Tensor& self, bool out_int32, bool right,
                    std::optional<std::string_view> side, const Tensor& sorter);
Tensor searchsorted_number(const Tensor& sorted_sequence, const Scalar& self, bool out_int32,
                           bool right, std::optional<std::string_view> side, const Tensor& sorter);
Tensor bucketize(const Tensor& self, const Tensor& boundaries, bool out_int32, bool right);
Tensor bucketize_number(const Scalar& self, const Tensor& boundaries, bool out_int32, bool right);

Tensor isin(const Tensor& elements, const Tensor& test_elements, bool assume_unique, bool invert);
Tensor isin_tensor_number(const Tensor& elements, const Scalar& test_element, bool assume_unique,
                          bool invert);
Tensor isin_number_tensor(const Scalar& element, const Tensor& test_elements, bool assume_unique,
                          bool invert);

}  // namespace kajo::ops
