"""What seems slow is run again, alone, before it is accused: real sessions."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.baking import ROOT
from tests.sample import LOADER, SLOW, Said, policy, session, write

LIMITS = "[performance]\nsuite_seconds = 600\n[slow_tests]\nlimit_seconds = 0.4\n"
AGAIN = "running it again, alone"
IN_A_CHILD = "import os, time\nalone = 'META_TESTS_CHILD' in os.environ\n"  # where the suite itself runs in none


def judged(project: Path, test: str, *args: str, limits: str = "", conftest: str = "", ci: str = "") -> Said:
    """Run the project with one more test file."""
    policy(project, LIMITS + limits)
    write(project, {"tests/unit/test_slow.py": test, "tests/conftest.py": LOADER + conftest})
    return session(project, *args, env={"CI": ci})


def test_what_is_fast_alone_is_acquitted_and_said(project: Path) -> None:
    said = judged(project, f"{IN_A_CHILD}\ndef test_it():\n    time.sleep(0.01 if alone else 0.6)\n")
    assert (said.status, said.verdicts[SLOW]) == (0, "passed"), said.text
    assert "No test is slower than 0.4 s, the slowest takes 0.0" in said.text
    assert "Run again alone: tests/unit/test_slow.py::test_it took 0." in said.text
    assert "s, alone 0.0" in said.text


def test_nothing_is_run_again_where_nothing_is_slow(project: Path) -> None:
    said = judged(project, "def test_it():\n    pass\n")
    assert (said.status, said.verdicts[SLOW]) == (0, "passed"), said.text
    assert AGAIN not in said.text


@pytest.mark.parametrize("how", [[], ["-n", "2"], ["tests/meta"], ["--cov=src/shop"]], ids=" ".join)
def test_what_is_slow_again_is_accused_with_its_cause(project: Path, how: list[str]) -> None:
    body = "import time\n\n\ndef nap():\n    time.sleep(0.6)\n\n\ndef test_it():\n    nap()\n"
    said = judged(project, body, *how)
    assert said.verdicts[SLOW] == "failed", said.text
    message = said.messages[SLOW]
    assert "1 test is slower than 0.4 s." in message
    assert "tests/unit/test_slow.py::test_it took 0." in message
    assert "s slept (time.sleep) at tests/unit/test_slow.py:5, in the call\nTake the fixture `virtual_clock`" in message
    assert "tests/meta/README.md#slow-sleeps" in message
    assert 'test = "tests/unit/test_slow.py::test_it"' in message
    assert said.text.count(AGAIN) == 1


def test_only_the_suspect_runs_again(project: Path) -> None:
    ids = ["a b[é]::c\n", "a b[é]::c\nd", "y" * 2000, "$(touch harm) 'x'"]
    body = (
        f"import time, pytest\n\n\n@pytest.mark.parametrize('x', {ids!r}, ids=str)\ndef test_it(x):\n"
        "    with open('ran', 'a') as file:\n        file.write(ascii(x) + chr(10))\n"
        "    time.sleep(0.6 if x[0] == 'a' and x[-1] != 'd' else 0)\n"
    )
    said = judged(project, body)
    assert (said.verdicts[SLOW], said.text.count(AGAIN)) == ("failed", 1), said.text
    assert (project / "ran").read_text().splitlines() == [*map(ascii, ids), ascii(ids[0])]


KINDS = """
import asyncio, socket, subprocess, sys, threading, time
import freezegun, pytest, pytest_asyncio, tenacity


@tenacity.retry(wait=tenacity.wait_fixed(0.6), stop=tenacity.stop_after_attempt(2), reraise=True)
def flaky():
    raise ValueError

def test_retried():
    with pytest.raises(ValueError):
        flaky()

@pytest.mark.asyncio
async def test_asyncio():
    await asyncio.gather(asyncio.sleep(0.6), asyncio.sleep(0.1))

@pytest_asyncio.fixture
async def resource():
    await asyncio.sleep(0.6)
    yield

@pytest.mark.asyncio
async def test_async_fixture(resource):
    pass

def test_socket():
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(server.getsockname(), timeout=0.6)
    with pytest.raises(TimeoutError):
        client.recv(1)

def test_process():
    subprocess.run([sys.executable, "-c", "import time; time.sleep(0.6)"])

def test_thread():
    thread = threading.Thread(target=time.sleep, args=(0.6,))
    thread.start()
    thread.join()

def test_frozen():
    with freezegun.freeze_time("2020-01-01"):
        time.sleep(0.6)

def test_patched(monkeypatch):
    sleep = time.sleep
    for name in ("time", "monotonic", "perf_counter", "thread_time"):
        monkeypatch.setattr(time, name, lambda: 5.0)
    sleep(0.6)

def test_computed():
    end = time.thread_time() + 0.6
    while time.thread_time() < end:
        pass

@pytest.fixture
def late():
    yield
    time.sleep(0.6)

def test_teardown(late):
    pass

@pytest.fixture(scope="module")
def shared():
    time.sleep(0.6)

def test_shared(shared):
    pass

def test_workflow():
    time.sleep(0.2)
    subprocess.run(["sleep", "0.2"])
    threading.Event().wait(0.2)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="starts programs of Unix")
@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_the_true_cause_is_named(project: Path, mode: str) -> None:
    body = KINDS if mode == "strict" else "import asyncio\n\nasync def test_asyncio():\n    await asyncio.sleep(0.6)\n"
    said = judged(project, body, "-o", f"asyncio_mode={mode}", limits="confirm_at_most = 20\n")
    assert said.verdicts[SLOW] == "failed", said.text
    parts = dict(part.split("\n", 1) for part in said.messages[SLOW].split("\n\n") if "s, alone " in part)
    found = {name.split(" took ")[0].removeprefix("tests/unit/test_slow.py::"): rest for name, rest in parts.items()}
    causes = {
        "test_retried": "as tenacity does (tenacity/nap.py:31) at tests/unit/test_slow.py:12, in the call",
        "test_asyncio": "slept (asyncio.sleep)",
        "test_async_fixture": "in the set-up of the fixture `resource`",
        "test_socket": "waited for a socket (socket.recv) at tests/unit/test_slow.py:31, in the call",
        "test_process": "waited for a subprocess (subprocess.run)",
        "test_thread": "waited for a thread or a lock (threading.join)",
        "test_frozen": "slept (time.sleep)",
        "test_patched": "slept (time.sleep)",
        "test_computed": "computed",
        "test_teardown": "in the teardown of the fixture `late`",
        "shared [module fixture]": "in the set-up of the fixture `shared`",
        "test_workflow": "#slow-workflows",
    }
    if mode == "strict":  # otherwise the line is another one
        assert {name for name in causes if causes[name] not in found.get(name, "")} == set(), said.messages[SLOW]
    else:
        assert "slept (asyncio.sleep)" in found["test_asyncio"]


class TestItCannotBeTold:
    def test_a_test_that_fails_alone(self, project: Path) -> None:
        said = judged(project, f"{IN_A_CHILD}\ndef test_it():\n    time.sleep(0.6)\n    assert not alone\n")
        assert said.verdicts[SLOW] == "skipped", said.text
        assert "test_slow.py::test_it took too long in the suite, and could not be confirmed alone" in said.text
        assert "and alone it failed, in the suite it passed\nLook at it alone:" in said.messages[SLOW]
        assert "python -m pytest --durations=0 -vv tests/unit/test_slow.py::test_it" in said.messages[SLOW]

    def test_which_is_a_failure_in_ci(self, project: Path) -> None:
        said = judged(project, f"{IN_A_CHILD}\ndef test_it():\n    time.sleep(0.6)\n    assert not alone\n", ci="true")
        assert (said.status, said.verdicts[SLOW]) == (1, "failed")

    def test_an_id_that_changes(self, project: Path) -> None:
        body = (
            "import pytest, time, uuid\n\n\n@pytest.mark.parametrize('x', [uuid.uuid4()], ids=str)\ndef test_it(x):\n"
        )
        said = judged(project, body + "    time.sleep(0.6)\n")
        assert said.verdicts[SLOW] == "skipped", said.text
        assert "pytest did not find it when it was to be run alone" in said.messages[SLOW]

    def test_a_test_that_kills_its_process(self, project: Path) -> None:
        said = judged(project, f"{IN_A_CHILD}\ndef test_it():\n    time.sleep(0.6)\n    alone and os._exit(3)\n")
        assert said.verdicts[SLOW] == "skipped", said.text
        assert "it could not be run alone. The suite's process ended while running" in said.messages[SLOW]

    def test_too_many(self, project: Path) -> None:
        body = (
            f"{IN_A_CHILD}\ndef test_a():\n    time.sleep(0 if alone else 0.9)\n\ndef test_b():\n    time.sleep(0.6)\n"
        )
        said = judged(project, body, limits="confirm_at_most = 1\n")
        assert said.verdicts[SLOW] == "skipped", said.text
        assert "Not accused: tests/unit/test_slow.py::test_a took 0." in said.messages[SLOW]
        assert "it was not run again, as the 1 slowest were ([slow_tests] confirm_at_most)" in said.messages[SLOW]

    def test_no_time(self, project: Path) -> None:
        body = f"{IN_A_CHILD}\ndef test_it():\n    time.sleep(600 if alone else 1.5)\n"
        said = judged(project, body, limits="confirm_seconds = 1.2\ntolerance_percent = 240\n")
        assert said.verdicts[SLOW] == "skipped", said.text
        assert "[slow_tests] confirm_seconds" in said.messages[SLOW]


def test_what_fails_in_the_suite_too_is_accused(project: Path) -> None:
    said = judged(project, "import time\n\n\ndef test_it():\n    time.sleep(0.6)\n    assert False\n")
    assert said.verdicts[SLOW] == "failed", said.text
    assert "s slept (time.sleep) at tests/unit/test_slow.py:5" in said.messages[SLOW]


def test_what_does_not_end_alone_is_accused(project: Path) -> None:
    body = f"{IN_A_CHILD}\ndef test_it():\n    time.sleep(600 if alone else 0.6)\n"
    said = judged(project, body, limits="confirm_seconds = 4\n")
    assert said.verdicts[SLOW] == "failed", said.text
    assert "s, alone was still running after" in said.messages[SLOW]
    assert "s slept (time.sleep) at tests/unit/test_slow.py:5" in said.messages[SLOW]


def test_nothing_is_run_again_if_policy_says_so(project: Path) -> None:
    body = "import time\n\n\ndef test_it():\n    time.sleep(0.6)\n"
    said = judged(project, body, limits="confirm_at_most = 0\n")
    assert (said.verdicts[SLOW], AGAIN in said.text) == ("failed", False)


def test_pytest_timeout_does_not_end_the_verdict(project: Path) -> None:
    body = "import time\n\n\ndef test_a():\n    time.sleep(0.7)\n\n\ndef test_b():\n    time.sleep(0.6)\n"
    policy(project, LIMITS)
    write(project, {"tests/unit/test_slow.py": body})
    said = session(project, "--timeout=1.5", env={"PYTHONPATH": str(ROOT / ".venv" / "beside" / "pytest-timeout")})
    assert said.verdicts[SLOW] == "failed", said.text
    assert "2 tests are slower than 0.4 s." in said.messages[SLOW]
    assert "Timeout" not in said.messages[SLOW]


class TestPyinstrument:
    BODY = "import sys, time\n\n\ndef test_it():\n    time.sleep(0.6)\n"

    def test_it_is_missing(self, project: Path) -> None:
        said = judged(project, self.BODY, conftest="sys.modules['pyinstrument'] = None\n")
        assert said.verdicts[SLOW] == "failed", said.text
        assert "It computed for 0.00 s and waited for 0." in said.messages[SLOW]
        assert "To be told where: pip install pyinstrument" in said.messages[SLOW]

    @pytest.mark.parametrize("function", ["StackSampler.subscribe", "StackSampler.unsubscribe", "get_stack_sampler"])
    def test_it_fails(self, project: Path, function: str) -> None:
        broken = f"import pyinstrument.stack_sampler as s\ndef broken(*a, **k):\n    1 / 0\ns.{function} = broken\n"
        said = judged(project, self.BODY, conftest=broken)
        assert said.verdicts[SLOW] == "failed", said.text
        found = "ZeroDivisionError" in said.messages[SLOW] or "slept (time.sleep)" in said.messages[SLOW]
        assert found, said.messages[SLOW]

    def test_a_test_that_does_not_bear_it_is_judged_without(self, project: Path) -> None:
        said = judged(project, self.BODY + "    assert sys.getprofile() is None\n")
        assert said.verdicts[SLOW] == "failed", said.text
        assert "s slept (time.sleep) at tests/unit/test_slow.py:5" in said.messages[SLOW]

    def test_what_it_makes_slow_is_acquitted(self, project: Path) -> None:
        burn = "    end = time.thread_time() + (0.6 if watched else 0.01)\n    while time.thread_time() < end: pass\n"
        body = f"{IN_A_CHILD}import sys\ndef test_it():\n    if not alone: time.sleep(0.6); return\n"
        said = judged(project, f"{body}    watched = sys.getprofile() is not None\n{burn}")
        assert said.verdicts[SLOW] == "passed", said.text
        assert "s, alone 0.0" in said.text


CROWDED = """
import subprocess, sys, threading, time

def test_burning():
    subprocess.run([sys.executable, "-c", "import time\\nwhile time.process_time() < 0.6: pass"])

def test_thread():
    def burn():
        end = time.thread_time() + 0.6
        while time.thread_time() < end:
            pass
    thread = threading.Thread(target=burn)
    thread.start()
    thread.join()

def test_sleeping():
    subprocess.run(["sleep", "1.5"])

def test_sleeping_beside_a_burner():
    burner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    time.sleep(1.5)
    burner.kill()
    burner.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how long processes queue for a CPU")
class TestInACrowd:
    @pytest.fixture(autouse=True)
    def crowd(self) -> Iterator[None]:
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(5)]
        yield
        for process in busy:
            process.kill()
            process.wait()

    def test_what_queues_is_acquitted_and_what_waits_is_not(self, project: Path) -> None:
        limits = "tolerance_percent = 150\nconfirm_at_most = 9\n"
        said = judged(project, CROWDED, limits=limits)
        assert said.verdicts[SLOW] == "failed", said.text
        accused = said.messages[SLOW].split("    seconds")[0]
        assert "2 tests are slower" in accused, accused
        assert "waited for a subprocess (subprocess.run) at tests/unit/test_slow.py:17" in accused
        assert "slept (time.sleep) at tests/unit/test_slow.py:21" in accused
