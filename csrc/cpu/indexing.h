// Moving elements to and from places that index tensors name. Index tensors are int64 and
// contiguous; all are checked before anything is written.
#pragma once

#include "core/launch.h"
#include "cpu/combine.h"

namespace kajo::cpu {

constexpr int kMaxIndexed = 64;

// The tensor that is indexed has its dimensions in the order: outer, indexed, inner. The other side
// (result or values) is contiguous with the shape: outer, broadcast index, inner.
struct IndexLayout {
    int32_t outer_dims = 0, indexed_dims = 0;
    Combine how = Combine::Assign;
    bool wraps = true;                   // negative indices are allowed
    ErrorKind error = ErrorKind::Index;  // what an index outside raises
    int8_t dimension[kMaxIndexed] = {};  // which dimension of the user's tensor each one is
};

// out {sums (bags, width)}, in {self (rows, width), index (n), starts (bags + 1), weights (n) or
// undefined}, contiguous; float32 or float64.
void sum_rows(TensorRefs out, TensorRefs in, const void*);

// out {result}, in {self, index...}.
void index(TensorRefs out, TensorRefs in, const void* layout);
// out {self}, in {values, index...}; values of one element are repeated.
void index_put(TensorRefs out, TensorRefs in, const void* layout);

struct LaneIndex {
    int64_t dim;
    Combine how = Combine::Assign;
    bool values_repeat = false;  // one value for all places
};
// out[.., l, ..] = self[.., index[.., l, ..], ..]: out {result}, in {self, index}.
void gather(TensorRefs out, TensorRefs in, const void* lane_index);
// The other way round: out {self}, in {index, values}.
void scatter(TensorRefs out, TensorRefs in, const void* lane_index);

// Where a contiguous bool tensor is true. First pass: out {ends}, the number of true elements up to
// the end of each block. Second pass: out {positions}, int64 [dims, count], in {mask, ends}.
constexpr int64_t kMaskBlock = 4096;
void count_true(TensorRefs out, TensorRefs in, const void*);
void find_true(TensorRefs out, TensorRefs in, const void*);

struct EmbeddingGrad {
    int64_t padding_index;
    bool scale_by_frequency;
};
// out {weight gradient [rows, width]}, in {gradient [n, width], index [n]}: all contiguous.
void embedding_grad(TensorRefs out, TensorRefs in, const void* attributes);

// out {counts}, in {values}: int64 counts of contiguous int64 values that were checked to fit.
void bincount(TensorRefs out, TensorRefs in, const void*);
// out {extremes [2]}, in {values}: smallest and largest of contiguous int64 values.
void int_range(TensorRefs out, TensorRefs in, const void*);

struct HistogramRange {
    double low, high;
};
// out {counts [bins]} and in {values}: contiguous and of one floating type.
void histogram(TensorRefs out, TensorRefs in, const void* range);

}  // namespace kajo::cpu
