// The parts of convolution that conv.cpp puts together.
#pragma once

#include <algorithm>

#include "cpu/gemm/gemm.h"

namespace kajo::cpu::KAJO_ISA {

inline int64_t product3(const int64_t* v) { return v[0] * v[1] * v[2]; }

// Fewer dimensions lead with sizes of 1.
inline ConvShape in_three_dims(const ConvShape& shape) {
    ConvShape out = shape;
    const int lead = 3 - shape.dims;
    auto move = [&](int64_t* to, const int64_t* from, int64_t neutral) {
        for (int d = 0; d < 3; d++) to[d] = d < lead ? neutral : from[d - lead];
    };
    out.dims = 3;
    move(out.input, shape.input, 1);
    move(out.kernel, shape.kernel, 1);
    move(out.stride, shape.stride, 1);
    move(out.padding, shape.padding, 0);
    move(out.dilation, shape.dilation, 1);
    move(out.output, shape.output, 1);
    return out;
}

// One channel a group: no product, but a stencil on planes. Shapes have three dimensions here, the
// first of them trivial where there are strides.
inline bool is_depthwise(const ConvShape& s) {
    const bool flat = s.input[0] == 1 && s.kernel[0] == 1 && s.padding[0] == 0 && s.output[0] == 1;
    return s.groups > 1 && s.groups == s.in_channels &&
           (flat ? s.stride[0] == 1 : product3(s.stride) == 1);
}
// Half types are converted on the way; where several results of one channel add up in the gradient
// of the image, they would be rounded in between (see adds_planes).
template <class T>
void depthwise_forward(const ConvShape& shape, const T* x, const T* w, const T* bias, T* y);
template <class T>
void depthwise_backward_input(const ConvShape& shape, const T* dy, const T* w, const T* bias,
                              T* dx);
template <class T>
void depthwise_backward_weight(const ConvShape& shape, const T* x, const T* dy, T* dw);
inline bool adds_planes(const ConvShape& s) { return s.out_channels > s.groups; }

// 3x3 at stride 1 from 64 channels on: fewer multiplications by way of 4x4 patches (Winograd's
// F(2x2, 3x3)). An infinite pixel gives nan there, not infinity.
bool suits_winograd(const ConvShape& shape);
void winograd_forward(const ConvShape& shape, const float* x, const float* w, const float* bias,
                      float* y);
void winograd_backward_input(const ConvShape& shape, const float* dy, const float* w,
                             const float* bias, float* dx);
void winograd_backward_weight(const ConvShape& shape, const float* x, const float* dy, float* dw);

}  // namespace kajo::cpu::KAJO_ISA
