"""Which entries of `known_slow.toml` are out of date? Decided from a run, without pytest."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ...record import SuiteRun
from ...time_verdicts import Row, fails_above, name_of, seconds, slower_than
from ...verdict import Standards
from .entries import KnownSlow

# A test is fast when it takes at most this part of the limit: a laptop twice as fast as CI, or a good day, makes no
# entry needless that is needed elsewhere. What lies between this and the limit goes when the entry's date has passed.
FAST = 0.5
_LOOKED_AT = 500  # ids that may be the new one
_RED = "test_no_new_slow_tests judges it again. Make it faster, or see whether the reason still holds, with a new date."
_LOOK = "See where it runs whether it is still slow: delete the entry, or write a new date."


class Stale(NamedTuple):
    """An entry that is out of date: its place in the file (from 1), why and what to do, and whether it can just go."""

    number: int
    entry: KnownSlow
    why: str
    needless: bool


class Wanted:
    """Tells which entries are still wanted after a run.

    `text_of` gives the text of a file of the project (its path as in ids), of a folder the names of the Python files
    in and below it, a line each; None if there is neither.
    `unknown` is the number of entries of which nothing can be told, as their tests did not run, or did not pass.
    """

    def __init__(self, run: SuiteRun, standards: Standards, text_of: Callable[[str], str | None]) -> None:
        self._entries: Sequence[KnownSlow] = standards.known_slow
        self._today, self._text_of = standards.today, text_of
        self._limit, self._fails_above = standards.policy.slow_tests.limit_seconds, fails_above(standards)
        fixtures = sorted(run.fixtures, key=lambda row: row.owned)  # of one that was set up several times, the slowest
        self._rows: dict[str, Row] = {row.label: row for row in fixtures}
        self._rows.update((test.nodeid, test) for test in run.tests)
        self._slow = [name_of(row) for row in slower_than(self._limit, run)]
        self._skipped = [test.nodeid for test in run.tests if test.outcome == "skipped"]
        self.unknown = 0

    def stale(self) -> list[Stale]:
        """List what is out of date, in the order of the file."""
        found = []
        for number, entry in enumerate(self._entries, 1):
            fault = self._fault(number, entry)
            if fault is not None:
                found.append(Stale(number, entry, *fault))
        return found

    def _fault(self, place: int, entry: KnownSlow) -> tuple[str, bool] | None:
        """Say why an entry is out of date, and whether it can just go; None if it is not."""
        names = [name for name in self._rows if entry.matches(name)] if "*" in entry.test else [entry.test]
        rows = [self._rows[name] for name in names if name in self._rows]
        if not rows and not self._may_be_there(entry.test):
            return self._gone(entry.test)
        for number, other in enumerate(self._entries, 1):
            both = _covers(entry, other)  # of two that excuse the same, the first stays
            if number != place and _covers(other, entry) and (number < place or not both):
                return f"entry {number}, {other.test}, excuses all that this one does. Delete this one.", True
        return self._needless(entry, rows)

    def _needless(self, entry: KnownSlow, rows: Sequence[Row]) -> tuple[str, bool] | None:
        most = max((row.owned for row in rows), default=0.0)
        takes = f"{seconds(most)}{', the slowest of its tests' if '*' in entry.test else ''}"
        slow = most > self._fails_above
        passed = bool(rows) and all(getattr(row, "outcome", "passed") == "passed" for row in rows)
        if self._today > entry.until:
            ended = f"ended on {entry.until}, and"
            if slow:
                return f"{ended} it still takes {takes}: {_RED}", False
            if passed:
                return f"{ended} it takes {takes}, which needs no excuse. Delete the entry.", True
            return f"{ended} its test did not run here, or did not pass. {_LOOK}", False
        if passed and most <= FAST * self._limit:
            return f"is fast now: it takes {takes}, and the limit is {self._limit:g} s. Delete the entry.", True
        self.unknown += not (passed or slow)
        return None

    def _gone(self, test: str) -> tuple[str, bool]:
        if "*" in test:
            return "matches no test of the suite. Delete the entry.", True
        gone = "no test of the suite has this id."
        new = self._renamed(test)
        if not new:
            return f"{gone} Delete the entry.", True
        takes = self._rows[new].owned
        if takes > FAST * self._limit:
            return f"{gone} Was it renamed? {new} takes {seconds(takes)}: write that id into the entry.", False
        return f"{gone} Was it renamed? {new} takes {seconds(takes)}, which needs no excuse: delete the entry.", True

    def _renamed(self, test: str) -> str:
        """Give the id that a test has now: of what is slow, else of what has its name, or its file; "" if unknown."""
        file, last = test.split("::", 1)[0] + "::", "::" + test.rpartition("::")[2]
        near = [name for name in self._rows if name.startswith(file) or name.endswith(last)]
        for names in (self._slow, near):
            free = [name for name in names[:_LOOKED_AT] if not any(entry.matches(name) for entry in self._entries)]
            for close in difflib.get_close_matches(test, free, n=1):
                return close
        return ""

    def _may_be_there(self, test: str) -> bool:
        """Tell whether what did not run may be there all the same: skipped here with its module, or not selected."""
        start = test.split("*", 1)[0]
        if test.endswith(" fixture]"):
            where = start.rpartition("::")[0]
            return any(name.startswith(where) or where == "." for name in self._skipped)
        place = start.split("::")[0] if "::" in start or start == test else start.rpartition("/")[0]
        beside = [name for name in self._rows if name.startswith((f"{place}::", f"{place}/"))]
        text = self._text_of(place) if place else None
        if text is None or not beside:
            return text is not None
        if "::" not in start and start != test:  # a glob for files: is there one of which nothing ran?
            files = KnownSlow(test.split("::", 1)[0].rstrip("*") + "*", 0.0, "", self._today)
            paths = [path for path in (f"{place}/{line}" for line in text.splitlines()) if files.matches(path)]
            return any(not any(name.startswith(f"{path}::") for name in beside) for path in paths)
        function = start.split("[", 1)[0].rpartition("::")[2]
        rest = r"\w*" if function and start != test and "[" not in start else ""
        ran = {name.split("[", 1)[0].rpartition("::")[2] for name in beside}
        return any(name and name not in ran for name in re.findall(rf"\bdef ({re.escape(function)}{rest})\b", text))


def _covers(entry: KnownSlow, other: KnownSlow) -> bool:
    """Tell whether an entry excuses all that another does, as many seconds, for as long."""
    return entry.matches(other.test) and entry.seconds >= other.seconds and entry.until >= other.until
