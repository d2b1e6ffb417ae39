// What processors with dot products of bfloat16 put in the place of AVX-512's kernels.
#pragma once

#include "cpu/gemm/gemm.h"

namespace kajo::cpu::avx512bf16 {

void matmul_bfloat16(const MatmulArgs& args);
// Types and shapes that have no such product go on to the kernels that were there.
void replace_convolutions(GemmKernels& kernels);

}  // namespace kajo::cpu::avx512bf16
