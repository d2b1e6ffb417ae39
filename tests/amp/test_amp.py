"""Autocast and the gradient scaler, against PyTorch where it is there."""

import pytest

import kajo
import kajo.nn.functional as F
from kajo import nn


def dtypes(library):
    """Result dtypes of many operations under autocast, as text."""
    functional = library.nn.functional
    library.manual_seed(0)
    x, double = library.randn(4, 4), library.randn(4, 4, dtype=library.float64)
    image, target = library.randn(1, 2, 6, 6), library.tensor([0, 1, 2, 3])
    with library.autocast("cpu", dtype=library.bfloat16):
        low = x @ x
        results = {
            "matmul": low,
            "mm": library.mm(x, x),
            "double": double @ double,
            "mixed": library.mm(x, x.bfloat16()),
            "bmm": library.bmm(x[None], x[None]),
            "addmm": library.addmm(x, x, x),
            "outer": library.outer(x[0], x[0]),
            "dot": library.dot(x[0], x[0]),
            "mv": library.mv(x, x[0]),
            "einsum": library.einsum("ij,jk", x, x),
            "linear": functional.linear(x, x),
            "conv": functional.conv2d(image, library.randn(3, 2, 3, 3)),
            "add": low + 1.0,
            "promoted": x + low,
            "softmax": functional.softmax(low, -1),
            "layer_norm": functional.layer_norm(low, (4,)),
            "gelu": functional.gelu(low),
            "sum": low.sum(),
            "prod": low.prod(),
            "mse": functional.mse_loss(low, low),
            "cross": functional.cross_entropy(low, target),
            "bce": functional.binary_cross_entropy_with_logits(low, low.sigmoid()),
            "cat": library.cat([x, low]),
            "stack": library.stack([x, low]),
            "cat low": library.cat([low, low]),
            "inv": library.linalg.inv(low),
            "fft": library.fft.rfft(low),
            "cdist": library.cdist(low, low),
            "attention": functional.scaled_dot_product_attention(x[None], x[None], x[None]),
            "lstm": library.nn.LSTM(4, 4)(x)[0],
            "heads": library.nn.MultiheadAttention(4, 1)(x, x, x)[0],
            "encoder": library.nn.TransformerEncoderLayer(4, 1, 8).train()(x),
            "integers": library.arange(3) + 1,
            "prelu": functional.prelu(x, x[0, :1]),
            "reflected": functional.pad(low, (1, 1), mode="reflect"),
            "replicated": functional.pad(low, (1, 1), mode="replicate"),
            "circular": functional.pad(low, (1, 1), mode="circular"),
            "padded": functional.pad(low, (1, 1)),
            "tensordot": library.tensordot(x, x),
            "power": library.linalg.matrix_power(x, 3),
            "chain": library.linalg.multi_dot([x, x, x]),
        }
        with library.autocast("cpu", enabled=False):
            results["off"] = x @ x
        results["on again"] = x @ x
    results["after"] = x @ x
    return {name: str(value.dtype).split(".")[1] for name, value in results.items()}


def test_dtypes_are_those_of_pytorch():
    torch = pytest.importorskip("torch")
    assert dtypes(kajo) == dtypes(torch)


def test_state_of_the_block():
    assert not kajo.is_autocast_enabled("cpu")
    with kajo.autocast("cpu", dtype=kajo.float16):
        assert kajo.is_autocast_enabled("cpu")
        assert kajo.get_autocast_dtype("cpu") is kajo.float16
        assert (kajo.ones(2, 2) @ kajo.ones(2, 2)).dtype is kajo.float16
    assert not kajo.is_autocast_enabled("cpu")
    assert kajo.get_autocast_dtype("cpu") is kajo.bfloat16

    @kajo.autocast("cpu")
    def product(x):
        return x @ x

    assert product(kajo.ones(2, 2)).dtype is kajo.bfloat16
    with pytest.raises(ValueError, match="boom"), kajo.autocast("cpu"):
        raise ValueError("boom")
    assert not kajo.is_autocast_enabled("cpu")


def test_wrong_devices_and_dtypes():
    with pytest.raises(RuntimeError, match="unsupported autocast"):
        kajo.autocast("toaster")
    with pytest.raises(ValueError, match="device_type"):
        kajo.autocast(3)
    with pytest.warns(UserWarning, match="not supported"), kajo.autocast("cpu", dtype=kajo.float64):
        assert not kajo.is_autocast_enabled("cpu")
    with pytest.warns(UserWarning, match="CUDA is not available"), kajo.autocast("cuda"):
        pass


def test_training_in_mixed_precision_learns():
    kajo.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
    optimizer = kajo.optim.Adam(model.parameters(), lr=0.02)
    x = kajo.randn(64, 2)
    y = (x[:, :1] * x[:, 1:]).sign()
    losses = []
    for _ in range(150):
        with kajo.autocast("cpu"):
            loss = F.mse_loss(model(x), y)
        assert loss.dtype is kajo.float32
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert all(p.grad.dtype is kajo.float32 for p in model.parameters())
    assert losses[-1] < 0.4 * losses[0]


def test_a_parameter_is_cast_once_a_block():
    weight = kajo.ones(2, 2, requires_grad=True)
    with kajo.autocast("cpu"):
        first, second = kajo.ones(2, 2) @ weight, kajo.ones(2, 2) @ weight
    (first.sum() + second.sum()).backward()
    assert weight.grad.tolist() == [[4.0, 4.0], [4.0, 4.0]]
    with kajo.autocast("cpu"):
        with kajo.no_grad():
            kajo.ones(2, 2) @ weight
        assert (kajo.ones(2, 2) @ weight).requires_grad


def test_custom_functions():
    class Square(kajo.autograd.Function):
        @staticmethod
        @kajo.amp.custom_fwd(device_type="cpu", cast_inputs=kajo.float32)
        def forward(ctx, x):
            assert not kajo.is_autocast_enabled("cpu")
            ctx.save_for_backward(x)
            return x @ x

        @staticmethod
        @kajo.amp.custom_bwd(device_type="cpu")
        def backward(ctx, gradient):
            assert not kajo.is_autocast_enabled("cpu")
            (x,) = ctx.saved_tensors
            return gradient @ x.T + x.T @ gradient

    x = kajo.ones(2, 2, dtype=kajo.bfloat16, requires_grad=True)
    with kajo.autocast("cpu"):
        y = Square.apply(x)
    assert y.dtype is kajo.float32
    y.sum().backward()
    assert x.grad.tolist() == [[4.0, 4.0], [4.0, 4.0]]


def scaled_run(library):
    weight = library.ones(2, requires_grad=True)
    optimizer = library.optim.SGD([weight], lr=0.1)
    scaler = library.amp.GradScaler("cpu", init_scale=8.0, growth_interval=2)
    seen = []
    for factor in (1.0, 2.0, float("inf"), 1.0, 3.0, 1.0):
        optimizer.zero_grad()
        scaler.scale((weight * factor).sum()).backward()
        if factor == 3.0:
            scaler.unscale_(optimizer)
        scaler.step(optimizer)
        scaler.update()
        seen.append((scaler.get_scale(), weight.detach().tolist()))
    return seen, scaler.state_dict()


def test_scaler_goes_pytorchs_way():
    torch = pytest.importorskip("torch")
    assert scaled_run(kajo) == scaled_run(torch)


def test_scaler_states_and_refusals():
    weight = kajo.ones(1, requires_grad=True)
    optimizer = kajo.optim.SGD([weight], lr=0.1)
    scaler = kajo.amp.GradScaler("cpu", init_scale=4.0)
    assert [t.item() for t in scaler.scale([kajo.ones(()), kajo.ones(())])] == [4.0, 4.0]
    with pytest.raises(AssertionError, match="No inf checks"):
        scaler.update()
    scaler.scale(weight.sum()).backward()
    scaler.unscale_(optimizer)
    assert weight.grad.tolist() == [1.0]
    with pytest.raises(RuntimeError, match="already been called"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="already been called"):
        scaler.step(optimizer)
    scaler.update(2.0)
    other = kajo.amp.GradScaler("cpu")
    other.load_state_dict(scaler.state_dict())
    assert other.get_scale() == 2.0
    with pytest.raises(RuntimeError, match="empty"):
        other.load_state_dict({})
    off = kajo.amp.GradScaler("cpu", enabled=False)
    assert off.scale(weight) is weight and off.get_scale() == 1.0 and off.state_dict() == {}
