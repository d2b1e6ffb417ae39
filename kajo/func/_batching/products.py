"""Products of matrices, and operations on stacks of matrices."""

from __future__ import annotations

from typing import Any

import kajo
from kajo import Tensor, _core
from kajo.func._batched import Batch, Unsupported
from kajo.func._batching.register import bound, rank_of, register, rule

__all__ = ["stacked"]


@rule("matmul linalg.matmul mm mv bmm")
def _matmul(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    left, right = list(bound(func, args, kwargs).values())[:2]
    a, b = rank_of(left), rank_of(right)
    _check_product(func.__name__, left, right, a, b)
    x = batch.value(left).unsqueeze(-2) if a == 1 else batch.value(left)
    y = batch.value(right).unsqueeze(-1) if b == 1 else batch.value(right)
    rank = max(a, b, 2)
    for _ in range(rank - max(a, 2) if batch.has(left) else 0):
        x = x.unsqueeze(1)
    for _ in range(rank - max(b, 2) if batch.has(right) else 0):
        y = y.unsqueeze(1)
    result = _core.matmul(x, y)
    result = result.squeeze(-1) if b == 1 else result
    return batch.wrap(result.squeeze(-1 if b == 1 else -2) if a == 1 else result)


@rule("vector_product")
def _vector_product(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    rank, dim = rank_of(found["self"]), found["dim"]
    x, y = kajo.broadcast_tensors(batch.value(found["self"]), batch.value(found["other"]))
    return batch.wrap(_core.vector_product(x, y, dim - rank if dim >= 0 else dim))


_RANKS = {"mm": (2, 2), "mv": (2, 1), "bmm": (3, 3)}


def _check_product(name: str, left: Tensor, right: Tensor, a: int, b: int) -> None:
    if a == 0 or b == 0 or _RANKS.get(name, (a, b)) != (a, b):
        raise RuntimeError(f"{name}(): cannot multiply tensors of {a} and {b} dimensions")
    inner = left.shape[-1], right.shape[-2 if b > 1 else -1]
    if inner[0] != inner[1] or (name == "bmm" and left.shape[0] != right.shape[0]):
        raise RuntimeError(
            f"{name}(): the shapes {tuple(left.shape)} and {tuple(right.shape)} cannot be multiplied"
        )


@rule("linear")
def _linear(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    input, weight, bias = found["input"], found["weight"], found["bias"]
    if not batch.has(weight) and not batch.has(bias):
        return batch.wrap(func(batch.value(input), weight, bias))
    product = _core.matmul(input, weight.transpose(-2, -1) if rank_of(weight) == 2 else weight)
    return product if bias is None else product + bias


_STACKED = """
cholesky cholesky_inverse cholesky_solve det inverse linalg.cholesky linalg.cholesky_ex linalg.cond
linalg.det linalg.eig linalg.eigh linalg.eigvals linalg.eigvalsh linalg.inv linalg.inv_ex linalg.ldl_factor
linalg.ldl_factor_ex linalg.ldl_solve linalg.lstsq linalg.lu linalg.lu_factor linalg.lu_factor_ex
linalg.lu_solve linalg.matrix_exp linalg.matrix_norm linalg.matrix_power linalg.matrix_rank linalg.pinv
linalg.qr linalg.slogdet linalg.solve_triangular linalg.svd linalg.svdvals
linalg.householder_product logdet lu_unpack lu_solve matrix_exp matrix_power pinverse qr slogdet svd
triangular_solve geqrf _geqrf linalg._ldl_factor linalg._ldl_solve _ldl_factor _ldl_solve ormqr orgqr tril triu adjoint
"""


def stacked(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """An operation on the last dimensions, whose further dimensions before them are a stack."""
    found = bound(func, args, kwargs)
    tensors = {k: x for k, x in found.items() if isinstance(x, Tensor)}
    least = {"slogdet": 2, "det": 2, "tril": 1, "triu": 1}.get(func.__name__, 1)
    if any(rank_of(x) < least for x in tensors.values()):
        raise Unsupported
    dims = found.get("dim")
    if dims is not None and any(d >= 0 for d in dims):
        rank = rank_of(found["self"])
        found["dim"] = [d - rank if d >= 0 else d for d in dims]
    _align_right_hand_side(tensors)
    result = func(**found | {k: batch.lift(x) for k, x in tensors.items()})
    if isinstance(result, tuple):  # what is empty is so without a stack
        shaped = (r if r.numel() else _empty_stack(batch, r) for r in result)
        result = type(result)(tuple(shaped))
    return batch.wrap(result)


def _empty_stack(batch: Batch, result: Tensor) -> Tensor:
    is_stack = result.dim() > 0 and result.shape[0] == batch.size
    return result if is_stack else result.new_empty((batch.size, *result.shape))


def _align_right_hand_side(tensors: dict[str, Tensor]) -> None:
    ranks = {rank_of(x) for x in tensors.values()}
    is_vector = min(ranks) == 1 and max(ranks) == 2  # of one equation, told apart by its rank
    if len(ranks) > 1 and not is_vector and "pivots" not in tensors and "LU_pivots" not in tensors:
        raise Unsupported


register(_STACKED, stacked)


@rule("linalg.solve linalg.solve_ex")
def _solve(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    left, right = found["A"], found["B"]
    is_vector = rank_of(right) == 1 or (
        rank_of(left) - 1 == rank_of(right) and right.shape == left.shape[:-1]
    )
    if is_vector:
        result = func(**found | {"B": right.unsqueeze(-1)})
        if isinstance(result, tuple):
            return type(result)((result[0].squeeze(-1), result[1]))
        return result.squeeze(-1)
    return batch.wrap(func(**found | _aligned(batch, {"A": left, "B": right})))


def _aligned(batch: Batch, matrices: dict[str, Tensor]) -> dict[str, Any]:
    """Values of one rank, told apart from vectors."""
    rank = max(map(rank_of, matrices.values()))
    values = {}
    for name, x in matrices.items():
        value = batch.lift(x)
        for _ in range(rank - rank_of(x)):
            value = value.unsqueeze(1)
        values[name] = value
    return values


@rule("linalg.pinv linalg.matrix_rank")
def _with_tolerance(batch: Batch, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = bound(func, args, kwargs)
    tolerances = {k: x for k, x in found.items() if k != "self" and isinstance(x, Tensor)}
    if not tolerances:
        return stacked(batch, func, args, kwargs)
    # A tolerance has the dimensions of the stack, without those of the matrices.
    bounds = {k: x[..., None, None] for k, x in tolerances.items()}
    values = _aligned(batch, {"self": found["self"], **bounds})
    return batch.wrap(
        func(**found | {k: v if k == "self" else v[..., 0, 0] for k, v in values.items()})
    )
