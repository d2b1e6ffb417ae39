// Runs a graph backwards.
#pragma once

#include <optional>

#include "autograd/node.h"

namespace kajo {

// Gradients of `roots` (weighted by `grads`) are added to the leaves' `.grad`, or, if `inputs` are
// named, returned in their order and nothing is accumulated (unless `accumulate`).
TensorList run_backward(const TensorList& roots, const TensorList& grads, bool retain_graph,
                        bool create_graph, const TensorList& inputs, bool allow_unused,
                        bool accumulate);
// The same, from and to places in the graph.
TensorList run_backward(const std::vector<Edge>& roots, const TensorList& grads, bool retain_graph,
                        bool create_graph, const std::vector<Edge>& inputs, bool allow_unused,
                        bool accumulate);

// The backward pass that this thread is in, or -1; and whether it gets to a node.
int64_t current_task();
bool will_run(const Node& node);

// Set by the language bindings: called around nodes and hooks that run user code.
struct InterpreterLock {
    static inline void* (*acquire)() = nullptr;
    static inline void (*release)(void*) = nullptr;
};

// Set by the language bindings: gradients whose elements only the language above knows, such as
// sparse ones. The tensor is their face, of the right shape and type but without data.
struct ForeignGradients {
    static inline bool (*is)(const Tensor&) = nullptr;
    static inline Tensor (*add)(const Tensor&, const Tensor&) = nullptr;
    // The gradient of what was gathered from a tensor of these sizes, at the places only.
    static inline Tensor (*of_gather)(const Tensor& gradient, IntSpan sizes, int64_t dim,
                                      const Tensor& index) = nullptr;
};
inline bool is_foreign(const Tensor& t) { return ForeignGradients::is && ForeignGradients::is(t); }

struct AnomalyMode {
    static inline thread_local bool enabled = false;
    static inline thread_local bool check_nan = true;
    static inline std::string (*stack)() = nullptr;  // the program's stack as text
};

}  // namespace kajo
