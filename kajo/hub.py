"""Models from folders and repositories that describe them in a file ``hubconf.py``.

A function of that file whose name has no leading underscore is an entry point: `load` calls it. A
list ``dependencies`` names the packages that it needs. Loading runs the folder's code.
"""

from __future__ import annotations

import builtins
import hashlib
import importlib.util
import os
import re
import shutil
import sys
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import kajo
from kajo import _checkpoint_writer

__all__ = [
    "download_url_to_file",
    "get_dir",
    "help",
    "list",
    "load",
    "load_state_dict_from_url",
    "set_dir",
]

_CONFIGURATION = "hubconf.py"
_CHUNK = 1 << 17
_HASH_IN_NAME = re.compile(r"-([a-f0-9]*)\.")
_TRUSTED_OWNERS = frozenset({"pytorch", "facebookresearch"})
_ARCHIVES = "https://github.com/{owner}/{name}/zipball/{ref}"

_chosen_folder: str | None = None


def get_dir() -> str:
    """The folder for what is downloaded: the one of :func:`set_dir`, else ``$KAJO_HOME/hub``.

    ``KAJO_HOME`` is by default ``$XDG_CACHE_HOME/kajo``, and that ``~/.cache/kajo``.

    Example:
        >>> import kajo
        >>> kajo.hub.get_dir().endswith("hub")
        True
    """
    if _chosen_folder is not None:
        return _chosen_folder
    cache = os.environ.get("XDG_CACHE_HOME", os.path.join("~", ".cache"))
    home = os.environ.get("KAJO_HOME", os.path.join(cache, "kajo"))
    return os.path.join(os.path.expanduser(home), "hub")


def set_dir(d: Any) -> None:
    """Choose the folder for what is downloaded."""
    global _chosen_folder
    _chosen_folder = os.path.expanduser(os.fspath(d))


def download_url_to_file(
    url: str, dst: str, hash_prefix: str | None = None, progress: bool = True
) -> None:
    """Download a file; at its place there is the whole file or none.

    Args:
        url: what to download; ``file://`` works, too.
        dst: where to put it.
        hash_prefix: how the SHA-256 of the file must begin.
        progress: whether to show how far it is.

    Raises:
        RuntimeError: if the hash is another one.
        urllib.error.URLError: if it cannot be had.
    """
    request = urllib.request.Request(url, headers={"User-Agent": "kajo.hub"})
    with (
        urllib.request.urlopen(request) as source,
        _checkpoint_writer.replacing(os.path.expanduser(dst)) as target,
    ):
        total = source.headers.get("Content-Length")
        digest = _copy(source, target, int(total) if total else None, progress)
        if hash_prefix is not None and digest[: len(hash_prefix)] != hash_prefix:
            raise RuntimeError(f'invalid hash value (expected "{hash_prefix}", got "{digest}")')


def _copy(source: Any, target: IO[bytes], total: int | None, progress: bool) -> str:
    """Copy a stream and return its SHA-256."""
    digest, done = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        target.write(chunk)
        digest.update(chunk)
        done += len(chunk)
        if progress:
            share = f" of {total / 1e6:.1f}" if total else ""
            print(f"\r{done / 1e6:.1f}{share} MB", end="", file=sys.stderr)
    if progress and done:
        print(file=sys.stderr)
    return digest.hexdigest()


def _unpacked(path: str) -> str:
    """The file inside a zip file that holds a single one; other files as they are."""
    if not zipfile.is_zipfile(path):
        return path
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) != 1:
            return path
        inside = os.path.join(os.path.dirname(path), os.path.basename(members[0].filename))
        with archive.open(members[0]) as source, _checkpoint_writer.replacing(inside) as target:
            shutil.copyfileobj(source, target)
    return inside


def load_state_dict_from_url(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = True,
) -> dict[str, Any]:
    """Load a checkpoint by its address; it is downloaded once.

    Args:
        url: its address; ``file://`` works, too.
        model_dir: where it is kept; by default ``checkpoints`` in :func:`get_dir`.
        map_location: as for :func:`kajo.load`.
        progress: whether to show how far it is.
        check_hash: whether the name tells how its SHA-256 begins: ``name-0123abcd.pth``.
        file_name: its name there; by default that of the address.
        weights_only: as for :func:`kajo.load`; False executes what the file says.

    Returns:
        What is in the file.

    Raises:
        RuntimeError: if the hash is another one.
    """
    folder = os.path.join(get_dir(), "checkpoints") if model_dir is None else model_dir
    os.makedirs(folder, exist_ok=True)
    name = file_name or os.path.basename(urllib.parse.urlparse(url).path)
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        found = _HASH_IN_NAME.search(name) if check_hash else None
        print(f'Downloading: "{url}" to {path}', file=sys.stderr)
        download_url_to_file(url, path, found.group(1) if found else None, progress)
    loaded: dict[str, Any] = kajo.load(
        _unpacked(path), map_location=map_location, weights_only=weights_only
    )
    return loaded


def _parsed(github: str) -> tuple[str, str, str]:
    """Owner, name and version of a repository: ``owner/name[:version]``."""
    repository, _, ref = github.partition(":")
    owner, slash, name = repository.partition("/")
    if not (owner and slash and name) or "/" in name:
        raise ValueError(f"hub: expected a repository as 'owner/name[:version]', got {github!r}")
    return owner, name, ref


def _ask_for_trust(owner: str, name: str, trust_repo: Any) -> None:
    """Refuse a repository that nobody has said to trust.

    Raises:
        ValueError: if it is not trusted.
    """
    if trust_repo not in (True, False, "check"):
        raise ValueError(f"hub: trust_repo must be True, False or 'check', got {trust_repo!r}")
    listed = Path(get_dir()) / "trusted_list"
    entry = f"{owner}_{name}"
    known = listed.read_text().split() if listed.exists() else []
    if entry in known or (owner in _TRUSTED_OWNERS and trust_repo == "check"):
        return
    if trust_repo is not True:
        answer = input(
            f"The repository {owner}/{name} is not yet trusted, and its code would be run. "
            "Trust it and go on? (y/N) "
        )
        if answer.strip().lower() not in ("y", "yes"):
            raise ValueError(f"hub: the repository {owner}/{name} is not trusted")
    listed.parent.mkdir(parents=True, exist_ok=True)
    with listed.open("a") as file:
        file.write(entry + "\n")


def _fetched(github: str, force_reload: bool, trust_repo: Any, verbose: bool) -> str:
    """The folder of a repository, downloaded unless it is there."""
    owner, name, ref = _parsed(github)
    _ask_for_trust(owner, name, trust_repo)
    for version in [ref] if ref else ["main", "master"]:
        folder = os.path.join(get_dir(), "_".join((owner, name, version.replace("/", "_"))))
        if os.path.isdir(folder) and not force_reload:
            if verbose:
                print(f"Using cache found in {folder}", file=sys.stderr)
            return folder
        address = _ARCHIVES.format(owner=owner, name=name, ref=version)
        archive = folder + ".zip"
        os.makedirs(get_dir(), exist_ok=True)
        try:
            download_url_to_file(address, archive, progress=False)
        except urllib.error.HTTPError as error:
            if error.code == 404 and not ref and version == "main":
                continue
            raise
        _extract(archive, folder)
        return folder
    raise RuntimeError(f"hub: the repository {github} was not found")


def _extract(archive: str, folder: str) -> None:
    """Put what is in the one folder of an archive in the place of ``folder``."""
    fresh = folder + ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    with zipfile.ZipFile(archive) as file:
        file.extractall(fresh)
    os.unlink(archive)
    (inside,) = os.listdir(fresh)
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(os.path.join(fresh, inside), folder)
    os.rmdir(fresh)


def _folder(where: str, source: str, force_reload: bool, trust_repo: Any, verbose: bool) -> str:
    if source not in ("github", "local"):
        raise ValueError(f'Unknown source: "{source}". Allowed values: "github" | "local".')
    if source == "local":
        return os.path.realpath(os.path.expanduser(where))
    return _fetched(where, force_reload, trust_repo, verbose)


def _configuration(folder: str) -> Any:
    """The module ``hubconf.py`` of a folder, which can import what is beside it."""
    path = os.path.join(folder, _CONFIGURATION)
    if not os.path.exists(path):
        raise FileNotFoundError(f"hub: there is no {_CONFIGURATION} in {folder}")
    specification = importlib.util.spec_from_file_location(_CONFIGURATION, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.path.insert(0, folder)
    try:
        specification.loader.exec_module(module)
    finally:
        sys.path.remove(folder)
    needed = getattr(module, "dependencies", None) or []
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise RuntimeError(f"Missing dependencies: {', '.join(missing)}")
    return module


def _entry_point(module: Any, name: str) -> Callable[..., Any]:
    if not isinstance(name, str):
        raise ValueError("Invalid input: model should be a string of function name")
    found = getattr(module, name, None)
    if not callable(found):
        raise RuntimeError(f"Cannot find callable {name} in hubconf")
    return found  # type: ignore[no-any-return]


def list(
    github: str,
    force_reload: bool = False,
    skip_validation: bool = False,
    trust_repo: Any = "check",
    verbose: bool = True,
    source: str = "github",
) -> builtins.list[str]:
    """The names of the entry points of a repository or folder.

    Args:
        github: ``owner/name[:version]``, or a folder if ``source`` is "local".
        force_reload: download it again.
        skip_validation: accepted for compatibility.
        trust_repo: True: its code may be run; "check": ask unless it is known; False: ask always.
        verbose: tell where it is taken from.
        source: "github" or "local".

    Raises:
        FileNotFoundError: if it has no ``hubconf.py``.
    """
    module = _configuration(_folder(github, source, force_reload, trust_repo, verbose))
    return [
        name for name, value in vars(module).items() if callable(value) and not name.startswith("_")
    ]


def help(
    github: str,
    model: str,
    force_reload: bool = False,
    skip_validation: bool = False,
    trust_repo: Any = "check",
    source: str = "github",
) -> str | None:
    """The docstring of an entry point.

    Args:
        github: ``owner/name[:version]``, or a folder if ``source`` is "local".
        model: name of the entry point.
        force_reload: download it again.
        skip_validation: accepted for compatibility.
        trust_repo: as for :func:`list`.
        source: "github" or "local".

    Raises:
        RuntimeError: if there is no such entry point.
    """
    module = _configuration(_folder(github, source, force_reload, trust_repo, True))
    return _entry_point(module, model).__doc__


def load(
    repo_or_dir: str,
    model: str,
    *args: Any,
    source: str = "github",
    trust_repo: Any = "check",
    force_reload: bool = False,
    verbose: bool = True,
    skip_validation: bool = False,
    **kwargs: Any,
) -> Any:
    """Call an entry point and return what it gives, which is mostly a model.

    Args:
        repo_or_dir: ``owner/name[:version]``, or a folder if ``source`` is "local".
        model: name of the entry point.
        *args, **kwargs: its arguments.
        source: "github" or "local".
        trust_repo: as for :func:`list`.
        force_reload: download it again.
        verbose: tell where it is taken from.
        skip_validation: accepted for compatibility.

    Raises:
        ValueError: for another source, or if the repository is not trusted.
        FileNotFoundError: if it has no ``hubconf.py``.
        RuntimeError: if there is no such entry point, or packages are missing.
    """
    module = _configuration(_folder(repo_or_dir, source, force_reload, trust_repo, verbose))
    return _entry_point(module, model)(*args, **kwargs)
