"""Profiles of training steps: tables, Chrome traces, schedules.

>>> import kajo
>>> from kajo.profiler import profile, record_function
>>> with profile(record_shapes=True) as p, record_function("square"):
...     _ = kajo.ones(2, 2) @ kajo.ones(2, 2)
>>> [event.key for event in p.key_averages()]
['square', 'aten::ones', 'aten::matmul']
"""

from kajo.autograd.profiler import record_function as record_function
from kajo.profiler.profiler import ProfilerAction as ProfilerAction
from kajo.profiler.profiler import ProfilerActivity as ProfilerActivity
from kajo.profiler.profiler import profile as profile
from kajo.profiler.profiler import schedule as schedule
from kajo.profiler.profiler import supported_activities as supported_activities
from kajo.profiler.profiler import tensorboard_trace_handler as tensorboard_trace_handler

__all__ = [
    "ProfilerAction", "ProfilerActivity", "profile", "record_function", "schedule",
    "supported_activities", "tensorboard_trace_handler",
]  # fmt: skip
