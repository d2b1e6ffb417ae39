// Python names of the optimisers' steps.
#include "autograd/engine.h"
#include "autograd/grad_mode.h"
#include "ops/optimizer.h"
#include "python/bind.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

// Whether the fused steps can take these: real floating tensors, numbers, no gradient. In 16 bits
// they are only for those who asked for them: they round once, operations one by one each time.
bool fits_step(const TensorList& params, const TensorList& grads, bool fused, PyObject* scalars) {
    check_value(params.size() == grads.size(), "step: ", params.size(), " parameters but ",
                grads.size(), " gradients");
    if (GradMode::enabled()) return false;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(scalars); i++)
        if (is_tensor(PyTuple_GET_ITEM(scalars, i))) return false;
    for (size_t i = 0; i < params.size(); i++) {
        const Tensor &p = params[i], &g = grads[i];
        if (!is_float(p.dtype()) || p.is_meta() || g.dtype() != p.dtype() ||
            !(g.device() == p.device()) || is_foreign(g) || (!fused && p.item_size() == 2))
            return false;
    }
    return true;
}

const OpEntry table[] = {
    {"_fits_step(Tensor[] params, Tensor[] grads, bool fused, object scalars) -> bool",
     bind<&fits_step>, kPrivate},
    {"sgd_step_(Tensor[] params, Tensor[] grads, Tensor[] momentum_buffers, *, float lr, float "
     "momentum, float dampening, float weight_decay, bool nesterov, bool maximize, bool first) -> "
     "()",
     bind<&ops::sgd_step_>, kPrivate},
    {"adam_step_(Tensor[] params, Tensor[] grads, Tensor[] exp_avgs, Tensor[] exp_avg_sqs, "
     "Tensor[] max_exp_avg_sqs, Tensor[] steps, *, float lr, float beta1, float beta2, float eps, "
     "float weight_decay, bool decoupled, bool amsgrad, bool maximize) -> ()",
     bind<&ops::adam_step_>, kPrivate},
    {"rmsprop_step_(Tensor[] params, Tensor[] grads, Tensor[] square_avgs, Tensor[] grad_avgs, "
     "Tensor[] momentum_buffers, Tensor[] steps, *, float lr, float alpha, float eps, float "
     "weight_decay, float momentum, bool centered, bool maximize) -> ()",
     bind<&ops::rmsprop_step_>, kPrivate},
    {"adagrad_step_(Tensor[] params, Tensor[] grads, Tensor[] sums, Tensor[] steps, *, float lr, "
     "float lr_decay, float eps, float weight_decay, bool maximize) -> ()",
     bind<&ops::adagrad_step_>, kPrivate},
    {"adadelta_step_(Tensor[] params, Tensor[] grads, Tensor[] square_avgs, Tensor[] acc_deltas, "
     "Tensor[] steps, *, float lr, float rho, float eps, float weight_decay, bool maximize) -> ()",
     bind<&ops::adadelta_step_>, kPrivate},
    {"adamax_step_(Tensor[] params, Tensor[] grads, Tensor[] exp_avgs, Tensor[] exp_infs, Tensor[] "
     "steps, *, float lr, float beta1, float beta2, float eps, float weight_decay, bool maximize) "
     "-> ()",
     bind<&ops::adamax_step_>, kPrivate},
};

}  // namespace

std::span<const OpEntry> optimizer_operations() { return table; }

}  // namespace kajo::python
