"""Each structured case with operands that are transposed, sliced, offset, expanded or lazy views."""

from __future__ import annotations

import numpy
import pytest
from structured_cases import CASES, INPUTS, as_list

import kajo

torch = pytest.importorskip("torch")


def transposed(t):
    return t.permute(*range(t.dim())[::-1]).contiguous().permute(*range(t.dim())[::-1])


def sliced(t):
    # What lies between the elements would show in any result.
    around = t.new_full([2 * n + 3 for n in t.shape], 77)
    inside = around[tuple(slice(1, 1 + 2 * n, 2) for n in t.shape)]
    return inside.copy_(t) if t.dim() else around


def offset(t):
    around = t.new_full((t.numel() + 5,), 77)
    return around[3 : 3 + t.numel()].view(t.shape).copy_(t)


def negated(t):
    if not t.is_floating_point():
        return t
    view = kajo._core._neg_view if isinstance(t, kajo.Tensor) else torch._neg_view
    return view(-t)


LAYOUTS = {"transposed": transposed, "sliced": sliced, "offset": offset, "negated": negated}


def operands(module, layout):
    made = {}
    for name, array in INPUTS.items():
        t = LAYOUTS[layout](module.from_numpy(array.copy())).detach()
        made[name] = t.requires_grad_() if t.is_floating_point() else t
    return made


def outcome(module, case, layout):
    given = operands(module, layout)
    results = as_list(CASES[case](module, given))
    total = sum(
        (r * module.arange(r.numel(), dtype=r.dtype).reshape(r.shape).cos()).sum()
        for r in results
        if r.requires_grad
    )
    used = [t for t in given.values() if t.requires_grad]
    grads = (
        module.autograd.grad(total, used, allow_unused=True) if not isinstance(total, int) else []
    )
    return [
        t.detach().resolve_neg().numpy() for t in (*results, *(g for g in grads if g is not None))
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("case", CASES)
def test_layouts_do_not_show(case, layout):
    try:
        expected = outcome(torch, case, layout)
    except RuntimeError as refusal:
        pytest.skip(f"PyTorch refuses it: {refusal}")
    for ours, theirs in zip(outcome(kajo, case, layout), expected, strict=True):
        assert ours.shape == theirs.shape
        numpy.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
