"""Products of vectors and matrices, and sums with them."""

TEXTS: dict[str, str] = {
    "matmul linalg.matmul": """
The matrix product of two tensors; of vectors the inner product, of more dimensions a batch of products.

Shapes: (n) and (n) give a number; (r, n) and (n) give (r); (n) and (n, c) give (c); (..., r, n) and
(..., n, c) give (..., r, c), where the leading dimensions broadcast.

Types: all but bool. Gradient: by both.

Raises:
    RuntimeError: if the inner sizes or the dtypes differ.

>>> import kajo
>>> A = kajo.tensor([[1.0, 2.0], [3.0, 4.0]])
>>> kajo.matmul(A, kajo.tensor([1.0, 1.0]))
tensor([3., 7.])
>>> A @ A
tensor([[ 7., 10.],
        [15., 22.]])
""",
    "mm": """
The product of two matrices: out[i][j] = sum_k self[i][k] * mat2[k][j].

Shapes: (r, n) and (n, c) give (r, c); nothing broadcasts. Types: all but bool. Gradient: by both.

Raises:
    RuntimeError: if the shapes do not fit, or the dtypes differ.

>>> import kajo
>>> kajo.mm(kajo.tensor([[1.0, 2.0]]), kajo.tensor([[3.0], [4.0]]))
tensor([[11.]])
""",
    "bmm": """
A batch of products of matrices.

Shapes: (b, r, n) and (b, n, c) give (b, r, c); nothing broadcasts. Types: all but bool. Gradient: by both.

>>> import kajo
>>> kajo.bmm(kajo.ones(2, 1, 3), kajo.ones(2, 3, 1))
tensor([[[3.]],
<BLANKLINE>
        [[3.]]])
""",
    "mv": """
The product of a matrix and a vector: out[i] = sum_k self[i][k] * vec[k].

Shapes: (r, n) and (n) give (r). Types: all but bool. Gradient: by both.

>>> import kajo
>>> kajo.mv(kajo.tensor([[1.0, 2.0], [3.0, 4.0]]), kajo.tensor([1.0, 1.0]))
tensor([3., 7.])
""",
    "dot": """
The inner product of two vectors, sum(self * tensor); of complex ones without conjugation.

Shapes: (n) and (n). Types: all but bool. Gradient: by both.

>>> import kajo
>>> kajo.dot(kajo.tensor([1.0, 2.0]), kajo.tensor([3.0, 4.0]))
tensor(11.)
""",
    "vdot": """
The inner product of two vectors, the first of which is conjugated: sum(conj(self) * other).

Shapes: (n) and (n). Types: all but bool. Gradient: by both.

>>> import kajo
>>> kajo.vdot(kajo.tensor([1 + 1j]), kajo.tensor([1 + 1j]))
tensor(2.+0.j)
""",
    "inner": """
Inner products over the last dimensions of both: out[..., ...] = sum_k self[..., k] * other[..., k].

Shapes: (*a, n) and (*b, n) give (*a, *b); a number is multiplied with all elements. Types: all but bool.
Gradient: by both.

>>> import kajo
>>> kajo.inner(kajo.tensor([[1.0, 2.0], [3.0, 4.0]]), kajo.tensor([1.0, 1.0]))
tensor([3., 7.])
""",
    "outer ger": """
The outer product of two vectors: out[i][j] = self[i] * vec2[j].

Shapes: (r) and (c) give (r, c). Types: all. Gradient: by both.

>>> import kajo
>>> kajo.outer(kajo.tensor([1.0, 2.0]), kajo.tensor([3.0, 4.0]))
tensor([[3., 4.],
        [6., 8.]])
""",
    "addmm": """
A matrix plus a product of two: beta * self + alpha * (mat1 @ mat2).

Args:
    self: what is added, which broadcasts to the product; not read, even if NaN, where beta is 0.
    mat1, mat2: (r, n) and (n, c).
    beta, alpha: the factors; integers for integer tensors.

Types: all but bool. Gradient: by all three.

>>> import kajo
>>> kajo.addmm(kajo.ones(1, 1), kajo.tensor([[1.0, 2.0]]), kajo.tensor([[3.0], [4.0]]), beta=10)
tensor([[21.]])
""",
    "addmv": """
A vector plus a product of a matrix and a vector: beta * self + alpha * (mat @ vec).

Args:
    self: what is added, which broadcasts to the product; not read where beta is 0.
    mat, vec: (r, n) and (n).
    beta, alpha: the factors.

Types: all but bool. Gradient: by all three.

>>> import kajo
>>> kajo.addmv(kajo.ones(2), kajo.eye(2), kajo.tensor([3.0, 4.0]), alpha=2)
tensor([7., 9.])
""",
    "addr": """
A matrix plus an outer product: beta * self + alpha * outer(vec1, vec2).

Args:
    self: what is added, which broadcasts to the product; not read where beta is 0.
    vec1, vec2: (r) and (c).
    beta, alpha: the factors.

Types: all. Gradient: by all three.

>>> import kajo
>>> kajo.addr(kajo.zeros(2, 2), kajo.tensor([1.0, 2.0]), kajo.tensor([3.0, 4.0]))
tensor([[3., 4.],
        [6., 8.]])
""",
    "addbmm": """
A matrix plus the sum of a batch of products: beta * self + alpha * sum_b (batch1[b] @ batch2[b]).

Args:
    self: what is added, which broadcasts to (r, c); not read where beta is 0.
    batch1, batch2: (b, r, n) and (b, n, c).
    beta, alpha: the factors.

Types: all but bool. Gradient: by all three.

>>> import kajo
>>> kajo.addbmm(kajo.zeros(1, 1), kajo.ones(2, 1, 3), kajo.ones(2, 3, 1))
tensor([[6.]])
""",
    "baddbmm": """
A batch of matrices plus a batch of products: beta * self + alpha * (batch1 @ batch2).

Args:
    self: what is added, which broadcasts to (b, r, c); not read where beta is 0.
    batch1, batch2: (b, r, n) and (b, n, c).
    beta, alpha: the factors.

Types: all but bool. Gradient: by all three.

>>> import kajo
>>> kajo.baddbmm(kajo.ones(2, 1, 1), kajo.ones(2, 1, 3), kajo.ones(2, 3, 1))
tensor([[[4.]],
<BLANKLINE>
        [[4.]]])
""",
    "kron": """
The Kronecker product: for matrices the blocks self[i][j] * other, for other shapes likewise.

Types: all. Gradient: by both.

>>> import kajo
>>> kajo.kron(kajo.eye(2), kajo.tensor([[1.0, 2.0]]))
tensor([[1., 2., 0., 0.],
        [0., 0., 1., 2.]])
""",
    "linalg.multi_dot": """
The product of several matrices, multiplied in the order that takes the least work.

Args:
    tensors: matrices whose inner sizes agree; the first and the last may be vectors.

Types: all but bool. Gradient: by each of them.

>>> import kajo
>>> kajo.linalg.multi_dot([kajo.ones(1, 2), kajo.ones(2, 3), kajo.ones(3, 1)])
tensor([[6.]])
""",
    "linear": """
A linear map of the last dimension: input @ weight.T + bias.

Args:
    input: (..., features).
    weight: (outputs, features), or (features).
    bias: (outputs), or None.

Types: all but bool. Gradient: by all three.

>>> import kajo
>>> from kajo.nn import functional as F
>>> F.linear(kajo.tensor([1.0, 2.0]), kajo.tensor([[1.0, 1.0], [0.0, 3.0]]), kajo.tensor([0.5, 0.0]))
tensor([3.5000, 6.0000])
""",
    "bilinear": """
Bilinear forms of the last dimensions: out[k] = input1 @ weight[k] @ input2 + bias[k].

Args:
    input1, input2: (..., n) and (..., m).
    weight: (outputs, n, m).
    bias: (outputs), or None.

Types: floating-point and complex. Gradient: by all four.

>>> import kajo
>>> kajo.bilinear(kajo.tensor([1.0, 2.0]), kajo.tensor([3.0, 4.0]), kajo.ones(1, 2, 2))
tensor([21.])
""",
    "matrix_power linalg.matrix_power": """
A square matrix multiplied n times with itself; for a negative n its inverse.

Args:
    n: how often; 0 gives the unit matrix.

Shapes: (..., n, n). Types: all but bool, for a negative n floating-point and complex. Gradient: by self.

>>> import kajo
>>> kajo.linalg.matrix_power(kajo.tensor([[1.0, 1.0], [0.0, 1.0]]), 3)
tensor([[1., 3.],
        [0., 1.]])
""",
    "matrix_exp linalg.matrix_exp": """
The exponential of a square matrix: the sum of A^k / k! over all k.

Shapes: (..., n, n). Types: floating-point and complex. Gradient: by self.

>>> import kajo
>>> kajo.linalg.matrix_exp(kajo.zeros(2, 2))
tensor([[1., 0.],
        [0., 1.]])
""",
    "chain_matmul": """
The product of several matrices, multiplied in the order that takes the least work.

>>> import kajo
>>> kajo.chain_matmul(kajo.ones(1, 2), kajo.ones(2, 1))
tensor([[2.]])
""",
}
