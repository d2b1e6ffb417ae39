"""Quantised tensors: codes, parameters, operations and refusals are PyTorch's."""

import copy
import pickle
import warnings

import pytest

import kajo

torch = pytest.importorskip("torch")

VALUES = [[1.0, -2.0, 0.3, 30.0], [0.44, 5.0, -0.6, -0.05]]
DTYPES = ["quint8", "qint8", "qint32"]


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def sample(lib, dtype="quint8", scale=0.1, zero=10):
    return lib.quantize_per_tensor(lib.tensor(VALUES), scale, zero, getattr(lib, dtype))


def by_channel(lib, dtype="quint8", zeros=(0, 1, 2, 3)):
    scales, zeros = lib.tensor([0.1, 0.2, 0.05, 0.5]), lib.tensor(zeros)
    return lib.quantize_per_channel(lib.tensor(VALUES), scales, zeros, 1, getattr(lib, dtype))


def told(x):
    """All that is to agree, whatever the library."""
    if isinstance(x, (kajo.Tensor, torch.Tensor)):
        if not x.is_quantized:
            return str(x.dtype).split(".")[1], tuple(x.shape), x.tolist()
        scheme = str(x.qscheme()).split(".")[1]
        parameters = (
            (x.q_scale(), x.q_zero_point())
            if scheme == "per_tensor_affine"
            else (x.q_per_channel_scales().tolist(), x.q_per_channel_zero_points().tolist(), x.q_per_channel_axis())
        )  # fmt: skip
        codes = x.int_repr()
        return str(x.dtype).split(".")[1], scheme, parameters, told(codes), told(x.dequantize())
    if isinstance(x, (tuple, list)):
        return [told(item) for item in x]
    return x


MADE = [
    *(lambda lib, d=d: sample(lib, d) for d in DTYPES),
    *(lambda lib, d=d: sample(lib, d, 0.031, -3 if d != "quint8" else 3) for d in DTYPES),
    *(lambda lib, d=d: by_channel(lib, d) for d in DTYPES),
    lambda lib: by_channel(lib, "quint8", (0.0, 0.5, 2.25, 3.0)),
    lambda lib: sample(lib, "quint8", 0.1, 0).int_repr().float(),
    lambda lib: lib.quantize_per_tensor(lib.tensor(VALUES), lib.tensor(0.1), lib.tensor(3), lib.quint8),
    lambda lib: lib.quantize_per_tensor(
        [lib.tensor(VALUES), lib.tensor([1.0])], lib.tensor([0.1, 0.2]), lib.tensor([0, 1]), lib.qint8
    ),
    *(
        lambda lib, d=d, r=r: lib.quantize_per_tensor_dynamic(lib.tensor(VALUES), getattr(lib, d), r)
        for d in ("quint8", "qint8") for r in (False, True)
    ),
    lambda lib: lib.quantize_per_tensor_dynamic(lib.zeros(2), lib.quint8, False),
    lambda lib: lib.quantize_per_tensor(
        lib.tensor([lib.nan, lib.inf, -lib.inf, 1e30, -1e30]), 0.1, 10, lib.quint8
    ),
    lambda lib: lib.quantize_per_tensor(
        lib.tensor([lib.nan, lib.inf, -lib.inf, 1e30, -1e30]), 0.1, 10, lib.qint32
    ).int_repr(),
    lambda lib: lib.quantize_per_tensor(lib.tensor([0.05, 0.15, 0.25, -0.05]), 0.1, 10, lib.quint8),
    lambda lib: lib.dequantize([sample(lib), by_channel(lib), lib.ones(2)]),
    lambda lib: [lib.ones(2).half().dequantize(), lib.dequantize(lib.tensor([1, 2]))],
]  # fmt: skip


@pytest.mark.parametrize("make", MADE)
def test_codes_and_numbers(make):
    assert told(make(kajo)) == told(make(torch))


def test_codes_of_half_a_byte():
    ours, theirs = (
        lib.quantize_per_tensor(lib.tensor(VALUES), 0.5, 3, lib.quint4x2) for lib in (kajo, torch)
    )
    assert told(ours) == told(theirs)
    assert told(ours[0].dequantize()) == told(theirs[0].dequantize())


OPERATIONS = [
    lambda lib, q: q.clone(), lambda lib, q: q.detach(), lambda lib, q: q.t(), lambda lib, q: q.T,
    lambda lib, q: q.reshape(8), lambda lib, q: q.view(4, 2), lambda lib, q: q.permute(1, 0),
    lambda lib, q: q[0], lambda lib, q: q[:, 1:3], lambda lib, q: q.unsqueeze(0).squeeze(0),
    lambda lib, q: q.expand(2, 2, 4), lambda lib, q: q.flatten(), lambda lib, q: q.chunk(2),
    lambda lib, q: q.split(1), lambda lib, q: q.unbind(), lambda lib, q: q.flip(0),
    lambda lib, q: q.repeat(2, 1), lambda lib, q: q.index_select(1, lib.tensor([2, 0])),
    lambda lib, q: q.max(), lambda lib, q: q.min(), lambda lib, q: q.max(1), lambda lib, q: q.sort(1, True),
    lambda lib, q: q.topk(2), lambda lib, q: q.relu(), lambda lib, q: q.clamp(0, 1),
    lambda lib, q: q.clamp(min=0.2), lambda lib, q: lib.nn.functional.relu6(q),
    lambda lib, q: lib.nn.functional.hardtanh(q, -1, 2), lambda lib, q: lib.nn.functional.threshold(q, 0.2, 0.1),
    lambda lib, q: q.mean(), lambda lib, q: q.mean(1), lambda lib, q: lib.cat([q, q]),
    lambda lib, q: lib.cat([q, lib.quantize_per_tensor(lib.tensor(VALUES), 0.2, 5, lib.quint8)], 1),
    lambda lib, q: lib.stack([q, q]), lambda lib, q: q == q, lambda lib, q: q < 0.3, lambda lib, q: q.ne(q.clone()),
    lambda lib, q: lib.equal(q, q.clone()), lambda lib, q: q.sigmoid(), lambda lib, q: q.tanh(),
    lambda lib, q: q.clone().fill_(2.0), lambda lib, q: q.clone().copy_(lib.ones(2, 4)),
    lambda lib, q: q.clone().copy_(lib.quantize_per_tensor(lib.tensor(VALUES), 0.2, 5, lib.quint8)),
    lambda lib, q: lib.max_pool2d(q.reshape(1, 1, 2, 4), 2), lambda lib, q: q.clone().relu_(),
    lambda lib, q: lib.nn.functional.avg_pool2d(q.reshape(1, 1, 2, 4), 2),
    lambda lib, q: lib.nn.functional.adaptive_avg_pool2d(q.reshape(1, 1, 2, 4), 1),
    lambda lib, q: lib.nn.functional.interpolate(q.reshape(1, 1, 2, 4), scale_factor=2.0),
    lambda lib, q: lib.ones_like(q), lambda lib, q: lib.full_like(q, 0.3), lambda lib, q: q.to("cpu"),
    lambda lib, q: q.to(lib.quint8), lambda lib, q: q[0, 1].item(), lambda lib, q: float(q[0, 0]),
    lambda lib, q: (q.is_quantized, q.requires_grad, q.grad_fn, q.is_leaf, q.dim(), q.numel(), q.stride()),
    lambda lib, q: (len(q), q.element_size(), q.is_floating_point(), q.is_complex(), q.is_contiguous()),
    lambda lib, q: q.type().split(".")[1:], lambda lib, q: lib.empty_quantized([3, 2], q).shape == (3, 2),
    lambda lib, q: str(lib.empty_quantized([3], q, dtype=lib.qint8).dtype).split(".")[1],
    lambda lib, q: copy.deepcopy(q), lambda lib, q: by_channel(lib)[0], lambda lib, q: by_channel(lib).clone(),
    lambda lib, q: by_channel(lib) == by_channel(lib), lambda lib, q: lib.equal(by_channel(lib), by_channel(lib)),
    lambda lib, q: by_channel(lib).select(0, 1), lambda lib, q: lib.masked_fill(q, q == 1, 0.3),
]  # fmt: skip


@pytest.mark.parametrize("call", OPERATIONS)
def test_operations(call):
    assert told(call(kajo, sample(kajo))) == told(call(torch, sample(torch)))


REFUSED = [
    lambda lib, q: lib.quantize_per_tensor(lib.ones(2), 0.1, 10, lib.float32),
    lambda lib, q: lib.quantize_per_tensor(lib.ones(2).double(), 0.1, 10, lib.quint8),
    lambda lib, q: lib.quantize_per_tensor(lib.ones(2), 0.1, 300, lib.quint8),
    lambda lib, q: lib.quantize_per_channel(lib.ones(2, 3), lib.ones(2), lib.zeros(2).int(), 1, lib.quint8),
    lambda lib, q: lib.quantize_per_channel(lib.ones(2, 3), lib.ones(2), lib.zeros(2).int(), 5, lib.quint8),
    lambda lib, q: lib.quantize_per_channel(lib.ones(2, 3), lib.ones(2), lib.tensor([0, 300]), 0, lib.quint8),
    lambda lib, q: lib.quantize_per_tensor_dynamic(lib.ones(2), lib.qint32, False),
    lambda lib, q: q + q, lambda lib, q: q.abs(), lambda lib, q: q.sum(), lambda lib, q: q.argmax(),
    lambda lib, q: q.float(), lambda lib, q: q.to(lib.float32), lambda lib, q: q.numpy(),
    lambda lib, q: q.tolist(), lambda lib, q: q.requires_grad_(), lambda lib, q: q.q_per_channel_axis(),
    lambda lib, q: by_channel(lib).q_scale(), lambda lib, q: by_channel(lib).t(), lambda lib, q: by_channel(lib).relu(),
    lambda lib, q: lib.cat([by_channel(lib)] * 2), lambda lib, q: by_channel(lib).max(),
    lambda lib, q: lib.ones(2, 4).copy_(q), lambda lib, q: lib.ones(2).q_scale(), lambda lib, q: lib.ones(2).int_repr(),
    lambda lib, q: lib.ones(2).qscheme(), lambda lib, q: lib.ones(2).q_per_channel_scales(),
    lambda lib, q: lib.empty_quantized([2], lib.ones(2)), lambda lib, q: q.item(), lambda lib, q: q.is_signed(),
    lambda lib, q: q.exp(), lambda lib, q: q @ q.t(), lambda lib, q: q.unique(), lambda lib, q: lib.where(q == 1, q, q),
]  # fmt: skip


@pytest.mark.parametrize("call", REFUSED)
def test_refusals(call):
    with pytest.raises(Exception) as theirs:
        call(torch, sample(torch))
    with pytest.raises(theirs.type):
        call(kajo, sample(kajo))


def test_text():
    for make in (sample, by_channel):
        assert repr(make(kajo)) == repr(make(torch)).replace("torch.", "kajo.")


def test_pickles_and_schemes():
    for make in (sample, by_channel):
        q = pickle.loads(pickle.dumps(make(kajo)))
        assert kajo.equal(q, make(kajo)) and q.dtype is kajo.quint8
    assert pickle.loads(pickle.dumps(kajo.per_tensor_affine)) is kajo.per_tensor_affine
    assert isinstance(sample(kajo).qscheme(), kajo.qscheme)
    q = sample(kajo)
    q[0, 1] = 3.0
    assert q[0, 1].item() == pytest.approx(3.0) and hash(q) == id(q)
