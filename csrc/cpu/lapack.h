// LAPACK's routines, loaded from the OpenBLAS library on first use.
#pragma once

#include <complex>
#include <cstddef>
#include <string>

namespace kajo::cpu {

// Fortran passes everything by address and the lengths of strings behind all arguments.
template <class T>
struct RealOf {
    using type = T;
};
template <class R>
struct RealOf<std::complex<R>> {
    using type = R;
};
template <class T>
using Real = typename RealOf<T>::type;

using Int = const int*;
using Char = const char*;

// Routines for one element type; real and complex types differ in the arguments of a few.
template <class T>
struct Lapack {
    using R = Real<T>;
    void (*potrf)(Char uplo, Int n, T* a, Int lda, int* info, size_t);
    void (*getrf)(Int m, Int n, T* a, Int lda, int* pivots, int* info);
    void (*getrs)(Char trans, Int n, Int nrhs, const T* a, Int lda, const int* pivots, T* b,
                  Int ldb, int* info, size_t);
    void (*trsm)(Char side, Char uplo, Char trans, Char diag, Int m, Int n, const T* alpha,
                 const T* a, Int lda, T* b, Int ldb, size_t, size_t, size_t, size_t);
    void (*geqrf)(Int m, Int n, T* a, Int lda, T* tau, T* work, Int lwork, int* info);
    // Symmetric and Hermitian, which for real types are the same.
    using Sytrf = void (*)(Char uplo, Int n, T* a, Int lda, int* pivots, T* work, Int lwork,
                           int* info, size_t);
    using Sytrs = void (*)(Char uplo, Int n, Int nrhs, const T* a, Int lda, const int* pivots, T* b,
                           Int ldb, int* info, size_t);
    Sytrf sytrf, hetrf;
    Sytrs sytrs, hetrs;
    void (*orgqr)(Int m, Int n, Int k, T* a, Int lda, const T* tau, T* work, Int lwork, int* info);
    void* gesdd;
    void* syevd;
    void* geev;
    void* gelsd;
};

// Raises RuntimeError where the library is missing.
template <class T>
const Lapack<T>& lapack();

}  // namespace kajo::cpu
