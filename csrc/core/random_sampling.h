// Random numbers that take a varying number of draws, or that depend on each other; equal to
// PyTorch's for the same generator state. Buffers are contiguous; arguments are checked by the
// caller. Every function holds the generator's mutex while it draws.
#pragma once

#include <cstdint>

#include "core/generator.h"

namespace kajo {

// T is int64_t, int32_t, int16_t, int8_t, uint8_t, float, double, Half or BFloat16: a permutation
// of 0 ... n - 1.
template <class T>
void random_permutation(T* out, int64_t n, Generator& generator);

// P is float, double, Half or BFloat16; weights[rows][categories] need not sum to one.
// Writes out[rows][samples], category numbers; without replacement all different in a row.
template <class P>
void sample_multinomial(const P* weights, int64_t rows, int64_t categories, int64_t samples,
                        bool replacement, int64_t* out, Generator& generator);

// float, double: Gamma(shape, 1).
template <class T>
void sample_gamma(const T* shape, T* out, int64_t n, Generator& generator);

// float, double: out[rows][categories], each row summing to one.
template <class T>
void sample_dirichlet(const T* concentration, T* out, int64_t rows, int64_t categories,
                      Generator& generator);

// float, double, Half, BFloat16.
template <class T>
void sample_poisson(const T* rate, T* out, int64_t n, Generator& generator);

// float, double: successes in `count` trials of probability `probability`.
template <class T>
void sample_binomial(const T* count, const T* probability, T* out, int64_t n, Generator& generator);

}  // namespace kajo
