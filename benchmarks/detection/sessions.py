"""One session of a suite under load, and what it said: read from its output and its exit status, as a person would."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.detection.load import busy
from benchmarks.measuring import run

LOADS = (0, 2, 4, 8)
WAYS: dict[str, list[str]] = {"serial": [], "-n 2": ["-n", "2"], "-n 8": ["-n", "8"]}
CELLS = [(way, load) for way in WAYS for load in LOADS]  # a session's number decides on its cell
SLOW_TESTS = ("tests/meta/test_slow_test_detection.py", "test_no_new_slow_tests")
SLOWDOWN = ("tests/meta/test_suite_performance.py", "test_suite_has_not_slowed_down")
_PATIENCE = 600  # seconds until a session is given up
_COLOURS = re.compile(r"\x1b\[[\d;]*m")


class Session(NamedTuple):
    """A session that has ended: its exit status, all that it printed, and the seconds it took."""

    status: int
    output: str
    seconds: float

    def verdict(self, where: tuple[str, str]) -> str:
        """Tell what a verdict said: `passed`, `failed` or `not judged`; `broken` if that is amiss."""
        file, name = where
        found = re.search(rf"(?m)^{file}::{name} (PASSED|FAILED|SKIPPED)", self.output)
        said = found[1] if found else ""
        if said == "FAILED" and self.status == 1:
            return "failed"
        if said == "SKIPPED" and "NOT JUDGED" in self.output:
            return "not judged"
        return "passed" if said == "PASSED" and self.status in (0, 1) else "broken"

    def words(self, where: tuple[str, str]) -> str:
        """Give the text of a red verdict."""
        found = re.search(rf"(?ms)^_+ {where[1]} _+$(.*?)^(?:_{{3,}} \w|={{3,}} )", self.output)
        return found[1].strip() if found else ""


def session(
    folder: Path, cell: tuple[str, int], environment: Mapping[str, str], arguments: Sequence[str] = ()
) -> Session:
    """Run pytest in a project, in a way and beside so many busy processes."""
    way, load = cell
    given = [f"{name}={value}" for name, value in environment.items()]
    command = ["timeout", "--foreground", "--kill-after=10", str(_PATIENCE), "env", *given, sys.executable]
    command += ["-m", "pytest", "-v", "--color=no", "-p", "no:cacheprovider", *WAYS[way], *arguments]
    with busy(load):
        began = time.perf_counter()
        ended = run(command, folder)
        seconds = time.perf_counter() - began
    return Session(ended.status, _COLOURS.sub("", ended.output), seconds)


def facts(number: int, cell: tuple[str, int], ended: Session) -> dict[str, Any]:
    """Give what is written down of every session."""
    return {"number": number, "way": cell[0], "load": cell[1], "seconds": round(ended.seconds, 2)}
