// 16-bit floating-point storage types: they hold bits and convert; arithmetic happens in float.
#pragma once

#include <bit>
#include <complex>
#include <cstdint>

namespace kajo {

struct BFloat16 {
    uint16_t bits = 0;

    BFloat16() = default;
    BFloat16(float value) : bits(from_float(value)) {}
    operator float() const { return std::bit_cast<float>(uint32_t{bits} << 16); }

    static BFloat16 from_bits(uint16_t bits) {
        BFloat16 x;
        x.bits = bits;
        return x;
    }

  private:
    static uint16_t from_float(float value) {
        const uint32_t u = std::bit_cast<uint32_t>(value);
        if ((u & 0x7fffffffu) > 0x7f800000u) return 0x7fc0;
        return static_cast<uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
    }
};

struct Half {
    uint16_t bits = 0;

    Half() = default;
    Half(float value) : bits(from_float(value)) {}
    operator float() const { return to_float(bits); }

    static Half from_bits(uint16_t bits) {
        Half x;
        x.bits = bits;
        return x;
    }

  private:
    // Adding and subtracting powers of two lets the FPU do the rounding and the denormals.
    static uint16_t from_float(float value) {
        const uint32_t u = std::bit_cast<uint32_t>(value);
        const uint32_t sign = u & 0x80000000u;
        const uint32_t magnitude = u ^ sign;
        uint32_t result;
        if (magnitude >= 0x47800000u) {
            result = magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u;
        } else if (magnitude < 0x38800000u) {
            const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
            result = std::bit_cast<uint32_t>(shifted) - 0x3f000000u;
        } else {
            const uint32_t odd = (magnitude >> 13) & 1u;
            result = (magnitude - 0x38000000u + 0xfffu + odd) >> 13;
        }
        return static_cast<uint16_t>(result | (sign >> 16));
    }
    static float to_float(uint16_t h) {
        const uint32_t sign = uint32_t(h & 0x8000u) << 16;
        const uint32_t body = uint32_t(h & 0x7fffu) << 13;
        const uint32_t exponent = body & 0x0f800000u;
        float magnitude;
        if (exponent == 0x0f800000u) {
            magnitude = std::bit_cast<float>(body + 0x70000000u);
        } else if (exponent == 0) {
            magnitude =
                std::bit_cast<float>(body + 0x38800000u) - std::bit_cast<float>(0x38800000u);
        } else {
            magnitude = std::bit_cast<float>(body + 0x38000000u);
        }
        return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
    }
};

// A complex number of two halves.
struct ComplexHalf {
    Half re, im;

    ComplexHalf() = default;
    ComplexHalf(std::complex<float> z) : re(z.real()), im(z.imag()) {}
    operator std::complex<float>() const { return {re, im}; }
};

}  // namespace kajo
