// Operations whose result shares the storage of their input.
#pragma once

#include <optional>
#include <string>

#include "core/shape.h"
#include "core/tensor.h"

namespace kajo::ops {

Tensor view(const Tensor& self, IntSpan size);
Tensor as_view(const Tensor& self);  // all of it, as a new tensor
Tensor view_dtype(const Tensor& self, DType dtype);
Tensor reshape(const Tensor& self, IntSpan shape);
Tensor permute(const Tensor& self, IntSpan dims);
Tensor transpose(const Tensor& self, int64_t dim0, int64_t dim1);
Tensor t(const Tensor& self);
Tensor mT(const Tensor& self);       // swaps the last two dimensions
Tensor numpy_T(const Tensor& self);  // reverses all dimensions
Tensor expand(const Tensor& self, IntSpan size, bool implicit = false);
Tensor as_strided(const Tensor& self, IntSpan size, IntSpan stride, std::optional<int64_t> offset);
Tensor narrow(const Tensor& self, int64_t dim, int64_t start, int64_t length);
Tensor select(const Tensor& self, int64_t dim, int64_t index);
Tensor slice(const Tensor& self, int64_t dim, std::optional<int64_t> start,
             std::optional<int64_t> end, int64_t step);
Tensor diagonal(const Tensor& self, int64_t offset, int64_t dim1, int64_t dim2);
Tensor squeeze(const Tensor& self);
Tensor squeeze_dims(const Tensor& self, IntSpan dims);
Tensor unsqueeze(const Tensor& self, int64_t dim);
Tensor flatten(const Tensor& self, int64_t start_dim, int64_t end_dim);
Tensor unflatten(const Tensor& self, int64_t dim, IntSpan sizes);
Tensor movedim(const Tensor& self, IntSpan source, IntSpan destination);
Tensor unfold(const Tensor& self, int64_t dimension, int64_t size, int64_t step);
TensorList split(const Tensor& self, int64_t split_size, int64_t dim);
TensorList split_sizes(const Tensor& self, IntSpan split_sizes, int64_t dim);
TensorList chunk(const Tensor& self, int64_t chunks, int64_t dim);
TensorList unbind(const Tensor& self, int64_t dim);
Tensor real(const Tensor& self);
Tensor imag(const Tensor& self);
// A view that negates what it shows; `conj` is another (ops/pointwise.h).
Tensor neg_view(const Tensor& self);
// The same values in memory: self itself, or a copy of a lazy view.
Tensor resolve_conj(const Tensor& self);
Tensor resolve_neg(const Tensor& self);
Tensor view_as_real(const Tensor& self);
Tensor view_as_complex(const Tensor& self);
Tensor detach_(const Tensor& self);
Tensor sum_to_size(const Tensor& self, IntSpan size);  // undoes broadcasting

}  // namespace kajo::ops
