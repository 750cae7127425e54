"""Sessions killed at random moments leave no process, no half-written state, and the next session says what is true."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.baking import scrubbed_environment
from tests.processes import MARK, processes_marked, wait_until
from tests.sample import GREEN, policy, session, write

TYPED = {
    "a session": ["--cov=src/shop"],
    "a session under xdist": ["--cov=src/shop", "-n", "2"],
    "a child run": ["tests/meta", "--meta-fresh"],
    "a shard": ["--cov=src/shop", "--meta-record=shards/1.jsonl"],
}
MOMENTS = 5  # of each
LONGEST_SECONDS = 2.0  # an undisturbed session takes about as long
SLEEPS = """\
import time

import pytest


@pytest.mark.parametrize("number", range(20))
def test_sleeps(number):
    time.sleep(0.02)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("moment", range(MOMENTS))
@pytest.mark.parametrize("name", TYPED)
def test_after_a_kill_nothing_is_left_and_the_next_run_is_right(name: str, moment: int, project: Path) -> None:
    policy(project, "[coverage]\nminimum = 75\n")
    write(project, {"tests/unit/test_sleeps.py": SLEEPS})
    moments = random.Random(f"{name} {moment}")  # the same ones in every run of this test
    seconds = LONGEST_SECONDS * (moment + moments.random()) / MOMENTS
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *TYPED[name]],
        cwd=project,
        env=scrubbed_environment({MARK: str(project)}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert wait_until(lambda: processes_marked(str(project)) == []), processes_marked(str(project))
    states = [path for folder in (".pytest_cache", "shards") for path in (project / folder).rglob("*.jsonl")]
    for state in states:
        assert state.read_bytes().splitlines()[-1].startswith(b'["checksum"'), state  # whole, or not there
    for typed in (["--cov=src/shop"], ["tests/meta"]):
        said = session(project, *typed)
        assert (said.status, said.verdicts) == (0, GREEN), said.text
        assert "Total coverage is 75.00 %" in said.text
        assert "25 tests ==" in said.text
