"""A suite that breaks the rules on categories, reasons and strictness, and what is said of it in every session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.baking import ROOT
from tests.in_git import Repository
from tests.sample import OF_FILES, Said, copy_of, delete_extras, policy, session, write

if TYPE_CHECKING:
    from pathlib import Path

SPLIT = {"PYTHONPATH": str(ROOT / ".venv" / "beside" / "pytest-split")}
UNIT = """\
import unittest

import pytest

pytestmark = pytest.mark.unit


@pytest.mark.skip
def test_skipped_by_mark(): ...


@pytest.mark.skip("needs a printer")
def test_skipped_for_a_reason(): ...


def test_skipped_in_its_call():
    pytest.skip()


@pytest.mark.skipif(True, reason="  ")
def test_skipped_if(): ...


def test_skipped_by_its_fixture(printer): ...


class TestCase(unittest.TestCase):
    @unittest.skip("")
    def test_skipped_by_unittest(self): ...

    @unittest.expectedFailure
    def test_expected_to_fail(self):
        assert False


@pytest.mark.xfail
def test_fails():
    assert False


@pytest.mark.xfail(run=False)
def test_is_not_run(): ...


@pytest.mark.xfail(strict=False)
def test_passes_all_the_same(): ...


def test_fails_in_its_call():
    pytest.xfail()


@pytest.mark.xfail(reason="rounds half up")
def test_fails_for_a_reason():
    assert False


@pytest.mark.xfail(strict=False, reason="on old machines")
def test_passes_for_a_reason(): ...


def test_of_a_library():
    pytest.importorskip("no_such_library")
"""
FILES = {
    "tests/unit/test_unit.py": UNIT,
    "tests/unit/conftest.py": """\
import pytest


@pytest.fixture
def printer():
    pytest.skip("todo")
""",
    "tests/unit/test_module.py": "import pytest\n\npytest.skip(allow_module_level=True)\n",
    "tests/unit/test_module_for_a_reason.py": "import pytest\n\npytest.importorskip('no_such_library')\n",
    # By its class, by a parameter, by a conftest that goes by the path; and not at all.
    "tests/unit/test_marks.py": """\
import pytest
from shop import total


@pytest.mark.unit
class TestByItsClass:
    def test_total(self):
        assert total([1]) == 1


@pytest.mark.parametrize("prices", [pytest.param([1], marks=pytest.mark.unit), pytest.param([2, -1], id="bare")])
def test_by_a_parameter(prices):
    assert total(prices) == 1


@pytest.mark.slow
def test_that_is_only_slow(): ...
""",
    "tests/paths/conftest.py": """\
def pytest_collection_modifyitems(items):
    for item in items:
        if "/paths/" in item.nodeid:
            item.add_marker("e2e")
""",
    "tests/paths/test_path.py": "def test_by_its_path(): ...\n",
    "pyproject.toml": """\
[tool.pytest.ini_options]
pythonpath = ["src"]
addopts = "-m 'not slow and not e2e'"
markers = ["unit", "slow", "e2e"]
timeout_seconds_of_nobody = 5
""",
    "setup.cfg": "[metadata]\nname = shop\n\n[tool:pytest]\nxfail_strict = true\n",
    ".gitignore": "shards\n__pycache__\n.coverage\njunit.xml\n.pytest_cache\n",
}
HYGIENE = '[hygiene]\ncategories = ["unit", "e2e", "unti"]\nci_expressions = ["e2e", "slow and"]\n'
LAX = "[coverage]\nminimum = 10\nmodule_floor = 0\n"
WAYS = ("plain", "-n 2", "child", "shards")


class Ruled:
    """The project, and the sessions in it, each made once."""

    def __init__(self, pristine_whole: Path, folder: Path) -> None:
        self.project = copy_of(pristine_whole, folder / "shop")
        delete_extras(self.project, *OF_FILES, "slowdown")
        for path in (self.project / "tests" / "unit").iterdir():
            path.unlink()
        policy(self.project, LAX + HYGIENE)
        write(self.project, FILES)
        repository = Repository(self.project, folder)
        repository.git("init", "--quiet", "--initial-branch=main")
        repository.commit()
        self._said: dict[str, Said] = {}

    def said(self, way: str) -> Said:
        if way not in self._said:
            self._said[way] = self._run(way)
        return self._said[way]

    def _run(self, way: str) -> Said:
        if way == "child":
            return session(self.project, "tests/meta", "--meta-fresh")
        if way != "shards":
            return session(self.project, "--cov=src/shop", *(way.split() if way != "plain" else []))
        for group in ("1", "2"):
            typed = ["--cov=src/shop", "--splits=2", f"--group={group}", f"--meta-record=shards/{group}.jsonl"]
            recorded = session(self.project, *typed, env={**SPLIT, "CI": "true"})
            assert recorded.status == 0, recorded.text
        return session(self.project, "tests/meta", "--meta-records=shards", env={"CI": "true"})
