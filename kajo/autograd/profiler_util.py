"""Events of a profile, their sums by name, tables and traces."""

from __future__ import annotations

import enum
import json
import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kajo.autograd._profiler_names import QUESTIONS, named

__all__ = ["DeviceType", "EventList", "FunctionEvent", "FunctionEventAvg", "kineto_available"]


class DeviceType(enum.Enum):
    """On what kind of device an event ran."""

    CPU = 0
    CUDA = 1


def kineto_available() -> bool:
    """Whether :class:`kajo.profiler.profile` can be used: always.

    >>> kineto_available()
    True
    """
    return True


_KINDS = ("cpu_op", "autograd", "user_annotation")


def _time_text(microseconds: float, unit: str | None = None) -> str:
    """A duration with its unit, the largest that leaves at least 1."""
    scales = {"s": 1e6, "ms": 1e3, "us": 1.0}
    if unit is None:
        unit = next((u for u, scale in scales.items() if microseconds >= scale), "us")
    return f"{microseconds / scales[unit]:.3f}{unit}"


def _memory_text(count: int) -> str:
    for unit, size in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if abs(count) >= size:
            return f"{count / size:.2f} {unit}"
    return f"{count} B"


class _Times:
    """What single events and their sums show; times are in microseconds, memory in bytes."""

    count: int
    cpu_time_total: float
    self_cpu_time_total: float

    @property
    def cpu_time(self) -> float:
        """The time of one call on average."""
        return self.cpu_time_total / self.count if self.count else 0.0

    @property
    def cpu_time_str(self) -> str:
        """`cpu_time` with its unit."""
        return _time_text(self.cpu_time)

    @property
    def cpu_time_total_str(self) -> str:
        """`cpu_time_total` with its unit."""
        return _time_text(self.cpu_time_total)

    @property
    def self_cpu_time_total_str(self) -> str:
        """`self_cpu_time_total` with its unit."""
        return _time_text(self.self_cpu_time_total)

    # There is no other device than the CPU.
    device_time = device_time_total = self_device_time_total = 0.0
    device_memory_usage = self_device_memory_usage = 0
    device_time_str = device_time_total_str = self_device_time_total_str = "0.000us"


class _Interval:
    """When something began and ended, in microseconds since the profile began."""

    def __init__(self, start: float, end: float):
        self.start = start
        self.end = end

    def elapsed_us(self) -> float:
        """How long it took."""
        return self.end - self.start


class FunctionEvent(_Times):
    """One call: its name, its time, the calls that it made."""

    count = 1
    device_type = DeviceType.CPU

    def __init__(self, number: int, record: tuple[Any, ...], origin: int):
        (
            self.name, kind, begin, end, self.thread, self.depth, self.cpu_memory_usage,
            self.input_shapes, stack,
        ) = record  # fmt: skip
        self.id = number
        self.kind = _KINDS[kind]
        self.time_range = _Interval((begin - origin) / 1e3, (end - origin) / 1e3)
        self.stack = [line for line in stack.split("\n") if line]
        self.cpu_children: list[FunctionEvent] = []
        self.cpu_parent: FunctionEvent | None = None
        self.is_user_annotation = self.kind == "user_annotation"

    @property
    def key(self) -> str:
        """The name, by which sums are taken."""
        return str(self.name)

    @property
    def cpu_time_total(self) -> float:  # type: ignore[override]
        """The time of the call."""
        return self.time_range.elapsed_us()

    @property
    def self_cpu_time_total(self) -> float:  # type: ignore[override]
        """The time of the call less that of the calls that it made."""
        return self.cpu_time_total - sum(child.cpu_time_total for child in self.cpu_children)

    @property
    def self_cpu_memory_usage(self) -> int:
        """The memory taken less given back, without the calls that it made."""
        inner = sum(child.cpu_memory_usage for child in self.cpu_children)
        return int(self.cpu_memory_usage - inner)

    def __repr__(self) -> str:
        return (
            f"<FunctionEvent id={self.id} name={self.name} cpu_time={self.cpu_time_str} "
            f"start_us={self.time_range.start} end_us={self.time_range.end} "
            f"cpu_children={[child.id for child in self.cpu_children]} thread={self.thread} "
            f"input_shapes={self.input_shapes} cpu_memory_usage={self.cpu_memory_usage}>"
        )


class FunctionEventAvg(_Times):
    """The sum of all calls with one name."""

    def __init__(self) -> None:
        self.key = ""
        self.count = 0
        self.cpu_time_total = 0.0
        self.self_cpu_time_total = 0.0
        self.cpu_memory_usage = 0
        self.self_cpu_memory_usage = 0
        self.input_shapes: Any = None
        self.stack: list[str] = []
        self.cpu_parent: FunctionEvent | None = None

    def add(self, event: FunctionEvent | FunctionEventAvg) -> FunctionEventAvg:
        """Adds a call, or the sum of several."""
        if not self.count:
            self.key, self.input_shapes, self.stack = event.key, event.input_shapes, event.stack
        self.count += event.count
        # What a function spends in calls of itself is part of the outer call.
        parent = event.cpu_parent
        while parent is not None and parent.name != event.key:
            parent = parent.cpu_parent
        if parent is None:
            self.cpu_time_total += event.cpu_time_total
            self.cpu_memory_usage += event.cpu_memory_usage
        self.self_cpu_time_total += event.self_cpu_time_total
        self.self_cpu_memory_usage += event.self_cpu_memory_usage
        return self

    def __repr__(self) -> str:
        return (
            f"<FunctionEventAvg key={self.key} self_cpu_time={self.self_cpu_time_total_str} "
            f"cpu_time={self.cpu_time_str} input_shapes={self.input_shapes} "
            f"cpu_memory_usage={self.cpu_memory_usage}>"
        )


class EventList(list[Any]):
    """Events, or their sums, that can be summed, shown as a table and exported."""

    def __init__(self, events: Iterable[Any] = (), profile_memory: bool = False):
        super().__init__(events)
        self._profile_memory = profile_memory

    @classmethod
    def from_records(cls, records: list[tuple[Any, ...]], profile_memory: bool) -> EventList:
        """The events of a profile, in the order of their beginnings, with parents and children."""
        origin = min((record[2] for record in records), default=0)
        events = []
        # Of each thread and depth, what still waits for the range that it lies in.
        waiting: dict[tuple[int, int], list[FunctionEvent]] = defaultdict(list)
        for record in records:
            if record[0] in QUESTIONS:
                waiting.pop((record[4], record[5] + 1), None)
                continue
            event = FunctionEvent(0, record, origin)
            event.cpu_children = waiting.pop((event.thread, event.depth + 1), [])
            for child in event.cpu_children:
                child.cpu_parent = event
            waiting[event.thread, event.depth].append(event)
            events.append(event)
        events.sort(key=lambda event: (event.time_range.start, event.depth))
        events = [shown for event in events for shown in named(event)]
        for number, event in enumerate(events, 1):
            event.id = number
        return cls(events, profile_memory)

    @property
    def self_cpu_time_total(self) -> float:
        """The time of all events, each without the calls that it made."""
        return float(sum(event.self_cpu_time_total for event in self))

    def key_averages(
        self,
        group_by_input_shapes: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
    ) -> EventList:
        """The sums of calls with the same name.

        Args:
            group_by_input_shapes: calls with other shapes of arguments are apart.
            group_by_stack_n: calls are apart whose innermost places in the program differ.
            group_by_overload_name: accepted; overloads go by one name.
        """
        sums: dict[tuple[Any, ...], FunctionEventAvg] = defaultdict(FunctionEventAvg)
        for event in self:
            shapes = str(event.input_shapes) if group_by_input_shapes else ""
            key = (event.key, shapes, *event.stack[:group_by_stack_n])
            sums[key].add(event)
        for total in sums.values():
            total.stack = total.stack[:group_by_stack_n]
            total.input_shapes = total.input_shapes if group_by_input_shapes else ""
        return EventList(sums.values(), self._profile_memory)

    def total_average(self) -> FunctionEventAvg:
        """The sum of all events."""
        total = FunctionEventAvg()
        for event in self:
            total.add(event)
        total.key = "Total"
        return total

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_src_column_width: int = 75,
        max_name_column_width: int = 55,
        max_shapes_column_width: int = 80,
        header: str | None = None,
        top_level_events_only: bool = False,
        time_unit: str | None = None,
    ) -> str:
        """The events as a table.

        Args:
            sort_by: an attribute, such as "cpu_time_total", "self_cpu_time_total",
                "cpu_memory_usage", "count"; largest first.
            row_limit: the most rows.
            max_src_column_width: the width of places in the program.
            max_name_column_width: the width of names.
            max_shapes_column_width: the width of shapes.
            header: a line above.
            top_level_events_only: leaves out events that lie in others.
            time_unit: "s", "ms" or "us" for all times.
        """
        events = [
            event
            for event in self
            if not (top_level_events_only and getattr(event, "cpu_parent", None) is not None)
        ]
        if sort_by is not None:
            events.sort(key=lambda event: getattr(event, sort_by), reverse=True)
        whole = self.self_cpu_time_total or 1.0
        columns = ["Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg"]
        columns += ["CPU Mem", "Self CPU Mem"] if self._profile_memory else []
        columns += ["# of Calls"]
        shaped = any(event.input_shapes for event in events)
        columns += ["Input Shapes"] if shaped else []
        placed = any(event.stack for event in events)
        columns += ["Source Location"] if placed else []
        rows = []
        for event in events[:row_limit]:
            row = [
                _shortened(event.key, max_name_column_width),
                f"{event.self_cpu_time_total / whole:.2%}",
                _time_text(event.self_cpu_time_total, time_unit),
                f"{event.cpu_time_total / whole:.2%}",
                _time_text(event.cpu_time_total, time_unit),
                _time_text(event.cpu_time, time_unit),
            ]
            if self._profile_memory:
                row += [
                    _memory_text(event.cpu_memory_usage),
                    _memory_text(event.self_cpu_memory_usage),
                ]
            row.append(str(event.count))
            row += [_shortened(str(event.input_shapes), max_shapes_column_width)] if shaped else []
            row += [_shortened((event.stack or [""])[0], max_src_column_width)] if placed else []
            rows.append(row)
        end = f"Self CPU time total: {_time_text(self.self_cpu_time_total, time_unit)}\n"
        return (f"{header}\n" if header else "") + _aligned(columns, rows) + end

    def __str__(self) -> str:
        return self.table()

    def export_chrome_trace(self, path: Any) -> None:
        """Writes the events for chrome://tracing or Perfetto."""
        process = os.getpid()
        events: list[dict[str, Any]] = [
            {
                "ph": "X",
                "cat": event.kind,
                "name": event.name,
                "pid": process,
                "tid": event.thread,
                "ts": event.time_range.start,
                "dur": event.time_range.elapsed_us(),
                "args": {
                    "External id": event.id,
                    **({"Input Dims": event.input_shapes} if event.input_shapes else {}),
                    **({"Call stack": ";".join(event.stack)} if event.stack else {}),
                    **({"Bytes": event.cpu_memory_usage} if self._profile_memory else {}),
                },
            }
            for event in self
        ]
        threads = sorted({event.thread for event in self})
        events += [
            {
                "ph": "M",
                "name": "thread_name",
                "pid": process,
                "tid": t,
                "args": {"name": f"thread {t}"},
            }
            for t in threads
        ]
        trace = {"schemaVersion": 1, "displayTimeUnit": "ms", "traceEvents": events}
        whole = Path(path)
        part = whole.with_name(whole.name + ".part")
        part.write_text(json.dumps(trace))
        part.replace(whole)

    def supported_export_stacks_metrics(self) -> list[str]:
        """What :meth:`export_stacks` can sum."""
        return ["self_cpu_time_total", "self_device_time_total"]

    def export_stacks(self, path: Any, metric: str) -> None:
        """Writes lines "outer;inner;... time" from which flame graphs are drawn.

        Raises:
            ValueError: if the metric is none of :meth:`supported_export_stacks_metrics`.
        """
        if metric not in self.supported_export_stacks_metrics():
            raise ValueError(
                f"metric should be one of: {self.supported_export_stacks_metrics()}, got {metric!r}"
            )
        lines = [
            ";".join(line.replace(" ", "_") for line in reversed(event.stack))
            + f" {int(getattr(event, metric))}"
            for event in self
            if event.stack and int(getattr(event, metric)) > 0
        ]
        Path(path).write_text("\n".join(lines) + "\n")


def _shortened(text: str, width: int | None) -> str:
    return text if width is None or len(text) <= width else text[: width - 3] + "..."


def _aligned(columns: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(line[i]) for line in [columns, *rows]) for i in range(len(columns))]
    rule = "  ".join("-" * width for width in widths)
    lines = ["  ".join(cell.rjust(w) for cell, w in zip(line, widths)) for line in [columns, *rows]]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule, ""])
