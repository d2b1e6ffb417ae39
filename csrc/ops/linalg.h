// Linear algebra on batches of matrices [batch.., rows, columns] of floating or complex types.
#pragma once

#include <optional>
#include <string_view>
#include <tuple>

#include "core/tensor.h"

namespace kajo::ops {

using Tensor2 = std::tuple<Tensor, Tensor>;
using Tensor3 = std::tuple<Tensor, Tensor, Tensor>;
using Tensor4 = std::tuple<Tensor, Tensor, Tensor, Tensor>;

// Names with _ex return LAPACK's info instead of raising LinAlgError, unless check_errors.
Tensor2 cholesky_ex(const Tensor& self, bool upper, bool check_errors);
Tensor cholesky(const Tensor& self, bool upper);
// The solution X of A X = B, from the factor of A; and the inverse of A.
Tensor cholesky_solve(const Tensor& self, const Tensor& factor, bool upper);
Tensor cholesky_inverse(const Tensor& factor, bool upper);
Tensor solve_triangular(const Tensor& self, const Tensor& B, bool upper, bool left,
                        bool unitriangular);
Tensor3 lu_factor_ex(const Tensor& A, bool pivot, bool check_errors);
Tensor2 lu_factor(const Tensor& A, bool pivot);
Tensor3 lu(const Tensor& A, bool pivot);
Tensor3 lu_unpack(const Tensor& LU_data, const Tensor& LU_pivots, bool unpack_data,
                  bool unpack_pivots);
Tensor lu_solve(const Tensor& LU, const Tensor& pivots, const Tensor& B, bool left, bool adjoint);
Tensor2 solve_ex(const Tensor& A, const Tensor& B, bool left, bool check_errors);
Tensor solve(const Tensor& A, const Tensor& B, bool left);
Tensor2 inv_ex(const Tensor& A, bool check_errors);
Tensor inv(const Tensor& A);
Tensor det(const Tensor& A);
Tensor2 slogdet(const Tensor& A);
Tensor logdet(const Tensor& A);
// The reflectors below the diagonal of R, and their factors.
Tensor2 geqrf(const Tensor& A);
Tensor2 qr(const Tensor& A, std::string_view mode);
// A = L D L' or L D transpose(L), packed as LAPACK does.
Tensor3 ldl_factor(const Tensor& self, bool hermitian, bool check_errors);
Tensor ldl_solve(const Tensor& LD, const Tensor& pivots, const Tensor& B, bool hermitian);
Tensor3 svd(const Tensor& A, bool full_matrices);
Tensor svdvals(const Tensor& A);
Tensor2 eigh(const Tensor& A, std::string_view UPLO);
Tensor eigvalsh(const Tensor& A, std::string_view UPLO);
Tensor2 eig(const Tensor& A);
Tensor eigvals(const Tensor& A);
Tensor4 lstsq(const Tensor& self, const Tensor& B, std::optional<double> rcond,
              std::optional<std::string_view> driver);
// Singular values up to max(atol, rtol * the largest) count as zero; tolerances may be undefined.
Tensor pinv(const Tensor& A, const Tensor& atol, const Tensor& rtol, bool hermitian);
Tensor matrix_rank(const Tensor& A, const Tensor& atol, const Tensor& rtol, bool hermitian);
// ord: "fro" or "nuc", or a number: 1, -1, 2, -2, inf or -inf.
Tensor matrix_norm(const Tensor& A, const Scalar& ord, IntSpan dim, bool keepdim,
                   std::optional<DType> dtype);
Tensor matrix_norm_named(const Tensor& A, std::string_view ord, IntSpan dim, bool keepdim,
                         std::optional<DType> dtype);
// The norm of A times that of its inverse.
Tensor cond(const Tensor& A, const std::optional<Scalar>& p);
Tensor cond_named(const Tensor& A, std::string_view p);
Tensor matrix_power(const Tensor& A, int64_t n);
Tensor matrix_exp(const Tensor& A);

}  // namespace kajo::ops
