// Folding a contiguous run into one value with vectors: what reductions and row kernels share. For
// files that are compiled once for each instruction set.
#pragma once

#include <algorithm>
#include <array>
#include <complex>
#include <cstring>
#include <limits>
#include <tuple>
#include <utility>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include "core/dtype.h"
#include "core/half.h"

namespace kajo::cpu {
namespace {

// Real types are folded as vectors of 64 bytes on every instruction set; complex ones one by one.
template <class T>
struct Simd {
    typedef T V __attribute__((vector_size(64)));
    static constexpr int kLanes = 64 / sizeof(T);
};
template <class T>
struct Simd<std::complex<T>> {
    using V = std::complex<T>;
    static constexpr int kLanes = 1;
};
template <class T>
using V = typename Simd<T>::V;
template <class T>
constexpr int kLanes = Simd<T>::kLanes;

template <class T>
inline V<T> filled(T value) {
    if constexpr (kLanes<T> == 1)
        return value;
    else
        return value - V<T>{};
}
template <class T>
inline V<T> load(const T* p) {
    V<T> v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
// bfloat16 is read and written as float. The compiler's own conversions take more instructions.
typedef uint16_t Halves __attribute__((vector_size(32)));
inline V<float> load(const BFloat16* p) {
    Halves bits;
    std::memcpy(&bits, static_cast<const void*>(p), sizeof bits);
#if defined(__AVX512F__)
    return (V<float>)_mm512_slli_epi32(_mm512_cvtepu16_epi32((__m256i)bits), 16);
#else
    return (V<float>)(__builtin_convertvector(bits, V<uint32_t>) << 16);
#endif
}
// Two vectors of neighbouring elements, in any order.
template <class T, class S>
inline std::pair<V<T>, V<T>> load_pair(const S* p) {
    if constexpr (sizeof(S) == sizeof(T)) {
        return {load(p), load(p + kLanes<T>)};
    } else {
        V<uint32_t> words;
        std::memcpy(&words, p, sizeof words);
        return {(V<float>)(words << 16), (V<float>)(words & 0xffff0000u)};
    }
}

// Whether a lane of a comparison's result is set.
template <class X>
inline bool any_lane(X mask) {
#if defined(__AVX512F__)
    return _mm512_test_epi64_mask((__m512i)mask, (__m512i)mask) != 0;
#else
    uint64_t words[8], all = 0;
    static_assert(sizeof mask == sizeof words);
    std::memcpy(words, &mask, sizeof mask);
    for (const uint64_t w : words) all |= w;
    return all != 0;
#endif
}

template <class T>
inline void put(T* p, V<T> v) {
    std::memcpy(p, &v, sizeof v);
}
inline void put(BFloat16* p, V<float> v) {
    const auto bits = (V<uint32_t>)v;
    const V<uint32_t> rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    const V<uint32_t> safe = (V<uint32_t>)(v == v ? (V<int32_t>)rounded : 0x7fc0 - V<int32_t>{});
#if defined(__AVX512F__)
    const auto halves = (Halves)_mm512_cvtepi32_epi16((__m512i)safe);
#else
    const Halves halves = __builtin_convertvector(safe, Halves);
#endif
    std::memcpy(static_cast<void*>(p), &halves, sizeof halves);
}
// The first `count` lanes from memory, the others from `rest`.
template <class T>
inline V<T> load_some(const T* p, int64_t count, V<T> rest) {
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float>)
        return _mm512_mask_loadu_ps(rest, static_cast<__mmask16>((1u << count) - 1), p);
    if constexpr (std::is_same_v<T, double>)
        return _mm512_mask_loadu_pd(rest, static_cast<__mmask8>((1u << count) - 1), p);
#endif
    std::memcpy(&rest, p, static_cast<size_t>(count) * sizeof(T));
    return rest;
}
template <class T>
using Folded = std::conditional_t<std::is_same_v<T, BFloat16>, float, T>;

// ---- what is folded
// -------------------------------------------------------------------------------

template <class X>
inline X same(X x) {
    return x;
}
template <class X>
inline X magnitude(X x) {
    const X opposite = -x;
    return x < X{} ? opposite : (x == X{} ? X{} : x);
}

struct Add {
    template <class T>
    static T identity() {
        return T(0);
    }
    template <class X>
    static X map(X x) {
        return same(x);
    }
    template <class X>
    static X fold(X a, X b) {
        return a + b;
    }
};
struct AddNumbers : Add {
    template <class X>
    static X map(X x) {
        return x == x ? x : X{};
    }
};
struct AddMagnitudes : Add {
    template <class X>
    static X map(X x) {
        return magnitude(x);
    }
};
struct AddSquares : Add {
    template <class X>
    static X map(X x) {
        return x * x;
    }
};
struct Multiply {
    template <class T>
    static T identity() {
        return T(1);
    }
    template <class X>
    static X map(X x) {
        return same(x);
    }
    template <class X>
    static X fold(X a, X b) {
        return a * b;
    }
};
// A nan replaces every number and is replaced by none.
struct Larger {
    template <class T>
    static T identity() {
        return std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                    : std::numeric_limits<T>::lowest();
    }
    template <class X>
    static X map(X x) {
        return same(x);
    }
    template <class X>
    static X fold(X a, X b) {
        return ((b > a) | (b != b)) ? b : a;
    }
};
struct Smaller {
    template <class T>
    static T identity() {
        return std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity()
                                                    : std::numeric_limits<T>::max();
    }
    template <class X>
    static X map(X x) {
        return same(x);
    }
    template <class X>
    static X fold(X a, X b) {
        return ((b < a) | (b != b)) ? b : a;
    }
};
struct LargerMagnitude : Larger {
    template <class T>
    static T identity() {
        return T(0);
    }
    template <class X>
    static X map(X x) {
        return magnitude(x);
    }
};
struct SmallerMagnitude : Smaller {
    template <class X>
    static X map(X x) {
        return magnitude(x);
    }
};
// Over bytes that are 0 or 1.
struct Or {
    template <class T>
    static T identity() {
        return T(0);
    }
    template <class X>
    static X map(X x) {
        return same(x);
    }
    template <class X>
    static X fold(X a, X b) {
        return a | b;
    }
};
struct And {
    template <class T>
    static T identity() {
        return T(1);
    }
    template <class X>
    static X map(X x) {
        return same(x);
    }
    template <class X>
    static X fold(X a, X b) {
        return a & b;
    }
};

// ---- one value as the state
// -------------------------------------------------------------------------

// Lane i of the result is lane i + by. The places are constants: built when run, they would take
// longer than a short row.
template <int by, class X, int... i>
inline X rotated(X v, std::integer_sequence<int, i...>) {
    return __builtin_shufflevector(v, v, ((i + by) % int(sizeof...(i)))...);
}
// Folds lanes that are `half`, then a half of that, ... and last `least` apart.
template <class Op, int half, int least, class X>
inline X fold_halves(X v) {
    if constexpr (half < least) {
        return v;
    } else {
        constexpr std::make_integer_sequence<int, sizeof(X) / sizeof(v[0])> lanes;
        return fold_halves<Op, half / 2, least>(Op::fold(v, rotated<half>(v, lanes)));
    }
}

template <class Op, class T>
inline T fold_lanes(V<T> v) {
    if constexpr (kLanes<T> == 1) {
        return v;
    } else {
        if constexpr (sizeof(T) >= 4) return fold_halves<Op, kLanes<T> / 2, 1>(v)[0];
        // Few instruction sets can rotate short elements.
        T lanes[kLanes<T>];
        std::memcpy(lanes, &v, sizeof v);
        for (int half = kLanes<T> / 2; half; half /= 2)
            for (int i = 0; i < half; i++) lanes[i] = Op::fold(lanes[i], lanes[i + half]);
        return lanes[0];
    }
}

// A sum of complex numbers is the sums of their parts, whose lanes alternate.
template <class R>
std::complex<R> sum_of_complex(const R* p, int64_t n) {
    constexpr int kStep = kLanes<R>;
    V<R> sums[4]{};
    int64_t i = 0;
    for (; i + 4 * kStep <= n; i += 4 * kStep)
        for (int k = 0; k < 4; k++) sums[k] += load(p + i + k * kStep);
    for (; i + kStep <= n; i += kStep) sums[0] += load(p + i);
    V<R> rest{};
    std::memcpy(&rest, p + i, static_cast<size_t>(n - i) * sizeof(R));
    const V<R> v =
        fold_halves<Add, kStep / 2, 2>(((sums[0] + sums[1]) + (sums[2] + sums[3])) + rest);
    return {v[0], v[1]};
}

// The extreme of numbers: the processor's own, which loses a nan, beside a test whether one was
// met.
#if defined(__AVX512F__)
template <class Op, class T>
constexpr bool kHasQuickExtreme =
    (std::is_same_v<Op, Larger> || std::is_same_v<Op, Smaller>) && std::is_floating_point_v<T>;
inline __mmask16 either_is_nan(V<float> a, V<float> b) {
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_UNORD_Q);
}
inline __mmask16 either_is_nan(V<double> a, V<double> b) {
    return _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_UNORD_Q);
}
template <class Op>
inline V<float> quick_extreme(V<float> x, V<float> best) {
    if constexpr (std::is_same_v<Op, Larger>)
        return (V<float>)_mm512_max_ps((__m512)x, (__m512)best);
    else
        return (V<float>)_mm512_min_ps((__m512)x, (__m512)best);
}
template <class Op>
inline V<double> quick_extreme(V<double> x, V<double> best) {
    if constexpr (std::is_same_v<Op, Larger>)
        return (V<double>)_mm512_max_pd((__m512d)x, (__m512d)best);
    else
        return (V<double>)_mm512_min_pd((__m512d)x, (__m512d)best);
}

// Folds whole steps of four vectors; returns how many elements, 0 where one is a nan.
template <class Op, class T, class S>
inline int64_t fold_quickly(const S* p, int64_t n, V<T>* best) {
    constexpr int kStep = kLanes<T>;
    __mmask16 nan = 0;
    V<T> b[4] = {best[0], best[1], best[2], best[3]};
    int64_t i = 0;
    for (; i + 4 * kStep <= n; i += 4 * kStep) {
        V<T> x[4];
        std::tie(x[0], x[1]) = load_pair<T>(p + i);
        std::tie(x[2], x[3]) = load_pair<T>(p + i + 2 * kStep);
        for (int k = 0; k < 4; k++) b[k] = quick_extreme<Op>(x[k], b[k]);
        nan |= either_is_nan(x[0], x[1]) | either_is_nan(x[2], x[3]);
    }
    if (nan) return 0;
    std::copy_n(b, 4, best);
    return i;
}
#else
template <class Op, class T>
constexpr bool kHasQuickExtreme = false;
template <class Op, class T, class S>
inline int64_t fold_quickly(const S*, int64_t, V<T>*) {
    return 0;
}
#endif

// Sums of longer runs are taken in pieces, whose sums are added: they stay accurate.
constexpr int64_t kFoldPiece = 4096;

// Folds elements of type S in type T.
template <class Op, class T, class S>
T fold_run_as(const S* p, int64_t n) {
    if constexpr (kLanes<T> == 1 && std::is_same_v<Op, Add>)
        return sum_of_complex(reinterpret_cast<const decltype(p->real())*>(p), 2 * n);
    constexpr int kWide = 4, kStep = kLanes<T>;
    const T identity = Op::template identity<T>();
    if (n < kStep) {
        T value = identity;
        for (int64_t i = 0; i < n; i++) value = Op::fold(value, T(Op::map(T(p[i]))));
        return value;
    }
    V<T> sums[kWide];
    for (auto& s : sums) s = filled<T>(identity);
    int64_t i = 0;
    if constexpr (kHasQuickExtreme<Op, T>) i = fold_quickly<Op, T>(p, n, sums);
    while (i + kWide * kStep <= n) {
        V<T> piece[kWide];
        for (auto& s : piece) s = filled<T>(identity);
        // What is left over is no piece of its own.
        const int64_t end = n - i < 2 * kFoldPiece ? n : i + kFoldPiece;
        for (; i + kWide * kStep <= end; i += kWide * kStep)
            for (int k = 0; k < kWide; k += 2) {
                const auto [a, b] = load_pair<T>(p + i + k * kStep);
                piece[k] = Op::fold(piece[k], V<T>(Op::map(a)));
                piece[k + 1] = Op::fold(piece[k + 1], V<T>(Op::map(b)));
            }
        for (int k = 0; k < kWide; k++) sums[k] = Op::fold(sums[k], piece[k]);
    }
    for (; i + kStep <= n; i += kStep) sums[0] = Op::fold(sums[0], V<T>(Op::map(load(p + i))));
    if (i < n) {
        V<T> rest = filled<T>(identity);
        if constexpr (std::is_same_v<T, S>)
            rest = load_some(p + i, n - i, rest);
        else
            for (int64_t k = 0; i + k < n; k++) rest[k] = T(p[i + k]);
        sums[1] = Op::fold(sums[1], V<T>(Op::map(rest)));
    }
    return fold_lanes<Op, T>(Op::fold(Op::fold(sums[0], sums[1]), Op::fold(sums[2], sums[3])));
}

template <class Op, class T>
T fold_run(const T* p, int64_t n) {
    return fold_run_as<Op, T>(p, n);
}

// The first place of a value in a run that has it; of a nan, the first nan.
template <class T>
int64_t place_in_run(const T* p, int64_t n, T value) {
    const auto is_it = [&](auto x, auto v) { return (x == v) | ((x != x) & (v != v)); };
    constexpr int kWide = 4, kStep = kLanes<T>;
    const V<T> wanted = filled<T>(value);
    int64_t at = 0;
    for (; at + kWide * kStep <= n; at += kWide * kStep) {
        auto found = is_it(load(p + at), wanted);
        for (int k = 1; k < kWide; k++) found |= is_it(load(p + at + k * kStep), wanted);
        if (any_lane(found)) break;
    }
    while (!is_it(p[at], value)) at++;
    return at;
}

// ---- several runs at once
// -------------------------------------------------------------------------

// out[i] = f(in[i]...), as vectors and then one by one.
template <class T, class F, class... In>
inline void map(T* out, int64_t n, F f, const In*... in) {
    constexpr int kStep = kLanes<Folded<T>>;
    int64_t i = 0;
    for (; i + kStep <= n; i += kStep) put(out + i, f(load(in + i)...));
    for (; i < n; i++) out[i] = T(f(Folded<In>(in[i])...));
}

// The sum of f(in[i]...).
template <class T, class F, class... In>
inline T total(int64_t n, F f, const In*... in) {
    V<T> a{}, b{};
    int64_t i = 0;
    for (; i + 2 * kLanes<T> <= n; i += 2 * kLanes<T>) {
        a += f(load(in + i)...);
        b += f(load(in + i + kLanes<T>)...);
    }
    for (; i + kLanes<T> <= n; i += kLanes<T>) a += f(load(in + i)...);
    T rest = 0;
    for (; i < n; i++) rest += f(Folded<In>(in[i])...);
    return fold_lanes<Add, T>(a + b) + rest;
}

// Several sums in one pass: add(in[i]..., sum...) adds to each, for vectors and for numbers.
template <class T, int sums, class Add_, class... In>
inline std::array<T, sums> totals(int64_t n, Add_ add, const In*... in) {
    V<T> a[2][sums] = {};
    T rest[sums] = {};
    const auto to = [&](auto& s, auto... x) {
        [&]<size_t... k>(std::index_sequence<k...>) {
            add(x..., s[k]...);
        }(std::make_index_sequence<sums>());
    };
    int64_t i = 0;
    for (; i + 2 * kLanes<T> <= n; i += 2 * kLanes<T>) {
        to(a[0], load(in + i)...);
        to(a[1], load(in + i + kLanes<T>)...);
    }
    for (; i + kLanes<T> <= n; i += kLanes<T>) to(a[0], load(in + i)...);
    for (; i < n; i++) to(rest, in[i]...);
    std::array<T, sums> out;
    for (int k = 0; k < sums; k++) out[k] = fold_lanes<Add, T>(a[0][k] + a[1][k]) + rest[k];
    return out;
}

}  // namespace
}  // namespace kajo::cpu
