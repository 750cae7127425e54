"""Compares what the regime said of a session with what others saw of it. Every function lists what does not agree."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from real.sessions import Session
from real.workshop import run
from tests.baking import ROOT

SHOWN = 5  # of a list of ids


def some(names: Iterable[str]) -> str:
    """Name the first few of many."""
    listed = sorted(names)
    return ", ".join(listed[:SHOWN]) + (f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else "")


# Outcomes and files.


def outcomes(before: Session, after: Session, flaky: set[str]) -> list[str]:
    """Compare the outcome of every test, and the exit status as far as the verdicts leave it alone."""
    found = []
    was, now = before.outcomes, after.outcomes
    if missing := was.keys() - now.keys():
        found.append(f"{len(missing)} tests no longer run: {some(missing)}")
    if new := now.keys() - was.keys():
        found.append(f"{len(new)} tests are new: {some(new)}")
    changed = [name for name in was.keys() & now.keys() if was[name] != now[name] and name not in flaky]
    found += [f"{name} was {was[name]}, is {now[name]}" for name in sorted(changed)[:SHOWN]]
    if len(changed) > SHOWN:
        found.append(f"and {len(changed) - SHOWN} more outcomes have changed")
    return found


def exit_status(before: Session, after: Session) -> list[str]:
    """Compare the exit status with what the suite's own status and the verdicts on the terminal call for."""
    red = [name for name in ("coverage", "suite", "slow") if (v := after.verdict(name)) and v.outcome == "FAILED"]
    expected = 1 if before.status == 0 and red else before.status
    if after.status == expected:
        return []
    return [
        f"exit status {after.status}; {expected} is right (without the regime {before.status}, red: {red or 'none'})"
    ]


def files(before: Mapping[str, str], after: Mapping[str, str], new: Iterable[str]) -> list[str]:
    """Check that files are as they were, and that those added match the patterns `new`."""
    found = [f"{name} is gone" for name in before if name not in after]
    found += [f"{name} is not what it was" for name in before if name in after and after[name] != before[name]]
    patterns = [re.compile(pattern) for pattern in new]
    strays = [name for name in after if name not in before and not any(p.fullmatch(name) for p in patterns)]
    return found + [f"{name} should not be there" for name in strays]


# Coverage.


@dataclass(frozen=True)
class Totals:
    """Total coverage of a data file: exact by the regime's count, and coverage.py's own figures."""

    exact: Fraction
    coverage_py: float
    reported: str

    @classmethod
    def of(cls, python: Path, project: Path, data: Path) -> Totals:
        """Ask coverage.py, by its report and in one process with the regime's own module."""
        text = run([python, "-m", "coverage", "report", "--precision=4", f"--data-file={data}"], project)
        reported = text.split()[-1].rstrip("%")
        both = run([python, ROOT / "real" / "totals.py", data, project / "tests" / "meta"], project)
        row: dict[str, Any] = json.loads(both)
        return cls(Fraction(row["numerator"], row["denominator"]), float(row["coverage.py"]), reported)

    @property
    def floored(self) -> str:
        """Per cent with two decimals, cut off."""
        hundredths = math.floor(self.exact * 100)
        return f"{hundredths // 100}.{hundredths % 100:02d}"


def coverage(session: Session, totals: Totals, minimum: str) -> list[str]:
    """Compare the verdict on coverage with coverage.py's report on the same data, and its outcome with the minimum."""
    verdict = session.verdict("coverage")
    if verdict is None:
        return ["no verdict on coverage"]
    found = []
    if float(totals.exact) != totals.coverage_py:
        found.append(f"the regime counts {float(totals.exact)!r} %, coverage.py {totals.coverage_py!r} %")
    if abs(Fraction(totals.reported) - totals.exact) > Fraction(1, 20000):
        found.append(f"coverage report says {totals.reported} %, the regime counts {float(totals.exact):.6f} %")
    if verdict.found["percent"] != totals.floored:
        found.append(f"the verdict says {verdict.found['percent']} %, coverage report {totals.reported} %")
    right = session.rightly(passed=Fraction(totals.reported) >= Fraction(minimum))
    if verdict.outcome != right:
        found.append(
            f"coverage {verdict.outcome} at {totals.reported} % with a minimum of {minimum} %; {right} is right"
        )
    return found
