"""Convolutions that add in PyTorch's order give its result to the last bit."""

import pytest

import kajo

torch = pytest.importorskip("torch")
if torch.backends.cpu.get_cpu_capability() != "AVX512":
    pytest.skip("PyTorch adds in another order without AVX-512", allow_module_level=True)

F = kajo.nn.functional


@pytest.fixture(autouse=True)
def two_threads():
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)


def to_kajo(tensor):
    return kajo.from_numpy(tensor.detach().numpy()).requires_grad_()


# batch, channels, result's channels, kernel, side, padding
SHAPES = [
    (64, 1, 32, 3, 28, 0),
    (64, 32, 64, 3, 26, 0),
    (64, 1, 6, 5, 28, 2),
    (64, 6, 16, 5, 14, 0),
    (32, 10, 32, 5, 12, 0),
    (8, 48, 32, 3, 9, 1),
    (8, 48, 128, 3, 8, 1),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_results_and_gradients_are_equal_bit_for_bit(shape):
    batch, channels, out_channels, kernel, side, padding = shape
    torch.manual_seed(0)
    operands = [
        torch.randn(batch, channels, side, side, requires_grad=True),
        torch.randn(out_channels, channels, kernel, kernel, requires_grad=True),
        torch.randn(out_channels, requires_grad=True),
    ]
    expected = torch.nn.functional.conv2d(*operands, padding=padding)
    gradient = torch.randn_like(expected)
    ours = [to_kajo(operand) for operand in operands]
    found = F.conv2d(*ours, padding=padding)
    assert torch.equal(torch.from_numpy(found.detach().numpy()), expected)
    pairs = zip(
        kajo.autograd.grad(found, ours, to_kajo(gradient)),
        torch.autograd.grad(expected, operands, gradient),
        strict=True,
    )
    for one, other in pairs:
        assert torch.equal(torch.from_numpy(one.numpy()), other)
