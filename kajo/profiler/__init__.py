"""Profiles of training steps: tables, Chrome traces, schedules.

>>> import kajo
>>> from kajo.profiler import profile, record_function
>>> with profile(record_shapes=True) as p, record_function("square"):
...     _ = kajo.ones(2, 2) @ kajo.ones(2, 2)
>>> [event.key for event in p.key_averages()]
['square', 'aten::ones', 'aten::matmul', 'aten::mm']
"""

from kajo.autograd.profiler import record_function as record_function
from kajo.autograd.profiler_util import DeviceType as DeviceType
from kajo.autograd.profiler_util import kineto_available as kineto_available
from kajo.profiler.execution_trace import ExecutionTraceObserver as ExecutionTraceObserver
from kajo.profiler.profiler import ProfilerAction as ProfilerAction
from kajo.profiler.profiler import ProfilerActivity as ProfilerActivity
from kajo.profiler.profiler import profile as profile
from kajo.profiler.profiler import schedule as schedule
from kajo.profiler.profiler import supported_activities as supported_activities
from kajo.profiler.profiler import tensorboard_trace_handler as tensorboard_trace_handler

__all__ = [
    "DeviceType", "ExecutionTraceObserver", "ProfilerAction", "ProfilerActivity",
    "kineto_available", "profile", "record_function", "schedule", "supported_activities",
    "tensorboard_trace_handler",
]  # fmt: skip
