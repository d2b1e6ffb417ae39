"""The version of the package."""

from kajo import _core

__version__: str = _core.build_info()["version"]
