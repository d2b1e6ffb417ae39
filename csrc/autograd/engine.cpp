#include "autograd/engine.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <queue>
#include <unordered_map>

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

struct NodeState {
    int32_t dependencies = 0;  // edges that still have to deliver
    bool needed = true;        // lies on a way to an asked-for input
    TensorList gradients;
    std::vector<std::pair<uint32_t, size_t>> captures;  // (output, place in the results)
};

struct ByUrgency {
    bool operator()(const Node* a, const Node* b) const { return a->sequence < b->sequence; }
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
        const auto found = states_.find(const_cast<Node*>(&node));
        return found != states_.end() && found->second.needed;
    }

    TensorList run(const std::vector<Edge>& roots, const TensorList& grads,
                   const std::vector<Edge>& inputs) {
        for (size_t i = 0; i < roots.size(); i++) {
            deliver(states_[roots[i].node.get()], *roots[i].node, roots[i].output, grads[i]);
        }
        count_dependencies(roots);
        results_.resize(inputs.size());
        if (!inputs.empty()) mark_needed(roots, inputs);
        for (const Edge& root : roots)
            if (states_[root.node.get()].dependencies == 0 && queued_.insert(root.node.get()))
                ready_.push(root.node.get());
        keep_ = roots;
        while (!ready_.empty()) {
            Node* node = ready_.top();
            ready_.pop();
            step(NodeRef(node));
        }
        return std::move(results_);
    }

  private:
    void count_dependencies(const std::vector<Edge>& roots) {
        std::vector<Node*> stack;
        Visited visited;
        for (const Edge& r : roots)
            if (visited.insert(r.node.get())) stack.push_back(r.node.get());
        while (!stack.empty()) {
            Node* node = stack.back();
            stack.pop_back();
            order_.push_back(node);
            for (const Edge& e : node->edges) {
                if (!e.node) continue;
                states_[e.node.get()].dependencies++;
                if (visited.insert(e.node.get())) stack.push_back(e.node.get());
            }
        }
    }

    // Only nodes from which an asked-for input can be reached need to run.
    void mark_needed(const std::vector<Edge>& roots, const std::vector<Edge>& inputs) {
        selective_ = true;
        for (Node* n : order_) states_[n].needed = false;
        for (size_t i = 0; i < inputs.size(); i++) {
            const Edge& e = inputs[i];
            held_.push_back(e.node);
            auto found = states_.find(e.node.get());
            if (found == states_.end()) continue;
            found->second.captures.push_back({e.output, i});
            found->second.needed = true;
        }
        const std::vector<Node*> forward = consumers_first(roots);
        for (auto n = forward.rbegin(); n != forward.rend(); ++n)
            for (const Edge& e : (*n)->edges)
                if (e.node && states_[e.node.get()].needed) states_[*n].needed = true;
    }

    // The numbers of nodes do not tell: the history of a changed view is made after what uses it.
    std::vector<Node*> consumers_first(const std::vector<Edge>& roots) {
        std::unordered_map<Node*, int32_t> waiting;
        std::vector<Node*> sorted;
        Visited visited;
        for (const Edge& r : roots)
            if (states_[r.node.get()].dependencies == 0 && visited.insert(r.node.get()))
                sorted.push_back(r.node.get());
        for (size_t i = 0; i < sorted.size(); i++)
            for (const Edge& e : sorted[i]->edges)
                if (e.node && ++waiting[e.node.get()] == states_[e.node.get()].dependencies)
                    sorted.push_back(e.node.get());
        return sorted;
    }

    void deliver(NodeState& state, const Node& node, uint32_t output, const Tensor& gradient) {
        if (state.gradients.size() < node.outputs.size())
            state.gradients.resize(node.outputs.size());
        if (!gradient.defined()) return;
        Tensor& slot = state.gradients[output];
        if (!slot.defined()) {
            slot = gradient;
            return;
        }
        ReverseModeGuard mode(grad_mode_);
        slot = sum_of(slot, gradient);
    }

    static void run_tensor_hooks(Node& node, TensorList& grads) {
        if (node.tensor_hooks.empty()) return;
        LockGuard lock(true);
        const auto hooks = node.tensor_hooks;  // a hook may take itself away
        for (const bool last : {false, true})
            for (const TensorHook& hook : hooks) {
                if (hook.retains_grad != last || !grads[hook.output].defined()) continue;
                Tensor changed = hook.call(grads[hook.output]);
                if (changed.defined()) grads[hook.output] = std::move(changed);
            }
    }

    static void run_leaf_hooks(const Tensor& variable, Tensor& gradient) {
        const AutogradMeta* meta = meta_of(variable);
        if (!meta || meta->leaf_hooks.empty() || !gradient.defined()) return;
        LockGuard lock(true);
        const auto hooks = meta->leaf_hooks;
        for (const TensorHook& hook : hooks) {
            Tensor changed = hook.call(gradient);
            if (changed.defined()) gradient = std::move(changed);
        }
    }

    void step(const NodeRef& node) {
        NodeState& state = states_[node.get()];
        TensorList grads = std::move(state.gradients);
        grads.resize(node->outputs.size());
        ReverseModeGuard mode(grad_mode_);
        run_tensor_hooks(*node, grads);
        auto* leaf = dynamic_cast<AccumulateGrad*>(node.get());
        if (leaf) run_leaf_hooks(leaf->variable(), grads[0]);
        if (!node->pre_hooks.empty()) {
            LockGuard lock(true);
            const auto hooks = node->pre_hooks;
            for (const NodeHook& hook : hooks) {
                TensorList changed = hook.call(grads, {});
                if (!changed.empty()) grads = std::move(changed);
            }
        }
        for (auto [output, place] : state.captures) results_[place] = grads[output];
        const bool wanted = state.needed && (!leaf || accumulate_);
        const bool any =
            std::any_of(grads.begin(), grads.end(), [](const Tensor& g) { return g.defined(); });
        TensorList out;
        const bool beyond = state.captures.empty() || leaf || needs_beyond(*node);
        if (wanted && any && beyond) out = evaluate(*node, std::move(grads));
        out.resize(node->edges.size());
        for (size_t i = 0; i < node->edges.size(); i++) {
            const Edge& e = node->edges[i];
            if (!e.node) continue;
            NodeState& next = states_[e.node.get()];
            deliver(next, *e.node, e.output, out[i]);
            if (--next.dependencies == 0) ready_.push(e.node.get());
        }
    }

    bool needs_beyond(const Node& node) {
        for (const Edge& e : node.edges)
            if (e.node && states_[e.node.get()].needed) return true;
        return false;
    }

    // Gradients that lead to no asked-for input are not computed.
    Wanted wanted_of(const Node& node) {
        Wanted wanted;
        for (const Edge& e : node.edges) wanted.push_back(e.node && states_[e.node.get()].needed);
        return wanted;
    }

    TensorList evaluate(Node& node, TensorList&& grads) {
        const StepGuard here(node);
        TensorList grad_outputs;
        if (!node.post_hooks.empty()) grad_outputs = grads;
        TensorList out;
        try {
            LockGuard lock(node.is_python());
            const Wanted wanted = selective_ ? wanted_of(node) : Wanted{};
            const ProfiledRange range(node.name(), RangeKind::Node);
            out = node.apply(std::move(grads), selective_ ? &wanted : nullptr);
        } catch (Error& e) {
            if (node.anomaly_trace.empty()) throw;
            raise(e.kind(), e.what(), "\n\nError detected in ", node.name(),
                  ". The forward call that made it:\n", node.anomaly_trace);
        }
        if (!node.post_hooks.empty()) {
            LockGuard lock(true);
            const auto hooks = node.post_hooks;
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
                      node.anomaly_trace.empty() ? "" : "\n\nThe forward call that made it:\n",
                      node.anomaly_trace);
        }
    }

    static bool has_nan(const Tensor& t) {
        ReverseModeGuard off(false);
        return ops::item(ops::any(ops::ne(t, t))).as_bool();
    }

    struct Visited {
        std::unordered_map<Node*, bool> seen;
        bool insert(Node* n) { return seen.emplace(n, true).second; }
    };

    static inline std::atomic<int64_t> next_id{0};

    bool retain_graph_, accumulate_, grad_mode_, selective_ = false;
    int64_t id_;
    Task* outer_;
    std::unordered_map<Node*, NodeState> states_;
    std::vector<Node*> order_;
    std::vector<NodeRef> held_;
    std::vector<Edge> keep_;
    Visited queued_;
    std::priority_queue<Node*, std::vector<Node*>, ByUrgency> ready_;
    TensorList results_;
};

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
                meta.grad = detach(gradient);
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
    if (!meta.post_accumulate_hooks.empty()) {
        LockGuard lock(true);
        const auto hooks = meta.post_accumulate_hooks;
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
