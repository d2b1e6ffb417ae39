"""Jacobians, Hessians and their products with vectors.

Every function takes `func`, which maps tensors to tensors, and `inputs`, one tensor or a tuple;
`create_graph=True` makes the result differentiable, `strict=True` raises RuntimeError where a
result does not depend on an input.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import kajo
from kajo import Tensor
from kajo.autograd import forward_ad

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def _as_tuple(value: Any, what: str, function: str) -> tuple[Tensor, ...]:
    items = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    for i, item in enumerate(items):
        if not isinstance(item, Tensor):
            raise TypeError(
                f"The {what} given to {function} must be either a Tensor or a tuple of Tensors but "
                f"the value at index {i} has type {type(item)}."
            )
    return items


def _like(template: Any, items: tuple[Any, ...]) -> Any:
    return items if isinstance(template, (tuple, list)) else items[0]


def _prepare(inputs: tuple[Tensor, ...], create_graph: bool) -> tuple[Tensor, ...]:
    """Fresh tensors to differentiate by; with `create_graph` still linked to the caller's."""
    if create_graph:
        return tuple(
            t.view_as(t) if t.requires_grad else t.detach().requires_grad_() for t in inputs
        )
    return tuple(t.detach().requires_grad_() for t in inputs)


def _finish(items: tuple[Tensor, ...], create_graph: bool) -> tuple[Tensor, ...]:
    return items if create_graph else tuple(t.detach() for t in items)


def _filled(
    gradients: tuple[Any, ...], like: tuple[Tensor, ...], strict: bool, what: str
) -> tuple[Tensor, ...]:
    if strict and any(g is None for g in gradients):
        index = [g is None for g in gradients].index(True)
        raise RuntimeError(
            f"The output of the user-provided function is independent of input {index} ({what}). "
            "This is not allowed in strict mode."
        )
    return tuple(kajo.zeros_like(t) if g is None else g for g, t in zip(gradients, like))


def _gradients(
    outputs: tuple[Tensor, ...],
    inputs: tuple[Tensor, ...],
    weights: Any,
    strict: bool,
    what: str,
    create_graph: bool,
) -> tuple[Tensor, ...]:
    used = [(o, w) for o, w in zip(outputs, weights) if o.requires_grad]
    if not used:
        return _filled((None,) * len(inputs), inputs, strict, what)
    found = kajo.autograd.grad(
        [o for o, _ in used], inputs, [w for _, w in used], retain_graph=True,
        create_graph=create_graph, allow_unused=True,
    )  # fmt: skip
    return _filled(found, inputs, strict, what)


def _check_vector(v: Any, like: tuple[Tensor, ...], function: str, what: str) -> tuple[Tensor, ...]:
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(
                f"The vector v can only be None if the {what} is a single Tensor with a single element."
            )
        return (kajo.ones_like(like[0]),)
    vector = _as_tuple(v, "v", function)
    if len(vector) != len(like):
        raise RuntimeError(
            f"v is a tuple of invalid length: should be {len(like)} but got {len(vector)}."
        )
    for i, (a, b) in enumerate(zip(vector, like)):
        if a.shape != b.shape:
            raise RuntimeError(
                f"Entry {i} in v has invalid size: should be {b.shape} but got {a.shape}."
            )
    return vector


def vjp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The function's value and the product of `v` with its Jacobian.

    Args:
        v: of the shape of the output; may be left out for a single number.

    Returns:
        (output, product), the product of the inputs' shapes.

    >>> import kajo
    >>> kajo.autograd.functional.vjp(lambda x: x ** 2, kajo.tensor([1.0, 2.0]), kajo.ones(2))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    with kajo.enable_grad():
        arguments = _prepare(_as_tuple(inputs, "inputs", "vjp"), create_graph)
        raw = func(*arguments)
        outputs = _as_tuple(raw, "outputs of the user-provided function", "vjp")
        vector = _check_vector(v, outputs, "vjp", "output of the user-provided function")
        product = _gradients(outputs, arguments, vector, strict, "vjp", create_graph)
    return _like(raw, _finish(outputs, create_graph)), _like(inputs, _finish(product, create_graph))


def jvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The function's value and the product of its Jacobian with `v`, the derivative along `v`.

    Args:
        v: of the shapes of the inputs; may be left out for a single number.

    Returns:
        (output, product), the product of the output's shape.

    >>> import kajo
    >>> kajo.autograd.functional.jvp(lambda x: x.sum(), kajo.ones(2), kajo.tensor([1.0, 3.0]))
    (tensor(2.), tensor(4.))
    """
    with kajo.enable_grad():
        arguments = _prepare(_as_tuple(inputs, "inputs", "jvp"), create_graph)
        vector = _check_vector(v, arguments, "jvp", "input to the user-provided function")
        raw = func(*arguments)
        outputs = _as_tuple(raw, "outputs of the user-provided function", "jvp")
        # The backward product is linear in its weights: differentiating by them transposes it.
        weights = tuple(kajo.zeros_like(o, requires_grad=True) for o in outputs)
        backward = _gradients(outputs, arguments, weights, strict, "jvp", True)
        product = _gradients(backward, weights, vector, strict, "jvp", create_graph)
    return _like(raw, _finish(outputs, create_graph)), _like(raw, _finish(product, create_graph))


_NOT_TOGETHER = (
    "jacobian: `strict=True` and `vectorized=True` are not supported together; use one of them"
)


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """All derivatives of the outputs by the inputs.

    Args:
        func: takes the inputs, returns a tensor or a tuple of tensors.
        inputs: a tensor or a tuple of tensors.
        create_graph: make the result differentiable.
        strict: refuse outputs that do not depend on an input.
        vectorize: accepted; "forward-mode" needs it.
        strategy: "reverse-mode", a row at a time, or "forward-mode", a column at a time.

    Returns:
        A tensor of shape output.shape + input.shape; a tuple over inputs or outputs (or a tuple of
        tuples, outputs first) where they are tuples.

    Raises:
        NotImplementedError: for "forward-mode" without `vectorize`, or with `create_graph`.
        AssertionError: for another strategy.
        RuntimeError: if `strict` and `vectorize` meet.
        RuntimeError: for `strict` with "forward-mode".

    >>> import kajo
    >>> kajo.autograd.functional.jacobian(lambda x: x ** 2, kajo.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            f'jacobian: expected strategy to be "forward-mode" or "reverse-mode", got {strategy!r}; '
            "the first is faster for functions with more outputs than inputs"
        )
    if strategy == "forward-mode":
        return _forward_jacobian(func, inputs, create_graph, strict, vectorize)
    if strict and vectorize:
        raise RuntimeError(_NOT_TOGETHER)
    with kajo.enable_grad():
        arguments = _prepare(_as_tuple(inputs, "inputs", "jacobian"), create_graph)
        raw = func(*arguments)
        outputs = _as_tuple(raw, "outputs of the user-provided function", "jacobian")
        rows: list[Any] = []
        for output in outputs:
            columns: list[list[Tensor]] = [[] for _ in arguments]
            for position in range(output.numel()):
                seed = kajo.zeros(output.numel(), dtype=output.dtype, device=output.device)
                seed[position] = 1
                found = _gradients(
                    (output,),
                    arguments,
                    (seed.view(output.shape),),
                    strict,
                    "jacobian",
                    create_graph,
                )
                for column, gradient in zip(columns, found):
                    column.append(gradient)
            blocks = tuple(
                kajo.stack(c).view(*output.shape, *a.shape)
                if c
                else a.new_zeros((*output.shape, *a.shape))
                for c, a in zip(columns, arguments)
            )
            rows.append(_like(inputs, _finish(blocks, create_graph)))
    return _like(raw, tuple(rows))


def _forward_jacobian(
    func: Callable[..., Any], inputs: Any, create_graph: bool, strict: bool, vectorize: bool
) -> Any:
    """The Jacobian, a column at a time."""
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian is only "
            "implemented for `vectorize=True`."
        )
    if create_graph:
        raise NotImplementedError(
            'jacobian: `create_graph=True` and `strategy="forward-mode"` are not supported together; '
            'use `create_graph=False` or `strategy="reverse-mode"`'
        )
    if strict:
        raise RuntimeError(_NOT_TOGETHER)
    with kajo.enable_grad():
        arguments = _prepare(_as_tuple(inputs, "inputs", "jacobian"), False)
        raw = func(*arguments)
        outputs = _as_tuple(raw, "outputs of the user-provided function", "jacobian")
        blocks = [_columns(func, arguments, which, outputs) for which in range(len(arguments))]
    rows = [
        _like(inputs, _finish(tuple(block[i] for block in blocks), False))
        for i in range(len(outputs))
    ]
    return _like(raw, tuple(rows))


def _columns(
    func: Callable[..., Any], arguments: tuple[Any, ...], which: int, outputs: tuple[Any, ...]
) -> list[Tensor]:
    """For each output, its derivatives by one argument."""
    target = arguments[which]
    found: list[list[Tensor]] = [[] for _ in outputs]
    for position in range(target.numel()):
        direction = kajo.zeros(target.numel(), dtype=target.dtype, device=target.device)
        direction[position] = 1
        with forward_ad.dual_level():
            dual = forward_ad.make_dual(target, direction.view(target.shape))
            results = func(*arguments[:which], dual, *arguments[which + 1 :])
            for column, result in zip(found, results if isinstance(results, tuple) else (results,)):
                primal, tangent = forward_ad.unpack_dual(result)
                column.append(kajo.zeros_like(primal) if tangent is None else tangent)
    return [
        kajo.stack(column, -1).view(*output.shape, *target.shape)
        if column
        else output.new_zeros((*output.shape, *target.shape))
        for column, output in zip(found, outputs)
    ]


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """All second derivatives of a function with one number as result.

    Returns:
        A tensor of shape input.shape + input.shape, or a tuple of tuples of them.

    Raises:
        RuntimeError: if the result is not a single number.

    >>> import kajo
    >>> kajo.autograd.functional.hessian(lambda x: (x ** 3).sum(), kajo.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """

    def gradient(*arguments: Tensor) -> Any:
        output = _scalar(func(*arguments), "hessian")
        found = _gradients((output,), arguments, (kajo.ones_like(output),), strict, "hessian", True)
        return _like(inputs, found)

    return jacobian(gradient, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)


def _scalar(output: Any, function: str) -> Tensor:
    (single,) = _as_tuple(output, "outputs of the user-provided function", function)
    if single.numel() != 1:
        raise RuntimeError(
            f"The Tensor returned by the function given to {function} should contain a single element, "
            f"got shape {single.shape}"
        )
    return single


def _second(
    func: Callable[..., Any], inputs: Any, v: Any, create_graph: bool, strict: bool, function: str
) -> tuple[Any, Any]:
    with kajo.enable_grad():
        arguments = _prepare(_as_tuple(inputs, "inputs", function), create_graph)
        vector = _check_vector(v, arguments, function, "input to the user-provided function")
        output = _scalar(func(*arguments), function)
        first = _gradients((output,), arguments, (kajo.ones_like(output),), strict, function, True)
        product = _gradients(first, arguments, vector, strict, function, create_graph)
    return _finish((output,), create_graph)[0], _like(inputs, _finish(product, create_graph))


def vhp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The value of a function with one number as result, and `v` times its Hessian.

    >>> import kajo
    >>> kajo.autograd.functional.vhp(lambda x: (x ** 3).sum(), kajo.ones(2), kajo.ones(2))
    (tensor(2.), tensor([6., 6.]))
    """
    return _second(func, inputs, v, create_graph, strict, "vhp")


def hvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The value of a function with one number as result, and its Hessian times `v`.

    >>> import kajo
    >>> kajo.autograd.functional.hvp(lambda x: (x ** 3).sum(), kajo.ones(2), kajo.ones(2))
    (tensor(2.), tensor([6., 6.]))
    """
    return _second(func, inputs, v, create_graph, strict, "hvp")
