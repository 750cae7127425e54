from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from meta_regime.adopting.edits import Edit, Plan, Problem
from meta_regime.adopting.writing import FOLDER, adopt, undo, was_interrupted

from tests.adopting.trees import files_of
from tests.baking import ROOT

META = ROOT / "{{cookiecutter.project_slug}}" / "tests" / "meta"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "tests" / "meta").mkdir(parents=True)
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfold\r\n")
    (tmp_path / "a").chmod(0o751)
    (tmp_path / "b").write_bytes(b"b")
    return tmp_path


def edits_of(root: Path) -> list[Edit]:
    return [
        Edit(root / "a", (root / "a").read_bytes(), b"new a"),
        Edit(root / "c", None, b"new c"),
        Edit(root / "b", b"b", b"new b"),
    ]


def test_undo_gives_back_every_byte_and_mode(root: Path) -> None:
    before = files_of(root)
    adopt(edits_of(root), root)
    after = files_of(root)
    assert (after["a"][0], after["a"][1] & 0o777, after["c"][0]) == (b"new a", 0o751, b"new c")
    assert undo(root) == (["a", "c", "b"], [])
    assert files_of(root) == before
    assert not (root / FOLDER).exists()
    with pytest.raises(Problem, match="nothing to undo"):
        undo(root)


@pytest.mark.parametrize("step", range(4))
@pytest.mark.parametrize("failure", [OSError("disk full"), KeyboardInterrupt()])
def test_all_or_none_whichever_step_fails(
    root: Path, monkeypatch: pytest.MonkeyPatch, step: int, failure: BaseException
) -> None:
    before, calls, real = files_of(root), [0], os.replace

    def failing(*arguments: Any) -> None:
        calls[0] += 1
        if calls[0] == step + 1:
            raise failure
        real(*arguments)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises((Problem, KeyboardInterrupt)):
        adopt(edits_of(root), root)
    assert calls[0] > step, "this step was never reached"
    assert files_of(root) == before
    assert not was_interrupted(root)


@pytest.mark.parametrize("step", range(4))
def test_undo_is_all_or_none_too(root: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    adopt(edits_of(root), root)
    before, calls, real = files_of(root), [0], os.replace

    def failing(*arguments: Any) -> None:
        calls[0] += 1
        if calls[0] == step + 1:
            raise OSError("disk full")
        real(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", failing)
        if step < 3:
            with pytest.raises(Problem, match="nothing was undone"):
                undo(root)
            assert files_of(root) == before
    if step < 3:
        undo(root)
        assert (root / "b").read_bytes() == b"b"


@pytest.mark.parametrize("step", range(4))
def test_a_process_that_is_killed_leaves_what_undo_needs(root: Path, step: int) -> None:
    before = files_of(root)
    code = (
        "import os, sys, pathlib; sys.path[:0] = sys.argv[2:]\n"
        "from tests.adopting.test_writing import *\n"
        "calls, real = [0], os.replace\n"
        "def dying(*arguments):\n"
        "    calls[0] += 1\n"
        f"    os._exit(9) if calls[0] == {step + 1} else real(*arguments)\n"
        "os.replace = dying\n"
        "root = pathlib.Path(sys.argv[1])\n"
        "adopt(edits_of(root), root)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, root, ROOT, META], check=False)
    assert done.returncode == 9
    assert was_interrupted(root)
    undo(root)
    assert files_of(root) == before


def test_where_putting_back_fails_the_old_bytes_are_named_and_undo_still_works(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, calls, real = files_of(root), [0], os.replace

    def failing(*arguments: Any) -> None:
        calls[0] += 1
        if calls[0] > 1:
            raise OSError(5, "gone")
        real(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", failing)
        with pytest.raises(Problem, match=r"a could not be put back.*\.a\.before-adopting"):
            adopt(edits_of(root), root)
    assert (root / ".a.before-adopting").read_bytes() == before["a"][0]
    undo(root)
    assert files_of(root) == before


def test_a_second_adoption_is_undone_with_the_first(root: Path) -> None:
    before = files_of(root)
    adopt(edits_of(root), root)
    adopt([Edit(root / "a", b"new a", b"newer a"), Edit(root / "d", None, b"d")], root)
    assert sorted(undo(root)[0]) == ["a", "b", "c", "d"]
    assert files_of(root) == before


def test_a_second_adoption_that_is_killed_leaves_the_first(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files_of(root)
    adopt(edits_of(root), root)
    after = files_of(root)
    second = [Edit(root / "a", b"new a", b"newer a"), Edit(root / "b", b"new b", b"newer b")]
    killed_after_one_file(second, root, monkeypatch)
    assert (root / "a").read_bytes() == b"newer a"
    assert was_interrupted(root)
    undo(root)
    assert files_of(root) == after
    undo(root)
    assert files_of(root) == before


def killed_after_one_file(edits: list[Edit], root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave everything as it is when the second of two files is to be replaced."""
    real, calls = os.replace, [0]

    def dying(*arguments: Any) -> None:
        calls[0] += 1
        if calls[0] == 2:
            shutil.copytree(root, root.parent / "as it was then")
        real(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", dying)
        adopt(edits, root)
    shutil.rmtree(root)
    (root.parent / "as it was then").rename(root)


def test_an_adoption_after_changes_of_the_users_begins_anew(root: Path) -> None:
    adopt(edits_of(root), root)
    (root / "b").write_bytes(b"mine")
    before = files_of(root)
    adopt([Edit(root / "a", b"new a", b"newer a")], root)
    assert undo(root) == (["a"], [])
    assert {name: found for name, found in files_of(root).items() if name in ("a", "b", "c")} == {
        name: found for name, found in before.items() if name in ("a", "b", "c")
    }


def test_undo_touches_nothing_if_one_file_changed_since(root: Path) -> None:
    adopt(edits_of(root), root)
    (root / "b").write_bytes(b"mine")
    (root / "c").unlink()
    before = files_of(root)
    with pytest.raises(Problem) as caught:
        undo(root)
    assert str(caught.value) == (
        "c was removed since; nothing was undone\nb was changed since; nothing was undone\n"
        "Make it again as adopting left it (git stash takes away what is not committed), and type --undo again;\n"
        "or take out by hand what adopting added, and delete tests/meta/.adopted, which remembers how it was."
    )
    assert files_of(root) == before


def test_undo_leaves_the_policy_that_was_changed_since(root: Path) -> None:
    path = root / "tests" / "meta" / "policy.toml"
    path.write_bytes(b"as baked")
    adopt([*edits_of(root), Edit(path, b"as baked", b"as adopted")], root)
    path.write_bytes(b"as --meta-start-here made it")
    names, left = undo(root)
    assert (sorted(names), left) == (["a", "b", "c"], ["tests/meta/policy.toml"])
    assert path.read_bytes() == b"as --meta-start-here made it"
    assert (root / "a").read_bytes() != b"new a"
    with pytest.raises(Problem, match="nothing to undo"):
        undo(root)


def test_a_file_that_changed_while_the_diff_was_read_is_left(root: Path) -> None:
    edits = edits_of(root)
    (root / "b").write_bytes(b"mine")
    before = files_of(root)
    with pytest.raises(Problem, match="just been changed"):
        adopt(edits, root)
    assert files_of(root) == before


def test_bad_files_are_named_before_anything_is_written(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    plan = Plan(root)
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "x"
    elsewhere.write_text("x")
    (root / "out").symlink_to(elsewhere)
    (root / "dangling").symlink_to(root / "none")
    (root / "b").chmod(0o444)
    (root / "latin").write_bytes(b"a\n\xe9\n")
    (root / "folder").mkdir()
    for name, said in [
        ("out", "outside this project"),
        ("dangling", "link to nothing"),
        ("b", "read-only"),
        ("folder", "cannot be read"),
    ]:
        with pytest.raises(Problem, match=said):
            plan.change(name, "new")
    with pytest.raises(Problem, match="latin:2: not UTF-8"):
        plan.read("latin")
    assert not plan.edits


def test_a_link_within_the_project_is_followed(root: Path) -> None:
    (root / "link").symlink_to("a")
    plan = Plan(root)
    assert plan.read("link") == "old\r\n"
    plan.change("link", "new\r\n")
    adopt(plan.edits, root)
    assert (root / "link").is_symlink()
    assert (root / "a").read_bytes() == b"\xef\xbb\xbfnew\r\n"
    undo(root)
    assert (root / "a").read_bytes() == b"\xef\xbb\xbfold\r\n"


def test_the_diff_tells_of_new_files_and_of_a_missing_end(root: Path) -> None:
    plan = Plan(root)
    plan.change("b", "b\nc\n")
    plan.change("new", "x\n")
    assert plan.diff() == (
        "--- a/b\n+++ b/b\n@@ -1 +1,2 @@\n-b\n\\ No newline at end of file\n+b\n+c\n"
        "--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+x\n"
    )
