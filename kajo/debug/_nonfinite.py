"""Finding the first operation that makes a nan or an infinity."""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kajo import _core
from kajo.debug._modules import described, path_of, running_modules

if TYPE_CHECKING:
    from types import FrameType

    from kajo.nn import Module

__all__ = ["NonFinite", "track_nonfinite"]

_ACTIONS = ("raise", "warn", "record")


@dataclass(frozen=True)
class NonFinite:
    """What made a nan or an infinity.

    Attributes:
        operation: the operation, or in backward the node of the graph and the operation in it.
        kind: "nan" or "inf".
        direction: "forward" or "backward".
        module: the path of the module that it ran in, "" outside of modules or in the model itself;
            in backward of the module whose forward is being derived.
        place: "file.py:12, in forward", the line of the program; in backward of the forward call.
        shape, dtype: of the result that has it.

    Example:
        >>> import kajo
        >>> with kajo.debug.track_nonfinite(action="record") as tracker:
        ...     _ = kajo.zeros(2).log()
        >>> tracker.first.operation, tracker.first.kind
        ('log', 'inf')
    """

    operation: str
    kind: str
    direction: str
    module: str
    place: str
    shape: tuple[int, ...]
    dtype: str
    module_text: str = ""

    def __str__(self) -> str:
        what = {"nan": "a NaN", "inf": "an infinity"}[self.kind]
        size = f"{self.dtype}[{', '.join(map(str, self.shape))}]"
        where = f" in module {self.module_text}" if self.module_text else ""
        call = "at" if self.direction == "forward" else "of the forward step at"
        return (
            f"{self.operation}{where} made {what} ({self.direction}, result {size}), {call} "
            f"{self.place or 'an unknown line'}; its inputs were free of it"
        )


class track_nonfinite:
    """Name the first operation, module and line that make a nan or an infinity.

    Tracking begins at once and ends with the ``with`` block or :meth:`stop`. Forward and backward are
    both watched. The processor's own flags tell after most kernels that nothing happened, so that it
    costs next to nothing; results are only read where flags cannot tell. An operation whose inputs had
    a nan or an infinity already is not named, nor are numbers that the program gives itself, such as
    the ``-inf`` of a mask.

    Args:
        action: "raise" raises FloatingPointError at the operation, "warn" warns, "record" does neither;
            after the first find tracking ends.

    Attributes:
        first: the :class:`NonFinite` that was found, or None.

    Raises:
        ValueError: if `action` is none of these.
        RuntimeError: if tracking is on already.

    Example:
        >>> import kajo
        >>> x = kajo.tensor([1.0, 0.0], requires_grad=True)
        >>> with kajo.debug.track_nonfinite(action="record") as tracker:
        ...     x.sqrt().sum().backward()
        >>> tracker.first.operation, tracker.first.direction
        ('SqrtBackward0', 'backward')
    """

    _running: track_nonfinite | None = None

    def __init__(self, action: str = "raise") -> None:
        if action not in _ACTIONS:
            raise ValueError(f"track_nonfinite(): action must be one of {_ACTIONS}, got {action!r}")
        if track_nonfinite._running is not None:
            raise RuntimeError("track_nonfinite(): is on already; stop() the tracker before")
        self.action = action
        self.first: NonFinite | None = None
        self._modules: list[Module] = []
        self._numbers: dict[int, int] = {}
        self._roots: list[Module] = []
        self._start()

    def _start(self) -> None:
        from kajo.nn import Module

        call = Module._call_impl
        numbers, modules, roots, enter = (
            self._numbers,
            self._modules,
            self._roots,
            _core._enter_module,
        )

        def followed(module: Module, *args: Any, **kwargs: Any) -> Any:
            number = numbers.get(id(module))
            if number is None:
                modules.append(module)
                number = numbers[id(module)] = len(modules)
            outside = enter(number)
            if not outside and not any(root is module for root in roots):
                roots.append(module)
            try:
                return call(module, *args, **kwargs)
            finally:
                enter(outside)

        track_nonfinite._running = self
        self._call = Module.__call__
        Module.__call__ = followed  # type: ignore
        _core._note_places_outside(True)
        _core._track_nonfinite(self._found)

    def stop(self) -> None:
        """End tracking.

        Example:
            >>> import kajo
            >>> tracker = kajo.debug.track_nonfinite()
            >>> tracker.stop()
        """
        from kajo.nn import Module

        if track_nonfinite._running is not self:
            return
        track_nonfinite._running = None
        _core._track_nonfinite(None)
        _core._note_places_outside(False)
        Module.__call__ = self._call  # type: ignore[method-assign]

    def __enter__(self) -> track_nonfinite:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _found(
        self,
        kernel: str,
        is_nan: bool,
        shape: tuple[int, ...],
        dtype: str,
        node: str | None,
        place: str | None,
        number: int,
    ) -> None:
        if self.first is not None:
            return
        if node is None:
            frame: FrameType | None = sys._getframe(1)
            running = running_modules(frame)
            roots, module = running[:1], running[-1] if running else None
            place = _place_outside(frame)
        else:
            roots = self._roots
            module = self._modules[number - 1] if number else None
        path, text = _named(module, roots)
        self.first = NonFinite(
            operation=kernel if node in (None, kernel) else f"{node} ({kernel})",
            kind="nan" if is_nan else "inf",
            direction="forward" if node is None else "backward",
            module=path,
            place=place or "",
            shape=shape,
            dtype=dtype,
            module_text=text,
        )
        self.stop()
        if self.action == "raise":
            raise FloatingPointError(str(self.first))
        if self.action == "warn":
            warnings.warn(str(self.first), stacklevel=3)


def _named(module: Module | None, roots: list[Module]) -> tuple[str, str]:
    if module is None:
        return "", ""
    for root in roots:
        path = path_of(module, root)
        if path is not None:
            return path, described(module, path)
    return "", described(module, "")


def _place_outside(frame: FrameType | None) -> str:
    """The nearest line outside of the package."""
    from kajo import __path__ as folders

    while frame is not None:
        code = frame.f_code
        if not code.co_filename.startswith(folders[0]):
            return f"{code.co_filename}:{frame.f_lineno}, in {code.co_name}"
        frame = frame.f_back
    return ""
