"""Comparing gradients with finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import kajo
from kajo import Tensor
from kajo.autograd import forward_ad

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
    return kajo.view_as_real(flat.resolve_conj()).reshape(-1) if flat.is_complex() else flat


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


def _forward(function: Callable[..., Any], inputs: tuple[Any, ...], which: int) -> list[Tensor]:
    """The same matrices from forward mode, one direction of the input at a time."""
    target = inputs[which]
    size = _real_parts(target).numel()
    columns = [
        _pushed(function, inputs, which, _from_real(_unit(size, i, target), target))
        for i in range(size)
    ]
    return [kajo.stack([c[i] for c in columns]) for i in range(len(columns[0]) if columns else 0)]


def _pushed(
    function: Callable[..., Any], inputs: tuple[Any, ...], which: int, direction: Tensor
) -> list[Tensor]:
    """The derivatives of the results along a direction of one input, as real vectors."""
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(inputs[which], direction)
        results = _outputs(function, (*inputs[:which], dual, *inputs[which + 1 :]))
        return [
            _real_parts(kajo.zeros_like(primal) if tangent is None else tangent).clone()
            for primal, tangent in map(forward_ad.unpack_dual, results)
        ]


def _unit(size: int, position: int, like: Tensor) -> Tensor:
    vector = kajo.zeros(size, dtype=_real_dtype(like))
    vector[position] = 1.0
    return vector


def _from_real(vector: Tensor, like: Tensor) -> Tensor:
    """A tensor like `like` of the numbers that `_real_parts` would give."""
    flat = kajo.view_as_complex(vector.view(-1, 2)) if like.is_complex() else vector
    return flat.view(like.shape)


def _real_dtype(tensor: Tensor) -> Any:
    return (
        kajo.view_as_real(tensor.detach().resolve_conj()).dtype
        if tensor.is_complex()
        else tensor.dtype
    )


class _Check(NamedTuple):
    """One comparison: what is differentiated and how closely it must agree."""

    function: Callable[..., Any]
    inputs: tuple[Any, ...]
    eps: float
    atol: float
    rtol: float
    nondet_tol: float
    backward: bool
    forward: bool
    fast: bool

    def run(self) -> None:
        for which, target in enumerate(self.inputs):
            if isinstance(target, Tensor) and target.requires_grad and target.numel():
                (self._compare_projected if self.fast else self._compare_whole)(which)

    def _compare_whole(self, which: int) -> None:
        numerical = _numerical(self.function, self.inputs, which, self.eps)
        if self.backward:
            outputs = _outputs(self.function, self.inputs)
            for number, output in enumerate(outputs):
                found = _analytical(output, self.inputs[which])
                again = _analytical(output, self.inputs[which])
                self._check_same(found, again)
                self._check_close("Jacobian", number, which, numerical[number], found)
        if self.forward:
            for number, found in enumerate(_forward(self.function, self.inputs, which)):
                self._check_close(_FORWARD, number, which, numerical[number], found)

    def _compare_projected(self, which: int) -> None:
        """Along one random direction, weighted by random numbers: v J u."""
        target = self.inputs[which]
        u = kajo.rand(_real_parts(target).numel(), dtype=_real_dtype(target))
        u = u / u.norm()
        direction = _from_real(u, target)
        shifted = [self._shifted(which, sign * self.eps * direction) for sign in (1, -1)]
        slopes = [(a - b) / (2 * self.eps) for a, b in zip(*shifted)]
        pushed = _pushed(self.function, self.inputs, which, direction) if self.forward else None
        for number, output in enumerate(_outputs(self.function, self.inputs)):
            slope = slopes[number]
            v = kajo.rand(slope.numel(), dtype=slope.dtype)
            expected = (v * slope).sum()
            if self.backward:
                (gradient,) = kajo.autograd.grad(
                    output,
                    target,
                    _from_real(v, output),
                    retain_graph=True,
                    materialize_grads=True,
                )
                found = (_real_parts(gradient) * u).sum()
                self._check_close("Jacobian", number, which, expected, found)
            if pushed is not None:
                self._check_close(_FORWARD, number, which, expected, (v * pushed[number]).sum())

    def _shifted(self, which: int, step: Tensor) -> list[Tensor]:
        moved = (self.inputs[which].detach() + step).requires_grad_()
        arguments = (*self.inputs[:which], moved, *self.inputs[which + 1 :])
        return [_real_parts(o).clone() for o in _outputs(self.function, arguments)]

    def _check_same(self, found: Tensor, again: Tensor) -> None:
        if not kajo.allclose(found, again, rtol=0.0, atol=self.nondet_tol, equal_nan=True):
            raise GradcheckError(
                "Backward is not reentrant, i.e., running backward with same input and "
                "grad_output multiple times gives different values, although analytical gradient "
                f"matches numerical gradient. The tolerance for nondeterminism was {self.nondet_tol}."
            )

    def _check_close(
        self, what: str, number: int, which: int, expected: Tensor, found: Tensor
    ) -> None:
        if not kajo.allclose(found, expected.to(found.dtype), rtol=self.rtol, atol=self.atol):
            raise GradcheckError(
                f"{what} mismatch for output {number} with respect to input {which},\n"
                f"numerical:{expected}\nanalytical:{found}\n"
            )


_FORWARD = "Jacobian computed with forward mode"


def _check_dtypes(function: Callable[..., Any], inputs: tuple[Any, ...]) -> None:
    tracked = [t for t in inputs if isinstance(t, Tensor) and t.requires_grad]
    for output in _outputs(function, inputs):
        for target, found in zip(tracked, _weighted(output, tracked, kajo.ones_like(output))):
            if found is not None and found.dtype != target.dtype:
                raise GradcheckError(
                    f"grad has dtype {found.dtype}, but its input has dtype {target.dtype}"
                )


def _check_batched(function: Callable[..., Any], inputs: tuple[Any, ...]) -> None:
    """Gradients for a batch of weights must be those for each of them."""
    tracked = [t for t in inputs if isinstance(t, Tensor) and t.requires_grad]
    for output in _outputs(function, inputs):
        weights = kajo.stack([kajo.randn_like(output) for _ in range(2)])
        together = _weighted(output, tracked, weights, batched=True)
        apart = [_weighted(output, tracked, w) for w in weights]
        for which, (batch, *each) in enumerate(zip(together, *apart)):
            if batch is not None and not kajo.allclose(batch, kajo.stack(each)):
                raise GradcheckError(
                    f"For output and input {which}, the batched gradient {batch} is not that of "
                    f"its parts, {each}"
                )


def _weighted(output: Tensor, tracked: list[Any], weight: Tensor, batched: bool = False) -> Any:
    return kajo.autograd.grad(
        output, tracked, weight, retain_graph=True, allow_unused=True, is_grads_batched=batched
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
        check_batched_grad: also compare gradients for a batch of weights with those for each.
        check_batched_forward_grad: the same of forward mode, which has no other way than one by one.
        check_forward_ad: also compare derivatives of forward mode.
        check_backward_ad: False: leave backward alone.
        fast_mode: compare along one random direction only.
        masked: accepted; of sparse tensors the values are varied, and the places are not.

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
    if any(isinstance(a, Tensor) and a.layout is not kajo.strided for a in arguments):
        from kajo.sparse import _on_values

        func, arguments = _on_values(func, arguments)
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
        _Check(
            func, arguments, eps, atol, rtol, nondet_tol,
            backward=check_backward_ad, forward=check_forward_ad, fast=fast_mode,
        ).run()  # fmt: skip
        if check_backward_ad and check_undefined_grad:
            _check_undefined(func, arguments)
        if check_grad_dtypes:
            _check_dtypes(func, arguments)
        if check_batched_grad:
            _check_batched(func, arguments)
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
        check_undefined_grad, check_grad_dtypes, check_batched_grad, fast_mode, masked: likewise.
        check_fwd_over_rev: also take the derivatives of the gradients in forward mode.
        check_rev_over_rev: take them by backward.

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
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
        masked=masked,
    )


def _random_weight(output: Tensor, strided: bool) -> Tensor:
    shape: Sequence[int] = (*output.shape, 2) if strided else output.shape
    weight = kajo.randn(shape, dtype=output.dtype)
    return (weight[..., 0] if strided else weight).detach().requires_grad_()
