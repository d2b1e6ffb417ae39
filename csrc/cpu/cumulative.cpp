#include "cpu/cumulative.h"

#include <cmath>

#include "core/parallel.h"
#include "cpu/combine.h"
#include "cpu/lanes.h"
#include "cpu/rows.h"

namespace kajo::cpu {

namespace {

// Sums of short types run in a wider one, as long rows of them would lose too much.
template <class T>
struct RunningOf {
    using type = T;
};
template <>
struct RunningOf<float> {
    using type = double;
};
template <>
struct RunningOf<Half> {
    using type = float;
};
template <>
struct RunningOf<BFloat16> {
    using type = float;
};
template <>
struct RunningOf<std::complex<float>> {
    using type = std::complex<double>;
};
template <class T>
using Running = typename RunningOf<T>::type;

// Lanes that are independent run side by side: one alone would wait for its own last addition.
// Lanes that are runs of memory are few, as their distances are often powers of two, which share
// one set of the cache; lanes beside each other fill its lines.
constexpr int kAbreastRuns = 4, kAbreastColumns = 16;
constexpr int64_t kPieceBytes = int64_t{1} << 15;

template <class T>
bool stand_side_by_side(T* const* lanes, int count) {
    for (int k = 1; k < count; k++)
        if (lanes[k] != lanes[0] + k) return false;
    return true;
}

template <int kAbreast, class T, Combine kHow, class From>
void run_abreast(const From* const* from, T* const* to, int64_t n, int64_t from_stride,
                 int64_t to_stride) {
    Running<T> state[kAbreast];
    for (auto& s : state) s = Running<T>(kHow == Combine::Add ? 0 : 1);
    for (int64_t i = 0; i < n; i++)
#pragma GCC unroll 16
        for (int k = 0; k < kAbreast; k++) {
            state[k] = combine<kHow, Running<T>>(state[k],
                                                 static_cast<Running<T>>(from[k][i * from_stride]));
            to[k][i * to_stride] = static_cast<T>(state[k]);
        }
}

template <int kAbreast, class T, Combine kHow, class From>
void scan_abreast(const Tensor& out, const Tensor& self, const Lanes& to, const Lanes& from) {
    const From* source = self.data<From>();
    T* target = out.data<T>();
    const int64_t n = from.length();
    const int64_t groups = (from.count() + kAbreast - 1) / kAbreast;
    parallel_ranges(
        groups, grain_for(n * kAbreast * int64_t{sizeof(T)}, kPieceBytes),
        [&](int64_t begin, int64_t end) {
            for (int64_t g = begin; g < end; g++) {
                const From* in[kAbreast];
                T* result[kAbreast];
                // The last group repeats its last lane, which writes the same twice.
                for (int k = 0; k < kAbreast; k++) {
                    const int64_t lane = std::min(g * kAbreast + k, from.count() - 1);
                    in[k] = source + from.offset(lane);
                    result[k] = target + to.offset(lane);
                }
                if constexpr (std::is_same_v<From, float> && std::is_same_v<T, float> &&
                              kHow == Combine::Add && kAbreast == kAbreastColumns)
                    if (stand_side_by_side(in, kAbreast) && stand_side_by_side(result, kAbreast)) {
                        row_kernels().f32.running_sums(result[0], in[0], n, to.stride(),
                                                       from.stride());
                        continue;
                    }
                run_abreast<kAbreast, T, kHow, From>(in, result, n, from.stride(), to.stride());
            }
        });
}

// Calls f(source, target, lane) with the first elements of every lane.
template <class T, class F>
void for_each_lane(const Tensor& out, const Tensor& self, int64_t dim, F&& f) {
    const Lanes from(self, dim), to(out, dim);
    parallel_ranges(from.count(), grain_for(from.length() * int64_t{sizeof(T)}, kPieceBytes),
                    [&](int64_t begin, int64_t end) {
                        for (int64_t lane = begin; lane < end; lane++)
                            f(self.data<T>() + from.offset(lane), out.data<T>() + to.offset(lane),
                              lane);
                    });
}

template <class T, Combine kHow, class From = T>
void scan(const Tensor& out, const Tensor& self, int64_t dim) {
    const Lanes from(self, dim), to(out, dim);
    const bool runs = from.stride() == 1 && to.stride() == 1;
    if (runs && std::is_same_v<T, float> && std::is_same_v<From, float> && kHow == Combine::Add)
        for_each_lane<T>(out, self, dim, [&](const T* source, T* target, int64_t) {
            row_kernels().f32.running_sum(target, source, from.length());
        });
    else if (from.count() < kAbreastRuns)
        scan_abreast<1, T, kHow, From>(out, self, to, from);
    else if (from.stride() == 1)
        scan_abreast<kAbreastRuns, T, kHow, From>(out, self, to, from);
    else
        scan_abreast<kAbreastColumns, T, kHow, From>(out, self, to, from);
}

int64_t dim_of(const void* attributes) { return static_cast<const ScanDim*>(attributes)->dim; }

template <Combine kHow>
void sum_or_product(const char* operation, TensorRefs out, TensorRefs in, const void* attributes) {
    if (in[0].numel() == 0) return;
    const int64_t dim = dim_of(attributes);
    if (in[0].dtype() != out[0].dtype())
        return dispatch<kIntegers | kBool>(in[0].dtype(), operation, [&]<class From>() {
            scan<int64_t, kHow, From>(out[0], in[0], dim);
        });
    dispatch(in[0].dtype(), operation, [&]<class T>() { scan<T, kHow>(out[0], in[0], dim); });
}

template <class R>
R log_add_exp(R a, R b) {
    const R low = std::min(a, b), high = std::max(a, b);
    if (std::isnan(a) || std::isnan(b)) return a + b;
    if (low == high && std::isinf(high)) return high;
    return high + std::log1p(std::exp(low - high));
}

template <class R>
std::complex<R> log_add_exp(std::complex<R> a, std::complex<R> b) {
    if (std::isnan(a.real()) || std::isnan(a.imag())) return a;
    if (std::isnan(b.real()) || std::isnan(b.imag())) return b;
    if (a.real() > b.real()) std::swap(a, b);
    if (std::isinf(a.real()) && a.real() == b.real())
        return a.real() < 0 ? a : std::log(std::exp(a) + std::exp(b));
    // log(1 + z), where 1 + z would round small z away.
    const std::complex<R> z = std::exp(a - b);
    const R x = z.real(), y = z.imag();
    return b + std::complex<R>(std::log1p(x * (2 + x) + y * y) / 2, std::atan2(y, 1 + x));
}

template <bool kLarger>
void extreme(const char* operation, TensorRefs out, TensorRefs in, const void* attributes) {
    if (in[0].numel() == 0) return;
    const int64_t dim = dim_of(attributes);
    const Lanes from(in[0], dim), to(out[0], dim), to_index(out[1], dim);
    auto* indices = out[1].data<int64_t>();
    dispatch<kRealsAndBool>(in[0].dtype(), operation, [&]<class T>() {
        for_each_lane<T>(out[0], in[0], dim, [&](const T* source, T* target, int64_t lane) {
            int64_t* index = indices + to_index.offset(lane);
            const auto run = [&](int64_t from_step, int64_t to_step, int64_t index_step) {
                T best = source[0];
                int64_t at = 0;
                for (int64_t i = 0; i < from.length(); i++) {
                    const T value = source[i * from_step];
                    // No number is beyond a nan, and every nan is taken.
                    if ((kLarger ? value >= best : value <= best) || value != value) {
                        best = value;
                        at = i;
                    }
                    target[i * to_step] = best;
                    index[i * index_step] = at;
                }
            };
            if (from.stride() == 1 && to.stride() == 1 && to_index.stride() == 1)
                run(1, 1, 1);
            else
                run(from.stride(), to.stride(), to_index.stride());
        });
    });
}

}  // namespace

void cumsum(TensorRefs out, TensorRefs in, const void* attributes) {
    sum_or_product<Combine::Add>("cumsum", out, in, attributes);
}
void cumprod(TensorRefs out, TensorRefs in, const void* attributes) {
    sum_or_product<Combine::Multiply>("cumprod", out, in, attributes);
}

void logcumsumexp(TensorRefs out, TensorRefs in, const void* attributes) {
    if (in[0].numel() == 0) return;
    const int64_t dim = dim_of(attributes);
    const Lanes from(in[0], dim), to(out[0], dim);
    dispatch<kFloatingAndComplex>(in[0].dtype(), "logcumsumexp", [&]<class T>() {
        for_each_lane<T>(out[0], in[0], dim, [&](const T* source, T* target, int64_t) {
            auto state = static_cast<Running<T>>(-std::numeric_limits<double>::infinity());
            for (int64_t i = 0; i < from.length(); i++) {
                state = log_add_exp(state, static_cast<Running<T>>(source[i * from.stride()]));
                target[i * to.stride()] = static_cast<T>(state);
            }
        });
    });
}

void cummax(TensorRefs out, TensorRefs in, const void* attributes) {
    extreme<true>("cummax", out, in, attributes);
}
void cummin(TensorRefs out, TensorRefs in, const void* attributes) {
    extreme<false>("cummin", out, in, attributes);
}

void linear_scan(TensorRefs out, TensorRefs in, const void* attributes) {
    if (in[0].numel() == 0) return;
    const int64_t dim = dim_of(attributes);
    const Lanes decay(in[0], dim), from(in[1], dim), to(out[0], dim);
    const int64_t n = from.length();
    // Some lanes at once: those beside each other share the lines of the cache.
    constexpr int kAbreast = 8;
    const int64_t groups = (from.count() + kAbreast - 1) / kAbreast;
    dispatch<kFloatingAndComplex>(in[1].dtype(), "linear_scan", [&]<class T>() {
        const int64_t grain = grain_for(n * kAbreast * int64_t{sizeof(T)}, kPieceBytes);
        parallel_ranges(groups, grain, [&](int64_t begin, int64_t end) {
            for (int64_t lane = begin * kAbreast; lane < std::min(end * kAbreast, from.count());
                 lane += kAbreast) {
                const auto count =
                    static_cast<int>(std::min<int64_t>(kAbreast, from.count() - lane));
                const T *decays[kAbreast], *source[kAbreast];
                T* target[kAbreast];
                Running<T> state[kAbreast];
                for (int k = 0; k < count; k++) {
                    decays[k] = in[0].data<T>() + decay.offset(lane + k);
                    source[k] = in[1].data<T>() + from.offset(lane + k);
                    target[k] = out[0].data<T>() + to.offset(lane + k);
                    state[k] = static_cast<Running<T>>(source[k][0]);
                    target[k][0] = source[k][0];
                }
                for (int64_t i = 1; i < n; i++)
                    for (int k = 0; k < count; k++) {
                        state[k] =
                            static_cast<Running<T>>(source[k][i * from.stride()]) +
                            static_cast<Running<T>>(decays[k][i * decay.stride()]) * state[k];
                        target[k][i * to.stride()] = static_cast<T>(state[k]);
                    }
            }
        });
    });
}

}  // namespace kajo::cpu
