#include "ops/optimizer.h"

#include "autograd/attach.h"
#include "core/launch.h"
#include "cpu/optimizer.h"
#include "ops/copy.h"

namespace kajo::ops {

using cpu::OptimizerAttributes;
using cpu::OptimizerRule;

static const Kernel step_kernels[cpu::kOptimizerRules] = {
    {"sgd_step_", cpu::optimizer_step},      {"adam_step_", cpu::optimizer_step},
    {"rmsprop_step_", cpu::optimizer_step},  {"adagrad_step_", cpu::optimizer_step},
    {"adadelta_step_", cpu::optimizer_step}, {"adamax_step_", cpu::optimizer_step},
};

namespace {

void check_list(const char* name, const TensorList& params, const TensorList& list, bool of_steps) {
    check(list.size() == params.size(), name, "(): expected lists of ", params.size(),
          " tensors, but got ", list.size());
    for (size_t i = 0; i < params.size(); i++) {
        const Tensor &p = params[i], &t = list[i];
        if (of_steps)
            check(t.numel() == 1 && (t.dtype() == DType::Float32 || t.dtype() == DType::Float64),
                  name, "(): steps must be 0-d float32 or float64 tensors, but got ", t.sizes(),
                  " ", t.dtype());
        else
            check(t.sizes() == p.sizes() && t.dtype() == p.dtype() && is_float(p.dtype()), name,
                  "(): tensor ", i, " of a list is ", t.sizes(), " ", t.dtype(),
                  ", but its parameter is ", p.sizes(), " ", p.dtype());
    }
}

// `lists`: the states; those not in use are empty.
void step(OptimizerAttributes a, const TensorList& params, const TensorList& grads,
          std::initializer_list<const TensorList*> lists, const TensorList* steps) {
    const Kernel& kernel = step_kernels[static_cast<size_t>(a.rule)];
    a.parameters = static_cast<int64_t>(params.size());
    a.has_steps = steps != nullptr;
    check_list(kernel.name, params, grads, false);
    check_list(kernel.name, params, params, false);
    TensorList outputs = params;
    for (const TensorList* list : lists) {
        if (list->empty()) continue;
        check_list(kernel.name, params, *list, false);
        outputs.append(list->begin(), list->end());
        a.states++;
    }
    if (steps) {
        check_list(kernel.name, params, *steps, true);
        outputs.append(steps->begin(), steps->end());
    }
    for (const Tensor& t : params) check_inplace(t, kernel.name);
    for (const Tensor& t : outputs) check_no_internal_overlap(t);
    if (params.empty()) return;
    launch(kernel, outputs, grads, a);
    for (const Tensor& t : outputs) note_write(t, kernel.name);
}

OptimizerAttributes attributes(OptimizerRule rule, double lr, double weight_decay, bool maximize) {
    OptimizerAttributes a{};
    a.rule = rule;
    a.lr = lr;
    a.weight_decay = weight_decay;
    a.maximize = maximize;
    return a;
}

}  // namespace

void sgd_step_(const TensorList& params, const TensorList& grads,
               const TensorList& momentum_buffers, double lr, double momentum, double dampening,
               double weight_decay, bool nesterov, bool maximize, bool first) {
    OptimizerAttributes a = attributes(OptimizerRule::Sgd, lr, weight_decay, maximize);
    a.momentum = momentum;
    a.dampening = dampening;
    a.nesterov = nesterov;
    a.first = first;
    static const TensorList none;
    step(a, params, grads, {momentum != 0 ? &momentum_buffers : &none}, nullptr);
}

void adam_step_(const TensorList& params, const TensorList& grads, const TensorList& exp_avgs,
                const TensorList& exp_avg_sqs, const TensorList& max_exp_avg_sqs,
                const TensorList& steps, double lr, double beta1, double beta2, double eps,
                double weight_decay, bool decoupled, bool amsgrad, bool maximize) {
    OptimizerAttributes a = attributes(OptimizerRule::Adam, lr, weight_decay, maximize);
    a.beta1 = beta1;
    a.beta2 = beta2;
    a.eps = eps;
    a.decoupled = decoupled;
    a.amsgrad = amsgrad;
    static const TensorList none;
    step(a, params, grads, {&exp_avgs, &exp_avg_sqs, amsgrad ? &max_exp_avg_sqs : &none}, &steps);
}

void rmsprop_step_(const TensorList& params, const TensorList& grads, const TensorList& square_avgs,
                   const TensorList& grad_avgs, const TensorList& momentum_buffers,
                   const TensorList& steps, double lr, double alpha, double eps,
                   double weight_decay, double momentum, bool centered, bool maximize) {
    OptimizerAttributes a = attributes(OptimizerRule::RmsProp, lr, weight_decay, maximize);
    a.beta2 = alpha;
    a.eps = eps;
    a.momentum = momentum;
    a.centered = centered;
    static const TensorList none;
    step(a, params, grads,
         {&square_avgs, centered ? &grad_avgs : &none, momentum > 0 ? &momentum_buffers : &none},
         &steps);
}

void adagrad_step_(const TensorList& params, const TensorList& grads, const TensorList& sums,
                   const TensorList& steps, double lr, double lr_decay, double eps,
                   double weight_decay, bool maximize) {
    OptimizerAttributes a = attributes(OptimizerRule::Adagrad, lr, weight_decay, maximize);
    a.lr_decay = lr_decay;
    a.eps = eps;
    step(a, params, grads, {&sums}, &steps);
}

void adadelta_step_(const TensorList& params, const TensorList& grads,
                    const TensorList& square_avgs, const TensorList& acc_deltas,
                    const TensorList& steps, double lr, double rho, double eps, double weight_decay,
                    bool maximize) {
    OptimizerAttributes a = attributes(OptimizerRule::Adadelta, lr, weight_decay, maximize);
    a.beta2 = rho;
    a.eps = eps;
    step(a, params, grads, {&square_avgs, &acc_deltas}, &steps);
}

void adamax_step_(const TensorList& params, const TensorList& grads, const TensorList& exp_avgs,
                  const TensorList& exp_infs, const TensorList& steps, double lr, double beta1,
                  double beta2, double eps, double weight_decay, bool maximize) {
    OptimizerAttributes a = attributes(OptimizerRule::Adamax, lr, weight_decay, maximize);
    a.beta1 = beta1;
    a.beta2 = beta2;
    a.eps = eps;
    step(a, params, grads, {&exp_avgs, &exp_infs}, &steps);
}

}  // namespace kajo::ops
