"""What a test's time was made of: CPU, queue, blocked, by phase; children; threads; whatever it does to clocks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from meta_regime.extras.helped import Accounts
from meta_regime.recorder import Recorder
from meta_regime.stopwatch import Clocks, queue_clock, queued_between

from tests.reports import report
from tests.sample import LOADER, SLOW, Said, policy, session, write

# Writes down the run that was judged.
TELLS = """
import json
import pytest


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    judged = config.pluginmanager.getplugin("meta-tests")
    if getattr(judged, "run", None) is not None:
        facts = {name: getattr(judged.run, name) for name in
                 ("tests", "fixtures", "accounts", "seconds", "queued", "figures", "owned")}
        (config.rootpath / "run.json").write_text(json.dumps(facts))
"""
BURN = """

def burn(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
"""
MODES = {"plain": [], "-n 2": ["-n", "2"]}


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> list[str]:
    return MODES[request.param]


def judged(project: Path, test: str, *args: str, conftest: str = LOADER) -> dict[str, Any]:
    """Run the project with one more test file; give the facts of its run."""
    write(project, {"tests/conftest.py": conftest + TELLS, "tests/unit/test_time.py": test})
    said = session(project, *args)
    assert (project / "run.json").exists(), said.text
    return facts(project, said)


def facts(project: Path, said: Said) -> dict[str, Any]:
    found = json.loads((project / "run.json").read_text())
    return {**found, "text": said.text, "verdicts": said.verdicts, "tests": {row[0]: row[1:] for row in found["tests"]}}


class TestAccount:
    def test_phases_are_told_apart(self, project: Path, mode: list[str]) -> None:
        body = (
            "import time, pytest\n" + BURN + "\n\n@pytest.fixture\ndef thing():\n    burn(0.2)\n    yield\n"
            "    time.sleep(0.15)\n\n\ndef test_it(thing):\n    time.sleep(0.1)\n    burn(0.12)\n"
        )
        run = judged(project, body, *mode)
        children, threads = run["accounts"]["tests/unit/test_time.py::test_it"]
        setup, call, teardown, queued, _, whole = run["tests"]["tests/unit/test_time.py::test_it"]
        assert setup >= 0.2
        assert call >= 0.22
        assert teardown >= 0.15
        assert 0.3 < whole < 0.4
        blocked = setup + call + teardown - queued - whole
        assert 0.24 < blocked < 0.6  # what it slept
        assert max(children, threads) < 0.05

    def test_children_and_threads_have_figures_of_their_own(self, project: Path) -> None:
        body = (
            "import subprocess, sys, threading, time\n" + BURN + "\n\ndef test_child():\n"
            "    burning = 'import time\\nwhile time.process_time() < 0.4: pass'\n"
            "    subprocess.run([sys.executable, '-c', burning])\n\n\n"
            "def test_thread():\n    thread = threading.Thread(target=burn, args=(0.3,))\n"
            "    thread.start()\n    thread.join()\n"
        )
        accounts = judged(project, body)["accounts"]
        children, threads = accounts["tests/unit/test_time.py::test_child"]
        assert children >= 0.4
        assert threads < 0.1
        children, threads = accounts["tests/unit/test_time.py::test_thread"]
        assert 0.28 < threads < 0.4
        assert children < 0.1

    def test_fast_tests_have_none(self, project: Path) -> None:
        assert judged(project, "def test_it(): ...\n")["accounts"] == {}

    def test_a_fast_one_for_which_a_child_computed_has_one(self, project: Path) -> None:
        child = 'subprocess.run([sys.executable, "-I", "-S", "-c", ""])'
        accounts = judged(project, f"import subprocess, sys\n\n\ndef test_it():\n    {child}\n")["accounts"]
        assert accounts["tests/unit/test_time.py::test_it"][0] > 0.001  # it takes 0.01 s

    def test_a_wide_fixture_has_its_cpu_and_its_first_user(self, project: Path, mode: list[str]) -> None:
        body = (
            "import time, pytest\n" + BURN + "\n\n@pytest.fixture(scope='module')\ndef db():\n    burn(0.2)\n"
            "    yield\n    burn(0.1)\n\n\ndef test_a(db): ...\ndef test_b(db): ...\n"
        )
        run = judged(project, body, *mode, "--dist=loadfile") if mode else judged(project, body)
        (row,) = (row for row in run["fixtures"] if row[0] == "db")
        assert 0.29 < row[6] < 0.4
        assert row[7] == "tests/unit/test_time.py::test_a"
        assert not [name for name in run["accounts"] if "test_time" in name]  # it is not billed to its users


class TestClocksOutOfReach:
    @pytest.mark.parametrize(
        "tampering",
        [
            "time.perf_counter = time.thread_time = time.process_time = lambda: -1e9",
            "time.perf_counter = time.thread_time = time.monotonic = lambda: time.time() * 1e6",
            "freezegun.freeze_time('2001-01-01').start()",
            "freezegun.freeze_time('2101-01-01', tick=True).start()",
            "os.pread = lambda *_: b'0 99999999999 9'",
        ],
    )
    def test_what_a_test_leaves_behind_changes_no_figures(self, project: Path, mode: list[str], tampering: str) -> None:
        policy(project, "[slow_tests]\nlimit_seconds = 0.3\n")
        body = (
            f"import freezegun, os, time\nsleep, thread_time = time.sleep, time.thread_time\n\n\n"
            f"def test_first():\n    {tampering}\n\n\ndef test_then():\n    sleep(0.15)\n"
        )
        run = judged(project, body, *mode)
        for name in ("test_first", "test_then"):
            setup, call, teardown, queued, _, cpu = run["tests"][f"tests/unit/test_time.py::{name}"]
            assert min(setup, call, teardown, queued, cpu) >= 0
            assert max(setup, teardown, cpu) < 5
        assert 0.15 <= run["tests"]["tests/unit/test_time.py::test_then"][1] < 5
        assert run["verdicts"][SLOW] == "passed", run["text"]

    def test_a_test_that_forks_is_billed_once(self, project: Path) -> None:
        body = (
            "import os, time\n\n\ndef test_fork():\n    child = os.fork()\n    if not child:\n"
            "        time.sleep(0.2)\n        os._exit(0)\n    os.waitpid(child, 0)\n\n\ndef test_then(): ...\n"
        )
        run = judged(project, body)
        assert 0.2 <= run["tests"]["tests/unit/test_time.py::test_fork"][1] < 5
        assert len(run["tests"]) == 7
        assert set(run["accounts"]) == {"tests/unit/test_time.py::test_fork"}

    def test_where_the_system_does_not_tell_of_queues_the_message_says_so(self, project: Path) -> None:
        policy(project, "[performance]\nsuite_seconds = 0.2\nideal_seconds = 0.1\n[slow_tests]\nlimit_seconds = 0.1\n")
        unreadable = (
            "import os\n\nreally = os.open\n\n\ndef refuse(path, *rest, **more):\n"
            "    if str(path).endswith('schedstat'):\n        raise PermissionError(13, 'no', path)\n"
            "    return really(path, *rest, **more)\n\n\nos.open = refuse\n"
        )
        slow = "import time\n\n\ndef test_it():\n    time.sleep(0.3)\n"
        run = judged(project, slow, conftest=unreadable + LOADER)
        assert run["tests"]["tests/unit/test_time.py::test_it"][3] == 0
        assert run["text"].count("This system does not tell how long a test queued for a CPU") == 2


@pytest.mark.parametrize("mode_of", ["plain", "-n 2"])
def test_any_node_id_has_an_account(project: Path, mode_of: str) -> None:
    ids = ["with spaces", "a[b]c::d", "Gr\u00fc\u00dfe", "x" * 2000, "new\nline", "-k", "$(x)", "'\"\\"]
    parameters = f"@pytest.mark.parametrize('n', range(8), ids={ids!r})"
    body = f"import time, pytest\n\n\n{parameters}\ndef test_it(n):\n    time.sleep(0.1)\n"
    run = judged(project, body, *MODES[mode_of])
    assert len(run["accounts"]) == 8
    assert set(run["accounts"]) < set(run["tests"])


class TestCrowdedMachine:
    """Driven by hand: three seconds of queueing for each second of CPU."""

    @pytest.fixture
    def recorded(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Recorder, Accounts]]:
        now = dict.fromkeys(("wall", "cpu", "process", "children", "queued"), 0.0)
        for name in now:
            monkeypatch.setattr(Clocks, name, lambda name=name: now[name])
        monkeypatch.setattr(Clocks, "queue", lambda: b"0 %d 999" % (1e9 * now["queued"]))
        monkeypatch.setattr(Clocks, "day", 0.0)

        def pass_time(**seconds: float) -> None:
            for name, more in seconds.items():
                now[name] += more

        def recorded(**seconds: float) -> tuple[Recorder, Accounts]:
            recorder = Recorder()
            accounts = Accounts(recorder)
            pass_time(wall=4.0, cpu=1.0, process=1.0, queued=3.0)
            recorder.pytest_collection_finish()
            accounts.pytest_collection_finish()
            pass_time(**seconds)
            recorder.pytest_runtest_logfinish("test_x")
            times = {"setup": (4.0, 0.0), "call": (4.0, now["wall"] - 4), "teardown": (now["wall"], 0.0)}
            recorder.end(report("test_x", when, took, began) for when, (began, took) in times.items())
            return recorder, accounts

        return recorded

    def test_what_children_and_threads_seem_to_queue_is_taken_off_the_suite(
        self, recorded: Callable[..., tuple[Recorder, Accounts]]
    ) -> None:
        assert recorded(wall=4.0, children=1.0)[1].queued_elsewhere == pytest.approx(3.0)
        assert recorded(wall=4.0, process=1.0)[1].queued_elsewhere == pytest.approx(3.0)
        assert recorded(wall=2.0, children=1.0)[1].queued_elsewhere == pytest.approx(1.0)  # never less than computed
        assert recorded(wall=4.0, children=0.01)[1].queued_elsewhere == pytest.approx(0.03)  # it has slept

    def test_it_is_not_taken_off_the_test(self, recorded: Callable[..., tuple[Recorder, Accounts]]) -> None:
        assert recorded(wall=4.0, children=1.0)[0].ran["test_x"].owned == pytest.approx(4.0)

    def test_nobody_owns_less_than_he_computes(self, recorded: Callable[..., tuple[Recorder, Accounts]]) -> None:
        assert recorded(wall=4.0, cpu=2.0, process=2.0, queued=0.0)[0].ran["test_x"].owned == pytest.approx(4.0)


def test_a_sleep_that_the_system_calls_queueing() -> None:
    """Seen on Linux 6.18: after two turns on a CPU, 0.3 s of sleep had all been counted as waiting for one."""
    first, then, at_last = b"500 1000 7", b"500 300001000 9", b"500 330001000 10"
    assert queued_between(first, then) == pytest.approx(0.08)
    assert queued_between(then, at_last) == pytest.approx(0.03)
    readings = iter((first, then, at_last))
    queued = queue_clock(lambda: next(readings))
    assert queued() == pytest.approx(0.08)
    assert queued() == pytest.approx(0.11)


@pytest.mark.parametrize("text", [b"", b"1 2", b"another file, by the same descriptor"])
def test_what_cannot_be_read_is_no_queueing(text: bytes) -> None:
    assert queued_between(text, b"500 300001000 9") == queued_between(b"500 1000 7", text) == 0.0
