"""Empty tensors, many dimensions, NaN, overflow: PyTorch's results, or its type of exception."""

import math

import numpy
import pytest

import kajo

torch = pytest.importorskip("torch")

nan, inf = math.nan, math.inf


EXTREMES = [0.0, -0.0, 1.0, -1.0, inf, -inf, nan, 1e-45, -1e-45, 1e-38, 3e38, -3e38, 0.5, 2.5, -3.7]


def pairs(m, operation, dtype):
    x = m.tensor([-(2**7) + 1, -7, -2, -1, 1, 2, 3, 126, 127], dtype=dtype)
    return operation(x[:, None], x[None])


def behind(m):
    """A matrix behind other elements, with gaps."""
    return m.arange(60.0)[5:53].view(4, 12)[:, ::2]


def deep(m):
    """64 dimensions, the last two of them of size 2."""
    return m.arange(4.0).reshape((1,) * 62 + (2, 2))


RESULTS = {
    "clamp_by_nan": lambda m: m.clamp(m.tensor(EXTREMES), nan, 1),
    "clamp_above_nan": lambda m: m.tensor(EXTREMES).clamp_(min=nan),
    "next_halves": lambda m: m.nextafter(
        m.tensor(EXTREMES).half()[:, None], m.tensor([0.0, -inf, inf, nan, 2.0]).half()
    ).float(),
    "next_bfloat16": lambda m: (
        m.tensor(EXTREMES).bfloat16().nextafter_(m.ones(15).bfloat16()).float()
    ),
    "acosh": lambda m: m.acosh(m.tensor(EXTREMES)),
    "i0_far_out": lambda m: m.special.i0(m.tensor([1e308, -1e308, 700.0], dtype=m.float64)),
    "sorted_with_nan": lambda m: m.sort(m.tensor(EXTREMES), stable=True)[1],
    "sorted_down_with_nan": lambda m: m.sort(m.tensor(EXTREMES), descending=True, stable=True)[1],
    "largest_with_nan": lambda m: m.topk(m.tensor(EXTREMES), 4)[0],
    "maximum_with_nan": lambda m: m.tensor(EXTREMES).max(0)[1],
    "denormals": lambda m: m.tensor(EXTREMES) * 0.5 + m.tensor(EXTREMES).abs(),
    "integers_wrap": lambda m: pairs(m, lambda a, b: a * b + a - b, m.int8),
    "bytes_wrap": lambda m: m.tensor([0, 1, 255], dtype=m.uint8) - 2,
    "remainders": lambda m: pairs(m, m.remainder, m.int8),
    "quotients_down": lambda m: pairs(m, m.floor_divide, m.int16),
    "added_with_factor_in_16_bits": lambda m: m.add(
        m.arange(25.0).half() * 0.37, m.arange(25.0).half() * 1.7, alpha=3.14
    ).float(),
    "subtracted_with_factor_in_16_bits": lambda m: m.sub(
        m.arange(25.0).bfloat16() * 0.37, m.arange(25.0).bfloat16() * 1.7, alpha=0.3
    ).float(),
    "scattered_by_strides_of_the_storage": lambda m: m.as_strided_scatter(
        behind(m), -m.ones(3), (3,), (7,), 0
    ),
    "copied_view_of_a_transposed": lambda m: m.view_copy(behind(m).t(), (8, 3)),
    "argmax_of_64_dimensions": lambda m: deep(m).argmax(-1).flatten(),
    "sum_over_the_64th_dimension": lambda m: deep(m).sum(-1).flatten(),
    "any_over_no_dimension": lambda m: m.any(m.tensor([[0, 1], [0, 0]]), dim=()),
    "all_over_no_dimension": lambda m: m.all(m.tensor([[0, 1], [0, 0]]), dim=(), keepdim=True),
    "trapezoid_of_nothing": lambda m: m.trapezoid(m.zeros(2, 0, dtype=m.int64)),
    "trapezoid_of_half": lambda m: m.trapezoid(m.tensor([6e4, 6e4], dtype=m.float16)).float(),
    "trapezoid_of_infinities": lambda m: m.trapezoid(m.tensor([-inf, -inf])),
    "cumulative_trapezoid_of_nothing": lambda m: m.cumulative_trapezoid(m.zeros(2, 0)),
    "mode_with_nan": lambda m: m.mode(m.tensor([2.0, nan, 1.0]))[0],
    "mode_with_nan_first": lambda m: m.mode(m.tensor([nan, 2.0, 1.0]))[0],
    "median_of_nothing": lambda m: m.median(m.zeros(0)),
    "vander_of_nan": lambda m: m.vander(m.tensor([complex(nan, 1), 1 + 2j])),
    "negative_numbers_wrap_in_bytes": lambda m: m.zeros(2, dtype=m.uint8).fill_(-3),
    "infinity_fits_half": lambda m: m.full((2,), -inf, dtype=m.float16).float(),
    "adjoint_of_a_number": lambda m: m.tensor(1 + 2j).adjoint(),
    "norm_of_large_halves": lambda m: m.full((3,), 3e4, dtype=m.float16).norm(3).float(),
    "logspace_of_bfloat16": lambda m: m.logspace(4.3, 0, 2, 5.0, dtype=m.bfloat16).float(),
    "segments": lambda m: m.segment_reduce(
        m.arange(10.0).reshape(5, 2), "mean", lengths=m.tensor([2, 0, 3])
    ),
    "segments_of_rows": lambda m: m.segment_reduce(
        m.arange(8.0).reshape(2, 4), "max", lengths=m.tensor([[1, 2], [4, 0]]), axis=1, unsafe=True
    ),
    "segments_by_offsets": lambda m: m.segment_reduce(
        m.arange(1.0, 6), "prod", offsets=m.tensor([0, 3, 3, 5]), initial=2
    ),
}


@pytest.mark.parametrize("name", RESULTS)
def test_same_result(name):
    ours, theirs = RESULTS[name](kajo), RESULTS[name](torch)
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert str(ours.dtype)[5:] == str(theirs.dtype)[6:]
    expected = theirs.resolve_conj().numpy()
    numpy.testing.assert_allclose(ours.resolve_conj().numpy(), expected, rtol=1e-6)


ERRORS = [
    lambda m: m.zeros(2, dtype=m.uint8).fill_(300),
    lambda m: m.full((2,), -1.0, dtype=m.uint8),
    lambda m: m.full((2,), nan, dtype=m.int32),
    lambda m: m.full((2,), 2**40, dtype=m.int32),
    lambda m: m.zeros(2, dtype=m.float16).fill_(1e6),
    lambda m: m.zeros(2).masked_fill(m.tensor([True, False]), 1e300),
    lambda m: m.zeros(2, dtype=m.int8).index_fill(0, m.tensor([0]), 200),
    lambda m: m.tensor([1, 2], dtype=m.int8).clamp(-300, 2),
    lambda m: m.tensor([1, 2], dtype=m.uint8).clamp_(max=256),
    lambda m: m.tensor([1, 2]) // 0,
    lambda m: m.remainder(m.tensor([1, 2]), m.tensor(0)),
    lambda m: m.tensor([1j]).max(),
    lambda m: m.tensor([1j]).amin(),
    lambda m: m.median(m.tensor([1j])),
    lambda m: m.bincount(m.zeros(3)),
    lambda m: m.histc(m.zeros(3, dtype=m.int64), 0),
    lambda m: m.topk(m.tensor([True, False]), 1),
    lambda m: m.quantile(m.tensor(1.0), 0.5, dim=1),
    lambda m: m.gradient(m.zeros(3, dtype=m.uint8)),
    lambda m: m.zeros(3).adjoint(),
    lambda m: m.zeros(3).fill_diagonal_(1),
    lambda m: m.segment_reduce(m.zeros(3), "sum", lengths=m.tensor([1, 1])),
    lambda m: m.segment_reduce(m.zeros(3), "sum"),
    lambda m: m.segment_reduce(m.zeros(3), "sum", lengths=m.tensor([3.0])),
    lambda m: m.cov(m.zeros(3), fweights=m.tensor([-1, 1, 1])),
    lambda m: m.histogram(m.zeros(3), 0),
    lambda m: m.histogram(m.zeros(3), 3, range=(2.0, 1.0)),
    lambda m: m.softmax(m.zeros(3), 0, out=m.zeros(3, dtype=m.float64)),
    lambda m: m.nansum(m.zeros(3), 0, out=m.zeros((), dtype=m.int64)),
]


@pytest.mark.parametrize("number", range(len(ERRORS)))
def test_same_type_of_exception(number):
    with pytest.raises(Exception) as theirs:
        ERRORS[number](torch)
    with pytest.raises(theirs.type):
        ERRORS[number](kajo)


def test_the_smallest_integer_by_minus_one_wraps():
    for dtype in (kajo.int8, kajo.int16, kajo.int32, kajo.int64):
        least = kajo.iinfo(dtype).min
        x = kajo.tensor([least, 6], dtype=dtype)
        for by in (-1, kajo.tensor(-1, dtype=dtype)):
            assert (x // by).tolist() == [least, -6]
            assert kajo.div(x, by, rounding_mode="trunc").tolist() == [least, -6]
            assert (x % by).tolist() == kajo.fmod(x, by).tolist() == [0, 0]


def test_views_of_more_elements_than_memory():
    x = kajo.arange(4.0).reshape(2, 2).expand(2**38, 2, 2)
    assert x.numel() == 2**40 and x[2**37].tolist() == [[0, 1], [2, 3]]
    assert x.permute(1, 2, 0)[1, 1, 2**36].item() == 3
    assert x[kajo.tensor([0, 2**38 - 1])].shape == (2, 2, 2)
    assert x.view(2**19, 2**19, 2, 2)[5, 7, 0].tolist() == [0, 1]
    with pytest.raises(RuntimeError):
        x.expand(2**30, *x.shape)


def test_same_size_keeps_strides_and_format_keeps_memory():
    x, like = kajo.zeros(3, 4).t(), kajo.zeros(4, 3)
    assert x.resize_as_(like).stride() == (1, 4)
    assert like[:, ::2].to(kajo.float32, memory_format=kajo.contiguous_format).data_ptr() == (
        like.data_ptr()
    )


def test_a_zero_in_a_product_has_second_derivatives():
    x = kajo.tensor([0.0, 3.0], dtype=kajo.float64, requires_grad=True)
    source = kajo.tensor([2.0, 5.0], dtype=kajo.float64, requires_grad=True)
    index = kajo.tensor([0, 0])
    result = x.index_reduce(0, index, source, "prod")
    (first,) = kajo.autograd.grad(result[0], source, create_graph=True)
    (second,) = kajo.autograd.grad(first[0], x)
    assert second.tolist() == [5.0, 0.0]


def test_the_median_passes_its_gradient_to_nan():
    x = kajo.tensor([1.0, nan, 2.0], requires_grad=True)
    x.median().backward()
    assert x.grad.tolist() == [0.0, 1.0, 0.0]
