"""The projects that are judged: a small suite with one test of a known length, and one that can be slowed down."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from real.workshop import add_loader, bake, put
from tests.baking import ROOT

PLUGINS = ("pytest-fail-slow==0.6.0", "pytest-durations==1.10.0")
BESIDE = ROOT / "build" / "detection"
LIMIT = 0.4  # seconds
WORK = '''\
"""What the tests call: ways to take a number of seconds."""

import socket
import subprocess
import sys
import threading
import time


def pause(seconds):
    """Sleep."""
    time.sleep(seconds)


def compute(seconds):
    """Burn so many CPU seconds."""
    end, total = time.thread_time() + seconds, 0
    while time.thread_time() < end:
        for number in range(500):
            total += number * number % 7
    return total


def fetch(seconds):
    """Wait for the answer of a slow server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, seconds)).start()
        with socket.create_connection(listener.getsockname()) as connection:
            connection.sendall(b"?")
            return connection.recv(100)


def _serve(listener, seconds):
    connection, _ = listener.accept()
    with connection:
        connection.recv(1)
        time.sleep(seconds)
        connection.sendall(b"!")


def idle_tool(seconds):
    """Wait for a program that waits."""
    subprocess.run([sys.executable, "-I", "-S", "-c", f"import time; time.sleep({seconds})"], check=True)


def busy_tool(seconds):
    """Wait for a program that computes for so many CPU seconds, its start-up included."""
    text = f"import time\\nwhile time.process_time() < {seconds}: pass"
    subprocess.run([sys.executable, "-I", "-S", "-c", text], check=True)
'''
# What a kind of test calls, whether that is in a fixture of the module, and what the right cause is called.
KINDS = {
    "sleep": ("pause", False),
    "CPU": ("compute", False),
    "socket": ("fetch", False),
    "subprocess that sleeps": ("idle_tool", False),
    "subprocess that computes": ("busy_tool", False),
    "module fixture": ("pause", True),
}
_IN_A_TEST = """\
from synthetic import work


def test_planted():
    work.{call}({seconds})
"""
_IN_A_FIXTURE = """\
import pytest

from synthetic import work


@pytest.fixture(scope="module")
def table():
    work.{call}({seconds})
    return [1, 2, 3]


def test_planted(table):
    assert len(table) == 3


def test_sum(table):
    assert sum(table) == 6
"""
_OTHERS = """\
import pytest

from synthetic import work


@pytest.mark.parametrize("number", range(5))
def test_adding(number):
    assert number + 1 > number


@pytest.mark.parametrize("number", range(3))
def test_computing(number):
    work.compute(0.01 * number)


@pytest.mark.parametrize("number", range(3))
def test_waiting(number):
    work.pause(0.02 * number)
"""
# What pytest-fail-slow says of a phase is written down and taken back: it would be a failure of the suite, which the
# other judge had to consider.
_CONFTEST = """
import os

import pytest

WHERE = "" if "META_TESTS_CHILD" in os.environ else os.environ.get("DETECTION_FAIL_SLOW", "")


def pytest_configure(config):
    runs_tests = hasattr(config, "workerinput") or not config.option.numprocesses
    if WHERE and runs_tests:
        config.option.fail_slow = config.option.fail_slow_setup = {limit}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if WHERE and report.failed and "passed but took too long to run" in str(report.longrepr):
        report.outcome, report.longrepr = "passed", None
        if "tests/meta/" not in item.nodeid:  # our verdicts take as long as it takes to run a suspect again
            with open(WHERE, "a") as file:
                file.write(f"{{call.duration:.4f}} {{item.nodeid}}\\n")
    return report
"""
_SLOWED = """\
import os

import pytest

from synthetic import work

HOW, MORE = os.environ.get("DETECTION_SLOWER", "nothing at 0").split(" at ")  # as in "all pause at 0.01"


@pytest.fixture(autouse=True)
def slower():
    if HOW.startswith("all"):
        getattr(work, HOW.split()[1])(float(MORE))


@pytest.mark.parametrize("number", range(20))
def test_computing(number):
    work.compute(0.03 + 0.005 * (number % 5))


@pytest.mark.parametrize("number", range(20))
def test_waiting(number):
    work.pause(0.03 + 0.01 * (number % 5))


@pytest.mark.parametrize("number", range(4))
def test_tool(number):
    (work.idle_tool if number % 2 else work.busy_tool)(0.06)


def test_one():
    work.pause(0.1)
    if HOW.startswith("one"):
        getattr(work, HOW.split()[1])(float(MORE))
"""
SLOWED_TESTS = 45
SLOWED_SECONDS = 20 * 0.04 + 20 * 0.05 + 4 * 0.07 + 0.1  # of all tests together, on an idle machine
SLOWER = ("one pause", "all pause", "one compute", "all compute")


def plugins_folder() -> Path:
    """Give a folder with the plugins that we compare with, one below it for each: installed, they would always load."""
    for pin in PLUGINS:
        folder = BESIDE / pin
        if not (folder / "installed").exists():
            shutil.rmtree(folder, ignore_errors=True)
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            subprocess.run([*command, "--target", folder, pin], check=True)
            (folder / "installed").touch()
    return BESIDE


def plugin_path(name: str) -> Path:
    """Give what has to be on PYTHONPATH for a plugin to load."""
    return plugins_folder() / next(pin for pin in PLUGINS if pin.startswith(f"{name}=="))


def made_project(folder: Path, tests: dict[str, str]) -> Path:
    """Write a project with these test files, and bake the regime onto it, with thresholds that are out of the way."""
    (folder / "synthetic").mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\ntestpaths = ["tests"]\npythonpath = ["."]\n'
        'asyncio_default_fixture_loop_scope = "function"\n',
        encoding="utf-8",
    )
    (folder / "synthetic" / "__init__.py").write_text("", encoding="utf-8")
    (folder / "synthetic" / "work.py").write_text(WORK, encoding="utf-8")
    for name, text in tests.items():
        (folder / "tests" / name).write_text(text, encoding="utf-8")
    answers = {"package_name": "synthetic", "suite_seconds": "3600", "slow_test_seconds": "60", "ci": "none"}
    bake(ROOT, folder, folder.parent, **answers)
    add_loader(folder)
    policy = folder / "tests" / "meta" / "policy.toml"
    policy.write_text(re.sub(r"(minimum|module_floor) = [\d.]+", r"\1 = 0.0", policy.read_text("utf-8")), "utf-8")
    return folder


def suite_with_one(folder: Path) -> Path:
    """Make the project whose file `tests/test_planted.py` is written before each session."""
    made_project(folder, {"conftest.py": _CONFTEST.format(limit=LIMIT), "test_others.py": _OTHERS})
    put(folder / "tests" / "meta" / "policy.toml", "limit_seconds", str(LIMIT))
    return folder


def plant(folder: Path, kind: str, seconds: float) -> str:
    """Write the test of a kind that owns so many seconds; give what an accusation has to name."""
    call, fixture = KINDS[kind]
    text = (_IN_A_FIXTURE if fixture else _IN_A_TEST).format(call=call, seconds=round(seconds, 3))
    (folder / "tests" / "test_planted.py").write_text(text, encoding="utf-8")
    for stale in (folder / "tests" / "__pycache__").glob("test_planted.*"):
        stale.unlink()
    return f"tests/test_planted.py::{'table [module fixture]' if fixture else 'test_planted'}"


def suite_to_slow_down(folder: Path) -> Path:
    """Make the project whose suite can be slowed down, by the environment variable DETECTION_SLOWER."""
    return made_project(folder, {"test_slowed.py": _SLOWED})


def slower_by(how: str, share: float) -> str:
    """Give the value of DETECTION_SLOWER that makes the tests together slower by a share of their seconds."""
    seconds = share * SLOWED_SECONDS
    return f"{how} at {seconds / (SLOWED_TESTS if how.startswith('all') else 1):.4f}"
