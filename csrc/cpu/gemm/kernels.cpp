#include "cpu/gemm/kernels.h"

#include "cpu/gemm/half.h"

namespace kajo::cpu::KAJO_ISA {

// In the order of GemmType.
GemmKernels gemm_kernels();
GemmKernels gemm_kernels() {
    return {{matmul_real<float>, matmul_real<double>, matmul_real<BFloat16>, matmul_real<Float16>,
             matmul_integer<int8_t>, matmul_integer<int16_t>, matmul_integer<int32_t>,
             matmul_integer<int64_t>, matmul_integer<uint8_t>, matmul_complex<float>,
             matmul_complex<double>},
            conv_forward,
            conv_backward_input,
            conv_backward_weight};
}

}  // namespace kajo::cpu::KAJO_ISA
