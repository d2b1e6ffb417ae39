#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "cpu/random_kernels.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

// Loops over whole tiles have a constant length, which lets the compiler vectorise them outright.
constexpr int64_t kTile = 256;

constexpr std::size_t kWords = 624;
constexpr std::size_t kDistance = 397;

inline uint32_t twisted(uint32_t upper, uint32_t lower) {
    const uint32_t mixed = (upper & 0x80000000u) | (lower & 0x7fffffffu);
    return (mixed >> 1) ^ ((0u - (lower & 1u)) & 0x9908b0dfu);
}

template <std::size_t kCount>
inline void twist_range(uint32_t* state, std::size_t begin) {
    uint32_t* s = state + begin;
    const uint32_t* source = begin >= kWords - kDistance ? s - (kWords - kDistance) : s + kDistance;
    uint32_t next[kCount];
    for (std::size_t i = 0; i < kCount; ++i) next[i] = source[i] ^ twisted(s[i], s[i + 1]);
    std::memcpy(s, next, sizeof(next));
}

void twist(uint32_t* state, uint32_t* output) {
    for (std::size_t i = 0; i < 224; i += 32) twist_range<32>(state, i);
    twist_range<3>(state, 224);
    for (std::size_t i = 227; i < 611; i += 32) twist_range<32>(state, i);
    twist_range<12>(state, 611);
    state[kWords - 1] = state[kDistance - 1] ^ twisted(state[kWords - 1], state[0]);
    for (std::size_t begin = 0; begin < kWords; begin += 48) {
        uint32_t words[48];
        std::memcpy(words, state + begin, sizeof(words));
        for (std::size_t i = 0; i < 48; ++i) {
            uint32_t word = words[i];
            word ^= word >> 11;
            word ^= (word << 7) & 0x9d2c5680u;
            word ^= (word << 15) & 0xefc60000u;
            words[i] = word ^ (word >> 18);
        }
        std::memcpy(output + begin, words, sizeof(words));
    }
}

template <class T>
struct Format;

template <>
struct Format<float> {
    using Bits = uint32_t;
    static constexpr int kMantissa = 23, kBias = 127, kWordsEach = 1;
    static constexpr float kMagic = 0x1.8p23f;
    // Constants in parts, the first short enough that small multiples of them are exact.
    static constexpr float kHalfPi[3] = {0x1.921ep+0f, 0x1.b544p-16f, 0x1.0b4610p-34f};
    static constexpr float kLn2[2] = {0x1.62e4p-1f, 0x1.7f7d1cp-20f};
    static constexpr int kLogTerms = 4, kSinTerms = 5, kCosTerms = 5;
};

template <>
struct Format<double> {
    using Bits = uint64_t;
    static constexpr int kMantissa = 52, kBias = 1023, kWordsEach = 2;
    static constexpr double kMagic = 0x1.8p52;
    static constexpr double kHalfPi[3] = {0x1.921fb54442p+0, 0x1.a308d31318p-41,
                                          0x1.8a2e03707344ap-81};
    static constexpr double kLn2[2] = {0x1.62e42fefa2p-1, 0x1.9ef35793c7673p-41};
    static constexpr int kLogTerms = 11, kSinTerms = 10, kCosTerms = 10;
};

// One rounding, as PyTorch's kernels do it where the processor can.
inline float multiply_add(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline double multiply_add(double a, double b, double c) { return __builtin_fma(a, b, c); }

// Coefficients of the series, highest power first.
template <class T, std::size_t kCount>
struct Series {
    T coefficient[kCount];
};

template <class T, std::size_t kCount>
constexpr Series<T, kCount> log_series() {
    Series<T, kCount> series{};
    for (std::size_t k = 1; k <= kCount; ++k)
        series.coefficient[kCount - k] = T(2.0 / (2.0 * k + 1.0));
    return series;
}

// x^(first), x^(first+2) ... of the sine (first = 1) or the cosine (first = 0).
template <class T, std::size_t kCount>
constexpr Series<T, kCount> circle_series(int first) {
    Series<T, kCount> series{};
    double factorial = 1;
    for (std::size_t k = 0; k < kCount; ++k) {
        series.coefficient[kCount - 1 - k] = T((k % 2 ? -1.0 : 1.0) / factorial);
        const double n = 2.0 * static_cast<double>(k) + first;
        factorial *= (n + 1) * (n + 2);
    }
    return series;
}

template <class T, std::size_t kCount>
inline T evaluate(const Series<T, kCount>& series, T x) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        T sum = series.coefficient[0];
        ((sum = sum * x + series.coefficient[I + 1]), ...);
        return sum;
    }(std::make_index_sequence<kCount - 1>{});
}

// Natural logarithm of positive normal numbers: x = 2^e (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)),
// and with s = f / (2 + f), log(1 + f) = 2 s + s R = f - s (f - R), R a series in s^2.
template <class T>
inline T log_positive(T x) {
    using F = Format<T>;
    using Bits = typename F::Bits;
    constexpr auto kSeries = log_series<T, F::kLogTerms>();
    constexpr Bits kOne = std::bit_cast<Bits>(T(1));
    constexpr Bits kRootHalf = std::bit_cast<Bits>(T(0.70710678118654752440));
    const Bits shifted = std::bit_cast<Bits>(x) + (kOne - kRootHalf);
    const Bits exponent = std::bit_cast<Bits>(F::kMagic) + (shifted >> F::kMantissa);
    const T e = std::bit_cast<T>(exponent) - (F::kMagic + F::kBias);
    const Bits mantissa = shifted & ((Bits{1} << F::kMantissa) - 1);
    const T f = std::bit_cast<T>(mantissa + kRootHalf) - T(1);
    const T s = f / (T(2) + f);
    const T s2 = s * s;
    const T r = s2 * evaluate(kSeries, s2);
    return e * F::kLn2[0] - ((s * (f - r) - e * F::kLn2[1]) - f);
}

// Sine and cosine of an angle in [0, 2 pi].
template <class T>
inline void sine_cosine(T angle, T& sine, T& cosine) {
    using F = Format<T>;
    using Bits = typename F::Bits;
    constexpr auto kSine = circle_series<T, F::kSinTerms>(1);
    constexpr auto kCosine = circle_series<T, F::kCosTerms>(0);
    const T rounded = angle * T(0.63661977236758134308) + F::kMagic;
    const Bits quarter = std::bit_cast<Bits>(rounded);
    const T k = rounded - F::kMagic;
    const T r = ((angle - k * F::kHalfPi[0]) - k * F::kHalfPi[1]) - k * F::kHalfPi[2];
    const T r2 = r * r;
    const Bits s = std::bit_cast<Bits>(r * evaluate(kSine, r2));
    const Bits c = std::bit_cast<Bits>(evaluate(kCosine, r2));
    constexpr int kSign = sizeof(T) * 8 - 1;
    const Bits odd = Bits{0} - (quarter & 1);
    const Bits sine_sign = (quarter >> 1) << kSign;
    const Bits cosine_sign = ((quarter + 1) >> 1) << kSign;
    sine = std::bit_cast<T>(((s & ~odd) | (c & odd)) ^ sine_sign);
    cosine = std::bit_cast<T>(((c & ~odd) | (s & odd)) ^ cosine_sign);
}

// Uniform numbers in [0, 1) with 24 or 53 random bits.
inline void uniform_tile(const uint32_t* words, float* out) {
    for (int64_t i = 0; i < kTile; ++i) {
        out[i] = static_cast<float>(static_cast<int32_t>(words[i] & 0xffffffu)) * 0x1p-24f;
    }
}

inline void uniform_tile(const uint32_t* words, double* out) {
    for (int64_t i = 0; i < kTile; ++i) {
        // The 53 bits are joined in the mantissas of two numbers, which needs no conversion.
        const uint64_t high = words[2 * i] & 0x1fffffu, low = words[2 * i + 1];
        const double h = std::bit_cast<double>(high | 0x4530000000000000u) - 0x1p84;
        const double l = std::bit_cast<double>(low | 0x4330000000000000u) - 0x1p52;
        out[i] = (h + l) * 0x1p-53;
    }
}

// Runs `transform` on tiles of uniform numbers; the last tile is filled up with zeros.
template <class T, class Transform>
inline void for_each_tile(const uint32_t* words, T* out, int64_t n, Transform transform) {
    constexpr int64_t kWordsEach = Format<T>::kWordsEach;
    for (int64_t begin = 0; begin < n; begin += kTile) {
        const int64_t count = std::min(kTile, n - begin);
        alignas(64) uint32_t bits[kTile * kWordsEach] = {};
        std::copy_n(words + begin * kWordsEach, count * kWordsEach, bits);
        alignas(64) T uniform[kTile];
        alignas(64) T result[kTile];
        uniform_tile(bits, uniform);
        transform(uniform, result);
        std::copy_n(result, count, out + begin);
    }
}

template <class T>
void uniform(const uint32_t* words, T* out, int64_t n, T from, T to) {
    const T range = to - from;
    for_each_tile(words, out, n, [=](const T* u, T* result) {
        for (int64_t i = 0; i < kTile; ++i) {
            const T x = multiply_add(u[i], range, from);
            result[i] = x == to ? from : x;
        }
    });
}

template <class T>
void normal(const uint32_t* words, T* out, int64_t n, T mean, T std) {
    constexpr T kTwoPi = T(6.28318530717958647693);
    for_each_tile(words, out, n, [=](const T* u, T* result) {
        constexpr int64_t kPairs = kTile / 2;
        alignas(64) T radius[kPairs];
        alignas(64) T angle[kPairs];
        alignas(64) T sine[kPairs];
        alignas(64) T cosine[kPairs];
        for (int64_t block = 0; block < kPairs / 8; ++block) {
            std::copy_n(u + 16 * block, 8, radius + 8 * block);
            std::copy_n(u + 16 * block + 8, 8, angle + 8 * block);
        }
        for (int64_t i = 0; i < kPairs; ++i) radius[i] = T(-2) * log_positive(T(1) - radius[i]);
        for (int64_t i = 0; i < kPairs; ++i) {
            if constexpr (sizeof(T) == 4)
                radius[i] = __builtin_sqrtf(radius[i]);
            else
                radius[i] = __builtin_sqrt(radius[i]);
        }
        for (int64_t i = 0; i < kPairs; ++i) {
            T s, c;
            sine_cosine(kTwoPi * angle[i], s, c);
            sine[i] = multiply_add(radius[i] * s, std, mean);
            cosine[i] = multiply_add(radius[i] * c, std, mean);
        }
        for (int64_t block = 0; block < kPairs / 8; ++block) {
            std::copy_n(cosine + 8 * block, 8, result + 16 * block);
            std::copy_n(sine + 8 * block, 8, result + 16 * block + 8);
        }
    });
}

void exponential(const uint32_t* words, double* out, int64_t n, double scale) {
    for_each_tile(words, out, n, [=](const double* u, double* result) {
        for (int64_t i = 0; i < kTile; ++i) result[i] = -scale * log_positive(1.0 - u[i]);
    });
}

}  // namespace

const RandomKernels random_kernels = {twist,         uniform<float>, uniform<double>,
                                      normal<float>, normal<double>, exponential};

}  // namespace kajo::cpu::KAJO_ISA
