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

}  // namespace kajo::cpu::KAJO_ISA
