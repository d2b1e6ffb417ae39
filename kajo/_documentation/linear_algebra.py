"""Solutions of equations, inverses, determinants and norms of matrices."""

TEXTS: dict[str, str] = {
    "det linalg.det": """
The determinant of square matrices.

Shapes: (..., n, n) gives (...). Types: floating-point and complex. Gradient: by A.

>>> import kajo
>>> kajo.linalg.det(kajo.tensor([[2.0, 1.0], [0.0, 3.0]]))
tensor(6.)
""",
    "slogdet linalg.slogdet": """
The sign of the determinant of square matrices and the logarithm of its magnitude, which does not overflow.

Returns:
    A named pair (sign, logabsdet); of complex matrices the sign is a complex number of magnitude 1. Of
    singular ones they are 0 and -inf.

Shapes: (..., n, n) gives (...). Types: floating-point and complex. Gradient: by A.

>>> import kajo
>>> kajo.linalg.slogdet(kajo.tensor([[0.0, 1.0], [1.0, 0.0]]))
kajo.return_types.linalg_slogdet(
sign=tensor(-1.),
logabsdet=tensor(0.))
""",
    "logdet": """
The logarithm of the determinant of square matrices: NaN where it is negative, -inf where it is 0.

Shapes: (..., n, n) gives (...). Types: floating-point and complex. Gradient: by self.

>>> import kajo
>>> kajo.logdet(kajo.eye(2))
tensor(0.)
""",
    "inverse linalg.inv": """
The inverse of square matrices.

Shapes: (..., n, n). Types: floating-point and complex. Gradient: by A. To multiply with an inverse,
:func:`kajo.linalg.solve` is quicker and more accurate.

Raises:
    LinAlgError: if a matrix is singular.

>>> import kajo
>>> kajo.linalg.inv(kajo.tensor([[2.0, 0.0], [0.0, 4.0]]))
tensor([[0.5000, 0.0000],
        [0.0000, 0.2500]])
""",
    "linalg.inv_ex": """
The inverse of square matrices, and LAPACK's info rather than an error.

Args:
    A: (..., n, n).
    check_errors: raise all the same.

Returns:
    A named pair (inverse, info): info is 0, or the place of a pivot that is 0, counted from 1.

>>> import kajo
>>> kajo.linalg.inv_ex(kajo.tensor([[2.0, 0.0], [0.0, 4.0]])).info
tensor(0, dtype=kajo.int32)
""",
    "linalg.solve": """
The solution X of A X = B, or with left=False of X A = B.

Args:
    A: square matrices, (..., n, n).
    B: (..., n, k), or vectors (..., n) if A has one more dimension; batches broadcast.
    left: on which side A stands.

Types: floating-point and complex. Gradient: by A and B.

Raises:
    LinAlgError: if a matrix is singular.

>>> import kajo
>>> A = kajo.tensor([[2.0, 0.0], [0.0, 4.0]])
>>> kajo.linalg.solve(A, kajo.tensor([2.0, 2.0]))
tensor([1.0000, 0.5000])
""",
    "linalg.solve_ex": """
As :func:`kajo.linalg.solve`, with LAPACK's info rather than an error.

Args:
    A, B, left: as there.
    check_errors: raise all the same.

Returns:
    A named pair (result, info): info is 0, or the place of a pivot that is 0, counted from 1.

>>> import kajo
>>> kajo.linalg.solve_ex(kajo.eye(2), kajo.ones(2)).result
tensor([1., 1.])
""",
    "linalg.solve_triangular": """
The solution X of A X = B, or with left=False of X A = B, for a triangular A.

Args:
    self: A, (..., n, n); the other triangle is not read.
    B: (..., n, k), or (..., k, n) with left=False; batches broadcast.
    upper: whether A is upper triangular.
    left: on which side A stands.
    unitriangular: take the diagonal for ones, whatever it has.

Types: floating-point and complex. Gradient: by A and B.

>>> import kajo
>>> kajo.linalg.solve_triangular(kajo.tensor([[1.0, 1.0], [0.0, 2.0]]), kajo.tensor([[3.0], [4.0]]), upper=True)
tensor([[1.],
        [2.]])
""",
    "linalg.lu_solve": """
The solution X of A X = B, with A given by its packed LU decomposition.

Args:
    LU, pivots: as :func:`kajo.linalg.lu_factor` gives them.
    B: (..., n, k), or (..., k, n) with left=False.
    left: on which side A stands.
    adjoint: solve with A^H instead.

Types: floating-point and complex. Gradient: by LU and B.

>>> import kajo
>>> LU, pivots = kajo.linalg.lu_factor(kajo.tensor([[2.0, 0.0], [0.0, 4.0]]))
>>> kajo.linalg.lu_solve(LU, pivots, kajo.tensor([[2.0], [2.0]]))
tensor([[1.0000],
        [0.5000]])
""",
    "linalg.lstsq": """
The X that makes the norm of A X - B least.

Args:
    self: A, (..., m, n).
    b: (..., m, k), or vectors (..., m).
    rcond: singular values below rcond times the largest count as 0, for the drivers that look at the rank.
    driver: LAPACK's: "gelsy" by default, "gels" for full rank, "gelsd" or "gelss" by singular values.

Returns:
    A named tuple (solution, residuals, rank, singular_values); what the driver does not compute is empty.

Types: floating-point and complex. Gradient: of the solution, by A and b.

>>> import kajo
>>> A = kajo.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
>>> kajo.linalg.lstsq(A, kajo.tensor([[1.0], [3.0], [5.0]])).solution
tensor([[1.0000],
        [2.0000]])
""",
    "linalg.pinv": """
The pseudo-inverse of matrices, from their singular values.

Args:
    self: (..., m, n).
    atol, rtol: singular values not above max(atol, rtol * the largest) count as 0; rtol is max(m, n) times
        the dtype's epsilon by default, 0 if atol is given.
    hermitian: the matrices are, which is quicker.

Shapes: (..., m, n) gives (..., n, m). Types: floating-point and complex. Gradient: by self.

>>> import kajo
>>> kajo.linalg.pinv(kajo.tensor([[2.0, 0.0], [0.0, 0.0]]))
tensor([[0.5000, 0.0000],
        [0.0000, 0.0000]])
""",
    "pinverse": """
The pseudo-inverse of matrices, an older name of :func:`kajo.linalg.pinv`.

Args:
    rcond: singular values not above rcond times the largest count as 0.

>>> import kajo
>>> kajo.pinverse(kajo.tensor([[2.0, 0.0], [0.0, 0.0]]))
tensor([[0.5000, 0.0000],
        [0.0000, 0.0000]])
""",
    "linalg.matrix_rank": """
The rank of matrices: how many singular values count as more than 0.

Args:
    self: (..., m, n).
    atol, rtol: as for :func:`kajo.linalg.pinv`; an older name of atol is tol.
    hermitian: the matrices are, which is quicker.

Types: floating-point and complex; the result is int64. No gradient.

>>> import kajo
>>> kajo.linalg.matrix_rank(kajo.tensor([[1.0, 2.0], [2.0, 4.0]]))
tensor(1)
""",
    "linalg.matrix_norm": """
A norm of matrices.

Args:
    self: (..., m, n).
    ord: "fro" for the root of the sum of squares, "nuc" for the sum of singular values, 2 and -2 for the
        largest and the smallest of them, 1 and -1 for the largest and the smallest sum of magnitudes of a
        column, inf and -inf of a row.
    dim: the two dimensions of the matrices, which vanish.
    keepdim: keep them with size 1.
    dtype: convert first.

Types: floating-point, and complex, whose norm is real. Gradient: by self.

>>> import kajo
>>> A = kajo.tensor([[1.0, 2.0], [2.0, 4.0]])
>>> kajo.linalg.matrix_norm(A), kajo.linalg.matrix_norm(A, 1)
(tensor(5.), tensor(6.))
""",
    "linalg.cond": """
The condition number of matrices: norm(A) * norm(inverse(A)).

Args:
    self: (..., m, n), square unless the norm is one of singular values.
    p: the norm, as for :func:`kajo.linalg.matrix_norm`; None for 2, the quotient of the largest and the
        smallest singular value.

Types: floating-point and complex; the result is real, inf for singular matrices. Gradient: by self.

>>> import kajo
>>> kajo.linalg.cond(kajo.tensor([[1.0, 0.0], [0.0, 4.0]]))
tensor(4.)
""",
}
