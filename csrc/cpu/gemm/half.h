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

// Lanes whose bits, which follow each other, are set; the others are zero and not read.
template <class H>
inline Halves load_some_halves(const H* p, LaneBits lanes) {
    Halves bits{};
#if defined(__AVX512BW__)
    bits = Halves(_mm256_maskz_loadu_epi16(__mmask16(lanes), p));
#else
    if (lanes == 0) return bits;
    const int first = std::countr_zero(lanes);
    std::memcpy(reinterpret_cast<char*>(&bits) + 2 * first, static_cast<const void*>(p + first),
                size_t(std::popcount(lanes)) * 2);
#endif
    return bits;
}

inline Vector<float> to_floats(const BFloat16*, Halves bits) {
#if defined(__AVX512F__)
    return (Vector<float>)_mm512_slli_epi32(_mm512_cvtepu16_epi32((__m256i)bits), 16);
#else
    return (Vector<float>)(__builtin_convertvector(bits, Vector<uint32_t>) << 16);
#endif
}
inline Vector<float> to_floats(const Half*, Halves bits) {
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
template <class H>
inline Vector<float> load_first(const H* p, int count) {
    return to_floats(p, load_halves(p, count));
}

// Such lanes in the computing type.
template <std::floating_point S>
inline auto load_lanes(const S* p, LaneBits lanes) {
    return load(mask<S>(lanes), p);
}
template <class H>
inline auto load_lanes(const H* p, LaneBits lanes) {
    return to_floats(p, load_some_halves(p, lanes));
}

inline void store_first(BFloat16* p, Vector<float> v, int count) {
#if defined(__AVX512BF16__)
    return store_halves(p, (Halves)_mm512_cvtneps_pbh((__m512)v), count);
#endif
    const Vector<uint32_t> bits = (Vector<uint32_t>)v;
    const Vector<uint32_t> rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    const Vector<uint32_t> nan = (Vector<uint32_t>)(v != v);
    const Vector<uint32_t> safe = (rounded & ~nan) | (nan & 0x7fc0);
#if defined(__AVX512F__)
    store_halves(p, (Halves)_mm512_cvtepi32_epi16((__m512i)safe), count);
#else
    store_halves(p, __builtin_convertvector(safe, Halves), count);
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
