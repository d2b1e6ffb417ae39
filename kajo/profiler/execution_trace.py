"""A list of the operations of a program, with the calls that they were made from, as JSON."""

from __future__ import annotations

import json
import os
import tempfile
import time
from typing import Any

from kajo import _core
from kajo.autograd.profiler_util import EventList

__all__ = ["ExecutionTraceObserver"]

_SCHEMA = "1.1.1-kajo"
_ROOT = 1


class ExecutionTraceObserver:
    """Writes the operations between :meth:`start` and :meth:`stop` to a file, as nodes of a tree.

    Raises:
        RuntimeError: if a profile is running when it starts, or no file was named.

    Example:
        >>> import json, kajo, os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "trace.json")
        >>> observer = kajo.profiler.ExecutionTraceObserver().register_callback(path)
        >>> with observer:
        ...     _ = kajo.ones(2) + 1
        >>> [node["name"] for node in json.load(open(path))["nodes"]]
        ['[root]', 'aten::ones', 'aten::add']
    """

    def __init__(self) -> None:
        self._path: str | None = None
        self._is_temporary = False
        self._running = False
        self._nodes: list[dict[str, Any]] = []

    def register_callback(self, output_file_path: str | None = None) -> ExecutionTraceObserver:
        """Name the file; None: a temporary one. Returns self."""
        self._is_temporary = output_file_path is None
        if output_file_path is None:
            descriptor, output_file_path = tempfile.mkstemp(suffix=".et.json")
            os.close(descriptor)
        self._path = os.fspath(output_file_path)
        self._nodes = []
        return self

    def unregister_callback(self) -> None:
        """End, and forget the file."""
        self.stop()
        self._path = None

    @property
    def is_registered(self) -> bool:
        """Whether a file is named."""
        return self._path is not None

    def is_running(self) -> bool:
        """Whether operations are being noted."""
        return self._running

    def get_output_file_path(self) -> str | None:
        """The file."""
        return self._path

    def start(self) -> None:
        """Begin, or go on after :meth:`stop`."""
        if self._path is None:
            raise RuntimeError("ExecutionTraceObserver: call register_callback() first")
        if self._running:
            return
        if _core._is_profiling():
            raise RuntimeError("ExecutionTraceObserver: a profile is running; end it first")
        _core._start_profiling(True, False)
        self._running = True

    def stop(self) -> None:
        """Write what was noted so far."""
        if not self._running:
            return
        self._running = False
        self._add(EventList.from_records(_core._stop_profiling(), False))
        root = {"id": _ROOT, "name": "[root]", "ctrl_deps": _ROOT, "inputs": {}, "attrs": []}
        trace = {
            "schema": _SCHEMA,
            "pid": os.getpid(),
            "time": time.strftime("%Y-%m-%d %H:%M:%S"),
            "nodes": [root, *self._nodes],
        }
        assert self._path is not None
        with open(self._path, "w") as file:
            json.dump(trace, file)

    def _add(self, events: Any) -> None:
        first = _ROOT + 1 + len(self._nodes)
        numbers = {event.id: first + place for place, event in enumerate(events)}
        for event in events:
            parent = event.cpu_parent
            self._nodes.append(
                {
                    "id": numbers[event.id],
                    "name": event.name,
                    "ctrl_deps": _ROOT if parent is None else numbers[parent.id],
                    "inputs": {"shapes": [list(shape) for shape in event.input_shapes or ()]},
                    "attrs": [
                        {"name": "start_us", "value": event.time_range.start},
                        {"name": "duration_us", "value": event.cpu_time_total},
                        {"name": "tid", "value": event.thread},
                        {"name": "kind", "value": event.kind},
                    ],
                }
            )

    def cleanup(self) -> None:
        """End; remove the file if it is a temporary one."""
        path = self._path
        self.unregister_callback()
        if path is not None and self._is_temporary and os.path.exists(path):
            os.unlink(path)

    def __enter__(self) -> ExecutionTraceObserver:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
