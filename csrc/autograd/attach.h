// How an operation gives its result a gradient.
//
//     Tensor mul(const Tensor& a, const Tensor& b) {
//         Tensor out = ...launch...;
//         return attach("MulBackward0", out, {a, b}, {a, b}, [](Backward& ctx) {
//             if (ctx.needs(0)) ctx.set(0, mul(ctx.grad(), conj(ctx.saved(1))));
//             if (ctx.needs(1)) ctx.set(1, mul(ctx.grad(), conj(ctx.saved(0))));
//         });
//     }
//
// `inputs` are the tensors a gradient may flow to; `saved` what the formula reads (inputs, outputs
// or others; undefined ones are fine). Capture sizes, dimensions and numbers in the lambda; never
// capture a Tensor. The engine reduces a gradient to the input's broadcast-from shape, casts it to
// the input's type and takes the real part for real inputs, so formulas need not. Formulas use
// ordinary operations, so that second derivatives exist.
#pragma once

#include "autograd/meta.h"

namespace kajo {

class Backward {
  public:
    // `wanted` null: all that have an edge.
    Backward(Node* node, const TensorList& grads, const SavedTensors& saved, TensorList& results,
             const Wanted* wanted)
        : node_(node), grads_(grads), saved_(&saved), results_(results), wanted_(wanted) {}
    // While the operation runs, for its tangents: `tensors` are not saved yet.
    Backward(Node* node, const TensorList& grads, TensorRefs tensors, TensorList& results,
             const Wanted& wanted)
        : node_(node), grads_(grads), tensors_(tensors), results_(results), wanted_(&wanted) {}

    // The gradient of an output. With several outputs it may be undefined: use has_grad or
    // grad_or_zeros.
    const Tensor& grad(size_t output = 0) const { return grads_[output]; }
    bool has_grad(size_t output) const { return grads_[output].defined(); }
    Tensor grad_or_zeros(size_t output) const;
    bool needs(size_t input) const {
        return wanted_ ? (*wanted_)[input] : static_cast<bool>(node_->edges[input].node);
    }
    Tensor saved(size_t i) const { return saved_ ? (*saved_)[i].unpack(node_) : tensors_[i]; }
    void set(size_t input, Tensor gradient) { results_[input] = std::move(gradient); }

  private:
    Node* node_;
    const TensorList& grads_;
    const SavedTensors* saved_ = nullptr;
    TensorRefs tensors_;
    TensorList& results_;
    const Wanted* wanted_;
};

// What a formula for the tangent of the result reads, where one is given (with_tangent_formula).
class Forward {
  public:
    Forward(TensorRefs inputs, TensorRefs tangents, TensorRefs saved)
        : inputs_(inputs), tangents_(tangents), saved_(saved) {}
    bool has_tangent(size_t input) const { return tangents_[input].defined(); }
    const Tensor& tangent(size_t input) const { return tangents_[input]; }
    Tensor tangent_or_zeros(size_t input) const;
    const Tensor& saved(size_t i) const { return saved_[i]; }

  private:
    TensorRefs inputs_, tangents_, saved_;
};

// A gradient together with the derivative along tangents of the inputs, where that is cheaper than
// what follows from the gradient (see autograd/forward.h), or differs on purpose. Undefined: zero.
template <class B, class T>
struct BothWays {
    B backward;
    T forward;
    void operator()(Backward& ctx) const { backward(ctx); }
    Tensor tangent(const Forward& ctx) const { return forward(ctx); }
};
template <class B, class T>
BothWays<B, T> with_tangent_formula(B backward, T forward) {
    return {std::move(backward), std::move(forward)};
}

// A node whose formula is a lambda.
class FormulaNode : public Node {
  public:
    explicit FormulaNode(const char* name) : name_(name) {}
    const char* name() const override { return name_; }
    TensorList apply(TensorList&& grads, const Wanted* wanted) override;
    void release_saved() override;
    virtual void compute(Backward& context) = 0;
    // Whether the gradients of real inputs have a diagonal derivative, which is its own transpose:
    // then the formula, given a tangent for a gradient, gives a tangent.
    virtual bool is_diagonal() const { return false; }
    virtual bool has_tangent_formula() const { return false; }
    virtual Tensor tangent(const Forward&) const { return {}; }

    SavedTensors saved;

  private:
    const char* name_;
    bool released_ = false;
};

template <class F>
class LambdaNode final : public FormulaNode {
  public:
    LambdaNode(const char* name, F formula) : FormulaNode(name), formula_(std::move(formula)) {}
    void compute(Backward& context) override { formula_(context); }
    bool is_diagonal() const override {
        if constexpr (requires { F::kDiagonal; }) return F::kDiagonal;
        return false;
    }
    bool has_tangent_formula() const override { return kHasTangent; }
    Tensor tangent(const Forward& context) const override {
        if constexpr (kHasTangent) return formula_.tangent(context);
        return {};
    }

  private:
    static constexpr bool kHasTangent =
        requires(const F& f, const Forward& context) { f.tangent(context); };
    F formula_;
};

template <class F>
Ref<FormulaNode> make_node(const char* name, F formula) {
    return Ref<FormulaNode>::fresh(new LambdaNode<F>(name, std::move(formula)));
}

// Links a fresh node to its inputs, saves tensors, and makes it the history of the outputs;
// computes their tangents in forward mode. `changed`: the tensor that an in-place operation has
// just written.
void connect(const Ref<FormulaNode>& node, TensorRefs outputs, TensorRefs inputs, TensorRefs saved,
             const Tensor* changed = nullptr);

template <class F>
Tensor attach(const char* name, Tensor output, TensorRefs inputs, TensorRefs saved, F formula) {
    if (!needs_grad(inputs) || !is_differentiable(output.dtype())) return output;
    const auto node = make_node(name, std::move(formula));
    connect(node, {&output, 1}, inputs, saved);
    return output;
}
template <class F>
Tensor attach(const char* name, Tensor output, std::initializer_list<Tensor> inputs,
              std::initializer_list<Tensor> saved, F formula) {
    return attach(name, std::move(output), TensorRefs(inputs.begin(), inputs.size()),
                  TensorRefs(saved.begin(), saved.size()), std::move(formula));
}

// Several differentiable outputs; the rest (indices, masks) are simply not named here.
template <class F>
void attach_all(const char* name, TensorRefs outputs, TensorRefs inputs, TensorRefs saved,
                F formula) {
    if (!needs_grad(inputs)) return;
    const auto node = make_node(name, std::move(formula));
    connect(node, outputs, inputs, saved);
}

// `apart`: the view has a tangent of its own.
void connect_view(const Ref<FormulaNode>& node, const Tensor& base, const Tensor& out, bool apart);

// A view: `out` shares the storage of `base`. `replay` makes the same view of another tensor of the
// base's shape; needed only where as_strided on the root cannot express it (other dtype).
template <class F>
Tensor attach_view(const char* name, const Tensor& base, Tensor out, F formula,
                   ViewOrigin origin = ViewOrigin::Default, Replay replay = {});
// Returns whether the view needs a tangent of its own, since its base's has no such part.
bool mark_view(const Tensor& base, const Tensor& out, ViewOrigin origin, Replay replay);

template <class F>
Tensor attach_view(const char* name, const Tensor& base, Tensor out, F formula, ViewOrigin origin,
                   Replay replay) {
    const bool apart = mark_view(base, out, origin, std::move(replay));
    if ((apart || needs_history({&base, 1})) && is_differentiable(out.dtype())) {
        const auto node = make_node(name, std::move(formula));
        connect_view(node, base, out, apart);
    }
    return out;
}

// In-place operations: first `check_inplace` (refuses leaves that require grad and frozen views)
// and whatever must be saved of the old values; then launch; then `attach_inplace`, which also
// counts the write. `inputs[0]` is always `self`; leave its gradient unset where its old value has
// no effect.
void check_inplace(const Tensor& self, const char* operation);
// Refuses to give a view a history that it cannot have. `what` has happened to it.
void refuse_frozen_view(const Tensor& view, const char* what);
void note_write(const Tensor& self, const char* operation);  // version counter and source line
// `node` becomes the history of a tensor that was written; its edge `edge` leads to the old values.
void rebase_history(const Tensor& self, const NodeRef& node, size_t edge = 0);
// Gives `self`, which holds what was just copied from `value`, the history of that. It can where
// there is nothing else to follow: no base of a view, no tangent, no other dtype.
bool can_adopt_history(const Tensor& self, const Tensor& value);
void adopt_history(const Tensor& self, const Tensor& value);

template <class F>
Tensor attach_inplace(const char* name, const Tensor& self, TensorRefs inputs, TensorRefs saved,
                      F formula) {
    note_write(self, name);
    if (needs_grad(inputs) && is_differentiable(self.dtype())) {
        const auto node = make_node(name, std::move(formula));
        connect(node, {&self, 1}, inputs, saved, &self);
    }
    return self;
}
template <class F>
Tensor attach_inplace(const char* name, const Tensor& self, std::initializer_list<Tensor> inputs,
                      std::initializer_list<Tensor> saved, F formula) {
    return attach_inplace(name, self, TensorRefs(inputs.begin(), inputs.size()),
                          TensorRefs(saved.begin(), saved.size()), std::move(formula));
}

}  // namespace kajo
