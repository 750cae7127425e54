"""What the parts of a session are, and what the budget judges, by clocks that a test turns."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from meta_regime.extras import time_split
from meta_regime.extras.time_split import Process, Watch, owned_seconds
from meta_regime.record import FixtureTiming
from meta_regime.stopwatch import Clocks
from meta_regime.taken import Taken

START, COLLECTION, END = "start-up and imports", "collection", "the end: coverage is saved and reported"
XDIST, BARRIER = "xdist's start, until its workers collect", "xdist's barrier: waiting for the last worker"


class Session:
    """A session that began 2 seconds before the regime was loaded, of which it queued 0.5. `at` is what clocks show."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = {"wall": 100.0, "cpu": 1.0, "process": 3.0, "children": 0.5, "queued": 0.25}
        for name in self.at:
            monkeypatch.setattr(Clocks, name, staticmethod(lambda name=name: self.at[name]))
        monkeypatch.setattr(time_split, "_since_the_start", lambda: (2.0, 0.5))
        monkeypatch.setattr(time_split, "usable_cores", lambda: 2)
        self.recorder = SimpleNamespace(read=[], taken=dict)
        self.plugins: dict[str, Any] = {"meta-tests": self}
        self.config: Any = SimpleNamespace(pluginmanager=SimpleNamespace(getplugin=self.plugins.get))
        self.watch = Watch(self.config)  # type: ignore[arg-type]

    def goes_on(self, **more: float) -> None:
        for name, seconds in more.items():
            self.at[name] += seconds

    def run(self, part: str, *, saving: float = 0.0, **more: float) -> object:
        """Let a part of the session take so much; pytest-cov then saves its data."""

        class Coverage:
            @pytest.hookimpl(wrapper=True)
            def pytest_runtestloop(_) -> Any:  # noqa: N805 - self is the session
                result = yield
                self.goes_on(wall=saving)
                return result

        def takes() -> str:
            self.goes_on(**more)
            return "its result"

        plugins = pytest.PytestPluginManager()
        plugins.register(Coverage())
        plugins.register(SimpleNamespace(**{part: getattr(self.watch, part)}))
        plugins.register(SimpleNamespace(**{part: takes}))
        session = SimpleNamespace()
        return getattr(plugins.hook, part)(session=session)

    def told(self) -> dict[str, Any]:
        return self.watch.pytest_meta_tests_doubts(SimpleNamespace())  # type: ignore[arg-type]


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    return Session(monkeypatch)


class TestOneProcess:
    def test_its_parts_and_what_it_owns(self, session: Session) -> None:
        assert session.run("pytest_collection", wall=3.0) == "its result"
        assert session.run("pytest_runtestloop", saving=0.5, wall=7.0, queued=1.0) == "its result"
        told = session.told()
        assert told["figures"]["parts"] == {START: 2.0, COLLECTION: 3.0, END: 0.5}
        assert (told["seconds"], told["queued"]) == (12.5, 0.5 + 0.25 + 1.0)

    def test_what_its_children_have_queued_it_has_waited_for(self, session: Session) -> None:
        session.plugins["meta-tests-accounts"] = SimpleNamespace(queued_elsewhere=1.5)
        session.goes_on(wall=8.0)
        assert session.told()["queued"] == 0.75 + 1.5

    def test_it_has_queued_no_more_than_all_and_no_less_than_nothing(self, session: Session) -> None:
        session.goes_on(queued=60.0, wall=1.0)
        assert session.told()["queued"] == 3.0
        session.goes_on(queued=-61.0)
        assert session.told()["queued"] == 0.0


def worker(session: Session) -> Process:
    """Give what a worker of xdist hands over."""
    session.config.workeroutput = {}
    session.watch.pytest_sessionfinish()
    return Process(*session.config.workeroutput["meta_tests_time"])


class TestAWorker:
    def test_owns_its_cpu_time_and_that_in_which_its_tests_were_blocked(self, session: Session) -> None:
        rows = {
            "asleep": Taken(0.0, 5.0, 1.0, 0.5, (1.0, 0.0, 0.5)),  # 2 seconds
            "busy": Taken(0.0, 1.0, 0.5, 1.0),  # nothing: what it has queued is rounded
        }
        session.recorder.taken = lambda: rows
        session.recorder.read = ["busy", 0.0, b"", 100.0, 0.0, b"", 108.0, None]
        fixtures = [
            FixtureTiming("db", "session", "", 2.0, 1.0, 0.5, 1.0),
            FixtureTiming("x", "module", "", 0, 0, 0, 1),
        ]
        session.plugins["meta-tests-wide"] = SimpleNamespace(fixtures=fixtures)
        session.run("pytest_runtestloop", wall=10.0, cpu=3.0, process=4.0)
        session.goes_on(wall=1.0)
        assert worker(session) == Process(2.0, 0.0, 2.0, 13.0, 0.75, 7.0 + 0.5, 4.0 + 2.0 + 1.5)

    def test_without_a_test_was_never_idle(self, session: Session) -> None:
        session.run("pytest_runtestloop", wall=10.0)
        assert worker(session) == Process(2.0, 0.0, 0.0, 12.0, 0.75, 3.5, 1.0)

    def test_that_has_not_come_to_an_end_neither(self, session: Session) -> None:
        session.recorder.read = ["a", 0.0, b"", 100.0, 0.0, b"", 108.0, None]
        assert worker(session).idle == 0.0

    def test_a_session_that_is_none_hands_nothing_over(self, session: Session) -> None:
        session.watch.pytest_sessionfinish()
        assert not hasattr(session.config, "workeroutput")


class TestAController:
    def down(self, session: Session, *process: float) -> None:
        session.watch.pytest_testnodedown(SimpleNamespace(workeroutput={"meta_tests_time": [*process]}))

    def test_hears_its_workers_and_waits_for_the_last(self, session: Session) -> None:
        session.goes_on(wall=1.0)
        session.watch.pytest_xdist_node_collection_finished()
        session.goes_on(wall=3.0, cpu=0.5)
        session.watch.pytest_xdist_node_collection_finished()  # after 4 seconds; CPU 1.5
        session.goes_on(wall=4.0, cpu=8.0)
        self.down(session, 0.5, 1.0, 0.25, 8.0, 0.0, 3.0, 5.0)
        session.goes_on(wall=2.0)
        session.watch.pytest_testnodedown(SimpleNamespace())  # one that has crashed
        self.down(session, 0.5, 1.5, 0.75, 8.0, 0.0, 3.0, 4.0)
        session.run("pytest_runtestloop", wall=1.0, cpu=0.5, process=1.0)
        told = session.told()
        parts = told["figures"]["parts"]
        assert parts == {
            START: 2.0,
            COLLECTION: 1.5,
            XDIST: 4.0 - 1.5,
            BARRIER: ((2.0 + 0.25) + 0.75) / 2,
            END: 0.0,
        }
        assert told["seconds"] == 13.0
        assert told["seconds"] - told["queued"] == (1.5 + 0.5) + 5.0  # the controller's CPU, and the busiest worker

    def test_computes_no_less_than_all_of_them_on_all_cores(self, session: Session) -> None:
        session.goes_on(wall=60.0)
        for _ in range(3):
            self.down(session, 0.0, 1.0, 0.0, 30.0, 0.0, 15.0, 15.0)
        told = session.told()
        assert told["seconds"] - told["queued"] == (3.0 + 3 * 15.0) / 2  # its children's CPU time is theirs

    def test_of_which_none_has_collected_is_a_controller_all_the_same(self, session: Session) -> None:
        session.goes_on(wall=60.0)
        self.down(session, 0.0, 1.0, 0.0, 30.0, 0.0, 1.0, 15.0)
        told = session.told()
        assert told["seconds"] - told["queued"] == 15.0

    def test_has_no_start_of_less_than_nothing(self, session: Session) -> None:
        session.watch.pytest_xdist_node_collection_finished()
        self.down(session, 0.0, 1.5, 0.0, 3.0, 0.0, 1.0, 1.0)
        assert session.told()["figures"]["parts"][XDIST] == 0.0


def test_what_queued_longer_than_it_took_has_taken_nothing() -> None:
    assert owned_seconds(Process(0.5, 0.0, 0.0, 1.0, 1.5, 0.0, 0.0), [], 1) == 0.0


STAT = "7 (a) b (c) S " + " ".join(["0"] * 18) + " {ticks} " + "0 0"


class TestSinceTheStart:
    """The kernel tells when the process began, in ticks since the machine did, and what its main thread has queued."""

    @pytest.fixture(autouse=True)
    def files(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
        files = {"/proc/self/stat": STAT.format(ticks=1000), "/proc/thread-self/schedstat": "5 750000000 9\n"}

        def text(path: Path) -> str:
            try:
                return files[path.as_posix()]
            except KeyError:
                raise FileNotFoundError(path) from None

        monkeypatch.setattr(Path, "read_text", text)
        monkeypatch.setattr(os, "sysconf", {"SC_CLK_TCK": 100}.__getitem__, raising=False)
        monkeypatch.setattr(time_split, "time", SimpleNamespace(CLOCK_BOOTTIME=7, clock_gettime={7: 12.5}.__getitem__))
        monkeypatch.setattr(Clocks, "queued", staticmethod(lambda: 0.25))
        return files

    def test_it_is_read(self) -> None:
        assert time_split._since_the_start() == (2.5, 0.5)

    def test_nothing_is_queued_by_less_than_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Clocks, "queued", staticmethod(lambda: 3.0))
        assert time_split._since_the_start() == (2.5, 0.0)

    @pytest.mark.parametrize(
        ("ticks", "seconds"), [(1250, 0.0), (1251, 0.0), (-58749, 599.99), (-58750, 0.0), (-58751, 0.0)]
    )
    def test_what_cannot_be_is_not_believed(self, ticks: int, seconds: float, files: dict[str, str]) -> None:
        files["/proc/self/stat"] = STAT.format(ticks=ticks)
        queued = 0.5 if seconds or ticks == 1250 else 0.0
        assert [*time_split._since_the_start()] == pytest.approx([seconds, queued])

    @pytest.mark.parametrize("text", ["", "7 (a) S 0", STAT.format(ticks="x"), None])
    @pytest.mark.parametrize("name", ["/proc/self/stat", "/proc/thread-self/schedstat"])
    def test_where_it_does_not_tell_nothing_is_known(self, name: str, text: str | None, files: dict[str, str]) -> None:
        if text is None:
            del files[name]
        else:
            files[name] = text
        assert time_split._since_the_start() == (0.0, 0.0)

    def test_nor_where_there_is_no_such_clock(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(time_split, "time", SimpleNamespace())
        assert time_split._since_the_start() == (0.0, 0.0)
