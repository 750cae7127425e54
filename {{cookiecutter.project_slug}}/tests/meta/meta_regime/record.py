"""The record of one run: what each test took, what was covered, and whether the run was the whole suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

THIS_SESSION = "this session"


class TestTiming(NamedTuple):
    """What one test took, in seconds of wall time by phase; fixtures of wider scope are not in it.

    `queued` is the part of it spent ready to run while other programs held the CPU; 0 where the system does not tell.
    `cpu` is the part in which the main thread computed. What is left was blocked: asleep, or waiting for somebody.
    """

    nodeid: str
    setup: float
    call: float
    teardown: float
    queued: float
    outcome: str
    cpu: float = 0.0

    @property
    def owned(self) -> float:
        """Seconds that the test itself is answerable for: wall time less time spent queueing for a CPU."""
        return max(self.cpu, self.setup + self.call + self.teardown - self.queued)


TestTiming.__test__ = False  # type: ignore[attr-defined]  # pytest collects classes whose names begin with Test


class Account(NamedTuple):
    """More about a test that took a while or had help: CPU seconds beside those of its main thread.

    `children` are those of child processes that ended and were waited for, `threads` those of other threads.
    """

    children: float
    threads: float


class FixtureTiming(NamedTuple):
    """What one set-up and teardown of a fixture of class, module, package or session scope took, in seconds.

    `user` is the test for which it was set up.
    """

    name: str
    scope: str
    where: str
    setup: float
    teardown: float
    queued: float
    cpu: float = 0.0
    user: str = ""

    @property
    def owned(self) -> float:
        """Seconds of set-up and teardown, less time spent queueing for a CPU."""
        return max(self.cpu, self.setup + self.teardown - self.queued)

    @property
    def label(self) -> str:
        """A name for messages and for `known_slow.toml`, as in `tests/unit::db [session fixture]`."""
        return f"{self.where or '.'}::{self.name} [{self.scope} fixture]"


class FileCoverage(NamedTuple):
    """Statements and branches of one source file, and how many of them no test executed.

    `path` is relative to the project's root where the file lies in it. The last four name lines, as in `3-5,9`;
    `partial` names the branches never taken from lines that were executed, as in `12->14,20->exit`.
    """

    path: str
    statements: int
    missing: int
    branches: int
    missing_branches: int
    executed_lines: str = ""
    missing_lines: str = ""
    excluded_lines: str = ""
    partial: str = ""

    @property
    def units(self) -> int:
        """Statements and branches: what coverage.py's percentage counts."""
        return self.statements + self.branches

    @property
    def uncovered(self) -> int:
        """Statements and branches that no test executed."""
        return self.missing + self.missing_branches

    @property
    def percent(self) -> Fraction:
        """Exact per cent of statements and branches executed."""
        return exact_percent(self.units, self.uncovered)


def exact_percent(units: int, uncovered: int) -> Fraction:
    """Give the per cent of units that are covered, never rounded; 100 where there is nothing to cover.

    The formula is coverage.py's own (`coverage.results.Numbers.pc_covered`).
    """
    return Fraction(100 * (units - uncovered), units) if units else Fraction(100)


class MeasuredCoverage(NamedTuple):
    """The coverage of a run. `fail_under` is the project's own, in per cent; None where it sets none.

    `sources` are the measured packages, as they are typed after `--cov=`.
    """

    files: tuple[FileCoverage, ...]
    fail_under: float | None
    sources: tuple[str, ...] = ()

    @property
    def units(self) -> int:
        """Statements and branches."""
        return sum(file.units for file in self.files)

    @property
    def uncovered(self) -> int:
        """Statements and branches that no test executed."""
        return sum(file.uncovered for file in self.files)

    @property
    def percent(self) -> Fraction:
        """Exact per cent of statements and branches executed."""
        return exact_percent(self.units, self.uncovered)


@dataclass(frozen=True)
class SuiteRun:
    """One run of the suite, ready to be judged.

    `partial` says why this was not the whole suite, and is None for a complete run. `broken` says why the run cannot be
    trusted at all (it did not end, it could not start). `coverage` is None where none was measured, and
    `coverage_missing` then says why. `seconds` are wall time from the moment the regime was loaded to the end of the
    last test, `queued` the part of them spent waiting for a CPU; of a run in several `shards` they are the longest
    shard's. `output` is the end of what a failed child printed. `accounts`, by node id, are those of tests that took at
    least a tenth of a second or had help; `figures` are whatever extras have measured beside.
    """

    source: str = THIS_SESSION
    tests: tuple[TestTiming, ...] = ()
    fixtures: tuple[FixtureTiming, ...] = ()
    seconds: float = 0.0
    queued: float = 0.0
    workers: int = 0
    shards: int = 0
    partial: str | None = None
    broken: str | None = None
    coverage: MeasuredCoverage | None = None
    coverage_missing: str = "coverage was not measured"
    output: str = ""
    accounts: Mapping[str, Account] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def judged_elsewhere(self) -> bool:
        """Whether the tests ran in another session, so that this one would not turn red for their failures."""
        return self.source != THIS_SESSION

    @property
    def owned(self) -> float:
        """Seconds of the whole run, less time spent queueing for a CPU."""
        return max(0.0, self.seconds - self.queued)

    @property
    def executed(self) -> bool:
        """Whether any test ran, rather than being skipped."""
        return any(test.outcome != "skipped" for test in self.tests)

    @cached_property
    def failed(self) -> tuple[str, ...]:
        """The ids of the tests that failed. Each verdict asks."""
        return tuple(test.nodeid for test in self.tests if test.outcome == "failed")

    @cached_property
    def took(self) -> list[float]:
        """What each test took, and then each fixture, in owned seconds. Several verdicts ask."""
        return [test.owned for test in self.tests] + [fixture.owned for fixture in self.fixtures]
