// Softmax, its relatives and layer normalisation of one contiguous row.
#include "cpu/rows.h"

#include <algorithm>
#include <cmath>

#include "cpu/exponentials.h"
#include "cpu/fold.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

// What stays in the L1 cache between two passes.
constexpr int64_t kTile = 2048;

// Eight numbers are summed up among themselves, so that only one addition waits for those before.
// Returns how many were done. Rounding in float64 is far below what float32 keeps of it.
int64_t running_sum_of_eights(float* y, const float* x, int64_t n, double& sum) {
    typedef float Eight __attribute__((vector_size(32)));
    using Sums = V<double>;
    using Places = V<int64_t>;
    constexpr Places by1{15, 0, 1, 2, 3, 4, 5, 6}, by2{14, 15, 0, 1, 2, 3, 4, 5},
        by4{12, 13, 14, 15, 0, 1, 2, 3}, last{7, 7, 7, 7, 7, 7, 7, 7};
    Sums before = filled<double>(sum);
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        Eight in;
        std::memcpy(&in, x + i, sizeof in);
        Sums s = __builtin_convertvector(in, Sums);
        s += __builtin_shuffle(s, Sums{}, by1);
        s += __builtin_shuffle(s, Sums{}, by2);
        s += __builtin_shuffle(s, Sums{}, by4);
        const Sums total = s + before;
        before += __builtin_shuffle(s, last);
        const Eight out = __builtin_convertvector(total, Eight);
        std::memcpy(y + i, &out, sizeof out);
    }
    sum = before[0];
    return i;
}

template <class T>
struct Row {
    // y = exp(x - shift), and the sum of it.
    static double shifted_exp(T* y, const T* x, int64_t n, T shift, TileFn exp) {
        if constexpr (std::is_same_v<T, float>) return shifted_exponentials(y, x, n, shift);
        double sum = 0;
        for (int64_t at = 0; at < n; at += kTile) {
            const int64_t count = std::min(kTile, n - at);
            map(y + at, count, [&](auto v) { return v - shift; }, x + at);
            const void* in[] = {y + at};
            void* out[] = {y + at};
            exp(in, out, nullptr, count);
            sum += fold_run<Add>(y + at, count);
        }
        return sum;
    }
    // The sum of exp(x - shift) alone.
    static double exp_sum(const T* x, int64_t n, T shift, TileFn exp) {
        if constexpr (std::is_same_v<T, float>) return shifted_exponentials(nullptr, x, n, shift);
        alignas(64) T buffer[kTile];
        double sum = 0;
        for (int64_t at = 0; at < n; at += kTile)
            sum += shifted_exp(buffer, x + at, std::min(kTile, n - at), shift, exp);
        return sum;
    }

    static void softmax(void* y_, const void* x_, int64_t n, TileFn exp) {
        T* y = static_cast<T*>(y_);
        const T* x = static_cast<const T*>(x_);
        const T largest = fold_run<Larger>(x, n);
        const double sum = shifted_exp(y, x, n, largest, exp);
        const T scale = static_cast<T>(1 / sum);
        map(y, n, [&](auto v) { return v * scale; }, y);
    }
    static void attention_weights(void* row, int64_t seen, int64_t n, TileFn exp) {
        T* y = static_cast<T*>(row);
        constexpr T kNever = -std::numeric_limits<T>::infinity();
        std::fill(y + seen, y + n, kNever);
        const T largest = fold_run<Larger>(y, n);
        if (largest == kNever) return std::fill(y, y + n, T(0));
        const T scale = static_cast<T>(1 / shifted_exp(y, y, n, largest, exp));
        map(y, n, [&](auto v) { return v * scale; }, y);
    }
    static void log_softmax(void* y_, const void* x_, int64_t n, TileFn exp) {
        T* y = static_cast<T*>(y_);
        const T* x = static_cast<const T*>(x_);
        const T largest = fold_run<Larger>(x, n);
        const T log_sum = static_cast<T>(std::log(exp_sum(x, n, largest, exp)));
        map(y, n, [&](auto v) { return v - largest - log_sum; }, x);
    }
    static void softmax_backward(void* out, const void* grad, const void* y, int64_t n) {
        const T *g = static_cast<const T*>(grad), *p = static_cast<const T*>(y);
        const T sum = total<T>(n, [](auto a, auto b) { return a * b; }, g, p);
        map(static_cast<T*>(out), n, [&](auto a, auto b) { return b * (a - sum); }, g, p);
    }
    static void log_softmax_backward(void* out_, const void* grad, const void* y, int64_t n,
                                     TileFn exp) {
        const T* g = static_cast<const T*>(grad);
        T* out = static_cast<T*>(out_);
        const T sum = fold_run<Add>(g, n);
        alignas(64) T buffer[kTile];
        for (int64_t at = 0; at < n; at += kTile) {
            const int64_t count = std::min(kTile, n - at);
            const void* in[] = {static_cast<const T*>(y) + at};
            void* result[] = {buffer};
            exp(in, result, nullptr, count);
            map(out + at, count, [&](auto a, auto p) { return a - p * sum; }, g + at, +buffer);
        }
    }
    static double log_sum_exp(const void* x_, int64_t n, TileFn exp) {
        const T* x = static_cast<const T*>(x_);
        const T largest = fold_run<Larger>(x, n);
        return static_cast<double>(largest) + std::log(exp_sum(x, n, largest, exp));
    }
    static void scaled_exp(void* y_, const void* x, int64_t n, double shift, double scale,
                           TileFn exp) {
        T* y = static_cast<T*>(y_);
        shifted_exp(y, static_cast<const T*>(x), n, static_cast<T>(shift), exp);
        const T factor = static_cast<T>(scale);
        map(y, n, [&](auto v) { return v * factor; }, y);
    }

    // Several rows at once, so that their roots and divisions go side by side.
    template <bool CENTERED>
    static void normalize(void* y_, const void* x_, const void* weight, const void* bias,
                          int64_t rows, int64_t n, double eps, double* mean_out, double* rstd_out) {
        constexpr int64_t kAbreast = 16, kCached = 4096;
        const int64_t abreast = std::clamp<int64_t>(kCached / n, 1, kAbreast);
        const T *x = static_cast<const T*>(x_), *w = static_cast<const T*>(weight),
                *b = static_cast<const T*>(bias);
        T* y = static_cast<T*>(y_);
        const T count = static_cast<T>(n);
        for (int64_t first = 0; first < rows; first += abreast) {
            const int64_t some = std::min(abreast, rows - first);
            double mean[kAbreast] = {}, lacking[kAbreast] = {}, squares[kAbreast] = {};
            for (int64_t r = 0; r < some; r++) {
                const T* row = x + (first + r) * n;
                if constexpr (CENTERED) {
                    // About the rounded mean; what that lacks is added to it and taken from the
                    // squares.
                    const T m = fold_run<Add>(row, n) / count;
                    const auto sums = totals<T, 2>(
                        n, [&](auto v, auto& p, auto& q) { p += v - m, q += (v - m) * (v - m); },
                        row);
                    mean[r] = static_cast<double>(m);
                    lacking[r] = static_cast<double>(sums[0]);
                    squares[r] = static_cast<double>(sums[1]);
                } else {
                    squares[r] = static_cast<double>(fold_run<AddSquares>(row, n));
                }
            }
            T center[kAbreast], scale[kAbreast];
            double rstd[kAbreast];
            for (int64_t r = 0; r < kAbreast; r++) {
                const double all = static_cast<double>(n), lack = lacking[r] / all;
                const double variance = std::max(0.0, squares[r] / all - lack * lack);
                center[r] = static_cast<T>(mean[r]) + static_cast<T>(lack);
                rstd[r] = 1 / std::sqrt(variance + eps);
                scale[r] = static_cast<T>(rstd[r]);
            }
            for (int64_t r = 0; r < some; r++) {
                rstd_out[first + r] = rstd[r];
                if constexpr (CENTERED) mean_out[first + r] = static_cast<double>(center[r]);
                write_normal<CENTERED>(y + (first + r) * n, x + (first + r) * n, w, b, n, center[r],
                                       scale[r]);
            }
        }
    }
    template <bool CENTERED>
    static void write_normal(T* y, const T* x, const T* w, const T* b, int64_t n, T center,
                             T scale) {
        const auto normal = [&](auto v) {
            if constexpr (CENTERED)
                return (v - center) * scale;
            else
                return v * scale;
        };
        if (w && b)
            map(y, n, [&](auto v, auto a, auto c) { return normal(v) * a + c; }, x, w, b);
        else if (w)
            map(y, n, [&](auto v, auto a) { return normal(v) * a; }, x, w);
        else if (b)
            map(y, n, [&](auto v, auto c) { return normal(v) + c; }, x, b);
        else
            map(y, n, normal, x);
    }
    template <bool CENTERED>
    static void normalize_backward(void* out_, const void* grad, const void* x_, const void* weight,
                                   int64_t n, double mean_, double rstd_, void* grad_weight,
                                   void* grad_bias) {
        T* out = static_cast<T*>(out_);
        const T *g = static_cast<const T*>(grad), *x = static_cast<const T*>(x_),
                *w = static_cast<const T*>(weight);
        const T mean = static_cast<T>(mean_), rstd = static_cast<T>(rstd_);
        T *gw = static_cast<T*>(grad_weight), *gb = static_cast<T*>(grad_bias);
        if (gw && w)
            norm_backward<CENTERED, true, true>(out, g, x, w, n, mean, rstd, gw, gb);
        else if (gw)
            norm_backward<CENTERED, false, true>(out, g, x, w, n, mean, rstd, gw, gb);
        else if (w)
            norm_backward<CENTERED, true, false>(out, g, x, w, n, mean, rstd, gw, gb);
        else
            norm_backward<CENTERED, false, false>(out, g, x, w, n, mean, rstd, gw, gb);
    }
    // One pass for all sums, those over rows and those of this row, and one for the result.
    template <bool CENTERED, bool WEIGHTS, bool SUMS>
    static void norm_backward(T* out, const T* g, const T* x, const T* w, int64_t n, T mean, T rstd,
                              T* gw, T* gb) {
        const auto part = [&](const T* p, int64_t i, auto& v) { std::memcpy(&v, p + i, sizeof v); };
        const auto step = [&](int64_t i, auto& sum, auto& along) {
            std::remove_reference_t<decltype(sum)> a, v;
            part(g, i, a);
            part(x, i, v);
            v = (v - mean) * rstd;
            if constexpr (SUMS) {
                std::remove_reference_t<decltype(sum)> s;
                part(gw, i, s);
                s += a * v;
                std::memcpy(gw + i, &s, sizeof s);
                part(gb, i, s);
                s += a;
                std::memcpy(gb + i, &s, sizeof s);
            }
            if constexpr (WEIGHTS) {
                std::remove_reference_t<decltype(sum)> c;
                part(w, i, c);
                a *= c;
            }
            sum += a;
            along += a * v;
        };
        V<T> sums[2]{}, alongs[2]{};
        T sum_rest = 0, along_rest = 0;
        int64_t i = 0;
        for (; i + 2 * kLanes<T> <= n; i += 2 * kLanes<T>) {
            step(i, sums[0], alongs[0]);
            step(i + kLanes<T>, sums[1], alongs[1]);
        }
        for (; i + kLanes<T> <= n; i += kLanes<T>) step(i, sums[0], alongs[0]);
        for (; i < n; i++) step(i, sum_rest, along_rest);
        if (!out) return;
        const T count = static_cast<T>(n);
        [[maybe_unused]] const T sum = (fold_lanes<Add, T>(sums[0] + sums[1]) + sum_rest) / count;
        const T along = (fold_lanes<Add, T>(alongs[0] + alongs[1]) + along_rest) / count;
        const auto inner = [&](auto a, auto v) {
            if constexpr (CENTERED)
                return (a - sum - (v - mean) * rstd * along) * rstd;
            else
                return (a - v * rstd * along) * rstd;
        };
        if constexpr (WEIGHTS)
            map(out, n, [&](auto a, auto c, auto v) { return inner(a * c, v); }, g, w, x);
        else
            map(out, n, inner, g, x);
    }

    static void running_sum(void* y_, const void* x_, int64_t n) {
        T* y = static_cast<T*>(y_);
        const T* x = static_cast<const T*>(x_);
        double sum = 0;
        int64_t i = 0;
        if constexpr (std::is_same_v<T, float>) i = running_sum_of_eights(y, x, n, sum);
        for (; i < n; i++) y[i] = static_cast<T>(sum += static_cast<double>(x[i]));
    }

    static void running_sums(void* y_, const void* x_, int64_t n, int64_t y_stride,
                             int64_t x_stride) {
        typedef T Lane __attribute__((vector_size(8 * sizeof(T))));
        T* y = static_cast<T*>(y_);
        const T* x = static_cast<const T*>(x_);
        V<double> sums[2]{};
        for (int64_t i = 0; i < n; i++)
            for (int k = 0; k < 2; k++) {
                Lane v;
                std::memcpy(&v, x + i * x_stride + 8 * k, sizeof v);
                sums[k] += __builtin_convertvector(v, V<double>);
                v = __builtin_convertvector(sums[k], Lane);
                std::memcpy(y + i * y_stride + 8 * k, &v, sizeof v);
            }
    }

    static constexpr RowFunctions functions{softmax,
                                            attention_weights,
                                            log_softmax,
                                            softmax_backward,
                                            log_softmax_backward,
                                            log_sum_exp,
                                            scaled_exp,
                                            normalize<true>,
                                            normalize<false>,
                                            normalize_backward<true>,
                                            normalize_backward<false>,
                                            running_sum,
                                            running_sums};
};

}  // namespace

extern const RowKernels row_kernels;
const RowKernels row_kernels{Row<float>::functions, Row<double>::functions};

}  // namespace kajo::cpu::KAJO_ISA
