"""Runs pytest in a project's environment and takes in what it said: to the observer, and on the terminal."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.baking import ROOT, scrubbed_environment

VERDICTS = {
    "coverage": "tests/meta/test_coverage_enforcement.py::test_total_coverage_meets_minimum",
    "suite": "tests/meta/test_suite_performance.py::test_suite_within_time_budget",
    "slow": "tests/meta/test_slow_test_detection.py::test_no_new_slow_tests",
}
_WORDS = {
    "coverage": re.compile(r"Total coverage is (?P<percent>\d+\.\d\d) %"),
    "suite": re.compile(
        r"The suite took (?P<owned>[\d.]+) s(?: \((?P<clock>[\d.]+) s by the clock, less (?P<queued>[\d.]+) s waiting)?"
    ),
    "slow": re.compile(
        r"(?:(?P<tests>\d+) tests?)?(?: and )?(?:(?P<fixtures>\d+) fixtures?)? (?:is|are) slower than"
        r"|No test is (?:slower|over)"
    ),
}
_ACCUSED = re.compile(
    r"^ +(?P<seconds>[\d.]+)  +(?P<setup>[\d.]+)  +(?P<call>[\d.]+|-)  +(?P<teardown>[\d.]+)  (?P<name>\S.*)$"
)
_DURATION = re.compile(r"^(?P<seconds>-?[\d.]+)s (?P<phase>setup|call|teardown) +(?P<name>\S.*)$")
_ENDED = re.compile(
    r"^(?:=+ )?.*\b(?:passed|failed|skipped|errors?)\b.* in (?P<seconds>[\d.]+)s(?: \([\d:]+\))?(?: =+)?$"
)


@dataclass(frozen=True)
class Verdict:
    """A line of the closing section: PASSED, FAILED or NOT JUDGED, and its sentence, taken apart."""

    outcome: str
    sentence: str
    found: dict[str, str | None]


@dataclass(frozen=True)
class Accused:
    """A row of the message about slow tests."""

    name: str
    seconds: float
    phases: dict[str, float]


@dataclass(frozen=True)
class Session:
    """A pytest session that has ended.

    `child_coverage` are the data of its child run, if it had one. `cores` are those by which coverage.py measured.
    """

    status: int
    output: str
    observed: dict[str, Any]
    child_coverage: bytes
    cores: frozenset[str]

    @cached_property
    def outcomes(self) -> dict[str, list[str]]:
        """What every report of every test said, by id, without the verdicts."""
        return {
            name: row["outcomes"] for name, row in self.observed["tests"].items() if not name.startswith("tests/meta/")
        }

    @cached_property
    def seconds(self) -> dict[str, dict[str, Any]]:
        """What the observer timed, by id, without the verdicts and without tests of which it saw no end."""
        timed = {name: self.observed["tests"][name]["seconds"] for name in self.outcomes}
        return {name: row for name, row in timed.items() if "teardown" in row}

    def verdict(self, name: str) -> Verdict | None:
        """Find a verdict in the closing section of the output."""
        section = self.output.rpartition("= meta-tests: ")[2]
        for line in section.splitlines():
            outcome, _, sentence = line.partition("  ")
            found = _WORDS[name].search(sentence)
            if found and outcome in ("PASSED", "FAILED"):
                return Verdict(outcome, sentence.strip(), found.groupdict())
        return None

    @cached_property
    def accused(self) -> list[Accused]:
        """The rows of the message about slow tests; as many as it shows."""
        _, _, message = self.output.partition("seconds  set-up  call  teardown  test\n")
        rows = []
        for line in message.splitlines():
            found = _ACCUSED.match(line)
            if not found:
                break
            phases = {name: float(found[name]) for name in ("setup", "call", "teardown") if found[name] != "-"}
            rows.append(Accused(found["name"], float(found["seconds"]), phases))
        return rows

    @cached_property
    def durations(self) -> dict[tuple[str, str], float]:
        """What `--durations=0 -vv` lists, by test and phase. Subtests list parts of a call: the longest is the call."""
        found: dict[tuple[str, str], float] = {}
        for line in self.output.rpartition("= slowest durations =")[2].splitlines():
            if row := _DURATION.match(line):
                key = row["name"], row["phase"]
                found[key] = max(float(row["seconds"]), found.get(key, float("-inf")))
        return found

    @cached_property
    def ended_in(self) -> float | None:
        """The seconds of pytest's last line."""
        found = [row for line in self.output.splitlines() if (row := _ENDED.match(line))]
        return float(found[-1]["seconds"]) if found else None

    def rightly(self, *, passed: bool) -> str:
        """Give the outcome that is right. A verdict on a suite that ran elsewhere is red where that suite failed."""
        failed = any("failed" in word for outcome in self.outcomes.values() for word in outcome)
        return "PASSED" if passed and not (failed and self.observed["elsewhere"]) else "FAILED"

    @property
    def death(self) -> str:
        """Why no tests ran at all; empty if some did."""
        if self.outcomes:
            return ""
        internal = [
            line.removeprefix("INTERNALERROR> ") for line in self.output.splitlines() if "INTERNALERROR>" in line
        ]
        said = [line for line in internal if re.match(r"\S+(?:Error|Warning|Exit)\b", line)]
        last = (said or internal or self.output.splitlines()[-3:] or ["nothing was said"])[-1]
        return f"no test ran, exit status {self.status}: {last}"


def pytest(project: Path, python: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Session:
    """Run the suite under the observer's eyes; `env` is added to the environment."""
    with tempfile.TemporaryDirectory() as scratch:
        plugins, seen = Path(scratch) / "plugins", Path(scratch) / "seen"
        plugins.mkdir()
        seen.mkdir()
        shutil.copy(ROOT / "real" / "observer.py", plugins)  # alone: its neighbours' names are none of the project's
        own = {"PYTHONPATH": str(plugins), "REAL_OBSERVED": str(seen), "PYTHONIOENCODING": "utf-8", "COLUMNS": "200"}
        own |= env or {}
        done = subprocess.run(
            [python, "-m", "pytest", "-p", "observer", "-p", "no:cacheprovider", *arguments],
            cwd=project,
            env=scrubbed_environment(own),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=1800,
            check=False,
        )
        data = seen / "coverage"
        cores = frozenset(path.read_text(encoding="utf-8") for path in seen.glob("*.core"))
        return Session(done.returncode, done.stdout, _merged(seen), data.read_bytes() if data.exists() else b"", cores)


def _merged(seen: Path) -> dict[str, Any]:
    """Put together what was seen: of one session, or of one that only judged and of the child that ran the suite."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(seen.glob("*.json"))]
    tests = {name: row for each in found for name, row in each["tests"].items()}
    runs = [each["moments"] for each in found if any(not name.startswith("tests/meta/") for name in each["tests"])]
    one = runs[0] if len(runs) == 1 else {}
    return {"tests": tests, "moments": one, "runs": len(runs), "elsewhere": len(found) > 1}
