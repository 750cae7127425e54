"""The kit's fixtures in real sessions: alone and together, in any order, under xdist, in classes of unittest."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.baking import ROOT

META = ROOT / "{{cookiecutter.project_slug}}" / "tests" / "meta"
LOADER = """\
import pathlib, sys

sys.path.append(str(pathlib.Path(__file__).parent / "meta"))
from meta_regime.plugin import *  # hooks and fixtures
"""
SERVICE = """\
import time

import pybreaker
import tenacity

breaker = pybreaker.CircuitBreaker(fail_max=10, reset_timeout=60, name="bank")
calls = []


@breaker
@tenacity.retry(stop=tenacity.stop_after_attempt(4), wait=tenacity.wait_fixed(30), reraise=True)
def pay(works_at=None):
    calls.append(1)
    if len(calls) != works_at:
        raise ConnectionError("the bank is down")


def polls(seconds):
    for _ in range(3):
        time.sleep(seconds)
"""
HEAD = """\
import time

import pybreaker
import pytest
from service import breaker, calls, pay, polls


@pytest.fixture(autouse=True)
def none_yet():
    calls.clear()


"""
NAMES = ["fast_resilience_config", "fast_retry_config", "mocked_retry", "virtual_clock"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(META, tmp_path / "tests" / "meta", ignore=shutil.ignore_patterns("__pycache__", "policy.toml"))
    (tmp_path / "tests" / "meta" / "policy.toml").write_text("")
    (tmp_path / "tests" / "conftest.py").write_text(LOADER)
    (tmp_path / "service.py").write_text(SERVICE)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\npythonpath = .\ntestpaths = tests\naddopts = --strict-markers --strict-config\n"
        "asyncio_default_fixture_loop_scope = function\nfilterwarnings = error\n"
    )
    return tmp_path


def session(project: Path, tests: str, *arguments: str) -> tuple[int, str]:
    """Run tests in the project; give pytest's exit status and what it printed."""
    (project / "tests" / "test_it.py").write_text(HEAD + tests)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", "--no-meta", *arguments]
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout + done.stderr


def passes(project: Path, tests: str, *arguments: str) -> str:
    status, text = session(project, tests, *arguments)
    assert status == 0, text
    return text


class TestRetryFixtures:
    def test_one_attempt_without_a_marker_more_with_one(self, project: Path) -> None:
        passes(
            project,
            "def test_one(fast_retry_config):\n    pytest.raises(ConnectionError, pay)\n"
            "    assert len(calls) == 1\n\n\n"
            "@pytest.mark.retry_attempts(3)\ndef test_three(fast_retry_config):\n"
            "    pytest.raises(ConnectionError, pay)\n    assert len(calls) == 3\n"
            "    assert fast_retry_config.waits == [30, 30]\n",
        )

    def test_all_attempts_and_their_waits(self, project: Path) -> None:
        passes(
            project,
            "def test_all(mocked_retry):\n    pytest.raises(ConnectionError, pay)\n    assert len(calls) == 4\n"
            "    assert mocked_retry.waits == [30, 30, 30]\n\n\n"
            "@pytest.mark.retry_attempts(2)\ndef test_two(mocked_retry):\n"
            "    pytest.raises(ConnectionError, pay)\n    assert mocked_retry.waits == [30]\n",
        )

    @pytest.mark.parametrize("given", ["", "0", "True", "1, 2", "'3'", "attempts=3", "2.0"])
    def test_a_marker_that_is_no_number_fails_the_test_and_says_what_would_be_right(
        self, project: Path, given: str
    ) -> None:
        status, text = session(project, f"@pytest.mark.retry_attempts({given})\ndef test_it(fast_retry_config): ...\n")
        assert status == 1
        assert "it takes one whole number of attempts, counting the first, of 1 or more" in text
        assert "as in @pytest.mark.retry_attempts(3)" in text
        assert "Traceback" not in text

    def test_without_the_fixture_nothing_is_changed(self, project: Path) -> None:
        text = "def test_it():\n    pay.retry.sleep = calls.append\n    pytest.raises(ConnectionError, pay)\n"
        passes(project, text + "    assert calls == [1, 30, 1, 30, 1, 30, 1]\n")


class TestBreakerFixture:
    def test_breakers_open_after_three_failures_and_recover_at_once(self, project: Path) -> None:
        passes(
            project,
            "def test_it(fast_resilience_config, fast_retry_config):\n"
            "    for error in (ConnectionError, ConnectionError, pybreaker.CircuitBreakerError):\n"
            "        pytest.raises(error, pay)\n    assert breaker.current_state == 'open'\n"
            "    time.sleep(0.06)\n    pay(works_at=len(calls) + 1)\n    assert breaker.current_state == 'closed'\n",
        )

    def test_the_policy_sets_both(self, project: Path) -> None:
        (project / "tests" / "meta" / "policy.toml").write_text(
            "[fast_tests]\nbreaker_failures = 2\nbreaker_seconds = 0.2\n"
        )
        passes(
            project,
            "def test_it(fast_resilience_config, fast_retry_config):\n    pytest.raises(ConnectionError, pay)\n"
            "    pytest.raises(pybreaker.CircuitBreakerError, pay)\n    assert breaker.reset_timeout == 0.2\n",
        )

    def test_a_wrong_policy_fails_the_test_in_words(self, project: Path) -> None:
        (project / "tests" / "meta" / "policy.toml").write_text("[fast_tests]\nbreaker_failures = 0\n")
        status, text = session(project, "def test_it(fast_resilience_config): ...\n")
        assert status == 1
        assert "breaker_failures = 0: must be between 1 and" in text
        assert "Traceback" not in text


class TestTogether:
    def test_in_any_order(self, project: Path) -> None:
        tests = ""
        for number, names in enumerate(itertools.permutations(NAMES)):
            tests += f"def test_{number}({', '.join(names)}):\n"
            tests += "    check(fast_retry_config, mocked_retry, virtual_clock)\n\n\n"
        passes(
            project,
            "def check(fast, mocked, clock):\n    began = time.monotonic()\n    polls(600)\n"
            "    assert 1799 < time.monotonic() - began < 1860\n    pytest.raises(ConnectionError, pay)\n"
            "    assert len(calls) == 1 and mocked.waits == []\n"
            "    pytest.raises(ConnectionError, pay)\n    pytest.raises(pybreaker.CircuitBreakerError, pay)\n"
            "    time.sleep(0.1)\n    pay(works_at=4)\n\n\n" + tests,
        )

    @pytest.mark.parametrize("arguments", [["-n", "2"], ["-p", "randomly"]], ids=["xdist", "randomly"])
    def test_under_xdist_and_in_random_order(self, project: Path, arguments: list[str]) -> None:
        tests = "".join(
            f"def test_{name}_{number}({name}):\n    settings = breaker.fail_max, breaker.reset_timeout\n"
            f"    assert settings == {(3, 0.05) if name == 'fast_resilience_config' else (10, 60)}\n"
            f"    assert breaker.current_state == 'closed'\n    breaker.open()\n\n\n"
            for number in range(5)
            for name in NAMES[:3]
        )
        passes(project, tests, *arguments)

    def test_in_the_classes_of_unittest(self, project: Path) -> None:
        passes(
            project,
            "import unittest\nfrom meta_regime.fixtures import fast_breakers, fast_retries, virtual_time\n\n\n"
            "class TestPay(unittest.TestCase):\n    def test_it(self):\n"
            "        with fast_retries(attempts=2) as retries, fast_breakers(), virtual_time() as clock:\n"
            "            self.assertRaises(ConnectionError, pay)\n            self.assertEqual(retries.waits, [30])\n"
            "            polls(60)\n            self.assertEqual(breaker.fail_max, 3)\n"
            "        self.assertEqual(breaker.fail_max, 10)\n\n"
            "    def test_open(self):\n        breaker.open()\n\n"
            "    def test_then(self):\n        self.assertEqual(breaker.current_state, 'closed')\n",
        )


class TestLeaks:
    LEAKS = (
        "def test_a():\n    breaker.open()\n    breaker.fail_max = 1\n\n\n"
        "def test_b():\n    assert breaker.current_state == 'closed' and breaker.fail_max == 10\n"
    )

    @pytest.mark.parametrize("arguments", [[], ["-n", "2", "--dist", "loadfile"]], ids=["plain", "xdist"])
    def test_what_a_test_leaves_behind_is_put_back_and_named_when_asked(
        self, project: Path, arguments: list[str]
    ) -> None:
        assert "left behind" not in passes(project, self.LEAKS, *arguments)
        text = passes(project, self.LEAKS, "-v", *arguments)
        assert "meta-tests: left behind by tests, and put back" in text
        line = re.search(r"(?m)^tests/test_it.py::test_a: (.*)$", text)
        assert line is not None
        assert "bank" in line[1]
        assert "open" in text
        assert "fail_max" in text

    def test_a_project_can_switch_it_off(self, project: Path) -> None:
        (project / "tests" / "conftest.py").write_text(
            LOADER + "import pytest\n\n\n@pytest.fixture\ndef reset_resilience_state(): ...\n"
        )
        status, text = session(project, self.LEAKS)
        assert status == 1, text

    def test_one_module_can_switch_it_off_for_itself(self, project: Path) -> None:
        (project / "tests" / "test_also.py").write_text(
            "import pytest\nfrom tests.test_it import breaker\n\n\n"
            "@pytest.fixture\ndef reset_resilience_state(): ...\n\n\n"
            "def test_a():\n    breaker.open()\n\n\ndef test_b():\n    assert breaker.current_state == 'open'\n"
            "    breaker.close()\n"
        )
        passes(project, self.LEAKS)

    def test_what_wider_fixtures_do_stays_and_what_a_tests_own_do_goes(self, project: Path) -> None:
        passes(
            project,
            "import pytest\n\n\n@pytest.fixture(scope='module')\ndef tighter():\n    breaker.fail_max = 4\n    yield\n"
            "    assert breaker.fail_max == 4\n    breaker.fail_max = 10\n\n\n"
            "@pytest.fixture\ndef leaking():\n    breaker.open()\n    yield\n    breaker.fail_max = 1\n\n\n"
            "def test_a(leaking, tighter):\n    assert breaker.fail_max == 4 and breaker.current_state == 'open'\n\n\n"
            "def test_b(tighter):\n    assert breaker.fail_max == 4 and breaker.current_state == 'closed'\n\n\n"
            "class TestC:\n    def setup_method(self):\n        breaker.open()\n\n"
            "    def test_c(self, reset_resilience_state):\n        assert breaker.current_state == 'open'\n"
            "        breaker.close()\n\n\n"
            "def test_d():\n    assert breaker.fail_max == 4 and breaker.current_state == 'closed'\n",
        )

    def test_of_a_test_that_is_run_again_and_of_one_that_fails(self, project: Path) -> None:
        (project / "tests" / "conftest.py").write_text(
            LOADER + "from _pytest.runner import runtestprotocol\n\n\ndef pytest_runtest_protocol(item, nextitem):\n"
            "    runtestprotocol(item, nextitem=nextitem, log=False)\n"
        )
        passes(
            project,
            "def test_a():\n    assert breaker.current_state == 'closed'\n    breaker.open()\n\n\n"
            "def test_b():\n    assert breaker.current_state == 'closed'\n    breaker.open()\n",
        )
        status, text = session(project, "def test_a():\n    breaker.open()\n    assert False\n\n\n" + self.LEAKS[14:])
        assert (status, "1 failed, 1 passed" in text) == (1, True), text


def test_the_fixtures_are_explained(project: Path) -> None:
    text = passes(project, "def test_it(): ...\n", "--fixtures")
    for name in [*NAMES, "reset_resilience_state"]:
        assert re.search(rf"(?m)^{name} -- tests/meta/meta_regime/fixtures/plugin.py:\d+\n    \w", text), name


def test_the_kit_may_be_deleted(project: Path) -> None:
    shutil.rmtree(project / "tests" / "meta" / "meta_regime" / "fixtures")
    passes(project, "def test_it(): ...\n")


def test_nothing_is_imported_for_it(project: Path) -> None:
    libraries = "{'stamina', 'botocore', 'aiohttp'} & set(sys.modules)"
    passes(project, f"import sys\n\n\ndef test_it():\n    assert {libraries} == set()\n")
