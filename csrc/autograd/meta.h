// What automatic differentiation keeps with a tensor.
#pragma once

#include <functional>
#include <memory>

#include "autograd/grad_mode.h"
#include "autograd/node.h"

namespace kajo {

// Why a view may not be changed in place.
enum class ViewOrigin : int8_t { Default, NoGradMode, MultipleOutputs, InferenceMode };

struct ViewInfo {
    Tensor base;                                  // never a view itself
    std::function<Tensor(const Tensor&)> replay;  // from the base again; empty: by as_strided
    ViewOrigin origin = ViewOrigin::Default;
    uint32_t version = 0;  // when grad_fn was made
};

struct AutogradMeta final : AutogradMetaBase {
    bool requires_grad = false;
    bool retains_grad = false;
    uint32_t output = 0;
    NodeRef grad_fn;
    Tensor grad;
    AccumulateGrad* accumulator = nullptr;  // not counted; found under a lock
    std::unique_ptr<ViewInfo> view;
    std::vector<TensorHook> leaf_hooks;
    std::vector<TensorHook> post_accumulate_hooks;
    std::string name;
};

inline AutogradMeta* meta_of(const Tensor& t) {
    return static_cast<AutogradMeta*>(t.impl()->autograd.get());
}
AutogradMeta& ensure_meta(const Tensor& t);

// The node that made `t`; for a changed view it is made anew from the base. Null for leaves.
NodeRef grad_fn(const Tensor& t);
bool requires_grad(const Tensor& t);
inline bool is_leaf(const Tensor& t) {
    return !t.impl()->autograd || !requires_grad(t) || !grad_fn(t);
}
// Where the gradient of `t` goes: its producer, its accumulator, or nowhere.
Edge gradient_edge(const Tensor& t);
void set_requires_grad(const Tensor& t, bool on);
// Shares storage, has no history.
Tensor detach(const Tensor& t);

inline bool needs_grad(std::initializer_list<const Tensor*> inputs) {
    if (!GradMode::enabled()) return false;
    for (const Tensor* t : inputs)
        if (t->defined() && t->impl()->autograd && requires_grad(*t)) return true;
    return false;
}
bool needs_grad(TensorRefs inputs);

}  // namespace kajo
