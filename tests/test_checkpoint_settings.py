"""What can be set for checkpoints, where their storages go, and formats that need care."""

from __future__ import annotations

import io
import mmap
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile

import pytest

import kajo
from kajo import _checkpoint_places, serialization


def save_bytes(value, **options):
    stream = io.BytesIO()
    kajo.save(value, stream, **options)
    return stream.getvalue()


def test_checksums_can_be_left_out():
    serialization.set_crc32_options(False)
    try:
        assert not serialization.get_crc32_options()
        data = save_bytes(kajo.ones(3))
    finally:
        serialization.set_crc32_options(True)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {info.CRC for info in archive.infolist()} == {0}
    assert kajo.load(io.BytesIO(data)).tolist() == [1, 1, 1]


def test_a_wrong_checksum_is_noticed():
    data = save_bytes(kajo.ones(100))
    place = data.index(b"\0\0\x80?" * 10)
    with pytest.raises(RuntimeError, match="checksum"):
        kajo.load(io.BytesIO(data[:place] + b"\1" + data[place + 1 :]))


def test_byte_order_of_files_that_do_not_tell():
    data = save_bytes(kajo.tensor([1], dtype=kajo.int16), _disable_byteorder_record=True)
    assert kajo.load(io.BytesIO(data)).item() == 1
    order = serialization.LoadEndianness
    try:
        serialization.set_default_load_endianness(order.BIG)
        assert serialization.get_default_load_endianness() is order.BIG
        assert kajo.load(io.BytesIO(data)).item() == 256
        serialization.set_default_load_endianness(order.LITTLE)
        assert kajo.load(io.BytesIO(data)).item() == 1
    finally:
        serialization.set_default_load_endianness(None)
    with pytest.raises(TypeError):
        serialization.set_default_load_endianness("big")


def test_a_file_can_be_mapped_to_be_written_to(tmp_path):
    path = tmp_path / "model.pt"
    kajo.save(kajo.zeros(20), path)
    with serialization.set_default_mmap_options(mmap.MAP_SHARED):
        kajo.load(path, mmap=True).fill_(3)
    assert serialization.get_default_mmap_options() == mmap.MAP_PRIVATE
    loaded = kajo.load(path, mmap=True)
    loaded += 1
    serialization.set_crc32_options(True)
    assert kajo.load(path, mmap=True).tolist() == [3.0] * 20
    with pytest.raises(ValueError, match="MAP_SHARED"):
        serialization.set_default_mmap_options(99)


def test_data_can_be_skipped(tmp_path):
    path = tmp_path / "model.pt"
    with serialization.skip_data():
        kajo.save({"w": kajo.ones(1000), "n": 3}, path)
        assert kajo.load(path)["w"].shape == (1000,)
    assert path.stat().st_size > 4000
    loaded = kajo.load(path)
    assert loaded["n"] == 3
    assert loaded["w"].count_nonzero() == 0


def test_places_of_ones_own():
    seen = []

    def restore(storage, tag):
        seen.append(tag)
        return storage if tag == "shelf" else None

    before = list(_checkpoint_places._packages)
    try:
        serialization.register_package(5, lambda storage: "shelf", restore)
        data = save_bytes(kajo.ones(2))
        assert b"shelf" in data
        assert kajo.load(io.BytesIO(data)).tolist() == [1, 1]
        assert seen == ["shelf"]
    finally:
        _checkpoint_places._packages[:] = before
    with pytest.raises(RuntimeError, match="tagged with shelf"):
        kajo.load(io.BytesIO(data))
    assert kajo.load(io.BytesIO(data), map_location="cpu").tolist() == [1, 1]
    with pytest.raises(RuntimeError, match="CUDA device"):
        serialization.default_restore_location(kajo.ones(1).untyped_storage(), "cuda:0")
    with pytest.raises(RuntimeError, match="HPU"):
        serialization.default_restore_location(kajo.ones(1).untyped_storage(), "hpu")


def test_versions_are_compared():
    class Module:
        __name__, __version__ = "m", "1.x"

    compare = serialization.check_module_version_greater_or_equal
    assert not compare(Module, (2,))
    with pytest.raises(RuntimeError, match="malformed"):
        compare(Module, (1, 2))
    with pytest.warns(UserWarning, match="malformed"):
        assert compare(Module, (1, 2), error_if_malformed=False)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("weights_only", [False, True])
def test_what_is_made_from_the_content_of_storages(legacy, weights_only):
    """The legacy format has storages behind the pickle whose objects need their content."""
    matrix = kajo.tensor([[0.0, 2.0, 0.0], [3.0, 0.0, 4.0]])
    value = {
        "coo": matrix.to_sparse(),
        "csr": matrix.to_sparse_csr(),
        "dense": [matrix, matrix.t()],
        "nested": kajo.nested.nested_tensor([kajo.ones(2), kajo.zeros(3)]),
    }
    data = save_bytes(value, _use_new_zipfile_serialization=not legacy)
    after = io.BytesIO(data + b"more")
    found = kajo.load(after, weights_only=weights_only)
    if legacy:
        assert after.read() == b"more"
    assert found["coo"].is_coalesced()
    assert found["coo"].to_dense().equal(matrix)
    assert found["csr"].to_dense().equal(matrix)
    assert found["dense"][1].equal(matrix.t())
    found["dense"][0][0, 0] = 9
    assert found["dense"][1][0, 0] == 9
    assert [part.tolist() for part in found["nested"].unbind()] == [[1, 1], [0, 0, 0]]


class Anything:
    pass


def test_legacy_files_that_have_to_be_made_in_one_go():
    whole = Anything()
    whole.weight = kajo.ones(2)
    whole.listed = [slice(1, 2), {1: whole.weight[1:]}]
    data = save_bytes(whole, _use_new_zipfile_serialization=False)
    found = kajo.load(io.BytesIO(data), weights_only=False)
    found.weight[1] = 5
    assert found.listed[1][1].tolist() == [5]


SAVE_FOR_EVER = """
import sys, kajo
number = 0
while True:
    number += 1
    data = [kajo.full((200_000,), float(number)) for _ in range(4)]
    kajo.save({"number": number, "data": data}, sys.argv[1])
    if number == 1:
        print("begun", flush=True)
"""


def test_a_killed_program_leaves_a_whole_file(tmp_path):
    path = tmp_path / "model.pt"
    kajo.save({"number": 0, "data": [kajo.zeros(1)]}, path)
    for delay in (0.0, 0.003, 0.007, 0.013, 0.021, 0.034, 0.055):
        program = subprocess.Popen(
            [sys.executable, "-c", SAVE_FOR_EVER, path], stdout=subprocess.PIPE, cwd=tmp_path
        )
        program.stdout.readline()
        time.sleep(delay)
        program.send_signal(signal.SIGKILL)
        program.wait()
        program.stdout.close()
        found = kajo.load(path)
        assert all((part == found["number"]).all() for part in found["data"])
    assert found["number"] > 0
    kajo.save(1, path)
    assert len(os.listdir(tmp_path)) <= 2


def test_two_threads_save_the_same_file(tmp_path):
    path = tmp_path / "model.pt"

    def save(value):
        for _ in range(20):
            kajo.save(kajo.full((1000,), float(value)), path)

    threads = [threading.Thread(target=save, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kajo.load(path).unique()) == 1
    assert os.listdir(tmp_path) == ["model.pt"]


def test_the_new_file_has_the_rights_of_the_old_one(tmp_path):
    path = tmp_path / "model.pt"
    old = os.umask(0o027)
    try:
        kajo.save(1, path)
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o640
    path.chmod(0o600)
    kajo.save(2, path)
    assert path.stat().st_mode & 0o777 == 0o600
