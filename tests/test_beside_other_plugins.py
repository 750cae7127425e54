"""Beside plugins that people have, the suite is judged as without them, and violations are red.

The plugins are the real ones. Those that would change every session of our tests are not installed in the venv: `make`
puts each into a folder of its own under .venv/beside, and a session finds those that it names there, by PYTHONPATH.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.baking import BESIDE, ROOT
from tests.sample import COVERAGE, GREEN, SETTINGS, SLOW, VERDICTS, Said, policy, session, write

PINS = (ROOT / "requirements" / "beside.txt").read_text(encoding="utf-8")
VERSIONS = dict(re.findall(r"^pytest-(\w+)==(\S+)$", PINS, re.MULTILINE))

HEALTHY = "[coverage]\nminimum = 75\n"
STRICTER = "[coverage]\nminimum = 76\n[slow_tests]\nlimit_seconds = 0.3\n"
SKIPPED = dict.fromkeys(VERDICTS, "skipped")
FAILED = dict.fromkeys(VERDICTS, "failed")
JUDGED = {"judged": ["--cov=src/shop"], "judged -n 2": ["--cov=src/shop", "-n", "2"]}
CHILD = {"child": ["tests/meta"], "child -n 2": ["tests/meta", "-n", "2"]}
WAYS = {**JUDGED, "child": CHILD["child"]}

HANGS = "import time\n\n\ndef test_hangs():\n    time.sleep(600)\n"
HANGING = "tests/unit/test_hangs.py::test_hangs"
# Half a second of short sleeps: on a crowded machine Linux may take one of them for waiting for a CPU.
SLEEPS = "import time\n\n\ndef test_sleeps():\n    for _ in range(10):\n        time.sleep(0.05)\n"
# Passes at the third attempt; they are counted in a file.
FLAKY = """\
from pathlib import Path


def test_flaky():
    with Path("attempts").open("a+") as attempts:
        attempts.write("x")
    assert len(Path("attempts").read_text()) == 3
"""
GIVEN = """\
import time

from hypothesis import given, settings, strategies as st
from shop import total


@settings(max_examples=20)
@given(st.lists(st.integers()))
def test_any(prices):
    assert total(prices) == sum(prices)
"""
ASYNC = """\
import asyncio

import pytest
import pytest_asyncio


async def wait():
    for _ in range(10):
        await asyncio.sleep(0.05)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def db():
    await wait()
    yield 1


@pytest.mark.asyncio(loop_scope="session")
async def test_db(db):
    assert db


{mark}async def test_waits():
    await wait()
"""


def add(project: Path, settings: str = "", **tests: str) -> None:
    """Give the project settings of plugins, and tests beside its own."""
    files = {f"tests/unit/test_{name}.py": text for name, text in tests.items()}
    write(project, {"pyproject.toml": SETTINGS + settings, **files})


def on_path(*plugins: str) -> str:
    """PYTHONPATH for a session that is to find these plugins, in the versions that are pinned."""
    folders = []
    for name in plugins:
        folders.append(BESIDE / f"pytest-{name}")
        if not (folders[-1] / f"pytest_{name}-{VERSIONS[name]}.dist-info").is_dir():
            missing = f"pytest-{name}=={VERSIONS[name]} is not in .venv/beside"
            pytest.fail(f"{missing}. Type `make test`, which puts it there.", pytrace=False)
    return os.pathsep.join(map(str, folders))


def beside(plugins: str, project: Path, *args: str, **env: str) -> Said:
    """Run a session with these plugins, and make sure that it has them."""
    said = session(project, *args, env={"PYTHONPATH": on_path(*plugins.split()), **env})
    loaded = re.search(r"^plugins: (.*)$", said.text, re.MULTILINE)
    assert loaded, said.text
    assert {f"{name}-{VERSIONS[name]}" for name in plugins.split()} <= set(loaded[1].split(", "))
    return said


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> list[str]:
    """A judged session, the same under xdist, and a measured child run."""
    return WAYS[request.param]


@pytest.fixture
def healthy(project: Path) -> Path:
    policy(project, HEALTHY)
    return project


def test_a_missing_plugin_is_no_skip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "BESIDE", tmp_path)
    with pytest.raises(pytest.fail.Exception, match=r"pytest-split==[\d.]+ is not in \.venv/beside\. Type `make test`"):
        on_path("split")


def test_all_at_once_is_green(healthy: Path, way: list[str]) -> None:
    settings = 'timeout = 60\nasyncio_mode = "auto"\naddopts = "--reruns 2"\n'
    add(healthy, settings, flaky=FLAKY, given=GIVEN, waits=ASYNC.format(mark=""))
    path = os.pathsep.join([on_path(*VERSIONS), str(BESIDE / "hypothesis")])
    said = beside(" ".join(VERSIONS), healthy, *way, PYTHONPATH=path)
    assert (said.status, said.verdicts) == (0, GREEN), said.text
    assert "hypothesis-" in said.text
    assert "Total coverage is 75.00 %" in said.text
    assert re.search(r"meta-tests: .*, 9 tests =", said.text)


class TestTimeout:
    @pytest.fixture(params=["signal", "thread"])
    def method(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    def settings(self, seconds: float, method: str) -> str:
        return f'timeout = {seconds}\ntimeout_method = "{method}"\n'

    def test_a_suite_within_its_limits_is_green(self, healthy: Path, way: list[str], method: str) -> None:
        add(healthy, self.settings(60, method))
        said = beside("timeout", healthy, *way)
        assert (said.status, said.verdicts) == (0, GREEN), said.text

    @pytest.mark.parametrize("args", JUDGED.values(), ids=JUDGED)
    def test_a_test_that_is_stopped_by_a_signal_is_a_failed_test(self, healthy: Path, args: list[str]) -> None:
        add(healthy, self.settings(1, "signal"), hangs=HANGS)
        said = beside("timeout", healthy, *args)
        assert (said.status, said.outcomes["test_hangs"]) == (1, "failed"), said.text
        assert said.text.count("1 test of the suite failed.") == len(VERDICTS)

    def test_a_session_that_is_ended_by_a_thread_gives_no_verdict(self, healthy: Path) -> None:
        add(healthy, self.settings(1, "thread"), hangs=HANGS)
        said = beside("timeout", healthy, "--cov=src/shop")
        assert (said.status, said.outcomes) == (1, {}), said.text
        assert "in test_hangs" in said.text
        assert "meta-tests:" not in said.text

    def test_a_worker_that_is_ended_by_a_thread_is_not_judged(self, healthy: Path) -> None:
        add(healthy, self.settings(1, "thread"), hangs=HANGS)
        said = beside("timeout", healthy, "--cov=src/shop", "-n", "2")
        assert (said.status, said.verdicts) == (1, SKIPPED), said.text
        assert f"crashed while running '{HANGING}'" in said.text

    @pytest.mark.parametrize("args", CHILD.values(), ids=CHILD)
    def test_a_hanging_child_run_is_red_and_names_the_test(self, healthy: Path, args: list[str], method: str) -> None:
        add(healthy, self.settings(1, method), hangs=HANGS)
        said = beside("timeout", healthy, *args)
        assert (said.status, said.verdicts) == (1, FAILED), said.text
        assert HANGING in said.messages[COVERAGE]

    def test_a_child_run_may_take_longer_than_one_test(self, healthy: Path) -> None:
        add(healthy, self.settings(2, "signal"), **{f"sleeps_{number}": SLEEPS for number in range(5)})
        said = beside("timeout", healthy, "tests/meta")
        assert (said.status, said.verdicts) == (0, GREEN), said.text

    def test_a_session_that_ran_out_of_time_passes_no_verdict(self, healthy: Path, way: list[str]) -> None:
        add(healthy, "session_timeout = 0.01\n", sleeps=SLEEPS)
        said = beside("timeout", healthy, *way)
        assert said.status != 0, said.text
        assert "passed" not in said.verdicts.values()
        assert "session-timeout: 0.01 sec exceeded" in said.text


class TestRandomly:
    def test_verdicts_come_last_and_coverage_is_the_same(self, healthy: Path, way: list[str]) -> None:
        said = beside("randomly", healthy, *way, "-v")
        assert (said.status, said.verdicts) == (0, GREEN), said.text
        order = [line for line in said.text.splitlines() if "::" in line and " PASSED" in line]
        assert [line for line in order if "tests/meta" in line] == order[-len(VERDICTS) :]
        assert "Total coverage is 75.00 %" in said.text
        assert re.search(r"meta-tests: .*, 5 tests =", said.text)

    def test_violations_are_red(self, project: Path, way: list[str]) -> None:
        policy(project, STRICTER)
        add(project, sleeps=SLEEPS)
        said = beside("randomly", project, *way)
        assert (said.status, said.verdicts) == (1, {**GREEN, COVERAGE: "failed", SLOW: "failed"}), said.text
        assert "tests/unit/test_sleeps.py::test_sleeps" in said.messages[SLOW]

    def test_without_it_typed_is_without_it_in_the_child(self, healthy: Path) -> None:
        names = [f"test_{letter}" for letter in "abcdefghij"]  # 3.6 million orders, of which one is the written one
        tests = (f"def {name}():\n    open('order', 'a').write('{name} ')\n" for name in names)
        add(healthy, order="\n".join(tests))
        assert beside("randomly", healthy, "tests/meta").verdicts == GREEN
        shuffled = (healthy / "order").read_text().split()
        assert sorted(shuffled) == names != shuffled
        (healthy / "order").unlink()
        said = session(healthy, "tests/meta", "-p", "no:randomly", env={"PYTHONPATH": on_path("randomly")})
        assert (said.status, said.verdicts) == (0, GREEN), said.text
        assert (healthy / "order").read_text().split() == names

    def test_a_typed_seed_is_the_childs_seed(self, healthy: Path) -> None:
        add(healthy, drawn="import random\n\ndef test_it():\n    open('drawn', 'a').write(f'{random.random()} ')\n")
        for _ in range(2):
            assert beside("randomly", healthy, "tests/meta", "--meta-fresh", "--randomly-seed=7").verdicts == GREEN
        first, second = (healthy / "drawn").read_text().split()
        assert first == second


class TestRerunfailures:
    SETTINGS = 'addopts = "--reruns 2"\n'

    def test_a_flaky_test_that_passes_at_last_is_judged(self, healthy: Path, way: list[str]) -> None:
        add(healthy, self.SETTINGS, flaky=FLAKY)
        said = beside("rerunfailures", healthy, *way)
        assert (said.status, said.verdicts) == (0, GREEN), said.text
        assert (healthy / "attempts").read_text() == "xxx"
        assert re.search(r"meta-tests: .*, 6 tests =", said.text)

    def test_reruns_typed_for_the_verdicts_are_for_the_child(self, healthy: Path) -> None:
        add(healthy, flaky=FLAKY)
        said = beside("rerunfailures", healthy, "tests/meta", "--reruns", "2")
        assert (said.status, said.verdicts) == (0, GREEN), said.text
        assert (healthy / "attempts").read_text() == "xxx"

    def test_a_test_that_never_passes_is_red(self, healthy: Path) -> None:
        add(healthy, self.SETTINGS, flaky=FLAKY.replace("== 3", "== 9"))
        said = beside("rerunfailures", healthy, "tests/meta")
        assert (said.status, said.verdicts) == (1, FAILED), said.text
        assert (healthy / "attempts").read_text() == "xxx"
        assert "python -m pytest tests/unit/test_flaky.py::test_flaky" in said.messages[COVERAGE]

    @pytest.mark.parametrize("option", ["--reruns 1", "--force-reruns 2"])
    def test_a_red_verdict_is_given_once_with_its_details(self, project: Path, way: list[str], option: str) -> None:
        policy(project, STRICTER)
        add(project, f'addopts = "{option}"\n')
        said = beside("rerunfailures", project, *way)
        assert (said.status, said.verdicts) == (1, {**GREEN, COVERAGE: "failed"}), said.text
        assert "Statements and branches to cover: 1 to the minimum, 2 to the target of 90 %." in said.messages[COVERAGE]
        assert " rerun" not in said.text.splitlines()[-1]


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_async_tests_and_fixtures_are_timed(project: Path, way: list[str], mode: str) -> None:
    policy(project, STRICTER.replace("76", "75"))
    mark = "" if mode == "auto" else "@pytest.mark.asyncio\n"
    add(project, f'asyncio_mode = "{mode}"\n', waits=ASYNC.format(mark=mark))
    said = session(project, *way)
    assert (said.status, said.verdicts) == (1, {**GREEN, SLOW: "failed"}), said.text
    assert "tests/unit/test_waits.py::test_waits" in said.messages[SLOW]
    assert "tests/unit/test_waits.py::db [session fixture]" in said.messages[SLOW]


class TestSplit:
    SHARD = "--splits 2 --group 1"

    @pytest.mark.parametrize("args", JUDGED.values(), ids=JUDGED)
    def test_a_shard_is_not_the_suite(self, healthy: Path, args: list[str]) -> None:
        said = beside("split", healthy, *args, *self.SHARD.split())
        assert (said.status, said.verdicts, len(said.suite)) == (0, SKIPPED, 3), said.text
        assert f"not judged: partial run ({self.SHARD})" in said.messages[COVERAGE]

    def test_a_habit_of_shards_does_not_make_one_the_suite(self, healthy: Path, way: list[str]) -> None:
        add(healthy, f'addopts = "{self.SHARD}"\n')
        said = beside("split", healthy, *way, CI="true")
        assert (said.status, said.verdicts) == (1, FAILED), said.text
        assert f"not judged: partial run ({self.SHARD})" in said.messages[COVERAGE]

    def test_storing_durations_is_no_shard(self, healthy: Path) -> None:
        said = beside("split", healthy, "--cov=src/shop", "--store-durations")
        assert (said.status, said.verdicts) == (0, GREEN), said.text


@pytest.mark.parametrize("slow", [False, True], ids=["green", "red"])
def test_tests_of_hypothesis_are_judged_as_any(project: Path, way: list[str], slow: bool) -> None:
    policy(project, HEALTHY + "[slow_tests]\nlimit_seconds = 1\n")
    text = GIVEN.replace("max_examples=20", "max_examples=5, deadline=None") + "    time.sleep(0.4)\n"
    add(project, given=text if slow else GIVEN)
    said = session(project, *way, "-W", "error", env={"PYTHONPATH": str(BESIDE / "hypothesis")})
    assert (said.status, said.verdicts) == (int(slow), {**GREEN, SLOW: "failed" if slow else "passed"}), said.text
    assert ("tests/unit/test_given.py::test_any" in said.messages.get(SLOW, "")) is slow
    assert re.search(r"meta-tests: .*, 6 tests =", said.text)
