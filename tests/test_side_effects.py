"""What tests leave behind, or need of the world: seen in each kind of session; and nothing is touched by default."""

from __future__ import annotations

import asyncio
import os
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from meta_regime.extras import side_effects
from meta_regime.extras.side_effects.watching import Watch, changes
from meta_regime.policy import Hygiene, Policy
from meta_regime.record import SuiteRun
from meta_regime.verdict import Outcome, Standards, Verdict

from tests.in_ci import SPLIT
from tests.sample import NOTHING_LEFT, OF_FILES, copy_of, delete_extras, policy, session, write

if TYPE_CHECKING:
    from pathlib import Path

WATCH = '[hygiene]\nwatch = ["sleeps", "network", "environment", "folder"]\nsleep_seconds = 0.02\n'
# The first five do what is watched for, the others what is fine.
TESTS = """\
import asyncio
import os
import socket
import threading
import time
from time import sleep

import pytest


def test_sleeps():
    time.sleep(0.015)
    sleep(0.016)


def test_sleeps_async():
    async def several():
        await asyncio.gather(*(asyncio.sleep(0.04) for _ in range(5)))

    asyncio.run(several())


def test_connects():
    with socket.socket(type=socket.SOCK_DGRAM) as peer:
        peer.connect(("192.0.2.1", 9))


def test_sets_a_variable():
    os.environ["LEFT_BEHIND"] = "secret"


def test_goes_elsewhere(tmp_path):
    os.chdir(tmp_path)


def test_sleeps_a_little():
    time.sleep(0.01)


def test_is_patched(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setenv("PUT_BACK", "1")
    time.sleep(9)


def test_connects_to_this_machine():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        socket.getaddrinfo("localhost", 80)


def test_has_virtual_time(virtual_clock):
    began = time.monotonic()
    sleep(5)
    time.sleep(5)
    asyncio.run(asyncio.sleep(7))
    assert time.monotonic() - began >= 17


def test_has_a_thread():
    thread = threading.Thread(target=time.sleep, args=(0.05,))
    thread.start()
    thread.join()


def test_times_out():
    async def waits():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(9), 0.03)

    asyncio.run(waits())


@pytest.fixture(scope="module")
def wide():
    os.environ["OF_A_FIXTURE"] = "1"
    yield
    del os.environ["OF_A_FIXTURE"]


def test_has_a_wide_fixture(wide):
    pass
"""
FILE = "tests/unit/test_world.py"
SEEN = [
    f"{FILE}::test_sleeps: 0.03 s at {FILE}:12, {FILE}:13",
    f"{FILE}::test_sleeps_async: 0.04 s at {FILE}:20",
    f"{FILE}::test_connects: connects to 192.0.2.1:9 at {FILE}:25",
    f"{FILE}::test_sets_a_variable: LEFT_BEHIND is new",
]
LINE = "Tests leave something behind, or need the world: real-sleeps (2); network (1); environment (1); working-f"


@pytest.fixture(scope="module")
def worldly(pristine_whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample project with tests that do all this, all of it watched."""
    project = copy_of(pristine_whole, tmp_path_factory.mktemp("worldly") / "shop")
    delete_extras(project, *OF_FILES, "slowdown", "wiring")
    policy(project, f"[coverage]\nminimum = 70\n{WATCH}")
    write(project, {FILE: TESTS})
    return project


def seen(message: str) -> list[str]:
    return [line.strip() for line in message.splitlines() if line.startswith(f"    {FILE}")]


@pytest.mark.parametrize("typed", [["--cov=src/shop"], ["-n", "2"], ["tests/meta"]], ids=" ".join)
def test_each_is_seen(worldly: Path, typed: list[str]) -> None:
    said = session(worldly, *typed, "-p", "no:cacheprovider")
    assert (said.status, said.outcomes[NOTHING_LEFT]) == (1, "failed"), said.text
    assert said.messages[NOTHING_LEFT].startswith(LINE)
    assert set(said.suite.values()) <= {"passed"}
    found = seen(said.text)
    moved = [line for line in found if "::test_goes_elsewhere: in " in line and line.endswith(f"began in {worldly}")]
    assert len(moved) == 1, said.text
    assert sorted(found) == sorted([*SEEN, *moved]), said.text
    assert "secret" not in said.text
    assert "Take the fixture `virtual_clock`: the code sleeps as before" in said.text


def test_each_is_seen_in_shards(worldly: Path) -> None:
    split = {"PYTHONPATH": str(SPLIT)}
    for group in ("1", "2"):
        typed = ["--cov=src/shop", "--splits=2", f"--group={group}", f"--meta-record=shards/{group}.jsonl"]
        said = session(worldly, *typed, env=split)
        assert said.status == 0, said.text
    said = session(worldly, "tests/meta", "--meta-records", "shards", "-k", "leave")
    assert (said.status, len(seen(said.text))) == (1, 5), said.text
    excused = '[hygiene.excused]\nreal-sleeps = "a"\nnetwork = "b"\nenvironment = "c"\nworking-folder = "until June"\n'
    policy(worldly, f"[coverage]\nminimum = 70\n{WATCH}{excused}")
    said = session(worldly, "tests/meta", "--meta-records", "shards", "-k", "leave")
    policy(worldly, f"[coverage]\nminimum = 70\n{WATCH}")
    assert said.status == 0, said.text


def test_a_broken_policy_is_reported_by_the_verdicts(worldly: Path, tmp_path: Path) -> None:
    project = copy_of(worldly, tmp_path / "shop")
    policy(project, "[hygiene\n")
    said = session(project)
    assert (said.status, said.outcomes[NOTHING_LEFT]) == (1, "failed")
    assert set(said.suite.values()) <= {"passed"}
    assert "Nothing was judged. tests/meta/policy.toml is not valid TOML" in said.text


def decide(run: SuiteRun, standards: Standards) -> Verdict:
    config: Any = SimpleNamespace(pluginmanager=pytest.PytestPluginManager())
    return side_effects.tests_leave_nothing_behind(config, run, standards)


def standards(*watch: str) -> Standards:
    return Standards(Policy(hygiene=Hygiene(watch=watch, sleep_seconds=0.1)))


def test_what_is_not_watched_is_not_judged() -> None:
    verdict = decide(SuiteRun(), standards())
    assert (verdict.outcome, verdict.line) == (Outcome.PASSED, "Nothing is watched ([hygiene] watch = []).")
    verdict = decide(SuiteRun(figures={"gathered": {"network": []}}), standards("network"))
    assert (verdict.outcome, verdict.line) == (
        Outcome.PASSED,
        "Of what is watched (network) nothing was seen in tests.",
    )
    figures: dict[str, Any]
    for figures in ({}, {"gathered": {"network": [], "sleeps over 0.2 s": []}}):
        verdict = decide(SuiteRun(figures=figures), standards("network", "sleeps"))
        assert verdict.outcome is Outcome.NOT_JUDGED
        assert verdict.line.endswith("not watched, or not for the same; type: pytest tests/meta --meta-fresh")


def test_unknown_words_are_named() -> None:
    verdict = decide(SuiteRun(), standards("sleep", "network", "disk"))
    assert verdict.outcome is Outcome.FAILED
    assert verdict.line == (
        'tests/meta/policy.toml: [hygiene] watch has "sleep", "disk"; '
        'known are: "sleeps", "network", "environment", "folder".'
    )


def test_variables_are_named_without_what_is_in_them() -> None:
    before, after = {"A": "1", "B": "1", "C": "1", "D": "1"}, {"A": "1", "B": "2", "D": "2", "E": "1", "PYTEST_X": "1"}
    assert changes(before, after, {"D"}) == ["B is another one", "C is gone", "E is new"]


def test_it_puts_back_what_was_there(tmp_path: Path) -> None:
    from meta_regime.fixtures.clock.sleeping import Real

    before = time.sleep, asyncio.BaseEventLoop.call_later, Real.stand_in
    watch = Watch(frozenset({"sleeps"}), 0.1, tmp_path, lambda *_: None)
    watch.start()
    assert asyncio.BaseEventLoop.call_later is not before[1]
    watch.stop()
    assert (time.sleep, asyncio.BaseEventLoop.call_later, Real.stand_in) == before


def test_hosts_of_this_machine(tmp_path: Path) -> None:
    watch = Watch(frozenset(), 0.1, tmp_path, lambda *_: None)
    here = ("127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "", "localhost", "db.localhost")
    assert [host for host in here if not watch.is_here(host)] == []
    assert [host for host in ("10.0.0.1", "192.0.2.1", "fe80::1%eth0", "example.com") if watch.is_here(host)] == []


def test_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found: list[tuple[str, ...]] = []
    watch = Watch(frozenset({"folder"}), 0.1, tmp_path, lambda *each: found.append(each))
    gone = tmp_path / "gone"
    gone.mkdir()
    with watch.of_test("test"):
        os.chdir(gone)
        gone.rmdir()
    assert found == [("folder", "test", f"in a folder that is gone, where it began in {tmp_path}")]
