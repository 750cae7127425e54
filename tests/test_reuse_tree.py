"""Which files a run depends on, and whether they have changed: on files that are written here, without a session."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from meta_regime.extras.reuse import _TYPED, _age, _change, tree
from meta_regime.extras.reuse.tree import Look, Tree, differences, digests

from tests.sample import write

LONG_AGO = 1_000_000_000 * 10**9  # nanoseconds


def names(root: Path, *folders: str, unwanted: tuple[str, ...] = ()) -> list[str]:
    """Name the files that are looked at."""
    return sorted(Tree(root, [root / folder for folder in folders], root / "tests" / "meta", unwanted).looks())


class TestWhatCounts:
    def test_all_files_below_the_folders_but_not_what_tools_leave(self, tmp_path: Path) -> None:
        wanted = ["src/a.py", "src/data/x.csv", "src/deep/er/b.so", "tests/meta/m.py", "tests/test_a.py"]
        left = ["src/__pycache__/a.pyc", "src/a.pyc", "src/.coverage", "src/.coverage.x", "src/a~", "src/.git/config"]
        left += ["src/shop.egg-info/PKG-INFO", "env/lib/c.py", "env/pyvenv.cfg", "docs/d.md", "tests/meta/policy.toml"]
        write(tmp_path, dict.fromkeys([*wanted, *left, "src/venv/pyvenv.cfg", "src/venv/e.py"], ""))
        assert names(tmp_path, "src", "tests", "src/data", "env") == wanted
        assert names(tmp_path, "src/data") == ["src/data/x.csv"]
        assert names(tmp_path, "src/data/x.csv", "gone") == ["src/data/x.csv"]

    def test_at_the_root_settings_and_what_is_required(self, tmp_path: Path) -> None:
        wanted = [".coveragerc", "Pipfile", "conftest.py", "dev-requirements.txt", "poetry.lock", "pyproject.toml"]
        wanted += ["requirements/any.txt", "setup.cfg", "tox.ini"]
        write(tmp_path, dict.fromkeys([*wanted, "README.md", "a.lock/b.py", "requirements/old~", "notes.txt"], ""))
        assert names(tmp_path) == sorted(wanted)

    @pytest.mark.parametrize("mark", ["src/out/*", "src/out", "src/out/", "src/ou*"])
    def test_what_is_unwanted_does_not_count(self, mark: str, tmp_path: Path) -> None:
        write(tmp_path, dict.fromkeys(["src/a.py", "src/out/log.txt", "src/out/deep/x"], ""))
        assert names(tmp_path, "src", unwanted=("none/*", mark)) == ["src/a.py"]

    def test_a_name_that_only_begins_like_what_is_unwanted_counts(self, tmp_path: Path) -> None:
        write(tmp_path, dict.fromkeys(["src/outer/a.py"], ""))
        assert names(tmp_path, "src", unwanted=("src/out",)) == ["src/outer/a.py"]

    def test_links_are_followed_once_and_to_nowhere_are_noted(self, tmp_path: Path) -> None:
        write(tmp_path, {"shop/src/a.py": "", "lib/b.py": ""})
        root = tmp_path / "shop"
        (root / "src" / "around").symlink_to(root / "src")
        (root / "src" / "itself").symlink_to(root / "src" / "itself")
        (root / "src" / "lib").symlink_to(tmp_path / "lib")
        (root / "src" / "nowhere").symlink_to(tmp_path / "nowhere")
        looks = Tree(root, [root / "src", root / "src" / "lib"], root / "tests" / "meta", ()).looks()
        assert sorted(looks) == sorted([str(tmp_path / "lib" / "b.py"), "src/a.py", "src/itself", "src/nowhere"])
        assert looks["src/nowhere"] == (0, 0, 0, 0)
        stat = (root / "src" / "a.py").stat()
        assert looks["src/a.py"] == (stat.st_size, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns)

    @pytest.mark.parametrize("name", ["(old).json", "[v1].json", *(["a*b.json"] if os.name != "nt" else [])])
    def test_a_single_file_whatever_its_name(self, name: str, tmp_path: Path) -> None:
        write(tmp_path, dict.fromkeys([f"schemas/{name}", "schemas/1.json", "schemas/b"], ""))
        assert names(tmp_path, f"schemas/{name}") == [f"schemas/{name}"]

    def test_behind_an_environment_the_walk_goes_on(self, tmp_path: Path) -> None:
        """In whichever order the system lists a folder, one of the two is met before what is beside it."""
        for folder, environment, other in (("src", "a", "b"), ("src/b", "b", "a")):
            for name in ("a", "b"):
                path = f"{folder}/{name}/{'pyvenv.cfg' if name == environment else 'file'}"
                write(tmp_path, {path: ""})
            assert f"{folder}/{other}/file" in names(tmp_path, "src")

    def test_a_tree_can_be_looked_at_again(self, tmp_path: Path) -> None:
        write(tmp_path, {"src/a.py": ""})
        looked_at = Tree(tmp_path, [tmp_path / "src"], tmp_path / "tests" / "meta", ())
        assert looked_at.looks() == looked_at.looks() != {}


class TestWhatHasChanged:
    def test_a_file_that_looks_as_before_is_not_read_again(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.py": "new", "b.py": "new"})
        a: Look = (3, 1, LONG_AGO, LONG_AGO)
        known = {"a.py": [*a, "as it was"], "b.py": [3, 1, LONG_AGO, LONG_AGO + 1, "as it was"]}
        known["c.py"] = [3, 1, LONG_AGO, LONG_AGO - 1, "as it was"]
        found = digests(tmp_path, {"a.py": a, "b.py": a, "c.py": a}, known)
        assert found["c.py"][4] == "no file"
        assert found["a.py"] == [*a, "as it was"]
        assert found["b.py"][:4] == [*a]
        assert found["b.py"][4] not in ("as it was", "no file")
        assert digests(tmp_path, {"b.py": a}, {}) == {"b.py": found["b.py"]}

    @pytest.mark.parametrize("which", [2, 3])
    def test_a_look_at_what_has_just_changed_proves_nothing(self, which: int, tmp_path: Path) -> None:
        write(tmp_path, {"a.py": "new"})
        for ago, racy in ((0.5, True), (5, False)):
            look = [3, 1, LONG_AGO, LONG_AGO]
            look[which] = time.time_ns() - int(ago * 10**9)
            (found,) = digests(tmp_path, {"a.py": (*look,)}, {}).values()  # type: ignore[dict-item]
            assert found[:4] == ([0, 0, 0, 0] if racy else look)

    def test_just_now_is_less_than_two_seconds_ago(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        now = LONG_AGO + 2 * 10**9
        monkeypatch.setattr(time, "time_ns", lambda: now)
        looks: dict[str, Look] = {"old": (3, 10**19, LONG_AGO, 7), "new": (3, 1, LONG_AGO + 1, 7)}
        assert [row[0] for row in digests(tmp_path, looks, {}).values()] == [3, 0]

    def test_what_cannot_be_read_says_so(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def locked(*_: object) -> None:
            raise PermissionError(13, "Permission denied")

        write(tmp_path, {"a": ""})
        with monkeypatch.context() as patched:
            patched.setattr(Path, "open", locked)
            found = digests(tmp_path, {"a": (3, 1, LONG_AGO, 7)}, {})
        assert found["a"][4] == "cannot be read: 13"

    def test_up_to_sixty_four_megabytes_are_read(self, tmp_path: Path) -> None:
        write(tmp_path, {"a": "", "b": ""})
        found = digests(tmp_path, {"a": (2**26, 1, LONG_AGO, 7), "b": (2**26 + 1, 1, LONG_AGO, 7)}, {})
        assert [" bytes of " in str(row[4]) for row in found.values()] == [False, True]

    def test_a_large_file_is_not_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tree, "_LARGE_BYTES", 3)
        write(tmp_path, {"a": "new", "b": "newer"})
        found = digests(tmp_path, {"a": (3, 1, LONG_AGO, 7), "b": (4, 1, LONG_AGO, 7)}, {"b": [4, 1, LONG_AGO, 7, "x"]})
        assert found["b"][4] == f"4 bytes of {LONG_AGO}"
        assert "bytes" not in str(found["a"][4])

    def test_what_is_no_file_has_a_digest_of_its_own(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        look: Look = (3, 1, LONG_AGO, LONG_AGO)
        assert [row[4] for row in digests(tmp_path, {"folder": look, "gone": look}, {}).values()] == ["no file"] * 2

    def test_differences_are_by_the_last_value(self) -> None:
        before = {name: [0, 0, 0, 0, "x"] for name in "abcd"}
        after = {"a": [1, 2, 3, 4, "x"], "b": [0, 0, 0, 0, "y"], "c": [0, 0, 0, 0, "w"], "e": [0, 0, 0, 0, "x"]}
        assert differences(before, after) == ["b has changed", "c has changed", "d is gone", "e is new"]


@pytest.mark.parametrize(
    ("seconds", "age"),
    [
        *((-5, "0 s"), (0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2 h")),
        *((172_799, "48 h"), (172_800, "2 d"), (1e6, "12 d")),
    ],
)
def test_the_age_of_a_run_is_said_in_units_of_which_there_are_two(seconds: float, age: str) -> None:
    assert _age(seconds) == age


def test_what_was_typed_is_compared_word_by_word() -> None:
    assert _change("x", 1, 1) == ""
    assert [_change(name, [1], [2]) for name in ("x", "a")] == ["x has changed", "a has changed"]
    assert _change(_TYPED, ["-q", "-x"], ["-q", "--y"]) == f"{_TYPED} has changed (then -x, now --y)"
    assert _change(_TYPED, ["-q"], ["-q", "--y"]) == f"{_TYPED} has changed (now --y)"
    assert _change(_TYPED, ["-q", "-x"], ["-q"]) == f"{_TYPED} has changed (then -x)"
    assert _change(_TYPED, None, ["-q"]) == f"{_TYPED} has changed"
