// Pairs of bfloat16 values and their product, by AVX-512's dot products.
#pragma once

#include "cpu/gemm/engine.h"
#include "cpu/gemm/half.h"

namespace kajo::cpu::KAJO_ISA {

// A packed element is two steps of k in the bits of one float.
struct MultiplyPairs {
    using Scalar = float;
    static Vector<float> add_product(Vector<float> a, Vector<float> b, Vector<float> c) {
        return _mm512_dpbf16_ps(c, (__m512bh)a, (__m512bh)b);
    }
    static void store_narrow(uint16_t* p, Vector<float> v, LaneBits lanes) {
        const auto halves = (__m256i)_mm512_cvtneps_pbh((__m512)v);
        if (lanes == first_lanes<float>(kLanes<float>))
            return _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), halves);
        _mm256_mask_storeu_epi16(p, __mmask16(lanes), halves);
    }
    static Vector<float> load_narrow(const uint16_t* p, LaneBits lanes) {
        const __m256i halves = _mm256_maskz_loadu_epi16(__mmask16(lanes), p);
        return (Vector<float>)(__builtin_convertvector((Halves)halves, Vector<uint32_t>) << 16);
    }
};

// Pairs of a value's step and the next one.
inline Vector<float> as_pairs(Halves low, Halves high) {
    using Wide = Vector<uint32_t>;
    return (Vector<float>)(__builtin_convertvector(low, Wide) | __builtin_convertvector(high, Wide)
                                                                    << 16);
}

extern template void run_product<MultiplyPairs>(const Product<MultiplyPairs>&);

}  // namespace kajo::cpu::KAJO_ISA
