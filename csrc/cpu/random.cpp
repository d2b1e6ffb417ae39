#include "cpu/random.h"

#include <cmath>
#include <mutex>

#include "core/random_fill.h"
#include "core/random_sampling.h"

namespace kajo::cpu {

namespace {

constexpr uint8_t kFloating = kFloats | kHalves;

const RandomAttributes& as_random(const void* attributes) {
    return *static_cast<const RandomAttributes*>(attributes);
}

template <class T>
double to_number(T value) {
    if constexpr (kIsHalf<T>)
        return static_cast<double>(static_cast<float>(value));
    else
        return static_cast<double>(value);
}

template <class T, class Accept>
void check_each(const T* values, int64_t n, Accept accept, const char* complaint) {
    for (int64_t i = 0; i < n; i++) check(accept(to_number(values[i])), complaint);
}

}  // namespace

void uniform(TensorRefs outputs, TensorRefs, const void* attributes) {
    const Tensor& out = outputs[0];
    const auto& a = as_random(attributes);
    dispatch<kFloating>(out.dtype(), "uniform_", [&]<class T>() {
        fill_uniform(out.data<T>(), out.numel(), a.first, a.second, *a.generator);
    });
}

void normal(TensorRefs outputs, TensorRefs, const void* attributes) {
    const Tensor& out = outputs[0];
    const auto& a = as_random(attributes);
    dispatch<kFloating>(out.dtype(), "normal_", [&]<class T>() {
        if (a.one_by_one)
            fill_normal_one_by_one(out.data<T>(), out.numel(), a.first, a.second, *a.generator);
        else
            fill_normal(out.data<T>(), out.numel(), a.first, a.second, *a.generator);
    });
}

void random(TensorRefs outputs, TensorRefs, const void* attributes) {
    const Tensor& out = outputs[0];
    dispatch<kRealsAndBool>(out.dtype(), "random_", [&]<class T>() {
        fill_random(out.data<T>(), out.numel(), *as_random(attributes).generator);
    });
}

void random_range(TensorRefs outputs, TensorRefs, const void* attributes) {
    const Tensor& out = outputs[0];
    const auto& a = as_random(attributes);
    dispatch<kRealsAndBool>(out.dtype(), "random_", [&]<class T>() {
        fill_random_range(out.data<T>(), out.numel(), a.from, a.range, *a.generator);
    });
}

void exponential(TensorRefs outputs, TensorRefs, const void* attributes) {
    const Tensor& out = outputs[0];
    const auto& a = as_random(attributes);
    dispatch<kFloating>(out.dtype(), "exponential_", [&]<class T>() {
        fill_exponential(out.data<T>(), out.numel(), a.first, *a.generator);
    });
}

void cauchy(TensorRefs outputs, TensorRefs, const void* attributes) {
    const Tensor& out = outputs[0];
    const auto& a = as_random(attributes);
    dispatch<kFloating>(out.dtype(), "cauchy_", [&]<class T>() {
        fill_cauchy(out.data<T>(), out.numel(), a.first, a.second, *a.generator);
    });
}

void log_normal(TensorRefs outputs, TensorRefs, const void* attributes) {
    const Tensor& out = outputs[0];
    const auto& a = as_random(attributes);
    dispatch<kFloating>(out.dtype(), "log_normal_", [&]<class T>() {
        fill_log_normal(out.data<T>(), out.numel(), a.first, a.second, *a.generator);
    });
}

void geometric(TensorRefs outputs, TensorRefs, const void* attributes) {
    const Tensor& out = outputs[0];
    const auto& a = as_random(attributes);
    dispatch<kReals>(out.dtype(), "geometric_", [&]<class T>() {
        fill_geometric(out.data<T>(), out.numel(), a.first, *a.generator);
    });
}

void bernoulli(TensorRefs outputs, TensorRefs, const void* attributes) {
    const Tensor& out = outputs[0];
    const auto& a = as_random(attributes);
    dispatch<kRealsAndBool>(out.dtype(), "bernoulli_", [&]<class T>() {
        fill_bernoulli(out.data<T>(), out.numel(), a.first, *a.generator);
    });
}

void permutation(TensorRefs outputs, TensorRefs, const void* attributes) {
    const Tensor& out = outputs[0];
    dispatch<kReals>(out.dtype(), "randperm", [&]<class T>() {
        random_permutation(out.data<T>(), out.numel(), *as_random(attributes).generator);
    });
}

void bernoulli_each(TensorRefs outputs, TensorRefs inputs, const void* attributes) {
    const Tensor &out = outputs[0], &p = inputs[0];
    dispatch<kFloating>(p.dtype(), "bernoulli", [&]<class P>() {
        check_each(
            p.data<P>(), p.numel(), [](double v) { return v >= 0 && v <= 1; },
            "bernoulli(): every probability must be in [0, 1]");
        dispatch<kRealsAndBool>(out.dtype(), "bernoulli", [&]<class T>() {
            fill_bernoulli_each(out.data<T>(), p.data<P>(), out.numel(),
                                *as_random(attributes).generator);
        });
    });
}

void poisson(TensorRefs outputs, TensorRefs inputs, const void* attributes) {
    const Tensor &out = outputs[0], &rate = inputs[0];
    dispatch<kFloating>(rate.dtype(), "poisson", [&]<class T>() {
        check_each(
            rate.data<T>(), rate.numel(), [](double v) { return v >= 0; },
            "poisson(): invalid Poisson rate, expected rate to be non-negative");
        sample_poisson(rate.data<T>(), out.data<T>(), out.numel(),
                       *as_random(attributes).generator);
    });
}

void standard_gamma(TensorRefs outputs, TensorRefs inputs, const void* attributes) {
    const Tensor &out = outputs[0], &shape = inputs[0];
    dispatch<kFloats>(shape.dtype(), "_standard_gamma", [&]<class T>() {
        sample_gamma(shape.data<T>(), out.data<T>(), out.numel(), *as_random(attributes).generator);
    });
}

void binomial(TensorRefs outputs, TensorRefs inputs, const void* attributes) {
    const Tensor& out = outputs[0];
    dispatch<kFloats>(out.dtype(), "binomial", [&]<class T>() {
        sample_binomial(inputs[0].data<T>(), inputs[1].data<T>(), out.data<T>(), out.numel(),
                        *as_random(attributes).generator);
    });
}

void dirichlet(TensorRefs outputs, TensorRefs inputs, const void* attributes) {
    const Tensor &out = outputs[0], &concentration = inputs[0];
    const int64_t categories = out.dim() ? out.size(-1) : 1;
    dispatch<kFloats>(out.dtype(), "_sample_dirichlet", [&]<class T>() {
        sample_dirichlet(concentration.data<T>(), out.data<T>(),
                         out.numel() / std::max<int64_t>(categories, 1), categories,
                         *as_random(attributes).generator);
    });
}

void rrelu_slopes(TensorRefs outputs, TensorRefs inputs, const void* attributes) {
    const Tensor &out = outputs[0], &input = inputs[0];
    const auto& a = as_random(attributes);
    const std::lock_guard lock(a.generator->mutex());
    dispatch<kFloating>(out.dtype(), "rrelu", [&]<class T>() {
        const T* x = input.data<T>();
        T* slopes = out.data<T>();
        for (int64_t i = 0; i < out.numel(); i++) {
            const bool positive = to_number(x[i]) > 0;
            const double slope =
                positive ? 1.0 : a.first + a.generator->uniform() * (a.second - a.first);
            if constexpr (kIsHalf<T>)
                slopes[i] = T(static_cast<float>(slope));
            else
                slopes[i] = static_cast<T>(slope);
        }
    });
}

void multinomial(TensorRefs outputs, TensorRefs inputs, const void* attributes) {
    const Tensor &out = outputs[0], &weights = inputs[0];
    const auto& a = *static_cast<const MultinomialAttributes*>(attributes);
    const int64_t rows = weights.size(0), categories = weights.size(1);
    dispatch<kFloating>(weights.dtype(), "multinomial", [&]<class P>() {
        const P* w = weights.data<P>();
        check_each(
            w, weights.numel(), [](double v) { return v >= 0 && std::isfinite(v); },
            "multinomial(): probability tensor contains either `inf`, `nan` or element < 0");
        for (int64_t row = 0; row < rows; row++) {
            double sum = 0;
            for (int64_t i = 0; i < categories; i++) sum += to_number(w[row * categories + i]);
            check(sum > 0,
                  "multinomial(): invalid multinomial distribution (sum of probabilities <= 0)");
        }
        sample_multinomial(w, rows, categories, out.size(1), a.replacement, out.data<int64_t>(),
                           *a.generator);
    });
}

}  // namespace kajo::cpu
