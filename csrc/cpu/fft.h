// Discrete Fourier transforms along one dimension.
#pragma once

#include "core/tensor.h"

namespace kajo::cpu {

// Contiguous tensors of shape (outer, points, inner), of which the middle is transformed.
struct FourierAttributes {
    int64_t outer, points, inner;
    bool inverse;
    double scale;  // of the result
};

// What the kernels of one instruction set offer for one type. Real signals of n points have
// n / 2 + 1 frequencies.
struct FourierFunctions {
    void (*complex)(const FourierAttributes& how, const void* in, void* out);
    void (*from_real)(const FourierAttributes& how, const void* in, void* out);
    void (*to_real)(const FourierAttributes& how, const void* in, void* out);
};
struct FourierKernels {
    FourierFunctions f32, f64;
};

// Complex to complex.
void fourier(TensorRefs out, TensorRefs in, const void* attributes);
// A real signal to its frequencies, forward.
void fourier_from_real(TensorRefs out, TensorRefs in, const void* attributes);
// Frequencies to a real signal, inverse. The imaginary parts of the first and, where points are
// even in number, of the last one do not count.
void fourier_to_real(TensorRefs out, TensorRefs in, const void* attributes);

}  // namespace kajo::cpu
