"""Samples of a stack, sorted by what they waited for; and the cure that fits."""

from __future__ import annotations

import pytest
from meta_regime.extras.confirm import wording
from meta_regime.extras.confirm.again import Alone
from meta_regime.extras.confirm.causes import Cause, Frame, Sample, causes_of, kind_of, main_part
from meta_regime.record import FixtureTiming, TestTiming

PY = "/usr/lib/python3.13/"
PACKAGES = "/venv/lib/site-packages/"
RUNNER = Frame("pytest_runtest_call", f"{PACKAGES}_pytest/runner.py", 184)
MINE = Frame("fetch", "/home/me/shop/src/shop/client.py", 12)
TEST = Frame("test_fetch", "/home/me/shop/tests/test_client.py", 5)
SLEEP = Frame("sleep", "", 0)


def in_project(file: str) -> str:
    return file.removeprefix("/home/me/shop/") if file.startswith("/home/me/shop/") else ""


def stdlib(module: str, function: str) -> Frame:
    return Frame(function, f"{PY}{module}.py", 100)


def sample(*below: Frame, seconds: float = 1.0, cpu: float = 0.0, phase: str = "call") -> Sample:
    return Sample(phase, (RUNNER, TEST, MINE, *below), seconds, cpu)


def causes(*samples: Sample, fixtures: dict[tuple[str, str], str] | None = None) -> list[Cause]:
    return causes_of(samples, in_project, fixtures or {})


KINDS = {
    "time.sleep": ("slept", (SLEEP,)),
    "asyncio.sleep": ("slept", (stdlib("asyncio/tasks", "sleep"),)),
    "recv": ("sockets", (Frame("socket.recv", "", 0),)),
    "connect": ("sockets", (stdlib("socket", "create_connection"), Frame("socket.connect", "", 0))),
    "tls": ("sockets", (stdlib("ssl", "read"), Frame("_SSLSocket.read", "", 0))),
    "names": ("sockets", (Frame("getaddrinfo", "", 0),)),
    "select": ("sockets", (stdlib("selectors", "select"), Frame("epoll.poll", "", 0))),
    "asyncio streams": ("sockets", (stdlib("asyncio/tasks", "wait_for"), stdlib("asyncio/streams", "read"))),
    "subprocess.run": ("subprocesses", (stdlib("subprocess", "run"), Frame("waitpid", "", 0))),
    "communicate": ("subprocesses", (stdlib("subprocess", "_communicate"), stdlib("selectors", "select"))),
    "a process with a time-out": ("subprocesses", (stdlib("subprocess", "_wait"), SLEEP)),
    "asyncio's process": ("subprocesses", (stdlib("asyncio/subprocess", "wait"),)),
    "os.waitpid": ("subprocesses", (Frame("waitpid", "", 0),)),
    "os.system": ("subprocesses", (Frame("system", "", 0),)),
    "another process": ("subprocesses", (stdlib("multiprocessing/process", "join"), Frame("waitpid", "", 0))),
    "lock": ("locks", (Frame("lock.acquire", "", 0),)),
    "join, Python 3.13": ("locks", (Frame("_ThreadHandle.join", "", 0),)),
    "queue": ("locks", (stdlib("queue", "get"), stdlib("threading", "wait"), Frame("lock.acquire", "", 0))),
    "future": ("locks", (stdlib("concurrent/futures/_base", "result"), stdlib("threading", "wait"))),
    "asyncio.Event": ("locks", (stdlib("asyncio/tasks", "wait_for"), stdlib("asyncio/locks", "wait"))),
    "asyncio.to_thread": ("locks", (stdlib("asyncio/threads", "to_thread"),)),
    "sqlite": ("waited", (Frame("Connection.execute", "", 0),)),
    "a module named like one of Python's": ("waited", (Frame("get", f"{PACKAGES}notqueue.py", 1),)),
    "nothing below": ("waited", ()),
    "on Windows": ("subprocesses", (Frame("run", "C:\\Python\\Lib\\subprocess.py", 1),)),
}


@pytest.mark.parametrize("name", KINDS)
def test_kinds_of_waiting(name: str) -> None:
    kind, below = KINDS[name]
    assert kind_of(below) == kind


def test_what_uses_the_cpu_computes_whatever_it_calls() -> None:
    (cause,) = causes(sample(SLEEP, cpu=0.6))
    assert cause.kind == "computed"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("tenacity/nap.py", "tenacity"),
        ("stamina/_core.py", "stamina"),
        ("backoff/_sync.py", "backoff"),
        ("retrying.py", "retrying"),
        ("urllib3/util/retry.py", "urllib3"),
        ("botocore/endpoint.py", "botocore"),
        ("google/api_core/retry/retry_unary.py", "google/api_core"),
        ("openai/_base_client.py", "openai"),
        ("aiohttp_retry/client.py", "aiohttp_retry"),
    ],
)
def test_a_sleep_below_a_retry_library_is_a_retry(file: str, name: str) -> None:
    (cause,) = causes(sample(Frame("call", f"{PACKAGES}{file}", 31), SLEEP))
    assert cause[:5] == ("retried", 1.0, "src/shop/client.py:12", f"{file}:31", "call")
    assert cause.retried == name


def test_a_sleep_of_the_projects_own_below_a_retry_library_is_a_sleep() -> None:
    nap = Frame("call", f"{PACKAGES}tenacity/nap.py", 31)
    (cause,) = causes(Sample("call", (RUNNER, TEST, nap, MINE, SLEEP), 1.0, 0.0))
    assert (cause.kind, cause.where, cause.library) == ("slept", "src/shop/client.py:12", "time.sleep")


def test_the_line_is_the_one_that_took_longest() -> None:
    other = MINE._replace(line=20)
    rows = causes(sample(SLEEP), Sample("call", (RUNNER, TEST, other, SLEEP), 2.0, 0.0), sample(seconds=0.5, cpu=0.5))
    assert [(row.kind, row.seconds, row.where) for row in rows] == [
        ("slept", 3.0, "src/shop/client.py:20"),
        ("computed", 0.5, "src/shop/client.py:12"),
    ]


def test_fixtures_are_named() -> None:
    made = Frame("_make", "/home/me/shop/tests/conftest.py", 3)
    (cause,) = causes(
        Sample("set-up", (RUNNER, made, MINE, SLEEP), 1.0, 0.0),
        fixtures={("_make", "/home/me/shop/tests/conftest.py"): "client"},
    )
    assert (cause.phase, cause.fixture) == ("set-up", "client")


def test_what_has_no_line_of_the_project_has_one_of_a_library() -> None:
    (cause,) = causes(Sample("set-up", (RUNNER, SLEEP), 1.0, 0.0))
    assert (cause.where, cause.library) == ("", "_pytest/runner.py:184")
    assert causes() == []


def cause(kind: str, seconds: float, where: str, **more: str) -> Cause:
    return Cause(kind, seconds, where, "time.sleep", "call", more.get("fixture", ""), more.get("retried", ""))


def test_the_main_part_is_of_one_kind_in_one_file() -> None:
    rows = [cause("slept", 2, "a.py:1"), cause("slept", 1, "b.py:1"), cause("retried", 1, "a.py:1")]
    assert main_part(rows) == []
    assert main_part([*rows, cause("slept", 9, "a.py:9")]) == [rows[0], cause("slept", 9, "a.py:9")]
    assert main_part([cause("computed", 1, "a.py:1"), cause("computed", 1, "b.py:1")])  # wherever that is
    assert main_part([]) == []


def test_a_workflow_is_many_things_even_if_one_of_them_is_more_than_half() -> None:
    rows = [
        cause("slept", 1.2, "agent.py:58"),
        cause("retried", 0.4, "breaker.py:48"),
        cause("slept", 0.3, "wait.py:3"),
    ]
    assert main_part(rows) == []
    assert main_part(rows[:2]) == rows[:1]


def said(*rows: Cause, owned: float = 10.0, **more: str) -> str:
    row = TestTiming("tests/test_a.py::test_a", 0.0, owned, 0.0, 0.0, "passed", cpu=0.1)
    return wording.explained(row, Alone(row=row, causes=rows, breaker=more.get("breaker", "")))


def test_both_times_the_causes_and_the_cure() -> None:
    text = said(cause("retried", 9.5, "src/shop/a.py:3", retried="tenacity"), cause("computed", 0.5, "src/shop/a.py:9"))
    assert text == (
        "tests/test_a.py::test_a took 10.00 s, alone 10.00 s.\n"
        "    9.50 s waited before another attempt, as tenacity does (time.sleep) at src/shop/a.py:3, in the call\n"
        "    0.50 s computed (time.sleep) at src/shop/a.py:9, in the call\n"
        "Take the fixture `fast_retry_config` (one attempt), or `mocked_retry` (all attempts, no waiting).\n"
        "tests/meta/README.md#slow-retries"
    )


CURES = {
    "retried": "`mocked_retry` (all attempts, no waiting).\ntests/meta/README.md#slow-retries",
    "slept": "sleeping then moves the time and costs nothing.\ntests/meta/README.md#slow-sleeps",
    "sockets": "README.md#slow-sockets",
    "subprocesses": "keep one test of the real program.\ntests/meta/README.md#slow-subprocesses",
    "locks": "README.md#slow-locks",
    "waited": "Put a stand-in",
    "computed": "README.md#slow-computing",
}


@pytest.mark.parametrize("kind", CURES)
def test_the_cure_that_fits(kind: str) -> None:
    assert CURES[kind] in said(cause(kind, 10, "src/a.py:1"))


def test_no_fixture_is_named_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    slept, retried = cause("slept", 10, "src/a.py:1"), cause("retried", 10, "src/a.py:1", retried="tenacity")
    assert "`virtual_clock`" in said(slept)
    assert "`fast_retry_config`" in said(retried)
    monkeypatch.setattr(wording, "_KIT", False)
    assert "replace it in the test.\ntests/meta/README.md#slow-sleeps" in said(slept)
    assert 'monkeypatch.setattr(function.retry, "wait", tenacity.wait_none()).' in said(retried)
    unknown = said(cause("retried", 10, "src/a.py:1"))
    assert "one attempt, or with no back-off.\ntests/meta/README.md#slow-retries" in unknown


def test_a_workflow_is_to_be_split() -> None:
    text = said(cause("slept", 4, "src/a.py:1"), cause("retried", 3, "src/b.py:1"), cause("sockets", 3, "src/c.py:1"))
    assert "keep one short test of the whole.\ntests/meta/README.md#slow-workflows" in text


def test_a_sleep_in_the_test_may_wait_for_a_breaker() -> None:
    in_the_test, elsewhere = cause("slept", 10, "tests/test_a.py:3"), cause("slept", 10, "src/a.py:3")
    assert "until pybreaker lets calls through again" in said(in_the_test, breaker="pybreaker")
    assert "pybreaker" not in said(elsewhere, breaker="pybreaker")
    assert "breaker" not in said(in_the_test)


def test_a_fixture_is_to_be_shared() -> None:
    row = FixtureTiming("db", "module", "tests/test_a.py", 10.0, 0.0, 0.0)
    found = Alone(row=row, causes=(cause("subprocesses", 10, "tests/test_a.py:1", fixture="db"),))
    assert 'scope="session").\ntests/meta/README.md#slow-fixtures' in wording.explained(row, found)
    shared = row._replace(scope="session")
    assert "slow-fixtures" not in wording.explained(shared, found._replace(row=shared))


def test_what_the_watching_or_a_crowd_has_added_is_taken_off() -> None:
    text = said(cause("computed", 20, "src/a.py:1"), cause("slept", 4, "src/a.py:2"))
    assert "6.00 s computed" in text
    assert "4.00 s slept" in text


@pytest.mark.parametrize("trouble", ["pyinstrument is not installed", "pyinstrument failed: KeyError('x')", ""])
def test_without_a_profile_the_account_is_told(trouble: str) -> None:
    row = TestTiming("tests/test_a.py::test_a", 0.0, 10.0, 0.0, 0.0, "passed", cpu=1.0)
    text = wording.explained(row, Alone(row=row, trouble=trouble, children=7.0))
    assert "It computed for 1.00 s and waited for 9.00 s; its child processes computed 7.00 s" in text
    assert ("pip install pyinstrument" in text) == ("not installed" in trouble)
    assert ("KeyError" in text) == ("KeyError" in trouble)
