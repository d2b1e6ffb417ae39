"""The program that measures the start."""

from programs import output_of


def test_the_program_prints_its_table():
    lines = output_of("start.py", "--rounds", 1).splitlines()
    names = [line[:22].strip() for line in lines[1:]]
    assert names == ["import, ms", "first operation, ms", "installed, MB", "modules loaded"]
