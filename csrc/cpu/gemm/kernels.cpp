#include "cpu/gemm/kernels.h"

namespace kajo::cpu::KAJO_ISA {

GemmKernels gemm_kernels() {
    GemmKernels kernels{};
    const auto set = [&](DType type, void (*matmul)(const MatmulArgs&)) {
        kernels.matmul[static_cast<size_t>(type)] = matmul;
    };
    set(DType::Float32, matmul_real<float>);
    set(DType::Float64, matmul_real<double>);
    set(DType::BFloat16, matmul_real<BFloat16>);
    set(DType::Float16, matmul_real<Half>);
    set(DType::Int8, matmul_integer<int8_t>);
    set(DType::Int16, matmul_integer<int16_t>);
    set(DType::Int32, matmul_integer<int32_t>);
    set(DType::Int64, matmul_integer<int64_t>);
    set(DType::UInt8, matmul_integer<uint8_t>);
    set(DType::Complex64, matmul_complex<float>);
    set(DType::Complex128, matmul_complex<double>);
    kernels.conv_forward = conv_forward;
    kernels.conv_backward_input = conv_backward_input;
    kernels.conv_backward_weight = conv_backward_weight;
    kernels.conv_backward_bias = conv_backward_bias;
    return kernels;
}

}  // namespace kajo::cpu::KAJO_ISA
