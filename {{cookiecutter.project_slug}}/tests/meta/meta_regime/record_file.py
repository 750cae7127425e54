"""Records on disk: JSON lines, so that one can be followed while its run goes on.

A head (the format, and whatever else identifies the run), then `collected`, `start` and `done` rows as tests are found,
begin and end, then one `end` row with all that was measured, the tests in columns. A file without it is the record of a
run that did not end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from json import dumps, loads  # as they are now: a test may replace them
from pathlib import Path
from typing import IO, Any

from .record import Account, FileCoverage, FixtureTiming, MeasuredCoverage, SuiteRun, TestTiming

FORMAT = 5


@dataclass(eq=False)
class RecordWriter:
    """Writes the record of a run as it goes on. Each row is flushed: a reader follows it from another process.

    It is a pytest plugin, which hears of every test that begins and ends.
    """

    path: Path
    head: Mapping[str, Any] = field(default_factory=dict)
    _stream: IO[str] | None = field(default=None, repr=False)

    def write(self, kind: str, *values: Any) -> None:
        """Add a row: `collected` and a count, or `start` or `done` and a node id."""
        if self._stream is None:
            self._stream = self.path.open("w", encoding="utf-8")
            self._stream.write(dumps(["meta-tests record", FORMAT, self.head]) + "\n")
        self._stream.write(dumps([kind, *values]) + "\n")
        self._stream.flush()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Write down that a test begins."""
        self.write("start", nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Write down that a test has ended."""
        self.write("done", nodeid)

    def end(self, run: SuiteRun) -> None:
        """Add what is known only at the end, and close the file."""
        columns = zip(*run.tests, strict=True)
        tests = [column if isinstance(column[0], str) else [round(each, 6) for each in column] for column in columns]
        self.write("end", {**vars(replace(run)), "tests": tests})  # the copy has no more than a run's fields
        self.close()

    def close(self) -> None:
        """Close the file, as it is."""
        if self._stream is not None:
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
        """Take in what was written since the last call."""
        for row in self._rows():
            if row[0] == "collected":
                self.expected = row[1]
            elif row[0] == "start":
                self.running.append(row[1])
            elif row[0] == "done":
                self.done += 1
                self.running.remove(row[1])
            elif row[0] == "end":
                self.run = run_from(row[1])

    def _rows(self) -> Iterator[Any]:
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8") as stream:
            stream.seek(self._read)
            *lines, self._unfinished = (self._unfinished + stream.read()).split("\n")  # a row still being written
            self._read = stream.tell()
        yield from map(loads, lines)


def run_from(rest: dict[str, Any]) -> SuiteRun:
    """Give the run of an `end` row."""
    coverage = rest.pop("coverage")
    tests = tuple(map(TestTiming._make, zip(*rest.pop("tests"), strict=True)))
    fixtures = tuple(FixtureTiming(*row) for row in rest.pop("fixtures"))
    rest["accounts"] = {nodeid: Account(*row) for nodeid, row in rest["accounts"].items()}
    if coverage is not None:
        files, fail_under, sources = coverage
        coverage = MeasuredCoverage(tuple(FileCoverage(*row) for row in files), fail_under, tuple(sources))
    return SuiteRun(tests=tests, fixtures=fixtures, coverage=coverage, **rest)
