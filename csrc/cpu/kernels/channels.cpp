// Statistics and affine maps of one channel.
#include "cpu/channels.h"

#include <algorithm>

#include "cpu/fold.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

// What is summed in the type itself; longer sums continue in double precision.
constexpr int64_t kRun = 2048;

template <class F>
void each_run(const Planes& where, F f) {
    for (int64_t plane = 0; plane < where.planes; plane++)
        for (int64_t at = 0; at < where.n; at += kRun)
            f(plane * where.stride + at, std::min(kRun, where.n - at));
}

// Of elements E, computed in T.
template <class E>
struct Channel {
    using T = Folded<E>;
    static const E* from(const void* p) { return static_cast<const E*>(p); }
    static T sum_of(const E* p, int64_t n) {
        if constexpr (std::is_same_v<E, T>) return fold_run<Add>(p, n);
        return total<T>(n, [](auto v) { return v; }, p);
    }

    static void moments(const void* x, const Planes& where, double* mean, double* variance) {
        const double count = static_cast<double>(where.planes * where.n);
        double sum = 0;
        each_run(where, [&](int64_t at, int64_t n) { sum += sum_of(from(x) + at, n); });
        const T center = static_cast<T>(sum / count);
        // The deviations' own sum takes out what rounding the center cost.
        double linear = 0, squares = 0;
        each_run(where, [&](int64_t at, int64_t n) {
            const E* p = from(x) + at;
            V<T> line{}, square{};
            int64_t i = 0;
            for (; i + kLanes<T> <= n; i += kLanes<T>) {
                const V<T> d = load(p + i) - center;
                line += d;
                square += d * d;
            }
            linear += fold_lanes<Add, T>(line);
            squares += fold_lanes<Add, T>(square);
            for (; i < n; i++) {
                const double d = static_cast<double>(T(p[i]) - center);
                linear += d;
                squares += d * d;
            }
        });
        *mean = static_cast<double>(center) + linear / count;
        *variance = std::max(0.0, squares - linear * linear / count) / count;
    }

    static void affine(void* y, const void* x, const Planes& where, double scale_, double shift_) {
        const T scale = static_cast<T>(scale_), shift = static_cast<T>(shift_);
        for (int64_t plane = 0; plane < where.planes; plane++)
            map(
                static_cast<E*>(y) + plane * where.stride, where.n,
                [&](auto v) { return v * scale + shift; }, from(x) + plane * where.stride);
    }

    static void gradient_sums(const void* grad, const void* x, const Planes& where, double mean_,
                              double* sum, double* along) {
        const T mean = static_cast<T>(mean_);
        const double rest = mean_ - static_cast<double>(mean);
        *sum = *along = 0;
        each_run(where, [&](int64_t at, int64_t n) {
            *sum += sum_of(from(grad) + at, n);
            *along += total<T>(
                n, [&](auto g, auto v) { return g * (v - mean); }, from(grad) + at, from(x) + at);
        });
        *along -= rest * *sum;
    }

    static void gradient(void* grad_x, const void* grad, const void* x, const Planes& where,
                         double scale_, double along_, double shift_) {
        const T scale = static_cast<T>(scale_), along = static_cast<T>(along_),
                shift = static_cast<T>(shift_);
        for (int64_t plane = 0; plane < where.planes; plane++)
            map(
                static_cast<E*>(grad_x) + plane * where.stride, where.n,
                [&](auto g, auto v) { return g * scale + (v * along + shift); },
                from(grad) + plane * where.stride, from(x) + plane * where.stride);
    }

    // ---- columns

    // Sums of f(element, column) down the columns, each piece of rows in the type itself.
    template <class F>
    static void column_sums(const Columns& where, double* sums, F f) {
        constexpr int64_t kPiece = 64;
        std::fill_n(sums, where.width, 0.0);
        for (int64_t first = 0; first < where.rows; first += kPiece) {
            alignas(64) T piece[kColumns] = {};
            for (int64_t i = first; i < std::min(where.rows, first + kPiece); i++)
                for (int64_t j = 0; j < where.width; j++) piece[j] += f(i * where.stride + j, j);
            for (int64_t j = 0; j < where.width; j++) sums[j] += static_cast<double>(piece[j]);
        }
    }
    static void narrowed(T* to, const double* from_, int64_t n) {
        for (int64_t j = 0; j < n; j++) to[j] = static_cast<T>(from_[j]);
    }

    static void column_moments(const void* x, const Columns& where, double* mean,
                               double* variance) {
        const E* p = from(x);
        const double count = static_cast<double>(where.rows);
        alignas(64) T center[kColumns];
        double linear[kColumns];
        column_sums(where, mean, [&](int64_t at, int64_t) { return p[at]; });
        for (int64_t j = 0; j < where.width; j++) center[j] = static_cast<T>(mean[j] / count);
        column_sums(where, linear, [&](int64_t at, int64_t j) { return p[at] - center[j]; });
        column_sums(where, variance, [&](int64_t at, int64_t j) {
            const T d = p[at] - center[j];
            return d * d;
        });
        for (int64_t j = 0; j < where.width; j++) {
            mean[j] = static_cast<double>(center[j]) + linear[j] / count;
            variance[j] = std::max(0.0, variance[j] - linear[j] * linear[j] / count) / count;
        }
    }
    static void column_affine(void* y_, const void* x, const Columns& where, const double* scale,
                              const double* shift) {
        alignas(64) T a[kColumns], b[kColumns];
        narrowed(a, scale, where.width);
        narrowed(b, shift, where.width);
        for (int64_t i = 0; i < where.rows; i++) {
            E* __restrict y = static_cast<E*>(y_) + i * where.stride;
            const E* p = from(x) + i * where.stride;
            for (int64_t j = 0; j < where.width; j++) y[j] = p[j] * a[j] + b[j];
        }
    }
    static void column_gradient_sums(const void* grad, const void* x, const Columns& where,
                                     const double* mean, double* sum, double* along) {
        const E *g = from(grad), *p = from(x);
        alignas(64) T center[kColumns];
        narrowed(center, mean, where.width);
        column_sums(where, sum, [&](int64_t at, int64_t) { return g[at]; });
        column_sums(where, along,
                    [&](int64_t at, int64_t j) { return g[at] * (p[at] - center[j]); });
        for (int64_t j = 0; j < where.width; j++)
            along[j] -= (mean[j] - static_cast<double>(center[j])) * sum[j];
    }
    static void column_gradient(void* grad_x, const void* grad, const void* x, const Columns& where,
                                const double* scale_, const double* along_, const double* shift_) {
        alignas(64) T scale[kColumns], along[kColumns], shift[kColumns];
        narrowed(scale, scale_, where.width);
        narrowed(along, along_, where.width);
        narrowed(shift, shift_, where.width);
        for (int64_t i = 0; i < where.rows; i++) {
            E* __restrict y = static_cast<E*>(grad_x) + i * where.stride;
            const E *g = from(grad) + i * where.stride, *p = from(x) + i * where.stride;
            for (int64_t j = 0; j < where.width; j++)
                y[j] = g[j] * scale[j] + (p[j] * along[j] + shift[j]);
        }
    }

    static constexpr ChannelFunctions functions{
        moments,        affine,        gradient_sums,        gradient,
        column_moments, column_affine, column_gradient_sums, column_gradient};
};

}  // namespace

extern const ChannelKernels channel_kernels;
const ChannelKernels channel_kernels{Channel<float>::functions, Channel<double>::functions,
                                     Channel<BFloat16>::functions};

}  // namespace kajo::cpu::KAJO_ISA
