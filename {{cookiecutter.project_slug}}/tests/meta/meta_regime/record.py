"""The record of one run: what each test took, what was covered, and whether the run was the whole suite.

On disk it is JSON lines, so that it can be followed while the run goes on: a head, then `start` and `done` rows as
tests begin and end, then one `end` row. A file without an `end` row is the record of a run that did not end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, astuple, dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

FORMAT = 1
THIS_SESSION = "this session"


@dataclass(frozen=True, slots=True)
class TestTiming:
    """What one test took, in seconds of wall time by phase; fixtures of wider scope are not in it.

    `queued` is the part of it spent ready to run while other programs held the CPU; 0 where the system does not tell.
    """

    __test__ = False  # pytest collects classes whose names begin with Test

    nodeid: str
    setup: float
    call: float
    teardown: float
    queued: float
    outcome: str

    @property
    def owned(self) -> float:
        """Seconds that the test itself is answerable for: wall time less time spent queueing for a CPU."""
        return max(0.0, self.setup + self.call + self.teardown - self.queued)


@dataclass(frozen=True, slots=True)
class FixtureTiming:
    """What one set-up and teardown of a fixture of class, module, package or session scope took, in seconds."""

    name: str
    scope: str
    where: str
    setup: float
    teardown: float
    queued: float

    @property
    def owned(self) -> float:
        """Seconds of set-up and teardown, less time spent queueing for a CPU."""
        return max(0.0, self.setup + self.teardown - self.queued)

    @property
    def label(self) -> str:
        """A name for messages and for `known_slow.toml`, as in `tests/unit::db [session fixture]`."""
        return f"{self.where or '.'}::{self.name} [{self.scope} fixture]"


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """Statements and branches of one source file, and how many of them no test executed."""

    path: str
    statements: int
    missing: int
    branches: int
    missing_branches: int

    @property
    def units(self) -> int:
        """Statements and branches: what coverage.py's percentage counts."""
        return self.statements + self.branches

    @property
    def uncovered(self) -> int:
        """Statements and branches that no test executed."""
        return self.missing + self.missing_branches


@dataclass(frozen=True, slots=True)
class MeasuredCoverage:
    """The coverage of a run. `fail_under` is the project's own, in per cent; None where it sets none.

    `sources` are the measured packages, as they are typed after `--cov=`.
    """

    files: tuple[FileCoverage, ...]
    fail_under: float | None
    sources: tuple[str, ...] = ()

    @property
    def percent(self) -> Fraction:
        """Exact per cent of statements and branches executed; 100 where there is nothing to execute.

        The formula is coverage.py's own (`coverage.results.Numbers.pc_covered`).
        """
        units = sum(file.units for file in self.files)
        uncovered = sum(file.uncovered for file in self.files)
        return Fraction(100 * (units - uncovered), units) if units else Fraction(100)


@dataclass(frozen=True)
class SuiteRun:
    """One run of the suite, ready to be judged.

    `partial` says why this was not the whole suite, and is None for a complete run. `broken` says why the run cannot be
    trusted at all (it did not end, it could not start). `coverage` is None where none was measured, and
    `coverage_missing` then says why. `seconds` are wall time from the moment the regime was loaded to the end of the
    last test, `queued` the part of them spent waiting for a CPU. `output` is the end of what a failed child printed.
    """

    source: str
    tests: tuple[TestTiming, ...] = ()
    fixtures: tuple[FixtureTiming, ...] = ()
    seconds: float = 0.0
    queued: float = 0.0
    workers: int = 0
    partial: str | None = None
    broken: str | None = None
    coverage: MeasuredCoverage | None = None
    coverage_missing: str = "coverage was not measured"
    output: str = ""

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

    @property
    def failed(self) -> tuple[str, ...]:
        """The ids of the tests that failed."""
        return tuple(test.nodeid for test in self.tests if test.outcome == "failed")


@dataclass
class RecordWriter:
    """Writes the record of a run as it goes on. Each row is flushed: a reader follows it from another process."""

    path: Path
    _stream: IO[str] | None = field(default=None, repr=False)

    def write(self, kind: str, *values: Any) -> None:
        """Add a row: `collected` and a count, or `start` or `done` and a node id."""
        if self._stream is None:
            self._stream = self.path.open("w", encoding="utf-8")
            self._stream.write(json.dumps({"meta-tests record": FORMAT}) + "\n")
        self._stream.write(json.dumps([kind, *values]) + "\n")
        self._stream.flush()

    def end(self, run: SuiteRun) -> None:
        """Add what is known only at the end, and close the file."""
        self.write("end", {**asdict(replace(run, tests=())), "tests": [astuple(test) for test in run.tests]})
        assert self._stream is not None
        self._stream.close()


@dataclass
class RecordReader:
    """Follows a record that is being written: how many tests there are, how many have ended, which are running."""

    path: Path
    expected: int = 0
    running: list[str] = field(default_factory=list)
    done: int = 0
    run: SuiteRun | None = None
    _read: int = field(default=0, repr=False)
    _unfinished: str = field(default="", repr=False)

    def follow(self) -> None:
        """Take in what was written since the last call. Raises `ValueError` on a record of another format."""
        for row in self._rows():
            if isinstance(row, dict):
                if row.get("meta-tests record") != FORMAT:
                    raise ValueError(f"{self.path.name} is not a record of format {FORMAT}")
            elif row[0] == "collected":
                self.expected = row[1]
            elif row[0] == "start":
                self.running.append(row[1])
            elif row[0] == "done":
                self.done += 1
                self.running.remove(row[1])
            elif row[0] == "end":
                self.run = _run_from(row[1])

    def _rows(self) -> Iterator[Any]:
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8") as stream:
            stream.seek(self._read)
            lines = (self._unfinished + stream.read()).split("\n")
            self._read = stream.tell()
        self._unfinished = lines.pop()  # a row still being written
        yield from map(json.loads, lines)


def _run_from(rest: dict[str, Any]) -> SuiteRun:
    coverage = rest.pop("coverage")
    tests = tuple(TestTiming(*row) for row in rest.pop("tests"))
    fixtures = tuple(FixtureTiming(**row) for row in rest.pop("fixtures"))
    if coverage is not None:
        files = tuple(FileCoverage(**row) for row in coverage["files"])
        coverage = MeasuredCoverage(files, coverage["fail_under"], tuple(coverage["sources"]))
    return SuiteRun(tests=tests, fixtures=fixtures, coverage=coverage, **rest)
