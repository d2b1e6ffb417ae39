"""Decompositions of matrices."""

TEXTS: dict[str, str] = {
    "linalg.cholesky": """
The Cholesky factor of positive definite matrices: A = L L^H with L lower triangular.

Args:
    self: hermitian matrices, (..., n, n); only one triangle is read.
    upper: give L^H, and read the upper triangle.

Types: floating-point and complex. Gradient: by self.

Raises:
    LinAlgError: if a matrix is not positive definite.

>>> import kajo
>>> kajo.linalg.cholesky(kajo.tensor([[4.0, 2.0], [2.0, 5.0]]))
tensor([[2., 0.],
        [1., 2.]])
""",
    "linalg.cholesky_ex": """
The Cholesky factor as :func:`kajo.linalg.cholesky` gives it, and LAPACK's info rather than an error.

Args:
    self, upper: as there.
    check_errors: raise all the same.

Returns:
    A named pair (L, info): info is 0, or the order of the leading part that is not positive definite.

>>> import kajo
>>> kajo.linalg.cholesky_ex(kajo.tensor([[4.0, 2.0], [2.0, 5.0]])).info
tensor(0, dtype=kajo.int32)
""",
    "cholesky": """
The Cholesky factor of positive definite matrices, an older name of :func:`kajo.linalg.cholesky`.

Args:
    upper: give the upper factor.

>>> import kajo
>>> kajo.cholesky(kajo.tensor([[4.0, 2.0], [2.0, 5.0]]))
tensor([[2., 0.],
        [1., 2.]])
""",
    "cholesky_inverse": """
The inverse of the matrices whose Cholesky factors are given.

Args:
    self: the factors, (..., n, n).
    upper: whether they are upper triangular.

Types: floating-point and complex. Gradient: by self.

>>> import kajo
>>> kajo.cholesky_inverse(kajo.tensor([[2.0, 0.0], [1.0, 1.0]]))
tensor([[ 0.5000, -0.5000],
        [-0.5000,  1.0000]])
""",
    "cholesky_solve": """
The solution X of A X = B, with A given by its Cholesky factor.

Args:
    self: B, (..., n, k).
    input2: the factor, (..., n, n).
    upper: whether it is upper triangular.

Types: floating-point and complex. Gradient: by both.

>>> import kajo
>>> kajo.cholesky_solve(kajo.tensor([[4.0], [16.0]]), kajo.tensor([[2.0, 0.0], [0.0, 4.0]]))
tensor([[1.],
        [1.]])
""",
    "linalg.qr": """
The QR decomposition: A = Q R with orthonormal columns in Q and R upper triangular.

Args:
    A: (..., m, n).
    mode: "reduced" for k = min(m, n) columns of Q, "complete" for m, "r" for R alone (Q is then empty).

Returns:
    A named pair (Q, R).

Types: floating-point and complex. Gradient: by A, unless the mode is "r", or "complete" with m > n.

>>> import kajo
>>> Q, R = kajo.linalg.qr(kajo.tensor([[3.0, 1.0], [4.0, 2.0]]))
>>> kajo.allclose(Q @ R, kajo.tensor([[3.0, 1.0], [4.0, 2.0]]))
True
""",
    "qr": """
The QR decomposition, an older name of :func:`kajo.linalg.qr`.

Args:
    some: True for "reduced", False for "complete".

>>> import kajo
>>> kajo.qr(kajo.zeros(3, 2)).R.shape
kajo.Size([2, 2])
""",
    "linalg.svd": """
The singular value decomposition: A = U diag(S) Vh, with S not negative and in descending order.

Args:
    A: (..., m, n).
    full_matrices: give U and Vh square; else with k = min(m, n) columns and rows.

Returns:
    A named triple (U, S, Vh). U and Vh are determined up to signs, or phases.

Types: floating-point and complex; S is real. Gradient: by A; infinite where singular values are equal,
unless only S is used.

>>> import kajo
>>> kajo.linalg.svd(kajo.tensor([[3.0, 0.0], [0.0, 4.0]])).S
tensor([4., 3.])
""",
    "svd": """
The singular value decomposition A = U diag(S) V^H; see :func:`kajo.linalg.svd`, which gives V^H.

Args:
    some: give U and V with min(m, n) columns.
    compute_uv: whether to compute U and V; else they are zeros.

>>> import kajo
>>> kajo.svd(kajo.tensor([[3.0, 0.0], [0.0, 4.0]])).S
tensor([4., 3.])
""",
    "linalg.svdvals": """
The singular values of matrices, in descending order.

Shapes: (..., m, n) gives (..., min(m, n)). Types: floating-point and complex; the result is real. Gradient:
by A.

>>> import kajo
>>> kajo.linalg.svdvals(kajo.tensor([[3.0, 0.0], [0.0, 4.0]]))
tensor([4., 3.])
""",
    "linalg.eig": """
The eigenvalues and eigenvectors of square matrices: A V = V diag(L).

Args:
    self: (..., n, n).

Returns:
    A named pair (eigenvalues, eigenvectors), both complex. The order is not promised; vectors have norm 1.

Types: floating-point and complex. Gradient: by self, where it does not depend on the vectors' phases.

>>> import kajo
>>> kajo.linalg.eig(kajo.tensor([[0.0, 1.0], [-1.0, 0.0]])).eigenvalues
tensor([0.+1.j, 0.-1.j])
""",
    "linalg.eigvals": """
The eigenvalues of square matrices, complex, in no promised order.

Shapes: (..., n, n) gives (..., n). Types: floating-point and complex. Gradient: by self.

>>> import kajo
>>> kajo.linalg.eigvals(kajo.tensor([[2.0, 0.0], [0.0, 3.0]]))
tensor([2.+0.j, 3.+0.j])
""",
    "linalg.eigh": """
The eigenvalues and eigenvectors of hermitian matrices: A = Q diag(L) Q^H.

Args:
    self: (..., n, n).
    UPLO: which triangle is read: "L" or "U".

Returns:
    A named pair (eigenvalues, eigenvectors): real values in ascending order, orthonormal vectors as columns.

Types: floating-point and complex. Gradient: by self, where it does not depend on the vectors' phases.

>>> import kajo
>>> kajo.linalg.eigh(kajo.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
tensor([1., 2.])
""",
    "linalg.eigvalsh": """
The eigenvalues of hermitian matrices, real and in ascending order.

Args:
    self: (..., n, n).
    UPLO: which triangle is read: "L" or "U".

Types: floating-point and complex. Gradient: by self.

>>> import kajo
>>> kajo.linalg.eigvalsh(kajo.tensor([[2.0, 0.0], [0.0, 1.0]]))
tensor([1., 2.])
""",
    "linalg.lu": """
The LU decomposition: A = P L U with a permutation P, L lower triangular with 1 on the diagonal, U upper.

Args:
    A: (..., m, n).
    pivot: False for no permutation, which the CPU does not have.

Returns:
    A named triple (P, L, U).

Types: floating-point and complex. Gradient: by A.

>>> import kajo
>>> kajo.linalg.lu(kajo.tensor([[1.0, 2.0], [3.0, 4.0]])).P
tensor([[0., 1.],
        [1., 0.]])
""",
    "linalg.lu_factor": """
The LU decomposition packed in one matrix, as :func:`kajo.linalg.lu_solve` takes it.

Args:
    A: (..., m, n).
    pivot: False for no permutation, which the CPU does not have.

Returns:
    A named pair (LU, pivots): below the diagonal L without its ones, above it U; and with which row, counted
    from 1, each row was swapped.

Types: floating-point and complex. Gradient: by A.

Raises:
    RuntimeError: if a pivot is 0.

>>> import kajo
>>> kajo.linalg.lu_factor(kajo.tensor([[1.0, 2.0], [4.0, 4.0]]))
kajo.return_types.linalg_lu_factor(
LU=tensor([[4.0000, 4.0000],
        [0.2500, 1.0000]]),
pivots=tensor([2, 2], dtype=kajo.int32))
""",
    "linalg.lu_factor_ex": """
As :func:`kajo.linalg.lu_factor`, with LAPACK's info rather than an error.

Args:
    A, pivot: as there.
    check_errors: raise all the same.

Returns:
    A named triple (LU, pivots, info): info is 0, or the place of a pivot that is 0, counted from 1.

>>> import kajo
>>> kajo.linalg.lu_factor_ex(kajo.zeros(2, 2)).info
tensor(1, dtype=kajo.int32)
""",
    "lu_unpack": """
The factors P, L and U from a packed LU decomposition.

Args:
    LU_data, LU_pivots: as :func:`kajo.linalg.lu_factor` gives them.
    unpack_data, unpack_pivots: whether to give L and U, and P; else they are empty.

Types: floating-point and complex. Gradient: by LU_data.

>>> import kajo
>>> LU, pivots = kajo.linalg.lu_factor(kajo.tensor([[1.0, 2.0], [4.0, 4.0]]))
>>> P, L, U = kajo.lu_unpack(LU, pivots)
>>> P @ L @ U
tensor([[1., 2.],
        [4., 4.]])
""",
}
