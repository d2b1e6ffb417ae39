// 8-bit floating-point storage types: they hold bits and convert; arithmetic happens in float.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace kajo {

// A sign, then an exponent, then `mantissa` bits. Codes above `last`, sign aside, are not finite.
struct Float8Format {
    int mantissa, bias;
    uint8_t last;
    uint8_t infinity;  // what is too large becomes this code, with its sign
    uint8_t nan;       // with its sign, except where `nan` itself has it
    bool negative_zero;
};

constexpr Float8Format kE4M3FN{3, 7, 0x7e, 0x7e, 0x7f, true};
constexpr Float8Format kE4M3FNUZ{3, 8, 0x7f, 0x80, 0x80, false};
constexpr Float8Format kE5M2{2, 15, 0x7b, 0x7c, 0x7f, true};
constexpr Float8Format kE5M2FNUZ{2, 16, 0x7f, 0x80, 0x80, false};

// Rounds to the nearest, ties to the even code.
inline uint8_t float8_from(float value, const Float8Format& f) {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    const uint8_t sign = static_cast<uint8_t>(bits >> 24 & 0x80);
    if (std::isnan(value)) return f.nan | sign;
    const float magnitude = std::abs(value);
    const int exponent = static_cast<int>(bits >> 23 & 0xff) - 127;
    const int least = 1 - f.bias;
    const int used = exponent < least ? least : exponent;
    // Steps of the code at this exponent: below 2^(mantissa + 1), so that the conversion is exact.
    const double steps = std::nearbyint(std::ldexp(double{magnitude}, f.mantissa - used));
    if (steps > 0x1p8) return f.infinity | sign;
    const int code = static_cast<int>(steps) + ((used - least) << f.mantissa);
    if (code > f.last) return f.infinity | sign;
    return code == 0 && !f.negative_zero ? 0 : static_cast<uint8_t>(code) | sign;
}

inline float float8_to(uint8_t code, const Float8Format& f) {
    const uint32_t sign = uint32_t(code & 0x80) << 24;
    const int magnitude = code & 0x7f;
    if (!f.negative_zero && code == f.nan) return std::bit_cast<float>(0x7fc00000u);
    if (magnitude > f.last) {
        const bool infinite = magnitude == f.infinity && f.infinity != f.nan;
        return std::bit_cast<float>((infinite ? 0x7f800000u : 0x7fc00000u) | sign);
    }
    const int exponent = magnitude >> f.mantissa, fraction = magnitude & ((1 << f.mantissa) - 1);
    const int whole = exponent ? fraction + (1 << f.mantissa) : fraction;
    const float value =
        std::ldexp(static_cast<float>(whole), (exponent ? exponent : 1) - f.bias - f.mantissa);
    return std::bit_cast<float>(std::bit_cast<uint32_t>(value) | sign);
}

template <const Float8Format& kFormat>
struct Float8 {
    uint8_t bits = 0;

    Float8() = default;
    Float8(float value) : bits(float8_from(value, kFormat)) {}
    operator float() const { return float8_to(bits, kFormat); }
};
using Float8E4M3FN = Float8<kE4M3FN>;
using Float8E4M3FNUZ = Float8<kE4M3FNUZ>;
using Float8E5M2 = Float8<kE5M2>;
using Float8E5M2FNUZ = Float8<kE5M2FNUZ>;

// The exponent of a float and nothing else: 2^(bits - 127), or nan.
struct Float8E8M0FNU {
    uint8_t bits = 0;

    Float8E8M0FNU() = default;
    Float8E8M0FNU(float value) : bits(from_float(value)) {}
    operator float() const {
        return std::bit_cast<float>(bits == 0xff ? 0x7fc00000u
                                    : bits == 0  ? 0x00400000u
                                                 : uint32_t{bits} << 23);
    }

  private:
    // The nearest power of two by the mantissa; half-way goes up, except below the normal numbers.
    static uint8_t from_float(float value) {
        const uint32_t u = std::bit_cast<uint32_t>(value);
        const uint32_t exponent = u >> 23 & 0xff, mantissa = u & 0x7fffff;
        if (exponent == 0xff) return 0xff;
        const bool up = mantissa > 0x400000 || (mantissa == 0x400000 && exponent > 0);
        return static_cast<uint8_t>(exponent + up);
    }
};

template <class T>
constexpr bool kIsFloat8 = false;
template <const Float8Format& kFormat>
constexpr bool kIsFloat8<Float8<kFormat>> = true;
template <>
inline constexpr bool kIsFloat8<Float8E8M0FNU> = true;

}  // namespace kajo
