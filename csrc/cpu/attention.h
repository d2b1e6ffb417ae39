// Attention by blocks of queries: scores, softmax and sums stay in the cache.
#pragma once

#include "core/launch.h"

namespace kajo::cpu {

struct AttentionAttributes {
    double scale;
    bool causal;  // query i sees the keys up to i
};
// Float32 or Float64; q [batch.., L, E], k [batch.., S, E], v [batch.., S, V], mask undefined or
// broadcast to [batch.., L, S] and added to the scores. Any strides; results have adjacent columns.
// out {y [batch.., L, V]}, in {q, k, v, mask}.
void attention(TensorRefs out, TensorRefs in, const void* attributes);
// out {dq, dk, dv}, in {dy, q, k, v, mask}.
void attention_backward(TensorRefs out, TensorRefs in, const void* attributes);

}  // namespace kajo::cpu
