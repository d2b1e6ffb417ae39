"""How operations are called: overloads, out=, in-place forms, and what they refuse."""

from __future__ import annotations

import numpy
import pytest

import kajo


def test_out_is_resized_and_returned():
    out = kajo.empty(0)
    assert kajo.add(kajo.ones(2), 1, out=out) is out
    assert out.tolist() == [2.0, 2.0]


def test_out_decides_the_type_where_none_is_named():
    out = kajo.empty(0, dtype=kajo.int64)
    assert kajo.cumsum(kajo.tensor([1.7, 1.7]), 0, out=out).tolist() == [1, 2]


@pytest.mark.parametrize(
    "call",
    [
        lambda out: kajo.index_select(kajo.ones(3), 0, kajo.tensor([0]), out=out),
        lambda out: kajo.mm(kajo.ones(2, 2), kajo.ones(2, 2), out=out),
        lambda out: kajo.amax(kajo.ones(3), 0, out=out),
    ],
)
def test_out_of_another_type_is_refused(call):
    with pytest.raises(RuntimeError, match="dtype"):
        call(kajo.empty(0, dtype=kajo.float64))


def test_joining_into_a_narrower_type_is_a_type_error():
    with pytest.raises(TypeError):
        kajo.cat([kajo.ones(2)], out=kajo.empty(0, dtype=kajo.int64))


def test_out_may_not_overlap():
    x = kajo.arange(4.0)
    with pytest.raises(RuntimeError, match="single memory location"):
        kajo.exp(x, out=kajo.zeros(1).expand(4))
    with pytest.raises(RuntimeError, match="single memory location"):
        kajo.exp(x[:3], out=x[1:])
    with pytest.raises(RuntimeError, match="single memory location"):
        kajo.take(x, kajo.tensor([0, 1, 2, 3]), out=x)
    assert x.tolist() == [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize("name", ["logit_", "nan_to_num_", "clamp_"])
def test_in_place_keeps_what_backward_reads(name):
    arguments = {"clamp_": (0.2, 0.6)}.get(name, ())
    x = kajo.tensor([0.1, 0.5, 0.7], dtype=kajo.float64, requires_grad=True)
    changed = getattr(x.clone(), name)(*arguments)
    plain = getattr(kajo, name[:-1])(x, *arguments)
    a = kajo.autograd.grad(changed.sum(), x)[0]
    b = kajo.autograd.grad(plain.sum(), x)[0]
    assert numpy.array_equal(a.numpy(), b.numpy())


def test_in_place_refuses_what_it_cannot_hold():
    for change in (lambda x: x.add_(1.5), lambda x: x.bitwise_and_(kajo.ones(2))):
        x = kajo.tensor([1, 2])
        with pytest.raises(RuntimeError, match="can't be cast"):
            change(x)
        assert x.tolist() == [1, 2]


def test_in_place_views_refuse_leaves():
    x = kajo.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf"):
        x.unsqueeze_(0)
    assert x.shape == (2,)


@pytest.mark.parametrize("items", [[None], [1], [kajo.ones(1), None]])
def test_lists_of_tensors_hold_tensors(items):
    with pytest.raises(TypeError):
        kajo.cat(items)


def test_two_operands_come_before_a_dimension():
    assert kajo.max(kajo.tensor([1, 7]), kajo.tensor(5)).tolist() == [5, 7]


def test_numbers_have_no_matrix_product():
    with pytest.raises(TypeError):
        2 @ kajo.ones(2, 2)


def test_copying_forms_share_nothing():
    x = kajo.arange(4.0)
    for copy in (kajo.view_copy(x, (2, 2)), kajo.unsqueeze_copy(x, 0), *kajo.unbind_copy(x)):
        copy.zero_()
    assert x.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_whole_numbers_between_fractional_ends():
    assert kajo.linspace(1.7, 5.9, 4, dtype=kajo.int64).tolist() == [1, 2, 3, 5]
    assert kajo.logspace(1.7, 2.9, 3, dtype=kajo.int64).tolist() == [10, 31, 100]
    with pytest.raises(RuntimeError, match="0-dimensional"):
        kajo.linspace(kajo.ones(1), kajo.ones(1), 3)


def test_functions_of_the_core_refuse_other_objects():
    with pytest.raises(TypeError):
        kajo._core._storage_id(3)
    with pytest.raises(TypeError):
        kajo.ones(1).as_subclass([0])


def test_indices_from_the_end():
    x = kajo.arange(6.0).reshape(2, 3)
    assert kajo.take_along_dim(x, kajo.tensor([[-1], [0]]), 1).tolist() == [[2.0], [3.0]]
    assert kajo.take_along_dim(x, kajo.tensor([-1, 0])).tolist() == [5.0, 0.0]


@pytest.mark.parametrize("operation", [kajo.trapezoid, kajo.trapz, kajo.cumulative_trapezoid])
def test_integration_needs_a_dimension(operation):
    with pytest.raises(IndexError):
        operation(kajo.tensor(1.0))


def test_sizes_of_tensors_without_dimensions():
    for ask in (kajo.Tensor.size, kajo.Tensor.stride):
        with pytest.raises(IndexError, match="no dimensions"):
            ask(kajo.tensor(1.0), 0)


@pytest.mark.parametrize("pivots", [[9, 9, 9], [0, 1, 2], [1, 2], [-1, 1, 1]])
def test_row_exchanges_stay_within_the_matrix(pivots):
    steps = kajo.tensor(pivots, dtype=kajo.int32)
    with pytest.raises(RuntimeError, match="pivots"):
        kajo.lu_unpack(kajo.eye(3), steps)
    with pytest.raises(RuntimeError, match="pivots"):
        kajo.linalg.lu_solve(kajo.eye(3), steps, kajo.eye(3))
    with pytest.raises(RuntimeError, match="int32"):
        kajo.lu_unpack(kajo.eye(3), kajo.tensor(True))


def test_out_refuses_what_requires_grad_and_keeps_names():
    required = kajo.ones(3, requires_grad=True)
    target = kajo.zeros(3)
    for call in (
        lambda: kajo.mul(required, 3, out=target),
        lambda: kajo.mul(target, 3, out=required * 1),
    ):
        with pytest.raises(RuntimeError, match="support automatic differentiation"):
            call()
    assert target.tolist() == [0.0, 0.0, 0.0]
    with kajo.no_grad():
        assert kajo.mul(required, 3, out=target).tolist() == [3.0, 3.0, 3.0]
    found = kajo.sort(target, out=(kajo.empty(3), kajo.empty(3, dtype=kajo.int64)))
    assert found.values.tolist() == [3.0, 3.0, 3.0] and type(found).__name__ == "sort"
