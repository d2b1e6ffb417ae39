"""Derivatives of functions: each takes a function and gives one.

The inputs that are differentiated are taken afresh in every call, so that derivatives nest; what the
function reads besides its arguments keeps its own history, and so do results that depend on it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import kajo
from kajo import Tensor
from kajo.func import _forward
from kajo.func._batched import DataDependent, UnbatchedWrite, active
from kajo.func._vmap import debug_unwrap, everywhere, vmap
from kajo.utils._pytree import tree_flatten, tree_leaves, tree_map, tree_unflatten

__all__ = ["grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize", "vjp"]

_Arguments = int | tuple[int, ...]


# ---- inputs and results --------------------------------------------------------------------------------


def _fresh(x: Any, recorded: bool) -> Any:
    """A tensor to differentiate by, linked to the one it is taken from where that has a history.

    Inside of `vmap` every sample gets one of its own, for its gradient is its own.
    """
    if not isinstance(x, Tensor):
        raise ValueError(f"expected only tensors to differentiate by, got {type(x).__name__}")
    own = everywhere(x, active())
    if recorded and own.requires_grad:
        return own.view_as(own)
    return _forward.detached(own, True).requires_grad_()


def _places(args: tuple[Any, ...], argnums: _Arguments) -> tuple[int, ...]:
    if not isinstance(argnums, int) and not isinstance(argnums, tuple):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    chosen = argnums if isinstance(argnums, tuple) else (argnums,)
    if not chosen:
        raise RuntimeError("argnums must be non-empty")
    for place in chosen:
        if not isinstance(place, int):
            raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
        if not -len(args) <= place < len(args):
            raise RuntimeError(f"Got argnum={place}, but only {len(args)} positional inputs")
    return tuple(place % len(args) for place in chosen)


def _is_closed(outputs: list[Tensor], inputs: list[Tensor]) -> bool:
    """Whether the outputs depend on nothing that requires grad besides the inputs."""
    own = {id(debug_unwrap(x)) for x in inputs}
    outputs = [t for o in outputs for t in (o, *_forward.tangents_of(debug_unwrap(o)))]
    held: list[Any] = []  # nodes live as long as they are told apart by their id
    seen: set[int] = set()
    pending = [node for o in outputs if (node := o.grad_fn) is not None]
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        held.append(node)
        if not node.next_functions:
            variable = getattr(node, "variable", None)
            if variable is not None and id(variable) not in own:
                return False
        pending += [following for following, _ in node.next_functions if following is not None]
    return all(
        o.grad_fn is not None or id(debug_unwrap(o)) in own or not o.requires_grad for o in outputs
    )


def _released(tree: Any, closed: bool) -> Any:
    """Results without the history that belongs to the transform alone."""
    return tree_map(
        lambda x: _forward.detached(x, False) if closed and isinstance(x, Tensor) else x, tree
    )


def _split(result: Any, has_aux: bool, name: str) -> tuple[Any, Any]:
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise RuntimeError(
            f"{name}: output of function f should be a tuple: (output, aux) if has_aux is True, got "
            f"{type(result).__name__}"
        )
    for leaf in tree_leaves(result[1]):
        if not isinstance(leaf, Tensor):
            raise RuntimeError(
                f"{name}: expected aux to hold only tensors, got {type(leaf).__name__}"
            )
    return result


class _Call:
    """One call of a function with some of its inputs taken afresh."""

    def __init__(
        self, func: Any, args: tuple[Any, ...], kwargs: Any, places: tuple[int, ...]
    ) -> None:
        recorded = kajo.is_grad_enabled()
        given = list(args)
        with kajo.enable_grad():
            for place in places:
                given[place] = tree_map(lambda x: _fresh(x, recorded), given[place])
            self.inputs, self.structure = tree_flatten(tuple(given[place] for place in places))
            self.result = func(*given, **kwargs)
        self.recorded = recorded

    def closed(self, outputs: list[Tensor]) -> bool:
        return not self.recorded or _is_closed(outputs, self.inputs)


def _pulled_back(
    outputs: list[Tensor], inputs: list[Tensor], weights: list[Any], keep: bool, record: bool
) -> list[Tensor]:
    """The gradients of weighted outputs; zeros where there is no dependence."""
    used = [(o, w) for o, w in zip(outputs, weights) if o.requires_grad]
    if not used:
        return [kajo.zeros_like(x) for x in inputs]
    with kajo.enable_grad():
        found = kajo.autograd.grad(
            [o for o, _ in used], inputs, [w for _, w in used], retain_graph=keep or record,
            create_graph=record, allow_unused=True,
        )  # fmt: skip
    return [kajo.zeros_like(x) if g is None else g for g, x in zip(found, inputs)]


# ---- gradients -----------------------------------------------------------------------------------------


def grad(
    func: Callable[..., Any], argnums: _Arguments = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The gradient of a function whose result is a single number.

    Args:
        func: takes tensors (or containers of them) and returns a tensor without dimensions.
        argnums: the argument to differentiate by, or several.
        has_aux: `func` returns a pair, of which only the first is differentiated.

    Returns:
        A function that gives the gradient, of the structure of the argument (a tuple for several);
        with `has_aux` a pair of it and the second part of `func`'s result.

    >>> import kajo
    >>> kajo.func.grad(kajo.sin)(kajo.tensor(0.0))
    tensor(1.)
    >>> kajo.func.grad(kajo.func.grad(lambda x: x ** 3))(kajo.tensor(2.0))
    tensor(12.)
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        gradient, value = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapper


def grad_and_value(
    func: Callable[..., Any], argnums: _Arguments = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """`grad` that also gives the function's value: (gradient, value), or (gradient, (value, aux)).

    >>> import kajo
    >>> kajo.func.grad_and_value(lambda x: x ** 2)(kajo.tensor(3.0))
    (tensor(6.), tensor(9.))
    """

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = _Call(func, args, kwargs, _places(args, argnums))
        value, aux = _split(call.result, has_aux, "grad_and_value")
        if not isinstance(value, Tensor):
            raise RuntimeError(
                f"Expected the differentiated function to return a Tensor, got {type(value).__name__}"
            )
        if value.dim() != 0:
            raise RuntimeError(
                "Expected f(*args) to return a scalar tensor, got tensor with "
                f"{value.dim()} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
            )
        closed = call.closed([value])
        found = _pulled_back([value], call.inputs, [kajo.ones_like(value)], False, not closed)
        gradients = tree_unflatten(found, call.structure)
        gradient = gradients if isinstance(argnums, tuple) else gradients[0]
        value = _released(value, closed)
        return gradient, (value, _released(aux, closed)) if has_aux else value

    return wrapper


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """A function's value, and the function that multiplies a vector by its Jacobian from the left.

    Args:
        func: takes and returns tensors or containers of them.
        primals: where; each is differentiated.
        has_aux: `func` returns a pair, of which only the first is differentiated.

    Returns:
        (value, vjp_fn) or (value, vjp_fn, aux). `vjp_fn` takes tensors of the structure of the value
        and returns the products, one for each of `primals`.

    >>> import kajo
    >>> value, vjp_fn = kajo.func.vjp(lambda x: x ** 2, kajo.tensor([1.0, 2.0]))
    >>> vjp_fn(kajo.ones(2))
    (tensor([2., 4.]),)
    """
    call = _Call(func, primals, {}, tuple(range(len(primals))))
    result, aux = _split(call.result, has_aux, "vjp")
    outputs, structure = tree_flatten(result)
    for output in outputs:
        if not isinstance(output, Tensor):
            raise RuntimeError(
                f"vjp(f, *primals): Expected f(*primals) to return only tensors, got {type(output)}"
            )
    closed = call.closed(outputs)

    def vjp_fn(
        *cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None
    ) -> Any:
        given = cotangents[0] if len(cotangents) == 1 else cotangents
        weights, shape = tree_flatten(given)
        if shape != structure:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of outputs "
                f"to the function. cotangents: {shape}, primal output: {structure}"
            )
        recorded = kajo.is_grad_enabled() and (not closed or any(w.requires_grad for w in weights))
        record = recorded if create_graph is None else create_graph
        found = _pulled_back(outputs, call.inputs, weights, retain_graph, record)
        return tree_unflatten(found, call.structure)

    released = _released(result, closed)
    return (released, vjp_fn, _released(aux, closed)) if has_aux else (released, vjp_fn)


def jvp(
    func: Callable[..., Any],
    primals: Any,
    tangents: Any,
    *,
    strict: bool = False,
    has_aux: bool = False,
) -> Any:
    """A function's value and its derivative along a direction: the Jacobian times a vector.

    Args:
        func: takes and returns tensors or containers of them.
        primals: a tuple, the arguments.
        tangents: a tuple of the same structure, the direction.
        strict: refuse results that do not depend on the arguments.
        has_aux: `func` returns a pair, of which only the first is differentiated.

    Returns:
        (value, derivative) or (value, derivative, aux).

    Raises:
        RuntimeError: if the structures differ.

    >>> import kajo
    >>> kajo.func.jvp(kajo.sin, (kajo.tensor(0.0),), (kajo.tensor(2.0),))
    (tensor(0.), tensor(2.))
    """
    if not isinstance(primals, tuple) or not primals:
        raise RuntimeError(
            f"jvp(f, primals, tangents): Expected primals to be a non-empty tuple, got {type(primals)}"
        )
    flat, structure = tree_flatten(primals)
    directions, other = tree_flatten(tangents)
    if structure != other:
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals and tangents to have the same python structure. "
            f"For example, if primals is a tuple of 3 tensors, tangents also must be. Got primals with "
            f"structure {structure} and tangents with structure {other}"
        )
    for x, v in zip(flat, directions):
        if not isinstance(x, Tensor) or not isinstance(v, Tensor) or x.shape != v.shape:
            raise RuntimeError(
                "jvp(f, primals, tangents): Expected primals and tangents to be tensors of the same shapes"
            )
    return _forward.push_forward(func, primals, tangents, strict, has_aux)


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """A function's value and its linear part at a point: a function of directions.

    Better than `jvp` where there are many directions at one point: `func` runs once.

    >>> import kajo
    >>> value, along = kajo.func.linearize(lambda x: x ** 2, kajo.tensor(3.0))
    >>> along(kajo.tensor(1.0)), along(kajo.tensor(2.0))
    (tensor(6.), tensor(12.))
    """
    return _forward.linear_part(func, primals)


# ---- Jacobians -----------------------------------------------------------------------------------------


def jacrev(
    func: Callable[..., Any],
    argnums: _Arguments = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:
    """The Jacobian of a function, a row at a time: good where it has fewer results than arguments.

    Args:
        func: takes and returns tensors or containers of them.
        argnums: the argument to differentiate by, or several.
        has_aux: `func` returns a pair, of which only the first is differentiated.
        chunk_size: how many rows may be computed at once.

    Returns:
        A function that gives for each result and each argument a tensor of the result's shape and then
        the argument's; in the structure of the results, in that of the arguments.

    >>> import kajo
    >>> kajo.func.jacrev(lambda x: x ** 2)(kajo.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        places = _places(args, argnums)
        _expect_real(tree_leaves([args[place] for place in places]), "jacrev", "inputs")
        call = _Call(func, args, kwargs, places)
        result, aux = _split(call.result, has_aux, "jacrev")
        outputs, structure = tree_flatten(result)
        for output in outputs:
            if not isinstance(output, Tensor):
                raise RuntimeError(
                    f"jacrev: Expected f(*args) to return only tensors, got {type(output)}"
                )
        _expect_real(outputs, "jacrev", "outputs")
        closed = call.closed(outputs)
        blocks = [
            _by_argument(_rows(output, call.inputs, not closed), call.structure, argnums)
            for output in outputs
        ]
        jacobian = tree_unflatten(blocks, structure)
        return (jacobian, _released(aux, closed)) if has_aux else jacobian

    return wrapper


def _expect_real(tensors: list[Any], name: str, which: str) -> None:
    """A Jacobian holds one derivative an element, where complex numbers have two."""
    for place, x in enumerate(tensors):
        if isinstance(x, Tensor) and x.is_complex():
            raise RuntimeError(
                f"{name}: Expected all {which} to be real but received complex tensor at flattened "
                f"{which[:-1]} idx: {place}"
            )


def _by_argument(blocks: list[Tensor], structure: Any, argnums: _Arguments) -> Any:
    items = tree_unflatten(blocks, structure)
    return items if isinstance(argnums, tuple) else items[0]


def _basis(like: Tensor, position: int) -> Tensor:
    """Zeros of the shape of `like` with a one."""
    seed = kajo.zeros(like.numel(), dtype=like.dtype, device=like.device)
    seed[position] = 1
    return seed.reshape(like.shape)


def _rows(output: Tensor, inputs: list[Tensor], record: bool) -> list[Tensor]:
    count = output.numel()
    rows = [_pulled_back([output], inputs, [_basis(output, i)], True, record) for i in range(count)]
    if not rows:
        return [x.new_zeros((*output.shape, *x.shape)) for x in inputs]
    return [
        kajo.stack(list(column)).reshape((*output.shape, *x.shape))
        for column, x in zip(zip(*rows), inputs)
    ]


def jacfwd(
    func: Callable[..., Any],
    argnums: _Arguments = 0,
    has_aux: bool = False,
    *,
    randomness: str = "error",
) -> Callable[..., Any]:
    """The Jacobian of a function, a column at a time: good where it has fewer arguments than results.

    Args and result are those of `jacrev`.

    >>> import kajo
    >>> kajo.func.jacfwd(kajo.sin)(kajo.zeros(2))
    tensor([[1., 0.],
            [0., 1.]])
    """

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        places = _places(args, argnums)

        def of_chosen(*chosen: Any) -> Any:
            given = list(args)
            for place, value in zip(places, chosen):
                given[place] = value
            return func(*given, **kwargs)

        chosen = tuple(args[place] for place in places)
        leaves, inner = tree_flatten(chosen)
        _expect_real(leaves, "jacfwd", "inputs")
        columns, value, aux = _columns(of_chosen, chosen, has_aux, randomness)
        outputs, outer = tree_flatten(value)
        _expect_real(outputs, "jacfwd", "outputs")
        blocks = [
            _by_argument(_by_input(column, output, leaves), inner, argnums)
            for column, output in zip(columns, outputs)
        ]
        jacobian = tree_unflatten(blocks, outer)
        return (jacobian, aux) if has_aux else jacobian

    return wrapper


def _columns(
    func: Callable[..., Any], primals: tuple[Any, ...], has_aux: bool, randomness: str
) -> tuple[list[Tensor], Any, Any]:
    """The derivatives of all results along each element of the arguments, which are counted first.

    Together with the value, and what came with it.
    """
    leaves, structure = tree_flatten(primals)

    def push(*directions: Any) -> Any:
        along = tree_unflatten(list(directions), structure)
        value, pushed, *aux = _forward.push_forward(func, primals, along, False, has_aux)
        return tree_leaves(pushed), value, aux[0] if has_aux else ()

    basis = _standard_basis(leaves)
    if not basis[0].shape[0]:
        _, value, aux = push(*(kajo.zeros_like(x) for x in leaves))
        return [o.new_zeros((0, *o.shape)) for o in tree_leaves(value)], value, aux
    others: list[Any] = []

    def of_samples(*directions: Any) -> Any:
        pushed, *rest = push(*directions)
        batch = active()[-1]
        others[:] = batch.sample(rest, 0)
        return pushed

    try:
        pushed = vmap(of_samples, randomness=randomness)(*basis)
    except RuntimeError as refusal:
        # A function that looks at values, or writes into a tensor that it made: one direction after
        # the other.
        one_by_one = (DataDependent, UnbatchedWrite)
        if not isinstance(refusal, one_by_one) and not isinstance(refusal.__cause__, one_by_one):
            raise
        found = [push(*directions) for directions in zip(*basis)]
        pushed = [kajo.stack(list(column)) for column in zip(*(row[0] for row in found))]
        others[:] = found[0][1:]
    return pushed, others[0], others[1]


def _standard_basis(leaves: list[Tensor]) -> list[Tensor]:
    """For each leaf as many directions as all leaves have elements: each is a one in one place."""
    total = sum(x.numel() for x in leaves)
    basis, start = [], 0
    for x in leaves:
        block = kajo.zeros(total, x.numel(), dtype=x.dtype, device=x.device)
        block[start : start + x.numel()].fill_diagonal_(1)
        basis.append(block.view(total, *x.shape))
        start += x.numel()
    return basis


def _by_input(column: Tensor, output: Tensor, leaves: list[Tensor]) -> list[Tensor]:
    pieces = column.movedim(0, -1).split([x.numel() for x in leaves], -1)
    return [piece.reshape((*output.shape, *x.shape)) for piece, x in zip(pieces, leaves)]


def hessian(func: Callable[..., Any], argnums: _Arguments = 0) -> Callable[..., Any]:
    """All second derivatives of a function.

    Args:
        func: takes and returns tensors or containers of them.
        argnums: the argument to differentiate by, or several.

    Returns:
        A function that gives a tensor of the result's shape and twice the argument's.

    >>> import kajo
    >>> kajo.func.hessian(lambda x: (x ** 3).sum())(kajo.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)
