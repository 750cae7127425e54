"""The same verdicts from the same files: every test layout, plain and under xdist, with coverage and without."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.sample import COVERAGE, GREEN, SLOW, SUITE_SIZE, VERDICTS, policy, session, write

LAYOUTS = list(itertools.product(("packages", "folders"), ("prepend", "append", "importlib")))
MODES = {"plain": [], "-n 2": ["-n", "2"], "-n auto": ["-n", "auto"]}
# One verdict of each outcome, so that none can come out right by accident.
POLICY = """
[coverage]
minimum = 70
[slow_tests]
limit_seconds = 0.2
"""
SLEEPER = {"tests/unit/test_sleeper.py": "import time\n\n\ndef test_sleeper():\n    time.sleep(0.5)\n"}


@pytest.fixture(params=LAYOUTS, ids="-".join)
def layout(request: pytest.FixtureRequest, project: Path) -> tuple[Path, list[str]]:
    """A project whose test folders are packages or not, and the argument for the import mode."""
    kind, mode = request.param
    if kind == "packages":
        write(project, {"tests/__init__.py": "", "tests/unit/__init__.py": ""})
    write(project, SLEEPER)
    policy(project, POLICY)
    return project, [f"--import-mode={mode}"]


@pytest.mark.parametrize("mode", MODES)
def test_with_coverage(layout: tuple[Path, list[str]], mode: str) -> None:
    project, args = layout
    said = session(project, *args, *MODES[mode], "--cov=shop")
    assert said.verdicts == {**GREEN, SLOW: "failed"}, said.text
    assert len(said.suite) == SUITE_SIZE + 1
    assert set(said.suite.values()) == {"passed"}
    assert said.status == 1
    assert "Total coverage is 75.00 %, the minimum is 70 %." in said.text
    assert "tests/unit/test_sleeper.py::test_sleeper" in said.messages[SLOW]
    assert f"meta-tests: this session, {SUITE_SIZE + 1} tests" in said.text


@pytest.mark.parametrize("mode", MODES)
def test_without_coverage(layout: tuple[Path, list[str]], mode: str) -> None:
    project, args = layout
    said = session(project, *args, *MODES[mode])
    assert said.verdicts == {**GREEN, COVERAGE: "skipped", SLOW: "failed"}, said.text
    assert "this session ran without --cov" in said.messages[COVERAGE]
    assert said.status == 1


def test_verdicts_alone_judge_a_child_run(layout: tuple[Path, list[str]]) -> None:
    project, args = layout
    write(project, {"pyproject.toml": (project / "pyproject.toml").read_text() + f'addopts = "{args[0]}"\n'})
    said = session(project, "tests/meta")
    assert said.verdicts == {**GREEN, SLOW: "failed"}, said.text
    assert said.suite == {}
    assert f"meta-tests: a child run of the whole suite, {SUITE_SIZE + 1} tests" in said.text
    assert not (project / ".coverage").exists()


def test_collect_only_lists_the_verdicts_last(layout: tuple[Path, list[str]]) -> None:
    project, args = layout
    lines = session(project, *args, "--collect-only", "-q").text.splitlines()
    listed = [line.split("::")[-1] for line in lines if "::" in line]
    assert len(listed) == SUITE_SIZE + 1 + len(VERDICTS)
    assert set(listed[-len(VERDICTS) :]) == VERDICTS
