"""How the tests make projects out of the template, run pytest in them, and look at what came of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cookiecutter.environment import StrictEnvironment  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent
# Plugins that only some sessions have: see requirements/beside.txt.
BESIDE = ROOT / ".venv" / "beside"
# What a template consists of: copied, it is a template again.
TEMPLATE_PARTS = ("cookiecutter.json", "hooks", "templates", "{{cookiecutter.project_slug}}")
# A test session inside a test session must not inherit what steers the outer one.
SCRUBBED_PREFIXES = ("PYTEST_", "COV_", "COVERAGE_", "META_", "GITHUB_", "GITLAB_", "CI_")
# That of Python's own is among it: without bytecode every plugin of pytest's would be rewritten in every session.
SCRUBBED = ("CI", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")

NEW = {"starting_point": "new project"}
EXISTING = {"starting_point": "existing project", "project_slug": "."}
# Every starting point with every CI, the package found and given.
COMBINATIONS: dict[str, dict[str, str]] = {
    f"{name}-{ci}-{package}": {**start, "ci": ci, "package_name": package}
    for name, start in (("new", NEW), ("existing", EXISTING))
    for ci in ("github", "gitlab", "none")
    for package in ("auto", "shop")
}
CI_FILE = {
    "github": {".github/workflows/meta-tests.yml"},
    "gitlab": {".gitlab/meta-tests.gitlab-ci.yml"},
    "none": set[str](),
}
# The defaults, of which the hooks accept every one.
ANSWERS = {
    "project_slug": "my-project",
    "starting_point": "new project",
    "package_name": "auto",
    "minimum_coverage": "80",
    "suite_seconds": "120",
    "slow_test_seconds": "10",
    "ci": "github",
}
# What would make the folder if a hook took an answer for its own text.
PAYLOAD = "'''); import os; os.mkdir('injected'); ('''"


class Bake(Protocol):
    """Bakes the template in the folder `dest` with some answers and returns the folder of the project."""

    def __call__(self, dest: Path, flags: str | None = None, **answers: str) -> Path:
        """Bake; `flags` are cookiecutter's -f and -s, and "-f" by itself where `project_slug` is "."."""


def scrubbed_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment without what would steer a pytest, coverage or regime started in it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in SCRUBBED and not name.startswith(SCRUBBED_PREFIXES)
    }
    return {**kept, **(extra or {})}


def run_pytest(
    project: Path, *args: str, env: Mapping[str, str] | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run this interpreter's pytest in a project; `env` is added to a scrubbed one, `timeout` in seconds."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", *args],
        cwd=project,
        env=scrubbed_environment(env),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def tree(folder: Path) -> dict[str, bytes | None]:
    """Return every path under a folder, with its content, or None for a directory; no bytecode."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
        if "__pycache__" not in path.parts
    }


def files(folder: Path) -> set[str]:
    """Return the paths of all files under a folder."""
    return {path for path, content in tree(folder).items() if content is not None}


def complaints(stderr: str) -> list[str]:
    """Return the answers that a hook complained about, having checked that it did so in readable lines."""
    assert "Traceback" not in stderr
    lines = [line for line in stderr.splitlines() if line.startswith("meta-tests: ")]
    assert all(line.isascii() and line.isprintable() and len(line) < 500 for line in lines)
    return [line.split(": ")[1] for line in lines]


def ask(hook: str, answers: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    """Render a hook as cookiecutter does and run it in a folder; here any text gets as far as the hook."""
    environment = StrictEnvironment(context={}, keep_trailing_newline=True)
    source = environment.from_string((ROOT / "hooks" / hook).read_text(encoding="utf-8"))
    script = folder.parent / f"{folder.name}-{hook}"
    script.write_text(source.render(cookiecutter=answers), encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(script)], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
