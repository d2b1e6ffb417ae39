"""Linear algebra against numpy, and gradients against differences."""

import numpy as np
import pytest
from finite_differences import check_gradients

import kajo
from kajo._core import linalg

SQUARE = [(4, 4), (2, 3, 3)]
ANY = [(5, 3), (3, 5), (2, 4, 4)]


def matrices(shape: tuple, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def positive(t: kajo.Tensor) -> kajo.Tensor:
    return t @ t.transpose(-2, -1) + kajo.eye(t.shape[-1], dtype=t.dtype)


def symmetric(t: kajo.Tensor) -> kajo.Tensor:
    return t + t.transpose(-2, -1)


def close(got: kajo.Tensor, expected: np.ndarray) -> None:
    np.testing.assert_allclose(np.array(got.tolist()), expected, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("shape", SQUARE)
def test_square_matrices(shape: tuple) -> None:
    a, b = matrices(shape), matrices((*shape[:-1], 2), 1)
    A, B = kajo.from_numpy(a), kajo.from_numpy(b)
    close(linalg.inv(A), np.linalg.inv(a))
    close(linalg.det(A), np.linalg.det(a))
    close(linalg.slogdet(A)[1], np.linalg.slogdet(a)[1])
    close(linalg.solve(A, B), np.linalg.solve(a, b))
    close(linalg.matrix_power(A, -3), np.linalg.matrix_power(a, -3))
    P, L, U = linalg.lu(A)
    close(P @ L @ U, a)
    S = a @ np.swapaxes(a, -1, -2) + np.eye(shape[-1])
    close(linalg.cholesky(kajo.from_numpy(S)), np.linalg.cholesky(S))
    close(linalg.eigvalsh(kajo.from_numpy(S)), np.linalg.eigvalsh(S))
    w, V = linalg.eig(A)
    close((V * w.unsqueeze(-2)) @ linalg.inv(V), a.astype(complex))


@pytest.mark.parametrize("shape", ANY)
def test_factors_of_any_matrices(shape: tuple) -> None:
    a = matrices(shape)
    A = kajo.from_numpy(a)
    Q, R = linalg.qr(A)
    close(Q @ R, a)
    U, S, Vh = linalg.svd(A, full_matrices=False)
    close((U * S.unsqueeze(-2)) @ Vh, a)
    close(linalg.pinv(A), np.linalg.pinv(a))
    close(linalg.cond(A), np.linalg.cond(a))
    for order in ("fro", "nuc", 1, -1, 2, -2, float("inf")):
        if len(shape) == 2:
            close(linalg.matrix_norm(A, order), np.linalg.norm(a, order))
    assert linalg.matrix_rank(A).tolist() == np.linalg.matrix_rank(a).tolist()


@pytest.mark.parametrize("shape", SQUARE)
def test_gradients_of_square_matrices(shape: tuple) -> None:
    right = (*shape[:-1], 2)
    check_gradients(linalg.inv, shape)
    check_gradients(linalg.det, shape)
    check_gradients(lambda a: linalg.slogdet(a)[1], shape)
    check_gradients(linalg.solve, shape, right)
    check_gradients(lambda a, b: linalg.solve_triangular(a, b, upper=True), shape, right)
    check_gradients(lambda a: linalg.lu_factor(a)[0], shape)
    check_gradients(lambda a: linalg.cholesky(positive(a)), shape)
    check_gradients(lambda a: linalg.cholesky(positive(a), upper=True), shape)
    check_gradients(lambda a: linalg.eigh(symmetric(a))[0], shape)
    check_gradients(lambda a: linalg.eigh(symmetric(a))[1].abs(), shape)
    check_gradients(lambda a: linalg.eig(a)[0].abs(), shape)
    check_gradients(linalg.matrix_exp, shape)


@pytest.mark.parametrize("shape", ANY)
def test_gradients_of_any_matrices(shape: tuple) -> None:
    check_gradients(lambda a: linalg.qr(a)[0], shape)
    check_gradients(lambda a: linalg.qr(a)[1], shape)
    check_gradients(linalg.svdvals, shape)
    check_gradients(lambda a: linalg.svd(a, full_matrices=False)[0].abs(), shape)
    check_gradients(lambda a: linalg.svd(a, full_matrices=False)[2].abs(), shape)
    check_gradients(linalg.pinv, shape)


def test_the_determinant_of_a_singular_matrix_has_a_gradient() -> None:
    a = kajo.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=kajo.float64, requires_grad=True)
    linalg.det(a).backward()
    close(a.grad, np.array([[4.0, -2.0], [-2.0, 1.0]]))


def test_least_squares() -> None:
    a, b = matrices((6, 3)), matrices((6, 2), 1)
    solution, residuals, rank, _ = linalg.lstsq(
        kajo.from_numpy(a), kajo.from_numpy(b), driver="gelsd"
    )
    expected = np.linalg.lstsq(a, b, rcond=None)
    close(solution, expected[0])
    close(residuals, expected[1])
    assert rank.item() == 3


def test_what_cannot_be_computed_is_refused() -> None:
    with pytest.raises(RuntimeError, match="singular"):
        linalg.inv(kajo.zeros(2, 2))
    with pytest.raises(RuntimeError, match="not positive-definite"):
        linalg.cholesky(-kajo.eye(2))
    with pytest.raises(RuntimeError, match="square matrices"):
        linalg.inv(kajo.ones(2, 3))
    with pytest.raises(RuntimeError, match="Expected a floating point"):
        linalg.svd(kajo.ones(2, 2, dtype=kajo.int64))
