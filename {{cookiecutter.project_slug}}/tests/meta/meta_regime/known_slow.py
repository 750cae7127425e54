"""`known_slow.toml`: tests that may be slow up to a number of seconds, until a date, for a reason."""

from __future__ import annotations

import datetime
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .policy import PolicyError, read_toml

EXCUSE_DAYS = 90


@dataclass(frozen=True)
class KnownSlow:
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
        if self.test == nodeid:
            return True
        pattern = ".*".join(re.escape(part) for part in self.test.split("*"))
        return "*" in self.test and re.fullmatch(pattern, nodeid, re.DOTALL) is not None


def load_known_slow(path: Path) -> tuple[KnownSlow, ...]:
    """Read the list; a file that is not there is an empty one. Raises `PolicyError` with all that is wrong."""
    if not path.exists():
        return ()
    document = read_toml(path)
    problems = [
        f"{path.name}: {key} is unknown; entries are written under [[known_slow]]"
        for key in document
        if key != "known_slow"
    ]
    tables = document.get("known_slow", [])
    if not isinstance(tables, list):
        raise PolicyError([*problems, f"{path.name}: write [[known_slow]], with two brackets, above each entry"])
    entries = [_parse(table, f"{path.name}: entry {number}", problems) for number, table in enumerate(tables, 1)]
    if problems:
        raise PolicyError(problems)
    return tuple(entry for entry in entries if entry is not None)


def _parse(table: Any, where: str, problems: list[str]) -> KnownSlow | None:
    if not isinstance(table, Mapping):
        problems.append(f"{where} must be a table")
        return None
    where = f"{where} ({table.get('test', 'no test named')})"
    seconds, until = table.get("seconds"), table.get("until")
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    unknown = table.keys() - {"test", "seconds", "reason", "until"}
    found = [f"{key} is unknown; known are: test, seconds, reason, until" for key in unknown]
    if not isinstance(table.get("test"), str) or not table["test"]:
        found.append("test must be a test's id, as in tests/unit/test_a.py::test_b")
    if not is_number or not math.isfinite(seconds) or seconds <= 0:  # type: ignore[operator, arg-type]
        found.append("seconds must be a number above 0: what the test may take")
    if not isinstance(table.get("reason"), str) or not table["reason"].strip():
        found.append("reason is empty; say why this test may be slow")
    if not isinstance(until, datetime.date) or isinstance(until, datetime.datetime):
        found.append("until must be a date without quotes, as in 2027-01-31")
    if found:
        problems.extend(f"{where}: {problem}" for problem in sorted(found))
        return None
    return KnownSlow(table["test"], float(seconds), table["reason"], until)  # type: ignore[arg-type]


def entry_to_paste(nodeid: str, seconds: float, today: datetime.date) -> str:
    """Give the lines that excuse a test, with a quarter of head-room and the reason left empty for a person."""
    allowed = math.ceil(seconds * 1.25 * 2) / 2
    until = today + datetime.timedelta(days=EXCUSE_DAYS)
    return f'[[known_slow]]\ntest = {_toml_string(nodeid)}\nseconds = {allowed}\nreason = ""\nuntil = {until}'


def _toml_string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
