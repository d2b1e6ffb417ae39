"""Saving and loading; and files that must be refused."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import random
import struct
import tarfile
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

import kajo
from kajo._pickle_reader import DataUnpickler

FORMATS = [{}, {"_use_new_zipfile_serialization": False}]
LOAD_ERRORS = (pickle.UnpicklingError, RuntimeError, EOFError)


def save_bytes(value, **options):
    stream = io.BytesIO()
    kajo.save(value, stream, **options)
    return stream.getvalue()


def round_trip(value, **options):
    return kajo.load(io.BytesIO(save_bytes(value, **options)))


@pytest.mark.parametrize("options", [*FORMATS, {"pickle_protocol": 4}, {"pickle_protocol": 5}])
def test_round_trip(options):
    base = kajo.arange(12.0).reshape(3, 4)
    value = OrderedDict(
        base=base,
        transposed=base.t(),
        part=base[1:, ::2],
        empty=kajo.zeros(0, 3),
        half=kajo.ones(2, dtype=kajo.bfloat16),
        flags=kajo.tensor([True, False]),
        number=kajo.tensor(2 + 1j),
        leaf=kajo.ones(2, requires_grad=True),
        dtype=kajo.float16,
        device=kajo.device("cpu"),
        size=kajo.Size([2, 3]),
        plain=[1, 2.5, None, True, "text", b"bytes", (1, 2), {3}, 2**70, -5, 1 + 2j],
        meta=kajo.empty(3, device="meta"),
    )
    loaded = round_trip(value, **options)
    assert list(loaded) == list(value)
    for name, old in value.items():
        new = loaded[name]
        if not isinstance(old, kajo.Tensor):
            assert new == old
            continue
        assert (new.dtype, new.shape, new.stride()) == (old.dtype, old.shape, old.stride())
        assert new.requires_grad == old.requires_grad
        if name != "meta":
            assert new.tolist() == old.tolist()
    loaded["base"][1, 0] = 100.0
    assert loaded["transposed"][0, 1] == 100.0
    assert loaded["part"][0, 0] == 100.0


def test_parameters_and_attributes():
    parameter = kajo.nn.Parameter(kajo.ones(2), requires_grad=False)
    loaded = round_trip([parameter])[0]
    assert type(loaded) is kajo.nn.Parameter
    assert not loaded.requires_grad


@pytest.mark.parametrize("mapping", ["meta", kajo.device("meta"), {"cpu": "meta"}])
def test_map_location(mapping):
    data = save_bytes(kajo.ones(2))
    assert kajo.load(io.BytesIO(data), map_location=mapping).device.type == "meta"


def test_map_location_function():
    seen = []
    data = save_bytes(kajo.ones(2))
    kajo.load(io.BytesIO(data), map_location=lambda storage, where: seen.append(where))
    assert seen == ["cpu"]


def test_mapped_file_is_not_changed(tmp_path):
    path = tmp_path / "model.pt"
    kajo.save(kajo.zeros(100), path)
    before = path.read_bytes()
    loaded = kajo.load(path, mmap=True)
    loaded += 1
    assert loaded.sum() == 100
    assert path.read_bytes() == before
    with pytest.raises(ValueError, match="file path"):
        kajo.load(io.BytesIO(before), mmap=True)


def test_storages_are_aligned():
    with zipfile.ZipFile(io.BytesIO(save_bytes([kajo.ones(3), kajo.ones(5)]))) as archive:
        for info in archive.infolist():
            header = archive.fp
            header.seek(info.header_offset + 26)
            name, extra = struct.unpack("<HH", header.read(4))
            assert (info.header_offset + 30 + name + extra) % 64 == 0


def test_failed_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "model.pt"
    kajo.save([1], path)
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        kajo.save([lambda: 0], path)
    assert kajo.load(path) == [1]
    assert os.listdir(tmp_path) == ["model.pt"]


def test_bad_arguments(tmp_path):
    with pytest.raises(FileNotFoundError):
        kajo.load(tmp_path / "missing.pt")
    with pytest.raises(RuntimeError, match="Parent directory"):
        kajo.save(1, tmp_path / "missing" / "model.pt")
    with pytest.raises(AttributeError):
        kajo.save(1, 3)
    with pytest.raises(AttributeError):
        kajo.load(3)
    with pytest.raises(EOFError):
        kajo.load(io.BytesIO())
    with pytest.raises(RuntimeError, match="pickle_module"):
        kajo.load(io.BytesIO(save_bytes(1)), pickle_module=pickle, weights_only=True)
    whole = kajo.ones(4)
    with pytest.raises(RuntimeError, match="different types"):
        save_bytes([whole, whole.view(kajo.int32)])


class Evil:
    def __reduce__(self):
        return (os.system, ("false",))


class Harmless:
    def __init__(self, number):
        self.number = number


@pytest.mark.parametrize("options", FORMATS)
def test_code_is_refused(options):
    data = save_bytes({"a": kajo.ones(1), "b": Evil()}, **options)
    with pytest.raises(pickle.UnpicklingError, match="system"):
        kajo.load(io.BytesIO(data))


def test_allowed_classes():
    data = save_bytes(Harmless(3))
    with pytest.raises(pickle.UnpicklingError, match="Harmless"):
        kajo.load(io.BytesIO(data))
    unsafe = kajo.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(data))
    assert [name for name in unsafe if name.endswith("Harmless")]
    with kajo.serialization.safe_globals([Harmless]):
        assert kajo.load(io.BytesIO(data)).number == 3
    assert kajo.serialization.get_safe_globals() == []
    assert kajo.load(io.BytesIO(data), weights_only=False).number == 3


def tensor_pickle(count, offset, size, stride, kind=b"FloatStorage"):
    """The pickle of one tensor with any layout, over storage ``0``."""

    def number(value):
        return b"\x8a\x08" + struct.pack("<q", value)

    def numbers(values):
        return b"(" + b"".join(number(value) for value in values) + b"t"

    def text(value):
        return b"X" + struct.pack("<I", len(value)) + value

    storage = b"(" + text(b"storage") + b"ctorch\n" + kind + b"\n" + text(b"0") + text(b"cpu")
    storage += number(count) + b"tQ"
    hooks = b"ccollections\nOrderedDict\n)R"
    arguments = storage + number(offset) + numbers(size) + numbers(stride) + b"\x89" + hooks
    return b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"tR."


def archive_of(text, storage=b""):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", text)
        archive.writestr("archive/data/0", storage)
        archive.writestr("archive/version", b"3\n")
    return io.BytesIO(stream.getvalue())


def test_crafted_archive_is_read():
    data = np.arange(4, dtype=np.float32).tobytes()
    tensor = kajo.load(archive_of(tensor_pickle(4, 1, (3,), (1,)), data))
    assert tensor.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("count", "offset", "size", "stride"),
    [
        (4, 0, (5,), (1,)),
        (4, 1, (4,), (1,)),
        (4, 0, (2,), (4,)),
        (4, -1, (2,), (1,)),
        (4, 0, (-2,), (1,)),
        (4, 0, (2,), (-1,)),
        (4, 0, (2, 2), (2,)),
        (4, 2**62, (1,), (1,)),
        (4, 0, (2**40, 2**40), (2**40, 1)),
        (4, 5, (0,), (1,)),
        (5, 0, (5,), (1,)),
        (3, 0, (3,), (1,)),
        (-4, 0, (1,), (1,)),
        (2**61, 0, (1,), (1,)),
    ],
)
def test_layouts_outside_the_storage_are_refused(count, offset, size, stride):
    text = tensor_pickle(count, offset, size, stride)
    with pytest.raises((RuntimeError, pickle.UnpicklingError)):
        kajo.load(archive_of(text, bytes(16)))


@pytest.mark.parametrize(
    "text",
    [
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n}X\x01\x00\x00\x00aK\x01s.",
        b"\x80\x02ccollections\nOrderedDict\n)RX\x01\x00\x00\x00aK\x01K\x02K\x03e.",
        b"\x80\x02cbuiltins\neval\nX\x01\x00\x00\x001\x85R.",
        b"\x80\x02cbuiltins\ngetattr\n.",
        b"\x80\x02ctorch.serialization\nload\nX\x01\x00\x00\x001\x85R.",
        b"\x80\x02ctorch\nTensor\n)\x81.",
        b"\x80\x02ctorch\nTensor\n)R.",
        b"\x80\x02(ctorch._utils\n_rebuild_tensor_v2\nK\x01i.",
        b"\x80\x02K\x01K\x02R.",
        b"\x80\x02h\x05.",
        b"\x80\x02t.",
        b"\x80\x02].e",
        b"\x80\x02]K\x01K\x02s.",
        b"\x80\x02cbuiltins\nbytearray\n\x8a\x06\x00\x00\x00\x00\x00\x01\x85R.",
        b"\x80\x09.",
        b"\x80\x02" + b"(" * 50 + b".",
        b"\x80\x02X\xff\xff\xff\x7f",
        b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R.",
        b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.",
        b"\x80\x02ctorch\nFloatStorage\nQ.",
        b"\x80\x02ccollections\nOrderedDict\n)R}X\x09\x00\x00\x00__class__K\x01sb.X",
    ],
)
def test_hostile_pickles(text):
    try:
        value = kajo.load(archive_of(text))
    except LOAD_ERRORS:
        return
    assert type(value) in (list, OrderedDict)


def test_nested_keys_neither_overflow_nor_hang():
    deep = b"\x80\x02})" + b"\x85" * 1_000_000 + b"K\x01s."
    wide = b"\x80\x02}K\x01" + b"2\x86" * 100 + b"K\x01s."
    for text in (deep, wide):
        with pytest.raises(pickle.UnpicklingError, match="nested"):
            DataUnpickler(io.BytesIO(text), lambda module, name: None).load()


@pytest.mark.parametrize("options", FORMATS)
def test_damaged_files(options):
    value = {"a": kajo.ones(3), "b": [1, "x", kajo.nn.Parameter(kajo.ones(2))]}
    data = save_bytes(value, **options)
    rng = random.Random(0)
    for length in range(0, len(data), 37):
        with pytest.raises(LOAD_ERRORS):
            kajo.load(io.BytesIO(data[:length]))
    for _ in range(1500):
        broken = bytearray(data)
        for _ in range(rng.choice([1, 1, 3])):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        with contextlib.suppress(LOAD_ERRORS):
            kajo.load(io.BytesIO(bytes(broken)))


def tar_checkpoint(value=b"\x80\x02X\x01\x00\x00\x001Q."):
    """One float tensor of shape (2, 2), as the first releases of PyTorch wrote it."""
    name = b"\x80\x02(K\x05X\x03\x00\x00\x00cpuctorch\nFloatStorage\nt."
    storages = pickle.dumps(1, 2) + name + struct.pack("<q", 4)
    storages += np.arange(4, dtype=np.float32).tobytes() + pickle.dumps([], 2)
    tensors = pickle.dumps(1, 2) + b"\x80\x02(K\x01K\x05ctorch\nFloatTensor\nt."
    tensors += struct.pack("<ii4qq", 2, 0, 2, 2, 2, 1, 0)
    parts = {"sys_info": pickle.dumps({}, 2), "pickle": value}
    parts |= {"tensors": tensors, "storages": storages}
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:") as archive:
        for part, data in parts.items():
            info = tarfile.TarInfo(part)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def test_tar_format():
    assert kajo.load(io.BytesIO(tar_checkpoint())).tolist() == [[0.0, 1.0], [2.0, 3.0]]
    evil = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R."
    with pytest.raises(pickle.UnpicklingError):
        kajo.load(io.BytesIO(tar_checkpoint(evil)))


def test_pickling_leaves_the_graph_out() -> None:
    result = kajo.ones(2, requires_grad=True) * 2
    again = pickle.loads(pickle.dumps(result))
    assert again.is_leaf
    assert again.requires_grad
    assert again.tolist() == [2.0, 2.0]
