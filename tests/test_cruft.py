"""Projects that follow the template with cruft."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.baking import EXISTING, NEW, ROOT, TEMPLATE_PARTS, scrubbed_environment, tree

if TYPE_CHECKING:
    from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "tests",
    "GIT_AUTHOR_EMAIL": "tests@example.invalid",
    "GIT_COMMITTER_NAME": "tests",
    "GIT_COMMITTER_EMAIL": "tests@example.invalid",
    "GIT_CONFIG_NOSYSTEM": "1",
}


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command with a git that has no settings of the user's."""
    environment = scrubbed_environment({**IDENTITY, "GIT_CONFIG_GLOBAL": str(folder / "no-such-file")})
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def git(folder: Path, *args: str) -> str:
    done = run(folder, "git", *args)
    assert done.returncode == 0, done.stderr
    return done.stdout


def cruft(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return run(folder, sys.executable, "-m", "cruft", *args)


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "state")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as it lies here, committed to a repository of its own: cruft clones it."""
    folder = tmp_path_factory.mktemp("template")
    for part in TEMPLATE_PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, folder / part)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(folder)
    return folder


@pytest.fixture
def existing(tmp_path: Path) -> Path:
    """A project of somebody's, in git, with an empty folder of a name that the template knows."""
    folder = tmp_path / "existing"
    for path in ("pyproject.toml", "tests/conftest.py", "tests/unit/test_a.py", ".github/workflows/ci.yml"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"# mine\r\n")
    (folder / "src").mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(folder)
    return folder


def create(folder: Path, template: Path, answers: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return cruft(
        folder,
        "create",
        str(template),
        "-y",
        "-f",
        "--default-config",
        "--extra-context",
        json.dumps(answers),
    )


def without_git(folder: Path) -> dict[str, bytes | None]:
    return {path: content for path, content in tree(folder).items() if not path.startswith(".git/")}


def test_an_existing_project_keeps_its_files_and_has_no_drift(template: Path, existing: Path) -> None:
    before = without_git(existing)

    done = create(existing, template, EXISTING)

    assert done.returncode == 0, done.stderr
    after = without_git(existing)
    assert {path: after.get(path, "gone") for path in before} == before
    assert git(existing, "diff", "--stat") == ""
    untracked = git(existing, "status", "--porcelain", "--untracked-files=all").splitlines()
    added = {line.removeprefix("?? ") for line in untracked}
    assert {path for path in added if not path.startswith("tests/meta/")} == {
        ".cruft.json",
        ".github/workflows/meta-tests.yml",
    }

    commit(existing)
    diff, check = cruft(existing, "diff", "--exit-code"), cruft(existing, "check")
    assert (diff.returncode, diff.stdout) == (0, ""), diff.stdout
    assert check.returncode == 0, check.stdout
    assert "conftest" not in diff.stderr, "the advice is for whoever bakes, not for every diff"


def test_adopting_is_no_drift_and_its_journal_is_in_no_commit(template: Path, existing: Path) -> None:
    create(existing, template, EXISTING)
    (existing / "pyproject.toml").write_bytes(b'[dependency-groups]\r\ndev = ["pytest"]\r\n')
    commit(existing)

    done = run(existing, sys.executable, "tests/meta/adopt.py", "--yes")

    assert done.returncode == 0, done.stderr
    assert (existing / "tests/meta/.adopted/journal.json").exists()
    changed = git(existing, "status", "--porcelain", "--untracked-files=all").split()[1::2]
    assert changed == ["pyproject.toml", "tests/conftest.py", ".gitignore"]
    commit(existing)
    diff = cruft(existing, "diff", "--exit-code")
    assert (diff.returncode, diff.stdout) == (0, ""), diff.stdout


def test_a_change_of_the_projects_is_drift(template: Path, existing: Path) -> None:
    create(existing, template, EXISTING)
    policy = existing / "tests/meta/policy.toml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("80.0", "70.0"), encoding="utf-8")
    commit(existing)

    diff = cruft(existing, "diff", "--exit-code")

    assert diff.returncode == 1
    assert "minimum = 70.0" in diff.stdout


def test_a_new_project_has_no_drift(template: Path, tmp_path: Path) -> None:
    # Without -f: here cookiecutter takes two directories of one name for an error.
    done = cruft(
        tmp_path,
        "create",
        str(template),
        "-y",
        "--default-config",
        "--extra-context",
        json.dumps({**NEW, "ci": "gitlab"}),
    )
    assert done.returncode == 0, done.stderr
    project = tmp_path / "my-project"
    git(project, "init", "--quiet", "--initial-branch", "main")
    commit(project)

    diff = cruft(project, "diff", "--exit-code")

    assert (diff.returncode, diff.stdout) == (0, "")


def test_an_update_brings_new_files_and_keeps_the_projects_changes(template: Path, existing: Path) -> None:
    own = template.parent / f"{existing.parent.name}-template"
    git(template, "clone", "--quiet", ".", str(own))
    create(existing, own, EXISTING)
    policy = existing / "tests/meta/policy.toml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("minimum = 80.0", "minimum = 95.0", 1), "utf-8")
    (existing / "tests/meta/baseline.json").write_text("{}")
    commit(existing)
    meta = own / "{{cookiecutter.project_slug}}" / "tests" / "meta"
    (meta / "brand_new.py").write_text('"""Has {{ braces }}."""\n')
    (meta / "policy.toml").write_text((meta / "policy.toml").read_text("utf-8") + "# One line more.\n", "utf-8")
    commit(own)

    done = cruft(existing, "update", "-y")

    assert done.returncode == 0, done.stdout + done.stderr
    assert (meta / "brand_new.py").read_text() == (existing / "tests/meta/brand_new.py").read_text()
    text = policy.read_text(encoding="utf-8")
    assert "minimum = 95.0" in text
    assert text.endswith("# One line more.\n")
    assert (existing / "tests/meta/baseline.json").read_text() == "{}"
    assert (existing / "tests/conftest.py").read_bytes() == b"# mine\r\n"
    assert [path for path in tree(existing) if path.endswith(".rej")] == []


def test_the_link_to_another_template_is_not_overwritten(template: Path, existing: Path) -> None:
    (existing / ".cruft.json").write_text('{"template": "another", "context": {"cookiecutter": {}}}')
    before = without_git(existing)

    done = create(existing, template, EXISTING)

    assert done.returncode != 0
    assert "meta-tests: .cruft.json: " in done.stderr
    assert without_git(existing) == before
