// The vector loops behind random numbers: from the bits of the Mersenne Twister to distributions.
#pragma once

#include <cstdint>

#include "cpu/isa.h"

namespace kajo::cpu {

// Kernels for float take one 32-bit word an element, kernels for double two (high word first).
struct RandomKernels {
    // Steps the Mersenne Twister's 624 words and writes the 624 numbers they stand for.
    void (*twist)(uint32_t* state, uint32_t* output);

    // from + u * (to - from) for u in [0, 1); a result that rounds to `to` becomes `from`.
    void (*uniform_float)(const uint32_t* words, float* out, int64_t n, float from, float to);
    void (*uniform_double)(const uint32_t* words, double* out, int64_t n, double from, double to);

    // Box-Muller on blocks of 16 elements, the first 8 uniforms the radii, the last 8 the angles.
    void (*normal_float)(const uint32_t* words, float* out, int64_t n, float mean, float std);
    void (*normal_double)(const uint32_t* words, double* out, int64_t n, double mean, double std);

    // -log(1 - u) * scale.
    void (*exponential)(const uint32_t* words, double* out, int64_t n, double scale);
};

namespace baseline {
extern const RandomKernels random_kernels;
}
#if defined(KAJO_X86)
namespace avx2 {
extern const RandomKernels random_kernels;
}
namespace avx512 {
extern const RandomKernels random_kernels;
}
#endif

inline const RandomKernels& random_kernels() {
    return of_cpu_isa(baseline::random_kernels, avx2::random_kernels, avx512::random_kernels);
}

}  // namespace kajo::cpu
