"""What the operations are for sparse tensors: a table from their names to functions.

`find` names the function of a call; a name that is not in the table is refused. In-place forms are
computed like the others and then put into the first argument.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import kajo
from kajo import Tensor
from kajo.sparse import _matrices, _resizing
from kajo.sparse._layouts import converted, gathered, to_dense
from kajo.sparse._shapes import unsqueeze
from kajo.sparse._table import TABLE, axis_of, handles, of_coo
from kajo.sparse._tensor import (
    COMPRESSED,
    SparseTensor,
    block_of,
    coalesced,
    dense_rank,
    flat_places,
    make,
)
from kajo.sparse._text import text_of

__all__ = ["find"]

_PROPERTIES: dict[str, Callable[..., Any]] = {}


@functools.cache
def _operator_name(name: str) -> str | None:
    """The operation of an operator's method: "add" for "__add__" and "__iadd__"."""
    stem = name.strip("_")
    if not (name.startswith("__") and name.endswith("__")):
        return None
    return {"truediv": "div", "matmul": "matmul", "neg": "neg", "abs": "abs"}.get(stem, stem)


def find(func: Any) -> tuple[str, Callable[..., Any] | None]:
    """The name of what is called, and what it is for sparse tensors; None if nothing."""
    name = getattr(func, "__name__", str(func))
    owner: Any = getattr(func, "__self__", None)
    if name in ("__get__", "__set__", "__delete__") and hasattr(owner, "__name__"):
        key = owner.__name__ if name == "__get__" else f"{owner.__name__} {name.strip('_')}"
        return owner.__name__, _PROPERTIES.get(key)
    if getattr(func, "__module__", None) == "kajo.autograd":
        return name, func.__wrapped__  # which asks for the tensors that carry the history
    if name in TABLE:
        return name, TABLE[name]
    if name in ("svd_lowrank", "_svd_lowrank", "get_approximate_basis"):
        return name, getattr(func, "__wrapped__", None)  # products with matrices are all they need
    stem = _operator_name(name)
    if stem is not None and stem in TABLE:
        return name, TABLE[stem]
    if stem is not None and stem[:1] == "r" and stem[1:] in ("add", "mul", "sub", "matmul"):
        return name, functools.partial(_reversed, TABLE[stem[1:]])
    in_place = (
        stem[1:] if stem is not None and stem[:1] == "i" else name[:-1] if name[-1] == "_" else ""
    )
    in_place = {"truediv": "div"}.get(in_place, in_place)
    if in_place in TABLE:
        return name, functools.partial(_in_place, TABLE[in_place])
    return name, None


def _reversed(function: Callable[..., Any], x: Any, other: Any) -> Any:
    return function(other, x)


def _in_place(function: Callable[..., Any], target: Any, *args: Any, **kwargs: Any) -> Any:
    result = function(target, *args, **kwargs)
    if isinstance(target, SparseTensor):
        _assign(target, result)
        return target
    return target.copy_(result)


def _assign(target: SparseTensor, result: Any) -> None:
    """Puts other elements into a tensor."""
    if not isinstance(result, SparseTensor) or result._size != target._size:
        raise RuntimeError(
            f"a sparse tensor of shape {target._size} cannot take the result in place: it is "
            f"{'strided' if not isinstance(result, SparseTensor) else 'of shape ' + str(result._size)}"
        )
    if target._parts[-1].requires_grad and target._parts[-1].is_leaf and kajo.is_grad_enabled():
        raise RuntimeError(
            "a leaf Variable that requires grad is being used in an in-place operation."
        )
    values = result._parts[-1].to(target._parts[-1].dtype)
    target._kind, target._unique = result._kind, result._unique
    target._parts = (*result._parts[:-1], values)


# ---- what a tensor tells about itself ------------------------------------------------------------------

_PROPERTIES |= {
    "shape": lambda x: x._size,
    "dtype": lambda x: x._parts[-1].dtype,
    "device": lambda x: x._parts[-1].device,
    "layout": lambda x: x._kind,
    "ndim": lambda x: len(x._size),
    "itemsize": lambda x: x._parts[-1].itemsize,
    "nbytes": lambda x: _bytes(x),
    "requires_grad": lambda x: x._parts[-1].requires_grad,
    "is_leaf": lambda x: x._parts[-1].is_leaf,
    "grad_fn": lambda x: x._parts[-1].grad_fn,
    "is_sparse": lambda x: x._kind is kajo.sparse_coo,
    "is_sparse_csr": lambda x: x._kind is kajo.sparse_csr,
    "is_cpu": lambda x: True,
    "is_meta": lambda x: False,
    "data": lambda x: x._with_values(x._parts[-1].detach()),
    "grad": lambda x: _gradient(x),
    "grad set": lambda x, value: _set_gradient(x, value),
    "requires_grad set": lambda x, value: setattr(x._parts[-1], "requires_grad", value),
    "T": lambda x: x.permute(*range(len(x._size))[::-1]),
    "mT": lambda x: x.transpose(-2, -1),
    "H": lambda x: x.transpose(0, 1).conj(),
    "mH": lambda x: x.transpose(-2, -1).conj(),
    "real": lambda x: x._with_values(x._parts[-1].real),
}
_PROPERTIES |= {
    name: lambda x: False
    for name in (
        "is_cuda",
        "is_quantized",
        "is_nested",
        "is_mkldnn",
        "is_mps",
        "is_xpu",
        "retains_grad",
    )
}
_PROPERTIES["_version"] = lambda x: x._parts[-1]._version
_PROPERTIES["_base"] = lambda x: None


def _bytes(x: SparseTensor) -> int:
    if x._kind is kajo.sparse_coo:
        raise RuntimeError("nbytes: tensors of layout kajo.sparse_coo have no storage")
    return x._size.numel() * x._parts[-1].itemsize


def _gradient(x: SparseTensor) -> Any:
    gradient = x._parts[-1].grad
    if gradient is None or x._unique or x._kind is not kajo.sparse_coo:
        return None if gradient is None else x._with_values(gradient)
    # What stands at one place twice has that place's gradient twice, of which one counts.
    indices = x._parts[0]
    sizes = x._size[: indices.shape[0]]
    kept, where = kajo.unique(flat_places(indices, sizes), return_inverse=True)
    chosen = kajo.zeros(kept.numel(), dtype=kajo.int64)
    chosen[where] = kajo.arange(where.numel())
    return make(x._kind, (indices[:, chosen], gradient[chosen]), x._size, True)


def _set_gradient(x: SparseTensor, value: Any) -> None:
    x._parts[-1].grad = None if value is None else x._at_places(value)


def _values(method: str) -> Callable[..., Any]:
    """A question that the values answer."""
    return lambda x, *args, **kwargs: getattr(x._parts[-1], method)(*args, **kwargs)


for _name in (
    "is_floating_point", "is_complex", "is_conj", "is_neg", "is_signed", "element_size", "get_device",
):  # fmt: skip
    TABLE[_name] = _values(_name)


@handles("type")
def _type(x: SparseTensor, dtype: Any = None, **options: Any) -> Any:
    if dtype is not None:
        return x.to(dtype)
    package, _, kind = str(x._parts[-1].type()).partition(".")
    return f"{package}.sparse.{kind}"


TABLE |= {
    "dim": lambda x: len(x._size),
    "ndimension": lambda x: len(x._size),
    "numel": lambda x: x._size.numel(),
    "nelement": lambda x: x._size.numel(),
    "size": lambda x, dim=None: x._size if dim is None else x._size[dim],
    "__len__": lambda x: x._size[0],
    "__hash__": id,
    "is_contiguous": lambda x, **_: False,
    "is_coalesced": lambda x: of_coo(x, "is_coalesced")._unique,
    "_nnz": lambda x: x._parts[-2].shape[-1],
    "sparse_dim": lambda x: x._parts[0].shape[0] if x._kind is kajo.sparse_coo else 2,
    "dense_dim": lambda x: dense_rank(x),
    "is_same_size": lambda x, other: tuple(x.shape) == tuple(other.shape),
    "is_leaf": lambda x: x._parts[-1].is_leaf,
}


@handles("stride")
def _stride(x: SparseTensor, dim: int | None = None) -> Any:
    if x._kind is kajo.sparse_coo:
        return (0,) * len(x._size) if dim is None else 0
    raise RuntimeError(
        f"stride(): tensors of layout {x._kind} have no strides: use to_dense() first"
    )


@handles("__dlpack__")
def _dlpack(x: SparseTensor, **_: Any) -> Any:
    raise BufferError(f"Can't export tensors with layout other than kajo.strided, got {x._kind}")


@handles("dim_order")
def _dim_order(x: SparseTensor, **_: Any) -> Any:
    raise AttributeError(
        f"dim_order(): tensors of layout {x._kind} have no strides: use to_dense() first"
    )


@handles("numpy", "__array__")
def _numpy(x: SparseTensor, *_: Any, **__: Any) -> Any:
    raise TypeError(
        f"can't convert a tensor of layout {x._kind} to numpy. Use Tensor.to_dense() first."
    )


@handles("item", "__bool__", "__float__", "__int__", "__complex__")
def _item(x: SparseTensor) -> Any:
    if x._size.numel() != 1:
        raise RuntimeError(
            f"a Tensor with {x._size.numel()} elements cannot be converted to Scalar"
        )
    return to_dense(x).item()


# ---- parts ---------------------------------------------------------------------------------------------


def _hidden(x: SparseTensor, name: str) -> SparseTensor:
    if x._kind is not kajo.sparse_coo:
        raise NotImplementedError(f"{name}(): is not implemented for layout {x._kind}")
    return x


def _unique_of(x: SparseTensor, name: str) -> SparseTensor:
    if not of_coo(x, name)._unique:
        raise RuntimeError(
            f"Cannot get {name} on an uncoalesced tensor, please call .coalesce() first"
        )
    return x


@handles("values")
def _get_values(x: SparseTensor) -> Tensor:
    return (_unique_of(x, "values") if x._kind is kajo.sparse_coo else x)._parts[-1]


def _compressed_part(name: str, at: int) -> Callable[[SparseTensor], Tensor]:
    def part(x: SparseTensor) -> Tensor:
        if name not in COMPRESSED.get(x._kind, ())[:2]:
            line = "row" if name in ("crow_indices", "col_indices") else "column"
            raise RuntimeError(
                f"{name} expected sparse {line} compressed tensor layout but got {x._kind}"
            )
        return x._parts[at]

    return part


TABLE |= {
    "indices": lambda x: _unique_of(x, "indices")._parts[0],
    "_indices": lambda x: _hidden(x, "_indices")._parts[0],
    "_values": lambda x: _hidden(x, "_values")._parts[-1],
    "coalesce": lambda x: coalesced(of_coo(x, "coalesce")),
    "crow_indices": _compressed_part("crow_indices", 0),
    "col_indices": _compressed_part("col_indices", 1),
    "ccol_indices": _compressed_part("ccol_indices", 0),
    "row_indices": _compressed_part("row_indices", 1),
}


for _name in ("values", "indices", "crow_indices", "col_indices", "ccol_indices", "row_indices"):
    TABLE[f"{_name}_copy"] = functools.partial(lambda part, x: TABLE[part](x).clone(), _name)

TABLE |= {
    "sparse_resize_": _resizing.resize,
    "sparse_resize_and_clear_": _resizing.resize_and_clear,
    "resize_as_sparse_": _resizing.resize_as,
}


# ---- conversions, copies -------------------------------------------------------------------------------


@handles("to_dense")
def _to_dense(x: SparseTensor, dtype: Any = None, **_: Any) -> Tensor:
    return to_dense(x) if dtype is None else to_dense(x).to(dtype)


@handles("to_sparse")
def _to_sparse(
    x: SparseTensor,
    sparse_dim: Any = None,
    *,
    layout: Any = None,
    blocksize: Any = None,
    dense_dim: int | None = None,
) -> SparseTensor:
    if sparse_dim is not None and not isinstance(sparse_dim, int):
        layout = sparse_dim
    elif sparse_dim is not None and sparse_dim != TABLE["sparse_dim"](x):
        raise RuntimeError(
            f"to_sparse(): a sparse tensor with {TABLE['sparse_dim'](x)} sparse dimensions cannot have "
            f"{sparse_dim}: use to_dense() first"
        )
    return converted(x, kajo.sparse_coo if layout is None else layout, blocksize, dense_dim)


for _layout in (kajo.sparse_csr, kajo.sparse_csc, kajo.sparse_bsr, kajo.sparse_bsc):
    _short = str(_layout).rsplit(".", 1)[-1]
    TABLE[f"to_{_short}"] = functools.partial(
        lambda layout, x, dense_dim=None: converted(x, layout, None, dense_dim), _layout
    )
    if COMPRESSED[_layout][3]:
        TABLE[f"to_{_short}"] = functools.partial(
            lambda layout, x, blocksize, dense_dim=None: converted(x, layout, blocksize, dense_dim),
            _layout,
        )


TABLE["to_sparse_coo"] = lambda x: converted(x, kajo.sparse_coo)


@handles("detach")
def _detach(x: SparseTensor) -> SparseTensor:
    return x._with_values(x._parts[-1].detach())


@handles("detach_")
def _detach_in_place(x: SparseTensor) -> SparseTensor:
    x._parts = (*x._parts[:-1], x._parts[-1].detach())
    return x


@handles("requires_grad_")
def _requires_grad_(x: SparseTensor, requires_grad: bool = True) -> SparseTensor:
    x._parts[-1].requires_grad_(requires_grad)
    return x


@handles("_fits_step")
def _fits_step(*_: Any) -> bool:
    """Whether the kernels of the optimisers take sparse gradients: they do not."""
    return False


@handles("clone")
def _clone(x: SparseTensor, **_: Any) -> SparseTensor:
    return make(x._kind, [part.clone() for part in x._parts], x._size, x._unique)


@handles("__deepcopy__")
def _deepcopy(x: SparseTensor, memo: Any) -> SparseTensor:
    if not x._parts[-1].is_leaf:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol "
            "at the moment: call .detach() or .clone() first"
        )
    import copy

    parts = [copy.deepcopy(part, memo) for part in x._parts]
    return make(x._kind, parts, x._size, x._unique)


@handles("as_tensor", "asarray")
def _as_tensor(x: SparseTensor, dtype: Any = None, device: Any = None, **_: Any) -> SparseTensor:
    return x if dtype is None else _to(x, dtype)


@handles("to", "type_as", "cpu")
def _to(x: Any, *args: Any, **kwargs: Any) -> Any:
    if not isinstance(x, SparseTensor):  # towards the type of a sparse tensor
        return x.to(*[a._parts[-1] if isinstance(a, SparseTensor) else a for a in args], **kwargs)
    given = [a._parts[-1] if isinstance(a, SparseTensor) else a for a in args]
    values = x._parts[-1].to(*given, **kwargs)
    return x if values is x._parts[-1] else x._with_values(values)


for _name in ("float", "double", "half", "bfloat16", "long", "int", "short", "bool"):
    TABLE[_name] = functools.partial(
        lambda name, x: x._with_values(getattr(x._parts[-1], name)()), _name
    )


@handles("zero")
def _zero(x: SparseTensor) -> SparseTensor:
    return empty(x._size, x._kind, x._parts[-1].dtype, x)


@handles("copy")
def _copy(x: Any, source: Any, non_blocking: bool = False) -> Any:
    if isinstance(x, SparseTensor) != isinstance(source, SparseTensor):
        raise RuntimeError(
            "copy_() between dense and sparse Tensors is not implemented: convert one"
        )
    return _clone(source)


@handles("zeros_like", "empty_like")
def _zeros_like(
    x: SparseTensor,
    *,
    dtype: Any = None,
    layout: Any = None,
    requires_grad: bool = False,
    **_: Any,
) -> Any:
    kind = dtype or x._parts[-1].dtype
    if layout is kajo.strided:
        return kajo.zeros(x._size, dtype=kind, requires_grad=requires_grad)
    return empty(x._size, layout or x._kind, kind, x).requires_grad_(requires_grad)


@handles("ones_like")
def _ones_like(x: SparseTensor, *, dtype: Any = None, **_: Any) -> SparseTensor:
    if x._kind is kajo.sparse_coo:
        raise NotImplementedError("ones_like(): of layout kajo.sparse_coo would fill every place")
    return x._with_values(kajo.ones_like(x._parts[-1], dtype=dtype))


def empty(
    size: Sequence[int], layout: Any, dtype: Any, like: SparseTensor | None = None
) -> SparseTensor:
    """A sparse tensor of zeros: without values."""
    sparse = len(size)
    if like is not None and layout is kajo.sparse_coo:
        sparse = like._parts[0].shape[0]
    if layout is kajo.sparse_coo:
        values = kajo.zeros((0, *size[sparse:]), dtype=dtype)
        return make(layout, (kajo.zeros((sparse, 0), dtype=kajo.int64), values), size, True)
    if layout not in COMPRESSED:
        raise RuntimeError(f"empty(): expected a sparse layout, got {layout}")
    is_like = like is not None and like._kind is layout
    dense = dense_rank(like) if like is not None and is_like else 0
    block = (block_of(like) if like is not None and is_like else None) or ()
    if COMPRESSED[layout][3] and not block:
        raise RuntimeError(f"empty(): of layout {layout} needs a blocksize")
    stack = len(size) - 2 - dense
    if stack < 0:
        raise RuntimeError(
            f"empty(): of layout {layout} needs two dimensions, got size {tuple(size)}"
        )
    outer, by_rows = tuple(size[:stack]), COMPRESSED[layout][2]
    lines = size[stack if by_rows else stack + 1]
    if block:
        lines //= block[0 if by_rows else 1]
    parts = (
        kajo.zeros((*outer, lines + 1), dtype=kajo.int64),
        kajo.zeros((*outer, 0), dtype=kajo.int64),
        kajo.zeros((*outer, 0, *block, *size[stack + 2 :]), dtype=dtype),
    )
    return make(layout, parts, size)


@handles("new_zeros", "new_empty")
def _new_zeros(x: SparseTensor, *size: Any, dtype: Any = None, **options: Any) -> SparseTensor:
    given = size[0] if len(size) == 1 and not isinstance(size[0], int) else size
    result: Any = empty(list(given), x._kind, dtype or x._parts[-1].dtype)
    result.requires_grad_(options.get("requires_grad", False))
    return result  # type: ignore[no-any-return]


@handles("backward")
def _backward(x: SparseTensor, gradient: Any = None, *args: Any, **kwargs: Any) -> None:
    x._parts[-1].backward(None if gradient is None else x._at_places(gradient), *args, **kwargs)


@handles("register_hook")
def _register_hook(x: SparseTensor, hook: Any) -> Any:
    return x._parts[-1].register_hook(hook)


# ---- element by element --------------------------------------------------------------------------------

# Operations that leave zero as it is, so that only the values matter; the first kind also distributes
# over the sum of values of equal places.
_LINEAR = "neg negative positive conj conj_physical deg2rad rad2deg"
_THROUGH_ZERO = (
    "abs absolute asin arcsin asinh arcsinh atan arctan atanh arctanh ceil erf erfinv expm1 floor frac "
    "angle isinf isnan isneginf isposinf log1p nan_to_num relu round sgn sign signbit sin sinh sqrt square tan "
    "tanh trunc"
)
for _names, _all_places in ((_LINEAR, True), (_THROUGH_ZERO, False)):
    for _name in _names.split():

        def _unary(
            name: str, linear: bool, x: SparseTensor, *args: Any, **kwargs: Any
        ) -> SparseTensor:
            base = x if linear else coalesced(x)
            return base._with_values(getattr(kajo, name)(base._parts[-1], *args, **kwargs))

        TABLE[_name] = functools.partial(_unary, _name, _all_places)

TABLE["relu"] = lambda x, inplace=False: coalesced(x)._with_values(coalesced(x)._parts[-1].relu())


@handles("pow")
def _pow(x: Any, exponent: Any) -> SparseTensor:
    if not isinstance(x, SparseTensor) or isinstance(exponent, Tensor) or exponent <= 0:
        raise RuntimeError("pow(): of a sparse tensor needs an exponent that is a positive number")
    return coalesced(x)._with_values(coalesced(x)._parts[-1] ** exponent)


def _is_number(x: Any) -> bool:
    return not isinstance(x, Tensor) or (not isinstance(x, SparseTensor) and x.dim() == 0)


@handles("mul", "multiply")
def _mul(x: Any, other: Any) -> Any:
    if not isinstance(x, SparseTensor):
        x, other = other, x
    if _is_number(other):
        return x._with_values(x._parts[-1] * other)
    if not isinstance(other, SparseTensor):
        return _mul_dense(x, other)
    if x._kind is not kajo.sparse_coo or other._kind is not kajo.sparse_coo:
        both = _mul(converted(x, kajo.sparse_coo), converted(other, kajo.sparse_coo))
        return converted(both, x._kind, block_of(x))
    if x._size != other._size:
        raise RuntimeError(
            f"mul(): expected sparse operands of the same size, got {x._size} and {other._size}"
        )
    a, b = coalesced(x), coalesced(other)
    sizes = a._size[: a._parts[0].shape[0]]
    at, there = flat_places(a._parts[0], sizes), flat_places(b._parts[0], sizes)
    both = kajo.isin(at, there)
    index = kajo.searchsorted(there, at[both])
    values = a._parts[-1][both] * b._parts[-1][index]
    return make(kajo.sparse_coo, (a._parts[0][:, both], values), a._size, True)


def _mul_dense(x: SparseTensor, other: Tensor) -> SparseTensor:
    if kajo.broadcast_shapes(x._size, other.shape) != x._size:
        raise RuntimeError(
            f"mul(): a strided operand of shape {other.shape} cannot be broadcast to the sparse one's {x._size}"
        )
    return x._with_values(x._parts[-1] * gathered(x, other.expand(x._size)))


@handles("floor_divide")
def _floor_divide(x: Any, other: Any) -> Any:
    return _div(x, other, rounding_mode="floor")


@handles("fill_")
def _fill(x: SparseTensor, value: Any) -> SparseTensor:
    if x._kind is kajo.sparse_coo:
        raise NotImplementedError("fill_(): of layout kajo.sparse_coo would fill every place")
    x._parts[-1].fill_(value)
    return x


@handles("div", "divide", "true_divide")
def _div(x: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    if not isinstance(x, SparseTensor) or not _is_number(other):
        raise RuntimeError(
            "div(): sparse division requires a sparse tensor over a number or a tensor without dimensions"
        )
    base = x if rounding_mode is None else coalesced(x)
    return base._with_values(kajo.div(base._parts[-1], other, rounding_mode=rounding_mode))


@handles("add")
def _add(x: Any, other: Any, *, alpha: Any = 1) -> Any:
    if isinstance(x, SparseTensor) and isinstance(other, SparseTensor):
        return _add_sparse(x, other, alpha)
    if _is_number(x) or _is_number(other):
        raise RuntimeError("add(sparse, number) is not supported: every element would change")
    if isinstance(x, SparseTensor) and x._kind in COMPRESSED and block_of(x) is None:
        return to_dense(x) + other * alpha
    if isinstance(x, SparseTensor):
        raise RuntimeError("add(sparse, dense) is not supported. Use add(dense, sparse) instead.")
    base = other if other._kind is kajo.sparse_coo else converted(other, kajo.sparse_coo)
    if x.shape != base._size:
        return x + to_dense(base) * alpha
    indices, values = base._parts
    count = indices.shape[0]
    kind = kajo.result_type(x, values)
    rows = x.to(kind).reshape(-1, *x.shape[count:])
    flat = flat_places(indices, x.shape[:count])
    return rows.index_add(0, flat, (values * alpha).to(kind)).reshape(x.shape)


def _add_sparse(x: SparseTensor, other: SparseTensor, alpha: Any) -> SparseTensor:
    if x._size != other._size:
        raise RuntimeError(
            f"add(): expected operands of the same size, got {x._size} and {other._size}"
        )
    if x._kind is not kajo.sparse_coo:
        total = _add_sparse(converted(x, kajo.sparse_coo), converted(other, kajo.sparse_coo), alpha)
        return converted(total, x._kind, block_of(x))
    other = converted(other, kajo.sparse_coo)
    if x._parts[0].shape[0] != other._parts[0].shape[0]:
        raise RuntimeError("add(): expected operands with the same number of sparse dimensions")
    kind = kajo.result_type(x._parts[-1], other._parts[-1])
    scaled = other._parts[-1] if alpha == 1 else other._parts[-1] * alpha
    joined = make(
        kajo.sparse_coo,
        (
            kajo.cat([x._parts[0], other._parts[0]], 1),
            kajo.cat([x._parts[-1].to(kind), scaled.to(kind)]),
        ),
        x._size,
    )
    return coalesced(joined) if x._unique and other._unique else joined


@handles("sub", "subtract")
def _sub(x: Any, other: Any, *, alpha: Any = 1) -> Any:
    return _add(x, other, alpha=-alpha)


# ---- reductions ----------------------------------------------------------------------------------------


@handles("sum")
def _sum(x: SparseTensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    from kajo.sparse import sum as sparse_sum

    if keepdim:
        return _sum_kept(x, dim, dtype)
    return sparse_sum(x, dim, dtype) if dtype is not None else sparse_sum(x, dim)


def _sum_kept(x: SparseTensor, dim: Any, dtype: Any) -> Any:
    """The sum with its dimensions kept as such of one element."""
    given = list(range(len(x._size))) if dim is None else [dim] if isinstance(dim, int) else dim
    axes = sorted(axis_of(x, d) for d in given)
    result = _sum(x, list(given), dtype=dtype)
    if not isinstance(result, SparseTensor):
        return result.reshape([1 if d in axes else n for d, n in enumerate(x._size)]).to_sparse()
    for axis in axes:
        result = unsqueeze(result, axis)
    return result if x._kind is kajo.sparse_coo else converted(result, x._kind)


@handles("native_norm")
def _native_norm(
    x: SparseTensor, p: Any = 2, dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> Tensor:
    dims = [dim] if isinstance(dim, int) else list(dim or [])
    if (dims and {axis_of(x, d) for d in dims} != set(range(len(x._size)))) or keepdim:
        raise RuntimeError("native_norm(): of a sparse tensor takes all dimensions, and keeps none")
    return kajo.norm(coalesced(x)._parts[-1], 2 if p is None else p, dtype=dtype)


@handles("norm")
def _norm(x: SparseTensor, p: Any = "fro", dim: Any = None, **_: Any) -> Tensor:
    if dim is not None:
        raise NotImplementedError(
            "norm(): along dimensions of a sparse tensor: use to_dense() first"
        )
    values = coalesced(x)._parts[-1]
    return kajo.norm(values, p) if p != "fro" else kajo.norm(values)


TABLE["any"] = lambda x: coalesced(x)._parts[-1].any()
TABLE["mean"] = lambda x: x._parts[-1].sum() / x._size.numel()


@handles("sparse_mask")
def _sparse_mask(x: Any, mask: Any) -> SparseTensor:
    if not isinstance(mask, SparseTensor):
        raise RuntimeError("sparse_mask(): expected a sparse mask")
    if tuple(x.shape) != tuple(mask._size):
        raise RuntimeError(f"sparse_mask(): expected the mask's shape {mask._size}, got {x.shape}")
    base = coalesced(mask)
    return base._with_values(base._at_places(x))


def _compared(function: Any, x: Any, other: Any, *args: Any, **kwargs: Any) -> bool:
    """A question about two tensors, of which one at least is sparse."""
    a, b = (to_dense(t) if isinstance(t, SparseTensor) else t for t in (x, other))
    return bool(function(a, b, *args, **kwargs))


for _name in ("allclose", "equal"):
    TABLE[_name] = functools.partial(_compared, getattr(kajo, _name))


# ---- products, text ------------------------------------------------------------------------------------

TABLE |= {
    "mm": _matrices.product,
    "matmul": _matrices.product,
    "mv": _matrices.product,
    "bmm": _matrices.stacked_product,
    "linear": _matrices.linear,
    "addmv": _matrices.addmm,
    "spmm": _matrices.product,
    "dsmm": _matrices.product,
    "hspmm": _matrices.product_by_rows,
    "hsmm": _matrices.product_by_rows,
    "smm": lambda x, mat2: _matrices.sspaddmm(None, x, mat2),
    "addmm": _matrices.addmm,
    "sspaddmm": _matrices.sspaddmm,
    "saddmm": _matrices.sspaddmm,
}


TABLE["__repr__"] = text_of
TABLE["__format__"] = lambda x, spec: text_of(x)
