"""`virtual_time` under the waits of libraries that retry: each comes out as it was asked for, and costs nothing."""

from __future__ import annotations

import asyncio
import importlib
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from meta_regime.fixtures.clock import VirtualClock, virtual_time
from meta_regime.stopwatch import Clocks

tenacity: Any = importlib.import_module("tenacity")
stamina: Any = importlib.import_module("stamina")
backoff: Any = importlib.import_module("backoff")
retrying: Any = importlib.import_module("retrying")
redis: Any = importlib.import_module("redis")
requests: Any = importlib.import_module("requests")
urllib3: Any = importlib.import_module("urllib3")
WAITS = [1.0, 2.0, 4.0, 8.0]
DOUBLING = {"wait": tenacity.wait_exponential(), "stop": tenacity.stop_after_attempt(5), "reraise": True}
STAMINA = {"on": OSError, "attempts": 5, "wait_initial": 1, "wait_max": 60, "wait_jitter": 0, "timeout": None}


def fails(*_: object) -> None:
    raise ConnectionError


async def fails_async() -> None:
    await asyncio.sleep(0)
    raise ConnectionError


def refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def with_requests() -> None:
    session = requests.Session()
    retries = urllib3.util.retry.Retry(total=5, backoff_factor=0.5)  # none before the first, then 1, 2, 4, 8
    session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retries))
    with session:
        session.get(f"http://127.0.0.1:{refused_port()}/")


def with_redis() -> None:
    retry = redis.retry.Retry(redis.backoff.ExponentialBackoff(cap=60, base=0.5), 4)
    redis.Redis(host="127.0.0.1", port=refused_port(), retry=retry).ping()


async def with_tenacity_in_a_loop() -> None:
    async for attempt in tenacity.AsyncRetrying(**DOUBLING):
        with attempt:
            await fails_async()


SYNC: dict[str, tuple[Callable[[], Any], list[float]]] = {
    "tenacity": (tenacity.retry(**DOUBLING)(fails), WAITS),
    "stamina": (stamina.retry(**STAMINA)(fails), WAITS),
    "backoff": (backoff.on_exception(backoff.expo, OSError, max_tries=5, jitter=None)(fails), WAITS),
    "retrying": (retrying.retry(wait_exponential_multiplier=500, stop_max_attempt_number=5)(fails), WAITS),
    "requests": (with_requests, WAITS),
    "redis": (with_redis, WAITS),
}
ASYNC: dict[str, tuple[Callable[[], Any], list[float]]] = {
    "tenacity": (tenacity.retry(**DOUBLING)(fails_async), WAITS),
    "tenacity's iterator": (with_tenacity_in_a_loop, WAITS),
    "stamina": (stamina.retry(**STAMINA)(fails_async), WAITS),
    "backoff": (backoff.on_exception(backoff.expo, OSError, max_tries=5, jitter=None)(fails_async), WAITS),
}


def check(clock: VirtualClock, waits: list[float], library: str, took: float) -> None:
    assert [sleep.seconds for sleep in clock.sleeps if sleep.seconds] == waits
    assert took == pytest.approx(sum(waits), abs=0.5)
    for sleep in clock.sleeps:
        assert "test_clock_libraries.py:" in sleep.who
        assert sleep.library.startswith(library)


@pytest.mark.parametrize("library", SYNC)
def test_waits(library: str) -> None:
    call, waits = SYNC[library]
    really = Clocks.wall()
    with virtual_time() as clock:
        before = time.monotonic()
        with pytest.raises(Exception, match=r"^(?!virtual)"):
            call()
        took = time.monotonic() - before
    check(clock, waits, {"requests": "urllib3", "stamina": "tenacity"}.get(library, library), took)
    assert Clocks.wall() - really < sum(waits)


@pytest.mark.parametrize("library", ASYNC)
def test_waits_in_a_loop(library: str) -> None:
    call, waits = ASYNC[library]
    really = Clocks.wall()
    with virtual_time() as clock:
        before = time.monotonic()
        with pytest.raises(ConnectionError):
            asyncio.run(call())
        took = time.monotonic() - before
    check(clock, waits, library.partition("'")[0], took)
    assert Clocks.wall() - really < sum(waits)


def test_without_the_clock_they_wait() -> None:
    began = Clocks.wall()
    with pytest.raises(ConnectionError):
        tenacity.retry(wait=tenacity.wait_fixed(0.1), stop=tenacity.stop_after_attempt(3), reraise=True)(fails)()
    assert Clocks.wall() - began >= 0.2


def test_a_retry_with_a_deadline_ends_at_it() -> None:
    call = tenacity.retry(wait=tenacity.wait_fixed(7), stop=tenacity.stop_after_delay(60), reraise=True)(fails)
    with virtual_time() as clock:
        with pytest.raises(ConnectionError):
            call()
        assert len(clock.sleeps) == 9


def test_a_retry_without_an_end_is_stopped() -> None:
    from meta_regime.fixtures.clock import RunawaySleep

    call = tenacity.retry(wait=tenacity.wait_fixed(30))(fails)
    with virtual_time(most_moves=500), pytest.raises(RunawaySleep, match=r"times 30 s, .*, in tenacity/nap.py"):
        call()
