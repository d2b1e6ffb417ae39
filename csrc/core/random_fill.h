// Fills of contiguous memory with random numbers, each equal to PyTorch's for the same generator
// state. T is any type that the operation allows; tensors of other layouts are filled through a
// contiguous buffer in memory order. Every function holds the generator's mutex while it draws.
#pragma once

#include <cstdint>

#include "core/generator.h"

namespace kajo {

// float, double, Half, BFloat16.
template <class T>
void fill_uniform(T* out, int64_t n, double from, double to, Generator& generator);

// float, double, Half, BFloat16. From 16 elements on by blocks of 16, below one by one; tensors
// that are not contiguous are always filled one by one.
template <class T>
void fill_normal(T* out, int64_t n, double mean, double std, Generator& generator);
template <class T>
void fill_normal_one_by_one(T* out, int64_t n, double mean, double std, Generator& generator);

// Any real type or bool: integers from 0 to the type's maximum (for floating-point types to the
// largest below which all integers are exact).
template <class T>
void fill_random(T* out, int64_t n, Generator& generator);

// Any real type or bool: integers in [from, from + range); range 0 stands for all of int64.
template <class T>
void fill_random_range(T* out, int64_t n, int64_t from, uint64_t range, Generator& generator);

// Any real type or bool: 1 with probability p.
template <class T>
void fill_bernoulli(T* out, int64_t n, double p, Generator& generator);
// With one probability an element; P is float, double, Half or BFloat16.
template <class T, class P>
void fill_bernoulli_each(T* out, const P* p, int64_t n, Generator& generator);

// float, double, Half, BFloat16.
template <class T>
void fill_exponential(T* out, int64_t n, double rate, Generator& generator);
template <class T>
void fill_cauchy(T* out, int64_t n, double median, double sigma, Generator& generator);
template <class T>
void fill_log_normal(T* out, int64_t n, double mean, double std, Generator& generator);

// Any real type: trials up to and including the first success.
template <class T>
void fill_geometric(T* out, int64_t n, double p, Generator& generator);

}  // namespace kajo
