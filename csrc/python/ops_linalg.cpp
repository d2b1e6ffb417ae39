// Linear algebra.
#include "ops/linalg.h"
#include "ops/ops.h"
#include "python/bind.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

constexpr uint32_t kBothOut = kFunction | kMethod | kOut;

Tensor inverse(const Tensor& A) { return ops::inv(A); }
// The older form returns V, not its conjugate transpose.
ops::Tensor3 svd_with_v(const Tensor& self, bool some, bool compute_uv) {
    check(compute_uv, "svd(): compute_uv=False is what linalg.svdvals computes");
    const auto [U, S, Vh] = ops::svd(self, !some);
    return {U, S, ops::conj(ops::mT(Vh))};
}
ops::Tensor2 qr_with_some(const Tensor& self, bool some) {
    return ops::qr(self, some ? "reduced" : "complete");
}
ops::Tensor4 lstsq(const Tensor& self, const Tensor& B, std::optional<double> rcond,
                   std::optional<std::string_view>) {
    return ops::lstsq(self, B, rcond);
}
Tensor pinv(const Tensor& A, double rcond, bool hermitian) {
    return ops::pinv(A, rcond, hermitian);
}

const OpEntry kOperations[] = {
    {"linalg.cholesky(Tensor self, *, bool upper=False) -> Tensor", bind<&ops::cholesky>,
     kFunction | kOut},
    {"linalg.cholesky_ex(Tensor self, *, bool upper=False, bool check_errors=False) -> (Tensor L, "
     "Tensor info)",
     bind<&ops::cholesky_ex>, kFunction},
    {"cholesky(Tensor self, bool upper=False) -> Tensor", bind<&ops::cholesky>, kBothOut},
    {"cholesky_solve(Tensor self, Tensor input2, bool upper=False) -> Tensor",
     bind<&ops::cholesky_solve>, kBothOut},
    {"cholesky_inverse(Tensor self, bool upper=False) -> Tensor", bind<&ops::cholesky_inverse>,
     kBothOut},
    {"linalg.solve_triangular(Tensor self, Tensor B, *, bool upper, bool left=True, bool "
     "unitriangular=False) -> Tensor",
     bind<&ops::solve_triangular>, kFunction | kOut},
    {"linalg.lu_factor_ex(Tensor A, *, bool pivot=True, bool check_errors=False) -> (Tensor LU, "
     "Tensor pivots, Tensor info)",
     bind<&ops::lu_factor_ex>, kFunction},
    {"linalg.lu_factor(Tensor A, *, bool pivot=True) -> (Tensor LU, Tensor pivots)",
     bind<&ops::lu_factor>, kFunction},
    {"linalg.lu(Tensor A, *, bool pivot=True) -> (Tensor P, Tensor L, Tensor U)", bind<&ops::lu>,
     kFunction},
    {"lu_unpack(Tensor LU_data, Tensor LU_pivots, bool unpack_data=True, bool unpack_pivots=True) "
     "-> (Tensor P, Tensor L, Tensor U)",
     bind<&ops::lu_unpack>, kFunction | kOutSame},
    {"linalg.lu_solve(Tensor LU, Tensor pivots, Tensor B, *, bool left=True, bool adjoint=False) "
     "-> Tensor",
     bind<&ops::lu_solve>, kFunction | kOut},
    {"linalg.solve_ex(Tensor A, Tensor B, *, bool left=True, bool check_errors=False) -> (Tensor "
     "result, Tensor info)",
     bind<&ops::solve_ex>, kFunction},
    {"linalg.solve(Tensor A, Tensor B, *, bool left=True) -> Tensor", bind<&ops::solve>,
     kFunction | kOut},
    {"linalg.inv_ex(Tensor A, *, bool check_errors=False) -> (Tensor inverse, Tensor info)",
     bind<&ops::inv_ex>, kFunction},
    {"linalg.inv(Tensor A) -> Tensor", bind<&ops::inv>, kFunction | kOut},
    {"inverse(Tensor self) -> Tensor", bind<&inverse>, kBothOut},
    {"linalg.det(Tensor A) -> Tensor", bind<&ops::det>, kFunction | kOut},
    {"det(Tensor self) -> Tensor", bind<&ops::det>, kFunction | kMethod},
    {"linalg.slogdet(Tensor A) -> (Tensor sign, Tensor logabsdet)", bind<&ops::slogdet>, kFunction},
    {"slogdet(Tensor self) -> (Tensor sign, Tensor logabsdet)", bind<&ops::slogdet>,
     kFunction | kMethod},
    {"logdet(Tensor self) -> Tensor", bind<&ops::logdet>, kFunction | kMethod},
    {"linalg.qr(Tensor A, str mode='reduced') -> (Tensor Q, Tensor R)", bind<&ops::qr>, kFunction},
    {"qr(Tensor self, bool some=True) -> (Tensor Q, Tensor R)", bind<&qr_with_some>,
     kFunction | kMethod | kOutSame},
    {"linalg.svd(Tensor A, bool full_matrices=True) -> (Tensor U, Tensor S, Tensor Vh)",
     bind<&ops::svd>, kFunction},
    {"svd(Tensor self, bool some=True, bool compute_uv=True) -> (Tensor U, Tensor S, Tensor V)",
     bind<&svd_with_v>, kFunction | kMethod | kOutSame},
    {"linalg.svdvals(Tensor A) -> Tensor", bind<&ops::svdvals>, kFunction | kOut},
    {"linalg.eigh(Tensor self, str UPLO='L') -> (Tensor eigenvalues, Tensor eigenvectors)",
     bind<&ops::eigh>, kFunction},
    {"linalg.eigvalsh(Tensor self, str UPLO='L') -> Tensor", bind<&ops::eigvalsh>,
     kFunction | kOut},
    {"linalg.eig(Tensor self) -> (Tensor eigenvalues, Tensor eigenvectors)", bind<&ops::eig>,
     kFunction},
    {"linalg.eigvals(Tensor self) -> Tensor", bind<&ops::eigvals>, kFunction | kOut},
    {"linalg.lstsq(Tensor self, Tensor b, float? rcond=None, *, str? driver=None) -> (Tensor "
     "solution, Tensor residuals, Tensor rank, Tensor singular_values)",
     bind<&lstsq>, kFunction},
    {"linalg.pinv(Tensor self, float? rcond=None, bool hermitian=False) -> Tensor",
     bind<&ops::pinv>, kFunction | kOut},
    {"pinverse(Tensor self, float rcond=1e-15) -> Tensor",
     bind<+[](const Tensor& A, double rcond) { return pinv(A, rcond, false); }>,
     kFunction | kMethod},
    {"linalg.matrix_rank(Tensor self, float? tol=None, bool hermitian=False) -> Tensor",
     bind<&ops::matrix_rank>, kFunction | kOut},
    {"linalg.matrix_norm(Tensor self, Scalar ord, int[] dim=[-2,-1], bool keepdim=False, *, "
     "ScalarType? dtype=None) -> Tensor",
     bind<&ops::matrix_norm>, kFunction | kOut},
    {"linalg.matrix_norm(Tensor self, str ord='fro', int[] dim=[-2,-1], bool keepdim=False, *, "
     "ScalarType? dtype=None) -> Tensor",
     bind<&ops::matrix_norm_named>, kFunction | kOut},
    {"linalg.cond(Tensor self, Scalar? p=None) -> Tensor", bind<&ops::cond>, kFunction | kOut},
    {"linalg.cond(Tensor self, str p) -> Tensor", bind<&ops::cond_named>, kFunction | kOut},
    {"linalg.matrix_power(Tensor self, int n) -> Tensor", bind<&ops::matrix_power>,
     kFunction | kOut},
    {"matrix_power(Tensor self, int n) -> Tensor", bind<&ops::matrix_power>, kBothOut},
    {"linalg.matrix_exp(Tensor self) -> Tensor", bind<&ops::matrix_exp>, kFunction},
    {"matrix_exp(Tensor self) -> Tensor", bind<&ops::matrix_exp>, kFunction | kMethod},
};

}  // namespace

std::span<const OpEntry> linalg_operations() { return kOperations; }

}  // namespace kajo::python
