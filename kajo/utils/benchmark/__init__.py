"""Measuring how long pieces of a program take, and comparing the results in tables.

>>> from kajo.utils.benchmark import Timer
>>> Timer("x + 1", globals={"x": 1}).timeit(10).number_per_run
10
"""

from kajo.utils.benchmark.compare import Colorize as Colorize
from kajo.utils.benchmark.compare import Compare as Compare
from kajo.utils.benchmark.measurement import Measurement as Measurement
from kajo.utils.benchmark.measurement import TaskSpec as TaskSpec
from kajo.utils.benchmark.measurement import ordered_unique as ordered_unique
from kajo.utils.benchmark.measurement import select_unit as select_unit
from kajo.utils.benchmark.measurement import trim_sigfig as trim_sigfig
from kajo.utils.benchmark.measurement import unit_to_english as unit_to_english
from kajo.utils.benchmark.timer import Language as Language
from kajo.utils.benchmark.timer import Timer as Timer
from kajo.utils.benchmark.timer import set_torch_threads as set_torch_threads
from kajo.utils.benchmark.timer import timer as timer

__all__ = [
    "Colorize",
    "Compare",
    "Language",
    "Measurement",
    "TaskSpec",
    "Timer",
    "ordered_unique",
    "select_unit",
    "set_torch_threads",
    "timer",
    "trim_sigfig",
    "unit_to_english",
]
