"""What a test's time was made of: CPU, queue, blocked, by phase; children; threads; whatever it does to clocks."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from meta_regime.recorder import Recorder
from meta_regime.stopwatch import Clocks, queue_clock

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
        cpu, _, children, threads = run["accounts"]["tests/unit/test_time.py::test_it"]
        assert [round(seconds, 1) for seconds in cpu] == [0.2, 0.1, 0.0]
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
        cpu, _, children, threads = accounts["tests/unit/test_time.py::test_child"]
        assert children >= 0.4
        assert max(*cpu, threads) < 0.1
        cpu, _, children, threads = accounts["tests/unit/test_time.py::test_thread"]
        assert 0.28 < threads < 0.4
        assert max(*cpu, children) < 0.1

    def test_fast_tests_have_none(self, project: Path) -> None:
        assert judged(project, "def test_it(): ...\n")["accounts"] == {}

    def test_a_fast_one_for_which_a_child_computed_has_one(self, project: Path) -> None:
        child = 'subprocess.run([sys.executable, "-I", "-S", "-c", ""])'
        accounts = judged(project, f"import subprocess, sys\n\n\ndef test_it():\n    {child}\n")["accounts"]
        assert accounts["tests/unit/test_time.py::test_it"][2] > 0.001  # it takes 0.01 s

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


def test_what_pytest_computes_between_phases_is_not_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    now = dict.fromkeys(("wall", "cpu", "queued", "process", "children"), 5.0)
    for name in now:
        monkeypatch.setattr(Clocks, name, lambda name=name: now[name])

    def compute(seconds: float) -> None:
        for name in ("wall", "cpu", "process"):
            now[name] += seconds

    recorder = Recorder()
    for nodeid in ("test_x", "test_y"):
        recorder.pytest_runtest_setup(SimpleNamespace(nodeid=nodeid))  # type: ignore[arg-type]
        for when in ("setup", "call", "teardown"):
            if when != "setup":
                getattr(recorder, f"pytest_runtest_{when}")()
            compute(0.0005 if when == "setup" else 0.002)
            recorder.pytest_runtest_makereport(SimpleNamespace(when=when))  # type: ignore[arg-type]
            compute(0.0009)
        report = SimpleNamespace(nodeid=nodeid, outcome="passed", when="teardown", failed=False)
        recorder.pytest_runtest_logreport(report)  # type: ignore[arg-type]
    assert [test.owned for test in recorder.timings()] == pytest.approx([0.0045] * 2)
    assert [test.cpu for test in recorder.timings()] == pytest.approx([0.0045] * 2)


class TestCrowdedMachine:
    """Driven by hand: three seconds of queueing for each second of CPU."""

    @pytest.fixture
    def owned(self, recorded: Callable[..., Recorder]) -> Callable[..., float]:
        return lambda **seconds: recorded(**seconds).timings()[0].owned

    @pytest.fixture
    def elsewhere(self, recorded: Callable[..., Recorder]) -> Callable[..., float]:
        return lambda **seconds: recorded(**seconds).queued_elsewhere

    @pytest.fixture
    def recorded(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Recorder]:
        now = dict.fromkeys(("wall", "cpu", "queued", "process", "children"), 0.0)
        for name in now:
            monkeypatch.setattr(Clocks, name, lambda name=name: now[name])

        def pass_time(**seconds: float) -> None:
            for name, more in seconds.items():
                now[name] += more

        def recorded(**seconds: float) -> Recorder:
            recorder = Recorder()
            pass_time(wall=4.0, cpu=1.0, process=1.0, queued=3.0)
            item, report = SimpleNamespace(nodeid="test_x"), SimpleNamespace(nodeid="test_x", outcome="passed")
            recorder.pytest_runtest_setup(item)  # type: ignore[arg-type]
            for when in ("setup", "call", "teardown"):
                if when == "call":
                    recorder.pytest_runtest_call()
                    pass_time(**seconds)
                elif when == "teardown":
                    recorder.pytest_runtest_teardown()
                recorder.pytest_runtest_makereport(SimpleNamespace(when=when))  # type: ignore[arg-type]
            report.when, report.failed = "teardown", False
            recorder.pytest_runtest_logreport(report)  # type: ignore[arg-type]
            return recorder

        return recorded

    def test_what_children_and_threads_seem_to_queue_is_taken_off_the_suite(
        self, elsewhere: Callable[..., float]
    ) -> None:
        assert elsewhere(wall=4.0, children=1.0) == pytest.approx(3.0)
        assert elsewhere(wall=4.0, process=1.0) == pytest.approx(3.0)
        assert elsewhere(wall=2.0, children=1.0) == pytest.approx(1.0)  # never less than they compute
        assert elsewhere(wall=4.0, children=0.01) == pytest.approx(0.03)  # it has slept

    def test_it_is_not_taken_off_the_test(self, owned: Callable[..., float]) -> None:
        assert owned(wall=4.0, children=1.0) == pytest.approx(4.0)

    def test_nobody_owns_less_than_he_computes(self, owned: Callable[..., float]) -> None:
        assert owned(wall=4.0, cpu=2.0, process=2.0, queued=2.5) == pytest.approx(2.0)


def test_a_sleep_that_the_system_calls_queueing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen on Linux 6.18: after two turns on a CPU, 0.3 s of sleep had all been counted as waiting for one."""
    lines = iter((b"500 1000 7", b"500 300001000 9", b"500 330001000 10"))
    monkeypatch.setattr(os, "open", lambda *_: 99)
    monkeypatch.setattr(os, "pread", lambda *_: next(lines))
    queued = queue_clock()
    assert queued() == pytest.approx(0.08)
    assert queued() == pytest.approx(0.11)
