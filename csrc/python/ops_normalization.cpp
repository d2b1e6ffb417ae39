// Python names of normalisation.
#include "ops/normalization.h"
#include "python/bind.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

Tensor batch_norm_function(const Tensor& input, const Tensor& weight, const Tensor& bias,
                           const Tensor& running_mean, const Tensor& running_var, bool training,
                           double momentum, double eps, bool) {
    return ops::batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps);
}
Tensor layer_norm_function(const Tensor& input, IntSpan normalized_shape, const Tensor& weight,
                           const Tensor& bias, double eps, bool) {
    return ops::layer_norm(input, normalized_shape, weight, bias, eps);
}
Tensor group_norm_function(const Tensor& input, int64_t num_groups, const Tensor& weight,
                           const Tensor& bias, double eps, bool) {
    return ops::group_norm(input, num_groups, weight, bias, eps);
}

// cudnn_enabled is part of the names' signature and has no effect here.
const OpEntry table[] = {
    {"layer_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, Tensor? bias=None, "
     "float eps=1e-05, bool cudnn_enable=True) -> Tensor",
     bind<&layer_norm_function>, kFunction},
    {"_rms_norm(Tensor input, int[] normalized_shape, Tensor? weight, float eps) -> Tensor",
     bind<&ops::rms_norm>, kPrivate},
    {"batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? "
     "running_var, bool training, float momentum, float eps, bool cudnn_enabled=True) -> Tensor",
     bind<&batch_norm_function>, kFunction},
    {"group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, float "
     "eps=1e-05, bool cudnn_enabled=True) -> Tensor",
     bind<&group_norm_function>, kFunction},
};

}  // namespace

std::span<const OpEntry> normalization_operations() { return table; }

}  // namespace kajo::python
