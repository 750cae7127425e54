"""What `virtual_time` leaves behind: nothing, whatever happened inside, also in random sequences."""

from __future__ import annotations

import asyncio
import datetime
import importlib
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from time import monotonic, sleep
from types import ModuleType
from typing import Any

import freezegun
import pytest
from freezegun import freeze_time
from hypothesis import given, settings
from hypothesis import strategies as st
from meta_regime.fixtures import fast_retries, mocked_retries
from meta_regime.fixtures.clock import RunawaySleep, active, virtual_time

HOUR = 3600


class Real:
    """In a class: the module's names are rebound, as any project's."""

    sleep = staticmethod(time.sleep)


def everything() -> dict[Any, Any]:
    """Every name of every module, and of the classes that the clock takes hold of."""
    trio_clock = importlib.import_module("trio._core._run").SystemClock
    owners: list[Any] = [asyncio.BaseEventLoop, subprocess.Popen, importlib.import_module("uvloop").Loop, trio_clock]
    skipped = ("freezegun", "hypothesis", "tests.", "test_", "meta_regime.fixtures.clock", "pytest", "_pytest")
    owners += [module for name, module in sorted(sys.modules.items()) if module and not name.startswith(skipped)]
    found = {}
    for owner in owners:
        for name, value in list(getattr(owner, "__dict__", {}).items()):
            key = getattr(owner, "__name__", repr(owner)), id(owner), name
            found[key] = id(value)
    return found


def difference(before: dict[Any, Any], after: dict[Any, Any]) -> list[Any]:
    changing = {"_last_timestamp", "_cache", "__warningregistry__"}
    return [
        key
        for key in {*before, *after}
        if before.get(key) != after.get(key) and key[2] not in changing and key in before
    ] + [
        key
        for key in after
        if key not in before and key[0] in ("time", "BaseEventLoop", "Loop", "Popen", "SystemClock")
    ]


@pytest.mark.parametrize("way", ["well", "failing", "leaked freeze", "leaked nested", "runaway"])
def test_everything_is_put_back(way: str) -> None:
    with virtual_time():
        pass  # whatever is loaded late, is loaded
    before, meta_path = everything(), list(sys.meta_path)
    try:
        with virtual_time(most_moves=10):
            assert time.sleep is not Real.sleep
            time.sleep(HOUR)
            if way == "failing":
                _ = 1 / 0
            if way == "runaway":
                while True:
                    time.sleep(1)
            if way.startswith("leaked"):
                freeze_time("2020-01-01").start()
            if way == "leaked nested":
                freeze_time("2021-01-01").start()
    except (ZeroDivisionError, RunawaySleep):
        pass
    assert difference(before, everything()) == []
    assert sys.meta_path == meta_path
    assert freezegun.api.freeze_factories == []
    assert active() is None
    assert datetime.datetime.now().year > 2021


def test_that_comparison_can_fail() -> None:
    before = everything()
    freezer = freeze_time()
    freezer.start()
    try:
        assert {key[2] for key in difference(before, everything())} >= {"time", "monotonic"}
    finally:
        freezer.stop()


# Random sequences. What a project's module may have, is looked at after each of them; everything, after all of them.

WORDS = "virtual virtual freeze tick mocked fast leave sleep own_sleep async advance leaked runaway raise import"
STEPS = st.lists(
    st.tuples(st.sampled_from(WORDS.split()), st.integers(0, 3)),
    max_size=12,
)


def nap(seconds: int, times: int, *, own: bool = False) -> None:
    for _ in range(times):
        (sleep if own else time.sleep)(seconds)


async def naps(seconds: int) -> None:
    await asyncio.wait_for(asyncio.gather(asyncio.sleep(seconds), asyncio.sleep(seconds / 2)), timeout=seconds + 1)


ENTERED: dict[str, Any] = {
    "virtual": lambda number: virtual_time(most_moves=100 + number),
    "freeze": lambda number: freeze_time(f"20{20 + number}-01-01", real_asyncio=True),
    "tick": lambda number: freeze_time(tick=True, real_asyncio=True),
    "mocked": lambda number: mocked_retries(),
    "fast": lambda number: fast_retries(attempts=number + 1),
}
UNDER_A_CLOCK: dict[str, Any] = {  # without one, they would take their time
    "leaked": lambda number: freeze_time("2020-01-01", real_asyncio=True).start(),
    "runaway": lambda number: nap(1, 1000),
    "advance": lambda number: active().advance(number),  # type: ignore[union-attr]
    "async": lambda number: asyncio.run(naps(number)),
    "sleep": lambda number: nap(number, 1),
    "own_sleep": lambda number: nap(number, 1, own=True),
}


def go(steps: list[tuple[str, int]], late: list[str]) -> None:
    """Do what tests do, in blocks that end as `with` ends them."""
    with ExitStack() as blocks:
        ends = []
        for step, number in steps:
            if step in ENTERED:
                ends.append(block := ExitStack())
                blocks.push(block)
                block.enter_context(ENTERED[step](number))
            elif step == "leave" and ends:
                ends.pop().close()
            elif step == "raise":
                raise ZeroDivisionError
            elif step == "import":
                late.append(f"late_{len(late)}")
                sys.modules[late[-1]] = module = ModuleType(late[-1])
                module.__dict__.update(sleep=time.sleep, monotonic=time.monotonic, datetime=datetime.datetime)
            elif step in UNDER_A_CLOCK and active():
                UNDER_A_CLOCK[step](number)


def what_is_seen(late: list[str]) -> dict[str, Any]:
    """Give what a clock replaces, by name, in the modules that matter; which clock is on, and what is frozen."""
    found: dict[str, Any] = {}
    for name, module in ((name, sys.modules[name]) for name in (__name__, "time", *late)):
        for function in ("sleep", "monotonic"):
            value = vars(module).get(function)
            if value is not None and not isinstance(value, ModuleType):
                found[f"{name}.{function}"] = value
    found |= {f"loop.{name}": value for name, value in vars(asyncio.BaseEventLoop).items() if callable(value)}
    found |= {"datetime": datetime.datetime, "active": active(), "frozen": list(freezegun.api.freeze_factories)}
    return found


def wrong(late: list[str], before: dict[str, Any]) -> list[str]:
    """Name what is not as before. A module that was imported since should have the real functions."""
    real = {function: before[f"time.{function}"] for function in ("sleep", "monotonic")}
    after = what_is_seen(late)
    return [name for name, value in after.items() if value != before.get(name, real.get(name.rpartition(".")[2]))]


@pytest.mark.timeout(300)
def test_random_sequences_leave_nothing_behind() -> None:
    # Whatever is loaded late, is loaded; and freezegun by itself leaves a `time.clock` behind.
    go([("freeze", 0), ("leave", 0), ("virtual", 0), ("async", 1), ("mocked", 0), ("fast", 0)], [])
    all_before, before, ran, moved = everything(), what_is_seen([]), 0, 0

    @settings(max_examples=1000, deadline=None, database=None)
    @given(STEPS)
    def check(steps: list[tuple[str, int]]) -> None:
        nonlocal ran, moved
        ran, late = ran + 1, list[str]()
        try:
            with suppress(ZeroDivisionError, RunawaySleep), virtual_time(most_moves=200) as clock:
                go(steps, late)
            with suppress(ZeroDivisionError, RunawaySleep):
                go(steps, late)
            moved += len(clock.sleeps)
            assert wrong(late, before) == []
        finally:
            for name in late:
                del sys.modules[name]

    check()
    assert ran >= 1000
    assert moved > 1000
    assert difference(all_before, everything()) == []


@pytest.mark.parametrize("kept", ["clock", "sleep", "late"])
def test_that_would_find_what_is_left(kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, late = what_is_seen([]), list[str]()
    go([("import", 0)], late)
    if kept == "clock":
        clock = virtual_time()
        clock.__enter__()
        try:
            assert {"active", "time.sleep", f"{__name__}.sleep", "datetime", "frozen"} <= set(wrong(late, before))
        finally:
            clock.__exit__(None, None, None)
    elif kept == "sleep":
        monkeypatch.setattr(time, "sleep", monotonic)
        assert wrong(late, before) == ["time.sleep"]
    else:
        monkeypatch.setattr(sys.modules[late[0]], "sleep", monotonic)
        assert wrong(late, before) == [f"{late[0]}.sleep"]
    monkeypatch.undo()
    assert wrong(late, before) == []
    del sys.modules[late[0]]
