"""Parts of what finds the verdicts wired in: which commands reach them, which hooks, which conftest.py loads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from meta_regime.extras.wiring.hooks import hooks_of
from meta_regime.extras.wiring.loading import loads, not_loaded
from meta_regime.extras.wiring.reach import Suite
from meta_regime.policy import PolicyError

from tests.sample import write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, dict.fromkeys(["tests/test_one.py", "tests/meta/test_suite.py"], ""))
    return tmp_path


@pytest.fixture
def suite(pytestconfig: pytest.Config, root: Path) -> Suite:
    """A suite of all tests under `tests`."""
    parse: Any = pytestconfig._parser.parse_known_args
    return Suite(parse, parse([]), (root / "tests",), root, root / "tests" / "meta")


class TestReach:
    def test_whoever_types_a_verdict_has_it_judged(self, suite: Suite, root: Path) -> None:
        assert suite.why_not(["-k", "budget", "tests/meta/test_suite.py::test_suite_within_budget"]) == ""
        assert suite.why_not(["-k", "budget", "tests/test_one.py"]) != ""

    def test_a_test_is_not_its_file(self, suite: Suite, root: Path) -> None:
        of_one_file = suite._replace(roots=(root / "tests" / "test_one.py",))
        assert of_one_file.why_not(["tests/test_one.py"]) == ""
        why = "it runs a part of the suite: tests/test_one.py::test_it"
        assert of_one_file.why_not(["tests/test_one.py::test_it"]) == why

    @pytest.mark.parametrize("args", [["--splits=2", "--group=1"], ["--num-shards", "2"], ["--meta-record=one"]])
    def test_a_shard_is_one_however_it_is_typed(self, suite: Suite, args: list[str]) -> None:
        assert suite.why_not(args) == "it is one of several shards, and nothing judges them"

    @pytest.mark.parametrize("error", [pytest.UsageError(), PolicyError(["wrong"]), SystemExit(4)], ids=repr)
    def test_what_cannot_be_parsed_may_have_them_judged(self, suite: Suite, error: BaseException) -> None:
        def refuse(_: object) -> Any:
            raise error

        assert suite._replace(parse=refuse).why_not(["-m", "not slow"]) == ""


def test_settings_of_pre_commit_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / ".pre-commit-config.yaml"
    path.write_bytes(b"repos: \xff")
    unreadable = hooks_of(tmp_path, lambda _: "")
    assert unreadable is not None
    assert unreadable.unreadable == ".pre-commit-config.yaml: it cannot be read as UTF-8 text"

    def locked(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", locked)
        assert hooks_of(tmp_path, lambda _: "") == unreadable


@pytest.mark.parametrize(
    ("text", "loads_it"),
    [
        ("from meta_regime.plugin import *", True),
        ("import sys\nif sys:\n    import os, meta_regime.plugin as regime", True),
        ('pytest_plugins = ["other", "meta_regime.plugin"]', True),
        ("from meta_regime import plugins", False),
        ("from . import a\nfrom a import b\nfrom zz import b", False),
        ("import a, zz", False),
        ('pytest_plugins = ["a", "zz"]', False),
        (f"x = {'-' * 5000}1", False),
        ("# meta_regime.plugin", False),
        ("from meta_regime.plugin import (", False),
        ("x = '\0'", False),
        (f"x = {'(' * 5000}", False),
        (None, False),
    ],
)
def test_what_loads_the_verdicts(text: str | None, loads_it: bool, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "conftest.py").write_text(text, encoding="utf-8")
    assert loads(tmp_path / "conftest.py") is loads_it


def test_where_pytest_begins_without_them(root: Path) -> None:
    """Tests may lie elsewhere, if pytest's settings say so."""
    outside = root.parent / "elsewhere"
    lines = not_loaded(root, [root, root / "tests", outside])
    begins = [line.removeprefix("pytest begins in ").partition(", and finds no ")[0] for line in lines]
    assert begins == ["the project's root", "tests", str(outside)]
