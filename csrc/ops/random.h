// Random fills, samples and dropout; equal to PyTorch's for the same generator state. A null
// generator stands for the default one.
#pragma once

#include <optional>
#include <tuple>

#include "core/generator.h"
#include "core/tensor.h"

namespace kajo::ops {

Tensor uniform_(const Tensor& self, double from, double to, Generator* generator);
Tensor normal_(const Tensor& self, double mean, double std, Generator* generator);
Tensor random_(const Tensor& self, Generator* generator);
Tensor random_to_(const Tensor& self, int64_t to, Generator* generator);
Tensor random_range_(const Tensor& self, int64_t from, std::optional<int64_t> to,
                     Generator* generator);
Tensor exponential_(const Tensor& self, double lambd, Generator* generator);
Tensor cauchy_(const Tensor& self, double median, double sigma, Generator* generator);
Tensor log_normal_(const Tensor& self, double mean, double std, Generator* generator);
Tensor geometric_(const Tensor& self, double p, Generator* generator);
Tensor bernoulli_(const Tensor& self, double p, Generator* generator);
Tensor bernoulli_tensor_(const Tensor& self, const Tensor& p, Generator* generator);

Tensor randperm(int64_t n, DType dtype, Device device, Generator* generator);
Tensor normal_tensor_number(const Tensor& mean, double std, Generator* generator);
Tensor normal_number_tensor(double mean, const Tensor& std, Generator* generator);
Tensor normal_tensor_tensor(const Tensor& mean, const Tensor& std, Generator* generator);
Tensor bernoulli(const Tensor& self, Generator* generator);
Tensor bernoulli_p(const Tensor& self, double p, Generator* generator);
Tensor multinomial(const Tensor& self, int64_t num_samples, bool replacement, Generator* generator);
Tensor poisson(const Tensor& self, Generator* generator);
Tensor binomial(const Tensor& count, const Tensor& prob, Generator* generator);
Tensor standard_gamma(const Tensor& self, Generator* generator);
Tensor sample_dirichlet(const Tensor& self, Generator* generator);
// The derivative of a sample by the parameter that it was drawn with, for each element.
Tensor standard_gamma_grad(const Tensor& self, const Tensor& output);
// Of x from a Dirichlet distribution by its own concentration, divided by 1 - x.
Tensor dirichlet_grad(const Tensor& x, const Tensor& alpha, const Tensor& total);

// The elements that are kept are divided by 1 - p. `feature`: one draw for each channel.
Tensor dropout(const Tensor& input, double p, bool train);
Tensor dropout_(const Tensor& input, double p, bool train);
Tensor feature_dropout(const Tensor& input, double p, bool train);
Tensor feature_dropout_(const Tensor& input, double p, bool train);
// Keeps mean and variance of normalised input.
Tensor alpha_dropout(const Tensor& input, double p, bool train);
Tensor alpha_dropout_(const Tensor& input, double p, bool train);
Tensor feature_alpha_dropout(const Tensor& input, double p, bool train);
Tensor feature_alpha_dropout_(const Tensor& input, double p, bool train);
// The result and the mask of what was kept.
std::tuple<Tensor, Tensor> native_dropout(const Tensor& input, double p, std::optional<bool> train);

// Negative elements are multiplied by a random slope while training, by the mean one otherwise.
Tensor rrelu(const Tensor& self, const Scalar& lower, const Scalar& upper, bool training,
             Generator* generator);
Tensor rrelu_(const Tensor& self, const Scalar& lower, const Scalar& upper, bool training,
              Generator* generator);

}  // namespace kajo::ops
