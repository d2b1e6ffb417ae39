// What automatic differentiation keeps with a tensor.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "autograd/grad_mode.h"
#include "autograd/node.h"

namespace kajo {

// Why a view may not be changed in place.
enum class ViewOrigin : int8_t { Default, NoGradMode, MultipleOutputs, InferenceMode };

using Replay = std::function<Tensor(const Tensor&)>;

// In forward mode a view's tangent is that part of the tangent of another tensor: of its base,
// where nothing is said.
struct TangentOrigin {
    Tensor base;  // undefined: the view has a tangent of its own
    Replay replay;
};

struct ViewInfo {
    Tensor base;  // never a view itself
    ViewOrigin origin = ViewOrigin::Default;
    uint32_t version = 0;            // when grad_fn was made
    std::unique_ptr<Replay> replay;  // from the base again; null: by as_strided
    std::unique_ptr<TangentOrigin> tangent;

    Tensor tangent_base() const { return tangent ? tangent->base : base; }
    Replay tangent_replay() const {
        return tangent ? tangent->replay : replay ? *replay : Replay();
    }
};

// The tangents of a tensor by level; known to a registry, which drops those of a level that ends.
struct Tangents {
    Tangents();
    ~Tangents();
    Tangents(const Tangents&) = delete;
    Tangents& operator=(const Tangents&) = delete;
    TensorList at_level;
};

// The dtype that the gradient of a leaf is to have: its own unless one, or any, was asked for.
struct GradientType {
    bool chosen = false;
    std::optional<DType> dtype;
};

// What few tensors have.
struct LeafExtras {
    GradientType grad_dtype;
    std::vector<TensorHook> hooks;
    std::vector<TensorHook> post_accumulate_hooks;
};

struct AutogradMeta final : AutogradMetaBase, FromCpuMemory {
    bool requires_grad = false;
    bool retains_grad = false;
    uint32_t output = 0;
    NodeRef grad_fn;
    Tensor grad;
    AccumulateGrad* accumulator = nullptr;  // not counted; found under a lock
    std::optional<ViewInfo> view;
    std::unique_ptr<Tangents> tangents;
    std::unique_ptr<LeafExtras> extras;  // null: none

    LeafExtras& ensure_extras() {
        if (!extras) extras = std::make_unique<LeafExtras>();
        return *extras;
    }
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
// The dtype of the gradient of a leaf; nothing: any.
std::optional<DType> grad_dtype(const Tensor& t);
void set_grad_dtype(const Tensor& t, std::optional<DType> dtype);
// Shares storage, has no history.
Tensor detach(const Tensor& t);

// Whether `t` has a tangent at a level that is seen now.
bool has_tangent(const Tensor& t);

// Whether a derivative may follow from these inputs: history is to be recorded, or tangents to be
// computed.
bool needs_grad(TensorRefs inputs);
inline bool needs_grad(const Tensor& t) {
    if (!t.defined() || !t.impl()->autograd) return false;
    return (GradMode::enabled() && requires_grad(t)) || (ForwardMode::enabled() && has_tangent(t));
}
inline bool needs_grad(std::initializer_list<const Tensor*> inputs) {
    for (const Tensor* t : inputs)
        if (needs_grad(*t)) return true;
    return false;
}
// Whether history is to be recorded.
bool needs_history(TensorRefs inputs);

}  // namespace kajo
