"""Where tensors are and how they lie: devices that are not here, orders of dimensions, slices."""

import itertools
import warnings

import pytest

import kajo

torch = pytest.importorskip("torch")

SHAPES = [(), (3,), (2, 3), (2, 1, 3), (2, 1, 1, 1), (0, 3), (2, 3, 4, 5), (2, 3, 1, 1), (1, 1)]


def order(lib, tensor, check):
    formats = {"both": [lib.contiguous_format, lib.channels_last], "one": [lib.channels_last]}
    try:
        return tensor.dim_order(ambiguity_check=formats.get(check, check))
    except RuntimeError:
        return "refused"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("check", [False, True, "both", "one"])
def test_order_of_dimensions(shape, check):
    if check in ("both", "one") and len(shape) != 4:
        pytest.skip("these formats are for four dimensions")
    for permutation in itertools.permutations(range(len(shape))):
        ours, theirs = (lib.empty(shape).permute(permutation) for lib in (kajo, torch))
        assert order(kajo, ours, check) == order(torch, theirs, check), permutation


def test_order_of_repeated_dimensions():
    for sizes in [(3, 2), (3, 4, 2), (2, 3, 2)]:
        for axes in itertools.permutations(range(len(sizes))):
            ours, theirs = (lib.empty(2).expand(sizes).permute(axes) for lib in (kajo, torch))
            assert ours.dim_order() == theirs.dim_order()


CALLS = [
    lambda lib, x: x.cuda(), lambda lib, x: x.cuda(0), lambda lib, x: x.xpu(),
    lambda lib, x: x.cuda("cpu"), lambda lib, x: x.mtia(), lambda lib, x: x.ipu(),
    lambda lib, x: x.record_stream(lib.Stream()), lambda lib, x: x.record_stream(3),
    lambda lib, x: x.__cuda_array_interface__, lambda lib, x: x.double().to_mkldnn(),
    lambda lib, x: x.dim_order(ambiguity_check=3), lambda lib, x: x.to_sparse().dim_order(),
    lambda lib, x: lib.slice_inverse(x, lib.ones(4, 3)), lambda lib, x: x.eig(),
    lambda lib, x: x.symeig(), lambda lib, x: x.lstsq(x), lambda lib, x: x.solve(x),
    lambda lib, x: x.reinforce(1), lambda lib, x: x.resize(7, 2),
    lambda lib, x: x.resize_as_sparse_(x), lambda lib, x: x.sparse_resize_((2, 2), 1, 1),
    lambda lib, x: x.sparse_resize_and_clear_((2, 2), 1, 1), lambda lib, x: lib.native_norm(x),
    lambda lib, x: lib.hspmm(x, x.t()), lambda lib, x: lib.values_copy(x),
    lambda lib, x: lib.crow_indices_copy(x), lambda lib, x: x.smm(x), lambda lib, x: x.sspaddmm(x, x),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.filterwarnings("ignore")
def test_refusals(call):
    with pytest.raises(Exception) as theirs:
        call(torch, torch.ones(2, 3))
    with pytest.raises(theirs.type):
        call(kajo, kajo.ones(2, 3))


def test_a_slice_gives_back_the_whole():
    x = kajo.arange(12).view(4, 3)
    part = x[1:3]
    whole = kajo.slice_inverse(part, x, 0, 1, 3)
    assert whole.data_ptr() == x.data_ptr() and whole.tolist() == x.tolist()
    assert part.slice_inverse(x, 0, 1, 3)._base is x._base


def test_other_places_and_layouts():
    x = kajo.ones(2, 3)
    assert not any((x.is_ipu, x.is_maia, x.is_mtia, x.is_vulkan, x.is_xla, x.is_distributed()))
    assert x.t().to_mkldnn().is_contiguous() and x.to_mkldnn(kajo.bfloat16).dtype is kajo.bfloat16
    assert x.const_data_ptr() == x.data_ptr() and x.volatile is False and x.__weakref__ is None
    loaded = x.module_load(kajo.zeros(2, 3))
    assert loaded.tolist() == x.tolist() == [[0, 0, 0]] * 2 and loaded is not x
    other = kajo.ones(2, 3)
    assert x.module_load(other, assign=True).data_ptr() == other.data_ptr()


def test_former_ways_to_reshape_have_gradients():
    x = kajo.arange(6.0).requires_grad_()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = x.resize(2, 3) * x.view(6, 1).resize_as(kajo.ones(2, 3))
    y.sum().backward()
    assert x.grad.tolist() == [0, 2, 4, 6, 8, 10]
