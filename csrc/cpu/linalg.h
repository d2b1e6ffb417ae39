// Factorisations and eigenproblems of batches of matrices.
#pragma once

#include "core/launch.h"

namespace kajo::cpu {

// Matrices of results lie column by column and batches without gaps; inputs lie anyhow. Types are
// Float32, Float64, Complex64 and Complex128. `info` is int32, one an entry of the batch: 0, or
// what LAPACK says is wrong.
struct LinalgAttributes {
    bool flag = false;  // what it means stands with each kernel
};
// out {L, info}, in {A}: the lower triangle, the rest zeros.
void cholesky(TensorRefs out, TensorRefs in, const void* attributes);
// out {LU, pivots (int32, from 1), info}, in {A}.
void lu_factor(TensorRefs out, TensorRefs in, const void* attributes);
struct LuSolveAttributes {
    char transpose;  // N, T or C
};
// out {X}, in {LU, pivots, B}; all batches are equal.
void lu_solve(TensorRefs out, TensorRefs in, const void* attributes);
struct TriangularAttributes {
    bool upper, left, unitriangular;
};
// out {X}, in {A, B}.
void solve_triangular(TensorRefs out, TensorRefs in, const void* attributes);
// out {LD, pivots (int32), info}, in {A}; flag: A is Hermitian rather than symmetric.
void ldl_factor(TensorRefs out, TensorRefs in, const void* attributes);
// out {X, info}, in {LD, pivots, B}; all batches are equal; info tells of impossible pivots.
void ldl_solve(TensorRefs out, TensorRefs in, const void* attributes);
// out {reflectors and R, their factors}, in {A}.
void geqrf(TensorRefs out, TensorRefs in, const void* attributes);
// out {Q (m, k or m), R (k or m, n)}, in {A}; flag: Q is square.
void qr(TensorRefs out, TensorRefs in, const void* attributes);
// out {U, S, Vh, info} or {S, info}, in {A}; flag: U and Vh are square.
void svd(TensorRefs out, TensorRefs in, const void* attributes);
// out {w, V, info}, in {A}; flag: the upper triangle is read.
void eigh(TensorRefs out, TensorRefs in, const void* attributes);
// out {w, V, info} of complex type, in {A}.
void eig(TensorRefs out, TensorRefs in, const void* attributes);
struct LeastSquaresAttributes {
    double rcond;
};
// out {X (max(m, n), k), rank (int64), singular values, info}, in {A, B}.
void lstsq(TensorRefs out, TensorRefs in, const void* attributes);

}  // namespace kajo::cpu
