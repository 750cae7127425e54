"""Sessions of a suite that has a baseline: slower by a planted 20 %, or under load alone. Is the difference told?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.detection.projects import SLOWER, slower_by, suite_to_slow_down
from benchmarks.detection.sessions import CELLS, LOADS, SLOWDOWN, WAYS, facts, session

SHARE = 0.2
PARTS = ("load alone", "slower")


def with_baselines(scratch: Path) -> dict[str, Path]:
    """Make a project for each way, each with a baseline that was made beside no busy process."""
    projects = {}
    for number, way in enumerate(WAYS):
        folder = projects[way] = suite_to_slow_down(scratch / f"slowed{number}" / "project")
        ended = session(folder, (way, 0), {}, ["--meta-accept"])
        if not (folder / "tests" / "meta" / "baseline.json").exists():
            raise RuntimeError(f"no baseline was made, exit status {ended.status}\n{ended.output[-3000:]}")
    return projects


def judged(part: str, number: int, projects: dict[str, Path]) -> dict[str, Any]:
    """Run one session, slower or not; write down what was said of it."""
    cell = CELLS[number % len(CELLS)]
    how = SLOWER[(number + number // len(LOADS)) % len(SLOWER)] if part == "slower" else "not at all"
    environment = {"DETECTION_SLOWER": slower_by(how, SHARE)} if part == "slower" else {}
    ended = session(projects[cell[0]], cell, environment)
    said = ended.verdict(SLOWDOWN)
    row = {"part": part, "kind": how, **facts(number, cell, ended), "verdict": said}
    if said != ("failed" if part == "slower" else "passed"):
        row["output"] = ended.output[-4000:]
    return row


def table(rows: list[dict[str, Any]], what: str) -> list[list[str]]:
    """Give a line for each way, load or kind, and one for all: what was said of load alone, and of what is slower."""
    lines = []
    values = dict.fromkeys(row[what] for row in sorted(rows, key=lambda row: row["number"]))
    for value in values:
        mine = [row for row in rows if row[what] == value]
        alone, slower = ([row for row in mine if row["part"] == part] for part in PARTS)
        said = [_count(alone, "failed"), _count(alone, "not judged")]
        said += [_count(slower, said_of_it) for said_of_it in ("failed", "not judged", "passed")]
        lines.append([f"{what} {value}" if what == "load" else str(value), *said, _count(mine, "broken")])
    return lines


def _count(rows: list[dict[str, Any]], verdict: str) -> str:
    return f"{sum(row['verdict'] == verdict for row in rows)} of {len(rows)}" if rows else "-"
