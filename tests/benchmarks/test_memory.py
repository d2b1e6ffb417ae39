"""Memory of training runs: counts and bounds, each in a process of its own."""

import statistics
import sys

import pytest
from programs import FOLDER, output_of

from kajo.bench.processes import measure_apart

PROGRAM = FOLDER / "memory.py"
MIB = 1 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("name", ["train_mlp", "train_cnn"])
def test_a_steady_step_asks_the_system_for_no_memory(name):
    found = measure_apart(str(PROGRAM), "training", "kajo", 2, name=name, warm=6, steps=10)
    assert found["fresh_blocks"] == 0
    # The interpreter's heap and a system that reclaims idle pages add some now and then.
    assert statistics.median(found["faults"]) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_is_kept_is_in_proportion_to_what_is_used():
    stats = measure_apart(str(PROGRAM), "changing_shapes", "kajo", 1, steps=24)["stats"]
    small_blocks = 64 * MIB
    together = stats["allocated_bytes"] + stats["cached_bytes"]
    assert together <= 2 * 1.25 * stats["peak_allocated_bytes"] + 64 * MIB + small_blocks


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_program_prints_its_table():
    out = output_of("memory.py", "--only", "train_mlp", "--warm", 1, "--steps", 1, "--changing", 2)
    assert "train_mlp" in out
    assert "2 steps with changing shapes" in out
