// Vectors of float and double in the width of one instruction set (namespace KAJO_ISA).
// Written with the compiler's vector types; intrinsics only where those have no masked form.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#ifndef KAJO_ISA
#error "compile the kernels with -DKAJO_ISA=baseline, avx2, avx512 or avx512bf16"
#endif

namespace kajo::cpu::KAJO_ISA {

#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
inline constexpr int kVectorBytes = 32;
#else
inline constexpr int kVectorBytes = 16;
#endif

template <class S>
inline constexpr int kLanes = kVectorBytes / int(sizeof(S));

template <class S, int bytes = kVectorBytes>
struct VectorOf {
    typedef S type __attribute__((vector_size(bytes)));
    typedef S unaligned __attribute__((vector_size(bytes), aligned(alignof(S)), may_alias));
};
template <class S>
using Vector = typename VectorOf<S>::type;

using LaneBits = uint32_t;  // bit l stands for lane l

template <class S>
constexpr LaneBits first_lanes(int64_t count) {
    if (count >= kLanes<S>) return (LaneBits{1} << kLanes<S>)-1;
    return count <= 0 ? 0 : (LaneBits{1} << count) - 1;
}

template <class S>
inline Vector<S> load(const S* p) {
    return *reinterpret_cast<const typename VectorOf<S>::unaligned*>(p);
}
template <class S>
inline void store(S* p, Vector<S> v) {
    *reinterpret_cast<typename VectorOf<S>::unaligned*>(p) = v;
}

// A mask in the form that the instructions take; made once outside a loop.
#if defined(__AVX512F__)
template <class S>
using Mask = std::conditional_t<sizeof(S) == 4, __mmask16, __mmask8>;
template <class S>
inline Mask<S> mask(LaneBits bits) {
    return static_cast<Mask<S>>(bits);
}
inline Vector<float> load(Mask<float> m, const float* p) { return _mm512_maskz_loadu_ps(m, p); }
inline Vector<double> load(Mask<double> m, const double* p) { return _mm512_maskz_loadu_pd(m, p); }
inline void store(Mask<float> m, float* p, Vector<float> v) { _mm512_mask_storeu_ps(p, m, v); }
inline void store(Mask<double> m, double* p, Vector<double> v) { _mm512_mask_storeu_pd(p, m, v); }
// Lanes of the mask come from memory, the others from v.
inline Vector<float> load_over(Vector<float> v, Mask<float> m, const float* p) {
    return _mm512_mask_loadu_ps(v, m, p);
}
inline Vector<double> load_over(Vector<double> v, Mask<double> m, const double* p) {
    return _mm512_mask_loadu_pd(v, m, p);
}
inline Vector<float> fma(Vector<float> a, Vector<float> b, Vector<float> c) {
    return _mm512_fmadd_ps(a, b, c);
}
inline Vector<double> fma(Vector<double> a, Vector<double> b, Vector<double> c) {
    return _mm512_fmadd_pd(a, b, c);
}
inline Vector<float> broadcast(float x) { return _mm512_set1_ps(x); }
inline Vector<double> broadcast(double x) { return _mm512_set1_pd(x); }
inline void stream(float* p, Vector<float> v) { _mm512_stream_ps(p, v); }
inline void stream(double* p, Vector<double> v) { _mm512_stream_pd(p, v); }
inline void stream_fence() { _mm_sfence(); }
#elif defined(__AVX2__)
template <class S>
using Mask = __m256i;
template <class S>
inline Mask<S> mask(LaneBits bits) {
    if constexpr (sizeof(S) == 4) {
        const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
        return _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(int(bits)), bit), bit);
    } else {
        const __m256i bit = _mm256_setr_epi64x(1, 2, 4, 8);
        return _mm256_cmpeq_epi64(_mm256_and_si256(_mm256_set1_epi64x(bits), bit), bit);
    }
}
inline Vector<float> load(__m256i m, const float* p) { return _mm256_maskload_ps(p, m); }
inline Vector<double> load(__m256i m, const double* p) { return _mm256_maskload_pd(p, m); }
inline void store(__m256i m, float* p, Vector<float> v) { _mm256_maskstore_ps(p, m, v); }
inline void store(__m256i m, double* p, Vector<double> v) { _mm256_maskstore_pd(p, m, v); }
inline Vector<float> load_over(Vector<float> v, __m256i m, const float* p) {
    return _mm256_blendv_ps(v, load(m, p), _mm256_castsi256_ps(m));
}
inline Vector<double> load_over(Vector<double> v, __m256i m, const double* p) {
    return _mm256_blendv_pd(v, load(m, p), _mm256_castsi256_pd(m));
}
inline Vector<float> fma(Vector<float> a, Vector<float> b, Vector<float> c) {
    return _mm256_fmadd_ps(a, b, c);
}
inline Vector<double> fma(Vector<double> a, Vector<double> b, Vector<double> c) {
    return _mm256_fmadd_pd(a, b, c);
}
inline Vector<float> broadcast(float x) { return _mm256_set1_ps(x); }
inline Vector<double> broadcast(double x) { return _mm256_set1_pd(x); }
inline void stream(float* p, Vector<float> v) { _mm256_stream_ps(p, v); }
inline void stream(double* p, Vector<double> v) { _mm256_stream_pd(p, v); }
inline void stream_fence() { _mm_sfence(); }
#else
template <class S>
struct Mask {
    LaneBits bits;
};
template <class S>
inline Mask<S> mask(LaneBits bits) {
    return {bits};
}
template <class S>
inline Vector<S> load_over(Vector<S> v, Mask<S> m, const S* p) {
    if (m.bits == first_lanes<S>(kLanes<S>)) return load(p);
    for (int l = 0; l < kLanes<S>; l++)
        if (m.bits >> l & 1) v[l] = p[l];
    return v;
}
template <class S>
inline Vector<S> load(Mask<S> m, const S* p) {
    return load_over(Vector<S>{}, m, p);
}
template <class S>
inline void store(Mask<S> m, S* p, Vector<S> v) {
    if (m.bits == first_lanes<S>(kLanes<S>)) return store(p, v);
    for (int l = 0; l < kLanes<S>; l++)
        if (m.bits >> l & 1) p[l] = v[l];
}
template <class V>
inline V fma(V a, V b, V c) {
    return a * b + c;
}
template <class S>
inline Vector<S> broadcast(S x) {
    Vector<S> v{};
    for (int l = 0; l < kLanes<S>; l++) v[l] = x;
    return v;
}
template <class S>
inline void stream(S* p, Vector<S> v) {
    store(p, v);
}
inline void stream_fence() {}
#endif

// Element-wise interleaving of two vectors: the lower and the upper half of a0 b0 a1 b1 ...
template <class S, int half, int... I>
inline Vector<S> interleave(Vector<S> a, Vector<S> b, std::integer_sequence<int, I...>) {
    constexpr int lanes = kLanes<S>;
    return __builtin_shufflevector(a, b, (half * lanes / 2 + I / 2 + I % 2 * lanes)...);
}

// Transposes a square of vectors by log2(lanes) perfect shuffles.
template <class S>
inline void transpose(Vector<S>* rows) {
    constexpr int lanes = kLanes<S>;
    constexpr auto sequence = std::make_integer_sequence<int, lanes>();
    Vector<S> other[lanes];
    for (int round = 1; round < lanes; round *= 2) {
#pragma GCC unroll 8
        for (int i = 0; i < lanes / 2; i++) {
            other[2 * i] = interleave<S, 0>(rows[i], rows[i + lanes / 2], sequence);
            other[2 * i + 1] = interleave<S, 1>(rows[i], rows[i + lanes / 2], sequence);
        }
#pragma GCC unroll 16
        for (int i = 0; i < lanes; i++) rows[i] = other[i];
    }
}

// Every second element of two vectors in a row, from the first or from the second on.
template <class S, int first, int... I>
inline Vector<S> every_second(Vector<S> a, Vector<S> b, std::integer_sequence<int, I...>) {
    return __builtin_shufflevector(a, b, (2 * I + first)...);
}
template <class S>
inline Vector<S> even_lanes(Vector<S> a, Vector<S> b) {
    return every_second<S, 0>(a, b, std::make_integer_sequence<int, kLanes<S>>());
}
template <class S>
inline Vector<S> odd_lanes(Vector<S> a, Vector<S> b) {
    return every_second<S, 1>(a, b, std::make_integer_sequence<int, kLanes<S>>());
}

template <class S, int... I>
inline Vector<S> swap_pairs(Vector<S> v, std::integer_sequence<int, I...>) {
    return __builtin_shufflevector(v, v, (I ^ 1)...);
}
template <class S>
inline Vector<S> swap_pairs(Vector<S> v) {
    return swap_pairs<S>(v, std::make_integer_sequence<int, kLanes<S>>());
}

template <class S>
inline S sum_lanes(Vector<S> v) {
    S sum = 0;
    for (int l = 0; l < kLanes<S>; l++) sum += v[l];
    return sum;
}

}  // namespace kajo::cpu::KAJO_ISA
