#include "autograd/forward.h"

#include <mutex>
#include <unordered_set>

#include "autograd/attach.h"
#include "autograd/engine.h"
#include "core/shape.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/pointwise.h"
#include "ops/views.h"

namespace kajo {

namespace {

std::mutex registry_mutex;
std::unordered_set<Tangents*>& registry() {
    static auto* all = new std::unordered_set<Tangents*>;  // outlives every tensor
    return *all;
}

// By number, up to the highest that is open; guarded by the mutex.
std::vector<bool>& open_levels() {
    static auto* all = new std::vector<bool>;
    return *all;
}

size_t at(int level) { return static_cast<size_t>(level); }

}  // namespace

Tangents::Tangents() {
    const std::lock_guard lock(registry_mutex);
    registry().insert(this);
}

Tangents::~Tangents() {
    const std::lock_guard lock(registry_mutex);
    registry().erase(this);
}

int enter_forward_level() {
    const std::lock_guard lock(registry_mutex);
    open_levels().push_back(true);
    ForwardMode::open_ = static_cast<int>(open_levels().size());
    return ForwardMode::open_ - 1;
}

void exit_forward_level(int level) {
    TensorList dropped;  // freed without the lock: tensors may hold others that have tangents
    {
        const std::lock_guard lock(registry_mutex);
        std::vector<bool>& open = open_levels();
        check(level >= 0 && at(level) < open.size() && open[at(level)], "no forward AD level ",
              level, " is open");
        open[at(level)] = false;
        for (Tangents* t : registry())
            if (t->at_level.size() > at(level))
                dropped.push_back(std::move(t->at_level[at(level)]));
        while (!open.empty() && !open.back()) open.pop_back();
        ForwardMode::open_ = static_cast<int>(open.size());
    }
}

// ---- the tangent of one tensor
// ----------------------------------------------------------------------------------

namespace {

Tensor own_tangent(const Tensor& t, int level) {
    const AutogradMeta* meta = meta_of(t);
    if (!meta || !meta->tangents || meta->tangents->at_level.size() <= at(level)) return {};
    return meta->tangents->at_level[at(level)];
}

void set_own_tangent(const Tensor& t, int level, Tensor tangent) {
    AutogradMeta& meta = ensure_meta(t);
    if (!meta.tangents) meta.tangents = std::make_unique<Tangents>();
    TensorList& list = meta.tangents->at_level;
    if (list.size() <= at(level)) list.resize(at(level) + 1);
    list[at(level)] = std::move(tangent);
}

Tensor tangent_base(const Tensor& t) {
    const AutogradMeta* meta = meta_of(t);
    const Tensor base = meta && meta->view ? meta->view->tangent_base() : Tensor();
    return base.defined() ? base : t;
}

// Whether `view` is a cut-out of `whole`, the tangent of `base`, by the same strides.
bool holds_part(const Tensor& whole, const Tensor& base, const Tensor& view) {
    if (!(whole.strides() == base.strides())) return false;
    if (meta_of(view)->view->tangent_replay() || view.numel() == 0) return true;
    const int64_t start = whole.offset() + view.offset() - base.offset();
    const auto elements = static_cast<int64_t>(whole.storage()->bytes()) / whole.item_size();
    return start >= 0 && start + extent_of(view.sizes(), view.strides()) <= elements;
}

// The tangent of `base`, copied if need be so that it holds that of `view`. A view may lead out of
// its base: then the copy is part of a tangent for all of the storage.
Tensor laid_out(const Tensor& tangent, const Tensor& base, const Tensor& view) {
    if (holds_part(tangent, base, view)) return tangent;
    const Tensor tight = empty_strided(base.sizes(), base.strides(), base.dtype(), base.device());
    if (holds_part(tight, base, view)) return ops::copy_(tight, tangent);
    const auto elements = static_cast<int64_t>(base.storage()->bytes()) / base.item_size();
    const Tensor all = ops::zeros({elements}, base.dtype(), base.device());
    return ops::copy_(alias(all, base.sizes(), base.strides(), base.offset()), tangent);
}

Tensor part_of(const Tensor& whole, const Tensor& base, const Tensor& view) {
    const Replay replay = meta_of(view)->view->tangent_replay();
    return replay ? replay(whole)
                  : ops::as_strided(whole, view.sizes(), view.strides(),
                                    whole.offset() + view.offset() - base.offset());
}

bool is_ours_alone(const Tensor& t) {
    return t.use_count() == 1 && t.storage()->use_count() == 1 && !requires_grad(t);
}

// Views are written through their base's tangent.
void write_part(const Tensor& view, int level, const Tensor& tangent) {
    const Tensor base = tangent_base(view);
    Tensor whole = own_tangent(base, level);
    set_own_tangent(base, level, {});
    if (!whole.defined()) whole = ops::zeros(base.sizes(), base.dtype(), base.device());
    whole = laid_out(whole, base, view);
    if (!is_ours_alone(whole)) whole = laid_out(ops::clone(whole), base, view);
    ops::copy_(part_of(whole, base, view), tangent);
    set_own_tangent(base, level, whole);
}

}  // namespace

Tensor tangent(const Tensor& t, int level) {
    if (!t.defined() || !t.impl()->autograd || !is_differentiable(t.dtype())) return {};
    const Tensor base = tangent_base(t);
    Tensor whole = own_tangent(base, level);
    if (!whole.defined() || base.is_same(t)) return whole;
    const ForwardModeGuard below(level);
    if (!holds_part(whole, base, t)) {
        whole = laid_out(whole, base, t);
        set_own_tangent(base, level, whole);
    }
    return part_of(whole, base, t);
}

void set_tangent(const Tensor& t, int level, Tensor tangent) {
    if (tangent_base(t).is_same(t)) return set_own_tangent(t, level, std::move(tangent));
    const ForwardModeGuard below(level);
    write_part(t, level, tangent);
}

bool has_tangent(const Tensor& t) {
    if (!t.defined() || !t.impl()->autograd || !is_differentiable(t.dtype())) return false;
    const Tensor base = tangent_base(t);
    for (int level = 0; level < ForwardMode::levels(); level++)
        if (own_tangent(base, level).defined()) return true;
    return false;
}

void copy_tangents(const Tensor& from, const Tensor& to) {
    for (int level = 0; level < ForwardMode::levels(); level++)
        if (Tensor t = tangent(from, level); t.defined()) set_own_tangent(to, level, std::move(t));
}

Tensor detach_dual(const Tensor& t, bool keep_history_of_tangents) {
    const Tensor out = detach(t);
    for (int level = 0; level < ForwardMode::levels(); level++) {
        Tensor along = tangent(t, level);
        if (!along.defined()) continue;
        const ForwardModeGuard below(level);
        set_own_tangent(out, level, keep_history_of_tangents ? along : detach_dual(along, false));
    }
    return out;
}

Tensor with_tangent(const Tensor& t, int level, const Tensor& tangent_) {
    const Tensor out = ops::as_view(t);
    if (AutogradMeta* meta = meta_of(out); meta && meta->view)
        meta->view->tangent = std::make_unique<TangentOrigin>();
    copy_tangents(t, out);
    set_own_tangent(out, level, tangent_);
    return out;
}

// ---- tangents of results
// ----------------------------------------------------------------------------------------

namespace {

// As the gradient of an input may come: broadcast and of the result's type.
Tensor like_gradient(const Tensor& tangent, const Tensor& gradient) {
    Tensor t = tangent;
    if (t.dtype() != gradient.dtype()) t = ops::to(t, gradient.dtype());
    return t.sizes() == gradient.sizes() ? t : ops::expand(t, gradient.sizes());
}

}  // namespace

Tensor Forward::tangent_or_zeros(size_t input) const {
    if (tangents_[input].defined()) return tangents_[input];
    const Tensor& like = inputs_[input];
    return ops::zeros(like.sizes(), like.dtype(), like.device());
}

namespace {

Tensor of_type(const Tensor& t, DType dtype) {
    const Tensor real = is_complex(t.dtype()) && !is_complex(dtype) ? ops::real(t) : t;
    return real.dtype() == dtype ? real : ops::to(real, dtype);
}

// While it lives, what is saved goes past the hooks of the program.
class NoSavedTensorHooks {
  public:
    NoSavedTensorHooks() : hooks_(std::exchange(saved_tensor_hooks(), {})) {}
    ~NoSavedTensorHooks() { saved_tensor_hooks() = std::move(hooks_); }
    NoSavedTensorHooks(const NoSavedTensorHooks&) = delete;
    NoSavedTensorHooks& operator=(const NoSavedTensorHooks&) = delete;

  private:
    std::vector<SavedTensorHooks> hooks_;
};

struct Propagation {
    FormulaNode& node;
    TensorRefs outputs, inputs, saved;
    const TensorList& tangents;  // of the inputs

    bool is_diagonal() const {
        if (!node.is_diagonal() || outputs.size() != 1 || is_complex(outputs[0].dtype()))
            return false;
        for (const Tensor& t : tangents)
            if (t.defined() && is_complex(t.dtype())) return false;
        return true;
    }

    TensorList run() const {
        if (!node.has_tangent_formula() && !is_diagonal()) return by_transpose();
        const ReverseModeGuard recorded(needs_history(inputs) || needs_history(tangents));
        return {node.has_tangent_formula() ? node.tangent(Forward(inputs, tangents, saved))
                                           : by_gradients()};
    }

    // The formula of the gradient, given a tangent, gives a tangent.
    Tensor by_gradients() const {
        const Tensor& out = outputs[0];
        Tensor sum;
        for (size_t i = 0; i < inputs.size(); i++) {
            if (!tangents[i].defined()) continue;
            TensorList results(inputs.size());
            const TensorList grads{like_gradient(tangents[i], out)};
            Wanted only(inputs.size());
            only[i] = true;
            Backward context(&node, grads, saved, results, only);
            node.compute(context);
            if (!results[i].defined()) continue;
            const Tensor part = of_type(results[i], out.dtype());
            sum = sum.defined() ? ops::add(sum, part) : part;
        }
        return sum;
    }

    // Evaluates the formula on zeros and takes its gradient along the tangents.
    TensorList by_transpose() const {
        const bool recorded = needs_history(inputs) || needs_history(tangents);
        TensorList cotangents, gradients(inputs.size()), roots, seeds, asked;
        evaluate(cotangents, gradients);
        for (size_t i = 0; i < inputs.size(); i++) {
            if (!gradients[i].defined() || !requires_grad(gradients[i])) continue;
            roots.push_back(gradients[i]);
            seeds.push_back(like_gradient(tangents[i], gradients[i]));
        }
        if (roots.empty()) return TensorList(outputs.size());
        for (const Tensor& u : cotangents)
            if (u.defined()) asked.push_back(u);
        const TensorList found = run_backward(roots, seeds, false, recorded, asked, true, false);
        TensorList results;
        size_t k = 0;
        for (const Tensor& u : cotangents) results.push_back(u.defined() ? found[k++] : Tensor());
        return results;
    }

    void evaluate(TensorList& cotangents, TensorList& gradients) const {
        const ReverseModeGuard on(true);
        const NoSavedTensorHooks plain;
        for (const Tensor& out : outputs) {
            Tensor u;
            if (out.defined()) {
                u = ops::zeros(out.sizes(), out.dtype(), out.device());
                set_requires_grad(u, true);
            }
            cotangents.push_back(u);
        }
        Wanted wanted;
        for (const Tensor& t : tangents) wanted.push_back(t.defined());
        Backward context(&node, cotangents, saved, gradients, wanted);
        node.compute(context);
    }
};

}  // namespace

void propagate_tangents(FormulaNode& node, TensorRefs outputs, TensorRefs inputs,
                        TensorRefs saved) {
    for (int level = 0; level < ForwardMode::levels(); level++) {
        TensorList tangents;
        bool any = false;
        for (const Tensor& t : inputs) {
            tangents.push_back(tangent(t, level));
            any |= tangents.back().defined();
        }
        if (!any) continue;
        const ForwardModeGuard below(level);
        const NodeRef alive(&node);
        const Propagation call{node, outputs, inputs, saved, tangents};
        const TensorList results = call.run();
        for (size_t k = 0; k < outputs.size(); k++) {
            const Tensor& out = outputs[k];
            if (!out.defined() || !is_differentiable(out.dtype())) continue;
            set_tangent(out, level,
                        results[k].defined() ? results[k]
                                             : ops::zeros(out.sizes(), out.dtype(), out.device()));
        }
    }
}

}  // namespace kajo
