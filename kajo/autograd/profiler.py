"""Profiles of a block: what ran, how long, with how much memory.

>>> import kajo
>>> with kajo.autograd.profiler.profile() as profile:
...     _ = kajo.ones(2) + 1
>>> [event.name for event in profile.function_events]
['aten::ones', 'aten::add']
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from kajo import _core
from kajo.autograd.profiler_util import EventList, FunctionEventAvg

__all__ = ["profile", "record_function"]


class record_function:
    """Names a block, or a function as its decorator, in profiles. Outside of profiles it does nothing.

    Args:
        name: the name.
        args: accepted; not shown.
    """

    def __init__(self, name: str, args: str | None = None):
        self.name = name
        self.args = args

    def __enter__(self) -> record_function:
        self._open = _core._is_profiling()
        if self._open:
            _core._open_range(self.name)
        return self

    def __exit__(self, *_: object) -> None:
        if self._open:
            _core._close_range()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def named(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name, self.args):
                return function(*args, **kwargs)

        return named


class profile:
    """Profiles a block; the events are there when it has ended.

    Args:
        enabled: False makes it do nothing.
        record_shapes: whether shapes of arguments are noted.
        profile_memory: whether tables show memory.
        with_stack: whether the program's stack is noted.
        others: accepted; there is no other device, and operations are not counted in flops.

    Raises:
        RuntimeError: if another profile is running.
    """

    def __init__(
        self,
        enabled: bool = True,
        *,
        use_cuda: bool = False,
        use_device: str | None = None,
        record_shapes: bool = False,
        with_flops: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_modules: bool = False,
        use_kineto: bool = False,
        use_cpu: bool = True,
        **others: Any,
    ):
        self.enabled = enabled
        self.record_shapes = record_shapes
        self.profile_memory = profile_memory
        self.with_stack = with_stack
        self.function_events: EventList | None = None

    def __enter__(self) -> profile:
        if self.enabled:
            if _core._is_profiling():
                raise RuntimeError("profile: another profile is running; end it first")
            _core._start_profiling(self.record_shapes, self.with_stack)
        return self

    def __exit__(self, *_: object) -> None:
        if self.enabled:
            self.function_events = EventList.from_records(
                _core._stop_profiling(), self.profile_memory
            )

    def _events(self) -> EventList:
        if self.function_events is None:
            raise RuntimeError("Profiler didn't finish running")
        return self.function_events

    def key_averages(
        self,
        group_by_input_shape: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
    ) -> EventList:
        """The sums of calls with the same name: :meth:`EventList.key_averages`."""
        return self._events().key_averages(group_by_input_shape, group_by_stack_n)

    def total_average(self) -> FunctionEventAvg:
        """The sum of all events."""
        return self._events().total_average()

    @property
    def self_cpu_time_total(self) -> float:
        """The time of all events in microseconds."""
        return self._events().self_cpu_time_total

    def table(self, sort_by: str | None = None, row_limit: int = 100, **options: Any) -> str:
        """All events as a table: :meth:`EventList.table`."""
        return self._events().table(sort_by, row_limit, **options)

    def export_chrome_trace(self, path: Any) -> None:
        """Writes the events for chrome://tracing or Perfetto."""
        self._events().export_chrome_trace(path)

    def export_stacks(self, path: Any, metric: str = "self_cpu_time_total") -> None:
        """Writes stacks with times, from which flame graphs are drawn."""
        self._events().export_stacks(path, metric)

    def __str__(self) -> str:
        return "<unfinished profile>" if self.function_events is None else str(self._events())
