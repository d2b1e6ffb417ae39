// The parts of convolution that conv.cpp puts together.
#pragma once

#include "cpu/gemm/gemm.h"

namespace kajo::cpu::KAJO_ISA {

inline int64_t product3(const int64_t* v) { return v[0] * v[1] * v[2]; }

// One channel a group, with the leading dimension trivial: no product, but a stencil on planes.
// Shapes have three dimensions here.
bool is_depthwise(const ConvShape& shape);
template <class S>
void depthwise_forward(const ConvShape& shape, const S* x, const S* w, const S* bias, S* y);
template <class S>
void depthwise_backward_input(const ConvShape& shape, const S* dy, const S* w, const S* bias,
                              S* dx);
template <class S>
void depthwise_backward_weight(const ConvShape& shape, const S* x, const S* dy, S* dw);

// 3x3 at stride 1 from 64 channels on: fewer multiplications by way of 4x4 patches (Winograd's
// F(2x2, 3x3)). An infinite pixel gives nan there, not infinity.
bool suits_winograd(const ConvShape& shape);
void winograd_forward(const ConvShape& shape, const float* x, const float* w, const float* bias,
                      float* y);
void winograd_backward_input(const ConvShape& shape, const float* dy, const float* w,
                             const float* bias, float* dx);
void winograd_backward_weight(const ConvShape& shape, const float* x, const float* dy, float* dw);

}  // namespace kajo::cpu::KAJO_ISA
