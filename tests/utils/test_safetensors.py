"""Files of the safetensors library."""

import numpy as np
import pytest

import kajo
from kajo.utils import safetensors as ours

library = pytest.importorskip("safetensors")

DTYPES = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8"]


def some_tensors():
    tensors = {dtype: kajo.arange(6).reshape(2, 3).to(getattr(kajo, dtype)) for dtype in DTYPES}
    tensors |= {"bool": kajo.tensor([True, False]), "scalar": kajo.tensor(3.5)}
    tensors |= {"empty": kajo.zeros(0, 4), "complex": kajo.ones(2, dtype=kajo.complex64) * 1j}
    return tensors


def check_equal(found, expected):
    assert sorted(found) == sorted(expected)
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype
        assert found[name].shape == tensor.shape
        assert found[name].tolist() == tensor.tolist()


def test_round_trip(tmp_path):
    tensors = some_tensors()
    path = tmp_path / "model.safetensors"
    ours.save_file(tensors, path, metadata={"made": "here"})
    check_equal(ours.load_file(path), tensors)
    check_equal(ours.load(ours.save(tensors)), tensors)
    with library.safe_open(path, framework="numpy") as file:
        assert file.metadata() == {"made": "here"}
        np.testing.assert_array_equal(file.get_tensor("int32"), tensors["int32"].numpy())
    assert ours.load_file(path, device="meta")["int32"].device.type == "meta"


def test_with_torch(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file, save_file

    path = tmp_path / "model.safetensors"
    ours.save_file(some_tensors(), path)
    found = load_file(path)
    for name, tensor in some_tensors().items():
        assert str(found[name].dtype).split(".")[1] == str(tensor.dtype).split(".")[1]
        assert found[name].tolist() == tensor.tolist()
    save_file({"a": torch.arange(3), "b": torch.ones(2, dtype=torch.bfloat16)}, path)
    loaded = ours.load_file(path)
    assert loaded["a"].tolist() == [0, 1, 2]
    assert loaded["b"].dtype == kajo.bfloat16


def test_refusals(tmp_path):
    whole = kajo.ones(2, 3)
    with pytest.raises(ValueError, match="not contiguous"):
        ours.save({"x": whole.t()})
    with pytest.raises(RuntimeError, match="share memory"):
        ours.save({"x": whole, "y": whole[1]})
    with pytest.raises(ValueError, match="expected a tensor"):
        ours.save({"x": 3})
    with pytest.raises(ValueError, match="sparse"):
        ours.save({"x": whole.to_sparse()})
    with pytest.raises(library.SafetensorError):
        ours.load(b"\xff" * 20)
    with pytest.raises(FileNotFoundError):
        ours.load_file(tmp_path / "missing")


class Tied(kajo.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = kajo.nn.Linear(2, 2)
        self.second = kajo.nn.Linear(2, 2, bias=False)
        self.second.weight = self.first.weight


def test_modules_with_shared_parameters(tmp_path):
    path = tmp_path / "model.safetensors"
    model, other = Tied(), Tied()
    ours.save_model(model, path)
    assert sorted(ours.load_file(path)) == ["first.bias", "first.weight"]
    assert ours.load_model(other, path) == (set(), [])
    assert other.second.weight.equal(model.first.weight)
    wrong = kajo.nn.Linear(2, 2)
    with pytest.raises(RuntimeError, match="Missing"):
        ours.load_model(wrong, path)
    assert ours.load_model(wrong, path, strict=False)[0] == {"weight", "bias"}
