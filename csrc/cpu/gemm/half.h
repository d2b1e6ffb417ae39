// bfloat16 and float16 as storage, converted to and from vectors of float.
#pragma once

#include <concepts>

#include "cpu/gemm/simd.h"

namespace kajo::cpu::KAJO_ISA {

struct BFloat16 {
    uint16_t bits;
};
struct Float16 {
    uint16_t bits;
};

// The type that values of a storage type are computed in.
template <class T>
using ComputeType = std::conditional_t<sizeof(T) == 2, float, T>;

inline float to_float(BFloat16 h) { return std::bit_cast<float>(uint32_t{h.bits} << 16); }

inline float to_float(Float16 h) {
    const uint32_t sign = uint32_t(h.bits & 0x8000) << 16, magnitude = h.bits & 0x7fff;
    // Scaling by 2^112 moves the exponent's bias from 15 to 127 and makes subnormals normal.
    float value = std::bit_cast<float>(magnitude << 13) * 0x1p112f;
    if (magnitude >= 0x7c00) value = std::bit_cast<float>(0x7f800000 | (magnitude & 0x3ff) << 13);
    return std::bit_cast<float>(std::bit_cast<uint32_t>(value) | sign);
}

inline void from_float(float value, BFloat16& h) {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    h.bits = value != value ? 0x7fc0 : uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

inline void from_float(float value, Float16& h) {
    const uint32_t bits = std::bit_cast<uint32_t>(value), magnitude = bits & 0x7fffffff;
    uint32_t half;
    if (magnitude > 0x7f800000) {
        half = 0x7e00;
    } else if (magnitude >= 0x477ff000) {
        half = 0x7c00;  // rounds to infinity
    } else if (magnitude < 0x38800000) {
        // Adding 0.5 puts the last bit of a float16 subnormal at the last bit of the sum.
        half = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000;
    } else {
        half = (magnitude - 0x38000000 + 0xfff + (magnitude >> 13 & 1)) >> 13;
    }
    h.bits = uint16_t(half | (bits >> 16 & 0x8000));
}

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
    std::memcpy(&bits, p, size_t(std::clamp(count, 0, kLanes<float>)) * 2);
#endif
    return bits;
}
template <class H>
inline void store_halves(H* p, Halves bits, int count) {
#if defined(__AVX512BW__)
    _mm256_mask_storeu_epi16(p, __mmask16(first_lanes<float>(count)), (__m256i)bits);
#else
    std::memcpy(p, &bits, size_t(std::clamp(count, 0, kLanes<float>)) * 2);
#endif
}

inline Vector<float> load_first(const BFloat16* p, int count) {
    const Vector<uint32_t> wide = __builtin_convertvector(load_halves(p, count), Vector<uint32_t>);
    return (Vector<float>)(wide << 16);
}
inline void store_first(BFloat16* p, Vector<float> v, int count) {
    const Vector<uint32_t> bits = (Vector<uint32_t>)v;
    const Vector<uint32_t> rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    const Vector<uint32_t> nan = (Vector<uint32_t>)(v != v);
    store_halves(p, __builtin_convertvector((rounded & ~nan) | (nan & 0x7fc0), Halves), count);
}

inline Vector<float> load_first(const Float16* p, int count) {
    const Halves bits = load_halves(p, count);
#if defined(__AVX512F__)
    return _mm512_maskz_cvtph_ps(0xffff, (__m256i)bits);
#elif defined(__F16C__)
    return _mm256_cvtph_ps((__m128i)bits);
#else
    Vector<float> v{};
    for (int l = 0; l < kLanes<float>; l++) v[l] = to_float(Float16{bits[l]});
    return v;
#endif
}
inline void store_first(Float16* p, Vector<float> v, int count) {
#if defined(__AVX512F__)
    store_halves(p, (Halves)_mm512_maskz_cvtps_ph(0xffff, v, _MM_FROUND_TO_NEAREST_INT), count);
#elif defined(__F16C__)
    store_halves(p, (Halves)_mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT), count);
#else
    Halves bits{};
    for (int l = 0; l < kLanes<float>; l++) {
        Float16 h;
        from_float(v[l], h);
        bits[l] = h.bits;
    }
    store_halves(p, bits, count);
#endif
}

template <class S>
inline S load_scalar(const S* p) {
    return *p;
}
inline float load_scalar(const BFloat16* p) { return to_float(*p); }
inline float load_scalar(const Float16* p) { return to_float(*p); }
template <class S>
inline void store_scalar(S* p, S value) {
    *p = value;
}
inline void store_scalar(BFloat16* p, float value) { from_float(value, *p); }
inline void store_scalar(Float16* p, float value) { from_float(value, *p); }

}  // namespace kajo::cpu::KAJO_ISA
