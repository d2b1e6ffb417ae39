#include "core/random_sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/half.h"
#include "core/random_fill.h"

namespace kajo {
namespace {

// 16-bit types are computed in float.
template <class T>
using Computing = std::conditional_t<std::is_same_v<T, double>, double, float>;

template <class T>
T from_index(int64_t index) {
    if constexpr (std::is_arithmetic_v<T>)
        return static_cast<T>(index);
    else
        return T(static_cast<float>(index));
}

// Marsaglia and Tsang, "A simple method for generating gamma variables" (2000). What is rounded to
// T or to float is rounded so in PyTorch, whose draws would otherwise now and then be others.
template <class T>
double gamma_variate(T shape, Generator& generator) {
    if (shape == 0) return 0;
    double scale = 1;
    if (shape < 1) {
        scale = std::pow(1 - generator.uniform(), static_cast<double>(1 / shape));
        shape += 1;
    }
    const double d = shape - 1.0f / 3.0f;
    const double c = 1 / std::sqrt(9 * d);
    for (;;) {
        double x, y;
        do {
            x = generator.normal();
            y = 1 + c * x;
        } while (y <= 0);
        const double v = y * y * y;
        const double u = 1 - generator.uniform();
        const double xx = x * x;
        if (u < 1 - 0.0331f * xx * xx) return scale * d * v;
        if (std::log(u) < 0.5 * xx + d * (1 - v + std::log(v))) return scale * d * v;
    }
}

double log_factorial(double k) { return std::lgamma(k + 1); }

// Hoermann, "The transformed rejection method for generating Poisson random variables" (1993).
double large_poisson_variate(double rate, Generator& generator) {
    const double root = std::sqrt(rate);
    const double log_rate = std::log(rate);
    const double b = 0.931 + 2.53 * root;
    const double a = -0.059 + 0.02483 * b;
    const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    const double accept = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
        const double u = generator.uniform() - 0.5;
        const double v = generator.uniform();
        const double us = 0.5 - std::fabs(u);
        const double k = std::floor((2 * a / us + b) * u + rate + 0.43);
        if (us >= 0.07 && v <= accept) return k;
        if (k < 0 || (us < 0.013 && v > us)) continue;
        const double bound = -rate + k * log_rate - log_factorial(k);
        if (std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b) <= bound) return k;
    }
}

double poisson_variate(double rate, Generator& generator) {
    if (rate >= 10) return large_poisson_variate(rate, generator);
    if (rate == 0) return 0;
    const double limit = std::exp(-rate);
    double product = generator.uniform();
    int64_t k = 0;
    while (product > limit) {
        ++k;
        product *= generator.uniform();
    }
    return static_cast<double>(k);
}

// log(k!) less its Stirling approximation.
double stirling_tail(double k) {
    constexpr double kTable[] = {
        0.0810614667953272,  0.0413406959554092,  0.0276779256849983, 0.02079067210376509,
        0.0166446911898211,  0.0138761288230707,  0.0118967099458917, 0.0104112652619720,
        0.00925546218271273, 0.00833056343336287,
    };
    if (k <= 9) return kTable[static_cast<int>(k)];
    const double square = (k + 1) * (k + 1);
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1);
}

// Hoermann, "The generation of binomial random variates" (1993), algorithm BTRS.
template <class T>
double binomial_by_rejection(T n, T p, Generator& generator) {
    const double deviation = std::sqrt(n * p * (1 - p));
    const double b = 1.15 + 2.53 * deviation;
    const double a = -0.0873 + 0.0248 * b + 0.01 * p;
    const double centre = n * p + 0.5;
    const double accept = 0.92 - 4.2 / b;
    const double odds = p / (1 - p);
    const double alpha = (2.83 + 5.1 / b) * deviation;
    const double mode = std::floor((n + 1) * p);
    for (;;) {
        const double u = generator.uniform() - 0.5;
        const double v = generator.uniform();
        const double us = 0.5 - std::fabs(u);
        const double k = std::floor((2 * a / us + b) * u + centre);
        if (us >= 0.07 && v <= accept) return k;
        if (k < 0 || k > n) continue;
        const double bound = (mode + 0.5) * std::log((mode + 1) / (odds * (n - mode + 1))) +
                             (n + 1) * std::log((n - mode + 1) / (n - k + 1)) +
                             (k + 0.5) * std::log(odds * (n - k + 1) / (k + 1)) +
                             stirling_tail(mode) + stirling_tail(n - mode) - stirling_tail(k) -
                             stirling_tail(n - k);
        if (std::log(v * alpha / (a / (us * us) + b)) <= bound) return k;
    }
}

// Adds up geometric waiting times until they exceed the trials.
double binomial_by_waiting(double n, double p, Generator& generator) {
    const double log_failure = std::log1p(-p);
    double successes = 0;
    for (double waited = 0;; ++successes) {
        waited += std::ceil(std::log(generator.uniform()) / log_failure);
        if (waited > n) return successes;
    }
}

template <class T>
T binomial_variate(T n, T p, Generator& generator) {
    if (std::isnan(n) || std::isnan(p)) return std::numeric_limits<T>::quiet_NaN();
    if (n <= 0 || p <= 0) return 0;
    if (p >= 1) return n;
    const T q = p <= 0.5 ? p : 1 - p;
    const double k =
        n * q >= 10 ? binomial_by_rejection(n, q, generator) : binomial_by_waiting(n, q, generator);
    return static_cast<T>(p <= 0.5 ? k : n - k);
}

template <class P>
void draw_with_replacement(const P* weights, int64_t categories, int64_t samples, int64_t* out,
                           std::vector<Computing<P>>& cumulative, Generator& generator) {
    using V = Computing<P>;
    V sum = 0;
    for (int64_t i = 0; i < categories; ++i) {
        sum += static_cast<V>(weights[i]);
        cumulative[static_cast<std::size_t>(i)] = sum;
    }
    if (sum > 0) {
        for (V& value : cumulative) value /= sum;
    }
    cumulative.back() = V(1);
    for (int64_t i = 0; i < samples; ++i) {
        const double u = generator.uniform();
        const auto below = [](V value, double bound) { return value < bound; };
        out[i] =
            std::lower_bound(cumulative.begin(), cumulative.end(), u, below) - cumulative.begin();
    }
}

// The `samples` largest weight / exponential variate, largest first, are a draw without
// replacement.
template <class P>
void draw_without_replacement(const P* weights, int64_t categories, int64_t samples, int64_t* out,
                              std::vector<P>& keys, std::vector<int64_t>& order,
                              Generator& generator) {
    using V = Computing<P>;
    fill_exponential(keys.data(), categories, 1.0, generator);
    for (int64_t i = 0; i < categories; ++i) {
        P& key = keys[static_cast<std::size_t>(i)];
        key = P(static_cast<V>(weights[i]) / static_cast<V>(key));
    }
    std::iota(order.begin(), order.end(), int64_t{0});
    std::partial_sort(order.begin(), order.begin() + samples, order.end(),
                      [&](int64_t a, int64_t b) {
                          const V x = static_cast<V>(keys[static_cast<std::size_t>(a)]);
                          const V y = static_cast<V>(keys[static_cast<std::size_t>(b)]);
                          return x > y || (x == y && a < b);
                      });
    std::copy_n(order.begin(), samples, out);
}

}  // namespace

template <class T>
void random_permutation(T* out, int64_t n, Generator& generator) {
    const std::lock_guard lock(generator.mutex());
    // With more elements the modulo of a 32-bit number would favour some of them.
    constexpr int64_t kMostFor32Bits = std::numeric_limits<uint32_t>::max() / 20;
    if (n >= kMostFor32Bits) {
        for (int64_t i = 0; i < n; ++i) {
            const auto z =
                static_cast<int64_t>(generator.random64() % static_cast<uint64_t>(i + 1));
            out[i] = from_index<T>(i);
            out[i] = out[z];
            out[z] = from_index<T>(i);
        }
        return;
    }
    for (int64_t i = 0; i < n; ++i) out[i] = from_index<T>(i);
    for (int64_t i = 0; i < n - 1; ++i) {
        std::swap(out[i], out[i + generator.random() % static_cast<uint32_t>(n - i)]);
    }
}

template <class P>
void sample_multinomial(const P* weights, int64_t rows, int64_t categories, int64_t samples,
                        bool replacement, int64_t* out, Generator& generator) {
    if (categories == 0 || samples == 0) return;
    // PyTorch draws a single sample the same way, with replacement or without.
    if (!replacement || samples == 1) {
        std::vector<P> keys(static_cast<std::size_t>(categories));
        std::vector<int64_t> order(static_cast<std::size_t>(categories));
        for (int64_t row = 0; row < rows; ++row) {
            draw_without_replacement(weights + row * categories, categories, samples,
                                     out + row * samples, keys, order, generator);
        }
        return;
    }
    std::vector<Computing<P>> cumulative(static_cast<std::size_t>(categories));
    const std::lock_guard lock(generator.mutex());
    for (int64_t row = 0; row < rows; ++row) {
        draw_with_replacement(weights + row * categories, categories, samples, out + row * samples,
                              cumulative, generator);
    }
}

template <class T>
void sample_gamma(const T* shape, T* out, int64_t n, Generator& generator) {
    const std::lock_guard lock(generator.mutex());
    for (int64_t i = 0; i < n; ++i) {
        const T value = static_cast<T>(gamma_variate(shape[i], generator));
        out[i] = std::max(std::numeric_limits<T>::min(), value);
    }
}

template <class T>
void sample_dirichlet(const T* concentration, T* out, int64_t rows, int64_t categories,
                      Generator& generator) {
    const std::lock_guard lock(generator.mutex());
    std::vector<double> gammas(static_cast<std::size_t>(categories));
    for (int64_t row = 0; row < rows; ++row) {
        const T* shapes = concentration + row * categories;
        T* values = out + row * categories;
        double sum = 0;
        for (std::size_t i = 0; i < gammas.size(); ++i) {
            const double value = gamma_variate(static_cast<double>(shapes[i]), generator);
            gammas[i] = std::max(std::numeric_limits<double>::min(), value);
            sum += gammas[i];
        }
        for (std::size_t i = 0; i < gammas.size(); ++i) {
            values[i] = std::max(std::numeric_limits<T>::min(), static_cast<T>(gammas[i] / sum));
        }
    }
}

template <class T>
void sample_poisson(const T* rate, T* out, int64_t n, Generator& generator) {
    const std::lock_guard lock(generator.mutex());
    for (int64_t i = 0; i < n; ++i) {
        const double value = poisson_variate(static_cast<double>(rate[i]), generator);
        if constexpr (std::is_same_v<T, double>)
            out[i] = value;
        else
            out[i] = T(static_cast<float>(value));
    }
}

template <class T>
void sample_binomial(const T* count, const T* probability, T* out, int64_t n,
                     Generator& generator) {
    const std::lock_guard lock(generator.mutex());
    for (int64_t i = 0; i < n; ++i) {
        out[i] = binomial_variate(count[i], probability[i], generator);
    }
}

#define KAJO_PERMUTATION(T) template void random_permutation(T*, int64_t, Generator&);
KAJO_PERMUTATION(uint8_t)
KAJO_PERMUTATION(int8_t)
KAJO_PERMUTATION(int16_t)
KAJO_PERMUTATION(int32_t)
KAJO_PERMUTATION(int64_t)

#define KAJO_FLOATING_SAMPLING(T)                                                         \
    KAJO_PERMUTATION(T)                                                                   \
    template void sample_multinomial(const T*, int64_t, int64_t, int64_t, bool, int64_t*, \
                                     Generator&);                                         \
    template void sample_poisson(const T*, T*, int64_t, Generator&);
KAJO_FLOATING_SAMPLING(float)
KAJO_FLOATING_SAMPLING(double)
KAJO_FLOATING_SAMPLING(Half)
KAJO_FLOATING_SAMPLING(BFloat16)

#define KAJO_FULL_PRECISION_SAMPLING(T)                                         \
    template void sample_gamma(const T*, T*, int64_t, Generator&);              \
    template void sample_dirichlet(const T*, T*, int64_t, int64_t, Generator&); \
    template void sample_binomial(const T*, const T*, T*, int64_t, Generator&);
KAJO_FULL_PRECISION_SAMPLING(float)
KAJO_FULL_PRECISION_SAMPLING(double)

}  // namespace kajo
