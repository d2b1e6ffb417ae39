#include "core/random_fill.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <numbers>
#include <type_traits>

#include "core/allocator.h"
#include "core/half.h"
#include "core/parallel.h"
#include "cpu/random_kernels.h"

namespace kajo {
namespace {

constexpr int64_t kBatch = 1 << 15;  // elements whose bits are drawn at once
constexpr int64_t kPiece = 1 << 12;  // elements of a batch that one thread transforms at once
constexpr int64_t kBlock = 16;       // elements of a Box-Muller block

template <class T>
class Scratch {
  public:
    explicit Scratch(int64_t n)
        : bytes_(static_cast<std::size_t>(n) * sizeof(T)),
          data_(static_cast<T*>(cpu_allocate(bytes_))) {}
    ~Scratch() { cpu_free(data_, bytes_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    T* data() const { return data_; }

  private:
    std::size_t bytes_;
    T* data_;
};

// 16-bit types are computed in float.
template <class T>
using Computing = std::conditional_t<std::is_same_v<T, double>, double, float>;
template <class T>
constexpr int64_t kWordsOf = std::is_same_v<T, double> ? 2 : 1;

template <class T>
constexpr bool kIsFloating =
    std::is_floating_point_v<T> || std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;

template <class T, class V>
T convert(V value) {
    if constexpr (kIsFloating<T> && !std::is_same_v<T, double>) {
        return T(static_cast<float>(value));
    } else {
        return static_cast<T>(value);
    }
}

// Draws the bits of n elements in order and hands them to transform(words, begin, end) by pieces.
template <int64_t kWords, class Transform>
void transform_words(int64_t n, Generator& generator, Transform transform) {
    const Scratch<uint32_t> words(std::min(n, kBatch) * kWords);
    for (int64_t start = 0; start < n; start += kBatch) {
        const int64_t count = std::min(kBatch, n - start);
        generator.fill(words.data(), static_cast<std::size_t>(count * kWords));
        parallel_ranges(count, kPiece, [&](int64_t begin, int64_t end) {
            transform(words.data() + begin * kWords, start + begin, start + end);
        });
    }
}

// Runs kernel(words, out, n), which writes the computing type V, and converts to T.
template <class T, class V, class Kernel>
void through_kernel(const uint32_t* words, T* out, int64_t n, Kernel kernel) {
    if constexpr (std::is_same_v<T, V>) {
        kernel(words, out, n);
    } else {
        constexpr int64_t kTile = 256;
        V values[kTile];
        for (int64_t begin = 0; begin < n; begin += kTile) {
            const int64_t count = std::min(kTile, n - begin);
            kernel(words + begin * kWordsOf<V>, values, count);
            for (int64_t i = 0; i < count; ++i) out[begin + i] = convert<T>(values[i]);
        }
    }
}

// Fills `out` with function(u) of uniform numbers u in [0, 1) with 53 random bits.
template <class T, class Function>
void fill_from_uniform(T* out, int64_t n, Generator& generator, Function function) {
    const std::lock_guard lock(generator.mutex());
    const cpu::RandomKernels& kernels = cpu::random_kernels();
    transform_words<2>(n, generator, [&](const uint32_t* words, int64_t begin, int64_t end) {
        constexpr int64_t kTile = 256;
        double u[kTile];
        for (int64_t i = begin; i < end; i += kTile) {
            const int64_t count = std::min(kTile, end - i);
            kernels.uniform_double(words + (i - begin) * 2, u, count, 0.0, 1.0);
            for (int64_t j = 0; j < count; ++j) out[i + j] = convert<T>(function(u[j]));
        }
    });
}

template <class T>
auto uniform_kernel(double from, double to) {
    const cpu::RandomKernels& kernels = cpu::random_kernels();
    return [&kernels, from, to](const uint32_t* words, Computing<T>* out, int64_t n) {
        if constexpr (std::is_same_v<T, double>) {
            kernels.uniform_double(words, out, n, from, to);
        } else {
            kernels.uniform_float(words, out, n, static_cast<float>(from), static_cast<float>(to));
        }
    };
}

template <class T>
auto normal_kernel(double mean, double std) {
    const cpu::RandomKernels& kernels = cpu::random_kernels();
    return [&kernels, mean, std](const uint32_t* words, Computing<T>* out, int64_t n) {
        if constexpr (std::is_same_v<T, double>) {
            kernels.normal_double(words, out, n, mean, std);
        } else {
            kernels.normal_float(words, out, n, static_cast<float>(mean), static_cast<float>(std));
        }
    };
}

template <class T>
void normal_blocks(T* out, int64_t n, double mean, double std, Generator& generator) {
    constexpr int64_t kWords = kWordsOf<T>;
    const auto kernel = normal_kernel<T>(mean, std);
    const int64_t rest = n % kBlock;
    transform_words<kWords>(
        n - rest, generator, [&](const uint32_t* words, int64_t begin, int64_t end) {
            through_kernel<T, Computing<T>>(words, out + begin, end - begin, kernel);
        });
    if (rest == 0) return;
    // The last 16 elements are made anew; PyTorch draws the rest's bits in vain, except where the
    // type has 16 bits.
    uint32_t words[kBlock * kWords];
    if constexpr (sizeof(T) > 2) generator.fill(words, static_cast<std::size_t>(rest * kWords));
    generator.fill(words, kBlock * kWords);
    through_kernel<T, Computing<T>>(words, out + n - kBlock, kBlock, kernel);
}

template <class T, class Draw>
void fill_serially(T* out, int64_t n, Generator& generator, Draw draw) {
    const std::lock_guard lock(generator.mutex());
    for (int64_t i = 0; i < n; ++i) out[i] = convert<T>(draw());
}

template <class T>
constexpr uint64_t largest_random() {
    if constexpr (std::is_same_v<T, Half>)
        return uint64_t{1} << 11;
    else if constexpr (std::is_same_v<T, BFloat16>)
        return uint64_t{1} << 8;
    else if constexpr (std::is_floating_point_v<T>)
        return uint64_t{1} << std::numeric_limits<T>::digits;
    else
        return static_cast<uint64_t>(std::numeric_limits<T>::max());
}

constexpr uint64_t join(const uint32_t* words) { return uint64_t{words[0]} << 32 | words[1]; }

}  // namespace

template <class T>
void fill_uniform(T* out, int64_t n, double from, double to, Generator& generator) {
    const std::lock_guard lock(generator.mutex());
    const auto kernel = uniform_kernel<T>(from, to);
    const T lowest = convert<T>(from);
    const T bound = convert<T>(to);
    transform_words<kWordsOf<T>>(
        n, generator, [&](const uint32_t* words, int64_t begin, int64_t end) {
            through_kernel<T, Computing<T>>(words, out + begin, end - begin, kernel);
            if constexpr (sizeof(T) == 2) {
                for (int64_t i = begin; i < end; ++i) {
                    if (static_cast<float>(out[i]) == static_cast<float>(bound)) out[i] = lowest;
                }
            }
        });
}

template <class T>
void fill_normal(T* out, int64_t n, double mean, double std, Generator& generator) {
    if (n < kBlock) return fill_normal_one_by_one(out, n, mean, std, generator);
    const std::lock_guard lock(generator.mutex());
    normal_blocks(out, n, mean, std, generator);
}

template <class T>
void fill_normal_one_by_one(T* out, int64_t n, double mean, double std, Generator& generator) {
    fill_serially(out, n, generator, [&] { return generator.normal() * std + mean; });
}

template <class T>
void fill_random(T* out, int64_t n, Generator& generator) {
    const std::lock_guard lock(generator.mutex());
    constexpr int64_t kWords = sizeof(T) == 8 ? 2 : 1;
    constexpr uint64_t kCount = largest_random<T>() + 1;
    transform_words<kWords>(n, generator, [&](const uint32_t* words, int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i, words += kWords) {
            const uint64_t bits = kWords == 2 ? join(words) : words[0];
            out[i] = convert<T>(bits % kCount);
        }
    });
}

template <class T>
void fill_random_range(T* out, int64_t n, int64_t from, uint64_t range, Generator& generator) {
    const std::lock_guard lock(generator.mutex());
    const uint64_t base = static_cast<uint64_t>(from);
    // Below this a 32-bit number is uniform enough after the modulo.
    constexpr uint64_t kWide = uint64_t{1} << 28;
    if (range != 0 && range < kWide) {
        const uint32_t narrow = static_cast<uint32_t>(range);
        transform_words<1>(n, generator, [&](const uint32_t* words, int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                out[i] = convert<T>(static_cast<int64_t>(*words++ % narrow + base));
            }
        });
        return;
    }
    transform_words<2>(n, generator, [&](const uint32_t* words, int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i, words += 2) {
            const uint64_t bits = join(words);
            out[i] = convert<T>(static_cast<int64_t>(range == 0 ? bits : bits % range + base));
        }
    });
}

template <class T>
void fill_bernoulli(T* out, int64_t n, double p, Generator& generator) {
    fill_from_uniform(out, n, generator, [p](double u) { return u < p; });
}

template <class T, class P>
void fill_bernoulli_each(T* out, const P* p, int64_t n, Generator& generator) {
    const std::lock_guard lock(generator.mutex());
    using V = Computing<P>;
    const auto kernel = uniform_kernel<V>(0.0, 1.0);
    transform_words<kWordsOf<V>>(
        n, generator, [&](const uint32_t* words, int64_t begin, int64_t end) {
            constexpr int64_t kTile = 256;
            V u[kTile];
            for (int64_t i = begin; i < end; i += kTile) {
                const int64_t count = std::min(kTile, end - i);
                kernel(words + (i - begin) * kWordsOf<V>, u, count);
                for (int64_t j = 0; j < count; ++j) {
                    out[i + j] = convert<T>(u[j] < static_cast<V>(p[i + j]));
                }
            }
        });
}

template <class T>
void fill_exponential(T* out, int64_t n, double rate, Generator& generator) {
    const std::lock_guard lock(generator.mutex());
    const cpu::RandomKernels& kernels = cpu::random_kernels();
    const auto kernel = [&](const uint32_t* words, double* values, int64_t count) {
        kernels.exponential(words, values, count, 1.0 / rate);
    };
    transform_words<2>(n, generator, [&](const uint32_t* words, int64_t begin, int64_t end) {
        through_kernel<T, double>(words, out + begin, end - begin, kernel);
    });
}

template <class T>
void fill_cauchy(T* out, int64_t n, double median, double sigma, Generator& generator) {
    fill_from_uniform(out, n, generator, [=](double u) {
        return median + sigma * std::tan(std::numbers::pi * (u - 0.5));
    });
}

template <class T>
void fill_log_normal(T* out, int64_t n, double mean, double std, Generator& generator) {
    fill_serially(out, n, generator, [&] { return std::exp(generator.normal() * std + mean); });
}

template <class T>
void fill_geometric(T* out, int64_t n, double p, Generator& generator) {
    const double log_failure = std::log1p(-p);
    fill_from_uniform(out, n, generator,
                      [=](double u) { return std::ceil(std::log(u) / log_failure); });
}

#define KAJO_FOR_FLOATING(F) F(float) F(double) F(Half) F(BFloat16)
#define KAJO_FOR_REAL(F) KAJO_FOR_FLOATING(F) F(uint8_t) F(int8_t) F(int16_t) F(int32_t) F(int64_t)
#define KAJO_FOR_REAL_AND_BOOL(F) KAJO_FOR_REAL(F) F(bool)

#define KAJO_FLOATING_FILLS(T)                                                     \
    template void fill_uniform(T*, int64_t, double, double, Generator&);           \
    template void fill_normal(T*, int64_t, double, double, Generator&);            \
    template void fill_normal_one_by_one(T*, int64_t, double, double, Generator&); \
    template void fill_exponential(T*, int64_t, double, Generator&);               \
    template void fill_cauchy(T*, int64_t, double, double, Generator&);            \
    template void fill_log_normal(T*, int64_t, double, double, Generator&);
KAJO_FOR_FLOATING(KAJO_FLOATING_FILLS)

#define KAJO_REAL_FILLS(T) template void fill_geometric(T*, int64_t, double, Generator&);
KAJO_FOR_REAL(KAJO_REAL_FILLS)

#define KAJO_ALL_FILLS(T)                                                        \
    template void fill_random(T*, int64_t, Generator&);                          \
    template void fill_random_range(T*, int64_t, int64_t, uint64_t, Generator&); \
    template void fill_bernoulli(T*, int64_t, double, Generator&);               \
    template void fill_bernoulli_each(T*, const float*, int64_t, Generator&);    \
    template void fill_bernoulli_each(T*, const double*, int64_t, Generator&);   \
    template void fill_bernoulli_each(T*, const Half*, int64_t, Generator&);     \
    template void fill_bernoulli_each(T*, const BFloat16*, int64_t, Generator&);
KAJO_FOR_REAL_AND_BOOL(KAJO_ALL_FILLS)

}  // namespace kajo
