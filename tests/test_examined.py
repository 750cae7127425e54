"""The child in which a suspect runs alone sees what it does, and tells of it: without a child, and without samples."""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from meta_regime.extras.confirm import examine
from meta_regime.extras.confirm.examine import Examiner, answer_to
from meta_regime.stopwatch import Clocks

from tests.sample import write

SUSPECT = "tests/test_a.py::test_slow"


class Ground:
    """An examiner in a project. Its clock shows what `at` says."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, fixture: str = "", nodeid: str = SUSPECT) -> None:
        self.at, self.request = 100.0, root.parent / "request.json"
        monkeypatch.setattr(Clocks, "wall", staticmethod(lambda: self.at))
        write(root, dict.fromkeys(["tests/test_a.py", "tests/test_b.py", "tests/__init__.py"], ""))
        self.request.write_text(json.dumps({"nodeid": nodeid, "fixture": fixture, "profile": False}))
        config: Any = SimpleNamespace(rootpath=root)
        self.examiner = Examiner(config, self.request)
        self.plugins = pytest.PytestPluginManager()
        self.plugins.register(self.examiner)

    @property
    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(answer_to(self.request).read_text())
        return told

    def does(self, hook: str, body: Callable[[], object], **how: Any) -> object:
        """Let pytest do something, and this meanwhile."""
        plugin = SimpleNamespace(**{hook: body})
        self.plugins.register(plugin)
        try:
            return getattr(self.plugins.hook, hook)(**how)
        finally:
            self.plugins.unregister(plugin)

    def takes(self, seconds: float) -> Callable[[], str]:
        def body() -> str:
            self.at += seconds
            return "done"

        return body

    def sets_up(self, fixture: Any, body: Callable[[], object]) -> object:
        return self.does("pytest_fixture_setup", body, fixturedef=fixture, request=None)


class Fixture:
    """What of pytest's definition of a fixture this needs."""

    def __init__(self, argname: str, scope: str, func: Callable[..., object] = len, baseid: str = "tests") -> None:
        self.argname, self.scope, self.func, self.baseid = argname, scope, func, baseid
        self.finalizers: list[Callable[[], object]] = []
        self.addfinalizer = self.finalizers.append


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return (tmp_path / "shop").resolve()


@pytest.fixture
def ground(root: Path, monkeypatch: pytest.MonkeyPatch) -> Ground:
    return Ground(root, monkeypatch)


class TestRunningNothingElse:
    def test_other_files_are_left_out(self, ground: Ground, root: Path) -> None:
        ignored = {
            name: ground.examiner.pytest_ignore_collect(root / name)
            for name in ("", "tests", "tests/test_a.py", "tests/test_b.py", "tests/__init__.py", "tests/Big.py", "docs")
        }
        assert {name for name, out in ignored.items() if out} == {"tests/test_b.py", "tests/Big.py", "docs"}
        assert set(ignored.values()) == {None, True}

    def test_where_the_file_is_unknown_nothing_is(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        ground = Ground(root, monkeypatch, nodeid="a test that a plugin makes")
        assert ground.examiner.pytest_ignore_collect(root / "tests" / "test_b.py") is None

    @pytest.mark.parametrize(("ids", "found"), [(["x", SUSPECT, SUSPECT, "a"], 1), ([SUSPECT], 1), (["x"], 0)])
    def test_of_several_tests_with_one_id_the_last_is_left(self, ids: list[str], found: int, ground: Ground) -> None:
        items: list[Any] = [SimpleNamespace(nodeid=nodeid) for nodeid in ids]
        last = [item for item in items if item.nodeid == SUSPECT][-1:]
        ground.does("pytest_collection_modifyitems", lambda: None, session=None, config=None, items=items)
        assert items == last
        assert ground.told == {"pid": os.getpid(), "stretches": [], "found": found}

    def test_what_other_plugins_do_to_the_list_comes_before(self, ground: Ground) -> None:
        items: list[Any] = [SimpleNamespace(nodeid=SUSPECT)]

        @pytest.hookimpl(wrapper=True)
        def clear() -> Any:
            yield
            items.clear()

        ground.does("pytest_collection_modifyitems", clear, session=None, config=None, items=items)
        assert ground.told["found"] == 0


class TestWatching:
    def test_each_phase_is_a_stretch(self, ground: Ground) -> None:
        for phase, seconds in (("setup", 1.0), ("call", 2.0), ("teardown", 0.5)):
            ground.at += 10.0
            more: dict[str, Any] = {"nextitem": None} if phase == "teardown" else {}
            assert ground.does(f"pytest_runtest_{phase}", ground.takes(seconds), item=None, **more) == ["done"]
            assert ground.told["stretches"] == [[110.0, 0.0]]  # told at once, in case it never ends
        ground.at += 10.0
        ground.examiner.pytest_sessionfinish()
        assert ground.told["stretches"] == [[110.0, 111.0], [121.0, 123.0], [133.0, 133.5]]

    def test_the_phase_is_noted_with_samples(self, ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[str] = []
        monkeypatch.setattr(ground.examiner._sampler, "start", seen.append)
        monkeypatch.setattr(ground.examiner._sampler, "stop", lambda: seen.append("stop"))
        for phase in ("setup", "call", "teardown"):
            more: dict[str, Any] = {"nextitem": None} if phase == "teardown" else {}
            ground.does(f"pytest_runtest_{phase}", ground.takes(1.0), item=None, **more)
        assert seen == ["set-up", "stop", "call", "stop", "teardown", "stop"]

    def test_a_phase_that_fails_ends_too(self, ground: Ground) -> None:
        def fails() -> None:
            ground.at += 1.0
            raise ValueError

        with pytest.raises(ValueError, match=r"^$"):
            ground.does("pytest_runtest_call", fails, item=None)
        ground.examiner.pytest_sessionfinish()
        assert ground.told["stretches"] == [[100.0, 101.0]]

    def test_what_other_plugins_do_around_a_phase_is_in_it(self, ground: Ground) -> None:
        @pytest.hookimpl(wrapper=True)
        def around() -> Any:
            ground.at += 1.0
            yield
            ground.at += 2.0

        ground.does("pytest_runtest_call", around, item=None)
        ground.examiner.pytest_sessionfinish()
        assert ground.told["stretches"] == [[100.0, 103.0]]

    def test_it_tells_before_other_plugins_end(self, ground: Ground) -> None:
        told: list[dict[str, Any]] = []
        ground.does("pytest_sessionfinish", lambda: told.append(ground.told), session=None, exitstatus=0)
        assert "causes" in told[0]

    def test_of_a_test_wide_fixtures_are_left_out(self, ground: Ground) -> None:
        wide, narrow = Fixture("db", "class"), Fixture("row", "function")

        def asks() -> str:
            ground.at += 4.0
            ground.examiner.pytest_fixture_post_finalizer(Fixture("a", "function"))  # type: ignore[arg-type]
            ground.at += 1.0
            return "done"

        def sets_up() -> None:
            ground.at += 1.0
            assert ground.sets_up(wide, asks) == "done"
            assert ground.sets_up(narrow, ground.takes(2.0)) == "done"

        ground.does("pytest_runtest_setup", sets_up, item=None)

        def tears_down() -> None:
            ground.at += 0.5
            ground.examiner.pytest_fixture_post_finalizer(narrow)  # type: ignore[arg-type]
            for finalizer in wide.finalizers:
                finalizer()
            ground.at += 7.0
            ground.examiner.pytest_fixture_post_finalizer(wide)  # type: ignore[arg-type]
            ground.at += 0.25

        ground.does("pytest_runtest_teardown", tears_down, item=None, nextitem=None)
        ground.examiner.pytest_sessionfinish()
        assert ground.told["stretches"] == [[100.0, 101.0], [106.0, 108.0], [108.0, 108.5], [115.5, 115.75]]
        assert narrow.finalizers == []

    def test_of_a_fixture_only_that_counts_and_not_those_that_it_asks_for(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ground = Ground(root, monkeypatch, fixture="tests::db [session fixture]")
        db, inner = Fixture("db", "session"), Fixture("files", "session")

        def asks() -> str:
            ground.at += 1.0
            ground.sets_up(inner, ground.takes(5.0))
            ground.at += 2.0
            return "done"

        def is_asked_for() -> str:
            ground.at += 9.0
            ground.sets_up(db, asks)
            ground.at += 9.0
            return "done"

        outer = Fixture("outer", "session")
        ground.does("pytest_runtest_setup", lambda: ground.sets_up(outer, is_asked_for), item=None)
        for each in (db, outer):
            ground.examiner.pytest_fixture_post_finalizer(each)  # type: ignore[arg-type]
        ground.does("pytest_runtest_setup", lambda: ground.sets_up(db, ground.takes(3.0)), item=None)
        ground.examiner.pytest_sessionfinish()
        assert ground.told["stretches"] == [[109.0, 110.0], [115.0, 117.0], [126.0, 129.0]]

    def test_fixtures_are_known_by_their_code(self, ground: Ground) -> None:
        def made() -> None: ...

        def wrapping() -> None: ...

        wrapping.__wrapped__ = made  # type: ignore[attr-defined]
        ground.sets_up(Fixture("wrapped", "function", wrapping), ground.takes(0.0))
        ground.sets_up(Fixture("built in", "function", len), ground.takes(0.0))
        ground.sets_up(Fixture("plain", "module", self.test_fixtures_are_known_by_their_code), ground.takes(0.0))
        file = made.__code__.co_filename
        assert ground.examiner._fixtures == {
            ("made", file): "wrapped",
            ("test_fixtures_are_known_by_their_code", file): "plain",
        }

    def test_at_the_end_all_is_told(self, ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pybreaker", None)
        ground.examiner._sampler.trouble = "it broke"
        ground.examiner.pytest_sessionfinish()
        told = ground.told
        assert {name: told[name] for name in ("causes", "breaker", "trouble", "profiled")} == {
            "causes": [],
            "breaker": "pybreaker",
            "trouble": "it broke",
            "profiled": False,
        }
        assert not answer_to(ground.request).with_suffix(".tmp").exists()

    def test_which_files_are_the_projects(self, ground: Ground, root: Path) -> None:
        places = {
            root / "src" / "a.py": "src/a.py",
            root / ".venv" / "site-packages" / "b.py": "",
            Path(sysconfig.get_path("stdlib"), "json", "decoder.py"): "",
            Path(examine.__file__): "",
            root.parent / "c.py": "",
        }
        assert {path: ground.examiner._in_project(str(path)) for path in places} == places
        assert ground.examiner._in_project("") == ""
        meta = Path(examine.__file__).resolve().parents[3]
        ground.examiner._root = meta.parent
        assert ground.examiner._in_project(str(meta.parent / "test_a.py")) == "test_a.py"
        assert ground.examiner._in_project(str(meta / "test_suite.py")) == ""
