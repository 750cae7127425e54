"""Where pytest-cov is not installed, as after adopting and before installing: it is said what to type."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ratcheting import BASELINE
from tests.sample import CHANGED, COVERAGE, FLOOR, RATCHET, WIRED, copy_of, delete_extras, session, write

SAYS = "is not installed, or switched off; type: pip install pytest-cov"
# Python imports this as it starts; the packages are then not found, as if they were not there.
WITHOUT = """\
import sys
from importlib.machinery import PathFinder


class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        missing = name.partition(".")[0] in ("coverage", "pytest_cov")
        return None if missing else super().find_spec(name, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = Without
"""


@pytest.mark.parametrize(
    ("typed", "status"),
    [([], 0), (["tests/meta"], 0), (["tests/meta", "--meta-start-here"], 1), (["tests/meta", "--meta-prove"], 4)],
    ids=["plain", "child", "start", "prove"],
)
def test_it_is_said_what_to_install(pristine_whole: Path, tmp_path: Path, typed: list[str], status: int) -> None:
    project = copy_of(pristine_whole, tmp_path / "shop")
    delete_extras(project, "strictness")  # autoload is off, so settings of plugins are unknown
    (project / BASELINE).unlink(missing_ok=True)
    write(tmp_path / "without", {"sitecustomize.py": WITHOUT})
    env = {"PYTHONPATH": str(tmp_path / "without"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    said = session(project, *typed, env=env)
    assert SAYS in said.text
    assert "Traceback" not in said.text
    assert "INTERNALERROR" not in said.text
    if "--meta-prove" not in typed:
        skipped = dict.fromkeys((COVERAGE, FLOOR, RATCHET, CHANGED), "skipped")
        assert {**said.of_the_regime, **skipped} == said.of_the_regime
        assert "ModuleNotFoundError" not in said.messages.get(WIRED, "")
    assert said.status == status, said.text
