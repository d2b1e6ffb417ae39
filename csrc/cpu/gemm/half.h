// bfloat16 and float16 as storage, converted to and from vectors of float.
#pragma once

#include <concepts>

#include "core/half.h"
#include "cpu/gemm/simd.h"

namespace kajo::cpu::KAJO_ISA {

// The type that values of a storage type are computed in.
template <class T>
using ComputeType = std::conditional_t<sizeof(T) == 2, float, T>;

// The first `count` lanes of a vector in the computing type; the others are zero.
template <std::floating_point S>
inline auto load_first(const S* p, int count) {
    if (count >= kLanes<S>) return load(p);
    return load(mask<S>(first_lanes<S>(count)), p);
}
template <std::floating_point S, class V>
inline void store_first(S* p, V v, int count) {
    if (count >= kLanes<S>) return store(p, v);
    store(mask<S>(first_lanes<S>(count)), p, v);
}

struct HalfBits {  // a vector's worth of 16-bit values
    typedef uint16_t type __attribute__((vector_size(kVectorBytes / 2)));
};
using Halves = HalfBits::type;

template <class H>
inline Halves load_halves(const H* p, int count) {
    Halves bits{};
#if defined(__AVX512BW__)
    bits = Halves(_mm256_maskz_loadu_epi16(__mmask16(first_lanes<float>(count)), p));
#else
    std::memcpy(&bits, static_cast<const void*>(p),
                size_t(std::clamp(count, 0, kLanes<float>)) * 2);
#endif
    return bits;
}
template <class H>
inline void store_halves(H* p, Halves bits, int count) {
#if defined(__AVX512BW__)
    _mm256_mask_storeu_epi16(p, __mmask16(first_lanes<float>(count)), (__m256i)bits);
#else
    std::memcpy(static_cast<void*>(p), &bits, size_t(std::clamp(count, 0, kLanes<float>)) * 2);
#endif
}

inline Vector<float> load_first(const BFloat16* p, int count) {
    const Vector<uint32_t> wide = __builtin_convertvector(load_halves(p, count), Vector<uint32_t>);
    return (Vector<float>)(wide << 16);
}
inline void store_first(BFloat16* p, Vector<float> v, int count) {
#if defined(__AVX512BF16__)
    return store_halves(p, (Halves)_mm512_cvtneps_pbh((__m512)v), count);
#endif
    const Vector<uint32_t> bits = (Vector<uint32_t>)v;
    const Vector<uint32_t> rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    const Vector<uint32_t> nan = (Vector<uint32_t>)(v != v);
    store_halves(p, __builtin_convertvector((rounded & ~nan) | (nan & 0x7fc0), Halves), count);
}

inline Vector<float> load_first(const Half* p, int count) {
    const Halves bits = load_halves(p, count);
#if defined(__AVX512F__)
    return _mm512_maskz_cvtph_ps(0xffff, (__m256i)bits);
#elif defined(__F16C__)
    return _mm256_cvtph_ps((__m128i)bits);
#else
    Vector<float> v{};
    for (int l = 0; l < kLanes<float>; l++) v[l] = Half::from_bits(bits[l]);
    return v;
#endif
}
inline void store_first(Half* p, Vector<float> v, int count) {
#if defined(__AVX512F__)
    store_halves(p, (Halves)_mm512_maskz_cvtps_ph(0xffff, v, _MM_FROUND_TO_NEAREST_INT), count);
#elif defined(__F16C__)
    store_halves(p, (Halves)_mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT), count);
#else
    Halves bits{};
    for (int l = 0; l < kLanes<float>; l++) bits[l] = Half(v[l]).bits;
    store_halves(p, bits, count);
#endif
}

}  // namespace kajo::cpu::KAJO_ISA
