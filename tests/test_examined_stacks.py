"""Samples of a suspect's stack, and what an event loop waits for: by what pyinstrument says, and asyncio."""

from __future__ import annotations

import asyncio
import functools
import importlib
import importlib.util
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace

import pytest
from meta_regime.extras.confirm import examine
from meta_regime.extras.confirm.causes import Frame
from meta_regime.extras.confirm.examine import Sampler
from meta_regime.stopwatch import Clocks


class TestSamples:
    @pytest.fixture
    def installed(self, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
        """A sampler that keeps who has subscribed."""
        made = SimpleNamespace(who=[], asked={})

        def subscribe(who: object, **how: object) -> None:
            made.who.append(who)
            made.asked = how

        stack = SimpleNamespace(subscribe=subscribe, unsubscribe=made.who.remove)
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: "there")
        monkeypatch.setattr(importlib, "import_module", lambda _: SimpleNamespace(get_stack_sampler=lambda: stack))
        return made

    def test_are_taken_between_start_and_stop(
        self, installed: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        at = {"wall": 100.0, "cpu": 1.0, "queued": 0.5}
        for name in ("wall", "cpu", "queued"):
            monkeypatch.setattr(Clocks, name, staticmethod(functools.partial(at.__getitem__, name)))
        sampler = Sampler(wanted=True)
        assert (sampler.began, sampler.trouble, installed.who) == (False, "", [])
        sampler.start("call")
        assert (sampler.began, installed.who) == (True, [sampler._take])
        assert installed.asked == {"desired_interval": 0.01, "use_async_context": False}
        at.update(wall=103.0, cpu=1.5, queued=1.0)
        sampler._take(["f\0a.py\x003\x01l5", "sleep\0<built-in>\x000"], 3.0, None)
        at.update(wall=103.25, queued=2.0)
        sampler._take(["f\0a.py\x003"])
        sampler.stop()
        first, second = sampler.samples
        assert (first.phase, first.seconds, first.cpu) == ("call", 2.5, 0.5)
        assert first.frames == (Frame("f", "a.py", 5), Frame("sleep", "", 0))
        assert (second.seconds, second.cpu, second.frames) == (0.0, 0.0, (Frame("f", "a.py", 3),))
        assert installed.who == []

    def test_none_are_wanted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
        sampler = Sampler(wanted=False)
        sampler.start("call")
        sampler.stop()
        assert (sampler.trouble, sampler.began, sampler.samples) == ("", False, [])

    def test_whatever_goes_wrong_the_test_does_not_feel_it(
        self, installed: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sampler = Sampler(wanted=True)
        sampler.stop()
        assert sampler.trouble.startswith("pyinstrument failed: ValueError(")
        sampler._take(["no frame"])
        assert sampler.trouble.count("failed") == 1  # the first
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
        missing = Sampler(wanted=True)
        missing.start("call")
        assert (missing.trouble, missing.began) == ("pyinstrument is not installed", False)


LOOP = [Frame(name, "asyncio/base_events.py", 1) for name in ("run_forever", "_run_once", "select")]


def seen(main: Callable[[], Awaitable[object]], stack: list[Frame] | None = None) -> list[str]:
    """Give the functions that are told of, while an event loop waits for this."""
    told: list[Frame] = []

    async def around() -> None:
        loop = asyncio.get_running_loop()
        for _ in range(3):  # tasks have begun
            await asyncio.sleep(0)

        def shows() -> None:  # a name that sorts behind those of asyncio
            told.extend(examine._awaited(LOOP if stack is None else stack))

        loop.call_later(0.01, shows)

    async def begin() -> None:
        look = asyncio.ensure_future(around())
        await main()
        await look

    asyncio.run(begin())
    return [frame.function for frame in told]


async def naps() -> None:
    await asyncio.sleep(0.05)


async def generates() -> AsyncIterator[int]:
    await naps()
    yield 1


async def takes() -> None:
    numbers = generates()
    async for _ in numbers:
        pass


async def waits_for_a_task() -> None:
    await asyncio.create_task(naps())


async def gathers() -> None:
    done = asyncio.create_task(asyncio.sleep(0))
    await asyncio.gather(done, naps())


async def has_a_time_limit() -> None:
    await asyncio.wait_for(naps(), 5)


async def waits_for_several() -> None:
    await asyncio.wait([asyncio.create_task(naps())])


async def has_a_group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(naps())


class TestWhatAnEventLoopWaitsFor:
    def test_coroutines_and_generators(self) -> None:
        assert seen(naps) == ["begin", "naps", "sleep"]
        assert seen(takes) == ["begin", "takes", "generates", "naps", "sleep"]

    @pytest.mark.parametrize("main", [waits_for_a_task, gathers, has_a_time_limit, waits_for_several, has_a_group])
    def test_tasks(self, main: Callable[[], Awaitable[object]]) -> None:
        functions = seen(main)
        assert functions[:2] == ["begin", main.__name__]
        assert functions[-2:] == ["naps", "sleep"]

    def test_nothing_where_it_does_not_wait(self) -> None:
        for stack in (
            [],
            LOOP[:2],
            [LOOP[0], LOOP[2]],
            [*LOOP, *LOOP[:1] * 3],
            [LOOP[0]._replace(function="X"), LOOP[2]],
        ):
            assert seen(naps, stack) == []
        assert seen(naps, [*LOOP, *LOOP[:1] * 2])

    def test_nothing_outside_of_one(self) -> None:
        assert [*examine._awaited(LOOP)] == []
