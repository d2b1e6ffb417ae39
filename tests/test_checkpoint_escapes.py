"""The two known escapes of PyTorch's restricted reader are refused, in every format."""

from __future__ import annotations

import io
import pickle
import struct
import subprocess
import sys
import tarfile
import zipfile

import numpy as np
import pytest

import kajo

REFUSALS = (pickle.UnpicklingError, RuntimeError)


def code(path):
    """A pickle that makes a file when it is run."""
    text = f"open({str(path)!r}, 'w').close()".encode()
    return b"\x80\x02cbuiltins\nexec\nX" + struct.pack("<I", len(text)) + text + b"\x85R."


def tar_of(**replaced):
    """A checkpoint in the tar format of PyTorch's first releases, with some parts replaced."""
    name = b"\x80\x02(K\x05X\x03\x00\x00\x00cpuctorch\nFloatStorage\nt."
    storages = pickle.dumps(1, 2) + name + struct.pack("<q", 4)
    storages += np.arange(4, dtype=np.float32).tobytes() + pickle.dumps([], 2)
    tensors = pickle.dumps(1, 2) + b"\x80\x02(K\x01K\x05ctorch\nFloatTensor\nt."
    tensors += struct.pack("<ii4qq", 2, 0, 2, 2, 2, 1, 0)
    parts = {"pickle": b"\x80\x02X\x01\x00\x00\x001Q.", "tensors": tensors, "storages": storages}
    parts["sys_info"] = pickle.dumps({}, 2)
    parts |= replaced
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:") as archive:
        for part, data in parts.items():
            if data is not None:
                info = tarfile.TarInfo(part)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def legacy_of(text):
    """A checkpoint in the stream format: magic number, version, system, then the object."""
    head = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})
    return b"".join(pickle.dumps(part, 2) for part in head) + text + pickle.dumps([], 2)


def zip_of(text, storage=b""):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", text)
        archive.writestr("archive/data/0", storage)
        archive.writestr("archive/version", b"3\n")
    return stream.getvalue()


@pytest.mark.parametrize("part", ["pickle", "tensors", "storages", "twice in storages"])
@pytest.mark.parametrize("options", [{}, {"weights_only": True}])
def test_cve_2025_32434_no_part_of_a_tar_file_runs_code(tmp_path, part, options):
    # The restricted reader was not used for all parts of the older format.
    ran = tmp_path / "ran"
    if part == "twice in storages":
        replaced = {"storages": pickle.dumps(1, 2) + code(ran)}
    else:
        replaced = {part: code(ran)}
    with pytest.raises(REFUSALS):
        kajo.load(io.BytesIO(tar_of(**replaced)), **options)
    assert not ran.exists()


@pytest.mark.parametrize("make", [zip_of, legacy_of])
@pytest.mark.parametrize("options", [{}, {"weights_only": True}])
def test_cve_2025_32434_nor_of_the_other_formats(tmp_path, make, options):
    ran = tmp_path / "ran"
    with pytest.raises(REFUSALS):
        kajo.load(io.BytesIO(make(code(ran))), **options)
    assert not ran.exists()


def test_the_code_of_these_tests_would_run(tmp_path):
    ran = tmp_path / "ran"
    pickle.loads(code(ran))
    assert ran.exists()


def test_tar_files_need_no_system_information():
    data = tar_of(sys_info=None)
    assert kajo.load(io.BytesIO(data)).tolist() == [[0.0, 1.0], [2.0, 3.0]]
    assert kajo.load(io.BytesIO(data), weights_only=False).tolist() == [[0.0, 1.0], [2.0, 3.0]]


def tensor_text(count, size, offset=0):
    """What makes one tensor of floats over storage 0, without the end of the pickle."""

    def number(value):
        return b"\x8a\x08" + struct.pack("<q", value)

    def text(value):
        return b"X" + struct.pack("<I", len(value)) + value

    storage = b"(" + text(b"storage") + b"ctorch\nFloatStorage\n" + text(b"0") + text(b"cpu")
    storage += number(count) + b"tQ"
    rest = number(offset) + b"(" + number(size) + b"t(" + number(1) + b"t\x89"
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n("
        + storage
        + rest
        + b"ccollections\nOrderedDict\n)RtR"
    )


TARGETS = {
    "tensor": tensor_text(4, 4),
    "storage": b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ",
    "tuple": b"K\x01K\x02\x86",
    "text": b"X\x01\x00\x00\x00a",
    "number": b"K\x01",
    "class": b"ctorch\nFloatStorage\n",
    "function": b"ctorch._utils\n_rebuild_tensor_v2\n",
    "none": b"N",
}


@pytest.mark.parametrize("opcodes", ["SETITEM", "SETITEMS"])
@pytest.mark.parametrize("key", [0, 3, -1, 4, 2**40, -(2**40)])
@pytest.mark.parametrize("target", TARGETS)
def test_cve_2026_24747_items_are_set_in_dictionaries_only(target, key, opcodes):
    pair = b"\x8a\x08" + struct.pack("<q", key) + b"G" + struct.pack(">d", 7.0)
    text = (
        b"\x80\x02"
        + TARGETS[target]
        + (pair + b"s" if opcodes == "SETITEM" else b"(" + pair + b"u")
    )
    with pytest.raises(REFUSALS):
        kajo.load(io.BytesIO(zip_of(text + b".", bytes(16))))


@pytest.mark.parametrize("declared", [5, 1000, 2**20, 2**40, 2**61, 2**62, -1, -(2**40)])
@pytest.mark.parametrize("options", [{}, {"mmap": True}])
def test_cve_2026_24747_storages_have_the_bytes_that_they_declare(tmp_path, declared, options):
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(zip_of(b"\x80\x02" + tensor_text(declared, 4) + b".", bytes(16)))
    with pytest.raises(REFUSALS):
        kajo.load(path, **options)


@pytest.mark.parametrize("size, offset", [(5, 0), (4, 1), (1, 4), (2**60, 0), (1, 2**61), (1, -1)])
def test_cve_2026_24747_views_stay_inside_of_their_storage(size, offset):
    with pytest.raises(REFUSALS):
        kajo.load(io.BytesIO(zip_of(b"\x80\x02" + tensor_text(4, size, offset) + b".", bytes(16))))


SURVIVE = """
import io, random, sys
import kajo
data, rng = open(sys.argv[1], "rb").read(), random.Random(0)
for _ in range(3000):
    broken = bytearray(data)
    for _ in range(rng.choice([1, 2, 4])):
        broken[rng.randrange(len(broken))] = rng.randrange(256)
    try:
        value = kajo.load(io.BytesIO(bytes(broken)))
        str(value)
    except Exception:
        pass
print("alive")
"""


def test_mutated_pickles_crash_nothing(tmp_path):
    # Only the pickle is mutated: whole archives would be refused for their checksums.
    path = tmp_path / "data"
    path.write_bytes(legacy_of(b"\x80\x02" + tensor_text(4, 4) + b"."))
    done = subprocess.run(
        [sys.executable, "-c", SURVIVE, str(path)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
    )
    assert done.stdout.strip() == "alive", done.stderr[-2000:]
