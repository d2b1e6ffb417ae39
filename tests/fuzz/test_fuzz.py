"""Random input, most of it wrong: it is refused by an exception or gives what NumPy gives.

The point is what does not happen: a crash, or a read or write outside a tensor. So these tests are
also run on a build with the address sanitizer.
"""

import io
import pickle
import random
import zipfile

import numpy as np
import pytest

import kajo

REFUSED = (IndexError, RuntimeError, TypeError, ValueError)
UNREADABLE = (*REFUSED, EOFError, OSError, KeyError, pickle.UnpicklingError, zipfile.BadZipFile)


def random_index(rng, size):
    """An element of an index: an integer, a slice, None, an ellipsis, a mask or an index tensor."""

    def number():
        return rng.randint(-size - 1, size)

    kind = rng.randrange(7)
    if kind == 0:
        return number()
    if kind == 1:
        step = rng.choice([None, 1, 2, 3])
        return slice(rng.choice([None, number()]), rng.choice([None, number()]), step)
    if kind == 2:
        return rng.choice([None, Ellipsis])
    if kind == 3:
        return [bool(rng.getrandbits(1)) for _ in range(rng.choice([size, size, size + 1]))]
    return [number() for _ in range(rng.randint(0, 3))]


def as_tensors(index):
    kinds = {bool: kajo.bool, int: kajo.int64}
    return tuple(
        kajo.tensor(part, dtype=kinds[type(part[0])] if part else kajo.int64)
        if isinstance(part, list)
        else part
        for part in index
    )


def as_arrays(index):
    return tuple(
        np.array(part, dtype=np.int64 if not part else None) if isinstance(part, list) else part
        for part in index
    )


@pytest.mark.parametrize("seed", range(300))
def test_reading_by_any_index(seed):
    rng = random.Random(seed)
    shape = [rng.randint(0, 4) for _ in range(rng.randint(0, 4))]
    array = np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)
    index = [random_index(rng, rng.choice([*shape, 2])) for _ in range(rng.randint(0, 5))]
    tensor = kajo.from_numpy(array)
    try:
        found = tensor[as_tensors(index)]
    except REFUSED:
        return
    if found.numel() == 0:  # where nothing is read, PyTorch checks no bounds, and NumPy does
        return
    expected = array[as_arrays(index)]
    assert tuple(found.shape) == expected.shape
    np.testing.assert_array_equal(found.numpy(), expected)


@pytest.mark.parametrize("seed", range(200))
def test_writing_by_any_index(seed):
    rng = random.Random(seed)
    shape = [rng.randint(1, 4) for _ in range(rng.randint(1, 4))]
    array = np.zeros(shape, dtype=np.float32)
    tensor = kajo.zeros(shape)
    index = [random_index(rng, rng.choice(shape)) for _ in range(rng.randint(1, 4))]
    value = np.float32(rng.randint(1, 9))
    try:
        tensor[as_tensors(index)] = float(value)
    except REFUSED:
        assert tensor.eq(0).all()
        return
    try:
        array[as_arrays(index)] = value
    except IndexError:  # as above: nothing was to be written
        assert tensor.eq(0).all()
        return
    np.testing.assert_array_equal(tensor.numpy(), array)


@pytest.mark.parametrize("seed", range(300))
def test_views_by_any_strides(seed):
    rng = random.Random(seed)
    tensor = kajo.arange(24, dtype=kajo.float32)
    dims = rng.randint(0, 4)
    sizes = [rng.randint(-1, 5) for _ in range(dims)]
    strides = [rng.choice([-1, 0, 1, 2, 5, 12, 2**40, 2**62]) for _ in range(dims)]
    offset = rng.choice([0, 0, 1, 5, 23, 24, -1, 2**40, 2**62])
    try:
        view = tensor.as_strided(sizes, strides, offset)
        total = view.sum().item()
    except REFUSED:
        return
    assert view.tolist() is not None
    expected = 0.0
    for position in np.ndindex(*sizes):
        expected += offset + sum(i * stride for i, stride in zip(position, strides, strict=True))
    assert total == expected


@pytest.mark.parametrize("seed", range(100))
def test_set_to_any_part_of_a_storage(seed):
    rng = random.Random(seed)
    source = kajo.arange(12, dtype=kajo.float32)
    tensor = kajo.zeros(2)
    size = [rng.randint(0, 5) for _ in range(2)]
    stride = [rng.choice([0, 1, 3, 2**61]) for _ in range(2)]
    try:
        tensor.set_(source.untyped_storage(), rng.choice([0, 3, 11, -1, 2**61]), size, stride)
        tensor.tolist()
    except REFUSED:
        return


@pytest.fixture(scope="module")
def checkpoint():
    file = io.BytesIO()
    kajo.save({"weight": kajo.arange(6.0).view(2, 3).t(), "steps": [1, 2], "name": "net"}, file)
    return file.getvalue()


def load(content):
    return kajo.load(io.BytesIO(content), weights_only=True)


def read_everything(state):
    """Touches every element, so that a tensor that reaches outside its storage is noticed."""
    if isinstance(state, kajo.Tensor):
        state.tolist()
    elif isinstance(state, dict):
        for key, value in state.items():
            read_everything(key)
            read_everything(value)
    elif isinstance(state, list | tuple):
        for value in state:
            read_everything(value)


def test_the_whole_checkpoint_loads(checkpoint):
    assert load(checkpoint)["weight"].tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]


@pytest.mark.parametrize("share", range(0, 100, 5))
def test_truncated_checkpoints_are_refused(checkpoint, share):
    with pytest.raises(UNREADABLE):
        load(checkpoint[: len(checkpoint) * share // 100])


@pytest.mark.parametrize("seed", range(200))
def test_corrupted_checkpoints_do_no_harm(checkpoint, seed):
    rng = random.Random(seed)
    damaged = bytearray(checkpoint)
    for _ in range(rng.randint(1, 8)):
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
    try:
        read_everything(load(bytes(damaged)))
    except UNREADABLE:
        return


def rewritten(checkpoint, change):
    """The checkpoint with its pickle changed and the archive whole, so that no checksum helps."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(checkpoint)) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name.endswith("data.pkl") else content)
    return target.getvalue()


@pytest.mark.parametrize("seed", range(200))
def test_changed_pickles_do_no_harm(checkpoint, seed):
    rng = random.Random(seed)

    def change(content):
        damaged = bytearray(content)
        for _ in range(rng.randint(1, 3)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        return bytes(damaged)

    try:
        read_everything(load(rewritten(checkpoint, change)))
    except (*UNREADABLE, AttributeError, OverflowError, MemoryError):
        return


class Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_code_in_a_checkpoint_is_not_run(checkpoint, tmp_path):
    trap = tmp_path / "trap"
    with pytest.raises(UNREADABLE):
        load(rewritten(checkpoint, lambda _: pickle.dumps(Malicious(trap), protocol=2)))
    assert not trap.exists()
