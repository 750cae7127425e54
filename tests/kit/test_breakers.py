"""Circuit breakers under the kit: the same cases for every library, and every way in which it is used."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from typing import Any

import freezegun
import pytest
from meta_regime.fixtures import breakers, fast_breakers, fast_retries

from tests.kit.breaking_code import Broken, asked, opened_after, patched, work
from tests.kit.every_breaker import MISSING, WAYS, every_way

pytestmark = pytest.mark.usefixtures("tracked")


def test_no_library_is_missing() -> None:
    """`make adapters`, where one is installed at a time, leaves this out."""
    assert MISSING == []


@every_way
class TestEveryWay:
    def test_left_alone_it_opens_late_and_stays_open(self, way: Broken) -> None:
        breaker = way.make(10, 60)
        assert opened_after(way, breaker) == 10
        time.sleep(0.06)
        assert way.call(breaker, False) == "refused"

    def test_made_at_import_it_opens_after_three_failures_and_recovers_at_once(self, way: Broken) -> None:
        with fast_breakers():
            assert way.settings(way.breaker) == (3, 0.05)
            assert opened_after(way, way.breaker) == 3
            time.sleep(0.06)
            assert way.call(way.breaker, False) == "worked"
            assert [way.call(way.breaker, True) for _ in range(4)] == ["failed"] * 3 + ["refused"]

    def test_made_inside_it_does_so_too(self, way: Broken) -> None:
        with fast_breakers():
            breaker = way.make(10, 60)
            assert opened_after(way, breaker) == 3
            time.sleep(0.06)
            assert way.call(breaker, False) == "worked"

    def test_it_opens_again_when_it_is_tried_too_early(self, way: Broken) -> None:
        with fast_breakers():
            opened_after(way, way.breaker)
            time.sleep(0.06)
            assert [way.call(way.breaker, True), way.call(way.breaker, False)] == ["failed", "refused"]

    def test_an_open_breaker_can_be_seen(self, way: Broken) -> None:
        with fast_breakers(seconds=5):
            opened_after(way, way.breaker)
            assert way.call(way.breaker, False) == "refused"

    def test_it_never_takes_more_failures_or_longer_than_its_own_settings_say(self, way: Broken) -> None:
        breaker = way.make(2, 0.02)
        with fast_breakers(failures=50, seconds=1000):
            assert way.settings(breaker) == (2, 0.02)
            assert opened_after(way, breaker) == 2
            time.sleep(0.03)
            assert way.call(breaker, False) == "worked"

    def test_settings_are_back(self, way: Broken) -> None:
        with fast_breakers():
            assert way.settings(way.breaker) == (3, 0.05)
        assert way.settings(way.breaker) == (10, 60)

    def test_settings_that_the_test_sets_count_where_they_are_lower_and_are_put_back(self, way: Broken) -> None:
        with fast_breakers():
            way.set(way.breaker, 7, 30)
            assert way.settings(way.breaker) == (3, 0.05)
            way.set(way.breaker, 2, 0.01)
            assert way.settings(way.breaker) == (2, 0.01)
        assert way.settings(way.breaker) == (10, 60)

    def test_state_and_counters_are_back(self, way: Broken) -> None:
        for failures in (0, 2):
            breaker = way.make(10, 60)
            for _ in range(failures):
                way.call(breaker, True)
            with fast_breakers():
                opened_after(way, breaker)
            assert opened_after(way, breaker) == 10 - failures

    def test_what_was_open_is_open_again_for_as_long_as_it_would_have_been(self, way: Broken) -> None:
        breaker = way.make(10, 60)
        opened_after(way, breaker)
        since = way.opened_at(breaker)
        assert since is not None
        with fast_breakers():
            time.sleep(0.06)
            assert way.call(breaker, False) == "worked"
            opened_after(way, breaker)
            assert way.opened_at(breaker) != since
        assert way.opened_at(breaker) == since
        assert way.call(breaker, False) == "refused"

    def test_what_was_half_open_is_so_again(self, way: Broken) -> None:
        breaker = way.make(3, 0.02)
        opened_after(way, breaker)
        time.sleep(0.03)
        with fast_breakers():
            assert way.call(breaker, False) == "worked"
        assert [way.call(breaker, True), way.call(breaker, True)] == ["failed", "refused"]  # one failure is enough

    def test_made_inside_it_is_closed_afterwards_with_its_own_settings(self, way: Broken) -> None:
        with fast_breakers():
            breaker = way.make(8, 40)
            opened_after(way, breaker)
        assert way.settings(breaker) == (8, 40)
        assert opened_after(way, breaker) == 8

    def test_the_inner_block_is_obeyed_and_then_the_outer_again(self, way: Broken) -> None:
        with fast_breakers(failures=5):
            way.call(way.breaker, True)
            with fast_breakers(failures=2, seconds=5):
                assert opened_after(way, way.breaker) == 1
            assert opened_after(way, way.breaker) == 4
        assert opened_after(way, way.breaker) == 10

    def test_blocks_may_be_left_in_any_order(self, way: Broken) -> None:
        for order in itertools.permutations(range(3)):
            before, blocks = patched(), [fast_breakers(failures=failures) for failures in (5, 4, 3)]
            for block in blocks:
                block.__enter__()
                opened_after(way, way.breaker)
            for number in order:
                blocks[number].__exit__(None, None, None)
            assert way.settings(way.breaker) == (10, 60)
            assert way.call(way.breaker, False) == "worked"
            assert patched() == before

    def test_nothing_is_left_replaced_after_a_failing_test(self, way: Broken) -> None:
        before = patched()
        with contextlib.suppress(ZeroDivisionError), fast_breakers():
            opened_after(way, way.breaker)
            raise ZeroDivisionError
        assert way.call(way.breaker, False) == "worked"
        after = patched()
        assert after.keys() == before.keys()
        assert all(after[name] is before[name] for name in before)

    def test_opened_in_a_frozen_future_it_is_not_open_for_ever(self, way: Broken) -> None:
        before = breakers.snapshot()
        with freezegun.freeze_time("2030-01-01", real_asyncio=True):
            opened_after(way, way.breaker)
            made = way.make(10, 60)
            opened_after(way, made)
        breakers.put_back(before)
        assert way.call(way.breaker, False) == "worked"
        assert way.call(made, False) == "worked"

    def test_nor_if_that_was_in_a_block(self, way: Broken) -> None:
        with fast_breakers(), freezegun.freeze_time("2030-01-01", real_asyncio=True):
            assert opened_after(way, way.breaker) == 3
        assert way.call(way.breaker, False) == "worked"


class TestTheFirstRegime:
    """The defects that its fixtures had; the numbers are those of the list of them."""

    @every_way
    def test_24_code_that_read_its_settings_at_import_is_reached(self, way: Broken) -> None:
        call = way.call  # a decorator holds its breaker since the module was imported
        with fast_breakers():
            assert [call(way.breaker, True) for _ in range(4)] == ["failed"] * 3 + ["refused"]

    @every_way
    def test_25_settings_do_not_leak_into_the_next_test(self, way: Broken) -> None:
        before = breakers.snapshot()
        way.set(way.breaker, 1, 0.5)
        (leak,) = breakers.put_back(before)
        assert way.settings(way.breaker) == (10, 60)
        assert leak.count(", was ") == 2

    @every_way
    def test_26_the_breaker_that_a_decorator_holds_is_the_one_that_is_reset(self, way: Broken) -> None:
        registry = {"bank": way.breaker}
        before = breakers.snapshot()
        opened_after(way, way.breaker)
        registry.clear()  # as the fixture of the first regime did
        breakers.put_back(before)
        assert way.call(way.breaker, False) == "worked"

    @every_way
    def test_27_two_fixtures_do_not_wipe_each_others_settings(self, way: Broken) -> None:
        blocks: list[Any] = [fast_breakers, fast_retries]
        for first, second in itertools.permutations(blocks):
            with first(), second():
                assert way.settings(way.breaker) == (3, 0.05)
            assert way.settings(way.breaker) == (10, 60)

    def test_28_no_breaker_is_forgotten_and_no_exception_is_swallowed(self) -> None:
        made = [(way, way.make(10, 60)) for way in WAYS for _ in range(3)]

        def fail() -> None:
            with fast_breakers():
                for way, breaker in made:
                    opened_after(way, breaker)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert {way.call(breaker, False) for way, breaker in made} == {"worked"}

    @every_way
    def test_29_the_wait_is_short_and_no_clock_is_needed(self, way: Broken) -> None:
        with fast_breakers():
            opened_after(way, way.breaker)
            began = time.perf_counter()
            while way.call(way.breaker, False) == "refused":
                time.sleep(0.005)
        assert time.perf_counter() - began < 30  # it was made to wait for 60 s


def test_pybreaker_for_tornado() -> None:
    """No more than this: with a coroutine, pybreaker's recovery makes it twice, and awaits it once."""
    import pybreaker
    from tornado import gen

    breaker = pybreaker.CircuitBreaker(fail_max=10, reset_timeout=60)

    def call(fails: bool) -> str:
        async def run() -> None:
            await breaker.call_async(gen.coroutine(work), fails)  # type: ignore[no-untyped-call]

        return asked(lambda: asyncio.run(run()), pybreaker.CircuitBreakerError)

    with fast_breakers():
        assert [call(fails=True) for _ in range(4)] == ["failed"] * 3 + ["refused"]
        time.sleep(0.06)
        assert call(fails=False) == "worked"
        assert [call(fails=True) for _ in range(4)] == ["failed"] * 3 + ["refused"]
    assert [call(fails=True) for _ in range(11)] == ["failed"] * 10 + ["refused"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"failures": 0}, "failures must be a whole number of 1 or more; got 0"),
        ({"failures": 2.5}, "failures must be a whole number of 1 or more; got 2.5"),
        ({"failures": True}, "failures must be a whole number of 1 or more; got True"),
        ({"seconds": 0}, "seconds must be a number above 0, as 0.05; got 0"),
        ({"seconds": -1}, "seconds must be a number above 0, as 0.05; got -1"),
        ({"seconds": "1"}, "seconds must be a number above 0, as 0.05; got '1'"),
        ({"seconds": float("nan")}, "seconds must be a number above 0, as 0.05; got nan"),
    ],
    ids=str,
)
def test_bad_arguments_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError) as refused, fast_breakers(**given):  # noqa: PT011 - the whole text is compared
        pass
    assert str(refused.value) == said
