"""Projects that follow the template with cruft: the real one, in real repositories."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from releasing.released import Release, releases
from tests.baking import EXISTING, NEW, tree
from tests.in_git import Repository
from tests.sample import write
from tests.template_history import ADDED, CHANGED_LINE, REMOVED, committed, with_releases

if TYPE_CHECKING:
    from tests.baking import Bake

MINE = ("pyproject.toml", "tests/conftest.py", "tests/unit/test_a.py", ".github/workflows/ci.yml")
POLICY = "tests/meta/policy.toml"
# What a project makes of tests/meta: lines of the policy, files of its own, an extra that it does not want.
EDITS = {"\nminimum = 80.0\n": "\nminimum = 91.5\n", '["auto"]': '["mine"]'}
OWN = {
    "tests/meta/baseline.json": '{"mine":\r\n1}',
    "tests/meta/known_slow.toml": "# mine, without an end of line",
    "tests/meta/fast_tests.py": "'''Mine.'''\n",
}
DELETED = "tests/meta/meta_regime/extras/summary.py"
CONFLICTS = ("git", "diff", "--name-only", "--diff-filter=U")  # as docs/upgrading.md has it, and so is the next
REJECTS = ("git", "ls-files", "--others", "*.rej")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The template as it lies here, committed to a repository of its own: cruft clones it."""
    return str(committed(tmp_path_factory.mktemp("template")).folder)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A clone of this repository with all releases, two more, and a change after these."""
    return str(with_releases(tmp_path_factory.mktemp("history") / "template").folder)


def somebodys(folder: Path) -> Repository:
    """A project of somebody's, in git, with an empty folder of a name that the template knows."""
    for path in MINE:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"# mine\r\n")
    (folder / "src").mkdir()
    repository = Repository(folder, folder.parent)
    repository.git("init", "--quiet", "--initial-branch", "main")
    repository.commit()
    return repository


@pytest.fixture
def existing(tmp_path: Path) -> Repository:
    return somebodys(tmp_path / "existing")


def cruft(project: Repository, *args: str) -> subprocess.CompletedProcess[str]:
    return project.run(sys.executable, "-m", "cruft", *args)


def create(
    project: Repository, template: str, answers: dict[str, str] = EXISTING, *more: str
) -> subprocess.CompletedProcess[str]:
    typed = ("-y", "-f", "--default-config", "--extra-context", json.dumps(answers), *more)
    return cruft(project, "create", template, *typed)


def without_git(folder: Path) -> dict[str, bytes | None]:
    return {path: content for path, content in tree(folder).items() if not path.startswith(".git/")}


def edit(project: Repository, edits: dict[str, str] = EDITS) -> None:
    """Do in tests/meta what is the project's to do."""
    policy = project.folder / POLICY
    for old, new in edits.items():
        text = policy.read_text(encoding="utf-8")
        assert old in text
        policy.write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")
    for path, content in OWN.items():
        (project.folder / path).write_bytes(content.encode())
    (project.folder / DELETED).unlink(missing_ok=True)


def test_an_existing_project_keeps_its_files_and_has_no_drift(template: str, existing: Repository) -> None:
    before = without_git(existing.folder)

    done = create(existing, template)

    assert done.returncode == 0, done.stdout
    after = without_git(existing.folder)
    assert {path: after.get(path, "gone") for path in before} == before
    assert existing.git("diff", "--stat") == ""
    untracked = existing.git("status", "--porcelain", "--untracked-files=all").splitlines()
    added = {line.removeprefix("?? ") for line in untracked}
    assert {path for path in added if not path.startswith("tests/meta/")} == {
        ".cruft.json",
        ".github/workflows/meta-tests.yml",
    }

    existing.commit()
    diff, check = cruft(existing, "diff", "--exit-code"), cruft(existing, "check")
    assert (diff.returncode, diff.stdout) == (0, ""), "no drift, and no advice, which is for whoever bakes"
    assert check.returncode == 0, check.stdout

    (existing.folder / "pyproject.toml").write_bytes(b'[dependency-groups]\r\ndev = ["pytest"]\r\n')
    existing.commit()
    done = existing.run(sys.executable, "tests/meta/adopt.py", "--yes")
    assert done.returncode == 0, done.stdout
    assert (existing.folder / "tests/meta/.adopted/journal.json").exists()
    changed = existing.git("status", "--porcelain", "--untracked-files=all").split()[1::2]
    assert changed == ["pyproject.toml", "tests/conftest.py", ".gitignore"], "the journal is in no commit"
    existing.commit()
    diff = cruft(existing, "diff", "--exit-code")
    assert (diff.returncode, diff.stdout) == (0, ""), "adopting is no drift"

    edit(existing)
    existing.commit()
    diff = cruft(existing, "diff", "--exit-code")
    assert diff.returncode == 1
    assert "minimum = 91.5" in diff.stdout, "a change of the project's is drift"


@pytest.mark.parametrize(
    "answers",
    [
        {**NEW, "ci": "gitlab"},
        {**NEW, "ci": "none", "package_name": "shop", "project_slug": "Some.Shop", "minimum_coverage": "82.5"},
    ],
    ids=["gitlab", "none"],
)
def test_a_new_project_has_no_drift(answers: dict[str, str], template: str, tmp_path: Path) -> None:
    # Without -f: here cookiecutter takes two directories of one name for an error.
    typed = ("create", template, "-y", "--default-config", "--extra-context", json.dumps(answers))
    done = cruft(Repository(tmp_path, tmp_path), *typed)
    assert done.returncode == 0, done.stdout
    project = Repository(tmp_path / answers.get("project_slug", "my-project"), tmp_path)
    project.git("init", "--quiet", "--initial-branch", "main")
    project.commit()

    diff = cruft(project, "diff", "--exit-code")

    assert (diff.returncode, diff.stdout) == (0, "")


def test_from_every_release_a_project_gets_to_today_and_keeps_what_is_its_own(history: str, tmp_path: Path) -> None:
    fresh = somebodys(tmp_path / "fresh")
    create(fresh, history)
    edit(fresh)
    expected = without_git(fresh.folder)
    assert f"tests/meta/{ADDED}" in expected
    found = releases(Path(history))
    assert len(found) >= 2

    for release in found:
        project = updated_from(release, history, tmp_path / release.version)

        after = without_git(project.folder)
        # As if it had been made today, with the same edits: nothing lost, nothing left, nothing that came back.
        differing = {path for path in {*after, *expected} if after.get(path) != expected.get(path)}
        assert differing == set(), release
        assert project.run(*CONFLICTS).stdout + project.run(*REJECTS).stdout == ""


def updated_from(release: Release, template: str, folder: Path) -> Repository:
    """Make a project from a release, edit it, and update it."""
    project = somebodys(folder)
    done = create(project, template, EXISTING, "-c", f"v{release.version}" if release.tagged else release.commit)
    assert done.returncode == 0, done.stdout
    project.commit()  # so that git knows what the template once wrote
    edit(project)
    project.commit()
    done = cruft(project, "update", "-y")
    assert done.returncode == 0, done.stdout
    return project


def test_where_both_changed_a_line_it_is_to_be_seen(history: str, existing: Repository, tmp_path: Path) -> None:
    first = releases(Path(history))[-2]
    create(existing, history, EXISTING, "-c", first.commit)
    changed = {**EDITS, f"\n{CHANGED_LINE}10.0\n": f"\n{CHANGED_LINE}7.5\n"}
    uncommitted = Repository(shutil.copytree(existing.folder, tmp_path / "uncommitted"), tmp_path)
    existing.commit()
    for project in (existing, uncommitted):
        edit(project, changed)
        project.commit()

        done = cruft(project, "update", "-y")

        assert (done.returncode, "Good work!" in done.stdout) == (0, True), "cruft is not the one to ask"
        assert (project.folder / "tests/meta" / ADDED).is_file(), "all else is in"
        assert not (project.folder / "tests/meta" / REMOVED).exists()
        assert {path: (project.folder / path).read_bytes().decode() for path in OWN} == OWN
        assert not (project.folder / DELETED).exists()
    text = (existing.folder / POLICY).read_text(encoding="utf-8")
    assert existing.run(*CONFLICTS).stdout.split() == [POLICY]
    assert existing.run(*REJECTS).stdout == ""
    assert f"<<<<<<< ours\n{CHANGED_LINE}7.5\n=======\n{CHANGED_LINE} 10.0\n>>>>>>> theirs\n" in text
    text = (uncommitted.folder / POLICY).read_text(encoding="utf-8")
    assert uncommitted.run(*CONFLICTS).stdout == ""
    assert uncommitted.run(*REJECTS).stdout.split() == [f"{POLICY}.rej"]
    assert f"\n{CHANGED_LINE}7.5\n" in text
    assert text.endswith("# One line more.\n")
    assert "minimum = 91.5" in text


def test_a_project_made_without_cruft_is_linked(history: str, existing: Repository, bake: Bake) -> None:
    bake(existing.folder, **EXISTING)
    existing.commit()
    version = releases(Path(history))[-2].version  # what lies here

    done = cruft(existing, "link", history, "-y", "-c", f"v{version}", "--extra-context", json.dumps(EXISTING))

    assert done.returncode == 0, done.stdout
    assert existing.git("status", "--porcelain", "--untracked-files=all") == "?? .cruft.json"
    existing.commit()
    assert cruft(existing, "diff").stdout == ""
    assert cruft(existing, "check").returncode == 1, "there is something newer"
    assert cruft(existing, "check", "-c", f"v{version}").returncode == 0


def test_two_templates_are_followed_by_turns(history: str, existing: Repository, tmp_path: Path) -> None:
    """The commands of docs/upgrading.md."""
    other = Repository(tmp_path / "other", tmp_path)
    write(other.folder, {"cookiecutter.json": '{"n": "."}', "{{cookiecutter.n}}/theirs.txt": "1\n"})
    other.git("init", "--quiet", "--initial-branch", "main")
    other.commit()
    create(existing, str(other.folder), {})
    existing.commit()
    before = without_git(existing.folder)

    refused = create(existing, history)

    assert refused.returncode != 0
    assert "meta-tests: .cruft.json: this folder follows another template" in refused.stdout
    assert without_git(existing.folder) == before

    first = releases(Path(history))[-2].version
    existing.git("mv", ".cruft.json", ".cruft-other.json")
    existing.git("commit", "--quiet", "--message", "aside")
    assert create(existing, history, EXISTING, "-c", f"v{first}").returncode == 0
    write(other.folder, {"{{cookiecutter.n}}/theirs.txt": "2\n"})
    other.commit()
    existing.git("add", "--all")
    existing.git("mv", ".cruft.json", ".cruft-meta-tests.json")
    existing.git("mv", ".cruft-other.json", ".cruft.json")
    existing.git("commit", "--quiet", "--message", "back")
    assert cruft(existing, "update", "-y").returncode == 0
    existing.commit()
    existing.git("mv", ".cruft.json", ".cruft-other.json")
    existing.git("mv", ".cruft-meta-tests.json", ".cruft.json")
    existing.git("commit", "--quiet", "--message", "by turns")
    assert cruft(existing, "update", "-y").returncode == 0
    assert (existing.folder / "theirs.txt").read_text() == "2\n"
    assert (existing.folder / "tests/meta" / ADDED).is_file()
