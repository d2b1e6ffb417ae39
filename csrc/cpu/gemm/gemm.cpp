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
void conv_forward(const ConvShape& shape, DType type, const void* x, const void* w,
                  const void* bias, void* y);
void conv_backward_input(const ConvShape& shape, DType type, const void* dy, const void* w,
                         const void* bias, void* dx);
void conv_backward_weight(const ConvShape& shape, DType type, const void* x, const void* dy,
                          void* dw);
}  // namespace avx512bf16
#endif

namespace {

GemmKernels select() {
#if defined(KAJO_X86)
    if (cpu_isa() == Isa::AVX512) {
        GemmKernels kernels = avx512::gemm_kernels();
        if (__builtin_cpu_supports("avx512bf16")) {
            kernels.matmul[static_cast<size_t>(DType::BFloat16)] = avx512bf16::matmul_bfloat16;
            kernels.conv_forward = avx512bf16::conv_forward;
            kernels.conv_backward_input = avx512bf16::conv_backward_input;
            kernels.conv_backward_weight = avx512bf16::conv_backward_weight;
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
