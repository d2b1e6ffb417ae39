// Random numbers into contiguous tensors, as kernels for `launch`.
#pragma once

#include <cstdint>

#include "core/generator.h"
#include "core/tensor.h"

namespace kajo::cpu {

// What a fill is steered by; each kernel reads what concerns it.
struct RandomAttributes {
    Generator* generator;
    double first = 0, second = 0;  // bounds, mean and deviation, rate, probability ...
    int64_t from = 0;
    uint64_t range = 0;       // 0: all of int64
    bool one_by_one = false;  // PyTorch draws tensors that are not contiguous this way
};

// output: contiguous.
void uniform(TensorRefs outputs, TensorRefs inputs, const void* attributes);
void normal(TensorRefs outputs, TensorRefs inputs, const void* attributes);
void random(TensorRefs outputs, TensorRefs inputs, const void* attributes);
void random_range(TensorRefs outputs, TensorRefs inputs, const void* attributes);
void exponential(TensorRefs outputs, TensorRefs inputs, const void* attributes);
void cauchy(TensorRefs outputs, TensorRefs inputs, const void* attributes);
void log_normal(TensorRefs outputs, TensorRefs inputs, const void* attributes);
void geometric(TensorRefs outputs, TensorRefs inputs, const void* attributes);
void bernoulli(TensorRefs outputs, TensorRefs inputs, const void* attributes);
void permutation(TensorRefs outputs, TensorRefs inputs, const void* attributes);

// output and inputs: contiguous, of one shape; refuse probabilities and rates out of bounds.
void bernoulli_each(TensorRefs outputs, TensorRefs inputs, const void* attributes);
void poisson(TensorRefs outputs, TensorRefs inputs, const void* attributes);
void standard_gamma(TensorRefs outputs, TensorRefs inputs, const void* attributes);
void binomial(TensorRefs outputs, TensorRefs inputs, const void* attributes);
void dirichlet(TensorRefs outputs, TensorRefs inputs,
               const void* attributes);  // rows of the last dimension

// output: 1, or for inputs that are not positive a number in [first, second); contiguous.
void rrelu_slopes(TensorRefs outputs, TensorRefs inputs, const void* attributes);

// output: [rows, samples] of int64; input: [rows, categories].
struct MultinomialAttributes {
    Generator* generator;
    bool replacement;
};
void multinomial(TensorRefs outputs, TensorRefs inputs, const void* attributes);

}  // namespace kajo::cpu
