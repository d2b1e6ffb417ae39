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

template <class T>
struct Channel {
    static const T* from(const void* p) { return static_cast<const T*>(p); }

    static void moments(const void* x, const Planes& where, double* mean, double* variance) {
        const double count = static_cast<double>(where.planes * where.n);
        double sum = 0;
        each_run(where, [&](int64_t at, int64_t n) { sum += fold_run<Add>(from(x) + at, n); });
        const T center = static_cast<T>(sum / count);
        // The deviations' own sum takes out what rounding the center cost.
        double linear = 0, squares = 0;
        each_run(where, [&](int64_t at, int64_t n) {
            const T* p = from(x) + at;
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
                const double d = static_cast<double>(p[i] - center);
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
                static_cast<T*>(y) + plane * where.stride, where.n,
                [&](auto v) { return v * scale + shift; }, from(x) + plane * where.stride);
    }

    static void gradient_sums(const void* grad, const void* x, const Planes& where, double mean_,
                              double* sum, double* along) {
        const T mean = static_cast<T>(mean_);
        const double rest = mean_ - static_cast<double>(mean);
        *sum = *along = 0;
        each_run(where, [&](int64_t at, int64_t n) {
            *sum += fold_run<Add>(from(grad) + at, n);
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
                static_cast<T*>(grad_x) + plane * where.stride, where.n,
                [&](auto g, auto v) { return g * scale + (v * along + shift); },
                from(grad) + plane * where.stride, from(x) + plane * where.stride);
    }

    static constexpr ChannelFunctions functions{moments, affine, gradient_sums, gradient};
};

}  // namespace

extern const ChannelKernels channel_kernels;
const ChannelKernels channel_kernels{Channel<float>::functions, Channel<double>::functions};

}  // namespace kajo::cpu::KAJO_ISA
