// bfloat16 products by the hardware's dot product of pairs; compiled with KAJO_ISA=avx512bf16.
#include "cpu/gemm/batch.h"
#include "cpu/gemm/bfloat16.h"
#include "cpu/gemm/engine_run.h"
#include "cpu/gemm/few_rows.h"
#include "cpu/gemm/gemv.h"
#include "cpu/gemm/long_sums.h"
#include "cpu/gemm/matrix.h"
#include "cpu/gemm/pairs.h"

namespace kajo::cpu::KAJO_ISA {

template void run_product<MultiplyPairs>(const Product<MultiplyPairs>&);

namespace {

struct PairSource final : Source<float> {
    PairSource(const void* p, int64_t lane_stride, int64_t k_stride, int64_t k)
        : p(static_cast<const uint16_t*>(p)), lane_stride(lane_stride), k_stride(k_stride), k(k) {}

    // A row of pairs is one of 32-bit elements.
    Strided<float> in_place() const override {
        const bool pairs = k_stride == 1 && lane_stride % 2 == 0 && k % 2 == 0;
        if (!pairs || !near_rows<float>(lane_stride / 2, 1)) return {};
        return {reinterpret_cast<const float*>(p), lane_stride / 2, 1};
    }

    void pack(int64_t lane, int lanes, int64_t k0, int64_t steps, int panel,
              float* out) const override {
        const uint16_t* const from = p + lane * lane_stride;
        const int64_t begin = 2 * k0, end = std::min(k, 2 * (k0 + steps));
        if (k_stride == 1) {
            pack_columns(from, begin, end, lanes, panel, out);
        } else if (lane_stride == 1) {
            pack_rows(from, begin, end, lanes, panel, out);
        } else {
            pack_any(from, begin, end, lanes, panel, out);
        }
    }

    // Pairs are adjacent in memory: a transpose of 32-bit squares.
    void pack_columns(const uint16_t* from, int64_t begin, int64_t end, int lanes, int panel,
                      float* out) const {
        constexpr int W = kLanes<float>;
        Vector<float> square[W];
        for (int l0 = 0; l0 < panel; l0 += W)
            for (int64_t i = begin; i < end; i += 2 * W) {
                const int64_t left = end - i;
                const __mmask32 valid = left >= 2 * W ? ~0u : (1u << left) - 1;
                for (int l = 0; l < W; l++)
                    square[l] = l0 + l < lanes ? (Vector<float>)_mm512_maskz_loadu_epi16(
                                                     valid, from + (l0 + l) * lane_stride + i)
                                               : Vector<float>{};
                transpose<float>(square);
                const int64_t pairs = std::min<int64_t>(W, (left + 1) / 2);
                for (int64_t s = 0; s < pairs; s++)
                    store_first(out + ((i - begin) / 2 + s) * panel + l0, square[s], panel - l0);
            }
    }

    void pack_rows(const uint16_t* from, int64_t begin, int64_t end, int lanes, int panel,
                   float* out) const {
        constexpr int W = kLanes<float>;
        for (int64_t i = begin; i < end; i += 2, out += panel)
            for (int l = 0; l < panel; l += W) {
                const uint16_t* row = from + i * k_stride + l;
                __builtin_prefetch(row + 8 * k_stride);
                const Halves next = i + 1 < end ? load_halves(row + k_stride, lanes - l) : Halves{};
                store_first(out + l, as_pairs(load_halves(row, lanes - l), next), panel - l);
            }
    }

    void pack_any(const uint16_t* from, int64_t begin, int64_t end, int lanes, int panel,
                  float* out) const {
        for (int64_t i = begin; i < end; i += 2)
            for (int l = 0; l < panel; l++) {
                const uint16_t* value = from + l * lane_stride + i * k_stride;
                const uint32_t low = l < lanes ? value[0] : 0;
                const uint32_t high = l < lanes && i + 1 < end ? value[k_stride] : 0;
                const uint32_t pair = low | high << 16;
                std::memcpy(out++, &pair, sizeof(pair));
            }
    }

    const uint16_t* p;
    int64_t lane_stride, k_stride, k;
};

void multiply_pairs(const MatmulArgs& args) {
    if (args.k <= 0) return put_empty_product<BFloat16>(args);
    if (args.m == 1 || args.n == 1) return multiply_vector(vector_product<BFloat16>(args));
    const bool pairs =
        args.k % 2 == 0 && args.a_row_stride % 2 == 0 && args.b_column_stride % 2 == 0;
    if (pairs && has_few_rows(args))
        return multiply_few_rows<MultiplyPairs, BFloat16>(few_rows<float>(args, 2), args);
    const PairSource a(args.a, args.a_row_stride, args.a_column_stride, args.k);
    const PairSource b(args.b, args.b_column_stride, args.b_row_stride, args.k);
    multiply_sources<MultiplyPairs, BFloat16>(args, (args.k + 1) / 2, a, b, kProductBlocking);
}

}  // namespace

void matmul_bfloat16(const MatmulArgs& args) { for_batch<BFloat16>(args, multiply_pairs); }

}  // namespace kajo::cpu::KAJO_ISA
