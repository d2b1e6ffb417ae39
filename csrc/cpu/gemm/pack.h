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

// k adjacent in memory: squares are transposed in registers.
template <class S, class T>
void pack_columns(const T* p, int64_t lane_stride, int lanes, int panel, int64_t k, S* out) {
    constexpr int W = kLanes<S>;
    Vector<S> square[W];
    for (int l0 = 0; l0 < panel; l0 += W)
        for (int64_t k0 = 0; k0 < k; k0 += W) {
            const int steps = int(std::min<int64_t>(W, k - k0));
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
