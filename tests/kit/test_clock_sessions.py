"""`virtual_time` in sessions of pytest: durations, time-outs, xdist, both modes of pytest-asyncio, anyio's plugin."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.test_clock_sleeping import META

CONFTEST = f"""\
import sys
import time

sys.path.insert(0, {str(META)!r})
import pytest
from meta_regime import fixtures
from meta_regime.fixtures.clock import keep_out_of_pytest, virtual_time


def pytest_configure(config):
    keep_out_of_pytest()


@pytest.fixture
def virtual_clock():
    with virtual_time() as clock:
        yield clock
"""
ASYNC = """\
import asyncio, time
import pytest
import pytest_asyncio

{mark}

@{fixture}
async def slow_service():
    await asyncio.sleep(0)
    yield "up"


@{fixture}
async def slept(virtual_clock):
    await asyncio.sleep(3600)
    yield "slept"
    await asyncio.sleep(3600)


async def test_it_sleeps(virtual_clock, slow_service):
    before = time.monotonic()
    await asyncio.sleep(3600)
    assert time.monotonic() - before == 3600
    assert virtual_clock.sleeps[0].who.startswith("test_it.py:")


async def test_fixtures_that_sleep(slept):
    async with asyncio.timeout(7200):
        await asyncio.sleep(3600)


async def test_real_again():
    before = time.perf_counter()
    await asyncio.sleep(0.05)
    assert 0.04 < time.perf_counter() - before < 60


async def test_a_second_time(virtual_clock):
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 3600)
"""

SCOPED = "asyncio_default_fixture_loop_scope = {0}\nasyncio_default_test_loop_scope = {0}\nasyncio_mode = {1}"
Session = Callable[..., tuple[int, str, dict[str, float]]]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """Run a test file in a session of its own: exit status, what it printed, and seconds by test."""

    def run(
        tests: str, *arguments: str, ini: str = SCOPED.format("function", "strict"), conftest: str = CONFTEST
    ) -> tuple[int, str, dict[str, float]]:
        (tmp_path / "conftest.py").write_text(conftest)
        (tmp_path / "test_it.py").write_text(tests)
        (tmp_path / "pytest.ini").write_text(f"[pytest]\naddopts = -p no:cacheprovider -p no:randomly\n{ini}\n")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "META_"))}
        command = [sys.executable, "-m", "pytest", "--junitxml=it.xml", "-W", "error", "--durations=0", *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        report = tmp_path / "it.xml"
        cases = ET.parse(report).iter("testcase") if report.exists() else ()
        seconds = {str(case.get("name")): float(str(case.get("time"))) for case in cases}
        return done.returncode, done.stdout + done.stderr, seconds

    return run


@pytest.mark.parametrize("scope", ["function", "session"])
@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_pytest_asyncio(session: Session, mode: str, scope: str) -> None:
    strict = mode == "strict"
    tests = ASYNC.format(
        mark="pytestmark = pytest.mark.asyncio" if strict else "",
        fixture="pytest_asyncio.fixture" if strict else "pytest.fixture",
    )
    status, said, seconds = session(tests, ini=SCOPED.format(scope, mode))
    assert (status, len(seconds)) == (0, 4), said
    assert all(0 <= took < 30 for took in seconds.values()), seconds


def test_anyios_plugin(session: Session) -> None:
    tests = (
        "import anyio, pytest\npytestmark = pytest.mark.anyio\n\n\n"
        "@pytest.fixture(params=['asyncio', 'trio'])\ndef anyio_backend(request):\n    return request.param\n\n\n"
        "async def test_it(virtual_clock):\n    await anyio.sleep(3600)\n    assert len(virtual_clock.sleeps) == 1\n"
    )
    status, said, seconds = session(tests)
    assert status == 1
    assert "1 passed" in said
    assert "trio has a clock of its own" in said
    assert all(0 <= took < 30 for took in seconds.values()), seconds


SLEEPING = """\
import time
import pytest
from freezegun import freeze_time


def test_virtual(virtual_clock):
    time.sleep(3600)


def test_failing(virtual_clock):
    time.sleep(3600)
    assert False


def test_frozen_by_the_project():
    with freeze_time("2020-01-01"):
        time.time()


def test_a_freeze_is_left_behind():
    freeze_time("2020-01-01").start()


def test_virtual_under_that_freeze(virtual_clock):
    time.sleep(3600)
    from datetime import date
    assert date.today() == date(2020, 1, 1)


def test_a_freeze_is_left_behind_in_a_virtual_clock(virtual_clock):
    freeze_time("2021-01-01").start()
    time.sleep(3600)


def test_the_last():
    pass
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2", "--dist", "loadfile")])
def test_durations_are_right_whatever_is_frozen(session: Session, workers: tuple[str, ...]) -> None:
    status, said, seconds = session(SLEEPING, *workers)
    assert (status, len(seconds)) == (1, 7), said
    assert "1 failed, 6 passed" in said
    assert all(0 <= took < 30 for took in seconds.values()), seconds


def test_they_are_wrong_if_pytest_is_not_kept_out(session: Session) -> None:
    _, said, seconds = session(SLEEPING, conftest=CONFTEST.replace("    keep_out_of_pytest()", "    pass"))
    assert not all(0 <= took < 30 for took in seconds.values()), said


@pytest.mark.parametrize("method", ["thread", "signal"])
def test_pytest_timeout_does_not_see_virtual_seconds(session: Session, method: str) -> None:
    options = ("--timeout=20", f"--timeout-method={method}", "--session-timeout=100")
    status, said, _ = session(SLEEPING.replace("assert False", "pass"), *options)
    assert (status, "7 passed" in said) == (0, True), said


@pytest.mark.parametrize("method", ["thread", "signal"])
@pytest.mark.parametrize("code", ["threading.Event().wait()", "asyncio.run(asyncio.Event().wait())"])
def test_pytest_timeout_still_ends_what_hangs(session: Session, method: str, code: str) -> None:
    tests = f"import asyncio, threading, time\n\n\ndef test_it(virtual_clock):\n    time.sleep(3600)\n    {code}\n"
    status, said, _ = session(tests, "--timeout=1", f"--timeout-method={method}")
    assert status != 0
    assert "Timeout" in said


def test_what_runs_away_fails_one_test_and_no_other(session: Session) -> None:
    tests = (
        "import asyncio, time\nimport pytest\n\n\n"
        "async def beat():\n    while True:\n        await asyncio.sleep(60)\n\n\n"
        "async def test_loop(virtual_clock):\n    virtual_clock.most_moves = 1000\n    asyncio.create_task(beat())\n"
        "    await asyncio.Event().wait()\n\n\n"
        "def test_sleep(virtual_clock):\n    virtual_clock.most_moves = 1000\n"
        "    while True:\n        time.sleep(60)\n\n\n"
        "async def test_after(virtual_clock):\n    await asyncio.sleep(60)\n"
    )
    status, said, _ = session(tests, ini=SCOPED.format("function", "auto"))
    assert status == 1, said
    assert "2 failed, 1 passed" in said
    assert "times 60 s, test_it.py:7" in said
    assert "times 60 s, test_it.py:19" in said


def test_under_the_regime_the_record_has_real_seconds(session: Session) -> None:
    conftest = CONFTEST.replace("from meta_regime import fixtures", "from meta_regime.stopwatch import Clocks") + (
        "\n\n@pytest.hookimpl(wrapper=True)\ndef pytest_runtest_protocol(item):\n"
        "    began = Clocks.wall(), Clocks.cpu()\n"
        "    result = yield\n    print('took', 0 <= Clocks.wall() - began[0] < 30, 0 <= Clocks.cpu() - began[1] < 30)\n"
        "    return result\n"
    )
    _, said, _ = session(SLEEPING, "-s", conftest=conftest)
    assert said.count("took True True") == 7, said


def test_classes_of_unittest(session: Session) -> None:
    tests = (
        "import time, unittest\nfrom meta_regime.fixtures.clock import virtual_time\n\n\n"
        "class TestIt(unittest.TestCase):\n    def setUp(self):\n"
        "        self.clock = self.enterContext(virtual_time())\n\n"
        "    def test_it(self):\n        time.sleep(3600)\n        self.assertEqual(len(self.clock.sleeps), 1)\n\n\n"
        "class TestAsync(unittest.IsolatedAsyncioTestCase):\n    async def test_it(self):\n"
        "        import asyncio\n        with virtual_time() as clock:\n            await asyncio.sleep(3600)\n"
        "        self.assertEqual(len(clock.sleeps), 1)\n"
    )
    status, said, seconds = session(tests)
    assert status == 0, said
    assert all(0 <= took < 30 for took in seconds.values()), seconds
