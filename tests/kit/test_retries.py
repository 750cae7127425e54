"""The same cases for every way to retry of every library there is an adapter for: `Retried` in `retrying_code`."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from meta_regime.fixtures import fast_retries, libraries, mocked_retries, retries

from tests.kit.every_retry import ALWAYS, MISSING, each_endless_way, each_way
from tests.kit.replaced import differences, everything, replaced_among
from tests.kit.retrying_code import Outcome, Retried

pytestmark = pytest.mark.usefixtures("nothing_at_all_left_behind", "nothing_left_behind", "nothing_waited")


class BrokenError(Exception):
    pass


def test_no_library_is_missing() -> None:
    """`make adapters`, where one is installed at a time, leaves this out."""
    assert MISSING == []


def works(outcome: Outcome, attempts: int) -> None:
    assert outcome.attempts == attempts
    assert outcome.error is None


# The semantics.


@each_way
def test_its_own_attempts_are_made_and_its_waits_noted(retried: Retried) -> None:
    with mocked_retries() as heard:
        outcome = retried.run(ALWAYS)
    assert outcome.attempts == retried.attempts
    assert outcome.error is not None
    if retried.waits is None:
        assert len(heard.waits) == retried.attempts - 1
    else:
        assert heard.waits == pytest.approx(retried.waits, abs=0.05)


@each_way
@pytest.mark.parametrize("attempts", [1, 2, 3, 4, 9])
def test_no_more_attempts_than_allowed_nor_than_its_own(retried: Retried, attempts: int) -> None:
    with mocked_retries():
        left_alone = retried.run(ALWAYS)
    with fast_retries(attempts=attempts) as heard:
        outcome = retried.run(ALWAYS)
    assert outcome.attempts == min(attempts, retried.attempts)
    assert type(outcome.error) is type(left_alone.error)
    assert len(heard.waits) <= outcome.attempts


@each_way
@pytest.mark.parametrize("mode", [mocked_retries, lambda: fast_retries(attempts=9)], ids=["mocked", "fast"])
def test_it_works_at_the_nth_attempt(retried: Retried, mode: Callable[[], AbstractContextManager[Any]]) -> None:
    for attempt in range(1, retried.attempts + 1):
        with mode():
            works(retried.run(attempt - 1), attempt)


@each_way
def test_one_that_works_asks_for_nothing(retried: Retried) -> None:
    with fast_retries() as heard:
        works(retried.run(0), 1)
    assert heard.waits == []


@each_way
def test_the_inner_block_wins_and_the_outer_is_back(retried: Retried) -> None:
    with fast_retries(attempts=2):
        with fast_retries(attempts=1):
            assert retried.run(ALWAYS).attempts == 1
        with mocked_retries() as heard:
            assert retried.run(ALWAYS).attempts == min(2, retried.attempts)
        assert len(heard.waits) <= min(2, retried.attempts) - 1  # not all wait before the first retry
        with fast_retries(attempts=3):
            assert retried.run(ALWAYS).attempts == min(3, retried.attempts)
        assert retried.run(ALWAYS).attempts == min(2, retried.attempts)
    with mocked_retries():
        assert retried.run(ALWAYS).attempts == retried.attempts


@each_way
def test_blocks_left_in_either_order(retried: Retried) -> None:
    outer, inner = fast_retries(attempts=1), fast_retries(attempts=2)
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    assert retried.run(ALWAYS).attempts == min(2, retried.attempts)
    inner.__exit__(None, None, None)
    with mocked_retries():
        assert retried.run(ALWAYS).attempts == retried.attempts


@each_way
def test_after_a_failing_test_all_is_as_before(retried: Retried) -> None:
    before = everything(replaced_among(frozenset(sys.modules)))

    def failing_test() -> None:
        with fast_retries():
            retried.run(ALWAYS)
            raise BrokenError

    with pytest.raises(BrokenError):
        failing_test()
    assert differences(before) == []


@each_way
def test_threads(retried: Retried, slow: None) -> None:
    with fast_retries(attempts=2), ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: retried.run(ALWAYS), range(8)))
    assert {outcome.attempts for outcome in outcomes} == {min(2, retried.attempts)}
    with mocked_retries() as heard, ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: retried.run(ALWAYS), range(8)))
    assert {outcome.attempts for outcome in outcomes} == {retried.attempts}
    assert len(heard.waits) == 8 * len(retried.waits if retried.waits is not None else range(retried.attempts - 1))


@each_endless_way
def test_one_without_end(retried: Retried, slow: None) -> None:
    with fast_retries(attempts=3):
        assert retried.run(ALWAYS).attempts == 3
    with mocked_retries():
        works(retried.run(6), 7)
    does_not_stop = "has asked for 1001 waits in this test, and does not stop"
    with pytest.raises(pytest.fail.Exception, match=does_not_stop), mocked_retries():
        retried.run(ALWAYS)


# Misuse.


@pytest.mark.parametrize("attempts", [0, -1, 1.5, True, "2", None])
def test_a_number_that_is_none(attempts: Any) -> None:
    with pytest.raises(ValueError, match="attempts must be 1 or more, counting the first"), fast_retries(attempts):
        pass


# The kit by itself.


def test_time_does_not_pass_for_other_threads() -> None:
    seen = []
    with mocked_retries() as heard:
        start = retries.skipped()
        retries.waited(30, "a library")
        thread = threading.Thread(target=lambda: seen.append(retries.skipped()))
        thread.start()
        thread.join()
        assert retries.skipped() - start == 30
    assert seen == [0]
    assert heard.waits == [30]
    assert repr(heard) == "<retries: attempts as the code has them, waits [30]>"
    with mocked_retries():
        assert retries.skipped() == 0


def test_every_adapter_says_on_what_it_was_tried() -> None:
    for path in sorted(Path(libraries.__file__).with_name("adapters").glob("[!_]*.py")):
        module = importlib.import_module(f"{libraries.__package__}.adapters.{path.stem}")
        assert "Tried on" in (module.__doc__ or ""), path.name
