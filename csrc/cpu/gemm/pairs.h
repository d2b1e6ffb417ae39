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
};

// Pairs of a value's step and the next one.
inline Vector<float> as_pairs(Halves low, Halves high) {
    using Wide = Vector<uint32_t>;
    return (Vector<float>)(__builtin_convertvector(low, Wide) | __builtin_convertvector(high, Wide)
                                                                    << 16);
}

extern template void run_product<MultiplyPairs>(const Product<MultiplyPairs>&);

}  // namespace kajo::cpu::KAJO_ISA
