// Reading and writing the places that index tensors name.
#pragma once

#include <optional>
#include <string_view>

#include "core/tensor.h"
#include "cpu/combine.h"

namespace kajo::ops {

// One entry a dimension from the first on; an undefined one takes the whole dimension. Entries are
// int64 or int32 tensors, broadcast against each other, or bool (uint8) masks, which stand for as
// many dimensions as they have. Where an undefined entry separates the others, the broadcast shape
// comes first in the result, else it takes the place of the indexed dimensions.
Tensor index(const Tensor& self, const TensorList& indices);
Tensor index_put_(const Tensor& self, const TensorList& indices, const Tensor& values,
                  bool accumulate);
Tensor index_put(const Tensor& self, const TensorList& indices, const Tensor& values,
                 bool accumulate);

// Whole slices along one dimension, named by a vector of indices.
Tensor index_select(const Tensor& self, int64_t dim, const Tensor& index);
Tensor index_add_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                  const Scalar& alpha);
Tensor index_add(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                 const Scalar& alpha);
Tensor index_copy_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source);
Tensor index_copy(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source);
Tensor index_fill_(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value);
Tensor index_fill(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value);
Tensor index_fill_tensor_(const Tensor& self, int64_t dim, const Tensor& index,
                          const Tensor& value);
Tensor index_fill_tensor(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& value);
Tensor index_reduce_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                     std::string_view reduce, bool include_self);
Tensor index_reduce(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                    std::string_view reduce, bool include_self);

// Row i is the sum of weights[k] * self[index[k]] for k from starts[i] up to starts[i + 1]; without
// weights they are 1. Float32 or float64.
Tensor sum_rows(const Tensor& self, const Tensor& index, const Tensor& starts,
                const Tensor& weights);

// The tensor read as one row of elements.
Tensor take(const Tensor& self, const Tensor& index);
Tensor put_(const Tensor& self, const Tensor& index, const Tensor& source, bool accumulate);
Tensor put(const Tensor& self, const Tensor& index, const Tensor& source, bool accumulate);

// What writing operations share: they refuse tensors whose elements share memory, work on
// contiguous operands that the written tensor does not overlap, and write back where a copy was
// needed.
void refuse_overlap(const Tensor& self, const char* operation);
Tensor separate_from(const Tensor& self, const Tensor& operand);
// Whole slices along one dimension, read or written; an index outside raises RuntimeError.
Tensor slices_at(const Tensor& self, int64_t dim, const Tensor& index);
void put_slices(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                cpu::Combine combine);
// int64, contiguous; other than int64 and int32 is refused.
Tensor as_index(const Tensor& index, const char* operation);

}  // namespace kajo::ops
