"""A suite that does not end in time: the message names the test that hangs, its phase, and the lines where it does."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from meta_regime import child
from meta_regime.extras.hung_tests import in_short

from tests.sample import COVERAGE, SETTINGS, delete_extras, policy, session, write

SECONDS = 4.0  # until the time is over: long enough for a child to have begun
IMPORTS = "import asyncio, faulthandler, os, re, subprocess, sys, threading, time\nimport pytest\nimport wait\n\n\n"
WAIT = "import time\n\n\ndef long():\n    time.sleep(600)\n"
SLEEPS = "def test_hangs():\n    wait.long()\n"
TEST = "tests/unit/test_hangs.py::test_hangs"


def hung(project: Path, text: str, *args: str, conftest: str = "") -> str:
    """Run a suite with a test module that hangs; give what is said of it."""
    text = text if text.startswith("import") else IMPORTS + text
    write(project, {"tests/unit/test_hangs.py": text, "tests/unit/conftest.py": conftest, "src/wait.py": WAIT})
    run = child.run_suite(["-p", "no:cacheprovider", *args], project, SECONDS, lambda **_: None)
    assert run.broken is not None
    assert f"did not end within {SECONDS:g} s" in run.broken
    return run.output.partition("The last lines of its output:")[0].rstrip()


def stack(*lines: str) -> str:
    return "\n".join(f"    {line}" for line in lines)


@pytest.mark.parametrize(
    ("text", "phase", "lines"),
    [
        pytest.param(
            "def test_hangs():\n    wait.long()\n",
            "call",
            ["tests/unit/test_hangs.py:7 in test_hangs", "src/wait.py:5 in long"],
            id="a sleep, in the project's code",
        ),
        pytest.param(
            "def test_hangs():\n    re.match('(a*)*b', 'a' * 100)\n",
            "call",
            ["tests/unit/test_hangs.py:7 in test_hangs", "re/__init__.py:\\d+ in match"],
            id="C code that holds the interpreter",
        ),
        pytest.param(
            "def test_hangs():\n    threading.Event().wait()\n",
            "call",
            [
                "tests/unit/test_hangs.py:7 in test_hangs",
                r"\S+/threading.py:\d+ in wait",
                r"\S+/threading.py:\d+ in wait",
            ],
            id="a lock",
        ),
        pytest.param(
            "def test_hangs():\n    subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])\n",
            "call",
            [
                "tests/unit/test_hangs.py:7 in test_hangs",
                r"\S+/subprocess.py:\d+ in \w+",
                r"\S+/subprocess.py:\d+ in \w+",
            ],
            id="a child process",
        ),
        pytest.param(
            "@pytest.fixture(scope='session')\ndef db():\n    wait.long()\n\n\ndef test_hangs(db):\n    pass\n",
            "set-up",
            ["tests/unit/test_hangs.py:8 in db", "src/wait.py:5 in long"],
            id="a fixture's set-up",
        ),
        pytest.param(
            "@pytest.fixture\ndef db():\n    yield\n    wait.long()\n\n\ndef test_hangs(db):\n    pass\n",
            "teardown",
            ["tests/unit/test_hangs.py:9 in db", "src/wait.py:5 in long"],
            id="a fixture's teardown",
        ),
        pytest.param(
            "@pytest.mark.asyncio\nasync def test_hangs():\n    await asyncio.sleep(600)\n",
            "call",
            [
                r"asyncio/base_events.py:\d+ in _run_once",
                r"\S+/selectors.py:\d+ in select",
                "",
                "Its event loop waits; which coroutine it waits for cannot be told from here.",
            ],
            id="a coroutine",
        ),
        pytest.param(
            "import time\nfrom freezegun import freeze_time\n\n\ndef test_freezes():\n"
            "    freeze_time('2020-01-01').start()\n\n\ndef test_hangs():\n    time.sleep(600)\n",
            "call",
            ["tests/unit/test_hangs.py:10 in test_hangs"],
            id="with frozen clocks",
        ),
        pytest.param(
            "def test_cancels():\n    faulthandler.cancel_dump_traceback_later()\n    time.sleep(1.1)\n\n\n"
            "def test_fails():\n    assert 0\n\n\n"
            "def test_forks():\n    if os.fork() == 0:\n        os._exit(0)\n\n\n"
            "def test_hangs():\n    wait.long()\n",
            "call",
            ["tests/unit/test_hangs.py:21 in test_hangs", "src/wait.py:5 in long"],
            id="after tests that stopped the timer",
            marks=pytest.mark.skipif(not hasattr(os, "fork"), reason="forks"),
        ),
    ],
)
def test_the_message_has_test_phase_and_lines(text: str, phase: str, lines: list[str], project: Path) -> None:
    said = hung(project, text)
    expected = f"It hangs {re.escape(TEST)}, in its {phase}:\n\n"
    expected += "\n".join(f"    (?:{line})" if line and "Its event" not in line else line for line in lines)
    assert re.fullmatch(expected, said), said


def test_under_xdist_each_worker_that_hangs_is_named(project: Path) -> None:
    quick = "\n\ndef test_quick():\n    pass\n"  # xdist gives each worker two tests at first
    too = "\n\n@pytest.mark.parametrize('x', [1])\ndef test_too(x):\n    wait.long()\n"
    said = hung(project, SLEEPS + quick + too, "-n", "2")
    one = stack("tests/unit/test_hangs.py:7 in test_hangs", "src/wait.py:5 in long")
    two = stack("tests/unit/test_hangs.py:16 in test_too", "src/wait.py:5 in long")
    assert f"It hangs {TEST}, in its call:\n\n{one}" in said
    assert f"It hangs tests/unit/test_hangs.py::test_too[1], in its call:\n\n{two}" in said
    assert said.count("It hangs") == 2, said  # the controller waits for them


def test_while_collecting(project: Path) -> None:
    said = hung(project, "wait.long()\n")
    lines = stack("tests/unit/test_hangs.py:6 in <module>", "src/wait.py:5 in long")
    assert said == f"It hangs while collecting:\n\n{lines}"


@pytest.mark.parametrize("spread", [[], ["-n", "2"]], ids=["plain", "-n 2"])
def test_while_loading_a_conftest(project: Path, spread: list[str]) -> None:
    said = hung(project, SLEEPS, *spread, conftest="import wait\n\nwait.long()\n")
    lines = stack("tests/unit/conftest.py:3 in <module>", "src/wait.py:5 in long")
    assert said.startswith(f"It hangs while collecting:\n\n{lines}")


def test_after_the_last_test(project: Path) -> None:
    said = hung(project, "def test_leaves_a_thread():\n    threading.Thread(target=wait.long).start()\n")
    assert said.startswith("It hangs outside of any test:\n\n"), said
    assert "threading.py" in said
    assert f"Another thread of it:\n\n{stack('src/wait.py:5 in long')}" in said


def test_the_timer_is_the_projects_where_it_uses_it(project: Path) -> None:
    write(project, {"pyproject.toml": SETTINGS + "faulthandler_timeout = 1\n"})
    write(project, {"tests/unit/test_hangs.py": IMPORTS + SLEEPS, "src/wait.py": WAIT})
    run = child.run_suite([], project, 2 * SECONDS, lambda **_: None)
    assert run.output.startswith("What it was doing is not known.")
    assert 'test_hangs.py", line 7 in test_hangs' in run.output  # as pytest has printed it


@pytest.mark.parametrize("method", ["signal", "thread"])
def test_pytest_timeout_ends_a_test_before(project: Path, method: str) -> None:
    beside = Path(sys.prefix) / "beside" / "pytest-timeout"
    if not beside.is_dir():
        pytest.skip("needs `make` to have installed pytest-timeout beside")
    write(project, {"tests/unit/test_hangs.py": IMPORTS + SLEEPS, "src/wait.py": WAIT})
    policy(project, "[coverage]\nminimum = 0\n[suite]\ntimeout_seconds = 60\n")
    write(project, {"pyproject.toml": SETTINGS + f'timeout = 1\ntimeout_method = "{method}"\n'})
    said = session(project, "tests/meta", env={"PYTHONPATH": str(beside)})
    assert said.status == 1
    assert "Timeout" in said.messages[COVERAGE]
    assert "did not end within" not in said.text


@pytest.mark.parametrize("gone", [False, True], ids=["", "without the extra"])
def test_as_the_user_sees_it(project: Path, gone: bool) -> None:
    policy(project, "[suite]\ntimeout_seconds = 4\n")
    write(project, {"tests/unit/test_hangs.py": IMPORTS + SLEEPS, "src/wait.py": WAIT})
    delete_extras(project, *(["hung_tests"] if gone else []))
    message = session(project, "tests/meta").messages[COVERAGE]
    line = f"The suite did not end within 4 s and was stopped while running {TEST}; 0 of 6 tests had ended."
    lines = stack("tests/unit/test_hangs.py:7 in test_hangs", "src/wait.py:5 in long")
    hangs = f"It hangs {TEST}, in its call:\n\n{lines}"
    assert line in message, message
    assert ("Ways out of this: tests/meta/README.md" if gone else hangs) in message
    assert (hangs in message) is not gone
    assert "\n\nThe last lines of its output:\n\n    ====" in message


FRAMES = """Timeout (0:00:05)!
Thread 0x00007f01 (most recent call first):
  File "/shop/src/worker.py", line 3 in work
  File "/usr/lib/python3.11/threading.py", line 975 in run

Thread 0x00007f00 [main] (most recent call first):
  <no Python frame>
  File "/shop/.venv/lib/python3.11/site-packages/tenacity/nap.py", line 31 in sleep
"""


def test_other_threads_come_after_the_main_one_with_the_projects_frames() -> None:
    text = FRAMES + "".join(f'  File "/shop/src/deep.py", line {number} in again\n' for number in range(30))
    text += '  File "/shop/tests/meta/meta_regime/recorder.py", line 1 in hook\n  File "x", line ??? in ???\n'
    said, runs = in_short(text, Path("/shop"), [])
    shown = stack(*(f"src/deep.py:{number} in again" for number in reversed(range(11))), "tenacity/nap.py:31 in sleep")
    other = stack("src/worker.py:3 in work")
    assert said == f"It hangs outside of any test:\n\n{shown}\n\nAnother thread of it:\n\n{other}"
    assert not runs


@pytest.mark.parametrize("text", ["", "Timeout (0:00:05)!\n", "Thread 0x1 (most recent", "nonsense \x00 \ufffd"])
def test_a_stack_that_was_not_written_whole_says_nothing(text: str) -> None:
    assert in_short(text, Path("/shop"), []) == ("", False)
