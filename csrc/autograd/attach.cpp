#include "autograd/attach.h"

#include "autograd/forward.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/views.h"

namespace kajo {

Tensor Backward::grad_or_zeros(size_t output) const {
    if (grads_[output].defined()) return grads_[output];
    const OutputInfo& info = node_->outputs[output];
    return ops::zeros(info.sizes, info.dtype, info.device);
}

TensorList FormulaNode::apply(TensorList&& grads, const Wanted* wanted) {
    check(!released_,
          "Trying to backward through the graph a second time (or directly access saved tensors "
          "after they have already been freed) in ",
          name(),
          ". Saved intermediate values of the graph are freed when you call .backward() or "
          "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a "
          "second time or if you need to access saved tensors after calling backward.");
    TensorList results(edges.size());
    Backward context(this, grads, saved, results, wanted);
    compute(context);
    return results;
}

void FormulaNode::release_saved() {
    if (saved.empty()) return;
    released_ = true;
    for (SavedTensor& s : saved) s.reset();
}

namespace {

void make_history(const Ref<FormulaNode>& node, TensorRefs outputs, TensorRefs inputs,
                  const Tensor* changed) {
    node->edges.reserve(inputs.size());
    for (const Tensor& t : inputs) node->edges.push_back(gradient_edge(t));
    if (changed) return rebase_history(*changed, node);
    for (const Tensor& t : outputs) {
        if (!t.defined()) continue;
        AutogradMeta& meta = ensure_meta(t);
        meta.output = node->add_output(t);
        meta.grad_fn = node;
        meta.requires_grad = true;
    }
}

void save(const Ref<FormulaNode>& node, TensorRefs outputs, TensorRefs saved,
          const Tensor* changed) {
    node->saved.reserve(saved.size());
    for (const Tensor& t : saved) {
        int output_index = -1;
        for (const Tensor& o : outputs)
            if (t.defined() && t.is_same(o))
                output_index = changed ? 0 : static_cast<int>(meta_of(o)->output);
        node->saved.emplace_back(t, output_index);
    }
}

}  // namespace

void connect(const Ref<FormulaNode>& node, TensorRefs outputs, TensorRefs inputs, TensorRefs saved,
             const Tensor* changed) {
    const bool recorded = needs_history(inputs);
    if (recorded) make_history(node, outputs, inputs, changed);
    // After the history, for tangents are differentiable; before saving, for what is saved of the
    // outputs has their tangents.
    if (ForwardMode::enabled()) propagate_tangents(*node, outputs, inputs, saved);
    if (recorded) save(node, outputs, saved, changed);
}

void connect_view(const Ref<FormulaNode>& node, const Tensor& base, const Tensor& out, bool apart) {
    if (needs_history({&base, 1})) make_history(node, {&out, 1}, {&base, 1}, nullptr);
    if (apart) propagate_tangents(*node, {&out, 1}, {&base, 1}, {});
}

namespace {

// Offsets are taken relative to the roots', so that the view is found in a copy of the root too.
Replay compose(Replay first, Replay second, int64_t root_offset, const Tensor& base,
               const Tensor& out) {
    if (!first && !second) return {};
    const Dims sizes = out.sizes(), strides = out.strides();
    const Dims base_sizes = base.sizes(), base_strides = base.strides();
    const int64_t into_base = out.offset() - base.offset(), into_root = base.offset() - root_offset;
    return [=](const Tensor& root) {
        const Tensor middle =
            first ? first(root)
                  : ops::as_strided(root, base_sizes, base_strides, root.offset() + into_root);
        return second ? second(middle)
                      : ops::as_strided(middle, sizes, strides, middle.offset() + into_base);
    };
}

// A view of a view is one of the first one's base.
void inherit(const ViewInfo& parent, const Tensor& base, const Tensor& out, ViewInfo& view,
             const Replay& replay) {
    if (parent.origin != ViewOrigin::Default && view.origin == ViewOrigin::Default)
        view.origin = parent.origin;
    const auto from = [&](const Replay& first, const Tensor& root) {
        return compose(first, replay, root.offset(), base, out);
    };
    if (parent.replay || replay)
        view.replay =
            std::make_unique<Replay>(from(parent.replay ? *parent.replay : Replay(), parent.base));
    if (!parent.tangent) return;
    // A view that has a tangent of its own is the base of its views' tangents.
    const Tensor& root = parent.tangent->base;
    view.tangent = std::make_unique<TangentOrigin>(
        root.defined() ? TangentOrigin{root, from(parent.tangent->replay, root)}
                       : TangentOrigin{base, replay});
}

bool repeats_elements(const Tensor& t) {
    for (size_t i = 0; i < t.sizes().size(); i++)
        if (t.sizes()[i] > 1 && t.strides()[i] == 0) return true;
    return false;
}

}  // namespace

bool mark_view(const Tensor& base, const Tensor& out, ViewOrigin origin, Replay replay) {
    if (base.impl()->inference) return false;
    const AutogradMeta* base_meta = base.impl()->autograd ? meta_of(base) : nullptr;
    const ViewInfo* parent = base_meta && base_meta->view ? &*base_meta->view : nullptr;
    ViewInfo& view = ensure_meta(out).view.emplace();
    view.version = out.version();
    view.origin = InferenceMode::enabled() ? ViewOrigin::InferenceMode
                  : !GradMode::enabled()   ? ViewOrigin::NoGradMode
                                           : origin;
    view.base = parent ? parent->base : base;
    if (parent) inherit(*parent, base, out, view, replay);
    const bool apart =
        ForwardMode::enabled() && has_tangent(base) && repeats_elements(view.tangent_base());
    if (apart) view.tangent = std::make_unique<TangentOrigin>();
    if (!parent && replay) view.replay = std::make_unique<Replay>(std::move(replay));
    return apart;
}

void refuse_frozen_view(const Tensor& t, const char* what) {
    const AutogradMeta& meta = *meta_of(t);
    const auto refuse = [&](const auto&... how) {
        raise(ErrorKind::Runtime, how...,
              " Use the operation that is not in-place, or clone() the view first.");
    };
    switch (meta.view->origin) {
        case ViewOrigin::Default:
            return;
        case ViewOrigin::NoGradMode:
            refuse("A view was created in no_grad mode and ", what,
                   " with grad mode enabled. Make the view and change it either both in no_grad "
                   "mode or both outside.");
            return;
        case ViewOrigin::InferenceMode:
            refuse("A view was created in inference mode and ", what,
                   " in normal mode. Make the view and change it either both in inference mode or "
                   "both outside.");
            return;
        case ViewOrigin::MultipleOutputs:
            refuse("Output ", meta.output, " of ", meta.grad_fn ? meta.grad_fn->name() : "a split",
                   " is a view and ", what,
                   ". This view is the output of a function that returns multiple views. Such "
                   "functions do not allow the output views to be modified inplace.");
    }
}

void check_inplace(const Tensor& self, const char* operation) {
    const TensorImpl& impl = *self.impl();
    check(!(impl.inference && !InferenceMode::enabled()), operation,
          "(): Inplace update to inference tensor outside InferenceMode is not allowed; "
          "make a clone to get a normal tensor first");
    if (!GradMode::enabled() || !impl.autograd) return;
    const AutogradMeta& meta = *meta_of(self);
    if (meta.view) {
        const bool tracked = requires_grad(self) || requires_grad(meta.view->base);
        if (tracked) refuse_frozen_view(self, "is being modified inplace");
        check(
            !(meta.view->base.impl()->autograd && is_leaf(meta.view->base) &&
              requires_grad(meta.view->base)),
            "a view of a leaf Variable that requires grad is being used in an in-place operation (",
            operation, "); use no_grad() or clone() the leaf first");
        check(!(meta.requires_grad && !meta.grad_fn),
              "a view of a leaf Variable that requires grad is being used in an in-place operation "
              "(",
              operation, "); use no_grad() or clone() the leaf first");
        return;
    }
    check(!(requires_grad(self) && !meta.grad_fn),
          "a leaf Variable that requires grad is being used in an in-place operation (", operation,
          "); use no_grad() or the operation that is not in-place");
}

void note_write(const Tensor& self, const char* operation) {
    self.bump_version();
    if (!GradMode::enabled()) return;
    Storage& storage = *self.storage();
    storage.last_writer = operation;
    storage.last_write = current_source_location();
}

namespace {

// Backward of an in-place change of part of a base: the gradient of the base loses that part, and
// what it held there goes on through the node of the operation.
class CopySlices final : public Node {
  public:
    CopySlices(const Tensor& base, const Tensor& view, Replay replay, NodeRef inner, size_t edge)
        : sizes_(view.sizes()),
          strides_(view.strides()),
          offset_(view.offset() - base.offset()),
          replay_(std::move(replay)),
          inner_(std::move(inner)),
          edge_(edge) {
        base_strides_ = base.strides();
        add_output(base);
        edges = inner_->edges;
        edges[edge_] = gradient_edge(base);
    }
    const char* name() const override { return "CopySlices"; }
    bool is_python() const override { return inner_->is_python(); }
    void release_saved() override { inner_->release_saved(); }

    TensorList apply(TensorList&& grads, const Wanted* wanted) override {
        if (!grads[0].defined()) return TensorList(edges.size());
        const OutputInfo& base = outputs[0];
        // A copy laid out as the base was, so that the same strides cut out the same part.
        Tensor whole = empty_strided(base.sizes, base_strides_, base.dtype, base.device);
        whole = ops::copy_(whole, grads[0]);
        const Tensor part =
            replay_ ? replay_(whole) : ops::as_strided(whole, sizes_, strides_, offset_);
        TensorList inner = inner_->apply({ops::clone(part)}, wanted);
        inner.resize(edges.size());
        if (inner[edge_].defined())
            ops::copy_(part, inner[edge_]);
        else
            ops::zero_(part);
        inner[edge_] = whole;
        return inner;
    }

  private:
    Dims sizes_, strides_, base_strides_;
    int64_t offset_;
    Replay replay_;
    NodeRef inner_;
    size_t edge_;  // of the inner node, to the old values of the view
};

// The gradient that `retain_grad` keeps is that of the newest value.
void move_retained_grad(AutogradMeta& meta, Node& to, uint32_t output) {
    if (!meta.retains_grad || !meta.grad_fn) return;
    if (!meta.grad_fn->extras) return;
    std::vector<TensorHook>& hooks = meta.grad_fn->extras->tensor_hooks;
    for (size_t i = 0; i < hooks.size(); i++) {
        if (!hooks[i].retains_grad || hooks[i].output != meta.output) continue;
        to.ensure_extras().tensor_hooks.push_back(hooks[i]);
        to.extras->tensor_hooks.back().output = output;
        hooks.erase(hooks.begin() + static_cast<std::ptrdiff_t>(i));
        return;
    }
}

}  // namespace

bool can_adopt_history(const Tensor& self, const Tensor& value) {
    return GradMode::enabled() && requires_grad(value) && grad_fn(value) &&
           value.dtype() == self.dtype() && !(self.impl()->autograd && meta_of(self)->view) &&
           !has_tangent(self) && !has_tangent(value);
}

void adopt_history(const Tensor& self, const Tensor& value) {
    const NodeRef node = grad_fn(value);
    AutogradMeta& meta = ensure_meta(self);
    const uint32_t output = meta_of(value)->output;
    move_retained_grad(meta, *node, output);
    meta.output = output;
    meta.grad_fn = node;
    meta.requires_grad = true;
}

void rebase_history(const Tensor& self, const NodeRef& node, size_t edge) {
    AutogradMeta& meta = ensure_meta(self);
    if (!meta.view) {
        const uint32_t output = node->add_output(self);
        move_retained_grad(meta, *node, output);
        meta.output = output;
        meta.grad_fn = node;
        meta.requires_grad = true;
        return;
    }
    refuse_frozen_view(self, "is being modified inplace");
    node->add_output(self);
    const Tensor base = meta.view->base;
    const Replay replay = meta.view->replay ? *meta.view->replay : Replay();
    const NodeRef slices = NodeRef::fresh(new CopySlices(base, self, replay, node, edge));
    AutogradMeta& base_meta = ensure_meta(base);
    base_meta.grad_fn = slices;
    base_meta.output = 0;
    base_meta.requires_grad = true;
    // The next look at grad_fn rebuilds this view's history from the base.
    meta.view->version = self.version() - 1;
    meta.requires_grad = true;
    (void)grad_fn(self);
}

}  // namespace kajo
