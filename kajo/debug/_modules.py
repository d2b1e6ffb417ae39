"""Where a module stands in its model, and which modules are running."""

from __future__ import annotations

from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kajo.nn import Module


def path_of(module: Module, root: Module) -> str | None:
    """The name under which `root` has `module`; "" for itself, None where it does not have it."""
    for name, candidate in root.named_modules():
        if candidate is module:
            return name
    return None


def described(module: Module, path: str) -> str:
    """The path and the module without its submodules: "encoder.ff, Linear(in_features=2, ...)"."""
    own = f"{type(module).__name__}({module.extra_repr()})"
    return f"{path}, {own}" if path else own


def running_modules(frame: FrameType | None) -> list[Module]:
    """The modules whose calls `frame` lies in, outermost first."""
    from kajo.nn import Module

    call = Module._call_impl.__code__
    modules = []
    while frame is not None:
        if frame.f_code is call:
            modules.append(frame.f_locals["self"])
        frame = frame.f_back
    return modules[::-1]
