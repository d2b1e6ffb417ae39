// The graph that backward walks: nodes compute input gradients from output gradients.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/short_list.h"
#include "core/source_location.h"
#include "core/tensor.h"

namespace kajo {

class Node;
class AccumulateGrad;
using NodeRef = Ref<Node>;
void destroy(Node* node);  // without recursion, however deep the graph

// Which of the gradients that a node can give are asked for, by edge.
using Wanted = std::vector<bool>;

// Points from a node to the producer of one of its inputs.
struct Edge {
    NodeRef node;
    uint32_t output = 0;  // which output of the producer
};

// What the gradient for one output of a node must look like.
struct OutputInfo {
    Dims sizes;
    DType dtype = DType::Float32;
    Device device;
    bool any_dtype = false;  // the gradient is taken in the dtype that it comes in
};

// A hook may look at a gradient and return another one, or an undefined tensor for "unchanged".
struct TensorHook {
    uint32_t output = 0;
    int64_t id = 0;
    std::function<Tensor(const Tensor&)> call;
    bool retains_grad = false;        // runs after all others
    void* python_callable = nullptr;  // what `call` owns, for the cycle collector
};
struct NodeHook {
    int64_t id = 0;
    // Pre-hooks get (grad_outputs, {}); post-hooks (grad_inputs, grad_outputs). Empty: unchanged.
    std::function<TensorList(const TensorList&, const TensorList&)> call;
};

// What few nodes have.
struct NodeExtras {
    std::vector<TensorHook> tensor_hooks;
    std::vector<NodeHook> pre_hooks, post_hooks;
    std::string anomaly_trace;       // the program's stack at creation, in anomaly mode
    std::shared_ptr<void> metadata;  // what the program noted, a dictionary
};

class Node : public RefCounted, public FromCpuMemory {
  public:
    // Leaves know their accumulator without holding it.
    bool release() const { return release_observed(); }

    Node();
    virtual ~Node();

    virtual const char* name() const = 0;
    // One gradient per output (undefined: zero) in, one per edge out. `wanted` null: all.
    virtual TensorList apply(TensorList&& grads, const Wanted* wanted) = 0;
    // Drops saved tensors after backward, unless the graph is retained.
    virtual void release_saved() {}
    // True where user code runs, which needs the interpreter lock.
    virtual bool is_python() const { return false; }
    // This node, if it is the end of a path.
    virtual AccumulateGrad* as_leaf() { return nullptr; }
    // Called when the last reference is gone: whether the program still sees the node, which then
    // belongs to what the program holds.
    virtual bool is_still_seen() { return false; }
    // What of the interpreter it counts once, for the cycle collector.
    virtual void* owned_object() const { return nullptr; }

    ShortList<Edge, 3> edges;
    ShortList<OutputInfo, 1> outputs;
    std::unique_ptr<NodeExtras> extras;  // null: none
    uint64_t sequence = 0;               // later nodes run first
    SourceLocation made_at;
    void* python_object = nullptr;  // its wrapper, not counted
    static inline void (*release_python_object)(Node*) = nullptr;

    NodeExtras& ensure_extras() {
        if (!extras) extras = std::make_unique<NodeExtras>();
        return *extras;
    }
    uint32_t add_output(const Tensor& t) {
        outputs.emplace_back(t.sizes(), t.dtype(), t.device());
        return static_cast<uint32_t>(outputs.size() - 1);
    }
};

// Adds into `.grad` of a leaf.
class AccumulateGrad final : public Node {
  public:
    explicit AccumulateGrad(Tensor variable);
    ~AccumulateGrad() override;
    const char* name() const override { return "AccumulateGrad"; }
    AccumulateGrad* as_leaf() override { return this; }
    TensorList apply(TensorList&& grads, const Wanted*) override;
    const Tensor& variable() const { return variable_; }
    // Gradients are handed over in the dtype that the variable asks for.
    void take_grad_dtype();

  private:
    Tensor variable_;
};

// A tensor kept for backward, checked against in-place changes when it is used.
class SavedTensor {
  public:
    SavedTensor() = default;
    // `output_index`: which output of the owner this is; -1 for anything else.
    SavedTensor(const Tensor& t, int output_index);
    SavedTensor(SavedTensor&&) noexcept = default;
    SavedTensor& operator=(SavedTensor&&) noexcept = default;
    // `owner` becomes the history of a saved output again, without a reference cycle.
    Tensor unpack(Node* owner) const;
    void reset();

  private:
    Tensor data_;
    uint32_t version_ = 0;
    int output_index_ = -1;
    std::shared_ptr<std::function<Tensor()>> packed_;  // how to get back what a hook put away
};

using SavedTensors = ShortList<SavedTensor, 2>;

struct SavedTensorHooks {
    std::function<std::shared_ptr<void>(const Tensor&)> pack;
    std::function<Tensor(const std::shared_ptr<void>&)> unpack;
};
// Innermost last; per thread.
std::vector<SavedTensorHooks>& saved_tensor_hooks();

}  // namespace kajo
