// Exponentials of rows, for the kernels that are compiled once for each instruction set.
#pragma once

#include <cstdint>

namespace kajo::cpu::KAJO_ISA {

// y[i] = exp(x[i] - shift) for x up to about the shift; returns their sum. y may be null, or x.
double shifted_exponentials(float* y, const float* x, int64_t n, float shift);

}  // namespace kajo::cpu::KAJO_ISA
