// Scaled dot product attention.
#pragma once

#include <optional>

#include "core/tensor.h"

namespace kajo::ops {

// softmax(query @ key' * scale + mask) @ value over the last two dimensions. attn_mask: bool (True
// takes part) or added to the scores; scale: 1 / sqrt(the size of a query) unless given;
// enable_gqa: each head of key and value serves a group of query heads.
Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const Tensor& attn_mask, double dropout_p, bool is_causal,
                                    std::optional<double> scale, bool enable_gqa);

// Which ways a program allows: blockwise, as PyTorch's fused kernel for the CPU, or with the whole
// matrix of weights. One kernel serves both, but what no allowed way can do is refused.
struct AttentionWays {
    bool fused = true, plain = true;
};
AttentionWays& attention_ways();

}  // namespace kajo::ops
