"""Which operations autocast runs in which precision on the CPU; all others take what they get.

The names are those of functions without their namespace; methods and operators go by the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

# What gains from 16 bits: products.
LOWER_PRECISION = frozenset({
    "addbmm", "addmm", "baddbmm", "bmm", "chain_matmul", "conv1d", "conv2d", "conv3d", "conv_tbc",
    "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "linalg.multi_dot", "linalg.vecdot",
    "linear", "matmul", "mm", "prelu",
    "scaled_dot_product_attention",
})  # fmt: skip

# What loses too much in 16 bits: losses, sums of many terms, factorisations, transforms.
FLOAT32 = frozenset({
    "adaptive_avg_pool3d", "adaptive_max_pool3d", "avg_pool3d", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "cdist", "cholesky", "cholesky_inverse", "cholesky_solve",
    "cosine_embedding_loss", "cross_entropy", "ctc_loss", "fractional_max_pool2d",
    "fractional_max_pool3d", "geqrf", "grid_sample", "hinge_embedding_loss", "huber_loss", "inverse",
    "istft", "kl_div", "l1_loss", "lu_solve", "margin_ranking_loss", "max_unpool1d",
    "max_unpool2d", "max_unpool3d", "mse_loss", "multi_margin_loss", "multilabel_margin_loss", "nanquantile",
    "nll_loss", "orgqr", "ormqr", "pinverse", "poisson_nll_loss", "polar", "prod", "qr", "quantile",
    "smooth_l1_loss", "soft_margin_loss", "stft", "svd", "trace", "triangular_solve",
    "triplet_margin_loss", "view_as_complex",
    "fft.fft", "fft.fft2", "fft.fftn", "fft.hfft", "fft.ifft", "fft.ifft2", "fft.ifftn", "fft.ihfft",
    "fft.irfft", "fft.irfft2", "fft.irfftn", "fft.rfft", "fft.rfft2", "fft.rfftn",
    "linalg.cholesky", "linalg.cholesky_ex", "linalg.cond", "linalg.eig", "linalg.eigh",
    "linalg.eigvals", "linalg.eigvalsh", "linalg.householder_product", "linalg.inv", "linalg.inv_ex",
    "linalg.lstsq", "linalg.matrix_rank", "linalg.qr", "linalg.solve", "linalg.svd", "linalg.svdvals", "linalg.tensorinv",
    "linalg.tensorsolve",
})  # fmt: skip

# What puts tensors together: all take the widest of their dtypes.
PROMOTE = frozenset({"cat", "index_copy", "stack"})


class Treatment(NamedTuple):
    """How one call is run.

    Attributes:
        operands: "lower", "raise" or, None, as they are given.
        lowers_result: whether a float32 result leaves in 16 bits.
    """

    operands: str | None
    lowers_result: bool = False


AS_GIVEN = Treatment(None)
LOWERED = Treatment("lower")
RAISED = Treatment("raise")

_Call = tuple[tuple[Any, ...], Mapping[str, Any]]


def _argument(call: _Call, place: int, name: str, default: Any) -> Any:
    args, kwargs = call
    return args[place] if len(args) > place else kwargs.get(name, default)


def _matrix_power(call: _Call) -> Treatment:
    exponent = _argument(call, 1, "n", 2)
    if exponent in (0, 1):
        return AS_GIVEN
    # Inverses are found in float32; a product of them is lowered.
    return Treatment("raise", exponent < -1) if exponent < 0 else LOWERED


def _tensordot(call: _Call) -> Treatment:
    a, b = _argument(call, 0, "a", None), _argument(call, 1, "b", None)
    dims = _argument(call, 2, "dims", 2)
    count = dims if isinstance(dims, int) else len(dims[0])
    # What leaves no dimension is a sum, not a product of matrices.
    return AS_GIVEN if a.dim() == b.dim() == count else LOWERED


def _inner(call: _Call) -> Treatment:
    a, b = _argument(call, 0, "input", None), _argument(call, 1, "other", None)
    return LOWERED if min(a.dim(), b.dim()) > 0 and max(a.dim(), b.dim()) > 1 else AS_GIVEN


def _pad(call: _Call) -> Treatment:
    return (
        RAISED if _argument(call, 2, "mode", "constant") in ("reflect", "replicate") else AS_GIVEN
    )


def _max_pool3d(call: _Call) -> Treatment:
    return AS_GIVEN if _argument(call, 6, "return_indices", False) else RAISED


# Operations whose arguments decide.
BY_CASE: dict[str, Callable[[_Call], Treatment]] = {
    "inner": _inner,
    "linalg.matrix_power": _matrix_power,
    "linalg.pinv": lambda call: Treatment(None, True),
    "matrix_power": _matrix_power,
    "max_pool3d": _max_pool3d,
    "pad": _pad,
    "tensordot": _tensordot,
}
