"""Work of a GPU noted once and done often; all of it needs a GPU."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from kajo.cuda._needs import needs_gpu

__all__ = [
    "CUDAGraph", "graph", "graph_pool_handle", "is_current_stream_capturing",
    "make_graphed_callables",
]  # fmt: skip


class CUDAGraph:
    """Noted work.

    Args:
        keep_graph: keep the driver's graph, to change it.

    Raises:
        RuntimeError: without a GPU.
    """

    def __init__(self, keep_graph: bool = False) -> None:
        raise RuntimeError("CUDAGraph: kajo not compiled with CUDA enabled")


class graph(AbstractContextManager[None]):
    """A block whose work is noted in a graph.

    Args:
        cuda_graph: the graph, which only a GPU can make.
        pool, stream, capture_error_mode, enable_annotations, check_input_liveness: how it is noted.

    Raises:
        AssertionError: without a GPU.
    """

    def __init__(
        self,
        cuda_graph: CUDAGraph,
        pool: Any = None,
        stream: Any = None,
        capture_error_mode: str = "global",
        enable_annotations: bool = False,
        check_input_liveness: bool = False,
    ) -> None:
        needs_gpu("graph")

    def __exit__(self, *_: object) -> None:
        """Ends the note."""


def graph_pool_handle() -> Any:
    """A name for memory that graphs share.

    Raises:
        RuntimeError: without a GPU.
    """
    raise RuntimeError("graph_pool_handle(): kajo not compiled with CUDA enabled")


def is_current_stream_capturing() -> bool:
    """Whether work is being noted.

    Raises:
        RuntimeError: without a GPU.
    """
    raise RuntimeError("is_current_stream_capturing(): kajo not compiled with CUDA enabled")


def make_graphed_callables(
    callables: Any,
    sample_args: Any,
    num_warmup_iters: int = 3,
    allow_unused_input: bool = False,
    pool: Any = None,
) -> Any:
    """Functions whose work is noted once and done at each call; raises without a GPU."""
    needs_gpu("make_graphed_callables")
