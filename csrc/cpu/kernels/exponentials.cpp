// Exponentials of a row in float32, with their sum, in one pass.
#include "cpu/exponentials.h"

#include <algorithm>

#include "cpu/vec.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

// exp(x) for x up to 88 by one polynomial, less precise than the operation; -inf gives 0.
KAJO_INLINE VF exponential(VF x) {
    x = v_max(splat<VF>(-104), x);
    const VF n = v_rint(x * splat<VF>(0x1.715476p+0));
    const VF high = v_fma(n, splat<VF>(-0x1.62ep-1), x);
    const VF r = v_fma(n, splat<VF>(-0x1.0bfbe8p-15), high), square = r * r;
    const VF odd = v_fma(splat<VF>(0x1.120deap-7), square, splat<VF>(0x1.5554dap-3));
    VF even = v_fma(splat<VF>(0x1.6d461ep-10), square, splat<VF>(0x1.5554e6p-5));
    even = v_fma(even, square, splat<VF>(0.5));
    return v_scale(v_fma(square, v_fma(odd, r, even), r) + 1, n);
}

KAJO_INLINE VF at(const float* x, int64_t i) { return load<VF, false>(x, i, kLanes<VF>); }

// Sums are kept for places in groups of 16 on every instruction set, so that all round alike.
constexpr int kGroup = 16, kWidth = kLanes<VF>;
struct Sums {
    VF of[kGroup / kWidth] = {};
    void add(const Sums& other) {
        for (int v = 0; v < kGroup / kWidth; v++) of[v] += other.of[v];
    }
    float total() const {
#if defined(__AVX512F__)
        return _mm512_reduce_add_ps(of[0]);
#else
        float sums[kGroup];
        std::memcpy(sums, of, sizeof sums);
        for (int half = kGroup / 2; half; half /= 2)
            for (int i = 0; i < half; i++) sums[i] += sums[i + half];
        return sums[0];
#endif
    }
};

template <bool KEEPS>
float run(float* y, const float* x, int64_t n, float shift) {
    constexpr int kChains = 4;
    Sums sums[kChains];
    const VF shifts = splat<VF>(shift);
    const auto group = [&](float* to, const float* from, Sums& sum) __attribute__((always_inline)) {
#pragma GCC unroll 4
        for (int v = 0; v < kGroup / kWidth; v++) {
            const VF e = exponential(at(from, v * kWidth) - shifts);
            if (KEEPS) store<VF, false>(to, v * kWidth, e, kWidth);
            sum.of[v] += e;
        }
    };
    int64_t i = 0;
    for (; i + kChains * kGroup <= n; i += kChains * kGroup)
#pragma GCC unroll 4
        for (int k = 0; k < kChains; k++) group(y + i + k * kGroup, x + i + k * kGroup, sums[k]);
    for (; i + kGroup <= n; i += kGroup) group(y + i, x + i, sums[0]);
    if (i < n) {
        float values[kGroup];
        std::fill_n(values, kGroup, -std::numeric_limits<float>::infinity());
        std::copy(x + i, x + n, values);
        Sums rest;
        for (int v = 0; v < kGroup; v += kWidth) {
            const VF e = exponential(at(values, v) - shifts);
            rest.of[v / kWidth] = e;
            std::memcpy(values + v, &e, sizeof e);
        }
        sums[1].add(rest);
        if (KEEPS) std::copy(values, values + (n - i), y + i);
    }
    sums[0].add(sums[1]);
    sums[2].add(sums[3]);
    sums[0].add(sums[2]);
    return sums[0].total();
}

}  // namespace

double shifted_exponentials(float* y, const float* x, int64_t n, float shift) {
    // Longer sums would lose digits in float32.
    constexpr int64_t kTile = 2048;
    double sum = 0;
    for (int64_t i = 0; i < n; i += kTile) {
        const int64_t count = std::min(kTile, n - i);
        sum += y ? run<true>(y + i, x + i, count, shift) : run<false>(y, x + i, count, shift);
    }
    return sum;
}

}  // namespace kajo::cpu::KAJO_ISA
