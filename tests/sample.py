"""A small project with the regime in it, and what a session in it has said."""

from __future__ import annotations

import compileall
import py_compile
import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.baking import run_pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

LOADER = """\
import pathlib, sys
sys.path.append(str(pathlib.Path(__file__).parent / "meta"))
from meta_regime.plugin import *  # hooks and fixtures
"""
COVERAGE = "test_total_coverage_meets_minimum"
BUDGET = "test_suite_within_time_budget"
SLOW = "test_no_new_slow_tests"
KNOWN_SLOW = "test_known_slow_list_is_current"
HYGIENE = "test_every_test_file_is_collected"
VERDICTS = {COVERAGE, BUDGET, SLOW, KNOWN_SLOW, HYGIENE}
# The verdicts on single files and lines, and the extras that give them.
FLOOR = "test_no_module_below_floor"
RATCHET = "test_coverage_has_not_regressed"
CHANGED = "test_changed_lines_are_covered"
OF_FILES = {"floors": FLOOR, "ratchet": RATCHET, "changed_lines": CHANGED}
ALL_VERDICTS = VERDICTS | set(OF_FILES.values())
# The verdicts on rules: files of their own test them, in sessions of their own.
CATEGORY = "test_every_test_has_a_category"
REASONS = "test_every_skip_and_xfail_has_a_reason"
STRICT = "test_pytest_is_strict"
WIRED = "test_the_verdicts_are_wired_in"
NOTHING_LEFT = "test_tests_leave_nothing_behind"
OF_RULES = {
    "categories": CATEGORY,
    "skips": REASONS,
    "strictness": STRICT,
    "wiring": WIRED,
    "side_effects": NOTHING_LEFT,
}
SLOWED = "test_suite_has_not_slowed_down"  # depends on the machine; it is asked by tests of its own
GREEN = dict.fromkeys(VERDICTS, "passed")
OF_THE_REGIME = {*ALL_VERDICTS, *OF_RULES.values(), SLOWED}

# 8 statements, of which the tests execute 6: 75 per cent.
PACKAGE = {
    "src/shop/__init__.py": "from shop.prices import total\n\ncurrency = 978\ndigits = 2\n",
    "src/shop/prices.py": "def total(prices):\n    return sum(prices)\n\n\ndef never():\n    return 1\n",
    "src/shop/unused.py": "one = 1\n",
}
TESTS = {
    "tests/unit/test_prices.py": """\
import pytest
from shop import total


@pytest.mark.parametrize("prices", [[1, 2], [3]], ids=["two of them", "one[x]"])
def test_total(prices):
    assert total(prices) == 3


def test_nothing():
    assert total([]) == 0
""",
    "tests/unit/test_more.py": """\
import pytest


@pytest.fixture(scope="module")
def basket():
    yield [1, 2]


def test_basket(basket):
    assert basket


class TestTwice:
    def test_basket(self, basket):
        assert len(basket) == 2
""",
}
SETTINGS = """\
[tool.pytest.ini_options]
pythonpath = ["src"]
asyncio_default_fixture_loop_scope = "function"
"""
STRICT_SETTINGS = """\
xfail_strict = true
addopts = ["--strict-markers", "--strict-config"]
"""
SUITE_SIZE = 5


@dataclass(frozen=True)
class Said:
    """What a session printed, its exit status, and the outcome of every test by its name; `messages` likewise."""

    status: int
    text: str
    outcomes: dict[str, str]
    messages: dict[str, str]

    @property
    def verdicts(self) -> dict[str, str]:
        """The outcomes of the verdict tests: passed, failed, skipped or error."""
        return {name: outcome for name, outcome in self.outcomes.items() if name in ALL_VERDICTS}

    @property
    def of_the_regime(self) -> dict[str, str]:
        """The same of all verdict tests, those on rules and on the machine included."""
        return {name: outcome for name, outcome in self.outcomes.items() if name in OF_THE_REGIME}

    @property
    def suite(self) -> dict[str, str]:
        """The outcomes of the project's own tests."""
        return {name: outcome for name, outcome in self.outcomes.items() if name not in OF_THE_REGIME}


def write(project: Path, files: Mapping[str, str]) -> None:
    """Write text files, given by their paths in the project."""
    for name, text in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def policy(project: Path, text: str) -> None:
    """Replace the project's policy."""
    (project / "tests" / "meta" / "policy.toml").write_text(text, encoding="utf-8")


def session(
    project: Path, *args: str, env: Mapping[str, str] | None = None, timeout: float = 120, report: str = "junit.xml"
) -> Said:
    """Run pytest in the project and read what it said."""
    report_file = project / report
    report_file.unlink(missing_ok=True)
    done = run_pytest(project, "--junitxml", str(report_file), *args, env=env, timeout=timeout)
    return said(done, report_file)


def said(done: subprocess.CompletedProcess[str], report: Path) -> Said:
    """Read the outcomes from the junit file, if there is one."""
    outcomes, messages = {}, {}
    for case in ET.parse(report).iter("testcase") if report.exists() else ():
        name, outcome = case.get("name", ""), "passed"
        for kind in ("skipped", "failure", "error"):
            for entry in case.findall(kind):
                outcome = {"failure": "failed"}.get(kind, kind)
                messages[name] = "\n".join(filter(None, (entry.get("message"), entry.text)))
        outcomes[f"{case.get('classname', '').split('.')[-1]}.{name}" if name in outcomes else name] = outcome
    return Said(done.returncode, done.stdout + done.stderr, outcomes, messages)


def compile_regime(project: Path) -> None:
    """Compile the regime, as its first session would. In copies, too, bytecode counts while its source is the same."""
    mode = py_compile.PycInvalidationMode.CHECKED_HASH
    assert compileall.compile_dir(project / "tests" / "meta" / "meta_regime", quiet=1, invalidation_mode=mode)


def copy_of(project: Path, dest: Path) -> Path:
    """Copy a project, without what running it left behind, save the regime's bytecode."""
    left_behind = shutil.ignore_patterns("__pycache__", ".pytest_cache", ".coverage", ".coverage.*")

    def ignored(folder: str, names: list[str]) -> set[str]:
        return set(left_behind(folder, names)) - ({"__pycache__"} if "meta_regime" in Path(folder).parts else set())

    shutil.copytree(project, dest, ignore=ignored)
    return dest


def delete_extras(project: Path, *names: str) -> int:
    """Delete extras, modules or folders, as their owner may; gives how many there were."""
    folder = project / "tests" / "meta" / "meta_regime" / "extras"
    found = [path for name in names for path in (folder / name, folder / f"{name}.py") if path.exists()]
    for path in found:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return len(found)
