#include "ops/attention.h"

#include <cmath>
#include <limits>

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/shape.h"
#include "cpu/attention.h"
#include "ops/joining.h"
#include "ops/linear.h"
#include "ops/masking.h"
#include "ops/ops.h"
#include "ops/random.h"
#include "ops/reduction.h"
#include "ops/softmax.h"
#include "ops/triangular.h"
#include "ops/views.h"

namespace kajo::ops {

static const Kernel attention_kernel{"scaled_dot_product_attention", cpu::attention};
static const Kernel attention_backward_kernel{"scaled_dot_product_attention_backward",
                                              cpu::attention_backward};

using cpu::AttentionAttributes;

namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

// What PyTorch's fused kernel for the CPU takes.
bool fits_fused(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
                double dropout_p) {
    return q.dim() == 4 && k.dim() == 4 && v.dim() == 4 && dropout_p == 0 &&
           q.size(-1) == v.size(-1) && !(mask.defined() && needs_grad({&mask}));
}

void check_ways(bool fits) {
    const AttentionWays& ways = attention_ways();
    check(ways.fused || ways.plain,
          "No viable backend for scaled_dot_product_attention was found. Allow MATH or "
          "FLASH_ATTENTION in sdpa_kernel(); the others are not for the CPU.");
    check(ways.plain || fits,
          "No available kernel. Aborting execution. scaled_dot_product_attention: FLASH_ATTENTION "
          "takes four dimensions, heads of one size, no dropout and no mask that requires grad; "
          "allow MATH too.");
}

void check_operands(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
                    bool causal) {
    constexpr const char* kName = "scaled_dot_product_attention(): ";
    check(q.dim() >= 2 && k.dim() >= 2 && v.dim() >= 2, kName,
          "Expected query, key, and value to all be at least 2 dimensional, but got query dim: ",
          q.dim(), ", key dim: ", k.dim(), " and value dim: ", v.dim(), " instead.");
    check(q.dtype() == k.dtype() && q.dtype() == v.dtype(), kName,
          "Expected query, key, and value to have the same dtype, but got query.dtype: ", q.dtype(),
          " key.dtype: ", k.dtype(), " and value.dtype: ", v.dtype(), " instead.");
    check(q.size(-1) == k.size(-1) && k.size(-2) == v.size(-2), kName,
          "key must have the last size of query and as many rows as value, but got shapes ",
          q.sizes(), ", ", k.sizes(), " and ", v.sizes());
    if (!is_float(q.dtype())) raise_unsupported("scaled_dot_product_attention", q.dtype());
    if (!mask.defined()) return;
    check(!causal, kName, "Explicit attn_mask should not be set when is_causal=True");
    check(mask.dtype() == DType::Bool || is_float(mask.dtype()), kName,
          "Expected attn_mask dtype to be bool or float or to match query dtype, but got "
          "attn_mask.dtype: ",
          mask.dtype(), " and query.dtype: ", q.dtype(), " instead.");
}

// What 16 bits are computed in.
DType computing_type(DType type) { return item_size(type) < 4 ? DType::Float32 : type; }

// What is added to the scores; undefined where nothing is.
Tensor additive_mask(const Tensor& mask, DType type) {
    if (!mask.defined()) return mask;
    if (mask.dtype() != DType::Bool) return to(mask, type);
    return masked_fill(zeros(mask.sizes(), type, mask.device()), logical_not(mask), kNever);
}

Tensor causal_mask(const Tensor& q, const Tensor& k) {
    return additive_mask(tril(ones({q.size(-2), k.size(-2)}, DType::Bool, q.device()), 0),
                         q.dtype());
}

// The whole matrix of weights, for what the blockwise kernels do not do.
Tensor attention_weights(const Tensor& q, const Tensor& k, const Tensor& mask,
                         const AttentionAttributes& given) {
    Tensor scores = matmul(mul(q, Scalar(given.scale)), mT(k));
    if (given.causal) return softmax(add(scores, causal_mask(q, k)), -1);  // all see the first key
    if (!mask.defined()) return softmax(scores, -1);
    scores = add(scores, mask);
    // A query that sees no key has no weights, not those of 0 / 0.
    const Tensor blind = all(eq(scores, Scalar(kNever)), IntSpan{-1}, true);
    return masked_fill(softmax(masked_fill(scores, blind, Scalar(0)), -1), blind, Scalar(0));
}

// The gradients in ordinary operations, for when they are to be differentiated again.
void composite_gradient(Backward& ctx, const AttentionAttributes& given) {
    const auto wide = [](const Tensor& t) { return to(t, computing_type(t.dtype())); };
    const Tensor grad = wide(ctx.grad()), q = wide(ctx.saved(0)), k = wide(ctx.saved(1)),
                 v = wide(ctx.saved(2));
    const Tensor weights = attention_weights(q, k, additive_mask(ctx.saved(3), q.dtype()), given);
    const Tensor flowing = matmul(grad, mT(v));
    const Tensor mean = sum(mul(flowing, weights), IntSpan{-1}, true, std::nullopt);
    const Tensor slopes = mul(weights, sub(flowing, mean));
    if (ctx.needs(0)) ctx.set(0, mul(matmul(slopes, k), Scalar(given.scale)));
    if (ctx.needs(1)) ctx.set(1, mul(matmul(mT(slopes), q), Scalar(given.scale)));
    if (ctx.needs(2)) ctx.set(2, matmul(mT(weights), grad));
}

// Results have adjacent columns and otherwise the layout of their operand.
Tensor gradient_like(const Tensor& t) {
    Tensor out = empty_like(t);
    return out.stride(-1) == 1 || out.size(-1) == 1 ? out : empty(t.sizes(), t.dtype(), t.device());
}

Tensor full_shape(const Tensor& t, IntSpan batch) {
    Dims sizes = batch.dims();
    sizes.push_back(t.size(-2));
    sizes.push_back(t.size(-1));
    return t.sizes() == sizes ? t : expand(t, sizes);
}

Tensor fused(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
             const AttentionAttributes& given) {
    Dims shape = q.sizes();
    shape.back() = v.size(-1);
    // Heads are stored next to each other, so that joining them again needs no copy.
    Tensor out =
        q.dim() == 4
            ? detach(transpose(
                  empty({shape[0], shape[2], shape[1], shape[3]}, q.dtype(), q.device()), 1, 2))
            : empty(shape, q.dtype(), q.device());
    Dims statistics_shape(q.sizes().data(), q.sizes().size() - 1);
    statistics_shape.push_back(2);
    const Tensor statistics = empty(statistics_shape, computing_type(q.dtype()), q.device());
    launch(attention_kernel, {out, statistics}, {q, k, v, mask}, given);
    return attach(
        "ScaledDotProductFlashAttentionForCpuBackward0", out, {q, k, v},
        {q, k, v, mask, out, statistics}, [given](Backward& ctx) {
            if (is_differentiating()) return composite_gradient(ctx, given);
            const Tensor q = ctx.saved(0), k = ctx.saved(1), v = ctx.saved(2);
            const Tensor dq = gradient_like(q), dk = gradient_like(k), dv = gradient_like(v);
            launch(attention_backward_kernel, {dq, dk, dv},
                   {ctx.grad(), q, k, v, ctx.saved(3), ctx.saved(4), ctx.saved(5)}, given);
            ctx.set(0, dq);
            ctx.set(1, dk);
            ctx.set(2, dv);
        });
}

// The heads of a group become a dimension of their own, along which keys and values are the same
// memory; of one query each, they are the queries of one head.
Tensor grouped(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask,
               double dropout_p, bool is_causal, std::optional<double> scale) {
    const Tensor& q = query;
    check(q.dim() >= 3 && key.dim() >= 3 && key.size(-3) > 0 && q.size(-3) % key.size(-3) == 0 &&
              value.size(-3) > 0 && q.size(-3) % value.size(-3) == 0,
          "scaled_dot_product_attention(): Number of heads in key and value must divide the "
          "number of heads in query, but got shapes ",
          q.sizes(), ", ", key.sizes(), " and ", value.sizes());
    const int64_t heads = q.size(-3), groups = key.size(-3);
    if (dropout_p > 0 || value.size(-3) != groups) {
        const auto repeated = [&](const Tensor& t) {
            return repeat_interleave(t, heads / t.size(-3), -3, std::nullopt);
        };
        return scaled_dot_product_attention(q, repeated(key), repeated(value), mask, dropout_p,
                                            is_causal, scale, false);
    }
    if (q.size(-2) == 1 && !is_causal && !mask.defined()) {
        const Tensor rows = unflatten(squeeze_dims(q, IntSpan{-2}), -2, {groups, heads / groups});
        const Tensor out =
            scaled_dot_product_attention(rows, key, value, mask, 0, false, scale, false);
        return unsqueeze(flatten(out, -3, -2), -2);
    }
    const auto shared = [&](const Tensor& t) { return unsqueeze(t, -3); };
    Tensor spread = mask;
    if (mask.defined() && mask.dim() >= 3)
        spread = mask.size(-3) == 1 ? unsqueeze(mask, -3)
                                    : unflatten(mask, -3, {groups, heads / groups});
    const Tensor out =
        scaled_dot_product_attention(unflatten(q, -3, {groups, heads / groups}), shared(key),
                                     shared(value), spread, 0, is_causal, scale, false);
    return flatten(out, -4, -3);
}

}  // namespace

AttentionWays& attention_ways() {
    static AttentionWays ways;
    return ways;
}

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const Tensor& attn_mask, double dropout_p, bool is_causal,
                                    std::optional<double> scale, bool enable_gqa) {
    const bool fits = fits_fused(query, key, value, attn_mask, dropout_p);
    check_ways(fits);
    const bool both = is_causal && attn_mask.defined() && fits && attention_ways().fused;
    check_operands(query, key, value, attn_mask, is_causal && !both);
    if (both) {
        const Tensor mask = add(additive_mask(attn_mask, computing_type(query.dtype())),
                                to(causal_mask(query, key), computing_type(query.dtype())));
        return scaled_dot_product_attention(query, key, value, mask, 0, false, scale, enable_gqa);
    }
    const Tensor &q = query, &k = key, &v = value;
    if (enable_gqa && !(q.dim() >= 3 && k.dim() >= 3 && v.dim() >= 3 && q.size(-3) == k.size(-3) &&
                        q.size(-3) == v.size(-3)))
        return grouped(q, k, v, attn_mask, dropout_p, is_causal, scale);
    const AttentionAttributes given{
        scale.value_or(1.0 / std::sqrt(static_cast<double>(std::max<int64_t>(q.size(-1), 1)))),
        is_causal};
    const DType computing = computing_type(q.dtype());
    if (dropout_p > 0 || (attn_mask.defined() && needs_grad({&attn_mask})) || k.size(-2) == 0) {
        Tensor weights = attention_weights(to(q, computing), to(k, computing),
                                           additive_mask(attn_mask, computing), given);
        if (dropout_p > 0) weights = dropout(weights, dropout_p, true);
        return to(matmul(weights, to(v, computing)), q.dtype());
    }
    const bool additive = attn_mask.defined() && attn_mask.dtype() != DType::Bool;
    const Tensor mask = additive ? to(attn_mask, computing) : attn_mask;
    const auto batch_of = [](const Tensor& t) {
        return IntSpan(t.sizes().data(), t.sizes().size() - 2);
    };
    constexpr const char* kName = "scaled_dot_product_attention";
    Dims batch =
        broadcast_shapes(broadcast_shapes(batch_of(q), batch_of(k), kName), batch_of(v), kName);
    Tensor added = mask;
    if (mask.defined()) {
        Dims scores = batch;
        scores.push_back(q.size(-2));
        scores.push_back(k.size(-2));
        check(expandable_to(mask.sizes(), scores), kName, "(): attn_mask of shape ", mask.sizes(),
              " does not broadcast to the scores' shape ", scores);
        added = alias(mask, scores, broadcast_strides(mask, scores), mask.offset());
    }
    return fused(full_shape(q, batch), full_shape(k, batch), full_shape(v, batch), added, given);
}

}  // namespace kajo::ops
