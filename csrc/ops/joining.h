// Tensors joined, repeated, turned and padded.
#pragma once

#include <optional>
#include <string_view>

#include "core/tensor.h"

namespace kajo::ops {

// Joins along an existing dimension; empty vectors are skipped, as they always were.
Tensor cat(const TensorList& tensors, int64_t dim);
// Joins along a new dimension.
Tensor stack(const TensorList& tensors, int64_t dim);
Tensor hstack(const TensorList& tensors);
Tensor vstack(const TensorList& tensors);
Tensor dstack(const TensorList& tensors);
Tensor column_stack(const TensorList& tensors);
Tensor block_diag(const TensorList& tensors);
TensorList meshgrid(const TensorList& tensors, std::optional<std::string_view> indexing);

Tensor repeat(const Tensor& self, IntSpan repeats);
Tensor tile(const Tensor& self, IntSpan dims);
Tensor repeat_interleave(const Tensor& self, int64_t repeats, std::optional<int64_t> dim,
                         std::optional<int64_t> output_size);
Tensor repeat_interleave_each(const Tensor& self, const Tensor& repeats, std::optional<int64_t> dim,
                              std::optional<int64_t> output_size);
// The index of each element as often as it is to be repeated.
Tensor repeat_interleave_sources(const Tensor& repeats, std::optional<int64_t> output_size);
Tensor kron(const Tensor& self, const Tensor& other);

Tensor roll(const Tensor& self, IntSpan shifts, IntSpan dims);
Tensor flip(const Tensor& self, IntSpan dims);
Tensor fliplr(const Tensor& self);
Tensor flipud(const Tensor& self);
Tensor rot90(const Tensor& self, int64_t k, IntSpan dims);

// `pad` holds (before, after) pairs from the last dimension on; negative ones cut off.
Tensor constant_pad_nd(const Tensor& self, IntSpan pad, const Scalar& value);
// mode: "constant", "reflect", "replicate" or "circular".
Tensor pad(const Tensor& self, IntSpan pad, std::string_view mode, std::optional<double> value);

}  // namespace kajo::ops
