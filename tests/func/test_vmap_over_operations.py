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
    "resize_as_", "unique", "unique_consecutive",
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


def check(function, leaves, structure, chosen):
    def call(values):
        args, kwargs = tree_unflatten(values, structure)
        copies = [x.clone() if isinstance(x, kajo.Tensor) else x for x in args]
        kajo.manual_seed(0)
        return function(*copies, **kwargs)

    other = [x.flip(0) if i in chosen and x.dim() else x for i, x in enumerate(leaves)]
    try:
        single = [tree_flatten(call(values))[0] for values in (leaves, other)]
        expected = [kajo.stack(pair) for pair in zip(*single)]
    except (TypeError, RuntimeError, IndexError, ValueError, AttributeError):
        return  # not supported for these arguments, or no tensors
    batches = [kajo.stack([leaves[i], other[i]]) for i in chosen]

    def of_sample(*samples):
        values = list(leaves)
        for i, x in zip(chosen, samples):
            values[i] = x
        return call(values)

    found = tree_flatten(kajo.vmap(of_sample, randomness="same")(*batches))[0]
    assert len(found) == len(expected)
    for a, b in zip(found, expected):
        assert a.shape == b.shape and a.dtype is b.dtype
        assert kajo.allclose(a, b, rtol=1e-4, atol=1e-5, equal_nan=True)


@pytest.mark.parametrize("op", cases())
def test_a_batch_gives_what_its_samples_give(op):
    function = find(op.name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for args, kwargs in samples_of(op):
            leaves, structure = tree_flatten((args, kwargs))
            for chosen in choices(op, leaves):
                if chosen:
                    check(function, leaves, structure, chosen)
