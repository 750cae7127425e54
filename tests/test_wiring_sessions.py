"""The verdict on wiring in real sessions: new projects as they are baked, and an existing one with every illness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.baking import NEW, Bake
from tests.sample import LOADER, OF_FILES, WIRED, copy_of, delete_extras, policy, session, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("ci", "place"),
    [("github", ".github/workflows/meta-tests.yml:"), ("gitlab", ".gitlab/meta-tests.gitlab-ci.yml:")],
)
def test_a_new_project_is_wired_in(bake: Bake, tmp_path: Path, ci: str, place: str) -> None:
    project = bake(tmp_path, **NEW, ci=ci)
    said = session(project, "--cov", "-n", "2")
    assert said.outcomes[WIRED] == "passed", said.text
    assert f"PASSED      The verdicts are wired in: CI gives them ({place}" in said.text
    assert "; pre-commit gives them (validate-minimum-coverage)." in said.text


SETTINGS = """\
[tool.pytest.ini_options]
pythonpath = ["src"]
testpaths = ["tests"]
addopts = "--cov-fail-under=60"
asyncio_default_fixture_loop_scope = "function"
filterwarnings = ["error"]
[tool.coverage.report]
fail_under = 75
"""
WORKFLOW = """\
on: push
jobs:
  tests:
    runs-on: ubuntu-latest
    steps:
      - run: python -m pytest --no-meta | tee log
"""


def test_an_existing_project_that_is_not(pristine_whole: Path, tmp_path: Path) -> None:
    project = copy_of(pristine_whole, tmp_path / "shop")
    delete_extras(project, *OF_FILES, "slowdown")
    policy(project, "[coverage]\nminimum = 70\n")
    write(
        project,
        {
            "pyproject.toml": SETTINGS,
            ".github/workflows/ci.yml": WORKFLOW,
            ".pre-commit-config.yaml": "repos: []\n",
            "conftest.py": LOADER.replace('"meta"', '"tests" / "meta"'),
        },
    )
    (project / "tests" / "conftest.py").unlink()
    (project / "docs").mkdir()
    said = session(project, "tests/meta")
    assert (said.status, said.outcomes[WIRED]) == (1, "failed"), said.text
    line = (
        "The verdicts are not wired in: ci-runs-verdicts (1); ci-pipefail (1); pre-commit-runs-verdicts (1); "
        "one-source (2)."
    )
    assert said.messages[WIRED].startswith(line)
    assert ".github/workflows/ci.yml:6: python -m pytest --no-meta | …   (it has --no-meta)" in said.text
    again = session(project / "docs", "../tests/meta")
    assert again.messages[WIRED].startswith(line), again.text
