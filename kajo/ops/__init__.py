"""Build-time definitions of operations; nothing here is imported by ``import kajo``.

Where this folder lies in the package, its name is also that of the operations that programs define.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if not name.startswith("__") and __name__ == "kajo.ops":
        from kajo._operators import ops

        return getattr(ops, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
