"""Compares a report of the conformance runner with the checked-in baseline.

    python tools/check_conformance.py REPORT.json            # fails if something got worse
    python tools/check_conformance.py REPORT.json --update   # makes the report the baseline

The baseline holds, for each entry (an operation, a module, an optimiser) and each check of it
that has cases, how many of its cases fail. What fails less often than there is progress; what
fails more often, or is not measured any more, has got worse.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

BASELINE = Path(__file__).resolve().parent.parent / "tests" / "conformance" / "baseline.json"
# Reports are comparable only if the same cases were run.
COMPARED_OPTIONS = ("samples", "dtypes", "grad_dtypes", "seed")

Failures = dict[str, dict[str, int]]


def summarise(report: dict[str, Any]) -> dict[str, Any]:
    """The part of a report that the baseline keeps: versions, options, and failures by check."""
    failures: Failures = {}
    for name, entry in report["entries"].items():
        checks = {
            check: tally["failed"]
            for check, tally in entry["checks"].items()
            if tally["passed"] + tally["failed"]
        }
        if checks:
            failures[name] = checks
    options = {name: report["options"][name] for name in COMPARED_OPTIONS}
    return {
        "torch": report["torch"].split("+")[0],
        "options": json.loads(json.dumps(options)),  # tuples become the lists that a file holds
        "score": report["score"],
        "failures": failures,
    }


def compare(before: Failures, now: Failures) -> tuple[list[str], list[str]]:
    """What got worse and what got better, a line each."""
    worse, better = [], []
    for name, checks in before.items():
        for check, failed in checks.items():
            failing = now.get(name, {}).get(check)
            if failing is None:
                worse.append(f"{name}, {check}: not measured any more")
            elif failing > failed:
                worse.append(f"{name}, {check}: {failing} cases fail, {failed} before")
            elif failing < failed:
                better.append(f"{name}, {check}: {failing} cases fail, {failed} before")
    return worse, better


def write(path: Path, summary: dict[str, Any]) -> None:
    """Writes a baseline, an entry a line, so that changes read well."""
    head = {key: value for key, value in summary.items() if key != "failures"}
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    entries = [
        f"    {json.dumps(name)}: {json.dumps(checks, sort_keys=True)}"
        for name, checks in sorted(summary["failures"].items())
    ]
    text = ["{", *lines, '  "failures": {', ",\n".join(entries), "  }", "}"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(text) + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 1 if something got worse or the report is of other cases."""
    parser = argparse.ArgumentParser(description="compares a conformance report with the baseline")
    parser.add_argument("report", type=Path, help="what run.py --quick --json wrote")
    parser.add_argument("--baseline", type=Path, default=BASELINE)
    parser.add_argument("--update", action="store_true", help="make the report the baseline")
    options = parser.parse_args(arguments)

    now = summarise(json.loads(options.report.read_text()))
    if options.update:
        write(options.baseline, now)
        print(f"{options.baseline}: {len(now['failures'])} entries, score {now['score']}")
        return 0
    before = json.loads(options.baseline.read_text())
    for key in ("torch", "options"):
        if before[key] != now[key]:
            print(f"other cases: {key} is {now[key]}, in the baseline {before[key]}")
            return 1
    worse, better = compare(before["failures"], now["failures"])
    for title, lines in (("better", better), ("WORSE", worse)):
        if lines:
            print(f"{title}:", *lines, sep="\n  ")
    print(f"score {now['score']}, in the baseline {before['score']}")
    if better and not worse:
        print(f"keep the progress: python tools/check_conformance.py {options.report} --update")
    total = sum(len(checks) for checks in before["failures"].values())
    print(f"{total - len(worse)} passed, {len(worse)} failed")
    return int(bool(worse))


if __name__ == "__main__":
    raise SystemExit(main())
