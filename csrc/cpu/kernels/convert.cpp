// Conversions between all pairs of element types.
#include <array>
#include <complex>
#include <utility>

#include "cpu/convert_value.h"
#include "cpu/move.h"
#if defined(__F16C__)
#include <immintrin.h>
#endif

namespace kajo::cpu::KAJO_ISA {
namespace {

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

// A truth value is stored as 0 or 1, which the compiler makes vectors of only if it is a number.
template <class To>
constexpr ConvertFn of_bool() {
    if constexpr (std::is_same_v<To, uint8_t>)
        return convert<uint8_t, int8_t>;
    else
        return convert<To, uint8_t>;
}

template <class From>
constexpr std::array<ConvertFn, kCommonDTypes> row() {
    auto to = []<class To>() -> ConvertFn {
        if constexpr (std::is_same_v<To, From>)
            return nullptr;
        else if constexpr (std::is_same_v<From, bool>)
            return of_bool<To>();
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
        for (int to = 0; to < kCommonDTypes; to++)
            kernels.table[from][to] = r[static_cast<size_t>(to)];
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
