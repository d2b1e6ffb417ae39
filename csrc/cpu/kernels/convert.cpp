// Conversions between all pairs of element types.
#include <array>
#include <complex>
#include <limits>
#include <utility>

#include "cpu/move.h"
#if defined(__F16C__)
#include <immintrin.h>
#endif

namespace kajo::cpu::KAJO_ISA {
namespace {

template <class T>
constexpr bool kIsFloat = std::is_floating_point_v<T> || kIsHalf<T>;

// Out of range and nan become the smallest integer of the width, as the hardware has it.
template <class Int, class Float>
inline Int to_integer(Float x) {
    constexpr Float bound = static_cast<Float>(std::numeric_limits<Int>::max() / 2 + 1) * 2;
    return x >= -bound && x < bound ? static_cast<Int>(x) : std::numeric_limits<Int>::min();
}

template <class To, class From>
inline To convert_value(From x) {
    if constexpr (kIsHalf<From>) {
        return convert_value<To>(static_cast<float>(x));
    } else if constexpr (std::is_same_v<To, bool>) {
        return x != From(0);
    } else if constexpr (kIsComplex<From>) {
        if constexpr (kIsComplex<To>)
            return To(static_cast<typename To::value_type>(x.real()),
                      static_cast<typename To::value_type>(x.imag()));
        else
            return convert_value<To>(x.real());
    } else if constexpr (kIsComplex<To>) {
        return To(static_cast<typename To::value_type>(x));
    } else if constexpr (kIsHalf<To>) {
        return To(static_cast<float>(x));
    } else if constexpr (std::is_integral_v<To> && kIsFloat<From>) {
        using Int = std::conditional_t<sizeof(To) == 8, int64_t, int32_t>;
        return static_cast<To>(to_integer<Int>(x));
    } else {
        return static_cast<To>(x);
    }
}

// Blocks of a fixed length are what the compiler turns into vector instructions.
template <class To, class From>
void convert(void* to_, const void* from_, int64_t n) {
    To* __restrict to = static_cast<To*>(to_);
    const From* __restrict from = static_cast<const From*>(from_);
    constexpr int kBlock = 32;
    int64_t i = 0;
    for (; i + kBlock <= n; i += kBlock)
        for (int j = 0; j < kBlock; j++) to[i + j] = convert_value<To>(from[i + j]);
    for (; i < n; i++) to[i] = convert_value<To>(from[i]);
}

#if defined(__F16C__)
template <>
void convert<float, Half>(void* to_, const void* from_, int64_t n) {
    float* to = static_cast<float*>(to_);
    const Half* from = static_cast<const Half*>(from_);
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(
            to + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i))));
    for (; i < n; i++) to[i] = from[i];
}

template <>
void convert<Half, float>(void* to_, const void* from_, int64_t n) {
    Half* to = static_cast<Half*>(to_);
    const float* from = static_cast<const float*>(from_);
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i),
                         _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT));
    for (; i < n; i++) to[i] = Half(from[i]);
}
#endif

template <class From>
constexpr std::array<ConvertFn, kDTypes> row() {
    auto to = []<class To>() -> ConvertFn {
        if constexpr (std::is_same_v<To, From>)
            return nullptr;
        else
            return convert<To, From>;
    };
    return {to.template operator()<uint8_t>(),
            to.template operator()<int8_t>(),
            to.template operator()<int16_t>(),
            to.template operator()<int32_t>(),
            to.template operator()<int64_t>(),
            to.template operator()<Half>(),
            to.template operator()<float>(),
            to.template operator()<double>(),
            to.template operator()<std::complex<float>>(),
            to.template operator()<std::complex<double>>(),
            to.template operator()<bool>(),
            to.template operator()<BFloat16>()};
}

// In the order of DType.
template <class... From>
constexpr ConvertKernels make_table() {
    ConvertKernels kernels{};
    int from = 0;
    for (const auto& r : {row<From>()...}) {
        for (int to = 0; to < kDTypes; to++) kernels.table[from][to] = r[static_cast<size_t>(to)];
        from++;
    }
    return kernels;
}

}  // namespace

extern const ConvertKernels convert_kernels;
const ConvertKernels convert_kernels =
    make_table<uint8_t, int8_t, int16_t, int32_t, int64_t, Half, float, double, std::complex<float>,
               std::complex<double>, bool, BFloat16>();

}  // namespace kajo::cpu::KAJO_ISA
