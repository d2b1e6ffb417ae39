#include "autograd/meta.h"

#include <mutex>

#include "autograd/attach.h"
#include "core/spin_lock.h"
#include "ops/views.h"

namespace kajo {

namespace {

SpinLock accumulators;  // of all leaves

// Null where there is none, or none that somebody holds.
Ref<AccumulateGrad> living_accumulator(const AutogradMeta& meta) {
    const std::lock_guard lock(accumulators);
    const bool lives = meta.accumulator && meta.accumulator->try_retain();
    return lives ? Ref<AccumulateGrad>::adopt(meta.accumulator) : nullptr;
}

NodeRef accumulator_of(const Tensor& leaf) {
    AutogradMeta& meta = *meta_of(leaf);
    if (auto found = living_accumulator(meta)) return found;
    // Made without the lock; if another thread was faster, its node is taken and this one dropped.
    const auto fresh = Ref<AccumulateGrad>::fresh(new AccumulateGrad(leaf));
    const std::lock_guard lock(accumulators);
    if (meta.accumulator && meta.accumulator->try_retain()) return NodeRef::adopt(meta.accumulator);
    meta.accumulator = fresh.get();
    return fresh;
}

}  // namespace

AutogradMeta& ensure_meta(const Tensor& t) {
    auto& slot = t.impl()->autograd;
    if (!slot) slot = std::make_unique<AutogradMeta>();
    return static_cast<AutogradMeta&>(*slot);
}

NodeRef grad_fn(const Tensor& t) {
    AutogradMeta* meta = meta_of(t);
    if (!meta) return {};
    if (!meta->view || meta->view->version == t.version()) return meta->grad_fn;
    // The base was written through some view since: this view's history starts at the base.
    ViewInfo& view = *meta->view;
    if (requires_grad(view.base)) {
        if (GradMode::enabled())
            refuse_frozen_view(t, "its base or another view of its base has been modified inplace");
        const ReverseModeGuard on(true);
        const Tensor again = view.replay
                                 ? (*view.replay)(view.base)
                                 : ops::as_strided(view.base, t.sizes(), t.strides(), t.offset());
        const AutogradMeta* fresh = meta_of(again);
        meta->grad_fn = fresh->grad_fn;
        meta->output = fresh->output;
    }
    view.version = t.version();
    return meta->grad_fn;
}

bool requires_grad(const Tensor& t) {
    const AutogradMeta* meta = meta_of(t);
    if (!meta) return false;
    if (meta->requires_grad || meta->grad_fn) return true;
    return meta->view && is_differentiable(t.dtype()) && requires_grad(meta->view->base) &&
           meta->view->version != t.version();
}

Edge gradient_edge(const Tensor& t) {
    if (!t.defined() || !t.impl()->autograd || !requires_grad(t)) return {};
    if (NodeRef node = grad_fn(t)) return {node, meta_of(t)->output};
    return {accumulator_of(t), 0};
}

AccumulateGrad::AccumulateGrad(Tensor variable) : variable_(std::move(variable)) {
    add_output(variable_);
    take_grad_dtype();
    // Leaves come last, whenever their node was made.
    sequence = UINT64_MAX;
}

AccumulateGrad::~AccumulateGrad() {
    const std::lock_guard lock(accumulators);
    AutogradMeta* meta = meta_of(variable_);
    if (meta && meta->accumulator == this) meta->accumulator = nullptr;
}

void AccumulateGrad::take_grad_dtype() {
    const std::optional<DType> wanted = grad_dtype(variable_);
    outputs[0].dtype = wanted.value_or(variable_.dtype());
    outputs[0].any_dtype = !wanted;
}

std::optional<DType> grad_dtype(const Tensor& t) {
    const AutogradMeta* meta = meta_of(t);
    const bool chosen = meta && meta->extras && meta->extras->grad_dtype.chosen;
    return chosen ? meta->extras->grad_dtype.dtype : t.dtype();
}

void set_grad_dtype(const Tensor& t, std::optional<DType> dtype) {
    AutogradMeta& meta = ensure_meta(t);
    check(!dtype || !meta.grad.defined() || meta.grad.dtype() == *dtype,
          "Cannot set grad_dtype to '", dtype.value_or(t.dtype()),
          "' because there is already a gradient of another dtype. Clear the gradient (.grad = "
          "None) first.");
    meta.ensure_extras().grad_dtype = {true, dtype};
    if (const auto node = living_accumulator(meta)) node->take_grad_dtype();
}

void set_requires_grad(const Tensor& t, bool on) {
    check(!on || is_differentiable(t.dtype()),
          "only Tensors of floating point and complex dtype can require gradients, got ",
          t.dtype());
    check(
        !(t.impl()->inference && on && !InferenceMode::enabled()),
        "requires_grad_(): Setting requires_grad=True on inference tensor outside InferenceMode is "
        "not allowed; clone() it first");
    if (!on && t.impl()->autograd && grad_fn(t))
        raise(ErrorKind::Runtime,
              "you can only change requires_grad flags of leaf variables. If you want to use a "
              "computed variable in a subgraph that doesn't require differentiation use "
              "var_no_grad = var.detach().");
    if (!on && !t.impl()->autograd) return;
    ensure_meta(t).requires_grad = on;
}

Tensor detach(const Tensor& t) { return alias(t); }

bool needs_history(TensorRefs inputs) {
    if (!GradMode::enabled()) return false;
    for (const Tensor& t : inputs)
        if (t.defined() && t.impl()->autograd && requires_grad(t)) return true;
    return false;
}

bool needs_grad(TensorRefs inputs) {
    if (!is_differentiating()) return false;
    for (const Tensor& t : inputs)
        if (needs_grad(t)) return true;
    return false;
}

}  // namespace kajo
