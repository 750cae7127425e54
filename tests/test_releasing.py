"""Releases, by the real script in real repositories: a copy of this one's files, committed anew."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from releasing.changelog import with_version
from releasing.released import ReleasesUnknownError, releases
from tests.baking import ROOT, tree
from tests.in_git import Repository
from tests.template_history import NOTES, RELEASE_PARTS, copy_parts, next_version, ready_to_release

NEXT = next_version()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """This repository's files that a release is about, ready to be released as `NEXT`."""
    folder = tmp_path / "template"
    copy_parts(folder, RELEASE_PARTS)
    repository = Repository(folder, tmp_path)
    repository.git("init", "--quiet", "--initial-branch", "main")
    (folder / ".gitignore").write_text("__pycache__/\n", encoding="utf-8")
    ready_to_release(repository, NEXT)
    return repository


def release(repository: Repository, *arguments: str) -> subprocess.CompletedProcess[str]:
    return repository.run(sys.executable, "releasing/release.py", *arguments)


def state(repository: Repository) -> tuple[object, ...]:
    files = {path: text for path, text in tree(repository.folder).items() if not path.startswith(".git/")}
    refs = repository.git("for-each-ref", "--format=%(refname) %(objectname)")
    return files, refs, repository.git("status", "--porcelain", "--branch"), repository.git("stash", "list")


def sections(repository: Repository) -> dict[str, str]:
    text = (repository.folder / "CHANGELOG.md").read_text(encoding="utf-8")
    title, *rest = re.split(r"(?m)^## ", text)
    return {"": title, **{part.partition("\n")[0]: part.partition("\n")[2].strip() for part in rest}}


def test_a_release_is_a_section_a_version_a_commit_and_a_tag(repository: Repository) -> None:
    before, text = state(repository), sections(repository)
    shown = release(repository, NEXT, "--check")
    assert (shown.returncode, state(repository)) == (0, before), shown.stdout
    assert f"+## {NEXT} - 20" in shown.stdout
    assert f"tag:    v{NEXT}" in shown.stdout

    done = release(repository, NEXT)

    assert done.returncode == 0, done.stdout
    assert f"git push --atomic origin main v{NEXT}" in done.stdout
    (dated,) = set(sections(repository)) - set(text)
    assert re.fullmatch(rf"{re.escape(NEXT)} - 20\d\d-\d\d-\d\d", dated)
    rest = {title: said for title, said in text.items() if title != "Unreleased"}
    assert sections(repository) == {**rest, "Unreleased": "", dated: text["Unreleased"]}
    assert list(sections(repository))[:3] == ["", "Unreleased", dated]
    pyproject = (repository.folder / "pyproject.toml").read_text(encoding="utf-8")
    expected = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    expected["project"]["version"] = NEXT
    assert tomllib.loads(pyproject) == expected
    assert repository.git("status", "--porcelain") == ""
    assert repository.git("log", "--format=%s", "-1") == f"Release {NEXT}"
    assert repository.git("cat-file", "-t", f"v{NEXT}") == "tag", "annotated"
    head = repository.git("rev-parse", "HEAD")
    assert [(it.version, it.commit, it.tagged) for it in releases(repository.folder)] == [(NEXT, head, True)]

    repository.git("tag", "--delete", f"v{NEXT}")  # as in a clone without tags
    assert [(it.version, it.commit, it.tagged) for it in releases(repository.folder)] == [(NEXT, head, False)]
    again = release(repository, NEXT)
    assert again.returncode == 1
    assert f"version: {NEXT} is not higher than {NEXT}, which is released." in again.stdout
    assert f"git tag -a v{NEXT} {head[:9]}" in again.stdout
    assert "'## Unreleased' is empty" in again.stdout
    assert f"there is a section '{NEXT}' already" in again.stdout


def plant_dirt(repository: Repository) -> None:
    (repository.folder / "left-over.txt").write_text("mine")


def plant_a_branch(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "topic")


def plant_a_tag(repository: Repository) -> None:
    repository.git("tag", f"v{NEXT}")


def plant_an_empty_section(repository: Repository) -> None:
    repository.commit({"CHANGELOG.md": "# Changelog\n\n## Unreleased\n\n### Added\n\n## 0.0.1 - 2020-01-01\n- Old.\n"})


def plant_no_section(repository: Repository) -> None:
    repository.commit({"CHANGELOG.md": "# Changelog\n"})


def plant_no_notes(repository: Repository) -> None:
    repository.commit({NOTES: "## 99.0.0\n"})


def plant_no_version(repository: Repository) -> None:
    repository.commit({"pyproject.toml": "[tool]\n"})


REFUSED: dict[str, tuple[str, Callable[[Repository], None]]] = {
    "tree: not clean (left-over.txt)": (NEXT, plant_dirt),
    "branch: this is topic, releases are made on main": (NEXT, plant_a_branch),
    f"tag: v{NEXT} exists already": (NEXT, plant_a_tag),
    "CHANGELOG.md: '## Unreleased' is empty": (NEXT, plant_an_empty_section),
    "CHANGELOG.md: there is to be one section '## Unreleased'": (NEXT, plant_no_section),
    f"docs/upgrading.md: there is no section '## {NEXT}'": (NEXT, plant_no_notes),
    "pyproject.toml: [project] has no version": (NEXT, plant_no_version),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_not_ready_is_not_released(message: str, repository: Repository) -> None:
    version, plant = REFUSED[message]
    plant(repository)
    before = state(repository)

    done = release(repository, version)

    assert done.returncode == 1
    assert f"release: {message}" in done.stdout
    assert "Nothing was changed." in done.stdout
    assert len(done.stdout.splitlines()) == 2 + (message.startswith("tag:")), done.stdout  # a tag is a release, too
    assert state(repository) == before


def test_everything_that_is_wrong_is_said_at_once(repository: Repository) -> None:
    plant_an_empty_section(repository)
    plant_a_branch(repository)
    plant_dirt(repository)
    before = state(repository)
    for version in ("0.0.1", "1.0", "01.0.0", "1.0.0rc1", "v1.0.0", "1.0.0+x", "-1.0.0", ""):
        done = release(repository, "--", version)
        assert done.returncode == 1
        said = [line.split(": ")[1] for line in done.stdout.splitlines() if line.startswith("release: ")]
        assert set(said) == {"version", "tree", "branch", "CHANGELOG.md", NOTES}, done.stdout
        assert "Traceback" not in done.stdout
    assert state(repository) == before


def plant_a_failing_hook(repository: Repository) -> None:
    hook = repository.folder / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho the hook says no\nexit 1\n")
    hook.chmod(0o755)


def plant_a_locked_tag(repository: Repository) -> None:
    (repository.folder / f".git/refs/tags/v{NEXT}.lock").touch()


@pytest.mark.parametrize(
    ("plant", "reason"), [(plant_a_failing_hook, "the hook says no"), (plant_a_locked_tag, "cannot lock ref")]
)
def test_a_failure_half_way_leaves_everything_as_it_was(
    plant: Callable[[Repository], None], reason: str, repository: Repository
) -> None:
    plant(repository)
    before = state(repository)

    done = release(repository, NEXT)

    assert done.returncode == 1
    assert reason in done.stdout
    assert "Everything is as it was." in done.stdout
    assert "Traceback" not in done.stdout
    assert state(repository) == before


def test_a_clone_that_cannot_tell_says_why(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(ReleasesUnknownError, match="not a git repository"):
        releases(tmp_path)
    repository.commit({"more.txt": ""})
    repository.git("clone", "--quiet", "--depth", "1", repository.folder.as_uri(), str(tmp_path / "shallow"))
    with pytest.raises(ReleasesUnknownError, match=r"this clone is shallow.*git fetch --unshallow --tags"):
        releases(tmp_path / "shallow")
    done = release(Repository(tmp_path / "shallow", tmp_path), NEXT)
    assert done.returncode == 1
    assert "release: releases: this clone is shallow" in done.stdout


def test_a_tag_and_a_commit_that_claim_too_much_are_no_releases(repository: Repository) -> None:
    repository.commit({"more.txt": ""}, message="Release 98.0.0")
    repository.commit({"more.txt": "1"}, message="Release 99.0.0 and what comes with it")
    repository.git("tag", "vintage")
    assert releases(repository.folder) == []
    repository.git("tag", "v98.0.0")
    with pytest.raises(ReleasesUnknownError, match=r"the tag v98\.0\.0 is on .* has version "):
        releases(repository.folder)


def test_only_the_version_of_the_project_is_set() -> None:
    text = '[tool.a]\nversion = "7"\n[project]\nname = "n"\nversion = "1"  # one\n[tool.b]\nversion = "8"\n'
    assert with_version(text, "2.0.0") == text.replace('"1"', '"2.0.0"')
    with pytest.raises(ValueError, match="no line"):
        with_version("[project]\nversion = '1'\n", "2.0.0")
