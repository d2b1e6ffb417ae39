"""Comparing gradients with finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import kajo
from kajo import Tensor

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A gradient differs from the finite differences."""


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _outputs(function: Callable[..., Any], inputs: tuple[Any, ...]) -> list[Tensor]:
    """The differentiable results."""
    return [
        o
        for o in _as_tuple(function(*inputs))
        if isinstance(o, Tensor) and (o.is_floating_point() or o.is_complex()) and o.requires_grad
    ]


def _real_parts(tensor: Tensor) -> Tensor:
    """The elements as a vector of real numbers."""
    flat = tensor.detach().reshape(-1)
    return kajo.view_as_real(flat).reshape(-1) if flat.is_complex() else flat


def _numerical(
    function: Callable[..., Any], inputs: tuple[Any, ...], which: int, eps: float
) -> list[Tensor]:
    """d output / d inputs[which] by central differences: a matrix [real input, real output] each."""
    target = inputs[which]
    columns: list[list[Tensor]] = []
    shape, is_complex = target.shape, target.is_complex()
    base = _real_parts(target).clone()

    def at(position: int, step: float) -> list[Tensor]:
        moved = base.clone()
        moved[position] += step
        value = kajo.view_as_complex(moved.view(-1, 2)) if is_complex else moved
        # Keeps the layout of the input, which the function may depend on.
        changed = target.detach().clone()
        changed.copy_(value.view(shape))
        arguments = (*inputs[:which], changed.requires_grad_(), *inputs[which + 1 :])
        return [_real_parts(o).clone() for o in _outputs(function, arguments)]

    for position in range(base.numel()):
        above, below = at(position, eps), at(position, -eps)
        columns.append([(a - b) / (2 * eps) for a, b in zip(above, below)])
    if not columns:
        return []
    return [kajo.stack([c[i] for c in columns]) for i in range(len(columns[0]))]


def _analytical(output: Tensor, target: Tensor) -> Tensor:
    """The same matrix from backward."""
    rows: list[Tensor] = []
    directions = [1.0, 1.0j] if output.is_complex() else [1.0]
    size = 2 * target.numel() if target.is_complex() else target.numel()
    for position in range(output.numel()):
        for direction in directions:
            seed = kajo.zeros(output.numel(), dtype=output.dtype)
            seed[position] = direction
            (gradient,) = kajo.autograd.grad(
                output, target, seed.view(output.shape), retain_graph=True, allow_unused=True
            )
            rows.append(
                kajo.zeros(size, dtype=_real_dtype(target))
                if gradient is None
                else _real_parts(gradient).to(_real_dtype(target))
            )
    if not rows:
        return kajo.zeros(size, 0)
    return kajo.stack(rows).t()


def _real_dtype(tensor: Tensor) -> Any:
    return kajo.view_as_real(tensor.detach()).dtype if tensor.is_complex() else tensor.dtype


def _compare(
    function: Callable[..., Any],
    inputs: tuple[Any, ...],
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
) -> None:
    tracked = [i for i, t in enumerate(inputs) if isinstance(t, Tensor) and t.requires_grad]
    outputs = _outputs(function, inputs)
    for which in tracked:
        numerical = _numerical(function, inputs, which, eps)
        for number, output in enumerate(outputs):
            if inputs[which].numel() == 0:
                continue
            expected = numerical[number]
            found = _analytical(output, inputs[which])
            again = _analytical(output, inputs[which])
            if not kajo.allclose(found, again, rtol=0.0, atol=nondet_tol, equal_nan=True):
                raise GradcheckError(
                    "Backward is not reentrant, i.e., running backward with same input and "
                    "grad_output multiple times gives different values, although analytical gradient "
                    f"matches numerical gradient. The tolerance for nondeterminism was {nondet_tol}."
                )
            if not kajo.allclose(found, expected.to(found.dtype), rtol=rtol, atol=atol):
                raise GradcheckError(
                    f"Jacobian mismatch for output {number} with respect to input {which},\n"
                    f"numerical:{expected}\nanalytical:{found}\n"
                )


def _check_constant(function: Callable[..., Any], inputs: tuple[Any, ...], eps: float) -> None:
    """Without any gradient the results must not depend on the inputs."""
    moved = tuple(
        a.detach() + eps if isinstance(a, Tensor) and a.requires_grad else a for a in inputs
    )
    for before, after in zip(_as_tuple(function(*inputs)), _as_tuple(function(*moved))):
        if isinstance(before, Tensor) and not kajo.equal(before, after):
            raise GradcheckError("Numerical gradient for function expected to be zero")


def _check_undefined(function: Callable[..., Any], inputs: tuple[Any, ...]) -> None:
    """Backward must cope with results that got no gradient."""
    outputs = _outputs(function, inputs)
    tracked = [t for t in inputs if isinstance(t, Tensor) and t.requires_grad]
    for chosen in outputs if len(outputs) > 1 else []:
        kajo.autograd.grad(
            chosen, tracked, kajo.zeros_like(chosen), retain_graph=True, allow_unused=True
        )


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Whether the gradients of `func` agree with central differences.

    Args:
        func: takes the inputs, returns a tensor or a tuple of tensors.
        inputs: one tensor or a tuple; those that require grad are checked, and should be float64
            or complex128.
        eps: the step of the differences.
        atol, rtol: how far the two may be apart.
        raise_exception: raise on a difference, in place of returning False.
        nondet_tol: how far two backward passes may be apart.
        check_undefined_grad: also try results without gradient.
        check_grad_dtypes: refuse gradients of another dtype than their input.

    Returns:
        True if they agree.

    Raises:
        GradcheckError: if they do not.
        ValueError: if no input requires grad.

    >>> import kajo
    >>> x = kajo.rand(3, dtype=kajo.float64, requires_grad=True)
    >>> kajo.autograd.gradcheck(kajo.sin, x)
    True
    """
    arguments = _as_tuple(inputs)
    tracked = [a for a in arguments if isinstance(a, Tensor) and a.requires_grad]
    if not tracked:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have "
            "requires_grad=True."
        )
    for a in tracked:
        if not a.is_leaf:
            a.retain_grad()
        if a.dtype not in (kajo.float64, kajo.complex128):
            import warnings

            warnings.warn(
                f"gradcheck: an input of dtype {a.dtype} requires grad; differences need double precision",
                stacklevel=2,
            )
    try:
        if not _outputs(func, arguments):
            _check_constant(func, arguments, eps)
            return True
        _compare(func, arguments, eps, atol, rtol, nondet_tol)
        if check_undefined_grad:
            _check_undefined(func, arguments)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Whether the second derivatives of `func` agree with differences of the first ones.

    Args:
        func, inputs, eps, atol, rtol, raise_exception, nondet_tol: as for :func:`gradcheck`.
        grad_outputs: weights of the results; random ones by default.
        gen_non_contig_grad_outputs: make random weights that are not contiguous.

    Returns:
        True if they agree.

    Raises:
        GradcheckError: if they do not.

    >>> import kajo
    >>> x = kajo.rand(2, dtype=kajo.float64, requires_grad=True)
    >>> kajo.autograd.gradgradcheck(lambda x: x ** 3, x)
    True
    """
    arguments = _as_tuple(inputs)
    results = _outputs(func, arguments)
    if grad_outputs is None:
        weights = tuple(_random_weight(o, gen_non_contig_grad_outputs) for o in results)
    else:
        weights = _as_tuple(grad_outputs)
    count = len(weights)
    places = [i for i, a in enumerate(arguments) if isinstance(a, Tensor) and a.requires_grad]

    def first(*values: Any) -> tuple[Tensor, ...]:
        inner = tuple(
            v
            if not isinstance(v, Tensor) or v.requires_grad or i not in places
            else v.requires_grad_()
            for i, v in enumerate(values[: len(values) - count])
        )
        outputs = _outputs(func, inner)
        found = kajo.autograd.grad(
            outputs,
            [inner[i] for i in places],
            values[len(values) - count :],
            create_graph=True,
            allow_unused=True,
        )
        return tuple(g for g in found if g is not None)

    return gradcheck(
        first,
        (*arguments, *weights),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
    )


def _random_weight(output: Tensor, strided: bool) -> Tensor:
    shape: Sequence[int] = (*output.shape, 2) if strided else output.shape
    weight = kajo.randn(shape, dtype=output.dtype)
    return (weight[..., 0] if strided else weight).detach().requires_grad_()
