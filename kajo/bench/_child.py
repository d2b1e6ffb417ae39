"""Runs one function on one framework in a process of its own: see :mod:`kajo.bench.processes`.

Run as a file. kajo is loaded from the folder where this file is, whatever else is installed, and for PyTorch
only `kajo.bench`, so that measuring it does not load kajo.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType


def _load(name: str, file: Path) -> ModuleType:
    folder = [str(file.parent)] if file.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=folder)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _main() -> None:
    place, function, name, threads, arguments = sys.argv[1:]
    folder = Path(__file__).resolve().parent
    sys.path.pop(0)  # this folder, whose names are those of kajo.bench
    if name == "kajo":
        framework = _load("kajo", folder.parent / "__init__.py")
    else:
        framework = importlib.import_module(name)
        _load("kajo.bench", folder / "__init__.py")
    if int(threads):
        framework.set_num_threads(int(threads))
    is_file = place.endswith(".py")
    module = _load("measured", Path(place)) if is_file else importlib.import_module(place)
    print(json.dumps(getattr(module, function)(framework, **json.loads(arguments))))


if __name__ == "__main__":
    _main()
