#include "autograd/engine.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <span>

#include "autograd/attach.h"
#include "core/profile.h"
#include "ops/copy.h"
#include "ops/pointwise.h"
#include "ops/reduction.h"
#include "ops/views.h"

namespace kajo {

namespace {

// Takes the interpreter lock for user code, where there is an interpreter.
class LockGuard {
  public:
    explicit LockGuard(bool wanted)
        : state_(wanted && InterpreterLock::acquire ? InterpreterLock::acquire() : nullptr) {}
    ~LockGuard() {
        if (state_) InterpreterLock::release(state_);
    }
    LockGuard(const LockGuard&) = delete;
    LockGuard& operator=(const LockGuard&) = delete;

  private:
    void* state_;
};

// Says for its life which node this thread evaluates.
class StepGuard {
  public:
    explicit StepGuard(const Node& node)
        : step_{node.name(), node.made_at}, outer_(std::exchange(BackwardStep::current, &step_)) {}
    ~StepGuard() { BackwardStep::current = outer_; }
    StepGuard(const StepGuard&) = delete;
    StepGuard& operator=(const StepGuard&) = delete;

  private:
    const BackwardStep step_;
    const BackwardStep* outer_;
};

// A node on the way of one backward pass.
struct Step {
    explicit Step(Node* n) : node(n) {}
    Node* node;                // held by the roots, or by who asks for it
    TensorList gradients;      // of its outputs, as far as they have come
    int32_t first_target = 0;  // where its edges stand in Task::targets_
    int32_t dependencies = 0;  // edges that still have to deliver
    bool needed = true;        // lies on a way to an asked-for input
    bool captured = false;     // is one
};

// An asked-for gradient: where it comes by, and its place in the results.
struct Capture {
    int32_t step;
    uint32_t output;
    size_t place;
};

// The numbers of nodes in the order in which they are added; small graphs need no memory.
class Numbering {
  public:
    // The number of `node`, which is `next` if it was not known.
    int32_t add(const Node* node, int32_t next) {
        Slot& slot = find_slot(node);
        if (slot.node) return slot.number;
        slot = {node, next};
        if (2 * static_cast<size_t>(++count_) > slots_.size()) grow();
        return next;
    }
    int32_t find(const Node* node) const {
        return const_cast<Numbering*>(this)->find_slot(node).number;
    }

  private:
    struct Slot {
        const Node* node = nullptr;
        int32_t number = -1;
    };
    static constexpr size_t kFirst = 32;

    Slot& find_slot(const Node* node) {
        const size_t mask = slots_.size() - 1;
        // Nodes lie at multiples of 64.
        size_t at = (reinterpret_cast<uintptr_t>(node) / 64 * 0x9E3779B97F4A7C15u) >> 32;
        while (slots_[at & mask].node && slots_[at & mask].node != node) at++;
        return slots_[at & mask];
    }
    void grow() {
        const auto old = std::exchange(slots_, ShortList<Slot, kFirst>(4 * slots_.size()));
        for (const Slot& slot : old)
            if (slot.node) find_slot(slot.node) = slot;
    }

    ShortList<Slot, kFirst> slots_{ShortList<Slot, kFirst>(kFirst)};
    int32_t count_ = 0;
};

Tensor sum_of(const Tensor& a, const Tensor& b) {
    return is_foreign(a) || is_foreign(b) ? ForeignGradients::add(a, b) : ops::add(a, b);
}

class Task {
  public:
    Task(bool retain_graph, bool create_graph, bool accumulate)
        : retain_graph_(retain_graph),
          accumulate_(accumulate),
          grad_mode_(create_graph),
          id_(next_id++),
          outer_(std::exchange(current, this)) {}
    ~Task() { current = outer_; }
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;

    static inline thread_local Task* current = nullptr;  // the innermost of this thread
    int64_t id() const { return id_; }
    bool will_run(const Node& node) const {
        const int32_t i = numbers_.find(&node);
        return i >= 0 && steps_[at(i)].needed;
    }

    TensorList run(const std::vector<Edge>& roots, const TensorList& grads,
                   const std::vector<Edge>& inputs) {
        ReverseModeGuard mode(grad_mode_);
        discover(roots);
        for (size_t i = 0; i < roots.size(); i++)
            deliver(numbers_.find(roots[i].node.get()), roots[i].output, grads[i]);
        results_.resize(inputs.size());
        if (!inputs.empty()) mark_needed(inputs);
        for (int32_t i = 0; i < root_count_; i++)
            if (steps_[at(i)].dependencies == 0) make_ready(i);
        while (!ready_.empty()) {
            std::pop_heap(ready_.begin(), ready_.end(), ByUrgency{*this});
            const int32_t next = ready_.back();
            ready_.pop_back();
            take(next);
        }
        return std::move(results_);
    }

  private:
    // Later nodes first.
    struct ByUrgency {
        const Task& task;
        bool operator()(int32_t a, int32_t b) const {
            return task.steps_[at(a)].node->sequence < task.steps_[at(b)].node->sequence;
        }
    };
    static size_t at(int32_t i) { return static_cast<size_t>(i); }

    void make_ready(int32_t i) {
        ready_.push_back(i);
        std::push_heap(ready_.begin(), ready_.end(), ByUrgency{*this});
    }

    int32_t add_step(Node* node) {
        const auto next = static_cast<int32_t>(steps_.size());
        const int32_t i = numbers_.add(node, next);
        if (i == next) steps_.emplace_back(node);
        return i;
    }

    void discover(const std::vector<Edge>& roots) {
        for (const Edge& r : roots) add_step(r.node.get());
        root_count_ = static_cast<int32_t>(steps_.size());
        for (size_t i = 0; i < steps_.size(); i++) {
            const Node* node = steps_[i].node;
            steps_[i].first_target = static_cast<int32_t>(targets_.size());
            for (const Edge& e : node->edges) {
                const int32_t target = e.node ? add_step(e.node.get()) : -1;
                if (target >= 0) steps_[at(target)].dependencies++;
                targets_.push_back(target);
            }
        }
    }

    std::span<const int32_t> targets_of(const Step& step) const {
        return {targets_.data() + step.first_target, step.node->edges.size()};
    }

    // Only nodes from which an asked-for input can be reached need to run.
    void mark_needed(const std::vector<Edge>& inputs) {
        selective_ = true;
        for (Step& s : steps_) s.needed = false;
        for (size_t i = 0; i < inputs.size(); i++) {
            const int32_t found = numbers_.find(inputs[i].node.get());
            if (found < 0) continue;
            captures_.push_back({found, inputs[i].output, i});
            steps_[at(found)].needed = steps_[at(found)].captured = true;
        }
        std::ranges::sort(captures_, {}, &Capture::step);
        const std::vector<int32_t> forward = consumers_first();
        for (auto i = forward.rbegin(); i != forward.rend(); ++i)
            for (const int32_t target : targets_of(steps_[at(*i)]))
                if (target >= 0 && steps_[at(target)].needed) steps_[at(*i)].needed = true;
    }

    // The numbers of nodes do not tell: the history of a changed view is made after what uses it.
    std::vector<int32_t> consumers_first() const {
        std::vector<int32_t> waiting(steps_.size()), sorted;
        for (int32_t i = 0; i < root_count_; i++)
            if (steps_[at(i)].dependencies == 0) sorted.push_back(i);
        for (size_t i = 0; i < sorted.size(); i++)
            for (const int32_t target : targets_of(steps_[at(sorted[i])]))
                if (target >= 0 && ++waiting[at(target)] == steps_[at(target)].dependencies)
                    sorted.push_back(target);
        return sorted;
    }

    void deliver(int32_t to, uint32_t output, Tensor gradient) {
        Step& step = steps_[at(to)];
        const size_t outputs = step.node->outputs.size();
        if (step.gradients.size() < outputs) step.gradients.resize(outputs);
        if (!gradient.defined()) return;
        Tensor& slot = step.gradients[output];
        slot = slot.defined() ? sum_of(slot, gradient) : std::move(gradient);
    }

    static void run_tensor_hooks(Node& node, TensorList& grads) {
        if (!node.extras || node.extras->tensor_hooks.empty()) return;
        LockGuard lock(true);
        const auto hooks = node.extras->tensor_hooks;  // a hook may take itself away
        for (const bool last : {false, true})
            for (const TensorHook& hook : hooks) {
                if (hook.retains_grad != last || !grads[hook.output].defined()) continue;
                Tensor changed = hook.call(grads[hook.output]);
                if (changed.defined()) grads[hook.output] = std::move(changed);
            }
    }

    static void run_leaf_hooks(const Tensor& variable, Tensor& gradient) {
        const AutogradMeta* meta = meta_of(variable);
        if (!meta || !meta->extras || meta->extras->hooks.empty() || !gradient.defined()) return;
        LockGuard lock(true);
        const auto hooks = meta->extras->hooks;
        for (const TensorHook& hook : hooks) {
            Tensor changed = hook.call(gradient);
            if (changed.defined()) gradient = std::move(changed);
        }
    }

    void take(int32_t i) {
        Step& step = steps_[at(i)];
        Node& node = *step.node;
        TensorList grads = std::move(step.gradients);
        grads.resize(node.outputs.size());
        GradMode::set_enabled(grad_mode_);  // whatever a hook has left
        run_tensor_hooks(node, grads);
        AccumulateGrad* const leaf = node.as_leaf();
        if (leaf) run_leaf_hooks(leaf->variable(), grads[0]);
        run_pre_hooks(node, grads);
        if (step.captured)
            for (const Capture& c : std::ranges::equal_range(captures_, i, {}, &Capture::step))
                results_[c.place] = grads[c.output];
        const bool wanted = step.needed && (!leaf || accumulate_);
        const bool any = std::ranges::any_of(grads, [](const Tensor& g) { return g.defined(); });
        const bool beyond = !step.captured || leaf || needs_beyond(step);
        TensorList out;
        if (wanted && any && beyond) out = evaluate(step, std::move(grads));
        out.resize(node.edges.size());
        const auto targets = targets_of(step);
        for (size_t k = 0; k < targets.size(); k++) {
            if (targets[k] < 0) continue;
            deliver(targets[k], node.edges[k].output, std::move(out[k]));
            if (--steps_[at(targets[k])].dependencies == 0) make_ready(targets[k]);
        }
    }

    static void run_pre_hooks(const Node& node, TensorList& grads) {
        if (!node.extras || node.extras->pre_hooks.empty()) return;
        LockGuard lock(true);
        const auto hooks = node.extras->pre_hooks;
        for (const NodeHook& hook : hooks) {
            TensorList changed = hook.call(grads, {});
            if (!changed.empty()) grads = std::move(changed);
        }
    }

    bool leads_to_needed(int32_t target) const { return target >= 0 && steps_[at(target)].needed; }
    bool needs_beyond(const Step& step) const {
        return std::ranges::any_of(targets_of(step),
                                   [this](int32_t target) { return leads_to_needed(target); });
    }

    // Gradients that lead to no asked-for input are not computed.
    Wanted wanted_of(const Step& step) const {
        Wanted wanted;
        for (const int32_t target : targets_of(step)) wanted.push_back(leads_to_needed(target));
        return wanted;
    }

    TensorList evaluate(const Step& step, TensorList&& grads) {
        Node& node = *step.node;
        const StepGuard here(node);
        TensorList grad_outputs;
        if (has_post_hooks(node)) grad_outputs = grads;
        TensorList out;
        try {
            LockGuard lock(node.is_python());
            const Wanted wanted = selective_ ? wanted_of(step) : Wanted{};
            const ProfiledRange range(node.name(), RangeKind::Node);
            out = node.apply(std::move(grads), selective_ ? &wanted : nullptr);
        } catch (Error& e) {
            if (!has_trace(node)) throw;
            raise(e.kind(), e.what(), "\n\nError detected in ", node.name(),
                  ". The forward call that made it:\n", node.extras->anomaly_trace);
        }
        if (has_post_hooks(node)) {
            LockGuard lock(true);
            const auto hooks = node.extras->post_hooks;
            for (const NodeHook& hook : hooks) {
                TensorList changed = hook.call(out, grad_outputs);
                if (changed.empty()) continue;
                check(changed.size() == out.size(), "hook of ", node.name(),
                      " has returned an incorrect number of values (got ", changed.size(),
                      ", but expected ", out.size(), ")");
                out = std::move(changed);
            }
        }
        check_results(node, out);
        if (!retain_graph_) node.release_saved();
        return out;
    }

    // Formulas may leave broadcasting, conversion and the imaginary part to this.
    static void check_results(const Node& node, TensorList& out) {
        check(out.size() >= node.edges.size() || node.edges.empty(), "Function ", node.name(),
              " returned an invalid number of gradients: expected ", node.edges.size(), ", got ",
              out.size());
        for (size_t i = 0; i < node.edges.size() && i < out.size(); i++) {
            const Edge& e = node.edges[i];
            if (!e.node || !out[i].defined()) continue;
            const OutputInfo& want = e.node->outputs[e.output];
            if (!(out[i].sizes() == want.sizes)) {
                check(expandable_to(want.sizes, out[i].sizes()), "Function ", node.name(),
                      " returned an invalid gradient at index ", i, " - got ", out[i].sizes(),
                      " but expected shape compatible with ", want.sizes);
                out[i] = ops::sum_to_size(out[i], want.sizes);
            }
            if (is_foreign(out[i])) continue;
            if (out[i].dtype() != want.dtype && !want.any_dtype) {
                if (is_complex(out[i].dtype()) && !is_complex(want.dtype))
                    out[i] = ops::real(out[i]);
                if (out[i].dtype() != want.dtype) out[i] = ops::to(out[i], want.dtype);
            }
            check(out[i].device() == want.device, "Function ", node.name(),
                  " returned an invalid gradient at index ", i, " - expected device ", want.device,
                  " but got ", out[i].device());
            if (AnomalyMode::enabled && AnomalyMode::check_nan && !out[i].is_meta() &&
                has_nan(out[i]))
                raise(ErrorKind::Runtime, "Function '", node.name(),
                      "' returned nan values in its ", i, "th output.",
                      has_trace(node)
                          ? "\n\nThe forward call that made it:\n" + node.extras->anomaly_trace
                          : "");
        }
    }

    static bool has_post_hooks(const Node& n) { return n.extras && !n.extras->post_hooks.empty(); }
    static bool has_trace(const Node& n) { return n.extras && !n.extras->anomaly_trace.empty(); }

    static bool has_nan(const Tensor& t) {
        ReverseModeGuard off(false);
        return ops::item(ops::any(ops::ne(t, t))).as_bool();
    }

    static inline std::atomic<int64_t> next_id{0};

    bool retain_graph_, accumulate_, grad_mode_, selective_ = false;
    int64_t id_;
    Task* outer_;
    int32_t root_count_ = 0;  // the first steps are the roots
    Numbering numbers_;
    ShortList<Step, 16> steps_;
    ShortList<int32_t, 32> targets_;  // of all edges: the step each leads to, or -1
    ShortList<int32_t, 16> ready_;    // a heap
    std::vector<Capture> captures_;   // by step
    TensorList results_;
};

// Needs no fresh face to be somebody's gradient.
bool is_plain(const Tensor& t) { return !t.impl()->autograd && !t.impl()->wrapped_number; }

// One lock for all accumulations: they are short, and rarely concurrent.
std::mutex accumulate_mutex;

}  // namespace

int64_t current_task() { return Task::current ? Task::current->id() : -1; }
bool will_run(const Node& node) {
    check(Task::current, "this can be asked only while backward runs");
    return Task::current->will_run(node);
}

TensorList AccumulateGrad::apply(TensorList&& grads, const Wanted*) {
    const Tensor gradient = std::move(grads[0]);
    grads.clear();
    if (!gradient.defined()) return {};
    AutogradMeta& meta = ensure_meta(variable_);
    if (is_foreign(gradient) || (meta.grad.defined() && is_foreign(meta.grad))) {
        meta.grad = meta.grad.defined() ? sum_of(meta.grad, gradient) : gradient;
    } else {
        std::lock_guard lock(accumulate_mutex);
        if (!meta.grad.defined()) {
            // A gradient that nobody else holds is adopted, not copied.
            const bool ours = gradient.use_count() == 1 && gradient.storage()->use_count() == 1 &&
                              gradient.strides() == variable_.strides();
            if (is_differentiating())
                meta.grad = ops::clone(gradient);
            else if (ours)
                meta.grad = is_plain(gradient) ? gradient : detach(gradient);
            else {
                const DType dtype = outputs[0].any_dtype ? gradient.dtype() : outputs[0].dtype;
                meta.grad = variable_.is_non_overlapping_and_dense()
                                ? empty_strided(variable_.sizes(), variable_.strides(), dtype,
                                                variable_.device())
                                : empty(variable_.sizes(), dtype, variable_.device());
                ops::copy_raw(meta.grad, gradient);
            }
        } else if (GradMode::enabled()) {
            meta.grad = ops::add(meta.grad, gradient);
        } else {
            ops::add_(meta.grad, gradient);
        }
    }
    if (meta.extras && !meta.extras->post_accumulate_hooks.empty()) {
        LockGuard lock(true);
        const auto hooks = meta.extras->post_accumulate_hooks;
        for (const TensorHook& hook : hooks) hook.call(variable_);
    }
    return {};
}

TensorList run_backward(const std::vector<Edge>& roots, const TensorList& grads, bool retain_graph,
                        bool create_graph, const std::vector<Edge>& inputs, bool allow_unused,
                        bool accumulate) {
    Task task(retain_graph, create_graph, accumulate);
    TensorList results = task.run(roots, grads, inputs);
    for (size_t i = 0; i < results.size() && !accumulate; i++)
        check(results[i].defined() || allow_unused,
              "One of the differentiated Tensors appears to not have been used in the graph. Set "
              "allow_unused=True if this is the desired behavior.");
    return results;
}

TensorList run_backward(const TensorList& roots, const TensorList& grads, bool retain_graph,
                        bool create_graph, const TensorList& inputs, bool allow_unused,
                        bool accumulate) {
    std::vector<Edge> from, to;
    for (const Tensor& t : roots) from.push_back(gradient_edge(t));
    for (const Tensor& t : inputs) to.push_back(gradient_edge(t));
    return run_backward(from, grads, retain_graph, create_graph, to, allow_unused, accumulate);
}

}  // namespace kajo
