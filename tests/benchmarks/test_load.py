"""The program that measures beside busy processes."""

from programs import FOLDER, output_of

from kajo.bench.processes import measure_apart


def test_the_program_prints_its_table():
    words = ["--only", "add_1m", "--threads", 1, "--seconds", 0.05, "--starting", 0.1, "--alone"]
    lines = output_of("load.py", *words).splitlines()
    assert lines[2].split()[:2] == ["add_1m", "kajo"]
    assert len(lines) == 4


def test_data_workers_compute_with_one_thread_each():
    assert measure_apart(str(FOLDER / "load.py"), "threads_of_workers", "kajo", workers=2) == [1]
