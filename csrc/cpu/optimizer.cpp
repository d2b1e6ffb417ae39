#include "cpu/optimizer.h"

#include <cmath>

#include "core/parallel.h"
#include "cpu/isa.h"
#include "cpu/reduce.h"
#include "cpu/tensor_operands.h"

namespace kajo::cpu {

namespace baseline {
extern const OptimizerKernels optimizer_kernels;
}
#if KAJO_X86
namespace avx2 {
extern const OptimizerKernels optimizer_kernels;
}
namespace avx512 {
extern const OptimizerKernels optimizer_kernels;
}
#endif

const OptimizerKernels& optimizer_kernels() {
    return of_cpu_isa(baseline::optimizer_kernels, avx2::optimizer_kernels,
                      avx512::optimizer_kernels);
}

namespace {

// Adds one to a 0-d float32 or float64 tensor.
double advance(const Tensor& step) {
    if (step.dtype() == DType::Float64) return *step.data<double>() += 1;
    return static_cast<double>(*step.data<float>() += 1);
}

OptimizerNumbers numbers_for(const OptimizerAttributes& a, double step) {
    const double sign = a.maximize ? -1 : 1, decay = a.decoupled ? 0 : a.weight_decay;
    const double first = 1 - std::pow(a.beta1, step), second = 1 - std::pow(a.beta2, step);
    switch (a.rule) {
        case OptimizerRule::Sgd:
            return {{sign, decay, -a.lr, a.momentum, 1 - a.dampening, double(a.first),
                     double(a.nesterov)}};
        case OptimizerRule::Adam:
            return {{sign, decay, a.decoupled ? 1 - a.lr * a.weight_decay : 1, 1 - a.beta1, a.beta2,
                     1 - a.beta2, std::sqrt(second), a.eps, -(a.lr / first)}};
        case OptimizerRule::RmsProp:
            return {
                {sign, decay, -a.lr, a.beta2, 1 - a.beta2, a.eps, a.momentum, double(a.centered)}};
        case OptimizerRule::Adagrad:
            return {{sign, decay, -a.lr / (1 + (step - 1) * a.lr_decay), a.eps}};
        case OptimizerRule::Adadelta:
            return {{sign, decay, -a.lr, a.beta2, 1 - a.beta2, a.eps}};
        case OptimizerRule::Adamax:
            return {{sign, decay, -(a.lr / first), 1 - a.beta1, a.beta2, a.eps}};
    }
    return {};
}

void update_one(const OptimizerAttributes& a, TensorRefs outputs, TensorRefs grads, int64_t i) {
    const auto tensor = [&](int64_t list) -> const Tensor& {
        return outputs[size_t(list * a.parameters + i)];
    };
    const OptimizerNumbers numbers =
        numbers_for(a, a.has_steps ? advance(tensor(1 + a.states)) : 0);
    const Tensor& parameter = tensor(0);
    if (parameter.numel() == 0) return;
    const DType type = reduce_type(parameter.dtype());
    const bool wide = type == DType::Float64;
    float narrowed[kOptimizerNumbers];
    for (int k = 0; k < kOptimizerNumbers; k++) narrowed[k] = static_cast<float>(numbers.values[k]);

    TensorOperands<2 + kOptimizerStates> out(parameter.sizes()), in(parameter.sizes());
    out.add(parameter, type);
    in.add(parameter, type);
    in.add(grads[size_t(i)], type);
    for (int64_t k = 1; k <= a.states; k++) {
        out.add(tensor(k), type);
        in.add(tensor(k), type);
    }
    const TileFn kernel = optimizer_kernels().table[static_cast<int>(a.rule)][a.states][wide];
    run_tiles(kernel, wide ? static_cast<const void*>(numbers.values) : narrowed, parameter.sizes(),
              out.span(), in.span());
}

}  // namespace

void optimizer_step(TensorRefs outputs, TensorRefs inputs, const void* attributes) {
    const auto& a = *static_cast<const OptimizerAttributes*>(attributes);
    // Large parameters are cut into pieces by the loop; neighbouring small ones make one task
    // together.
    int64_t i = 0;
    while (i < a.parameters) {
        int64_t end = i;
        std::vector<int64_t> tasks;
        int64_t elements = kParallelGrain;
        for (; end < a.parameters && inputs[size_t(end)].numel() <= 2 * kParallelGrain; end++) {
            if (elements >= kParallelGrain) {
                tasks.push_back(end);
                elements = 0;
            }
            elements += inputs[size_t(end)].numel();
        }
        tasks.push_back(end);
        parallel_for(static_cast<int64_t>(tasks.size()) - 1, [&](int64_t task) {
            for (int64_t k = tasks[size_t(task)]; k < tasks[size_t(task) + 1]; k++)
                update_one(a, outputs, inputs, k);
        });
        if (end < a.parameters) update_one(a, outputs, inputs, end++);
        i = end;
    }
}

}  // namespace kajo::cpu
