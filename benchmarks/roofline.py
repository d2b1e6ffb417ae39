#!/usr/bin/env python3
"""Measure what this machine can do, and each kernel as a share of it.

The peak is a loop of fused multiply-adds on registers, the bandwidth a loop that reads (for reductions) or
adds (for element-wise work) arrays beyond the caches; both are compiled on the spot with `cc`. They are
measured in turn with the kernels, so that a clock that changes, changes both. With one thread the processor
time of the thread counts, which other load disturbs least; with more, the time on the wall.

A share below the aim is marked. Convolutions and attention may do fewer operations than are counted (Winograd's
transform, the half of the scores that a causal mask leaves out is not counted), so a share can be above 1.

    python benchmarks/roofline.py                     # as many threads as there are cores
    python benchmarks/roofline.py --threads 1 --only 'matmul|conv' --json roofline.json --plot roofline.png
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import kajo
from kajo import Tensor
from kajo.bench.comparison import chosen, write_whole
from kajo.bench.picture import pyplot

Work = Callable[[], object]
SOURCE = Path(__file__).with_name("roofline_peak.c")
PEAK_ROUNDS = 3_000_000
STREAM_ROUNDS = 4
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
        # Together as large as the kernels' operands, of which a part stays in the caches too.
        self._count = STREAM // threads
        self._arrays = [[kajo.zeros(self._count) for _ in range(3)] for _ in range(threads)]

    def measure(self, bound: str) -> None:
        """Run one loop in every thread and keep the best rate seen."""
        loop, done = getattr(self._peaks, bound), [0.0] * self.threads

        together = threading.Barrier(self.threads)
        begins, ends = [0.0] * self.threads, [0.0] * self.threads

        def run(thread: int) -> None:
            pointers = [ctypes.c_void_p(array.data_ptr()) for array in self._arrays[thread]]
            together.wait()
            begins[thread] = self.clock()
            if bound.endswith("_peak"):
                done[thread] = loop(ctypes.c_long(PEAK_ROUNDS))
            else:
                count = 1 if bound == "read_stream" else 3
                for _ in range(STREAM_ROUNDS):
                    done[thread] += loop(*pointers[:count], ctypes.c_size_t(self._count))
            ends[thread] = self.clock()

        others = [threading.Thread(target=run, args=(thread,)) for thread in range(1, self.threads)]
        for other in others:
            other.start()
        run(0)
        for other in others:
            other.join()
        rate = sum(done) / (max(ends) - min(begins))
        self.best[bound] = max(self.best.get(bound, 0.0), rate)

    def best_time(self, work: Work, seconds: float) -> float:
        """Return the shortest time of `work` within so many seconds."""
        best, stop = float("inf"), time.perf_counter() + seconds
        while time.perf_counter() < stop:
            begin = self.clock()
            work()
            best = min(best, self.clock() - begin)
        return best


@dataclass(frozen=True)
class Kernel:
    """Work with what it must do: operations for a peak, bytes for a bandwidth, and the share aimed for."""

    bound: str
    amount: float
    target: float | None
    make: Callable[[], Work]


@dataclass(frozen=True)
class Share:
    """What a kernel reached."""

    name: str
    seconds: float
    rate: float
    bound: float
    target: float | None

    @property
    def share(self) -> float | None:
        """The rate over the bound, where the machine has such a bound."""
        return self.rate / self.bound if self.bound else None

    @property
    def missed(self) -> bool:
        """Whether less was reached than is aimed for."""
        return self.share is not None and self.target is not None and self.share < self.target


def _matmul(n: int, dtype: str) -> Kernel:
    def make() -> Work:
        a, b = (kajo.randn(n, n).to(getattr(kajo, dtype)) for _ in range(2))
        return lambda: a @ b

    return Kernel(f"{dtype}_peak", 2.0 * n**3, 0.85 if n >= 512 else None, make)


def _convolution(channels: int, outputs: int, size: int, kernel: int, direction: str) -> Kernel:
    padding = kernel // 2

    def make() -> Work:
        x = kajo.randn(16, channels, size, size, requires_grad=direction == "input")
        w = kajo.randn(outputs, channels, kernel, kernel, requires_grad=direction == "weight")
        if direction == "forward":
            return lambda: kajo.conv2d(x, w, padding=padding)
        y = kajo.conv2d(x, w, padding=padding)
        grad, wanted = kajo.randn(*y.shape), x if direction == "input" else w
        return lambda: kajo.autograd.grad(y, wanted, grad, retain_graph=True)

    operations = 2.0 * 16 * outputs * channels * kernel**2 * size**2
    return Kernel("float32_peak", operations, 0.75 if kernel == 3 else None, make)


def _attention(causal: bool, backward: bool) -> Kernel:
    """Two products of matrices forward; four backward, those that any way needs."""
    operations = 4.0 * 4 * 12 * 512 * 512 * 64 * (0.5 if causal else 1.0)
    attend = kajo.nn.functional.scaled_dot_product_attention

    def make() -> Work:
        q, k, v = (kajo.randn(4, 12, 512, 64, requires_grad=backward) for _ in range(3))
        if not backward:
            return lambda: attend(q, k, v, is_causal=causal)
        y = attend(q, k, v, is_causal=causal)
        grad = kajo.randn(*y.shape)
        return lambda: kajo.autograd.grad(y, (q, k, v), grad, retain_graph=True)

    return Kernel("float32_peak", operations * (2 if backward else 1), 0.65, make)


def _stream(bound: str, arrays: int, operation: Callable[..., object], operands: int = 1) -> Kernel:
    """`arrays`: how many times the 16 M elements pass through memory."""

    def make() -> Work:
        tensors = [kajo.randn(4096, 4096) for _ in range(operands)]
        return lambda: operation(*tensors)

    return Kernel(bound, 4.0 * arrays * STREAM, 0.85, make)


def _add_row(a: Tensor) -> object:
    return a + a[0]


CONVOLUTIONS = (
    (64, 64, 56, 3),
    (128, 128, 28, 3),
    (256, 256, 14, 3),
    (512, 512, 7, 3),
    (64, 256, 56, 1),
)
KERNELS: dict[str, Kernel] = {
    **{f"matmul_{n}": _matmul(n, "float32") for n in (256, 512, 1024, 2048)},
    **{f"matmul_bfloat16_{n}": _matmul(n, "bfloat16") for n in (512, 1024, 2048)},
    **{
        f"conv{k}x{k}_{c}_{size}_{direction}": _convolution(c, o, size, k, direction)
        for c, o, size, k in CONVOLUTIONS
        for direction in ("forward", "input", "weight")
    },
    **{
        f"attention{'_causal' * causal}{'_backward' * backward}": _attention(causal, backward)
        for causal in (False, True)
        for backward in (False, True)
    },
    "add_16m": _stream("add_stream", 3, lambda a, b: a + b, operands=2),
    "add_row_16m": _stream("add_stream", 2, _add_row),
    "multiply_16m": _stream("add_stream", 2, lambda a: a * 0.5),
    "exp_16m": _stream("add_stream", 2, kajo.exp),
    "relu_16m": _stream("add_stream", 2, kajo.relu),
    "sum_16m": _stream("read_stream", 1, kajo.sum),
    "sum_dim0_16m": _stream("read_stream", 1, lambda a: a.sum(0)),
    "sum_dim1_16m": _stream("read_stream", 1, lambda a: a.sum(1)),
    "amax_16m": _stream("read_stream", 1, kajo.amax),
    "amax_dim1_16m": _stream("read_stream", 1, lambda a: a.amax(1)),
}


def measure(machine: Machine, name: str, rounds: int, seconds: float) -> Share:
    """The best time of a kernel, in turn with the machine's."""
    kernel, best = KERNELS[name], float("inf")
    work = kernel.make()
    work()
    for _ in range(rounds):
        machine.measure(kernel.bound)
        best = min(best, machine.best_time(work, seconds))
    return Share(name, best, kernel.amount / best, machine.best[kernel.bound], kernel.target)


def row_text(share: Share) -> str:
    """A row of the table."""
    unit = "Gop/s" if KERNELS[share.name].bound.endswith("_peak") else "GB/s"
    rates = f"{share.rate / 1e9:8.1f} {unit:5s} {share.bound / 1e9:8.1f} {unit:5s}"
    part = "    -" if share.share is None else f"{share.share:5.2f}"
    aim = "" if share.target is None else f"  {share.target:.2f}{' missed' if share.missed else ''}"
    return f"{share.name:26s} {share.seconds * 1e3:8.3f} ms {rates} {part}{aim}"


def draw(shares: list[Share], path: Path) -> None:
    """A picture of the shares, with the aims beside them."""
    plot = pyplot()
    figure, axes = plot.subplots(figsize=(8, 1.5 + 0.22 * len(shares)), layout="constrained")
    axes.barh(range(len(shares)), [share.share or 0.0 for share in shares], color="#4878a8")
    aims = [(share.target, place) for place, share in enumerate(shares) if share.target]
    if aims:
        axes.plot(*zip(*aims), "|", color="black", markersize=10, label="aim")
        axes.legend()
    axes.set_yticks(range(len(shares)), [share.name for share in shares], fontsize=8)
    axes.set_xlabel("share of what the machine can do")
    axes.invert_yaxis()
    figure.savefig(path, dpi=120)
    plot.close(figure)


def main() -> int:
    """Measures, prints and writes what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=kajo.get_num_threads())
    parser.add_argument("--only", default="", help="a regular expression")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.1, help="of each kernel and round")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    kajo.set_num_threads(options.threads)
    names = chosen(options.only, KERNELS)
    machine = Machine(options.threads)
    print(f"{'kernel':26s} {'time':>11s} {'rate':>14s} {'bound':>14s} share   aim")
    shares = []
    for name in names:
        shares.append(measure(machine, name, options.rounds, options.seconds))
        print(row_text(shares[-1]), flush=True)
    if options.json:
        rows = [asdict(share) | {"share": share.share} for share in shares]
        write_whole(options.json, json.dumps(rows, indent=1))
    if options.plot:
        draw(shares, options.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
