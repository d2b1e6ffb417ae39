#!/usr/bin/env python3
"""Measure what this machine can do, and each kernel as a share of it.

The peak is a loop of fused multiply-adds on registers, the bandwidth a loop that reads (for reductions) or
adds (for element-wise work) arrays beyond the caches; both are compiled on the spot with `cc`. They are
measured in turn with the kernels, so that a clock that changes, changes both. With one thread the processor
time of the thread counts, which other load disturbs least; with more, the time on the wall.

    python benchmarks/roofline.py                     # as many threads as there are cores
    python benchmarks/roofline.py --threads 1 --only 'matmul|conv'
"""

from __future__ import annotations

import argparse
import ctypes
import os
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import kajo
from kajo import Tensor

Work = Callable[[], object]
SOURCE = Path(__file__).with_name("roofline_peak.c")
ROUNDS = 5
PEAK_ROUNDS = 300_000
STREAM = 1 << 24


def compile_peaks() -> ctypes.CDLL:
    """Return the loops of roofline_peak.c, compiled for this machine."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "peak.so"
        compiler = os.environ.get("CC", "cc")
        subprocess.run(
            [compiler, "-O3", "-march=native", "-shared", "-fPIC", SOURCE, "-o", library],
            check=True,
        )
        peaks = ctypes.CDLL(str(library))
    for name in ("float32_peak", "bfloat16_peak", "read_stream", "add_stream"):
        getattr(peaks, name).restype = ctypes.c_double
    return peaks


class Machine:
    """The rates that bound every kernel: operations a second and bytes a second of all threads together."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.clock = time.thread_time if threads == 1 else time.perf_counter
        self.best: dict[str, float] = {}
        self._peaks = compile_peaks()
        self._arrays = [[kajo.zeros(STREAM) for _ in range(3)] for _ in range(threads)]

    def measure(self, bound: str) -> None:
        """Run one loop in every thread and keep the best rate seen."""
        loop, done = getattr(self._peaks, bound), [0.0] * self.threads

        def run(thread: int) -> None:
            pointers = [ctypes.c_void_p(array.data_ptr()) for array in self._arrays[thread]]
            if bound.endswith("_peak"):
                done[thread] = loop(ctypes.c_long(PEAK_ROUNDS))
            else:
                count = 1 if bound == "read_stream" else 3
                done[thread] = loop(*pointers[:count], ctypes.c_size_t(STREAM))

        others = [threading.Thread(target=run, args=(thread,)) for thread in range(1, self.threads)]
        begin = self.clock()
        for other in others:
            other.start()
        run(0)
        for other in others:
            other.join()
        self.best[bound] = max(self.best.get(bound, 0.0), sum(done) / (self.clock() - begin))

    def best_time(self, work: Work, seconds: float = 0.1) -> float:
        """Return the shortest time of `work` within so many seconds."""
        best, stop = float("inf"), time.perf_counter() + seconds
        while time.perf_counter() < stop:
            begin = self.clock()
            work()
            best = min(best, self.clock() - begin)
        return best


class Kernel:
    """Work with what it must do: operations for a peak, bytes for a bandwidth."""

    def __init__(self, bound: str, amount: float, work: Work) -> None:
        self.bound, self.amount, self.work = bound, amount, work


def _matmul(n: int, dtype: kajo.dtype) -> Kernel:
    a, b = kajo.randn(n, n).to(dtype), kajo.randn(n, n).to(dtype)
    bound = "float32_peak" if dtype == kajo.float32 else "bfloat16_peak"
    return Kernel(bound, 2.0 * n**3, lambda: a @ b)


def _convolution(channels: int, outputs: int, size: int, kernel: int, direction: str) -> Kernel:
    padding = kernel // 2
    x = kajo.randn(16, channels, size, size, requires_grad=direction == "input")
    w = kajo.randn(outputs, channels, kernel, kernel, requires_grad=direction == "weight")
    operations = 2.0 * 16 * outputs * channels * kernel**2 * size**2
    if direction == "forward":
        return Kernel("float32_peak", operations, lambda: kajo.conv2d(x, w, padding=padding))
    y = kajo.conv2d(x, w, padding=padding)
    grad, wanted = kajo.randn(*y.shape), x if direction == "input" else w
    return Kernel(
        "float32_peak", operations, lambda: kajo.autograd.grad(y, wanted, grad, retain_graph=True)
    )


def _attention(causal: bool) -> Kernel:
    q = kajo.randn(4, 12, 512, 64)
    operations = 4.0 * 4 * 12 * 512 * 512 * 64 * (0.5 if causal else 1.0)
    attend = kajo.nn.functional.scaled_dot_product_attention
    return Kernel("float32_peak", operations, lambda: attend(q, q, q, is_causal=causal))


def _stream(bound: str, arrays: int, make: Callable[[Tensor], Work]) -> Kernel:
    """`arrays`: how many times the 16 M elements pass through memory."""
    return Kernel(bound, 4.0 * arrays * STREAM, make(kajo.randn(4096, 4096)))


KERNELS: dict[str, Callable[[], Kernel]] = {
    **{f"matmul_{n}": lambda n=n: _matmul(n, kajo.float32) for n in (256, 512, 1024, 2048)},  # type: ignore[misc]
    "matmul_bfloat16_1024": lambda: _matmul(1024, kajo.bfloat16),
    **{
        f"conv{k}x{k}_{c}_{size}_{direction}": lambda c=c, o=o, size=size, k=k, d=direction: (
            _convolution(  # type: ignore[misc]
                c, o, size, k, d
            )
        )
        for c, o, size, k in (
            (64, 64, 56, 3),
            (128, 128, 28, 3),
            (256, 256, 14, 3),
            (512, 512, 7, 3),
            (64, 256, 56, 1),
        )
        for direction in ("forward", "input", "weight")
    },
    "attention": lambda: _attention(False),
    "attention_causal": lambda: _attention(True),
    "add_16m": lambda: _stream(
        "add_stream", 3, lambda a: (lambda b: lambda: a + b)(kajo.randn(4096, 4096))
    ),
    "exp_16m": lambda: _stream("add_stream", 2, lambda a: lambda: kajo.exp(a)),
    "sum_16m": lambda: _stream("read_stream", 1, lambda a: lambda: a.sum()),
    "sum_dim0_16m": lambda: _stream("read_stream", 1, lambda a: lambda: a.sum(0)),
    "sum_dim1_16m": lambda: _stream("read_stream", 1, lambda a: lambda: a.sum(1)),
    "amax_16m": lambda: _stream("read_stream", 1, lambda a: lambda: a.amax()),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=kajo.get_num_threads())
    parser.add_argument("--only", default="", help="a regular expression")
    arguments = parser.parse_args()
    kajo.set_num_threads(arguments.threads)
    machine = Machine(arguments.threads)
    print(f"{'kernel':28s} {'time':>11s} {'rate':>14s} {'bound':>14s}  share")
    for name, make in KERNELS.items():
        if not re.search(arguments.only, name):
            continue
        kernel, best = make(), float("inf")
        for _ in range(ROUNDS):
            machine.measure(kernel.bound)
            best = min(best, machine.best_time(kernel.work))
        rate, bound = kernel.amount / best, machine.best[kernel.bound]
        unit = "Gop/s" if kernel.bound.endswith("_peak") else "GB/s"
        share = f"{rate / bound:5.2f}" if bound else "    -"
        print(
            f"{name:28s} {best * 1e3:8.3f} ms {rate / 1e9:8.1f} {unit:5s} {bound / 1e9:8.1f} {unit:5s} {share}"
        )


if __name__ == "__main__":
    main()
