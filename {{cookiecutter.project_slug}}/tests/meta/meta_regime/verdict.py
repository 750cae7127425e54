"""What a meta-test says: passed, failed, or not judged, and the words for it. Decided without pytest.

A verdict is a function from a run and the project's standards to a `Verdict`. The deciding functions stand in
`coverage_verdicts` and `time_verdicts`.
"""

from __future__ import annotations

import datetime
import importlib
import math
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .policy import Policy, PolicyError, load_policy
from .record import SuiteRun

if TYPE_CHECKING:
    from .extras.known_slow.entries import KnownSlow

_FAILURES_SHOWN = 10


class Outcome(Enum):
    """The three things a verdict can say; there is no fourth."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class Verdict:
    """An outcome, one line that says it, and more lines for whoever has to act on it.

    `optional`: where it cannot judge, it need not, even where that fails others: nobody at hand could change it.
    """

    outcome: Outcome
    line: str
    details: str = ""
    optional: bool = False

    @property
    def message(self) -> str:
        """The whole text."""
        return f"{self.line}\n\n{self.details}".rstrip() if self.details else self.line


@dataclass(frozen=True)
class Standards:
    """All that a project has written down to be judged by."""

    policy: Policy = field(default_factory=Policy)
    known_slow: tuple[KnownSlow, ...] = ()
    today: datetime.date = field(default_factory=datetime.date.today)


Decide = Callable[[SuiteRun, Standards], Verdict]


def load_standards(folder: Path, today: datetime.date) -> Standards:
    """Read `policy.toml` and `known_slow.toml`. Raises `PolicyError` with what is wrong in either."""
    read: list[Any] = []
    problems: list[str] = []
    for load, name in ((load_policy, "policy.toml"), (_load_known_slow, "known_slow.toml")):
        try:
            read.append(load(folder / name))
        except PolicyError as error:
            problems += error.problems
    if problems:
        raise PolicyError(problems)
    return Standards(read[0], read[1], today)


def _load_known_slow(path: Path) -> tuple[KnownSlow, ...]:
    """Read the list of what may be slow; if it, or the extra that reads it, is not there, nothing is excused."""
    known_slow = extra("known_slow") if path.exists() else None
    return tuple(known_slow.load_known_slow(path)) if known_slow else ()


def extra(name: str) -> Any:
    """Give an extra; None if its owner has deleted it."""
    try:
        return importlib.import_module(f"{__package__}.extras.{name}")
    except ModuleNotFoundError:
        return None


def reach_verdict(decide: Decide, run: SuiteRun, standards: Standards) -> Verdict:
    """Judge a run, or say why it cannot be judged. A broken or a failed child run never passes."""
    if run.broken is not None:
        return Verdict(Outcome.FAILED, f"The suite could not be judged. {run.broken}", run.output)
    if run.partial is not None:
        verdict = not_judged(run.partial)
    else:
        verdict = decide(run, standards) if run.executed else not_judged("no test of the suite was executed")
    if not run.failed:
        return verdict
    failures = f"{len(run.failed)} test{'' if len(run.failed) == 1 else 's'} of the suite failed"
    if not run.judged_elsewhere:
        judged = verdict.outcome is not Outcome.NOT_JUDGED
        return replace(verdict, line=f"{verdict.line} {failures}.") if judged else verdict
    commands = "\n".join(f"    python -m pytest {shlex.quote(nodeid)}" for nodeid in run.failed[:_FAILURES_SHOWN])
    line = f"{failures}; mend that first. ({verdict.line})"
    return Verdict(Outcome.FAILED, line, f"Next:\n\n{commands}\n\n{run.output}".rstrip())


def broken_standards(error: PolicyError) -> Verdict:
    """Say what is wrong with the settings files."""
    if len(error.problems) == 1:
        return Verdict(Outcome.FAILED, f"Nothing was judged. tests/meta/{error.problems[0]}")
    listed = "\n".join(f"    {problem}" for problem in error.problems)
    line = f"Nothing was judged: {len(error.problems)} settings in tests/meta are wrong."
    return Verdict(Outcome.FAILED, line, listed)


def details_from(name: str, function: str, *facts: object) -> str:
    """Give what an extra has to say about a red verdict; where it was deleted, where to read on."""
    module = extra(name)
    return str(getattr(module, function)(*facts)) if module else "Ways out of this: tests/meta/README.md"


def not_judged(reason: str) -> Verdict:
    """Say why nothing can be said."""
    return Verdict(Outcome.NOT_JUDGED, f"not judged: {reason}")


def percent(value: Fraction | float) -> str:
    """Write per cent with two decimals, never rounded up: 79.999 is not 80."""
    hundredths = math.floor(Fraction(value) * 100)
    return f"{hundredths // 100}.{hundredths % 100:02d} %"
