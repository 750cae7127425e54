from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from meta_regime.adopting.gitlab import JOBS

from tests.adopting.trees import files_of
from tests.baking import scrubbed_environment
from tests.sample import write


def adopt(
    root: Path, *arguments: str, python: tuple[str, ...] = (), path: Path | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *python, str(root / "tests" / "meta" / "adopt.py"), *arguments]
    environment = scrubbed_environment({} if path is None else {"PYTHONPATH": str(path)})
    environment.pop("VIRTUAL_ENV", None)
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def own(root: Path) -> dict[str, tuple[bytes, int]]:
    return {name: found for name, found in files_of(root).items() if not name.startswith("tests/meta/.adopted")}


def test_yes_then_again_then_undo(project: Path) -> None:
    before = files_of(project)
    done = adopt(project, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    changed = [name for name, found in own(project).items() if before.get(name) != found]
    assert sorted(changed) == [".gitignore", ".pre-commit-config.yaml", "pyproject.toml", "tests/conftest.py"]
    after = own(project)
    again = adopt(project, "--yes")
    assert again.returncode == 0
    assert "Nothing to change" in again.stdout
    assert own(project) == after
    assert adopt(project, "--check").returncode == 0
    undone = adopt(project, "--undo")
    assert undone.returncode == 0
    assert files_of(project) == before
    assert adopt(project, "--undo").returncode == 2


def test_gitlab_runs_the_jobs_where_they_were_chosen_and_undo_gives_back_all_but_a_policy_changed_since(
    project: Path,
) -> None:
    suite = '[suite]\nargs = []\npackages = ["auto"]\n'
    ours = {JOBS: "meta-tests:\n  script: [pytest -m x]\n", "tests/meta/policy.toml": suite}
    write(project, {**ours, "Makefile": "test:\n\tpytest -m unit\n"})
    before = files_of(project)
    assert adopt(project, "--yes").returncode == 0
    assert (project / ".gitlab-ci.yml").read_text() == f"include:\n  - local: {JOBS}\n"
    policy = project / "tests" / "meta" / "policy.toml"
    assert 'args = ["-m", "unit"]' in policy.read_text()
    assert adopt(project, "--check").returncode == 0
    policy.write_text(policy.read_text() + "[coverage]\nminimum = 37.0\n")  # as --meta-start-here does
    undone = adopt(project, "--undo")
    assert undone.returncode == 0
    assert undone.stdout.endswith("Changed since, and left as it is:\n    tests/meta/policy.toml\n")
    after = files_of(project)
    assert {name: found for name, found in after.items() if before.get(name) != found}.keys() == {
        "tests/meta/policy.toml"
    }
    assert before.keys() == after.keys()


def test_check_and_no_terminal_change_nothing(project: Path) -> None:
    before = files_of(project)
    checked, asked = adopt(project, "--check"), adopt(project)
    assert (checked.returncode, asked.returncode) == (1, 1)
    assert "+from meta_regime.plugin import *" in checked.stdout
    assert "add --yes" in asked.stderr
    assert files_of(project) == before


@pytest.mark.parametrize("answer", ["y", "", "n"])
def test_it_asks_on_a_terminal(project: Path, answer: str) -> None:
    pty = pytest.importorskip("pty")
    before = files_of(project)
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    command = [sys.executable, str(project / "tests" / "meta" / "adopt.py")]
    done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, check=False, timeout=30)
    os.close(ours)
    os.close(theirs)
    assert "[y/N]" in done.stdout
    assert (done.returncode == 0, files_of(project) != before) == (answer == "y", answer == "y")


def test_all_problems_are_told_at_once_and_nothing_is_changed(project: Path) -> None:
    (project / "tests" / "conftest.py").write_text("def f(:\n")
    (project / "pyproject.toml").write_text("[project\n")
    (project / ".pre-commit-config.yaml").write_text("repos:\n\t- a\n")
    (project / ".gitignore").write_bytes(b"\xe9\n")
    before = files_of(project)
    done = adopt(project, "--yes")
    assert done.returncode == 2
    for said in (
        "tests/conftest.py:1: a syntax error",
        "pyproject.toml is not valid TOML",
        "line 1",
        ".pre-commit-config.yaml:2: not valid YAML",
        ".gitignore:1: not UTF-8",
    ):
        assert said in done.stderr
    assert files_of(project) == before


def test_bom_and_windows_endings_are_kept(project: Path) -> None:
    for name in ("tests/conftest.py", "pyproject.toml", ".pre-commit-config.yaml"):
        path = project / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert adopt(project, "--yes").returncode == 0
    for name in ("tests/conftest.py", "pyproject.toml", ".pre-commit-config.yaml"):
        content = (project / name).read_bytes()
        assert content.startswith(b"\xef\xbb\xbf")
        assert content.count(b"\n") == content.count(b"\r\n")
        assert content.count(b"\xef\xbb\xbf") == 1
    assert adopt(project, "--check").returncode == 0


def test_missing_packages_are_named_with_both_ways_out(project: Path) -> None:
    write(project, {JOBS: ""})
    done = adopt(project, "--yes", python=("-S",))
    assert done.returncode == 2
    for said in (
        "tomlkit",
        "ruamel.yaml",
        "reading .gitlab-ci.yml takes",
        "pip install tomlkit ruamel.yaml",
        "uv run tests/meta/adopt.py",
    ):
        assert said in done.stderr


def test_a_tests_folder_that_is_a_link(project: Path, tmp_path: Path) -> None:
    (project / "tests").rename(project / "suite")
    (project / "tests").symlink_to("suite")
    assert adopt(project, "--yes").returncode == 0
    assert "meta_regime" in (project / "suite" / "conftest.py").read_text()
    adopt(project, "--undo")
    (project / "suite").rename(tmp_path / "outside")
    (project / "tests").unlink()
    (project / "tests").symlink_to(tmp_path / "outside")
    before = files_of(tmp_path)
    done = adopt(project, "--yes")
    assert done.returncode == 2
    assert "outside this project" in done.stderr
    assert files_of(tmp_path) == before


def test_a_file_that_is_read_only_is_named_and_nothing_is_changed(project: Path) -> None:
    (project / "pyproject.toml").chmod(0o444)
    before = files_of(project)
    done = adopt(project, "--yes")
    assert done.returncode == 2
    assert done.stderr == ("pyproject.toml is read-only; make it writable\nNothing was changed.\n")
    assert files_of(project) == before


def test_after_an_interruption_it_says_what_to_type(project: Path) -> None:
    before = files_of(project)
    (project / "tests" / "meta" / ".adopted").mkdir()
    (project / "tests" / "meta" / ".adopted" / "unfinished.json").write_text("")
    for arguments in ((), ("--check",), ("--yes",)):
        done = adopt(project, *arguments)
        assert done.returncode == 2
        assert done.stderr == ("the last adoption was interrupted; first type: python tests/meta/adopt.py --undo\n")
    assert adopt(project, "--undo").returncode == 0
    assert files_of(project) == before


def test_without_git_no_gitignore_is_made(project: Path) -> None:
    (project / ".git").rmdir()
    assert adopt(project, "--yes").returncode == 0
    assert not (project / ".gitignore").exists()


def test_a_dirty_tree_is_a_warning(project: Path) -> None:
    (project / ".git").rmdir()
    for command in (["init", "-q"], ["add", "pyproject.toml"]):
        subprocess.run(["git", *command], cwd=project, check=True)
    done = adopt(project, "--yes")
    assert done.returncode == 0
    assert "warning: the project has changes" in done.stdout


@pytest.mark.parametrize("before", ["", 'import sys\nsys.path.append("tests/meta")\n'])  # or by `pythonpath`
def test_the_roots_conftest_may_load_the_regime(project: Path, before: str) -> None:
    text = f"{before}from meta_regime.plugin import *\n"
    (project / "conftest.py").write_text(text)
    assert adopt(project, "--yes").returncode == 0
    assert "meta_regime" not in (project / "tests" / "conftest.py").read_text()
    assert (project / "conftest.py").read_text() == text


def test_a_loader_stays_where_it_is(project: Path) -> None:
    assert adopt(project, "--yes").returncode == 0
    write(project, {"src/x/tests/test_a.py": "def test_a(): ...\n"})
    assert "Nothing to change" in adopt(project, "--check").stdout


@pytest.mark.parametrize("place", ["src/x/tests/test_a.py", "testing/a_test.py"])
def test_where_the_tests_lie_elsewhere_the_roots_conftest_loads_the_regime(project: Path, place: str) -> None:
    write(project, {place: "def test_a(): ...\n", "env/pyvenv.cfg": "", "tests/data.py": ""})
    before = (project / "tests" / "conftest.py").read_text()
    assert adopt(project, "--yes").returncode == 0
    assert (project / "conftest.py").read_text() == (
        'import pathlib, sys\nsys.path.append(str(pathlib.Path(__file__).parent / "tests" / "meta"))\n'
        "from meta_regime.plugin import *  # hooks and fixtures\n"
    )
    assert (project / "tests" / "conftest.py").read_text() == before
    write(project, {"tests/test_b.py": ""})  # it stays where it is
    assert "Nothing to change" in adopt(project, "--check").stdout


def test_ruff_is_a_remark(project: Path) -> None:
    (project / "ruff.toml").write_text('lint.select = ["F"]\n')
    assert "left to you: ruff minds" in (done := adopt(project, "--check")).stdout
    assert '"tests/conftest.py" = ["F403"]' in done.stdout
