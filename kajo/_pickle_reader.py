"""Reads pickles without executing anything: an interpreter of the opcodes that data needs.

A pickle is a program for a stack machine. Python's own machine may import and call whatever the
program names. This one knows only the opcodes that build plain data; a name stands for nothing but
its entry in an allow-list, and only what is on the list is ever called.
"""

from __future__ import annotations

import struct
from collections import Counter, OrderedDict
from collections.abc import Callable
from pickle import UnpicklingError
from typing import IO, Any

__all__ = ["DataUnpickler", "Global", "UnpicklingError"]

_MAX_TEXT_LINE = 4096
_PIECE_BYTES = 1 << 20
_MAX_KEY_NODES = 10_000


class Global:
    """What a name in a pickle stands for.

    Args:
        value: the object itself.
        call: what calling the name does; None: it may not be called.
        new: what making an instance without initialising it does; None: the same as ``call``.
        build: how a saved state is put into an instance of it; None: it has no state.
    """

    def __init__(
        self,
        value: Any,
        call: Callable[..., Any] | None = None,
        build: Callable[[Any, Any], None] | None = None,
        new: Callable[..., Any] | None = None,
    ) -> None:
        self.value = value
        self.call = call
        self.new = call if new is None else new
        self.build = build


class _Mark:
    """Separates the arguments of an opcode from what is below them on the stack."""


_MARK = _Mark()

_PLAIN_CONTAINERS = (dict, OrderedDict, Counter)


class DataUnpickler:
    """Builds the object that a pickle describes, from allowed names only.

    Args:
        stream: binary file, positioned at the pickle.
        find: gives the :class:`Global` for a module and a name, or raises UnpicklingError.
        persistent_load: gives the object for a persistent id.
        encoding: how text of Python 2 was encoded.

    Raises:
        UnpicklingError: if the pickle is damaged or asks for anything that is not allowed.
        EOFError: if it ends before its end.

    Example:
        >>> import io, pickle
        >>> from kajo._pickle_reader import DataUnpickler
        >>> stream = io.BytesIO(pickle.dumps({"a": [1, 2.5, None]}, protocol=2))
        >>> DataUnpickler(stream, find=lambda module, name: None).load()
        {'a': [1, 2.5, None]}
    """

    def __init__(
        self,
        stream: IO[bytes],
        find: Callable[[str, str], Any],
        persistent_load: Callable[[Any], Any] | None = None,
        encoding: str = "utf-8",
    ) -> None:
        self.stream = stream
        self.find = find
        self.persistent_load = persistent_load
        self.encoding = encoding
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        # Names on the stack are told apart from data by identity, so that data cannot pose as one.
        self.globals: dict[int, Global] = {}

    def load(self) -> Any:
        """Interpret opcodes up to the end of the pickle and return the object."""
        try:
            while True:
                code = self._read(1)[0]
                if code == _STOP:
                    return self._finish()
                run = _OPCODES.get(code)
                if run is None:
                    raise UnpicklingError(f"opcode {bytes([code])!r} is not allowed in data")
                run(self)
        except (UnpicklingError, EOFError):
            raise
        except RecursionError:
            raise UnpicklingError("the pickle is nested too deeply") from None
        except Exception as error:
            raise UnpicklingError(
                f"the pickle is damaged: {type(error).__name__}: {error}"
            ) from error

    def _finish(self) -> Any:
        (value,) = self.stack
        return self._value(value)

    def _read(self, count: int) -> bytes:
        # In pieces, because a damaged length must not make the file object reserve memory for it.
        pieces = []
        while count > 0:
            piece = self.stream.read(min(count, _PIECE_BYTES))
            if not piece:
                raise EOFError("Ran out of input: the pickle is truncated")
            pieces.append(piece)
            count -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _read_line(self) -> bytes:
        line = self.stream.readline(_MAX_TEXT_LINE)
        if not line.endswith(b"\n"):
            raise EOFError("Ran out of input: the pickle is truncated")
        return line[:-1]

    def _number(self, layout: str) -> Any:
        return struct.unpack(layout, self._read(struct.calcsize(layout)))[0]

    def _pop(self) -> Any:
        value = self.stack.pop()
        if value is _MARK:
            raise UnpicklingError("an opcode found a mark where it needs a value")
        return value

    def _pop_mark(self) -> list[Any]:
        for start in range(len(self.stack) - 1, -1, -1):
            if self.stack[start] is _MARK:
                items = self.stack[start + 1 :]
                del self.stack[start:]
                return items
        raise UnpicklingError("an opcode needs a mark and there is none")

    def _pop_global(self) -> Global:
        function = self._pop()
        if type(function) is not Global:
            raise UnpicklingError(f"{_describe(function)} may not be called")
        return function

    def _value(self, item: Any) -> Any:
        return item.value if isinstance(item, Global) else item

    def _values(self, items: list[Any]) -> list[Any]:
        return [self._value(item) for item in items]

    def push_text(self, data: bytes) -> None:
        self.stack.append(str(data, "utf-8", "surrogatepass"))

    def push_long(self, data: bytes) -> None:
        self.stack.append(int.from_bytes(data, "little", signed=True))

    def push_old_text(self, data: bytes) -> None:
        self.stack.append(data if self.encoding == "bytes" else str(data, self.encoding))

    def push_global(self, module: str, name: str) -> None:
        self.stack.append(self.find(module, name))

    def read_global(self) -> None:
        module = str(self._read_line(), "utf-8")
        self.push_global(module, str(self._read_line(), "utf-8"))

    def stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        if type(name) is not str or type(module) is not str:
            raise UnpicklingError("a name must be text")
        self.push_global(module, name)

    def push_tuple(self, count: int) -> None:
        start = len(self.stack) - count
        if start < 0:
            raise UnpicklingError("a tuple needs more values than there are")
        items = self.stack[start:]
        if any(item is _MARK for item in items):
            raise UnpicklingError("a tuple cannot hold a mark")
        self.stack[start:] = [tuple(self._values(items))]

    def push_marked(self, build: Callable[[list[Any]], Any]) -> None:
        self.stack.append(build(self._values(self._pop_mark())))

    def push_dict(self) -> None:
        self.stack.append(_pairs_to_dict(self._values(self._pop_mark())))

    def _target(self, kinds: tuple[type, ...], what: str) -> Any:
        target = self.stack[-1]
        if type(target) not in kinds:
            raise UnpicklingError(f"cannot add {what} to a {type(target).__name__}")
        return target

    def append(self) -> None:
        value = self._value(self._pop())
        self._target((list,), "elements").append(value)

    def extend(self) -> None:
        items = self._values(self._pop_mark())
        self._target((list,), "elements").extend(items)

    def add_to_set(self) -> None:
        items = self._values(self._pop_mark())
        check_keys(items)
        self._target((set,), "elements").update(items)

    def set_item(self) -> None:
        value, key = self._value(self._pop()), self._value(self._pop())
        check_keys([key])
        self._target(_PLAIN_CONTAINERS, "entries")[key] = value

    def set_items(self) -> None:
        items = self._values(self._pop_mark())
        self._target(_PLAIN_CONTAINERS, "entries").update(_pairs_to_dict(items))

    def _call(self, function: Any, call: Callable[..., Any] | None, arguments: Any) -> Any:
        if call is None:
            raise UnpicklingError(f"{_describe(function)} may not be called")
        if type(arguments) is not tuple:
            raise UnpicklingError("a call needs a tuple of arguments")
        result = call(*arguments)
        if function.build is not None:
            # Kept with the object, so that the id cannot come to mean another one.
            self.globals[id(result)] = Global(result, build=function.build)
        return result

    def reduce(self) -> None:
        arguments, function = self._pop(), self._pop_global()
        self.stack.append(self._call(function, function.call, arguments))

    def new_object(self) -> None:
        arguments, cls = self._pop(), self._pop_global()
        self.stack.append(self._call(cls, cls.new, arguments))

    def build(self) -> None:
        state, target = self._value(self._pop()), self.stack[-1]
        known = self.globals.get(id(target))
        if known is None or known.build is None:
            raise UnpicklingError(f"cannot set the state of a {type(target).__name__}")
        known.build(target, state)

    def persistent(self) -> None:
        identity = self._value(self._pop())
        if self.persistent_load is None:
            raise UnpicklingError("a persistent id is not expected here")
        self.stack.append(self.persistent_load(identity))

    def put(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def get(self, index: int) -> None:
        if index not in self.memo:
            raise UnpicklingError(f"the memo has no entry {index}")
        self.stack.append(self.memo[index])

    def duplicate(self) -> None:
        self.stack.append(self.stack[-1])

    def check_protocol(self) -> None:
        protocol = self._read(1)[0]
        if protocol > 5:
            raise UnpicklingError(f"unsupported pickle protocol: {protocol}")


def check_keys(keys: Any) -> None:
    """Refuse keys whose hashing would overflow the C stack or never end: nested tuples do.

    Raises:
        UnpicklingError: if a key is nested too deeply or is too large.
    """
    for key in keys:
        if type(key) is not tuple:
            continue
        budget, pending = _MAX_KEY_NODES, [key]
        while pending:
            budget -= 1
            if budget < 0:
                raise UnpicklingError("a key is nested too deeply")
            item = pending.pop()
            if type(item) is tuple:
                pending.extend(item)


def _frozenset(items: list[Any]) -> frozenset[Any]:
    check_keys(items)
    return frozenset(items)


def _pairs_to_dict(items: list[Any]) -> dict[Any, Any]:
    if len(items) % 2:
        raise UnpicklingError("a dictionary needs a value for each key")
    check_keys(items[::2])
    return dict(zip(items[::2], items[1::2], strict=True))


def _describe(value: Any) -> str:
    if isinstance(value, Global):
        return repr(value.value)
    return f"a {type(value).__name__}"


def _int_line(line: bytes) -> int | bool:
    if line in (b"00", b"01"):
        return line == b"01"
    if len(line) > 1000:
        raise UnpicklingError("a number is too long")
    return int(line.rstrip(b"L"))


_Run = Callable[[DataUnpickler], Any]


def _push(value: Callable[[DataUnpickler], Any]) -> _Run:
    return lambda machine: machine.stack.append(value(machine))


def _sized(layout: str, push: Callable[[DataUnpickler, bytes], Any]) -> _Run:
    def run(machine: DataUnpickler) -> None:
        size = machine._number(layout)
        if size < 0:
            raise UnpicklingError(f"a length is negative: {size}")
        push(machine, machine._read(size))

    return run


_STOP = ord(".")

_OPCODES: dict[int, _Run] = {
    ord(code): run
    for code, run in {
        "\x80": DataUnpickler.check_protocol,
        "\x95": lambda m: m._read(8),
        "(": _push(lambda m: _MARK),
        "0": lambda m: m.stack.pop(),
        "1": lambda m: m._pop_mark(),
        "2": DataUnpickler.duplicate,
        "N": _push(lambda m: None),
        "\x88": _push(lambda m: True),
        "\x89": _push(lambda m: False),
        "I": _push(lambda m: _int_line(m._read_line())),
        "L": _push(lambda m: _int_line(m._read_line())),
        "F": _push(lambda m: float(m._read_line())),
        "J": _push(lambda m: m._number("<i")),
        "K": _push(lambda m: m._number("<B")),
        "M": _push(lambda m: m._number("<H")),
        "G": _push(lambda m: m._number(">d")),
        "\x8a": _sized("<B", DataUnpickler.push_long),
        "\x8b": _sized("<i", DataUnpickler.push_long),
        "X": _sized("<I", DataUnpickler.push_text),
        "\x8c": _sized("<B", DataUnpickler.push_text),
        "\x8d": _sized("<Q", DataUnpickler.push_text),
        "T": _sized("<i", DataUnpickler.push_old_text),
        "U": _sized("<B", DataUnpickler.push_old_text),
        "B": _sized("<I", lambda m, data: m.stack.append(data)),
        "C": _sized("<B", lambda m, data: m.stack.append(data)),
        "\x8e": _sized("<Q", lambda m, data: m.stack.append(data)),
        "\x96": _sized("<Q", lambda m, data: m.stack.append(bytearray(data))),
        "]": _push(lambda m: []),
        "}": _push(lambda m: {}),
        ")": _push(lambda m: ()),
        "\x8f": _push(lambda m: set()),
        "l": lambda m: m.push_marked(list),
        "t": lambda m: m.push_marked(tuple),
        "\x91": lambda m: m.push_marked(_frozenset),
        "d": DataUnpickler.push_dict,
        "\x85": lambda m: m.push_tuple(1),
        "\x86": lambda m: m.push_tuple(2),
        "\x87": lambda m: m.push_tuple(3),
        "a": DataUnpickler.append,
        "e": DataUnpickler.extend,
        "\x90": DataUnpickler.add_to_set,
        "s": DataUnpickler.set_item,
        "u": DataUnpickler.set_items,
        "c": DataUnpickler.read_global,
        "\x93": DataUnpickler.stack_global,
        "R": DataUnpickler.reduce,
        "\x81": DataUnpickler.new_object,
        "b": DataUnpickler.build,
        "Q": DataUnpickler.persistent,
        "p": lambda m: m.put(int(m._read_line())),
        "q": lambda m: m.put(m._number("<B")),
        "r": lambda m: m.put(m._number("<I")),
        "\x94": lambda m: m.put(len(m.memo)),
        "g": lambda m: m.get(int(m._read_line())),
        "h": lambda m: m.get(m._number("<B")),
        "j": lambda m: m.get(m._number("<I")),
    }.items()
}
