// Linear algebra.
#include "ops/linalg.h"
#include "ops/linalg_checks.h"
#include "ops/ops.h"
#include "python/bind.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

constexpr uint32_t kBothOut = kFunction | kMethod | kOutSame;
constexpr uint32_t kFunctionOut = kFunction | kOutSame;

Tensor inverse(const Tensor& A) { return ops::inv(A); }
// The older form returns V, not its conjugate transpose, and zeros where no vectors are wanted.
ops::Tensor3 svd_with_v(const Tensor& self, bool some, bool compute_uv) {
    if (!compute_uv) {
        const Tensor S = ops::svdvals(self);
        const auto nothing = [&](int64_t n) {
            return ops::zeros(ops::linalg::with_batch(self, {n, n}), self.dtype(), self.device());
        };
        return {nothing(self.size(-2)), S, nothing(self.size(-1))};
    }
    const auto [U, S, Vh] = ops::svd(self, !some);
    return {U, S, ops::conj(ops::mT(Vh))};
}
ops::Tensor2 qr_with_some(const Tensor& self, bool some) {
    return ops::qr(self, some ? "reduced" : "complete");
}
Tensor number(const Tensor& A, std::optional<double> value) {
    if (!value) return {};
    return ops::full({}, Scalar(*value), real_type(A.dtype()), A.device());
}
// Tolerances given as numbers.
template <auto operation>
Tensor with_numbers(const Tensor& A, std::optional<double> atol, std::optional<double> rtol,
                    bool hermitian) {
    return operation(A, number(A, atol), number(A, rtol), hermitian);
}
Tensor pinv_relative(const Tensor& A, double rcond, bool hermitian) {
    return ops::pinv(A, {}, number(A, rcond), hermitian);
}
Tensor pinv_relative_tensor(const Tensor& A, const Tensor& rcond, bool hermitian) {
    return ops::pinv(A, {}, rcond, hermitian);
}
Tensor pinverse(const Tensor& A, double rcond) { return pinv_relative(A, rcond, false); }
Tensor rank_absolute(const Tensor& A, double tol, bool hermitian) {
    return ops::matrix_rank(A, number(A, tol), number(A, 0), hermitian);
}
Tensor rank_absolute_tensor(const Tensor& A, const Tensor& tol, bool hermitian) {
    return ops::matrix_rank(A, tol, number(A, 0), hermitian);
}

const OpEntry kOperations[] = {
    {"linalg.cholesky(Tensor self, *, bool upper=False) -> Tensor", bind<&ops::cholesky>,
     kFunctionOut},
    {"linalg.cholesky_ex(Tensor self, *, bool upper=False, bool check_errors=False) -> (Tensor L, "
     "Tensor info)",
     bind<&ops::cholesky_ex>, kFunctionOut},
    {"cholesky(Tensor self, bool upper=False) -> Tensor", bind<&ops::cholesky>, kBothOut},
    {"cholesky_solve(Tensor self, Tensor input2, bool upper=False) -> Tensor",
     bind<&ops::cholesky_solve>, kBothOut},
    {"cholesky_inverse(Tensor self, bool upper=False) -> Tensor", bind<&ops::cholesky_inverse>,
     kBothOut},
    {"linalg.solve_triangular(Tensor self, Tensor B, *, bool upper, bool left=True, bool "
     "unitriangular=False) -> Tensor",
     bind<&ops::solve_triangular>, kFunctionOut},
    {"linalg.lu_factor_ex(Tensor A, *, bool pivot=True, bool check_errors=False) -> (Tensor LU, "
     "Tensor pivots, Tensor info)",
     bind<&ops::lu_factor_ex>, kFunctionOut},
    {"linalg.lu_factor(Tensor A, *, bool pivot=True) -> (Tensor LU, Tensor pivots)",
     bind<&ops::lu_factor>, kFunctionOut},
    {"linalg.lu(Tensor A, *, bool pivot=True) -> (Tensor P, Tensor L, Tensor U)", bind<&ops::lu>,
     kFunctionOut},
    {"lu_unpack(Tensor LU_data, Tensor LU_pivots, bool unpack_data=True, bool unpack_pivots=True) "
     "-> (Tensor P, Tensor L, Tensor U)",
     bind<&ops::lu_unpack>, kFunction | kOutSame},
    {"linalg.lu_solve(Tensor LU, Tensor pivots, Tensor B, *, bool left=True, bool adjoint=False) "
     "-> Tensor",
     bind<&ops::lu_solve>, kFunctionOut},
    {"linalg.solve_ex(Tensor A, Tensor B, *, bool left=True, bool check_errors=False) -> (Tensor "
     "result, Tensor info)",
     bind<&ops::solve_ex>, kFunctionOut},
    {"linalg.solve(Tensor A, Tensor B, *, bool left=True) -> Tensor", bind<&ops::solve>,
     kFunctionOut},
    {"linalg.inv_ex(Tensor A, *, bool check_errors=False) -> (Tensor inverse, Tensor info)",
     bind<&ops::inv_ex>, kFunctionOut},
    {"linalg.inv(Tensor A) -> Tensor", bind<&ops::inv>, kFunctionOut},
    {"inverse(Tensor self) -> Tensor", bind<&inverse>, kBothOut},
    {"linalg.det(Tensor A) -> Tensor", bind<&ops::det>, kFunctionOut},
    {"det(Tensor self) -> Tensor", bind<&ops::det>, kFunction | kMethod},
    {"linalg.slogdet(Tensor A) -> (Tensor sign, Tensor logabsdet)", bind<&ops::slogdet>,
     kFunctionOut},
    {"slogdet(Tensor self) -> (Tensor sign, Tensor logabsdet)", bind<&ops::slogdet>,
     kFunction | kMethod},
    {"logdet(Tensor self) -> Tensor", bind<&ops::logdet>, kFunction | kMethod},
    // Public in Python, with their documentation.
    {"linalg._ldl_factor(Tensor self, bool hermitian, bool check_errors) -> (Tensor, Tensor, "
     "Tensor)",
     bind<&ops::ldl_factor>, kPrivate},
    {"linalg._ldl_solve(Tensor LD, Tensor pivots, Tensor B, bool hermitian) -> Tensor",
     bind<&ops::ldl_solve>, kPrivate},
    {"_geqrf(Tensor self) -> (Tensor, Tensor)", bind<&ops::geqrf>, kPrivate},
    {"linalg.qr(Tensor A, str mode='reduced') -> (Tensor Q, Tensor R)", bind<&ops::qr>,
     kFunctionOut},
    {"qr(Tensor self, bool some=True) -> (Tensor Q, Tensor R)", bind<&qr_with_some>,
     kFunction | kMethod | kOutSame},
    {"linalg.svd(Tensor A, bool full_matrices=True) -> (Tensor U, Tensor S, Tensor Vh)",
     bind<&ops::svd>, kFunctionOut},
    {"svd(Tensor self, bool some=True, bool compute_uv=True) -> (Tensor U, Tensor S, Tensor V)",
     bind<&svd_with_v>, kFunction | kMethod | kOutSame},
    {"linalg.svdvals(Tensor A) -> Tensor", bind<&ops::svdvals>, kFunctionOut},
    {"linalg.eigh(Tensor self, str UPLO='L') -> (Tensor eigenvalues, Tensor eigenvectors)",
     bind<&ops::eigh>, kFunctionOut},
    {"linalg.eigvalsh(Tensor self, str UPLO='L') -> Tensor", bind<&ops::eigvalsh>, kFunctionOut},
    {"linalg.eig(Tensor self) -> (Tensor eigenvalues, Tensor eigenvectors)", bind<&ops::eig>,
     kFunction | kOut},
    {"linalg.eigvals(Tensor self) -> Tensor", bind<&ops::eigvals>, kFunction | kOut},
    {"linalg.lstsq(Tensor self, Tensor b, float? rcond=None, *, str? driver=None) -> (Tensor "
     "solution, Tensor residuals, Tensor rank, Tensor singular_values)",
     bind<&ops::lstsq>, kFunction | kOut},
    {"linalg.pinv(Tensor self, *, Tensor? atol=None, Tensor? rtol=None, bool hermitian=False) -> "
     "Tensor",
     bind<&ops::pinv>, kFunction | kOut},
    {"linalg.pinv(Tensor self, *, float? atol=None, float? rtol=None, bool hermitian=False) -> "
     "Tensor",
     bind<&with_numbers<&ops::pinv>>, kFunction | kOut},
    {"linalg.pinv(Tensor self, float rcond, bool hermitian=False) -> Tensor", bind<&pinv_relative>,
     kFunction | kOut},
    {"linalg.pinv(Tensor self, Tensor rcond, bool hermitian=False) -> Tensor",
     bind<&pinv_relative_tensor>, kFunction | kOut},
    {"pinverse(Tensor self, float rcond=1e-15) -> Tensor", bind<&pinverse>, kFunction | kMethod},
    {"linalg.matrix_rank(Tensor self, *, Tensor? atol=None, Tensor? rtol=None, bool "
     "hermitian=False) -> Tensor",
     bind<&ops::matrix_rank>, kFunction | kOut},
    {"linalg.matrix_rank(Tensor self, *, float? atol=None, float? rtol=None, bool "
     "hermitian=False) -> Tensor",
     bind<&with_numbers<&ops::matrix_rank>>, kFunction | kOut},
    {"linalg.matrix_rank(Tensor self, float tol, bool hermitian=False) -> Tensor",
     bind<&rank_absolute>, kFunction | kOut},
    {"linalg.matrix_rank(Tensor self, Tensor tol, bool hermitian=False) -> Tensor",
     bind<&rank_absolute_tensor>, kFunction | kOut},
    {"linalg.matrix_norm(Tensor self, Scalar ord, int[] dim=[-2,-1], bool keepdim=False, *, "
     "ScalarType? dtype=None) -> Tensor",
     bind<&ops::matrix_norm>, kFunctionOut},
    {"linalg.matrix_norm(Tensor self, str ord='fro', int[] dim=[-2,-1], bool keepdim=False, *, "
     "ScalarType? dtype=None) -> Tensor",
     bind<&ops::matrix_norm_named>, kFunctionOut},
    {"linalg.cond(Tensor self, Scalar? p=None) -> Tensor", bind<&ops::cond>, kFunction | kOut},
    {"linalg.cond(Tensor self, str p) -> Tensor", bind<&ops::cond_named>, kFunction | kOut},
    {"linalg.matrix_power(Tensor self, int n) -> Tensor", bind<&ops::matrix_power>, kFunctionOut},
    {"matrix_power(Tensor self, int n) -> Tensor", bind<&ops::matrix_power>, kBothOut},
    {"linalg.matrix_exp(Tensor self) -> Tensor", bind<&ops::matrix_exp>, kFunction},
    {"matrix_exp(Tensor self) -> Tensor", bind<&ops::matrix_exp>, kFunction | kMethod},
};

}  // namespace

std::span<const OpEntry> linalg_operations() { return kOperations; }

}  // namespace kajo::python
