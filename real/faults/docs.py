"""Writes docs/faults.md: how often each fault was tried, and what came of it."""

from __future__ import annotations

import datetime
import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from real.faults.catalogue import Fault

OUTCOMES = ("right", "not judged, or red", "ended", "wrong", "not tried")
_HEAD = """\
# Faults

Made by `python real/faults/run.py --write-docs` (`make faults` makes the trials). Each trial copies a small project
with git and a baseline, whose coverage is 75 %, puts one fault into one real session, and then checks three things:

- **the verdict**: where 80 % is asked for (every second trial), coverage never passes; where 70 % is, nobody is accused
  of what is not so; what could not be judged is said aloud, without a traceback of the regime's;
- **the exit status**: never 0 beside something red, nor in CI for what was not judged;
- **nothing lost, nothing left**: every file of the project as it was, no temporary folder or file of the regime's, no
  lock, no process. After faults that damage state (the first trial of each, where the project is healthy), an
  undisturbed session and one that judges the last run say what is true.

*Right*: all verdicts as without the fault. *Not judged, or red*: said, with the reason. *Ended*: the session ended
without verdicts, and its exit status (or the signal) says so. *Wrong*: one of the checks failed; below it is said why.

Where a fault leaves even pytest, coverage.py or Python no way to go on, or is itself what turns something red, its
trials are excused from some of the checks (`forgives` in `real/faults`): from a red verdict that names another reason,
from a non-zero status beside nothing red, from tracebacks, from temporary files. No trial is excused from "never 0
beside red". Where `policy.toml` itself is damaged, what it asked for is gone, and coverage may pass.
"""


def machine() -> dict[str, str]:
    """Describe the machine, without names: for the record of each trial."""
    packages = ("pytest", "pytest-cov", "pytest-xdist", "coverage")
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cores": str(len(os.sched_getaffinity(0))),
        "python": platform.python_version(),
        "system": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}, {platform.machine()}",
        "packages": ", ".join(f"{name} {version(name)}" for name in packages),
    }


def progress(row: Mapping[str, Any]) -> str:
    """Write one trial for the terminal."""
    how = f"{row['way']}, {'guilty' if row['guilty'] else 'healthy'}{', CI' if row['in_ci'] else ''}"
    told = "".join(f"\n        {problem}" for problem in row["problems"])
    return f"{row['outcome']:<18} {row['fault']} #{row['number']} ({how}) status {row['status']}{told}"


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = ["---", *(["---:"] * (len(head) - 1))]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *lines))


def document(rows: Sequence[Mapping[str, Any]], faults: Mapping[str, Fault]) -> str:
    """Write the whole document; of a trial that was made twice, the last one counts."""
    last = {(row["fault"], row["number"]): row for row in rows if row["fault"] in faults}.values()
    tried = [row for row in last if row["outcome"] != "not tried"]
    machines = sorted(
        {
            f"{row['machine']['cores']} cores, {row['machine']['system']}, Python {row['machine']['python']}, "
            f"{row['machine']['packages']}"
            for row in last
        }
    )
    dates = sorted({row["machine"]["date"] for row in last})
    totals = Counter(row["outcome"] for row in last)
    head = (
        f"{len(tried)} trials of {len({row['fault'] for row in tried})} faults, {dates[0]} to {dates[-1]}, on: "
        f"{'; '.join(machines)}."
    )
    parts = [_HEAD, head]
    groups = dict.fromkeys(fault.group for fault in faults.values())
    counted = [(group, [row for row in last if row["group"] == group]) for group in groups]
    lines = [[group, *_counts(mine)] for group, mine in counted if mine]
    lines.append(["**all**", *(str(totals[outcome]) for outcome in OUTCOMES)])
    parts.append(_table(["faults", *OUTCOMES], lines))
    parts.append(_wrong(last, faults))
    notes = [f"- {row['fault']}: {row['note']}." for row in last if row.get("note")]
    parts += ["## Notes\n\n" + "\n".join(notes)] if notes else []
    for group, mine in counted:
        names = dict.fromkeys(name for name, fault in faults.items() if fault.group == group)
        by_name = [(name, [row for row in mine if row["fault"] == name]) for name in names]
        lines = [[_cell(name), *_counts(its)] for name, its in by_name if its]
        if lines:
            parts.append(f"## {group[0].upper()}{group[1:]}\n\n{_table(['fault', *OUTCOMES], lines)}")
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _counts(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    counts = Counter(row["outcome"] for row in rows)
    return [str(counts[outcome] or "") for outcome in OUTCOMES]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _wrong(rows: Any, faults: Mapping[str, Fault]) -> str:
    found: dict[str, Counter[str]] = {}
    for row in rows:
        for problem in row["problems"]:
            found.setdefault(row["fault"], Counter())[_cell(problem.strip().splitlines()[-1][:200])] += 1
    if not found:
        return "## What is wrong\n\nNothing was found in these trials."
    lines = []
    for name, problems in found.items():
        known = f" Known: {faults[name].known}." if faults[name].known else ""
        told = "; ".join(f"{problem} ({count})" for problem, count in problems.items())
        lines.append(f"- {name}: {told}.{known}")
    return "## What is wrong\n\n" + "\n".join(lines)
