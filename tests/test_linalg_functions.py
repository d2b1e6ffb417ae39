"""kajo.linalg: what is written in Python, factors by their products, gradients by differences."""

import math

import pytest

import kajo
from kajo import linalg
from kajo.autograd import gradcheck, gradgradcheck
from kajo.testing import assert_close

REAL, COMPLEX = kajo.float64, kajo.complex128
DTYPES = pytest.mark.parametrize("dtype", [REAL, COMPLEX], ids=str)
SHAPES = pytest.mark.parametrize(
    "shape", [(3, 5), (5, 3), (2, 4, 4), (2, 3, 4), (2, 4, 3)], ids=str
)


@pytest.fixture(autouse=True)
def seed() -> None:
    kajo.manual_seed(0)


def random(*shape: int, dtype: kajo.dtype = REAL) -> kajo.Tensor:
    return kajo.randn(*shape, dtype=dtype)


def check_gradients(function, *inputs) -> None:
    inputs = tuple(t.requires_grad_() for t in inputs)
    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)


@DTYPES
@SHAPES
def test_lu_of_any_shape(shape: tuple, dtype: kajo.dtype) -> None:
    A = random(*shape, dtype=dtype)
    P, L, U = linalg.lu(A)
    assert_close(P @ L @ U, A)
    check_gradients(lambda a: linalg.lu(a)[1:], A)
    check_gradients(lambda a: linalg.lu_factor(a).LU, A)


@DTYPES
@SHAPES
def test_full_svd(shape: tuple, dtype: kajo.dtype) -> None:
    A = random(*shape, dtype=dtype)
    U, S, Vh = linalg.svd(A)
    k = S.shape[-1]
    assert_close((U[..., :k] * S.unsqueeze(-2)) @ Vh[..., :k, :], A)
    for Q in (U, Vh):
        assert_close(Q @ Q.mH, kajo.eye(Q.shape[-1], dtype=dtype).expand(Q.shape))
    U, S, V = kajo.svd(A, some=False)
    assert_close(V.mH @ V, kajo.eye(V.shape[-1], dtype=dtype).expand(V.shape))


@pytest.mark.parametrize("shape", [(3, 0), (0, 3), (2, 3, 0)], ids=str)
def test_full_svd_of_nothing_is_the_identity(shape: tuple) -> None:
    U, S, Vh = linalg.svd(kajo.ones(shape))
    for Q in (U, Vh):
        assert_close(Q, kajo.eye(Q.shape[-1]).expand(Q.shape))
    assert S.numel() == 0


def test_svd_without_vectors() -> None:
    A = random(2, 3)
    U, S, V = kajo.svd(A, compute_uv=False)
    assert_close(S, linalg.svdvals(A))
    assert U.shape == (2, 2) and V.shape == (3, 3)
    assert not U.any() and not V.any()


def test_singular_values_of_zero_have_a_gradient() -> None:
    A = kajo.zeros(3, 3, dtype=REAL, requires_grad=True)
    linalg.norm(A, "nuc").backward()
    assert A.grad.isfinite().all()


@DTYPES
@pytest.mark.parametrize("upper", [False, True])
def test_gradients_of_solving_with_cholesky_factors(upper: bool, dtype: kajo.dtype) -> None:
    A = random(2, 3, 3, dtype=dtype)

    def factor(a: kajo.Tensor) -> kajo.Tensor:
        return linalg.cholesky(a @ a.mH + kajo.eye(3, dtype=dtype), upper=upper)

    B = random(2, 3, 2, dtype=dtype)
    check_gradients(lambda a, b: kajo.cholesky_solve(b, factor(a), upper), A, B)
    check_gradients(lambda a: kajo.cholesky_inverse(factor(a), upper), A)
    inverse = linalg.inv(A @ A.mH + kajo.eye(3, dtype=dtype))
    assert_close(kajo.cholesky_inverse(factor(A), upper), inverse)


@DTYPES
@pytest.mark.parametrize("shape", [(4, 4), (2, 5, 3)], ids=str)
def test_products_of_reflections(shape: tuple, dtype: kajo.dtype) -> None:
    A = random(*shape, dtype=dtype)
    a, tau = kajo.geqrf(A)
    Q = linalg.householder_product(a, tau)
    assert_close(Q, linalg.qr(A).Q)
    assert_close(a.triu()[..., : shape[-1], :], linalg.qr(A).R)
    check_gradients(linalg.householder_product, a, tau)


@DTYPES
@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("left", [False, True])
def test_multiplying_by_reflections(left: bool, transpose: bool, dtype: kajo.dtype) -> None:
    A = random(2, 5, 3, dtype=dtype)
    C = random(2, 5, 2, dtype=dtype) if left else random(2, 2, 5, dtype=dtype)
    a, tau = kajo.geqrf(A)
    Q = linalg.qr(A, mode="complete").Q
    Q = Q.mH if transpose else Q
    assert_close(kajo.ormqr(a, tau, C, left, transpose), Q @ C if left else C @ Q)
    check_gradients(lambda *t: kajo.ormqr(*t, left, transpose), a, tau, C)


@DTYPES
@pytest.mark.parametrize("hermitian", [False, True])
def test_indefinite_equations(hermitian: bool, dtype: kajo.dtype) -> None:
    A, B = random(2, 5, 5, dtype=dtype), random(2, 5, 3, dtype=dtype)
    A = A + (A.mH if hermitian else A.mT)
    LD, pivots = linalg.ldl_factor(A, hermitian=hermitian)
    assert_close(A @ linalg.ldl_solve(LD, pivots, B, hermitian=hermitian), B)


@pytest.mark.parametrize("pivots", [[0, 1, 1], [4, 1, 1], [1, 2, -1], [-1, 2, 3], [-1, -9, 3]])
def test_pivots_that_leave_the_matrix_are_refused(pivots: list) -> None:
    with pytest.raises(RuntimeError, match="linalg.ldl_solve"):
        linalg.ldl_solve(kajo.eye(3), kajo.tensor(pivots, dtype=kajo.int32), kajo.ones(3, 1))


def test_tolerances_say_what_counts_as_zero() -> None:
    A = kajo.diag(kajo.tensor([4.0, 2.0, 1.0]))
    assert linalg.matrix_rank(A).item() == 3
    assert linalg.matrix_rank(A, atol=1.5).item() == 2
    assert linalg.matrix_rank(A, rtol=0.6).item() == 1
    assert linalg.matrix_rank(A, 3.0).item() == 1
    assert linalg.matrix_rank(A.expand(2, 3, 3), atol=kajo.tensor([0.5, 3.0])).tolist() == [3, 1]
    assert_close(linalg.pinv(A, rtol=0.4).diagonal(), kajo.tensor([0.25, 0.5, 0.0]))
    assert_close(linalg.pinv(A, 0.6).diagonal(), kajo.tensor([0.25, 0.0, 0.0]))
    assert_close(linalg.pinv(A, atol=kajo.tensor(3.0)).diagonal(), kajo.tensor([0.25, 0.0, 0.0]))


@DTYPES
def test_gradient_of_the_pseudo_inverse_of_low_rank(dtype: kajo.dtype) -> None:
    A, B = random(5, 2, dtype=dtype), random(4, 2, dtype=dtype)
    check_gradients(lambda a, b: linalg.pinv(a @ b.mT, rtol=1e-8), A, B)


@DTYPES
@pytest.mark.parametrize("driver", [None, "gels", "gelsy", "gelsd", "gelss"])
def test_least_squares(driver: str | None, dtype: kajo.dtype) -> None:
    A, B = random(2, 5, 3, dtype=dtype), random(2, 5, 2, dtype=dtype)
    solution, residuals, rank, values = linalg.lstsq(A, B, driver=driver)
    assert_close(solution, linalg.pinv(A) @ B)
    if driver in (None, "gelsy"):
        assert residuals.numel() == 0
    else:
        assert_close(residuals, (A @ solution - B).abs().square().sum(-2))
    assert rank.tolist() == ([] if driver == "gels" else [3, 3])
    assert values.shape == ((2, 3) if driver in ("gelsd", "gelss") else (0,))
    outputs = 2 if residuals.numel() else 1
    check_gradients(lambda a, b: linalg.lstsq(a, b, driver=driver)[:outputs], A, B)


def test_norm_of_vectors_and_matrices() -> None:
    A = random(4, 3)
    S = linalg.svdvals(A)
    assert_close(linalg.norm(A), A.square().sum().sqrt())
    assert_close(linalg.norm(A, "nuc"), S.sum())
    assert_close(linalg.norm(A, 2), S[0])
    assert_close(linalg.norm(A, math.inf), A.abs().sum(1).max())
    assert_close(linalg.norm(A, 3, dim=0), A.abs().pow(3).sum(0).pow(1 / 3))
    assert linalg.norm(A, "fro", keepdim=True).shape == (1, 1)
    assert linalg.norm(A.float(), dtype=REAL).dtype == REAL
    with pytest.raises(RuntimeError, match="must be 1D or 2D"):
        linalg.norm(random(2, 2, 2), 2)
    with pytest.raises(RuntimeError, match="linalg.norm"):
        linalg.norm(random(2), "fro")


@pytest.mark.parametrize("p", [0.5, 1, 1.5, 2, 3, math.inf, -0.5])
def test_gradients_of_norms(p: float) -> None:
    check_gradients(lambda x: linalg.vector_norm(x, p, dim=-1), random(3, 4))


def test_tensors_as_matrices() -> None:
    A = random(2, 3, 6)
    X = linalg.tensorinv(A)
    assert_close(kajo.tensordot(A, X, 1).reshape(6, 6), kajo.eye(6, dtype=REAL))
    B = random(2, 3)
    assert_close(kajo.tensordot(A, linalg.tensorsolve(A, B), 1), B)
    assert linalg.tensorsolve(A.movedim(2, 0), B, dims=(0,)).shape == (6,)
    with pytest.raises(RuntimeError, match="strictly positive"):
        linalg.tensorinv(A, 0)
    with pytest.raises(RuntimeError, match="linalg.tensorsolve"):
        linalg.tensorsolve(A, random(2))


def test_vectors() -> None:
    a, b = random(2, 3), random(2, 3)
    c = linalg.cross(a, b)
    assert_close(linalg.vecdot(a, c), kajo.zeros(2, dtype=REAL))
    assert linalg.vander(kajo.tensor([2, 3]), N=3).tolist() == [[1, 2, 4], [1, 3, 9]]
    view = linalg.diagonal(a)
    view.zero_()
    assert a[0, 0] == 0
    with pytest.raises(RuntimeError, match="length 3"):
        linalg.cross(a[:, :2], b[:, :2])


def test_approximation_of_low_rank() -> None:
    A = random(2, 20, 3) @ random(2, 3, 15)
    U, S, V = kajo.svd_lowrank(A, q=5)
    assert_close((U * S.unsqueeze(-2)) @ V.mT, A)
    U, S, V = kajo.pca_lowrank(A, q=4)
    assert_close((U * S.unsqueeze(-2)) @ V.mT, A - A.mean(-2, keepdim=True))
    with pytest.raises(ValueError, match="not greater than"):
        kajo.pca_lowrank(A, q=30)


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("generalised", [True, False])
def test_extreme_eigenvalues(largest: bool, generalised: bool) -> None:
    A, B = random(2, 20, 20), random(2, 20, 20)
    A = A + A.mT
    B = B @ B.mT + 20 * kajo.eye(20, dtype=REAL) if generalised else None
    w, V = kajo.lobpcg(A, k=2, B=B, largest=largest)
    BV = V if B is None else B @ V
    assert_close(A @ V, BV * w.unsqueeze(-2), rtol=1e-4, atol=1e-4)
    every = linalg.eigvals(A if B is None else linalg.solve(B, A)).real.sort(-1, largest)[0]
    assert_close(w, every[..., :2], rtol=1e-6, atol=1e-6)


def test_older_names() -> None:
    A, B = random(3, 3), random(3, 2)
    LU, pivots, info = kajo.lu(A, get_infos=True)
    assert info == 0
    assert_close(A @ kajo.lu_solve(B, LU, pivots), B)
    assert len(A.lu()) == 2
    for transpose in (False, True):
        X = kajo.triangular_solve(B, A, transpose=transpose).solution
        assert_close((A.triu().mT if transpose else A.triu()) @ X, B)
    written = (kajo.empty(0, dtype=REAL), kajo.empty(0, dtype=kajo.int32))
    kajo.lu(A, out=written)
    assert_close(written[0], LU)


def test_integers_are_multiplied_by_whole_numbers() -> None:
    i = kajo.arange(4).reshape(2, 2)
    assert kajo.addmm(i, i, i, beta=0.6, alpha=1.7).tolist() == (i @ i).tolist()
    with pytest.raises(RuntimeError, match="alpha and beta"):
        kajo.addr(i, i[0], i[1], alpha=0.5)
    t = kajo.tensor([True, False])
    assert kajo.addr(kajo.zeros(2, 2, dtype=kajo.bool), t, t, alpha=2).tolist() == [
        [True, False],
        [False, False],
    ]


def test_the_only_product_that_gives_its_target_a_shape() -> None:
    x = kajo.full((1,), 2.0)
    x.addbmm_(kajo.ones(2, 5, 3), kajo.ones(2, 3, 4))
    assert x.tolist() == [[8.0] * 4] * 5


def test_results_of_another_type_are_refused() -> None:
    A = random(2, 2)
    with pytest.raises(RuntimeError, match="Expected out tensor"):
        linalg.norm(A, out=kajo.empty(0))
    with pytest.raises(RuntimeError, match="Expected out tensor"):
        linalg.eigh(A, out=(kajo.empty(0), kajo.empty(0)))


@pytest.mark.parametrize("n", [1, 2, 5, 8, 16])
@pytest.mark.parametrize("dtype", [kajo.float32, kajo.float64])
def test_small_systems_agree_with_those_that_lapack_solves(n: int, dtype: kajo.dtype) -> None:
    bound = {kajo.float32: 1e-3, kajo.float64: 1e-11}[dtype]
    A, B = random(7, n, n, dtype=dtype), random(7, n, 3, dtype=dtype)
    # The same systems within ones that are large enough for LAPACK.
    wide = kajo.eye(20, dtype=dtype).repeat(7, 1, 1)
    wide[:, :n, :n] = A
    right = kajo.zeros(7, 20, 3, dtype=dtype)
    right[:, :n] = B
    x = kajo.linalg.solve(A, B)
    scale = float(x.abs().max())
    assert (x - kajo.linalg.solve(wide, right)[:, :n]).abs().max() < bound * scale
    LU, pivots = kajo.linalg.lu_factor(A)
    P, L, U = kajo.lu_unpack(LU, pivots)
    assert (P @ L @ U - A).abs().max() < bound
    assert (pivots == kajo.linalg.lu_factor(wide)[1][:, :n]).all()
    adjoint = kajo.linalg.lu_solve(LU, pivots, B, adjoint=True)
    assert (A.mT @ adjoint - B).abs().max() < bound * float(adjoint.abs().max() + 1)
    inverse = kajo.linalg.inv(A)
    assert (inverse - kajo.linalg.inv(wide)[:, :n, :n]).abs().max() < bound * scale
    assert kajo.linalg.det(A).allclose(kajo.linalg.det(wide), rtol=bound)


def test_a_small_singular_matrix_is_refused() -> None:
    A = kajo.tensor([[1.0, 2.0], [2.0, 4.0]])
    assert kajo.linalg.lu_factor_ex(A)[2].item() == 2
    with pytest.raises(kajo.linalg.LinAlgError):
        kajo.linalg.inv(A)
    tall = kajo.tensor([[0.0, 1.0], [0.0, 2.0], [0.0, 3.0]])
    assert kajo.linalg.lu_factor_ex(tall)[2].item() == 1
