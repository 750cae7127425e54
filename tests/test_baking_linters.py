"""A new project is clean by its own linter, and a project's linter and formatter stay off the regime."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

from tests.baking import EXISTING, ROOT, Bake

if TYPE_CHECKING:
    from pathlib import Path


def ruff(project: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ruff", *args, "--no-cache"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_new_project_is_clean_by_its_own_linter_settings(new_project: Path) -> None:
    checked = ruff(new_project, "check", ".")
    formatted = ruff(new_project, "format", "--check", "src", "tests/unit")

    assert checked.returncode == 0, checked.stdout
    assert formatted.returncode == 0, formatted.stdout


def test_the_projects_linter_and_formatter_stay_off_the_regime(bake: Bake, tmp_path: Path) -> None:
    bake(tmp_path, **EXISTING)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.ruff]\nline-length = 79\nlint.select = ["E", "F", "I"]\nformat.quote-style = "single"\n'
    )
    ugly = "import os\nx = {  'a':1 }\n"
    (tmp_path / "tests/meta/ugly.py").write_text(ugly)
    (tmp_path / "tests/meta/meta_regime/ugly.py").write_text(ugly)
    (tmp_path / "fine.py").write_text('"""A module."""\n')

    for args in (["check", "."], ["format", "--check", "."], ["check", "--fix", "."], ["format", "."]):
        done = ruff(tmp_path, *args)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "tests/meta/ugly.py").read_text() == ugly
    assert ruff(tmp_path, "check", "tests/meta/ugly.py").returncode == 0, "named, as pre-commit names files"

    # Without our settings both would have had something to say.
    (tmp_path / "tests/meta/ruff.toml").unlink()
    assert ruff(tmp_path, "check", ".").returncode == 1
    assert ruff(tmp_path, "format", "--check", ".").returncode == 1


def test_the_regimes_style_is_the_one_it_is_formatted_in_here() -> None:
    # So a formatter that is told the files by name finds nothing to change.
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]
    theirs = tomllib.loads((ROOT / "{{cookiecutter.project_slug}}/tests/meta/ruff.toml").read_text(encoding="utf-8"))

    assert theirs["line-length"] == ours["line-length"]
