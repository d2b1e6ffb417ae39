"""The steps of batch normalisation, put together, give batch normalisation and its gradient."""

import pytest

import kajo

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5), (2, 3, 2, 2)])
def test_the_steps_make_batch_normalisation(shape):
    kajo.manual_seed(0)
    x, g = kajo.randn(shape, dtype=kajo.float64), kajo.randn(shape, dtype=kajo.float64)
    weight, bias = kajo.randn(3, dtype=kajo.float64), kajo.randn(3, dtype=kajo.float64)
    x.requires_grad_()
    weight.requires_grad_()
    expected = kajo.nn.functional.batch_norm(x, None, None, weight, bias, True, eps=1e-3)
    expected.backward(g)
    with kajo.no_grad():
        mean, invstd = kajo.batch_norm_stats(x, 1e-3)
        close(kajo.batch_norm_elemt(x, weight, bias, mean, invstd, 1e-3), expected)
        sums = kajo.batch_norm_backward_reduce(g, x, mean, invstd, weight, True, True, True)
        close(sums[2], weight.grad)
        close(sums[3], g.transpose(0, 1).flatten(1).sum(1))
        count = kajo.tensor([x.numel() // 3])
        result = kajo.batch_norm_backward_elemt(g, x, mean, invstd, weight, *sums[:2], count)
        close(result, x.grad)


def close(ours, theirs):
    assert ours.shape == theirs.shape and kajo.allclose(ours, theirs.detach())


def test_statistics_of_parts_are_those_of_the_whole():
    kajo.manual_seed(0)
    x = kajo.randn(10, 3, dtype=kajo.float64)
    parts = [x[:4], x[4:]]
    found = [kajo.batch_norm_stats(part, 1e-5) for part in parts]
    running = [kajo.zeros(3).double(), kajo.ones(3).double()]
    joined = kajo.batch_norm_gather_stats_with_counts(
        x, *(kajo.stack(s) for s in zip(*found)), *running, 0.1, 1e-5, kajo.tensor([4.0, 6.0])
    )
    for ours, whole in zip(joined, kajo.batch_norm_stats(x, 1e-5)):
        close(ours, whole)
    again = [kajo.zeros(3).double(), kajo.ones(3).double()]
    kajo.batch_norm_update_stats(x, *again, 0.1)
    for ours, theirs in zip(running, again):
        close(ours, theirs)
    halves = [kajo.batch_norm_stats(part, 1e-5) for part in (x[:5], x[5:])]
    joined = kajo.batch_norm_gather_stats(
        x, *(kajo.stack(s) for s in zip(*halves)), None, None, 0.1, 1e-5, 5
    )
    close(joined[1], kajo.batch_norm_stats(x, 1e-5)[1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_update_stats_against_torch(dtype):
    torch.manual_seed(0)
    theirs = torch.randn(4, 3, 2, dtype=getattr(torch, dtype))
    ours = kajo.from_numpy(theirs.numpy().copy())
    running = [lib_x.new_ones(3) for lib_x in (ours, theirs)]
    found = kajo.batch_norm_update_stats(ours, running[0], None, 0.3)
    expected = torch.batch_norm_update_stats(theirs, running[1], None, 0.3)
    for a, b in (*zip(found, expected), running):
        assert a.tolist() == pytest.approx(b.tolist(), rel=1e-6)
