"""Sessions of a healthy suite, sessions with a slow test planted: who is accused, rightly or wrongly, and of what?"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.detection.projects import KINDS, LIMIT, plant, plugin_path
from benchmarks.detection.sessions import CELLS, SLOW_TESTS, Session, facts, session

SHARES = {"healthy": 0.6, "planted": 1.5}  # of the limit that the slowest test owns
BAND = 1.25  # of the limit: what our verdict tolerates
_FILE = "tests/test_planted.py"  # its fixture of the module is a part of all its tests that xdist spreads
_PLANTED = f"{_FILE}::test_planted"
# What the message of meta_regime/extras/confirm says of a test that calls this of `projects.WORK`.
_DID = {
    "pause": "slept",
    "compute": "computed",
    "fetch": "waited for a socket",
    "idle_tool": "waited for a subprocess",
    "busy_tool": "waited for a subprocess",
}
_ROTATION = ("sleep", "CPU", "socket", "subprocess", "module fixture")


def kind_of(number: int) -> str:
    """Tell of which kind the slowest test of a session is: with the twelve cells, sixty pairings in sixty sessions."""
    kind = _ROTATION[number % len(_ROTATION)]
    programs = ("subprocess that sleeps", "subprocess that computes")
    return programs[(number // len(_ROTATION) + number // 60) % 2] if kind == "subprocess" else kind


def judged(part: str, number: int, folder: Path) -> dict[str, Any]:
    """Run one session; write down what both judges said of it.

    pytest-fail-slow judges the very same session, set-up and call, by the same limit: no other has the same load. Its
    seconds are kept, to judge it with our tolerance as well.
    """
    cell, kind = CELLS[number % len(CELLS)], kind_of(number)
    name = plant(folder, kind, SHARES[part] * LIMIT)
    theirs = folder.parent / "fail_slow.txt"
    theirs.write_text("", encoding="utf-8")
    environment = {"PYTHONPATH": str(plugin_path("pytest-fail-slow")), "DETECTION_FAIL_SLOW": str(theirs)}
    ended = session(folder, cell, environment)
    lines = [line.split(" ", 1) for line in theirs.read_text(encoding="utf-8").splitlines()]
    fail_slow = {nodeid: float(seconds) for seconds, nodeid in lines}
    row = {"part": part, "kind": kind, **facts(number, cell, ended), "fail_slow": fail_slow}
    return {**row, **read(part, kind, name, ended)}


def read(part: str, kind: str, name: str, ended: Session) -> dict[str, Any]:
    """Read what our verdict said; its words are kept, and more of a session that went wrong."""
    said, words = ended.verdict(SLOW_TESTS), ended.words(SLOW_TESTS)
    row: dict[str, Any] = {"verdict": said}
    if said == "failed":
        accused = re.findall(r"(?m)^(?!Not accused)(\S.*?) took [\d.]+ s, alone ", words)
        row["found"] = part == "planted" and name in accused
        row["others"] = [each for each in accused if each != name]
        row["right_cause"] = row["found"] and names_the_cause(kind, words.partition(f"{name} took ")[2])
        row["words"] = words[:1500]
    elif said != "passed" or part == "planted":
        row["output"] = ended.output[-5000:]
    return row


def names_the_cause(kind: str, words: str) -> bool:
    """Tell whether the first cause below an accusation is the planted one, with the line where it happens."""
    first = re.search(r"(?m)^ +[\d.]+ s (\w.*)$", words)
    did, *_ = KINDS[kind]
    at = r".* at synthetic/work\.py:\d+, in the " + (
        "set-up of the fixture `table`" if kind == "module fixture" else "call"
    )
    return first is not None and re.match(re.escape(_DID[did]) + at, first[1]) is not None


def table(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Give the rows of a table: what each judge said of healthy sessions and of planted ones."""
    return [_line(judge, rows) for judge in ("meta-tests", "pytest-fail-slow", "pytest-fail-slow, limit x 1.25")]


def _line(judge: str, rows: list[dict[str, Any]]) -> list[str]:
    healthy, planted = ([row for row in rows if row["part"] == part] for part in SHARES)
    cells = [judge, _count(healthy, judge, _accuses), _count(planted, judge, _misses), _count(planted, judge, _others)]
    if judge != "meta-tests":
        return [*cells, "-", "-", "-"]
    found = [row for row in planted if not _misses(judge, row)]
    share = f" ({100 * sum(row['right_cause'] for row in found) / len(found):.1f} %)" if found else ""
    right = _count(found, judge, lambda _, row: row["right_cause"]) + share
    return [*cells, right, *(str(sum(row["verdict"] == said for row in rows)) for said in ("not judged", "broken"))]


def _count(rows: list[dict[str, Any]], judge: str, which: Callable[[str, dict[str, Any]], bool]) -> str:
    return f"{sum(which(judge, row) for row in rows)} of {len(rows)}"


def _slow_for(judge: str, row: dict[str, Any]) -> set[str]:
    """Give the tests that pytest-fail-slow fails."""
    limit = LIMIT * BAND if judge.endswith("1.25") else LIMIT
    return {nodeid for nodeid, seconds in row["fail_slow"].items() if seconds > limit}


def _accuses(judge: str, row: dict[str, Any]) -> bool:
    return bool(row["verdict"] == "failed") if judge == "meta-tests" else bool(_slow_for(judge, row))


def _misses(judge: str, row: dict[str, Any]) -> bool:
    return not row.get("found") if judge == "meta-tests" else _PLANTED not in _slow_for(judge, row)


def _others(judge: str, row: dict[str, Any]) -> bool:
    """Tell whether a test is accused beside the planted one."""
    return (
        bool(row.get("others"))
        if judge == "meta-tests"
        else any(not nodeid.startswith(_FILE) for nodeid in _slow_for(judge, row))
    )


def by(what: str, rows: list[dict[str, Any]]) -> list[list[str]]:
    """Split the figures by load, way, or kind: false accusations, misses, and right causes of ours and of the other."""
    lines = []
    for value in dict.fromkeys(row[what] for row in sorted(rows, key=lambda row: row["number"])):
        mine = [row for row in rows if row[what] == value]
        healthy, planted = ([row for row in mine if row["part"] == part] for part in SHARES)
        line = [f"{what} {value}" if what == "load" else str(value)]
        for judge in ("meta-tests", "pytest-fail-slow"):
            line += [_count(healthy, judge, _accuses), _count(planted, judge, _misses)]
        found = [row for row in planted if not _misses("meta-tests", row)]
        lines.append([*line, _count(found, "meta-tests", lambda _, row: row["right_cause"])])
    return lines
