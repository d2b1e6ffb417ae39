#include "cpu/gemm/gemm.h"

#include "cpu/isa.h"

namespace kajo::cpu {

namespace baseline {
GemmKernels gemm_kernels();
}
#if defined(KAJO_X86)
namespace avx2 {
GemmKernels gemm_kernels();
}
namespace avx512 {
GemmKernels gemm_kernels();
}
namespace avx512bf16 {
void matmul_bfloat16(const MatmulArgs& args);
}
#endif

namespace {

GemmKernels select() {
#if defined(KAJO_X86)
    if (cpu_isa() == Isa::AVX512) {
        GemmKernels kernels = avx512::gemm_kernels();
        if (__builtin_cpu_supports("avx512bf16"))
            kernels.matmul[static_cast<size_t>(DType::BFloat16)] = avx512bf16::matmul_bfloat16;
        return kernels;
    }
    if (cpu_isa() == Isa::AVX2) return avx2::gemm_kernels();
#endif
    return baseline::gemm_kernels();
}

}  // namespace

const GemmKernels& gemm_kernels() {
    static const GemmKernels kernels = select();
    return kernels;
}

bool multiplies_bfloat16() {
#if defined(KAJO_X86)
    return gemm_kernels().matmul[static_cast<size_t>(DType::BFloat16)] ==
           avx512bf16::matmul_bfloat16;
#else
    return false;
#endif
}

}  // namespace kajo::cpu
