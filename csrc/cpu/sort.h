// Sorting, selecting and searching along lanes. Numbers are ordered with nan as the largest; equal
// ones keep their order, so every result is determined.
#pragma once

#include "core/launch.h"

namespace kajo::cpu {

struct SortOrder {
    int64_t dim;
    bool descending;
};
// out {values, indices}, in {self}, any strides.
void sort(TensorRefs out, TensorRefs in, const void* sort_order);

struct TopkChoice {
    int64_t dim, k;
    bool largest;
};
// out {values, indices} with k elements along dim, best first.
void topk(TensorRefs out, TensorRefs in, const void* topk_choice);

enum class Pick : int8_t { Kth, Median, NanMedian, Mode };
struct PickChoice {
    int64_t dim, k;  // k counts from 0
    Pick pick;
};
// out {values, indices} with one element along dim.
void pick(TensorRefs out, TensorRefs in, const void* pick_choice);

// out {order [n]}, in {rows [n, m]}: the order of the rows, compared element by element.
void sort_rows(TensorRefs out, TensorRefs in, const void*);
// out {run [n]}, in {rows [n, m]}: for each row, how many times the row has changed before it.
void number_runs(TensorRefs out, TensorRefs in, const void*);
// out {counts, inverse, first}: the length of each run, the run of each row in its original order
// (in {run, order}; order may be undefined), and the row at which each run begins.
void describe_runs(TensorRefs out, TensorRefs in, const void*);

struct SearchSide {
    bool right;
};
// out {positions}, in {sequences, values, sorter or undefined}: contiguous; the sequences are one
// for all values, or one for each row of values.
void searchsorted(TensorRefs out, TensorRefs in, const void* search_side);

struct Membership {
    bool invert;
};
// out {bool}, in {elements, sorted candidates}.
void isin(TensorRefs out, TensorRefs in, const void* membership);

}  // namespace kajo::cpu
