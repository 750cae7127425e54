"""The child in which a suspect runs alone: how it is asked, who watches, and what queued meanwhile."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from meta_regime.extras import confirm
from meta_regime.extras.confirm import again, judging
from meta_regime.extras.confirm.again import Alone, Watch, run_again
from meta_regime.record import FixtureTiming, SuiteRun, TestTiming
from meta_regime.selection import META
from meta_regime.stopwatch import Clocks
from meta_regime.time_verdicts import Row

AGAIN = "meta_regime.extras.confirm.again"
SUSPECT = TestTiming("tests/test_a.py::a", 0.0, 3.0, 0.0, 0.0, "passed")


class Config:
    """What of pytest's configuration this needs; `plugins` are installed."""

    def __init__(self, root: Path, *plugins: str) -> None:
        self.rootpath, self.stash, self.pluginmanager = root, pytest.Stash(), self
        self.option = argparse.Namespace(verbose=0)
        facts = SimpleNamespace(child_args=lambda _, *typed: ["tests", *typed])
        policy = SimpleNamespace(suite=None)
        self.judged = SimpleNamespace(facts=facts, standards=SimpleNamespace(policy=policy))
        self.hook = SimpleNamespace(pytest_meta_tests_child_args=lambda judged: ["-q"])
        self.hasplugin = plugins.__contains__

    def getplugin(self, name: str) -> Any:
        return self.judged if name == "meta-tests" else None


@pytest.fixture
def config(tmp_path: Path) -> Any:
    return Config(tmp_path)


class TestQueueing:
    def looks(self, watch: Watch, task: Path, monkeypatch: pytest.MonkeyPatch, told: dict[float, str]) -> None:
        """Let it look at these times, when the system tells this of the task."""
        for at, schedstat in told.items():
            monkeypatch.setattr(Clocks, "wall", staticmethod(lambda at=at: at))
            (task / "schedstat").write_text(schedstat)
            watch.look((0, 1, at))

    def test_seconds_are_counted_once_and_in_the_stretches_only(self, tmp_path: Path) -> None:
        watch = Watch(tmp_path / "answer.json")
        watch._queued = [(5.0, 6.0), (1.0, 3.0), (2.0, 4.0), (2.5, 2.75)]
        assert watch.queued_in([(0.0, 10.0)]) == 4.0
        assert watch.queued_in([(0.0, 1.5), (3.5, 5.25)]) == 0.5 + 0.5 + 0.25
        assert watch.queued_in([(3.0, 3.0)]) == watch.queued_in([]) == 0.0

    def test_a_turn_ends_what_was_queued_before_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        task, gone = tmp_path / "1", tmp_path / "2"
        task.mkdir()
        asked: list[int] = []

        def tasks(pid: int) -> list[Path]:
            asked.append(pid)
            return [gone, task]

        monkeypatch.setattr(again, "_tasks", tasks)
        watch = Watch(tmp_path / "answer.json")
        watch.look((0, 0, 0.25))
        assert (watch.told(), asked, watch.seconds) == ({}, [], 0.25)
        (tmp_path / "answer.json").write_text('{"pid": 7}')
        told = {10.0: "0 0 0", 11.0: "5 30000000 1", 12.0: "9 900000000 1", 13.0: "9 60000000 4", 14.0: ""}
        self.looks(watch, task, monkeypatch, told)
        assert asked == [7] * 5
        assert watch._queued == [(11.0 - 0.03, 11.0), (13.0 - 0.03, 13.0)]

    def test_no_more_is_believed_than_can_be(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(again, "_tasks", lambda _: [tmp_path])
        watch = Watch(tmp_path / "answer.json")
        watch._pid = 7
        told = {10.0: "5 99000000000 1", 10.25: "9 999000000000 99", 20.0: "9 9999000000000 100"}
        self.looks(watch, tmp_path, monkeypatch, told)
        assert watch._queued == [(10.0 - 0.04, 10.0), (10.0, 10.25), (20.0 - 0.04, 20.0)]

    def test_of_the_childs_session_and_its_descendants_all_threads_but_its_main_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Process 101 is the child; 100 is the lifeline. The fields: name, state, parent, group, session."""
        processes = {
            "100": ("(lifeline) S 1 100 100", "100"),
            "101": ("(python) R 100 101 100", "101", "102", "1009"),
            "105": ("(a) b) S 101 105 105", "105"),
            "106": ("(by setsid) S 105 106 106", "106", "107"),
            "109": ("(in the session) S 1 109 100", "109"),
            "110": ("(stranger) S 1 110 110", "110"),
            "20": ("(stranger) S 1 20 20", "20"),
            "30": ("(in the session) S 1 30 100", "30"),
        }
        for pid, (stat, *threads) in processes.items():
            for thread in threads:
                (tmp_path / pid / "task" / thread).mkdir(parents=True)
            (tmp_path / pid / "stat").write_text(f"{pid} {stat} 0 0")
        listed = [SimpleNamespace(name=name, path=str(tmp_path / name)) for name in ("self", "99", *processes)]
        scandir = os.scandir
        monkeypatch.setattr(f"{AGAIN}.os.scandir", lambda path: listed if path == "/proc" else scandir(path))
        monkeypatch.setattr(f"{AGAIN}.os.getsid", {101: 100}.__getitem__, raising=False)
        threads = [path.name for path in again._tasks(101)]
        assert threads[:-5] in (["102", "1009"], ["1009", "102"])
        assert sorted(threads[-5:]) == ["105", "106", "107", "109", "30"]


class TestTheChild:
    took = 61.0

    def asked(
        self, config: Any, monkeypatch: pytest.MonkeyPatch, suspect: Row, run: SuiteRun
    ) -> tuple[list[str], dict[str, Any], Alone]:
        """Give the arguments, and what was asked; the child tells at the end what it took, and gives no test."""
        seen: list[Any] = []

        def run_suite(args: list[str], root: Path, seconds: float, tell: Any) -> SuiteRun:
            assert (root, seconds) == (config.rootpath, 60)
            seen.extend((args, json.loads(Path(os.environ[confirm.VARIABLE]).read_text())))
            tell((0, 0, self.took))
            return SuiteRun()

        monkeypatch.setattr(f"{AGAIN}.child.run_suite", run_suite)
        alone = run_again(config, suspect, run, seconds=60, profile=True)
        assert confirm.VARIABLE not in os.environ
        return seen[0], seen[1], alone

    def test_runs_the_test_or_who_uses_the_fixture(self, config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        args, asked, alone = self.asked(config, monkeypatch, SUSPECT, SuiteRun())
        assert args == ["tests", "-q"]
        assert asked == {"nodeid": "tests/test_a.py::a", "fixture": "", "profile": True}
        assert alone.why.startswith("it had not begun when the time to run it alone was up")
        db = FixtureTiming("db", "session", "tests", 2.0, 0.5, 0.0, 0.0, "tests/test_a.py::user")
        _, asked, _ = self.asked(config, monkeypatch, db, SuiteRun())
        assert (asked["nodeid"], asked["fixture"]) == ("tests/test_a.py::user", "tests::db [session fixture]")

    def test_runs_as_the_suite_did(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        config: Any = Config(tmp_path, "pytest_cov", "xdist")
        measured: Any = SimpleNamespace()
        assert self.asked(config, monkeypatch, SUSPECT, SuiteRun(coverage=measured))[0][2:] == ["-n", "0"]
        assert self.asked(config, monkeypatch, SUSPECT, SuiteRun())[0][2:] == ["--no-cov", "-n", "0"]

    @pytest.mark.parametrize("took", [5.0, 60.0])
    def test_that_ended_in_time_says_so(self, took: float, config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.took = took
        alone = self.asked(config, monkeypatch, SUSPECT, SuiteRun())[2]
        assert alone.why == "it could not be run alone. It was not set up."

    def test_what_it_leaves_behind_is_no_error(self, config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """On Windows a file cannot be deleted that a process has open."""
        asked: dict[str, Any] = {}
        folder = tempfile.TemporaryDirectory
        monkeypatch.setattr(tempfile, "TemporaryDirectory", lambda **how: asked.update(how) or folder(**how))
        self.asked(config, monkeypatch, SUSPECT, SuiteRun())
        assert asked == {"prefix": "meta-tests-", "ignore_cleanup_errors": True}


class TestWhoWatches:
    def configured(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, asked: bool, child: bool) -> list[str]:
        """Give the plugins that are registered; a request may have been made, in a child or not."""
        request = tmp_path / "request.json"
        request.write_text('{"nodeid": "tests/test_a.py::a", "fixture": "", "profile": false}')
        monkeypatch.setattr("meta_regime.extras.confirm.child.is_child", lambda: child)
        monkeypatch.delenv(confirm.VARIABLE, raising=False)
        if asked:
            monkeypatch.setenv(confirm.VARIABLE, str(request))
        config: Any = Config(tmp_path)
        registered: list[str] = []
        config.register = lambda _, name: registered.append(name)
        confirm.pytest_configure(config)
        assert confirm.VARIABLE not in os.environ
        return registered

    def test_only_a_child_that_was_asked(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        assert self.configured(monkeypatch, tmp_path, asked=True, child=True) == ["meta-tests-examiner"]
        for asked, child in ((True, False), (False, True), (False, False)):
            assert self.configured(monkeypatch, tmp_path, asked=asked, child=child) == []

    @pytest.mark.parametrize(("path", "limits"), [(META / "test_suite.py", [(0,)]), (META.parent / "test_a.py", [])])
    def test_pytest_timeout_lets_the_verdict_alone(
        self, path: Path, limits: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mark = SimpleNamespace(timeout=lambda seconds: SimpleNamespace(args=(seconds,)))  # it is not registered here
        monkeypatch.setattr(pytest, "mark", mark)
        config: Any = Config(tmp_path, "timeout")
        plugins = pytest.PytestPluginManager()
        config.register = plugins.register
        confirm.pytest_configure(config)
        marks: list[Any] = []
        seen: list[Any] = []

        class Timeout:
            @pytest.hookimpl(wrapper=True)
            def pytest_runtest_protocol(self) -> Any:
                seen.extend(marks)
                return (yield)

        plugins.register(Timeout())
        item = SimpleNamespace(path=path, add_marker=lambda mark: marks.append(mark.args))
        plugins.hook.pytest_runtest_protocol(item=item, nextitem=None)
        assert seen == limits

    @pytest.mark.parametrize(
        ("verbose", "missing", "says"),
        [(0, "", 1), (1, "", 1), (-1, "", 0), (0, "terminalreporter", 0), (0, "capturemanager", 0)],
    )
    def test_it_is_said_what_runs_again(self, verbose: int, missing: str, says: int, tmp_path: Path) -> None:
        lines: list[str] = []
        plugins: dict[str, Any] = {
            "terminalreporter": SimpleNamespace(ensure_newline=lambda: None, write_line=lines.append),
            "capturemanager": SimpleNamespace(global_and_fixture_disabled=contextlib.nullcontext),
        }
        plugins.pop(missing, None)
        config: Any = Config(tmp_path)
        config.getplugin, config.option.verbose = plugins.get, verbose
        judging._say(config, "it took long")
        assert lines == ["meta-tests: it took long"] * says
