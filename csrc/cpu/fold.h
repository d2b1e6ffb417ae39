// Folding a contiguous run into one value with vectors: what reductions and row kernels share. For
// files that are compiled once for each instruction set.
#pragma once

#include <array>
#include <complex>
#include <cstring>
#include <limits>
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

template <class Op, class T>
T fold_run(const T* p, int64_t n) {
    if constexpr (kLanes<T> == 1 && std::is_same_v<Op, Add>)
        return sum_of_complex(reinterpret_cast<const decltype(p->real())*>(p), 2 * n);
    constexpr int kWide = 4, kStep = kLanes<T>;
    if (n < kStep) {
        T value = Op::template identity<T>();
        for (int64_t i = 0; i < n; i++) value = Op::fold(value, T(Op::map(p[i])));
        return value;
    }
    V<T> sums[kWide];
    for (auto& s : sums) s = filled<T>(Op::template identity<T>());
    int64_t i = 0;
    for (; i + kWide * kStep <= n; i += kWide * kStep)
        for (int k = 0; k < kWide; k++)
            sums[k] = Op::fold(sums[k], V<T>(Op::map(load(p + i + k * kStep))));
    for (; i + kStep <= n; i += kStep) sums[0] = Op::fold(sums[0], V<T>(Op::map(load(p + i))));
    if (i < n) {
        const V<T> rest = load_some(p + i, n - i, filled<T>(Op::template identity<T>()));
        sums[1] = Op::fold(sums[1], V<T>(Op::map(rest)));
    }
    return fold_lanes<Op, T>(Op::fold(Op::fold(sums[0], sums[1]), Op::fold(sums[2], sums[3])));
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
