"""Runs test programs one after the other; prints what fails and, last, how many passed.

    python tools/run_programs.py PROGRAM...

A program passes if it ends with status 0.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main(programs: list[str]) -> int:
    """Runs ``programs`` and returns the exit status: 0 if there are any and all of them passed."""
    failed = 0
    for program in programs:
        done = subprocess.run([program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            failed += 1
            sys.stdout.write(done.stdout.decode(errors="replace"))
        print(f"{Path(program).name}: {'failed' if done.returncode else 'passed'}", flush=True)
    print(f"{len(programs) - failed} passed, {failed} failed")
    return int(failed > 0 or not programs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
