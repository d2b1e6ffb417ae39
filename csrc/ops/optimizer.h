// Steps of optimisers, in place on lists of tensors: lists of one length, or empty where not in
// use.
#pragma once

#include "core/tensor.h"

namespace kajo::ops {

void sgd_step_(const TensorList& params, const TensorList& grads,
               const TensorList& momentum_buffers, double lr, double momentum, double dampening,
               double weight_decay, bool nesterov, bool maximize, bool first);
void adam_step_(const TensorList& params, const TensorList& grads, const TensorList& exp_avgs,
                const TensorList& exp_avg_sqs, const TensorList& max_exp_avg_sqs,
                const TensorList& steps, double lr, double beta1, double beta2, double eps,
                double weight_decay, bool decoupled, bool amsgrad, bool maximize);
void rmsprop_step_(const TensorList& params, const TensorList& grads, const TensorList& square_avgs,
                   const TensorList& grad_avgs, const TensorList& momentum_buffers,
                   const TensorList& steps, double lr, double alpha, double eps,
                   double weight_decay, double momentum, bool centered, bool maximize);
void adagrad_step_(const TensorList& params, const TensorList& grads, const TensorList& sums,
                   const TensorList& steps, double lr, double lr_decay, double eps,
                   double weight_decay, bool maximize);
void adadelta_step_(const TensorList& params, const TensorList& grads,
                    const TensorList& square_avgs, const TensorList& acc_deltas,
                    const TensorList& steps, double lr, double rho, double eps, double weight_decay,
                    bool maximize);
void adamax_step_(const TensorList& params, const TensorList& grads, const TensorList& exp_avgs,
                  const TensorList& exp_infs, const TensorList& steps, double lr, double beta1,
                  double beta2, double eps, double weight_decay, bool maximize);

}  // namespace kajo::ops
