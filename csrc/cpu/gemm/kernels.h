// What one instruction set offers; kernels.cpp puts it into the table.
#pragma once

#include "cpu/gemm/gemm.h"

namespace kajo::cpu::KAJO_ISA {

template <class T>
void matmul_real(const MatmulArgs& args);
template <class S>
void matmul_complex(const MatmulArgs& args);
template <class T>
void matmul_integer(const MatmulArgs& args);

GemmKernels gemm_kernels();

void conv_forward(const ConvShape& shape, DType type, const void* x, const void* w,
                  const void* bias, void* y);
void conv_backward_input(const ConvShape& shape, DType type, const void* dy, const void* w,
                         const void* bias, void* dx);
void conv_backward_weight(const ConvShape& shape, DType type, const void* x, const void* dy,
                          void* dw);
void conv_backward_bias(const ConvShape& shape, DType type, const void* dy, void* dbias);

}  // namespace kajo::cpu::KAJO_ISA
