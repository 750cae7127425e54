"""What the verdicts say in the copy: asked in a session of their own there, with the copy's code and settings."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ... import child
from ...record import SuiteRun
from .._stored_record import load_record, save_record
from .._whole_files import write_whole

if TYPE_CHECKING:
    from ...session import JudgedSession
    from ...verdict import Standards

VARIABLE = "META_TESTS_PROVE"  # tells that session where the record lies that it is to judge
_TAIL_LINES = 30


@dataclass(frozen=True)
class Answer:
    """What became of a verdict test: its outcome, and what it said, as a verdict or otherwise.

    `verdict` is "" where it gave none: passed, failed and not judged are the words for it.
    """

    test: str
    verdict: str = ""
    line: str = ""
    details: str = ""
    optional: bool = False

    @property
    def message(self) -> str:
        """The whole text."""
        return f"{self.line}\n\n{self.details}".rstrip()


class Answering:
    """In the session in the copy: gives the run that is to be judged, and notes what the verdicts say."""

    def __init__(self, config: pytest.Config, record: Path) -> None:
        self._config, self._record = config, record
        self._found: dict[str, dict[str, Any]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_meta_tests_find_run(self, judged: JudgedSession, standards: Standards) -> SuiteRun:
        """Give the run in which the violations were."""
        del judged, standards
        return load_record(self._record)[1]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a verdict test ended."""
        name = report.nodeid.rpartition("::")[2]
        if report.when == "call" or not report.passed:
            said = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
            self._found[name] = {"test": report.outcome, "line": said}

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write it down."""
        judged: JudgedSession | None = self._config.pluginmanager.getplugin("meta-tests")
        for name, said in judged.verdicts.items() if judged is not None else ():
            words = {"line": said.line, "details": said.details, "optional": said.optional}
            self._found.setdefault(name, {"test": "passed"}).update(verdict=said.outcome.value, **words)
        write_whole(self._record.with_name("answers.json"), json.dumps(self._found))


def asked(
    run: SuiteRun, args: Sequence[str], root: Path, scratch: Path, timeout_seconds: float
) -> tuple[dict[str, Answer], str]:
    """Have a run judged by the verdicts in a copy; give what they say by name, and the end of the session's output."""
    record, output = scratch / "record.jsonl", scratch / "output.txt"
    save_record(record, {}, run)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(child.NOT_FOR_THE_CHILD)}
    deadline = time.monotonic() + timeout_seconds
    with child.started(args, root, {**environment, VARIABLE: str(record)}, output) as process:
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
    answers = scratch / "answers.json"
    found = json.loads(answers.read_bytes()) if answers.exists() else {}
    lines = output.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
    return {name: Answer(**values) for name, values in found.items()}, "\n".join(lines)
