// A sample x of a distribution with the cumulative function F(x; a) and the density p keeps F as a
// changes, so that dx/da = -(dF/da) / p. F is a power series or a continued fraction, which is
// differentiated term by term.
#include "cpu/random_gradient.h"

#include <cmath>

#include "core/parallel.h"

namespace kajo::cpu {

namespace {

// By recurrence to where the asymptotic series is exact.
double digamma(double x) {
    double shift = 0;
    for (; x < 10; x++) shift -= 1 / x;
    const double r = 1 / (x * x);
    return shift + std::log(x) - 0.5 / x -
           r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r * (1.0 / 240 - r / 132))));
}

// A value with its derivative.
struct Dual {
    double value, slope;
};

// The sum of 1 + x / (a + 1) + x^2 / ((a + 1)(a + 2)) + ..., and its derivative by a.
Dual lower_series(double a, double x) {
    Dual sum{1, 0};
    double term = 1, rate = 0;
    for (int k = 1; k < 100000; k++) {
        term *= x / (a + k);
        rate -= 1 / (a + k);
        sum.value += term;
        sum.slope += term * rate;
        if (std::abs(term * rate) < 1e-17 * std::abs(sum.slope) && term < 1e-17 * sum.value) break;
    }
    return sum;
}

// The continued fraction 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / ...)), from its
// tail.
Dual upper_fraction(double a, double x) {
    const int terms = 60 + static_cast<int>(12 * std::sqrt(a) + 400 / (1 + x));
    Dual tail{0, 0};
    for (int k = terms; k >= 1; k--) {
        const double below = x + 2 * k + 1 - a - tail.value;
        const double above = k * (k - a);
        tail = {above / below, (-k - above / below * (-1 - tail.slope)) / below};
    }
    const double below = x + 1 - a - tail.value;
    return {1 / below, (1 + tail.slope) / (below * below)};
}

// For a large shape: x = a + z sqrt(a) + (z^2 - 1) / 3 + (z^3 - 7 z) / (36 sqrt(a)) + ..., where z
// is a normal variate that stays as a changes.
double gamma_gradient_large(double a, double x) {
    const double root = std::sqrt(a);
    double z = (x - a) / root;
    for (int i = 0; i < 8; i++) {
        const double at = a + z * root + (z * z - 1) / 3 + (z * z * z - 7 * z) / (36 * root);
        const double slope = root + 2 * z / 3 + (3 * z * z - 7) / (36 * root);
        z -= (at - x) / slope;
    }
    return 1 + z / (2 * root) - (z * z * z - 7 * z) / (72 * a * root);
}

double gamma_gradient(double a, double x) {
    if (!(a > 0) || !(x >= 0)) return std::nan("");
    if (x == 0) return 0;
    if (a > 2000 && std::abs(x - a) < 8 * std::sqrt(a)) return gamma_gradient_large(a, x);
    const double logarithm = std::log(x);
    if (x < a + 1) {
        const Dual s = lower_series(a, x);
        return -x / a * (s.value * (logarithm - digamma(a + 1)) + s.slope);
    }
    const Dual f = upper_fraction(a, x);
    return x * (f.value * (logarithm - digamma(a)) + f.slope);
}

// The sum of 1 + y (a + b) / (b + 1) + y^2 (a + b)(a + b + 1) / ((b + 1)(b + 2)) + ...; its
// derivative by a, or by b with a held.
Dual beta_series(double a, double b, double y, bool by_b) {
    Dual sum{1, 0};
    double term = 1, rate = 0;
    for (int k = 0; k < 200000; k++) {
        term *= y * (a + b + k) / (b + 1 + k);
        rate += 1 / (a + b + k) - (by_b ? 1 / (b + 1 + k) : 0);
        sum.value += term;
        sum.slope += term * rate;
        if (term * std::abs(rate) < 1e-17 * std::abs(sum.slope) && term < 1e-17 * sum.value) break;
    }
    return sum;
}

// d x / d a for a sample x of Beta(a, b), divided by 1 - x.
double beta_gradient(double x, double a, double b) {
    if (!(a > 0) || !(b > 0) || !(x >= 0 && x <= 1)) return std::nan("");
    if (x == 0) return 0;
    const double logarithm = std::log(x), mean = digamma(a) - digamma(a + b);
    if (x * (a + b) <= a) {  // F = x^a (1 - x)^b / (a B(a, b)) * series
        const Dual s = beta_series(b, a, x, true);
        return -x / a * (s.value * (logarithm - mean - 1 / a) + s.slope);
    }
    // 1 - F, from the other end.
    const Dual s = beta_series(a, b, 1 - x, false);
    return x / b * (s.value * (logarithm - mean) + s.slope);
}

template <class F>
void each(const Tensor& out, const char* operation, F&& gradient) {
    dispatch<kFloats>(out.dtype(), operation, [&]<class T>() {
        T* target = out.data<T>();
        parallel_ranges(out.numel(), 64, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; i++)
                target[i] = static_cast<T>(gradient.template operator()<T>(i));
        });
    });
}

}  // namespace

void standard_gamma_gradient(TensorRefs out, TensorRefs in, const void*) {
    each(out[0], "_standard_gamma_grad", [&]<class T>(int64_t i) {
        return gamma_gradient(double(in[0].data<T>()[i]), double(in[1].data<T>()[i]));
    });
}

void dirichlet_gradient(TensorRefs out, TensorRefs in, const void*) {
    each(out[0], "_dirichlet_grad", [&]<class T>(int64_t i) {
        const auto alpha = double(in[1].data<T>()[i]);
        return beta_gradient(double(in[0].data<T>()[i]), alpha, double(in[2].data<T>()[i]) - alpha);
    });
}

}  // namespace kajo::cpu
