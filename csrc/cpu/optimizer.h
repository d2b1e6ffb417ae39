// Steps of optimisers: one kernel updates all parameters of a group.
#pragma once

#include "core/tensor.h"
#include "cpu/pointwise_table.h"

namespace kajo::cpu {

enum class OptimizerRule : int8_t { Sgd, Adam, RmsProp, Adagrad, Adadelta, Adamax };
constexpr int kOptimizerRules = static_cast<int>(OptimizerRule::Adamax) + 1;
constexpr int kOptimizerStates = 3;
constexpr int kOptimizerNumbers = 10;

// What the tile kernels read as scalars; which entries a rule reads stands at its kernel.
struct OptimizerNumbers {
    double values[kOptimizerNumbers];
};

struct OptimizerAttributes {
    OptimizerRule rule;
    int8_t states;  // tensors of state for each parameter
    bool has_steps, maximize, first, nesterov, decoupled, centered, amsgrad;
    int64_t parameters;
    double lr, weight_decay, eps, momentum, dampening, beta1, beta2, lr_decay;
};

// By rule and by float32 or float64. Inputs: parameter, gradient, states; outputs: parameter,
// states. A rule with optional states has a kernel for each number of them.
struct OptimizerKernels {
    TileFn table[kOptimizerRules][kOptimizerStates + 1][2];
};
const OptimizerKernels& optimizer_kernels();

// Outputs: the parameters, each list of states, the steps; inputs: the gradients.
void optimizer_step(TensorRefs outputs, TensorRefs inputs, const void* attributes);

}  // namespace kajo::cpu
