"""Running a statement often enough to tell how long it takes."""

from __future__ import annotations

import contextlib
import enum
import textwrap
import timeit
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

import kajo
from kajo.utils.benchmark.measurement import Measurement, TaskSpec

timer = timeit.default_timer
"""The clock."""

_LEAST_OVERHEAD = 1e-4
_WARM_UP_RUNS = 2


class Language(enum.Enum):
    """The languages of statements; only Python is supported."""

    PYTHON = 0
    CPP = 1


@contextlib.contextmanager
def set_torch_threads(n: int) -> Iterator[None]:
    """Within the block an operation may use ``n`` threads.

    >>> import kajo
    >>> with kajo.utils.benchmark.set_torch_threads(1):
    ...     kajo.get_num_threads()
    1
    """
    before = kajo.get_num_threads()
    try:
        kajo.set_num_threads(n)
        yield
    finally:
        kajo.set_num_threads(before)


class Timer:
    """Measures how long a statement takes.

    Args:
        stmt: the statement, as text.
        setup: what runs once before it.
        global_setup: not for Python.
        timer: the clock.
        globals: names for the statement; ``kajo`` is always there.
        label, sub_label, description: name the table, the row and the column of the result.
        env: tells apart where it ran.
        num_threads: threads that an operation may use.
        language: only Python is supported.

    Raises:
        NotImplementedError: for another language.
        ValueError: if there is a global setup.

    Example:
        >>> import kajo
        >>> x = kajo.ones(10)
        >>> found = kajo.utils.benchmark.Timer("x + 1", globals={"x": x}).timeit(100)
        >>> 0 < found.median < 1
        True
    """

    def __init__(
        self,
        stmt: str = "pass",
        setup: str = "pass",
        global_setup: str = "",
        timer: Callable[[], float] = timer,
        globals: dict[str, Any] | None = None,
        label: str | None = None,
        sub_label: str | None = None,
        description: str | None = None,
        env: str | None = None,
        num_threads: int = 1,
        language: Language | str = Language.PYTHON,
    ) -> None:
        if not isinstance(stmt, str):
            raise ValueError("Currently only a `str` stmt is supported.")
        if language not in (Language.PYTHON, "py", "python"):
            raise NotImplementedError(f"Timer: statements can only be Python, not {language}")
        if global_setup:
            raise ValueError(f"global_setup is not for Python, but got {global_setup!r}")
        names = dict(globals or {})
        names.setdefault("kajo", kajo)
        statement, before = textwrap.dedent(stmt).strip(), textwrap.dedent(setup).strip()
        self._timer = timeit.Timer(statement, before, timer, names)
        self._task_spec = TaskSpec(
            stmt=statement,
            setup=before,
            label=label,
            sub_label=sub_label,
            description=description,
            env=env,
            num_threads=num_threads,
        )

    def _measured(self, number: int, times: list[float]) -> Measurement:
        return Measurement(number, times, self._task_spec)

    def timeit(self, number: int = 1_000_000) -> Measurement:
        """Run the statement ``number`` times, after some runs to warm up."""
        with set_torch_threads(self._task_spec.num_threads):
            self._timer.timeit(max(number // 100, _WARM_UP_RUNS))
            return self._measured(number, [self._timer.timeit(number)])

    def repeat(self, repeat: int = -1, number: int = -1) -> NoReturn:
        """Is not supported: use :meth:`timeit` or :meth:`blocked_autorange`."""
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def autorange(self, callback: Callable[[int, float], Any] | None = None) -> NoReturn:
        """Is not supported: use :meth:`blocked_autorange`."""
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def collect_callgrind(self, *_: Any, **__: Any) -> NoReturn:
        """Is not supported: instructions are not counted."""
        raise NotImplementedError("Timer.collect_callgrind: instructions are not counted")

    def _block_size(self, min_run_time: float) -> int:
        """How many runs make the clock's own time not matter."""
        overhead = float(np.median([self._timer.timeit(0) for _ in range(5)]))
        number = 1
        while True:
            taken = self._timer.timeit(number)
            is_long = taken >= min_run_time / 1000 and overhead <= _LEAST_OVERHEAD * taken
            if is_long or taken > min_run_time:
                return number
            number *= 10

    def blocked_autorange(
        self,
        callback: Callable[[int, float], Any] | None = None,
        min_run_time: float = 0.2,
    ) -> Measurement:
        """Run the statement in blocks until they have taken ``min_run_time`` seconds.

        Args:
            callback: called with the size and the seconds of each block.
            min_run_time: seconds.
        """
        with set_torch_threads(self._task_spec.num_threads):
            number = self._block_size(min_run_time)

            def is_enough(times: list[float]) -> bool:
                return sum(times) >= min_run_time

            times = self._blocks(number, callback, is_enough)
        return self._measured(number, times)

    def _blocks(
        self,
        number: int,
        callback: Callable[[int, float], Any] | None,
        is_enough: Callable[[list[float]], bool],
    ) -> list[float]:
        times: list[float] = []
        while not times or not is_enough(times):
            times.append(self._timer.timeit(number))
            if callback is not None:
                callback(number, times[-1])
        return times

    def adaptive_autorange(
        self,
        threshold: float = 0.1,
        *,
        min_run_time: float = 0.01,
        max_run_time: float = 10.0,
        callback: Callable[[int, float], Any] | None = None,
    ) -> Measurement:
        """Run the statement in blocks until the times agree.

        Args:
            threshold: interquartile range over median that they have to come below.
            min_run_time: seconds at least.
            max_run_time: seconds after which to stop anyhow.
            callback: called with the size and the seconds of each block.
        """
        with set_torch_threads(self._task_spec.num_threads):
            number = self._block_size(min_run_time)

            def is_enough(times: list[float]) -> bool:
                if sum(times) < min_run_time or len(times) < 4:
                    return sum(times) >= max_run_time
                settled = self._measured(number, times).meets_confidence(threshold)
                return settled or sum(times) >= max_run_time

            times = self._blocks(number, callback, is_enough)
        return self._measured(number, times)
