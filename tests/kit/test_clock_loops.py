"""`virtual_time` and event loops: what asyncio does with time, loops that live on, anyio, trio, uvloop."""

from __future__ import annotations

import asyncio
import importlib
import subprocess
import sys
import time
from collections.abc import Coroutine
from typing import Any

import pytest
from freezegun import freeze_time
from meta_regime.fixtures.clock import NotVirtualError, RunawaySleep, VirtualClock, virtual_time
from meta_regime.stopwatch import Clocks

from tests.kit.test_clock_sleeping import META

anyio: Any = importlib.import_module("anyio")
trio: Any = importlib.import_module("trio")
uvloop: Any = importlib.import_module("uvloop")
MockClock: Any = importlib.import_module("trio.testing").MockClock
HOUR = 3600


def passed(main: Coroutine[Any, Any, Any]) -> tuple[Any, float, VirtualClock]:
    """Run it under a clock: what it gives, the virtual seconds that it took, and the clock. It ends soon, really."""
    began = Clocks.wall()
    with virtual_time() as clock:
        before = time.monotonic()
        result = asyncio.run(main)
        took = time.monotonic() - before
    assert Clocks.wall() - began < 60
    return result, took, clock


def test_sleeping() -> None:
    async def main() -> str:
        return await asyncio.sleep(HOUR, "done")

    result, took, clock = passed(main())
    assert (result, took) == ("done", HOUR)
    (sleep,) = clock.sleeps
    assert sleep.seconds == HOUR
    assert sleep.who.endswith(f"test_clock_loops.py:{main.__code__.co_firstlineno + 1}")


def test_gather_takes_as_long_as_the_longest() -> None:
    async def main() -> list[float]:
        return list(await asyncio.gather(*(asyncio.sleep(n, n) for n in (30, 10, 20))))

    result, took, clock = passed(main())
    assert (result, took) == ([30, 10, 20], 30)
    assert [sleep.seconds for sleep in clock.sleeps] == [30, 10, 20]


def test_a_task_group() -> None:
    async def main() -> list[int]:
        order: list[int] = []

        async def after(seconds: int) -> None:
            await asyncio.sleep(seconds)
            order.append(seconds)

        async with asyncio.TaskGroup() as group:
            for seconds in (300, 100, 200):
                group.create_task(after(seconds))
        return order

    assert passed(main())[:2] == ([100, 200, 300], 300)


def test_wait_for() -> None:
    async def main() -> str:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), HOUR)
        return await asyncio.wait_for(asyncio.sleep(HOUR, "in time"), HOUR + 1)

    result, took, clock = passed(main())
    assert (result, took) == ("in time", 2 * HOUR)
    assert [sleep.seconds for sleep in clock.sleeps] == [HOUR]  # a time-out is no sleep


def test_timeout() -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60):
                await asyncio.sleep(HOUR)
        async with asyncio.timeout(60) as scope:
            scope.reschedule(asyncio.get_running_loop().time() + 2 * HOUR)
            await asyncio.sleep(HOUR)

    assert passed(main())[1] == HOUR + 60


def test_call_later_and_call_at() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        began, called, done = loop.time(), [], asyncio.Event()
        loop.call_later(20, lambda: called.append(loop.time() - began))
        loop.call_at(began + 10, lambda: called.append(loop.time() - began))
        loop.call_later(5, called.append, -1.0).cancel()
        loop.call_later(30, done.set)
        await done.wait()
        return called

    result, took, clock = passed(main())
    assert result == pytest.approx([10, 20])
    assert took == 30
    assert clock.sleeps == []


def test_wait_shield_queues_and_conditions() -> None:
    async def main() -> int:
        queue: asyncio.Queue[int] = asyncio.Queue()

        async def produce() -> None:
            await asyncio.sleep(100)
            await queue.put(1)

        tasks = {asyncio.create_task(asyncio.sleep(n)) for n in (10, HOUR)}
        done, pending = await asyncio.wait(tasks, timeout=60)
        assert (len(done), len(pending)) == (1, 1)
        task = asyncio.create_task(produce())
        got = await asyncio.shield(queue.get())
        await task
        (late,) = pending
        late.cancel()
        return got

    assert passed(main())[:2] == (1, 160)


def test_advance_makes_timers_due() -> None:
    async def main() -> None:
        with virtual_time() as clock:
            task = asyncio.create_task(asyncio.sleep(HOUR))
            await asyncio.sleep(0)
            clock.advance(HOUR)
            await task

    assert passed(main())[1] == HOUR


def test_a_clock_inside_a_running_loop_and_timers_that_outlive_it() -> None:
    async def main() -> None:
        loop, began = asyncio.get_running_loop(), Clocks.wall()
        before = asyncio.create_task(asyncio.sleep(0.3))  # of real seconds, so far
        far = loop.call_later(HOUR, lambda: None)
        await asyncio.sleep(0)
        with virtual_time():
            within = loop.call_later(1000.25, lambda: None)
            await asyncio.sleep(1000)
        assert before.done()
        assert within.when() - loop.time() == pytest.approx(0.25, abs=0.2)
        assert far.when() - loop.time() == pytest.approx(HOUR - 1000, abs=60)
        assert vars(loop).keys() == names
        await asyncio.sleep(0.1)  # real again
        assert 0.1 <= Clocks.wall() - began < 60

    async def start() -> None:
        names.update(vars(asyncio.get_running_loop()))
        await main()

    names: set[str] = set()
    asyncio.run(start())


def test_a_loop_that_is_used_before_within_and_after() -> None:
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(asyncio.sleep(0.01))
        before = dict(vars(loop))
        for _ in range(3):
            with virtual_time():
                loop.run_until_complete(asyncio.sleep(HOUR))
        after = dict(vars(loop))
        assert {name for name in before if before[name] is not after[name]} <= {"_ready", "_task_factory", "_thread_id"}
        began = Clocks.wall()
        loop.run_until_complete(asyncio.sleep(0.05))
        assert 0.04 <= Clocks.wall() - began < 60
    finally:
        loop.close()


def test_a_loop_that_runs_away_is_stopped_although_nobody_waits_for_the_task() -> None:
    async def beat() -> None:
        while True:
            await asyncio.sleep(60)

    async def main() -> None:
        task = asyncio.create_task(beat())
        await asyncio.Event().wait()
        await task

    with virtual_time(most_moves=2000), pytest.raises(RunawaySleep) as stopped:
        asyncio.run(main())
    assert f"1000 times 60 s, tests/kit/test_clock_loops.py:{beat.__code__.co_firstlineno + 2}" in str(stopped.value)


def test_timers_that_are_set_again_and_again_run_away_too() -> None:
    async def main() -> None:
        while True:
            try:
                await asyncio.wait_for(asyncio.Event().wait(), 60)
            except TimeoutError:
                continue

    with virtual_time(most_moves=1000), pytest.raises(RunawaySleep, match="set again and again"):
        asyncio.run(main())


def test_a_loop_with_a_time_of_its_own_keeps_it() -> None:
    class Own(asyncio.SelectorEventLoop):
        def time(self) -> float:
            return Clocks.wall()

    with virtual_time() as clock:
        before, began = time.monotonic(), Clocks.wall()
        with asyncio.Runner(loop_factory=Own) as runner:
            runner.run(asyncio.sleep(0.05))
        assert Clocks.wall() - began >= 0.05
        assert time.monotonic() == before
        assert len(clock.sleeps) == 1


def test_after_and_inside_a_freeze_that_left_asyncio_real() -> None:
    with freeze_time("2020-01-01", real_asyncio=True):
        assert passed(asyncio.sleep(HOUR))[1] == HOUR
        began = Clocks.wall()
        asyncio.run(asyncio.sleep(0.05))
        assert 0.04 <= Clocks.wall() - began < 60
    assert passed(asyncio.sleep(HOUR))[1] == HOUR


def test_time_sleep_in_a_coroutine_moves_the_loop_too() -> None:
    async def main() -> None:
        time.sleep(HOUR)
        await asyncio.sleep(HOUR)

    assert passed(main())[1] == 2 * HOUR


# anyio, trio, uvloop


async def anyio_sleeps() -> bool:
    await anyio.sleep(HOUR)
    with anyio.move_on_after(60) as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep, HOUR)
    return bool(scope.cancelled_caught)


def test_anyio_on_asyncio() -> None:
    with virtual_time() as clock:
        before = time.monotonic()
        assert anyio.run(anyio_sleeps, backend="asyncio")
        assert time.monotonic() - before == HOUR + 60
    assert clock.sleeps[0].who.endswith(f"test_clock_loops.py:{anyio_sleeps.__code__.co_firstlineno + 1}")
    assert clock.sleeps[0].library.startswith("anyio/")


def test_trio_is_explained() -> None:
    with virtual_time(), pytest.raises(NotVirtualError, match=r"MockClock\(autojump_threshold=0\)"):
        trio.run(trio.sleep, 1)
    with virtual_time(), pytest.raises(NotVirtualError, match="trio has a clock of its own"):
        anyio.run(anyio_sleeps, backend="trio")
    trio.run(trio.sleep, 0.01)


def test_a_clock_within_trio_is_explained() -> None:
    async def main() -> None:
        with virtual_time():
            pytest.fail("entered")

    with pytest.raises(NotVirtualError, match="trio has a clock of its own"):
        trio.run(main)


def test_trio_with_the_clock_that_is_recommended() -> None:
    async def main() -> float:
        began = trio.current_time()
        await trio.sleep(HOUR)
        return float(trio.current_time() - began)

    with virtual_time():
        assert trio.run(main, clock=MockClock(autojump_threshold=0)) == pytest.approx(HOUR)


async def sets_a_timer() -> None:
    asyncio.get_running_loop().call_later(5, print)


def test_uvloop_is_explained() -> None:
    before = dict(vars(uvloop.Loop))
    with virtual_time(), pytest.raises(NotVirtualError, match="uvloop keeps its timers in C"):
        uvloop.run(asyncio.sleep(1))
    with virtual_time(), pytest.raises(NotVirtualError, match="uvloop"):
        uvloop.run(sets_a_timer())
    assert dict(vars(uvloop.Loop)) == before
    uvloop.run(asyncio.sleep(0.01))


@pytest.mark.parametrize(
    "code",
    [
        "import anyio\n    async def main(): await anyio.sleep(1)\n    anyio.run(main, backend='trio')",
        "import trio\n    trio.run(trio.sleep, 1)",
        "import asyncio, uvloop\n    uvloop.run(asyncio.sleep(1))",
    ],
)
def test_those_that_are_imported_later_are_explained_as_well(code: str) -> None:
    program = f"import sys; sys.path.insert(0, {str(META)!r})\nfrom meta_regime.fixtures.clock import virtual_time\n"
    program += f"assert not {{'trio', 'uvloop'}} & set(sys.modules)\nwith virtual_time():\n    {code}\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert "NotVirtualError: virtual_clock moves the time of asyncio's own event loops" in done.stderr
