"""A profiler that follows the steps of a training loop."""

from __future__ import annotations

import enum
import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from kajo import _core
from kajo.autograd.profiler_util import EventList

__all__ = [
    "ProfilerAction", "ProfilerActivity", "profile", "schedule", "supported_activities",
    "tensorboard_trace_handler",
]  # fmt: skip


class ProfilerActivity(enum.Enum):
    """What is profiled; only the CPU is there."""

    CPU = 0
    CUDA = 2


class ProfilerAction(enum.Enum):
    """What the profiler does in a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def supported_activities() -> set[ProfilerActivity]:
    """What can be profiled.

    >>> supported_activities()
    {<ProfilerActivity.CPU: 0>}
    """
    return {ProfilerActivity.CPU}


def schedule(
    *,
    wait: int,
    warmup: int,
    active: int,
    repeat: int = 0,
    skip_first: int = 0,
    skip_first_wait: int = 0,
) -> Callable[[int], ProfilerAction]:
    """A schedule of cycles: `wait` steps idle, `warmup` steps discarded, `active` steps recorded.

    Args:
        wait: idle steps of a cycle.
        warmup: steps that are recorded and thrown away.
        active: steps that are kept, at least 1.
        repeat: how many cycles; 0 for as many as there are.
        skip_first: idle steps before the first cycle.
        skip_first_wait: where not 0, the first cycle does not wait.

    Raises:
        AssertionError: if a number is negative or `active` is 0.

    >>> plan = schedule(wait=1, warmup=1, active=2)
    >>> [plan(step).name for step in range(4)]
    ['NONE', 'WARMUP', 'RECORD', 'RECORD_AND_SAVE']
    """
    if not (wait >= 0 and warmup >= 0 and active > 0 and repeat >= 0 and skip_first >= 0):
        raise AssertionError("Invalid profiler schedule arguments")

    def action(step: int) -> ProfilerAction:
        if step < 0:
            raise AssertionError(f"Step must be non-negative. Got {step}.")
        if step < skip_first:
            return ProfilerAction.NONE
        step -= skip_first
        if skip_first_wait != 0:
            step += wait
        cycle, place = divmod(step, wait + warmup + active)
        if repeat > 0 and cycle >= repeat:
            return ProfilerAction.NONE
        if place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        last = place == wait + warmup + active - 1
        return ProfilerAction.RECORD_AND_SAVE if last else ProfilerAction.RECORD

    return action


def _always(step: int) -> ProfilerAction:
    return ProfilerAction.RECORD


def tensorboard_trace_handler(
    dir_name: str,
    worker_name: str | None = None,
    use_gzip: bool = False,
    use_python_export: bool = False,
) -> Callable[[profile], None]:
    """A function for `on_trace_ready` that writes a trace a cycle into a folder.

    Args:
        dir_name: the folder.
        worker_name: the beginning of the files' names; by default host and process.
        use_gzip: whether they are compressed.
        use_python_export: accepted for compatibility.
    """

    def handle(profiler: profile) -> None:
        import socket

        name = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        folder = Path(dir_name)
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{name}.{time.time_ns()}.pt.trace.json{'.gz' if use_gzip else ''}"
        profiler.export_chrome_trace(str(file))

    return handle


class profile:
    """Profiles a block, or the steps of a loop that a schedule names.

    Args:
        activities: accepted; the CPU is profiled.
        schedule: what is done in each step (:func:`schedule`); by default all is recorded.
        on_trace_ready: called with the profiler after each recorded cycle.
        record_shapes: whether shapes of arguments are noted.
        profile_memory: whether tables and traces show memory.
        with_stack: whether the program's stack is noted.
        with_flops: accepted; operations are not counted.
        with_modules: accepted; modules can be named by :class:`record_function`.
        acc_events: whether the events of all cycles are kept, not only the last one's.
        others: accepted for programs that pass them.

    Raises:
        RuntimeError: if another profile is running.
    """

    def __init__(
        self,
        *,
        activities: Iterable[ProfilerActivity] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[..., Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
        acc_events: bool = False,
        **others: Any,
    ):
        self.schedule = schedule or _always
        self.on_trace_ready = on_trace_ready
        self.record_shapes = record_shapes
        self.profile_memory = profile_memory
        self.with_stack = with_stack
        self.acc_events = acc_events
        self.step_num = 0
        self._whole = schedule is None
        self._metadata: dict[str, Any] = {}
        self._records: list[tuple[Any, ...]] = []
        self._events: EventList | None = None
        self._stepping = False

    # ---- following the schedule

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begins with the first step."""
        self.current_action = self.schedule(self.step_num)
        self._move(ProfilerAction.NONE, self.current_action)
        self._begin_step()

    def stop(self) -> None:
        """Ends; what is being recorded is a cycle of its own."""
        self._end_step()
        self._move(self.current_action, ProfilerAction.NONE)

    def step(self) -> None:
        """Says that the next step of the loop begins."""
        self._end_step()
        before = self.current_action
        self.step_num += 1
        self.current_action = self.schedule(self.step_num)
        self._move(before, self.current_action)
        self._begin_step()

    def _begin_step(self) -> None:
        self._stepping = not self._whole and _core._is_profiling()
        if self._stepping:
            _core._open_range(f"ProfilerStep#{self.step_num}")

    def _end_step(self) -> None:
        if self._stepping:
            _core._close_range()
            self._stepping = False

    def _move(self, before: ProfilerAction, after: ProfilerAction) -> None:
        recording = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)
        goes_on = before is ProfilerAction.RECORD and after in recording
        if before in recording and not goes_on:
            self._finish_cycle()
        if before is ProfilerAction.WARMUP:
            _core._stop_profiling()
        if (after in recording and not goes_on) or (
            after is ProfilerAction.WARMUP and not _core._is_profiling()
        ):
            if _core._is_profiling():
                raise RuntimeError("profile: another profile is running; end it first")
            _core._start_profiling(self.record_shapes, self.with_stack)

    def _finish_cycle(self) -> None:
        records = _core._stop_profiling()
        self._records = [*self._records, *records] if self.acc_events else records
        self._events = EventList.from_records(self._records, self.profile_memory)
        if self.on_trace_ready is not None:
            self.on_trace_ready(self)

    # ---- what was recorded

    def events(self) -> EventList:
        """The events of the last cycle.

        Raises:
            AssertionError: if none has ended.
        """
        if self._events is None:
            raise AssertionError(
                "Profiler must be initialized before getting events: no cycle has ended"
            )
        return self._events

    def key_averages(
        self,
        group_by_input_shape: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
    ) -> EventList:
        """The sums of calls with the same name: :meth:`EventList.key_averages`."""
        return self.events().key_averages(group_by_input_shape, group_by_stack_n)

    def export_chrome_trace(self, path: str) -> None:
        """Writes the events for chrome://tracing or Perfetto; compressed where `path` ends in .gz."""
        if not path.endswith(".gz"):
            self.events().export_chrome_trace(path)
            self._add_metadata_to(path)
            return
        import gzip

        plain = path.removesuffix(".gz")
        self.export_chrome_trace(plain)
        with gzip.open(path, "wb") as compressed:
            compressed.write(Path(plain).read_bytes())
        os.remove(plain)

    def _add_metadata_to(self, path: str) -> None:
        if self._metadata:
            trace = json.loads(Path(path).read_text())
            Path(path).write_text(json.dumps({**trace, **self._metadata}))

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Writes stacks with times, from which flame graphs are drawn; needs `with_stack`."""
        self.events().export_stacks(path, metric)

    def add_metadata(self, key: str, value: str) -> None:
        """Adds text to the traces that are written."""
        self._metadata[key] = value

    def add_metadata_json(self, key: str, value: str) -> None:
        """Adds a value, given as JSON, to the traces that are written."""
        self._metadata[key] = json.loads(value)
