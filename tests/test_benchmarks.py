"""What is counted and what is computed of it; what is kept, and gone on with; that measuring itself is right."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import baking, kit, run
from benchmarks.experiments import Experiment, Ground, Prepared
from benchmarks.figures import Cost, Goal, Variant, added, cpu, interleaved, ratios, slope, spread, values, wall
from benchmarks.measuring import Ended
from benchmarks.measuring import run as measured
from benchmarks.results import Result, load, save
from benchmarks.suites import NotCountedError, checked, counted
from tests.in_git import Repository


def ended(last: str, status: int = 0, before: str = "") -> Ended:
    return Ended(status, f"{before}\n{last}\n", 1.0, 2.0, 50.0)


def costs(*seconds: float) -> list[Cost]:
    return [Cost(each, 2 * each, 50.0) for each in seconds]


@pytest.mark.parametrize(
    ("session", "why"),
    [
        (ended("113 passed, 1 skipped in 2.1s"), "'skipped': 1"),
        (ended("113 passed in 2.1s"), "'passed': 113"),
        (ended("114 passed, 1 warning in 2.1s"), "'warning': 1"),
        (ended("114 passed in 2.1s", status=1), "exit status 1"),
        (ended("1 failed, 113 passed in 2.1s", status=1), "'failed': 1"),
        (ended("no tests ran in 0.1s"), "no counts"),
        (Ended(0, "", 1.0, 1.0, 1.0), "no counts"),
        (ended("114 passed in 2.1s"), "did not say ['top durations']"),
    ],
)
def test_a_session_that_went_wrong_is_not_counted(session: Ended, why: str) -> None:
    with pytest.raises(NotCountedError) as caught:
        checked("the variant", session, {"passed": 114}, ["top durations"])
    assert why in str(caught.value)
    assert "the variant: " in str(caught.value)


def test_a_session_that_went_right_is_counted() -> None:
    session = ended(
        "==== \x1b[32m114 passed\x1b[0m, 4 skipped in 1.0s ====".replace("\x1b[32m", ""), before="top durations"
    )
    assert counted(session.output) == {"passed": 114, "skipped": 4}
    assert checked("it", session, {"passed": 114, "skipped": 4}, ["top durations"]) is session
    assert Cost.of(session, replace(session, megabytes=70.0)) == Cost(2.0, 4.0, 70.0)


def test_variants_take_turns_and_the_order_is_reversed() -> None:
    done: list[str] = []

    def variant(name: str, *, warm: bool = False) -> Variant:
        def once() -> Cost:
            done.append(name)
            return Cost(len(done), 1.0, 1.0)

        return Variant(name, once, (lambda: done.append(f"warm {name}")) if warm else None)

    variants = [variant("a"), variant("b", warm=True), variant("c")]
    rounds = list(interleaved(variants, 3))
    assert done == [*("a", "warm b", "c"), *"abc", *"cba", *"abc"]
    assert [list(each) for each in rounds] == [["a", "b", "c"]] * 3
    assert rounds[1]["b"].cpu < rounds[1]["a"].cpu
    done.clear()
    assert len(list(interleaved(variants, 3, done=2))) == 1
    assert done == ["a", "warm b", "c", *"abc"]
    done.clear()
    assert list(interleaved(variants, 3, done=3)) == []
    assert done == []


def test_ratios_and_differences_are_taken_within_a_round() -> None:
    rounds = [
        {"base": base, "mine": mine} for base, mine in zip(costs(1.0, 2.0, 10.0), costs(1.5, 3.0, 11.0), strict=True)
    ]
    assert ratios(rounds, "mine", "base", cpu) == [1.5, 1.5, 1.1]
    assert added(rounds, "mine", "base", wall) == [1.0, 2.0, 2.0]
    assert spread(ratios(rounds, "mine", "base", cpu)).said(1) == "1.5 (1.1 to 1.5)"
    assert values(rounds, "base", wall) == [2.0, 4.0, 20.0]
    assert slope(more=1.2, of_one=0.2, tests=10_001) == pytest.approx(1e-4)
    assert spread([1.0, 9.0, 2.0, 1.0, 2.0]).median == 2.0


def test_the_kit_is_told_without_its_start_up() -> None:
    one = dict(zip((kit.PLAIN, kit.NOTHING, kit.FEW_PLAIN, kit.FEW), costs(1.0, 1.5, 0.5, 0.75), strict=True))
    assert kit.resetting([one], cpu) == [0.25]


@pytest.mark.parametrize(
    ("measured", "said"),
    [(1.02, "met"), (0.9, "met"), (1.0204, "**missed by 0.0004** (0%)"), (1.071, "**missed by 0.051** (5%)")],
)
def test_a_goal_is_judged_by_the_figure_as_it_is(measured: float, said: str) -> None:
    assert Goal("a ratio", 1.02, "", 3).judged(measured) == said


def test_a_goal_says_what_is_allowed_and_how_much_is_too_much() -> None:
    goal = Goal("memory", 500, " MB", 0)
    assert goal.allowed() == "500 MB"
    assert goal.judged(1556) == "**missed by 1,056 MB** (211%)"


def result(**more: Any) -> Result:
    given = {"experiment": "it", "wanted": 2, "settings": {"tests": 3}, "state": "s", "machine": {"processor": "one"}}
    return Result(**{**given, **more})


def test_results_come_back_from_their_file(tmp_path: Path) -> None:
    kept = result(rounds=[{"a": Cost(1.0, 2.0, 3.0)}], not_measured={"b": "no network"}, facts={"files": "3"})
    save(kept, tmp_path)
    assert load("it", tmp_path) == kept
    assert [path.name for path in tmp_path.iterdir()] == ["it.json"]
    assert not kept.complete
    assert result(rounds=[{}, {}]).complete
    assert not result(rounds=[{}, {}], not_measured={"b": "no network"}).complete


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"rounds": [{"a": {"cpu": 1}}]}', '{"rounds": [], "more": 1}'])
def test_what_is_no_result_is_not_used(tmp_path: Path, text: str) -> None:
    (tmp_path / "it.json").write_text(text, encoding="utf-8")
    assert load("it", tmp_path) is None
    assert load("another", tmp_path) is None


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "template_state", lambda: "s")
    monkeypatch.setattr(run, "machine", lambda: {"processor": "one", "date": "today"})


def experiment(prepare: Any = None, **more: Any) -> Experiment:
    given = {"name": "it", "rounds": 2, "settings": {"tests": 3}, "prepare": prepare}
    return Experiment(**{**given, **more})


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("kept", "used", "more"),
    [
        ({}, True, {}),
        ({"machine": {"processor": "one", "date": "yesterday"}}, True, {}),
        ({"not_measured": {"all": "a session was red"}}, True, {}),
        ({"not_measured": {"a peer": "no network"}}, False, {}),
        ({"state": "another"}, False, {}),
        ({"machine": {"processor": "another"}}, False, {}),
        ({}, False, {"settings": {"tests": 4}}),
        ({}, False, {"rounds": 3}),
    ],
)
def test_only_what_was_measured_of_the_same_is_gone_on_with(
    tmp_path: Path, kept: dict[str, Any], used: bool, more: dict[str, Any]
) -> None:
    save(result(rounds=[{"a": Cost(1.0, 1.0, 1.0)}], **kept), tmp_path)
    begun = run.begun(experiment(**more), tmp_path, resume=True)
    assert len(begun.rounds) == used
    assert begun.not_measured == {}
    assert run.begun(experiment(**more), tmp_path, resume=False).rounds == []


@pytest.mark.usefixtures("here")
def test_rounds_are_kept_when_one_goes_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left = [Cost(1.0, 1.0, 1.0)] * 2  # one to warm up, and one round

    def once() -> Cost:
        if not left:
            raise NotCountedError("a verdict was red")
        return left.pop()

    def prepare(ground: Ground) -> Prepared:
        assert ground.scratch.is_dir()
        return Prepared([Variant("a", once)], {"a peer": "no network"})

    def again() -> Result:
        it = experiment(prepare)
        return run.measured(it, run.begun(it, tmp_path, resume=True), tmp_path, {})

    first = again()
    assert first.not_measured == {"a peer": "no network", "all": "a verdict was red"}
    assert load("it", tmp_path) == first
    assert len(first.rounds) == 1
    assert "it: NOT MEASURED: all: a verdict was red" in capsys.readouterr().out
    left += [Cost(1.0, 1.0, 1.0)] * 3
    assert len(again().rounds) == 2


def test_a_template_that_cannot_be_cloned_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baking, "BUILD", tmp_path / "build")
    origin = Repository(tmp_path / "origin", tmp_path)
    origin.folder.mkdir()
    (origin.folder / "cookiecutter.json").write_text("{}", encoding="utf-8")
    origin.git("init", "--quiet")
    origin.git("add", "--all")
    origin.git("commit", "--quiet", "--message", "a template")
    peer = baking.Peer(str(tmp_path / "nowhere"), origin.git("rev-parse", "HEAD").strip(), "setup.py")
    with pytest.raises(NotCountedError, match=r"git clone: .*nowhere"):
        baking.cloned("a-template", peer, {})
    given = {"a-template": str(origin.folder)}
    assert (baking.cloned("a-template", peer, given) / "cookiecutter.json").exists()
    with pytest.raises(NotCountedError, match=r"git -C|git checkout|reference"):
        baking.cloned("a-template", replace(peer, commit="0" * 40), given)
    assert [path.name for path in (tmp_path / "build" / "templates").iterdir()] == [f"a-template-{peer.commit[:12]}"]


@pytest.mark.parametrize("given", ["unheard-of=/tmp", "cookiecutter-django", "cookiecutter-django="])
def test_a_peer_template_is_named_and_has_a_path(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run.parsed(["--peer-template", given])
    assert "NAME=PATH" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="there is no wait4")
def test_a_command_is_measured_with_what_it_starts_and_nothing_of_ours(tmp_path: Path) -> None:
    ours = bytearray(200_000_000)
    ours[::4096] = b"1" * len(ours[::4096])
    child = "x = b'1' * 60_000_000; sum(range(10_000_000)); print(__import__('os').environ['WHO'], 'was here')"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); sys.exit(3)"
    told = measured([sys.executable, "-c", code], tmp_path, {"WHO": "the child"})
    assert told.status == 3
    assert told.output == "the child was here\n"
    assert 60 < told.megabytes < 150
    assert told.cpu_seconds > 0.02  # the child's, which this process did not wait for itself
    with pytest.raises(RuntimeError, match="unheard-of could not be started"):
        measured(["unheard-of"], tmp_path)
