"""This template as a git repository with releases, as cruft meets it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from releasing.changelog import declared_version, has_section, unreleased
from releasing.released import ReleasesUnknownError, releases
from tests.baking import ROOT, TEMPLATE_PARTS
from tests.in_git import Repository

# What a release reads and writes.
RELEASE_PARTS = ("CHANGELOG.md", "pyproject.toml", "releasing")
NOTES = "docs/upgrading.md"
META = "{{cookiecutter.project_slug}}/tests/meta"
# The second release has no longer the first of these, and the second anew.
REMOVED, ADDED = "meta_regime/extras/progress.py", "meta_regime/extras/brand_new.py"
# Of the policy, changed since the second release: a line, and the comment of the key below one that projects change.
CHANGED_LINE, CHANGED_COMMENT = "limit_seconds = ", "# Per cent. Where to get to"


def next_version() -> str:
    """Give the version that this repository would be released as: the one it has, as long as that is not released."""
    declared = declared_version((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    released = has_section((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), declared)
    return minor_after(declared) if released else declared


def minor_after(version: str) -> str:
    """Give the next minor version."""
    major, minor, _ = version.split(".")
    return f"{major}.{int(minor) + 1}.0"


def copy_parts(folder: Path, parts: tuple[str, ...]) -> None:
    """Put parts of this repository, as they lie here, into a folder, and nothing but them where they are folders."""
    for part in parts:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / part).is_dir():
            shutil.rmtree(folder / part, ignore_errors=True)
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, folder / part)


def committed(folder: Path) -> Repository:
    """Commit the template as it lies here to a repository of its own."""
    copy_parts(folder, TEMPLATE_PARTS)
    repository = Repository(folder, folder.parent)
    repository.git("init", "--quiet", "--initial-branch", "main")
    repository.commit()
    return repository


def ready_to_release(repository: Repository, version: str) -> None:
    """Write what a release demands, where it is missing, and commit it."""
    changelog, notes = repository.folder / "CHANGELOG.md", repository.folder / NOTES
    if not unreleased(changelog.read_text(encoding="utf-8")):
        changelog.write_text("# Changelog\n\n## Unreleased\n- A thing.\n", encoding="utf-8")
    notes.parent.mkdir(exist_ok=True)
    notes.write_text(f"## {version}\n\nNothing.\n", encoding="utf-8")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--allow-empty", "--message", "ready")


def release(repository: Repository, version: str) -> None:
    """Release, by the script that lies in the repository."""
    ready_to_release(repository, version)
    done = repository.run("python", "releasing/release.py", version)
    assert done.returncode == 0, done.stdout


def with_releases(folder: Path) -> Repository:
    """Clone this repository, its releases among it; release what lies here, then a changed one; change it once more.

    A test that needs this is skipped, and says what to type, where this repository's history is not here.
    """
    repository = Repository(folder, folder.parent)
    try:
        known = releases(ROOT)
    except ReleasesUnknownError as error:
        pytest.skip(str(error))
    folder.mkdir()
    repository.git("-c", "safe.directory=*", "clone", "--quiet", str(ROOT), ".")
    repository.git("checkout", "--quiet", "-B", "main")
    for each in known:
        if not each.tagged:  # clones of CI often lack tags, without which nothing more is released
            repository.git("tag", "--annotate", "--message", "as released", f"v{each.version}", each.commit)
    copy_parts(folder, (*TEMPLATE_PARTS, *RELEASE_PARTS))
    policy, first = folder / META / "policy.toml", next_version()
    release(repository, first)

    (folder / META / REMOVED).unlink()
    (folder / META / ADDED).write_text('"""Has {{ braces }}."""\n', encoding="utf-8")
    policy.write_text(policy.read_text(encoding="utf-8") + "# One line more.\n", encoding="utf-8")
    release(repository, minor_after(first))

    text = policy.read_text(encoding="utf-8")
    assert CHANGED_LINE in text
    assert CHANGED_COMMENT in text
    text = text.replace(CHANGED_LINE, f"{CHANGED_LINE} ", 1).replace(CHANGED_COMMENT, f"{CHANGED_COMMENT} some day", 1)
    policy.write_text(text, encoding="utf-8")
    repository.commit()
    return repository
