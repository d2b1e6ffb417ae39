// Arithmetic on sizes, strides and dimensions.
#pragma once

#include <optional>

#include "core/tensor.h"

namespace kajo {

// Negative dimensions count from the end; outside raises IndexError as the field words it.
int64_t wrap_dim(int64_t dim, int64_t ndim, const char* operation = nullptr);
// Wrapped, and refused when one occurs twice.
Dims wrap_dims(IntSpan dims, int64_t ndim, const char* operation);
// True for each reduced dimension; no dims given, or an empty list, means all of them.
std::vector<bool> dim_mask(std::optional<IntSpan> dims, int64_t ndim, const char* operation);

int64_t numel_of(IntSpan sizes);  // refuses negative sizes and overflow
Dims contiguous_strides(IntSpan sizes);
Dims strides_for(IntSpan sizes, MemoryFormat format);
// Dense strides in the order of dimensions of the given ones.
Dims dense_strides_like(IntSpan sizes, IntSpan strides);
// Elements that a strided view reaches, from its first to its last: 0 when empty.
int64_t extent_of(IntSpan sizes, IntSpan strides);

// Raises RuntimeError naming both shapes when they do not broadcast.
Dims broadcast_shapes(IntSpan a, IntSpan b, const char* operation);
bool expandable_to(IntSpan from, IntSpan to);
// The strides of a tensor seen as having the larger shape: zero where it repeats.
Dims broadcast_strides(const Tensor& t, IntSpan to);

// Fills in one -1; raises when the count of elements does not fit.
Dims infer_size(IntSpan requested, int64_t numel);
// The strides of a view with other sizes, if no copy is needed.
std::optional<Dims> view_strides(IntSpan sizes, IntSpan strides, IntSpan new_sizes);

}  // namespace kajo
