// Packing of strided matrices into panels: out[k * panel + lane], zeros beyond the last lane.
#pragma once

#include "cpu/gemm/half.h"

namespace kajo::cpu::KAJO_ISA {

// Lanes adjacent in memory: rows are copied.
template <class S, class T>
void pack_rows(const T* p, int64_t k_stride, int lanes, int panel, int64_t k, S* out) {
    constexpr int W = kLanes<S>;
    for (; k > 0; k--, p += k_stride, out += panel)
        for (int l = 0; l < panel; l += W) {
            // Rows far apart escape the hardware's prefetching.
            __builtin_prefetch(p + l + 8 * k_stride);
            store_first(out + l, load_first(p + l, lanes - l), panel - l);
        }
}

#if defined(__AVX512F__)
// A full square, half of its shuffles done by the loads: quarters of four rows meet in a vector.
inline void pack_square(const float* p, int64_t lane_stride, int panel, float* out) {
#pragma GCC unroll 4
    for (int c = 0; c < 16; c += 4) {
        __m512 rows[4];
#pragma GCC unroll 4
        for (int l = 0; l < 4; l++) {
            const float* quarter = p + l * lane_stride + c;
            __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(quarter));
            v = _mm512_insertf32x4(v, _mm_loadu_ps(quarter + 4 * lane_stride), 1);
            v = _mm512_insertf32x4(v, _mm_loadu_ps(quarter + 8 * lane_stride), 2);
            rows[l] = _mm512_insertf32x4(v, _mm_loadu_ps(quarter + 12 * lane_stride), 3);
        }
        const auto low = [](__m512 a, __m512 b) { return (__m512d)_mm512_unpacklo_ps(a, b); };
        const auto high = [](__m512 a, __m512 b) { return (__m512d)_mm512_unpackhi_ps(a, b); };
        const __m512d a = low(rows[0], rows[1]), b = high(rows[0], rows[1]);
        const __m512d d = low(rows[2], rows[3]), e = high(rows[2], rows[3]);
        const __m512d columns[4] = {_mm512_unpacklo_pd(a, d), _mm512_unpackhi_pd(a, d),
                                    _mm512_unpacklo_pd(b, e), _mm512_unpackhi_pd(b, e)};
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) _mm512_storeu_ps(out + (c + i) * panel, (__m512)columns[i]);
    }
}
#endif

// k adjacent in memory: squares are transposed in registers.
template <class S, class T>
void pack_columns(const T* p, int64_t lane_stride, int lanes, int panel, int64_t k, S* out) {
    constexpr int W = kLanes<S>;
    Vector<S> square[W];
    for (int l0 = 0; l0 < panel; l0 += W)
        for (int64_t k0 = 0; k0 < k; k0 += W) {
            const int steps = int(std::min<int64_t>(W, k - k0));
#if defined(__AVX512F__)
            if constexpr (std::is_same_v<S, float> && std::is_same_v<T, float>)
                if (steps == W && l0 + W <= std::min(lanes, panel)) {
                    const float* rows = p + l0 * lane_stride + k0;
                    for (int l = 0; l < W; l++)
                        __builtin_prefetch(rows + (l + panel) * lane_stride);
                    pack_square(rows, lane_stride, panel, out + k0 * panel + l0);
                    continue;
                }
#endif
            for (int l = 0; l < W; l++) {
                const T* row = p + (l0 + l) * lane_stride + k0;
                const bool inside = l0 + l < lanes;
                square[l] = inside ? load_first(row, steps) : Vector<S>{};
                if (inside) __builtin_prefetch(row + panel * lane_stride);
            }
            transpose<S>(square);
            for (int i = 0; i < steps; i++)
                store_first(out + (k0 + i) * panel + l0, square[i], panel - l0);
        }
}

template <class S, class T>
void pack_any(const T* p, int64_t lane_stride, int64_t k_stride, int lanes, int panel, int64_t k,
              S* out) {
    for (int64_t i = 0; i < k; i++, p += k_stride)
        for (int l = 0; l < panel; l++) *out++ = l < lanes ? S(p[l * lane_stride]) : S(0);
}

template <class S, class T>
void pack_panel(const T* p, int64_t lane_stride, int64_t k_stride, int lanes, int panel, int64_t k,
                S* out) {
    if (lane_stride == 1) {
        pack_rows<S>(p, k_stride, lanes, panel, k, out);
    } else if (k_stride == 1) {
        pack_columns<S>(p, lane_stride, lanes, panel, k, out);
    } else {
        pack_any<S>(p, lane_stride, k_stride, lanes, panel, k, out);
    }
}

}  // namespace kajo::cpu::KAJO_ISA
