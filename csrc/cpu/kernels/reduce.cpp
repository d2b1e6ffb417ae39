// Folding contiguous runs, and rows of columns, into the states of reductions.
#include "cpu/reduce.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>

#include "cpu/fold.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

// Elements of a run that one call may fold: what is read twice has to stay in the L1 cache.
constexpr int64_t kCachedRun = 4096, kLongRun = 65536;

// kRows rows at once, so that the states are read and written less often.
template <class Op, class T, int kRows, class S>
void fold_rows_of(T* state, const S* p, int64_t stride, int64_t n) {
    const auto step = [&](int64_t i, auto read, auto write) __attribute__((always_inline)) {
        auto folded = Op::map(read(p + i));
        for (int r = 1; r < kRows; r++)
            folded = Op::fold(folded, Op::map(read(p + i + r * stride)));
        write(folded);
    };
    int64_t i = 0;
    if constexpr (kLanes<T> > 1)
        for (; i + kLanes<T> <= n; i += kLanes<T>)
            step(
                i, [](const S* at) { return load(at); },
                [&](V<T> folded) {
                    const V<T> v = Op::fold(load(state + i), folded);
                    std::memcpy(state + i, &v, sizeof v);
                });
    for (; i < n; i++)
        step(
            i, [](const S* at) { return T(*at); },
            [&](T folded) { state[i] = Op::fold(state[i], folded); });
}

template <class Op, class T, class S>
void fold_rows(T* state, const S* p, int64_t stride, int64_t rows, int64_t n) {
    for (; rows >= 8; rows -= 8, p += 8 * stride) fold_rows_of<Op, T, 8>(state, p, stride, n);
    for (; rows; rows--, p += stride) fold_rows_of<Op, T, 1>(state, p, stride, n);
}

// Elements of type S, folded into states of type T.
template <class Op, class T, class S = T>
struct Folding {
    static void init(void* state, int64_t n) {
        std::fill_n(static_cast<T*>(state), n, Op::template identity<T>());
    }
    static void runs(void* state, const void* from, int64_t stride, int64_t count, int64_t n,
                     int64_t) {
        T* s = static_cast<T*>(state);
        const S* p = static_cast<const S*>(from);
        for (int64_t i = 0; i < count; i++, p += stride)
            s[i] = Op::fold(s[i], fold_run_as<Op, T>(p, n));
    }
    static void rows(void* state, const void* from, int64_t stride, int64_t count, int64_t n,
                     int64_t) {
        if constexpr (kIsComplex<T> && std::is_same_v<Op, Add>) {
            using R = typename T::value_type;
            fold_rows<Op>(static_cast<R*>(state), static_cast<const R*>(from), 2 * stride, count,
                          2 * n);
        } else {
            fold_rows<Op>(static_cast<T*>(state), static_cast<const S*>(from), stride, count, n);
        }
    }
    static void merge(void* state, const void* other, int64_t n) {
        T* s = static_cast<T*>(state);
        const T* o = static_cast<const T*>(other);
        for (int64_t i = 0; i < n; i++) s[i] = Op::fold(s[i], o[i]);
    }
    static void finish(void* const* out, const void* state, int64_t n,
                       const ReduceAttributes& how) {
        const T* s = static_cast<const T*>(state);
        T* to = static_cast<T*>(out[0]);
        if constexpr (std::is_floating_point_v<T> || kIsComplex<T>) {
            if (how.divisor != 1) {
                for (int64_t i = 0; i < n; i++) to[i] = s[i] / static_cast<T>(how.divisor);
                return;
            }
        }
        if constexpr (std::is_floating_point_v<T>) {
            if (how.root) {
                for (int64_t i = 0; i < n; i++) to[i] = std::sqrt(s[i]);
                return;
            }
        }
        std::copy_n(s, n, to);
    }
    static constexpr ReduceFunctions functions{sizeof(T), kLongRun, init,  runs,
                                               rows,      merge,    finish};
};

// Counts truths: bytes that are 0 or 1 are added as bytes for as long as none overflows.
struct Counting : Folding<Add, uint64_t> {
    static constexpr int64_t kMost = 255;

    static void runs(void* state, const void* from, int64_t stride, int64_t count, int64_t n,
                     int64_t) {
        uint64_t* s = static_cast<uint64_t*>(state);
        const uint8_t* p = static_cast<const uint8_t*>(from);
        for (int64_t i = 0; i < count; i++, p += stride) s[i] += truths(p, n);
    }
    static uint64_t truths(const uint8_t* p, int64_t n) {
        uint64_t sum = 0;
        int64_t i = 0;
        while (i + 64 <= n) {
            V<uint8_t> bytes{};
            const int64_t end = std::min(n, i + 64 * kMost);
            for (; i + 64 <= end; i += 64) bytes += load(p + i);
            sum += total_of(bytes);
        }
        for (; i < n; i++) sum += p[i];
        return sum;
    }
    // Neighbours are added in wider and wider lanes.
    static uint64_t total_of(V<uint8_t> bytes) {
        const V<uint16_t> pairs = (V<uint16_t>)bytes;
        const V<uint16_t> wide = (pairs & 0xff) + (pairs >> 8);
        const V<uint64_t> eights = (V<uint64_t>)wide;
        const V<uint64_t> sums =
            (eights & 0xffff) + (eights >> 16 & 0xffff) + (eights >> 32 & 0xffff) + (eights >> 48);
        return fold_lanes<Add, uint64_t>(sums);
    }
    static void rows(void* state, const void* from, int64_t stride, int64_t count, int64_t n,
                     int64_t) {
        uint64_t* s = static_cast<uint64_t*>(state);
        const uint8_t* p = static_cast<const uint8_t*>(from);
        for (; count > 0; count -= kMost, p += kMost * stride) {
            const int64_t some = std::min(count, kMost);
            int64_t i = 0;
            for (; i + 64 <= n; i += 64) {
                V<uint8_t> bytes{};
                for (int64_t r = 0; r < some; r++) bytes += load(p + r * stride + i);
                uint8_t counts[64];
                std::memcpy(counts, &bytes, sizeof bytes);
                for (int k = 0; k < 64; k++) s[i + k] += counts[k];
            }
            for (; i < n; i++)
                for (int64_t r = 0; r < some; r++) s[i] += p[r * stride + i];
        }
    }
    static constexpr ReduceFunctions functions{8, kLongRun, init, runs, rows, merge, finish};
};

// ---- a value and where it stands
// -----------------------------------------------------------------------

template <class Op, class T>
struct Locating {
    struct State {
        int64_t* index;  // -1: nothing yet
        T* value;
        State(const void* p, int64_t n)
            : index(static_cast<int64_t*>(const_cast<void*>(p))),
              value(reinterpret_cast<T*>(index + n)) {}
    };
    using Row = std::conditional_t<sizeof(T) == 8, int64_t, int32_t>;
    static bool same_value(T a, T b) { return (a == b) | ((a != a) & (b != b)); }
    static bool beats(T a, T b) { return !same_value(Op::fold(b, a), b); }

    static void init(void* state, int64_t n) { std::fill_n(State(state, n).index, n, int64_t{-1}); }
    static void runs(void* state, const void* from, int64_t stride, int64_t count, int64_t n,
                     int64_t first) {
        const T* p = static_cast<const T*>(from);
        const State s(state, count);
        if (n == 0) return;
        for (int64_t i = 0; i < count; i++, p += stride) {
            const T best = fold_run<Op>(p, n);
            if (s.index[i] >= 0 && !beats(best, s.value[i])) continue;
            s.index[i] = first + place_in_run(p, n, best);
            s.value[i] = best;
        }
    }
    static void rows(void* state, const void* from, int64_t stride, int64_t count, int64_t n,
                     int64_t first) {
        const State s(state, n);
        const T* p = static_cast<const T*>(from);
        const auto take = [&](int64_t i, T best, int64_t row) {
            if (s.index[i] >= 0 && !beats(best, s.value[i])) return;
            s.index[i] = first + row;
            s.value[i] = best;
        };
        int64_t i = 0;
        // Numbers of rows stand in lanes as wide as the elements.
        if constexpr (sizeof(T) >= 4)
            for (; i + kLanes<T> <= n; i += kLanes<T>) {
                V<T> best = load(p + i);
                V<Row> at{};
                for (int64_t r = 1; r < count; r++) {
                    const V<T> x = load(p + r * stride + i), better = Op::fold(best, x);
                    const auto stays = (better == best) | ((better != better) & (best != best));
                    at = stays ? at : filled<Row>(static_cast<Row>(r));
                    best = better;
                }
                T values[kLanes<T>];
                Row places[kLanes<T>];
                std::memcpy(values, &best, sizeof best);
                std::memcpy(places, &at, sizeof at);
                for (int k = 0; k < kLanes<T>; k++) take(i + k, values[k], places[k]);
            }
        for (; i < n; i++) {
            T best = p[i];
            int64_t at = 0;
            for (int64_t r = 1; r < count; r++)
                if (beats(p[r * stride + i], best)) best = p[(at = r) * stride + i];
            take(i, best, at);
        }
    }
    static void merge(void* state, const void* other, int64_t n) {
        const State s(state, n), o(other, n);
        for (int64_t i = 0; i < n; i++) {
            if (o.index[i] < 0 || (s.index[i] >= 0 && !beats(o.value[i], s.value[i]))) continue;
            s.index[i] = o.index[i];
            s.value[i] = o.value[i];
        }
    }
    static void finish(void* const* out, const void* state, int64_t n, const ReduceAttributes&) {
        const State s(state, n);
        if (out[0]) std::copy_n(s.value, n, static_cast<T*>(out[0]));
        if (out[1]) std::copy_n(s.index, n, static_cast<int64_t*>(out[1]));
    }
    static constexpr ReduceFunctions functions{16, kCachedRun, init, runs, rows, merge, finish};
};

// ---- mean and squared deviations
// -------------------------------------------------------------------------

template <class T>
struct Moments {
    struct State {
        double *count, *mean, *squares;
        State(const void* p, int64_t n)
            : count(static_cast<double*>(const_cast<void*>(p))),
              mean(count + n),
              squares(mean + n) {}
        void add(int64_t i, double other_count, double other_mean, double other_squares) const {
            if (other_count == 0) return;
            const double total = count[i] + other_count, delta = other_mean - mean[i];
            mean[i] += delta * (other_count / total);
            squares[i] += other_squares + delta * delta * (count[i] * other_count / total);
            count[i] = total;
        }
    };
    static void init(void* state, int64_t n) {
        std::fill_n(static_cast<double*>(state), 3 * n, 0.0);
    }

    static void runs(void* state, const void* from, int64_t stride, int64_t count, int64_t n,
                     int64_t) {
        const T* p = static_cast<const T*>(from);
        for (int64_t i = 0; i < count && n; i++, p += stride) run(State(state, count), i, p, n);
    }
    static void run(const State& state, int64_t at, const T* p, int64_t n) {
        const double mean = static_cast<double>(fold_run<Add>(p, n)) / static_cast<double>(n);
        const T center = static_cast<T>(mean);
        // The deviations' own sum takes out what rounding the center cost.
        V<T> linear{}, squares{};
        int64_t i = 0;
        for (; i + kLanes<T> <= n; i += kLanes<T>) {
            const V<T> d = load(p + i) - center;
            linear += d;
            squares += d * d;
        }
        double sum = fold_lanes<Add, T>(linear), sum_of_squares = fold_lanes<Add, T>(squares);
        for (; i < n; i++) {
            const double d = static_cast<double>(p[i]) - static_cast<double>(center);
            sum += d;
            sum_of_squares += d * d;
        }
        const double count = static_cast<double>(n);
        state.add(at, count, static_cast<double>(center) + sum / count,
                  sum_of_squares - sum * sum / count);
    }
    static void rows(void* state, const void* from, int64_t stride, int64_t rows, int64_t n,
                     int64_t) {
        constexpr int64_t kTile = 64;
        const State s(state, n);
        const double count = static_cast<double>(rows);
        for (int64_t begin = 0; begin < n; begin += kTile) {
            const int64_t width = std::min(kTile, n - begin);
            const T* p = static_cast<const T*>(from) + begin;
            T center[kTile] = {}, squares[kTile] = {}, linear[kTile] = {};
            fold_rows<Add>(center, p, stride, rows, width);
            for (int64_t i = 0; i < kTile; i++) center[i] /= static_cast<T>(rows);
            for (int64_t r = 0; r < rows; r++) {
                T row[kTile] = {};
                std::copy_n(p + r * stride, width, row);
                for (int64_t i = 0; i < kTile; i++) {
                    const T d = row[i] - center[i];
                    linear[i] += d;
                    squares[i] += d * d;
                }
            }
            for (int64_t i = 0; i < width; i++) {
                const double sum = linear[i];
                s.add(begin + i, count, center[i] + sum / count, squares[i] - sum * sum / count);
            }
        }
    }
    static void merge(void* state, const void* other, int64_t n) {
        const State s(state, n), o(other, n);
        for (int64_t i = 0; i < n; i++) s.add(i, o.count[i], o.mean[i], o.squares[i]);
    }
    static void finish(void* const* out, const void* state, int64_t n,
                       const ReduceAttributes& how) {
        const State s(state, n);
        for (int64_t i = 0; i < n; i++) {
            const double freedom = std::max(0.0, s.count[i] - how.divisor);
            const double squares = s.squares[i] < 0 ? 0 : s.squares[i];
            const double variance = squares / freedom;
            if (out[0])
                static_cast<T*>(out[0])[i] =
                    static_cast<T>(how.root ? std::sqrt(variance) : variance);
            const double nothing = std::numeric_limits<double>::quiet_NaN();
            if (out[1])
                static_cast<T*>(out[1])[i] = static_cast<T>(s.count[i] ? s.mean[i] : nothing);
        }
    }
    static constexpr ReduceFunctions functions{24, kCachedRun, init, runs, rows, merge, finish};
};

// Integers wrap around, which only unsigned ones may.
constexpr ReduceKernels make_table() {
    ReduceKernels k{};
    const auto row = [&](Reduction r) -> ReduceFunctions* { return k.table[static_cast<int>(r)]; };
    const auto at = [&](Reduction r, DType t) -> ReduceFunctions& {
        return row(r)[static_cast<int>(t)];
    };
    const auto arithmetic = [&]<class Op>(Reduction r, Op) {
        at(r, DType::Float32) = Folding<Op, float>::functions;
        at(r, DType::Float64) = Folding<Op, double>::functions;
        at(r, DType::Int64) = Folding<Op, uint64_t>::functions;
        at(r, DType::Complex64) = Folding<Op, std::complex<float>>::functions;
        at(r, DType::Complex128) = Folding<Op, std::complex<double>>::functions;
    };
    arithmetic(Reduction::Sum, Add{});
    arithmetic(Reduction::Prod, Multiply{});
    const auto floating = [&]<class Op>(Reduction r, Op) {
        at(r, DType::Float32) = Folding<Op, float>::functions;
        at(r, DType::Float64) = Folding<Op, double>::functions;
    };
    floating(Reduction::NanSum, AddNumbers{});
    floating(Reduction::AbsSum, AddMagnitudes{});
    floating(Reduction::SquareSum, AddSquares{});
    floating(Reduction::AbsMax, LargerMagnitude{});
    floating(Reduction::AbsMin, SmallerMagnitude{});
    const auto ordered = [&]<class Op>(Reduction value, Reduction place, Op) {
        const auto both = [&]<class T>(DType t, T) {
            at(value, t) = Folding<Op, T>::functions;
            at(place, t) = Locating<Op, T>::functions;
        };
        both(DType::Float32, float{});
        both(DType::Float64, double{});
        both(DType::Int64, int64_t{});
        both(DType::Int32, int32_t{});
        both(DType::Int16, int16_t{});
        both(DType::Int8, int8_t{});
        both(DType::UInt8, uint8_t{});
        both(DType::Bool, uint8_t{});
    };
    ordered(Reduction::Max, Reduction::ArgMax, Larger{});
    ordered(Reduction::Min, Reduction::ArgMin, Smaller{});
    at(Reduction::Any, DType::Bool) = Folding<Or, uint8_t>::functions;
    at(Reduction::All, DType::Bool) = Folding<And, uint8_t>::functions;
    // No type that is computed in: elements are taken as they are stored.
    const DType half = DType::BFloat16;
    at(Reduction::Sum, half) = Folding<Add, float, BFloat16>::functions;
    at(Reduction::NanSum, half) = Folding<AddNumbers, float, BFloat16>::functions;
    at(Reduction::AbsSum, half) = Folding<AddMagnitudes, float, BFloat16>::functions;
    at(Reduction::SquareSum, half) = Folding<AddSquares, float, BFloat16>::functions;
    at(Reduction::Max, half) = Folding<Larger, float, BFloat16>::functions;
    at(Reduction::Min, half) = Folding<Smaller, float, BFloat16>::functions;
    at(Reduction::Sum, DType::Bool) = Counting::functions;
    at(Reduction::Moments, DType::Float32) = Moments<float>::functions;
    at(Reduction::Moments, DType::Float64) = Moments<double>::functions;
    return k;
}

}  // namespace

extern const ReduceKernels reduce_kernels;
const ReduceKernels reduce_kernels = make_table();

}  // namespace kajo::cpu::KAJO_ISA
