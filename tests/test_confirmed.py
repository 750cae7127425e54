"""What is made of a suspect when it has run again, alone: decided on data, and on answers that are written here."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from meta_regime.extras import confirm
from meta_regime.extras.confirm import again, judging
from meta_regime.extras.confirm.again import Alone, Watch
from meta_regime.extras.confirm.causes import Cause
from meta_regime.extras.confirm.judging import Again
from meta_regime.policy import Policy, SlowTests
from meta_regime.record import Account, FixtureTiming, SuiteRun, TestTiming
from meta_regime.stopwatch import Clocks
from meta_regime.time_verdicts import Row, name_of
from meta_regime.verdict import Outcome, Standards, Verdict

LIMITS = SlowTests(limit_seconds=1.0, tolerance_percent=0, confirm_at_most=2, confirm_seconds=60)


def standards(**limits: Any) -> Standards:
    return Standards(Policy(slow_tests=LIMITS._replace(**limits)))


def took(name: str, seconds: float, cpu: float = 0.0, outcome: str = "passed", queued: float = 0.0) -> TestTiming:
    return TestTiming(f"tests/test_a.py::{name}", 0.0, seconds, 0.0, queued, outcome, cpu)


def cause(kind: str, seconds: float) -> Cause:
    return Cause(kind, seconds, "src/a.py:1", "time.sleep", "call", "")


@pytest.fixture
def config() -> Any:
    """What of pytest's configuration this needs: plugins, of which none is there, and what they keep."""
    plugins = SimpleNamespace(getplugin=lambda _: None)
    return SimpleNamespace(stash=pytest.Stash(), pluginmanager=plugins)


class TestTheVerdict:
    def judge(self, config: Any, monkeypatch: pytest.MonkeyPatch, tests: list[Row], alone: list[Alone]) -> Verdict:
        """Judge tests that came to this when they ran again, the slowest first."""
        answers = iter(alone)
        monkeypatch.setattr("meta_regime.extras.confirm.child.is_child", lambda: False)
        monkeypatch.setattr(Again, "confirm", lambda *_: next(answers))
        own = tuple(row for row in tests if isinstance(row, TestTiming))
        self.run = SuiteRun(tests=own, fixtures=tuple(row for row in tests if isinstance(row, FixtureTiming)))
        return confirm.no_new_slow_tests(config, self.run, standards())

    def test_what_is_slow_again_is_accused_and_what_is_not_is_told(
        self, config: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        a, b, c, d = took("a", 3.0), took("b", 2.0), took("c", 1.5), took("d", 1.25)
        said = self.judge(config, monkeypatch, [a, b, c, d], [Alone(took("a", 2.5)), Alone(took("b", 0.5))])
        assert (said.outcome, said.line) == (Outcome.FAILED, "1 test is slower than 1 s.")
        assert "tests/test_a.py::a took 3.00 s, alone 2.50 s." in said.details
        assert "Not accused: tests/test_a.py::b took 2.00 s, alone 0.50 s." in said.details
        assert "it was not run again, as the 2 slowest were ([slow_tests] confirm_at_most)" in said.details
        assert [name_of(row) for row, _ in confirm.found(config)] == [name_of(row) for row in (a, b, c, d)]
        assert [row for row, _ in confirm.accused(config, self.run, standards())] == [a]

    def test_what_is_fast_alone_passes(self, config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        db = FixtureTiming("db", "session", "tests", 2.0, 0.5, 0.0)
        alone = [Alone(took("a", 0.5)), Alone(db._replace(setup=0.25, teardown=0.0))]
        said = self.judge(config, monkeypatch, [took("a", 3.0), db, took("z", 0.75)], alone)
        assert said == Verdict(
            Outcome.PASSED,
            "No test is slower than 1 s, the slowest takes 0.75 s. Run again alone: "
            "tests/test_a.py::a took 3.00 s, alone 0.50 s; tests::db [session fixture] took 2.50 s, alone 0.25 s.",
        )
        assert confirm.accused(config, self.run, standards()) == []

    def test_of_what_nobody_can_tell_nothing_is_judged(self, config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        could_not = "took too long in the suite, and could not be confirmed alone."
        said = self.judge(config, monkeypatch, [took("a", 3.0)], [Alone(why="it hid")])
        assert (said.outcome, said.line) == (Outcome.NOT_JUDGED, f"not judged: tests/test_a.py::a {could_not}")
        assert "it hid" in said.details
        said = self.judge(config, monkeypatch, [took("a", 3.0), took("b", 2.0)], [Alone(why="it hid")] * 2)
        assert said.line == f"not judged: 2 tests or fixtures {could_not}"
        said = self.judge(config, monkeypatch, [took("a", 3.0), took("b", 2.0)], [Alone(why="-"), Alone(took("b", 9))])
        assert said.outcome is Outcome.FAILED

    @pytest.mark.parametrize(
        ("limits", "child", "seconds"),
        [({"confirm_at_most": 0}, False, 3), ({"confirm_seconds": 0}, False, 3), ({}, True, 3), ({}, False, 0.5)],
        ids=["no suspect", "no seconds", "in a child", "nothing slow"],
    )
    def test_nothing_runs_again_where_that_is_not_wanted(
        self, limits: dict[str, Any], child: bool, seconds: float, config: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("meta_regime.extras.confirm.child.is_child", lambda: child)
        monkeypatch.setattr(judging, "run_again", None)
        said = confirm.no_new_slow_tests(config, SuiteRun(tests=(took("a", seconds),)), standards(**limits))
        assert said.outcome is (Outcome.FAILED if seconds > 1 else Outcome.PASSED)
        assert confirm.found(config) == []


class TestWatchedOrNot:
    """Watching makes calls slow: what computes runs unwatched first, what waits is watched at once."""

    limit = 1.0

    def confirm(
        self, config: Any, monkeypatch: pytest.MonkeyPatch, suspect: Row, *answers: Alone
    ) -> tuple[Alone, list[bool]]:
        watched: list[bool] = []

        def run(*_: object, seconds: float, profile: bool) -> Alone:
            assert 0 < seconds <= 60
            watched.append(profile)
            return answers[len(watched) - 1]

        monkeypatch.setattr(judging, "run_again", run)
        return Again(config, SuiteRun(), standards(limit_seconds=self.limit)).confirm(suspect), watched

    def test_what_waits_and_surely_is_slow_or_fast(self, config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        for alone in (Alone(took("a", 3.0, 0.25), profiled=True), Alone(took("a", 0.9, 0.85), profiled=True)):
            assert self.confirm(config, monkeypatch, took("a", 3.0, 0.29), alone) == (alone, [True])

    def test_what_computes_after_all_runs_once_more(self, config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        watched = Alone(took("a", 3.0, 2.5), profiled=True, causes=(cause("slept", 3.0),))
        fast = Alone(took("a", 0.5))
        told, ways = self.confirm(config, monkeypatch, took("a", 3.0, 0.2), watched, fast)
        assert (told.row, told.causes, ways) == (fast.row, watched.causes, [True, False])
        failed = Alone(why="alone it failed, in the suite it passed", profiled=True)
        assert self.confirm(config, monkeypatch, took("a", 3.0, 0.2), failed, fast)[1] == [True, False]
        self.limit = 0.75
        assert self.confirm(config, monkeypatch, took("a", 3.0, 0.2), watched, fast)[1] == [True, False]
        unwatched = failed._replace(profiled=False)
        assert self.confirm(config, monkeypatch, took("a", 3.0, 0.2), unwatched) == (unwatched, [True])

    def test_what_computes_is_watched_if_it_is_slow_again(self, config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        slow, watched = Alone(took("a", 2.0, 2.0)), Alone(took("a", 9.0, 9.0), causes=(cause("computed", 9.0),))
        told, ways = self.confirm(config, monkeypatch, took("a", 3.0, 0.3), slow, watched)
        assert (told.row, told.causes, ways) == (slow.row, watched.causes, [False, True])
        for alone in (Alone(took("a", 0.5, 0.5)), Alone(why="it hid")):
            assert self.confirm(config, monkeypatch, took("a", 3.0, 3.0), alone) == (alone, [False])

    def test_what_was_stopped_before_it_was_slow_is_unknown(self, config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        stopped = Alone(took("a", 0.5), running=True)
        told, _ = self.confirm(config, monkeypatch, took("a", 3.0, 3.0), stopped)
        up = "time was up ([slow_tests] confirm_seconds = 60)"
        assert told == Alone(why=f"alone it had not ended after 0.50 s, when the {up}")
        slow = Alone(took("a", 5.0), running=True)
        assert self.confirm(config, monkeypatch, took("a", 9.0, 0.0), slow)[0] == slow

    def test_when_time_is_up_nothing_runs(self, config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = [100.0]
        monkeypatch.setattr("meta_regime.extras.confirm.judging.time.monotonic", lambda: clock[-1])
        confirmed, fast = Again(config, SuiteRun(), standards()), Alone(took("a", 0.1))
        monkeypatch.setattr(judging, "run_again", lambda *_, seconds, profile: fast if seconds == 0.5 else profile)
        why = "it was not run again, as the time was up ([slow_tests] confirm_seconds = 60)"
        for now, alone in ((160.0, Alone(why=why)), (161.0, Alone(why=why)), (159.5, fast)):
            clock.append(now)
            assert confirmed.confirm(took("a", 3.0)) == alone


class TestAnswers:
    def outcome(
        self, folder: Path, suspect: Row, done: SuiteRun, told: dict[str, Any] | None = None, **more: Any
    ) -> Alone:
        """Give what is made of a run of the child, and of its answer."""
        path = folder / "answer.json"
        if told is not None:
            path.write_text(json.dumps(told))
        watch = Watch(path)
        watch._queued = more.get("queued", [])
        return again._outcome(suspect, done, watch, timed_out=more.get("timed_out", False))

    def test_of_several_rows_the_slowest_and_its_account(self, tmp_path: Path) -> None:
        rows = took("a", 2.0, 0.5), took("b", 9.0), took("a", 1.5)
        done = SuiteRun(tests=rows, accounts={rows[0].nodeid: Account(0.25, 0.125)})
        told = {"profiled": True, "trouble": "", "breaker": "pybreaker", "causes": [[*cause("slept", 1.0)]]}
        alone = self.outcome(tmp_path, took("a", 3.0), done, told)
        assert (alone.row, alone.children, alone.threads) == (rows[0], 0.25, 0.125)
        assert (alone.profiled, alone.breaker, alone.causes) == (True, "pybreaker", (cause("slept", 1.0),))

    def test_a_fixture_is_found_by_its_label(self, tmp_path: Path) -> None:
        db = FixtureTiming("db", "session", "tests", 2.0, 0.5, 0.0)
        alone = self.outcome(tmp_path, db, SuiteRun(tests=(took("a", 9.0),), fixtures=(db,)))
        assert (alone.row, alone.children, alone.threads) == (db, 0.0, 0.0)

    def test_what_ended_otherwise_than_in_the_suite_says_nothing(self, tmp_path: Path) -> None:
        alone = self.outcome(tmp_path, took("a", 3.0), SuiteRun(tests=(took("a", 3.0, outcome="failed"),)))
        assert alone == Alone(why="alone it failed, in the suite it passed")
        alone = self.outcome(tmp_path, took("a", 3.0, outcome="failed"), SuiteRun(tests=(took("a", 3.0),)))
        assert alone == Alone(why="alone it passed, in the suite it failed")

    @pytest.mark.parametrize(
        ("told", "timed_out", "why"),
        [
            ({"found": 0}, True, "pytest did not find it when it was to be run alone: is its id another one in every"),
            ({"found": 1}, True, "it had not begun when the time to run it alone was up"),
            ({"found": 1}, False, "it could not be run alone. It was not set up."),
            (None, False, "it could not be run alone. It was not set up."),
        ],
    )
    def test_what_did_not_run_says_why(
        self, told: dict[str, Any] | None, timed_out: bool, why: str, tmp_path: Path
    ) -> None:
        alone = self.outcome(tmp_path, took("a", 3.0), SuiteRun(), told, timed_out=timed_out)
        assert alone.row is None
        assert alone.why.startswith(why)
        broken = self.outcome(tmp_path, took("a", 3.0), SuiteRun(broken="It was killed."), {"found": 1})
        assert broken.why == "it could not be run alone. It was killed."

    @pytest.mark.parametrize("suspect", [took("a", 3.0), FixtureTiming("db", "session", "tests", 2.0, 1.0, 0.0)])
    def test_what_had_not_ended_took_what_it_has_taken(
        self, suspect: Row, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Clocks, "wall", staticmethod(lambda: 120.0))
        told = {
            "stretches": [[100.0, 101.0], [110.0, 0.0]],
            "causes": [[*cause("computed", 2.0)], [*cause("slept", 4.0)]],
        }
        alone = self.outcome(tmp_path, suspect, SuiteRun(), told, timed_out=True, queued=[(111.0, 114.0)])
        assert alone.running
        assert alone.row is not None
        assert (alone.row.setup, alone.row.teardown, alone.row.queued, alone.row.cpu) == (11.0, 0.0, 3.0, 2.0)
        assert alone.row.owned == 8.0
        assert self.outcome(tmp_path, suspect, SuiteRun(), told).running is False
        assert self.outcome(tmp_path, suspect, SuiteRun(), {"stretches": []}, timed_out=True).running is False

    def test_what_others_have_queued_meanwhile_is_taken_off(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(again, "usable_cores", lambda: 2)

        def owned(row: TestTiming, queued: float, *causes: Cause, account: Account | None = None) -> float:
            told = {"stretches": [[0.0, 100.0]], "causes": [[*each] for each in causes]}
            accounts = {row.nodeid: account} if account else {}
            done = SuiteRun(tests=(row,), accounts=accounts)
            alone = self.outcome(tmp_path, took("a", 9.0), done, told, queued=[(1.0, 1.0 + queued)])
            assert alone.row is not None
            return alone.row.owned

        assert owned(took("a", 8.0, 1.0), 3.0) == 5.0
        assert owned(took("a", 8.0, 1.0), 7.5) == 1.0  # it has computed
        assert owned(took("a", 8.0, 1.0), 7.5, cause("slept", 2.0), cause("retried", 1.0), cause("locks", 4.0)) == 4.0
        assert owned(took("a", 8.0, 1.0), 7.5, account=Account(6.0, 2.0)) == 4.5  # of 9 seconds on 2 cores
        assert owned(took("a", 8.0, 1.0, queued=2.0), 1.0) == 5.0
        assert owned(took("a", 1.0, 1.0), 3.0) == 1.0
        assert owned(took("a", 8.0, 1.0), 3.0, cause("slept", 7.5)) == 8.0


def test_an_explanation_keeps_the_time_of_the_other() -> None:
    time_of = Alone(took("a", 3.0), children=1.0, causes=(cause("slept", 1.0),))
    of_another = Alone(why="it hid", causes=(cause("computed", 2.0),), breaker="pybreaker")
    told = of_another.explains(time_of)
    assert (told.row, told.children, told.causes, told.breaker) == (time_of.row, 1.0, of_another.causes, "pybreaker")
    assert told.trouble == "it hid"
    assert Alone(trouble="not installed").explains(time_of).trouble == "not installed"
