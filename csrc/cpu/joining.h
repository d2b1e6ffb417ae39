// Kernels that lay elements out anew: joined, reversed, cut to triangles.
#pragma once

#include "core/launch.h"

namespace kajo::cpu {

struct JoinedDim {
    int64_t dim;
};
// Joins tensors of one type along a dimension, each in rows: contiguous from that dimension on, and
// equally spaced along those before.
void cat(TensorRefs out, TensorRefs in, const void* joined_dim);

struct FlippedDims {
    uint64_t mask;  // bit d: dimension d is reversed
};
void flip(TensorRefs out, TensorRefs in, const void* flipped_dims);

struct Triangle {
    int64_t diagonal;
    bool upper;
};
// The contiguous last two dimensions with what is outside the triangle set to zero.
void triangle(TensorRefs out, TensorRefs in, const void* triangle);
// out {row and column indices [2, count]}.
struct TriangleShape {
    int64_t rows, columns, diagonal;
    bool upper;
};
void triangle_indices(TensorRefs out, TensorRefs in, const void* triangle_shape);

// out {index of the element that each copy comes from}, in {ends: running sums of the repeats}.
void repeat_sources(TensorRefs out, TensorRefs in, const void*);

}  // namespace kajo::cpu
