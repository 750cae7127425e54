"""A project for adopt.py to change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.baking import ROOT

META = ROOT / "{{cookiecutter.project_slug}}" / "tests" / "meta"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the regime's folder, whose files adopt.py would change in five places."""
    root = tmp_path / "project"
    meta = root / "tests" / "meta"
    meta.mkdir(parents=True)
    shutil.copy(META / "adopt.py", meta)
    adopting = Path("meta_regime", "adopting")
    shutil.copytree(META / adopting, meta / adopting, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__init__", "covered", "record", "selection"):
        shutil.copy(META / "meta_regime" / f"{name}.py", meta / "meta_regime")
    (root / ".git").mkdir()
    (root / "tests" / "conftest.py").write_text('"""Doc."""\nimport os\n')
    (root / "pyproject.toml").write_text(
        '[project]\nname = "x"\n[dependency-groups]\ntests = ["pytest"]  # all\n'
        '[tool.pytest.ini_options]\naddopts = "--strict-markers --strict-config"\n'  # not to be tried: that takes time
    )
    (root / ".pre-commit-config.yaml").write_text("repos:\n- repo: a  # pinned\n  hooks:\n  - id: b\n")
    return root
