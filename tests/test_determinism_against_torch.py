"""The samples of PyTorch's operation database, enlarged, give the same bits for every number of threads."""

import itertools
import sys

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")

from operation_calls import with_gradients  # noqa: E402
from test_determinism import differs  # noqa: E402

import kajo  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # calls warn of what is deprecated

# The sizes that the database is written with, and what stands for them here.
SIZES = {"S": 34, "M": 48, "L": 260}
SAMPLES, LOOKED_AT, MOST_ELEMENTS = 1, 8, 1_000_000
# Uninitialised results, and samples that take long to make when they are large.
LEFT_OUT = [
    "empty",
    "resize",
    "sort",
    "slice_scatter",
    "max_unpool",
    "grid_sampler_3d",
    "dropout3d",
    "feature_alpha_dropout",
    "linalg.lu_factor",
    "kron",
]


@pytest.fixture(scope="module")
def database():
    from torch.testing._internal import common_methods_invocations as methods

    changed = []
    for name, module in list(sys.modules.items()):
        if name.startswith("torch.testing._internal"):
            for size, value in SIZES.items():
                if isinstance(getattr(module, size, None), int):
                    changed.append((module, size, getattr(module, size)))
                    setattr(module, size, value)
    yield methods.op_db
    for module, size, value in changed:
        setattr(module, size, value)


def elements(value):
    if isinstance(value, torch.Tensor):
        return value.numel()
    items = value.values() if isinstance(value, dict) else value
    return sum(map(elements, items)) if isinstance(value, (tuple, list, dict)) else 0


def ours(value):
    """kajo's counterpart of an argument; KeyError where there is none."""
    if isinstance(value, torch.Tensor):
        plain = value.detach().resolve_conj().resolve_neg()
        if plain.layout is not torch.strided or plain.dtype is torch.bfloat16:
            raise KeyError
        return kajo.from_numpy(plain.numpy().copy())
    if isinstance(value, (torch.dtype, torch.layout, torch.memory_format)):
        return getattr(kajo, str(value).removeprefix("torch."))
    if isinstance(value, torch.Size):
        return tuple(value)
    if isinstance(value, (tuple, list)):
        return type(value)(map(ours, value))
    if isinstance(value, dict):
        return {name: ours(item) for name, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, complex, str, slice)):
        return value
    raise KeyError


def function(name):
    """kajo's function or method of the database's name; None where it has neither."""
    found = kajo
    for part in name.split("."):
        found = getattr(found, part, None)
    return found if callable(found) else getattr(kajo.Tensor, name, None)


def largest_samples(info):
    dtypes = sorted(info.dtypes, key=str)
    dtype = torch.float32 if torch.float32 in dtypes or not dtypes else dtypes[0]
    torch.manual_seed(0)
    samples = info.sample_inputs("cpu", dtype, requires_grad=False)
    sized = []
    for sample in itertools.islice(samples, LOOKED_AT):
        size = elements([sample.input, sample.args, sample.kwargs])
        if size <= MOST_ELEMENTS:
            sized.append((size, sample))
    return [sample for _, sample in sorted(sized, key=lambda pair: -pair[0])[:SAMPLES]]


def call_of(info, sample):
    run = function(info.name)

    def call():
        given, named = ours([sample.input, *sample.args]), ours(sample.kwargs)
        leaves = with_gradients([given, named])
        return run(*given, **named), leaves

    return call


def test_samples_of_the_database(database):
    before = kajo.get_num_threads()
    different, compared = [], set()
    for info in database:
        if function(info.name) is None or any(word in info.name for word in LEFT_OUT):
            continue
        try:
            samples = largest_samples(info)
        except Exception:  # some cannot be enlarged
            continue
        for sample in samples:
            try:
                if differs(call_of(info, sample)):
                    different.append(info.name)
                compared.add(info.name)
            except Exception:  # the database calls some by wrappers of its own
                continue
    kajo.set_num_threads(before)
    assert not different
    assert len(compared) > 400
