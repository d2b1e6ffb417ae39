// Attention by blocks of queries and keys: scores and weights stay in the cache.
#pragma once

#include "core/launch.h"
#include "cpu/pointwise_table.h"

namespace kajo::cpu {

struct AttentionAttributes {
    double scale;
    bool causal;  // query i sees the keys up to i
};
// Float32, float64 or 16 bits; q [batch.., L, E], k [batch.., S, E], v [batch.., S, V], mask
// undefined or broadcast to [batch.., L, S]: bool, or in the computing type and added to the
// scores. Any strides; results have adjacent columns. In what follows the computing type is float32
// for 16 bits.
// out {y [batch.., L, V], statistics [batch.., L, 2] in the computing type: each query's largest
// score, and one over the sum of its exponentials, 0 where it sees no key}, in {q, k, v, mask}.
void attention(TensorRefs out, TensorRefs in, const void* attributes);
// out {dq, dk, dv}, in {dy, q, k, v, mask, y, statistics}.
void attention_backward(TensorRefs out, TensorRefs in, const void* attributes);

// A matrix somewhere in a tensor; strides count elements.
struct MatrixPlace {
    char* data = nullptr;
    int64_t row = 0, column = 0;
};

// One entry of the batch.
struct AttentionEntry {
    int64_t queries = 0, keys = 0, size = 0, value_size = 0;
    double scale = 1;
    bool causal = false, bool_mask = false;
    TileFn exp = nullptr;  // of the computing type
    MatrixPlace q, k, v, mask, y, dy, dq, dk, dv;
    void* statistics = nullptr;
};

struct AttentionFunctions {
    // The results of queries [begin, end).
    void (*forward)(const AttentionEntry& entry, int64_t begin, int64_t end);
    // The gradients of keys and values [begin, end), and what they add to the queries': a
    // contiguous matrix in the computing type.
    void (*backward)(const AttentionEntry& entry, int64_t begin, int64_t end, void* grad_queries);
    // The gradient of the queries: the sum of so many of these matrices, one after the other.
    void (*add_up)(const AttentionEntry& entry, const void* grad_queries, int64_t count);
};
struct AttentionKernels {
    AttentionFunctions f32, f64, bf16, f16;
};
// Those of this machine's instruction set.
const AttentionKernels& attention_kernels();

// Keys whose scores are computed together; pieces of backward begin at multiples of it.
constexpr int64_t kAttentionKeys = 128, kAttentionBackwardKeys = 256;

}  // namespace kajo::cpu
