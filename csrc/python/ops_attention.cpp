// Attention.
#include "ops/attention.h"
#include "python/bind.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

const OpEntry kOperations[] = {
    {"scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, "
     "float dropout_p=0.0, bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> "
     "Tensor",
     bind<&ops::scaled_dot_product_attention>, kPrivate},
};

}  // namespace

std::span<const OpEntry> attention_operations() { return kOperations; }

}  // namespace kajo::python
