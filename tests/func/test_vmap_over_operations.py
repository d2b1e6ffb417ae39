"""For PyTorch's samples of every operation, `vmap` gives what the operation gives sample by sample."""

import functools
import itertools
import warnings

import pytest

import kajo
from kajo.utils._pytree import tree_flatten, tree_map, tree_unflatten

torch = pytest.importorskip("torch")
from torch.testing._internal.common_methods_invocations import op_db  # noqa: E402

SAMPLES = 2
# Results that differ in shape between samples, are not defined, or are of a memory that is not a sample's.
REFUSED = {
    "argwhere", "empty_like", "masked_select", "new_empty", "new_empty_strided", "nonzero", "resize_",
    "resize_as_", "to_sparse", "unique", "unique_consecutive",
}  # fmt: skip
# Cannot draw the same numbers from what differs.
REFUSED |= {"bernoulli", "multinomial", "normal", "poisson", "binomial"}
# Statistics that are the same for all samples cannot take up what differs between them.
SHARED_STATE = {"native_batch_norm", "nn.functional.batch_norm", "nn.functional.instance_norm"}


def find(name):
    for path in (name, f"Tensor.{name}"):
        try:
            return functools.reduce(getattr, path.split("."), kajo)
        except AttributeError:
            continue
    return None


def converted(x):
    if isinstance(x, torch.Tensor):
        return kajo.tensor(x.detach().numpy())
    if isinstance(x, (torch.dtype, torch.memory_format, torch.layout)):
        return getattr(kajo, str(x).split(".")[-1])
    return tuple(x) if isinstance(x, torch.Size) else x


def cases():
    seen = set()
    for op in op_db:
        if op.name not in seen and find(op.name) is not None and op.name not in REFUSED:
            seen.add(op.name)
            yield pytest.param(op, id=op.name)


def samples_of(op):
    types = op.supported_dtypes("cpu")
    dtype = torch.float32 if torch.float32 in types else next(iter(types), None)
    if dtype is None:
        return
    for sample in itertools.islice(op.sample_inputs("cpu", dtype), SAMPLES):
        try:
            yield tree_map(converted, ((sample.input, *sample.args), sample.kwargs))
        except (TypeError, AttributeError, RuntimeError):
            continue


def choices(op, leaves):
    tensors = [i for i, x in enumerate(leaves) if isinstance(x, kajo.Tensor)]
    yield tensors
    if len(tensors) > 1 and op.name not in SHARED_STATE:
        yield tensors[:1]
        yield tensors[1:]


def single(function, leaves, structure):
    """The results of one sample, tensors only."""
    args, kwargs = tree_unflatten(leaves, structure)
    copies = [x.clone() if isinstance(x, kajo.Tensor) else x for x in args]
    kajo.manual_seed(0)
    return [r for r in tree_flatten(function(*copies, **kwargs))[0] if isinstance(r, kajo.Tensor)]


def replaced(leaves, chosen, values):
    return [values[chosen.index(i)] if i in chosen else x for i, x in enumerate(leaves)]


def mapped(function, leaves, structure, chosen, **dims):
    """The function of the chosen arguments, for a batch."""
    return kajo.vmap(
        lambda *samples: tuple(single(function, replaced(leaves, chosen, samples), structure)),
        randomness="same",
        **dims,
    )


def same(found, expected):
    assert len(found) == len(expected)
    for a, b in zip(found, expected):
        assert a.shape == b.shape and a.dtype is b.dtype
        assert kajo.allclose(a, b, rtol=1e-4, atol=1e-5, equal_nan=True)


def check(op, function, leaves, structure, chosen, is_first):
    other = [x.flip(0) if i in chosen and x.dim() else x for i, x in enumerate(leaves)]
    try:
        pairs = list(zip(single(function, leaves, structure), single(function, other, structure)))
        expected = [kajo.stack(pair) for pair in pairs]
    except (TypeError, RuntimeError, IndexError, ValueError, AttributeError):
        return  # not supported for these arguments
    if not expected:
        return
    # Elsewhere a sample's memory is not one piece.
    for dim in (0, -1) if is_first and op.name != "as_strided_scatter" else (0,):
        batches = [kajo.stack([leaves[i], other[i]], dim) for i in chosen]
        call = mapped(function, leaves, structure, chosen, in_dims=dim, out_dims=dim)
        same(call(*batches), [kajo.stack(pair, dim) for pair in pairs])
    if not is_first or op.name in SHARED_STATE | {"index_put"}:
        return
    # All of them outside, the first one inside.
    batches = [kajo.stack([leaves[i], other[i]]) for i in chosen]
    inner = mapped(function, leaves, structure, chosen, in_dims=(0, *[None] * (len(chosen) - 1)))
    twice = [kajo.stack([leaves[chosen[0]]] * 2), *(leaves[i] for i in chosen[1:])]
    again = [kajo.stack([other[chosen[0]]] * 2), *(other[i] for i in chosen[1:])]
    outer = kajo.vmap(inner, randomness="same")(*[kajo.stack([a, b]) for a, b in zip(twice, again)])
    same(outer, [kajo.stack([e, e], 1) for e in expected])


@pytest.mark.parametrize("op", cases())
def test_a_batch_gives_what_its_samples_give(op):
    function = find(op.name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, (args, kwargs) in enumerate(samples_of(op)):
            leaves, structure = tree_flatten((args, kwargs))
            for chosen in choices(op, leaves):
                if chosen:
                    check(op, function, leaves, structure, chosen, number == 0)


def gradient_cases():
    for param in cases():
        (op,) = param.values
        if op.supports_autograd and torch.float64 in op.supported_dtypes("cpu"):
            yield param


def samples_in_double(op):
    for sample in itertools.islice(op.sample_inputs("cpu", torch.float64), 1):
        try:
            yield tree_map(converted, ((sample.input, *sample.args), sample.kwargs))
        except (TypeError, AttributeError, RuntimeError):
            continue


# Statistics are written in place, and the written copy is a leaf.
WRITTEN = SHARED_STATE | {"nn.functional.instance_norm"}


@pytest.mark.parametrize("op", gradient_cases())
def test_gradients_of_a_batch_are_those_of_its_samples(op):
    function = find(op.name)
    if op.name in WRITTEN:
        return
    for args, kwargs in samples_in_double(op):
        leaves, structure = tree_flatten((args, kwargs))
        chosen = [
            i
            for i, x in enumerate(leaves)
            if isinstance(x, kajo.Tensor) and x.is_floating_point() and x.numel() < 200
        ]

        def total(*values, leaves=leaves, structure=structure, chosen=chosen):
            results = single(function, replaced(leaves, chosen, values), structure)
            return sum((r * r.conj()).real.sum() for r in results if not _is_exact(r))

        samples = [leaves[i] for i in chosen]
        gradient = kajo.func.grad(total, tuple(range(len(chosen))))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                expected = [kajo.stack([g, g]) for g in gradient(*samples)]
            except (TypeError, RuntimeError, IndexError, ValueError, AttributeError):
                return
            batches = [kajo.stack([x, x]) for x in samples]
            same(kajo.vmap(gradient, randomness="same")(*batches), expected)
            of_batch = kajo.func.grad(
                lambda *b: kajo.vmap(total, randomness="same")(*b).sum(), tuple(range(len(chosen)))
            )
            same(of_batch(*batches), expected)


def _is_exact(x):
    return not x.is_floating_point() and not x.is_complex()
