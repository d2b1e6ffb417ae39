// Discrete Fourier transforms along one dimension. `scale` multiplies the result.
#pragma once

#include "core/tensor.h"

namespace kajo::ops {

// Of complex numbers: the sum over j of x[j] exp(-2 pi i j k / n), or plus where `inverse`.
Tensor fft_complex(const Tensor& self, int64_t dim, bool inverse, double scale);
// The first n / 2 + 1 frequencies of n real numbers.
Tensor fft_from_real(const Tensor& self, int64_t dim, double scale);
// The inverse transform of n / 2 + 1 frequencies, of which the others are conjugates.
Tensor fft_to_real(const Tensor& self, int64_t dim, int64_t points, double scale);

}  // namespace kajo::ops
