#include "cpu/gemm/gemm.h"

#include "cpu/gemm/bfloat16.h"
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
#endif

namespace {

GemmKernels select() {
#if defined(KAJO_X86)
    if (cpu_isa() == Isa::AVX512) {
        GemmKernels kernels = avx512::gemm_kernels();
        if (__builtin_cpu_supports("avx512bf16")) {
            kernels.matmul[static_cast<size_t>(DType::BFloat16)] = avx512bf16::matmul_bfloat16;
            avx512bf16::replace_convolutions(kernels);
        }
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

}  // namespace kajo::cpu
