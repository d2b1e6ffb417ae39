"""Timers, measurements and tables."""

import pickle

import pytest

import kajo
from kajo.utils import benchmark
from kajo.utils.benchmark import Compare, Measurement, TaskSpec, Timer


def measured(times, label="add", row="n=1", column="a", threads=1, env=None, per_run=1):
    task = TaskSpec(
        "f(x)",
        "x = 1",
        label=label,
        sub_label=row,
        description=column,
        num_threads=threads,
        env=env,
    )
    return Measurement(per_run, times, task)


def test_timer_runs_the_statement():
    calls = []
    timer = Timer(
        "calls.append(x)", "x = kajo.get_num_threads()", globals={"calls": calls}, num_threads=1
    )
    before = kajo.get_num_threads()
    found = timer.timeit(200)
    assert found.number_per_run == 200
    assert len(found.times) == 1
    assert len(calls) == 202
    assert set(calls) == {1}
    assert kajo.get_num_threads() == before
    blocks = []
    found = timer.blocked_autorange(lambda number, time: blocks.append(number), min_run_time=0.01)
    assert len(blocks) == len(found.raw_times)
    assert sum(found.raw_times) >= 0.01
    assert timer.adaptive_autorange(max_run_time=0.05).median > 0


def test_timer_refuses():
    with pytest.raises(ZeroDivisionError):
        Timer("1 / 0").timeit(1)
    with pytest.raises(ValueError, match="str"):
        Timer(print)
    with pytest.raises(ValueError, match="global_setup"):
        Timer(global_setup="x")
    with pytest.raises(NotImplementedError):
        Timer(language="cpp")
    with pytest.raises(NotImplementedError):
        Timer().repeat()


def test_measurements():
    found = measured([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (found.median, found.mean, found.iqr) == (3.0, 3.0, 2.0)
    assert found.significant_figures == 1
    assert found.has_warnings
    assert not found.meets_confidence()
    assert (found.title, found.as_row_name, found.description) == ("add: n=1", "n=1", "a")
    assert measured([20.0], per_run=10).median == 2.0
    assert measured([1.0]).significant_figures == 4
    (merged,) = Measurement.merge([measured([2.0], per_run=2), measured([3.0])])
    assert merged.times == [1.0, 3.0]
    assert pickle.loads(pickle.dumps(found)).times == found.times
    with pytest.raises(AttributeError):
        found.nothing


def test_measurements_in_words():
    lines = repr(measured([1.5e-3, 1.6e-3, 2e-3, 1e-3], per_run=10, threads=2)).splitlines()
    assert lines[1:] == [
        "add: n=1",
        "a",
        "setup: x = 1",
        "  Median: 155.00 us",
        "  IQR:    32.50 us (137.50 to 170.00)",
        "  4 measurements, 10 runs per measurement, 2 threads",
        "  WARNING: Interquartile range is 21.0% of the median measurement.",
        "           This could indicate system fluctuation.",
    ]
    assert "  1.00 s" in repr(measured([1.0]))


TABLE = """\
[----------- add ------------]
             |    a    |   b
1 threads: -------------------
      n=1    |    1.0  |   2.2
      n=100  |  150.0  |
2 threads: -------------------
      n=100  |         |  98.0

Times are in microseconds (us).
"""


def test_table():
    results = [
        measured([1e-6]), measured([2.2e-6], column="b"), measured([1.5e-4], row="n=100"),
        measured([9.8e-5], row="n=100", column="b", threads=2),
    ]  # fmt: skip
    table = Compare(results)
    assert [line.rstrip() for line in str(table).splitlines()] == TABLE.splitlines()
    table.extend_results([measured([1.0, 3.0, 9.0], label="other")])
    table.trim_significant_figures()
    table.highlight_warnings()
    assert "3 (! 133%)" in str(table)
    for rowwise in (False, True):
        table.colorize(rowwise)
        assert "\033[92m" in str(table)
    with pytest.raises(ValueError, match="Measurement"):
        table.extend_results([3])


def test_units():
    assert benchmark.select_unit(3e-7) == ("ns", 1e-9)
    assert benchmark.select_unit(2.0) == ("s", 1.0)
    assert benchmark.unit_to_english("ms") == "millisecond"
    assert benchmark.trim_sigfig(0.0123, 2) == 0.012
    assert benchmark.trim_sigfig(0.0, 2) == 0.0
