"""`known_slow.toml`: tests that may be slow up to a number of seconds, until a date, for a reason."""

from __future__ import annotations

import datetime
import functools
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...policy import PolicyError, read_toml
from .._toml_text import toml_string

EXCUSE_DAYS = 90
_ENDLESS = 1e9  # seconds


class KnownSlow(NamedTuple):
    """One excuse. `test` is a node id, in which `*` stands for anything; `seconds` is what the test may take."""

    test: str
    seconds: float
    reason: str
    until: datetime.date

    def excuses(self, nodeid: str, seconds: float, today: datetime.date) -> bool:
        """Tell whether a test of this id may take so many seconds today."""
        return self.matches(nodeid) and seconds <= self.seconds and today <= self.until

    def matches(self, nodeid: str) -> bool:
        """Tell whether this entry is about the test. Only `*` is special: ids are full of brackets."""
        return self.test == nodeid or ("*" in self.test and _pattern(self.test).fullmatch(nodeid) is not None)


@functools.cache
def _pattern(test: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in test.split("*")), re.DOTALL)


def load_known_slow(path: Path) -> tuple[KnownSlow, ...]:
    """Read the list. Raises `PolicyError` with all that is wrong."""
    return checked(read_toml(path), path.name)


def checked(document: Mapping[str, Any], name: str) -> tuple[KnownSlow, ...]:
    """Give the entries of a parsed list. Raises `PolicyError` with all that is wrong."""
    problems = [
        f"{name}: {key} is unknown; entries are written under [[known_slow]]" for key in document if key != "known_slow"
    ]
    tables = document.get("known_slow", [])
    if not isinstance(tables, list):
        raise PolicyError([*problems, f"{name}: write [[known_slow]], with two brackets, above each entry"])
    read = [_parse(table, f"{name}: entry {number}", problems) for number, table in enumerate(tables, 1)]
    entries = [entry for entry in read if entry is not None]
    first: dict[str, int] = {}
    for number, entry in enumerate(read, 1):
        if entry is not None and first.setdefault(entry.test, number) != number:
            again = f"the test of entry {first[entry.test]} again; leave one of the two"
            problems.append(f"{name}: entry {number} ({entry.test}): {again}")
    if problems:
        raise PolicyError(problems)
    return tuple(entries)


def _parse(table: Any, where: str, problems: list[str]) -> KnownSlow | None:
    if not isinstance(table, Mapping):
        problems.append(f"{where} must be a table")
        return None
    where = f"{where} ({table.get('test', 'no test named')})"
    seconds, until = table.get("seconds"), table.get("until")
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    unknown = table.keys() - {"test", "seconds", "reason", "until"}
    found = [f"{key} is unknown; known are: test, seconds, reason, until" for key in unknown]
    if not isinstance(table.get("test"), str) or not table["test"].strip(" *"):
        found.append("test must be a test's id, as in tests/unit/test_a.py::test_b")
    if not is_number or not 0 < seconds < _ENDLESS:  # type: ignore[operator]
        found.append("seconds must be a number above 0: what the test may take")
    if not isinstance(table.get("reason"), str) or not table["reason"].strip():
        found.append("reason is empty; say why this test may be slow")
    if not isinstance(until, datetime.date) or isinstance(until, datetime.datetime):
        found.append("until must be a date without quotes, as in 2027-01-31")
    if found:
        problems.extend(f"{where}: {problem}" for problem in sorted(found))
        return None
    return KnownSlow(table["test"], float(seconds), table["reason"], until)  # type: ignore[arg-type]


def entry_to_paste(nodeid: str, seconds: float, today: datetime.date, reason: str = "") -> str:
    """Give the lines that excuse a test, with a quarter of head-room; an empty reason is for a person to fill in."""
    allowed = math.ceil(seconds * 1.25 * 2) / 2
    why = toml_string(reason)
    until = today + datetime.timedelta(days=EXCUSE_DAYS)
    return f"[[known_slow]]\ntest = {toml_string(nodeid)}\nseconds = {allowed}\nreason = {why}\nuntil = {until}"
