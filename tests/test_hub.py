"""Models from folders, and checkpoints by their address."""

import hashlib
import zipfile

import pytest

import kajo
from kajo import hub

HUBCONF = '''
from helper import SIZE
import kajo

dependencies = ["numpy"]

def linear(outputs=2, **options):
    """A layer."""
    return kajo.nn.Linear(SIZE, outputs, **options)

def _hidden():
    pass
'''


@pytest.fixture
def folder(tmp_path):
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "hubconf.py").write_text(HUBCONF)
    (repository / "helper.py").write_text("SIZE = 3\n")
    return repository


@pytest.fixture(autouse=True)
def own_folder(tmp_path):
    before = hub._chosen_folder
    hub.set_dir(tmp_path / "hub")
    yield
    hub._chosen_folder = before


def test_local_folders(folder):
    layer = hub.load(str(folder), "linear", 5, source="local", bias=False)
    assert layer.weight.shape == (5, 3)
    assert layer.bias is None
    assert hub.list(str(folder), source="local") == ["linear"]
    assert hub.help(str(folder), "linear", source="local") == "A layer."


def test_what_is_wrong_is_named(folder):
    with pytest.raises(RuntimeError, match="Cannot find callable nothing"):
        hub.load(str(folder), "nothing", source="local")
    with pytest.raises(ValueError, match="Unknown source"):
        hub.load(str(folder), "linear", source="elsewhere")
    with pytest.raises(FileNotFoundError, match=r"hubconf\.py"):
        hub.load(str(folder.parent), "linear", source="local")
    with (folder / "hubconf.py").open("a") as file:
        file.write("dependencies = ['no_such_package']\n")
    with pytest.raises(RuntimeError, match="Missing dependencies: no_such_package"):
        hub.load(str(folder), "linear", source="local")
    with pytest.raises(ValueError, match="owner/name"):
        hub.load("nothing", "linear")


def test_repositories(folder, tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "someone-things-main.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"things-0123/{path.name}")
    address = f"file://{tmp_path}/{{owner}}-{{name}}-{{ref}}.zip"
    monkeypatch.setattr(hub, "_ARCHIVES", address)
    monkeypatch.setattr("builtins.input", lambda text: "n")
    with pytest.raises(ValueError, match="not trusted"):
        hub.load("someone/things", "linear")
    assert hub.load("someone/things", "linear", trust_repo=True).weight.shape == (2, 3)
    (tmp_path / "someone-things-main.zip").unlink()
    assert hub.list("someone/things:main", verbose=False) == ["linear"]


def test_state_dict_by_address(tmp_path, capsys):
    state = {"weight": kajo.arange(3)}
    path = tmp_path / "source.pth"
    kajo.save(state, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    named = tmp_path / f"model-{digest[:8]}.pth"
    path.rename(named)
    found = hub.load_state_dict_from_url(named.as_uri(), check_hash=True)
    assert found["weight"].tolist() == [0, 1, 2]
    named.unlink()
    again = hub.load_state_dict_from_url(named.as_uri(), map_location="cpu", progress=False)
    assert again["weight"].tolist() == [0, 1, 2]
    assert (tmp_path / "hub" / "checkpoints" / named.name).exists()
    wrong = tmp_path / "model-00000000.pth"
    kajo.save(state, wrong)
    with pytest.raises(RuntimeError, match="invalid hash"):
        hub.load_state_dict_from_url(wrong.as_uri(), check_hash=True)
    assert not (tmp_path / "hub" / "checkpoints" / wrong.name).exists()


def test_checkpoint_in_a_zip_file(tmp_path):
    kajo.save([1, 2], tmp_path / "inner.pth", _use_new_zipfile_serialization=False)
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.write(tmp_path / "inner.pth", "inner.pth")
    found = hub.load_state_dict_from_url((tmp_path / "outer.zip").as_uri(), progress=False)
    assert found == [1, 2]


def test_folder(monkeypatch, tmp_path):
    assert hub.get_dir() == str(tmp_path / "hub")
    monkeypatch.setattr(hub, "_chosen_folder", None)
    monkeypatch.setenv("KAJO_HOME", "/somewhere")
    assert hub.get_dir() == "/somewhere/hub"
    monkeypatch.delenv("KAJO_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert hub.get_dir() == "/cache/kajo/hub"
