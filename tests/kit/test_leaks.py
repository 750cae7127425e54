"""What tests leave behind in circuit breakers, and that the kit itself leaves nothing behind."""

from __future__ import annotations

import contextlib
import gc
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies
from meta_regime.fixtures import breakers, fast_breakers, fast_retries, libraries, live_breakers

from tests.kit.breaking_code import Broken, opened_after, patched
from tests.kit.every_breaker import KINDS, WAYS, every_library, every_way

pytestmark = pytest.mark.usefixtures("tracked")


@every_way
class TestEveryWay:
    def test_an_open_breaker_is_closed_and_told(self, way: Broken) -> None:
        before = breakers.snapshot()
        opened_after(way, way.breaker)
        (leak,) = breakers.put_back(before)
        assert leak.startswith(f"{way.library} ")
        assert leak.partition(": ")[2] in ("open, was closed", "opened, was closed")
        assert way.call(way.breaker, False) == "worked"

    def test_counted_failures_are_forgotten_and_told(self, way: Broken) -> None:
        before = breakers.snapshot()
        way.call(way.breaker, True)
        way.call(way.breaker, True)
        (leak,) = breakers.put_back(before)
        assert leak.endswith(": 2 failures counted, was 0")
        assert opened_after(way, way.breaker) == 10

    def test_settings_are_put_back_and_told(self, way: Broken) -> None:
        before = breakers.snapshot()
        way.set(way.breaker, 1, 0.5)
        (leak,) = breakers.put_back(before)
        assert f"{way.names[0].strip('_')} 1, was 10" in leak
        assert f"{way.names[1].strip('_')} 0" in leak
        assert way.settings(way.breaker) == (10, 60)

    def test_what_was_open_before_stays_open(self, way: Broken) -> None:
        breaker = way.make(10, 60)
        opened_after(way, breaker)
        since, before = way.opened_at(breaker), breakers.snapshot()
        way.set(breaker, 10, 0.001)
        time.sleep(0.002)
        assert way.call(breaker, False) == "worked"
        assert len(breakers.put_back(before)) == 1
        assert way.opened_at(breaker) == since
        assert way.call(breaker, False) == "refused"

    def test_one_made_since_is_closed_with_the_settings_that_it_has(self, way: Broken) -> None:
        before = breakers.snapshot()
        breaker = way.make(8, 40)
        opened_after(way, breaker)
        assert breakers.put_back(before) == []
        assert way.settings(breaker) == (8, 40)
        assert opened_after(way, breaker) == 8

    def test_what_works_leaks_nothing(self, way: Broken) -> None:
        before = breakers.snapshot()
        way.call(way.breaker, False)
        with fast_breakers():
            opened_after(way, way.breaker)
        assert breakers.put_back(before) == []
        assert breakers.put_back(before) == []


def _pybreaker() -> Any:
    return pytest.importorskip("pybreaker")


def _told(told: list[str]) -> Any:
    class Listener(_pybreaker().CircuitBreakerListener):  # type: ignore[misc,unused-ignore]
        def state_change(self, cb: Any, old_state: Any, new_state: Any) -> None:
            told.append(new_state.name)
            raise ZeroDivisionError

    return Listener()


class TestPyBreaker:
    def test_a_stranger_can_read_it(self) -> None:
        breaker = _pybreaker().CircuitBreaker(fail_max=5, name="gateway")
        before = breakers.snapshot()
        breaker.open()
        breaker.fail_max = 1
        assert breakers.put_back(before) == ["pybreaker 'gateway': open, was closed; fail_max 1, was 5"]

    def test_lists_are_put_back(self) -> None:
        breaker, told = _pybreaker().CircuitBreaker(exclude=[KeyError]), list[str]()
        before = breakers.snapshot()
        breaker.add_excluded_exception(ValueError)
        breaker.remove_excluded_exception(KeyError)
        breaker.add_listener(_told(told))
        leaks = breakers.put_back(before)
        assert leaks == ["pybreaker without a name: listeners changed; excluded_exceptions changed"]
        assert breaker.excluded_exceptions == (KeyError,)
        assert breaker.listeners == ()

    def test_no_listener_is_told(self) -> None:
        told: list[str] = []
        breaker = _pybreaker().CircuitBreaker(listeners=[_told(told)])
        before = breakers.snapshot()
        with contextlib.suppress(ZeroDivisionError):
            breaker.open()
        later = _pybreaker().CircuitBreaker(listeners=[_told(told)])
        with contextlib.suppress(ZeroDivisionError):
            later.open()
        assert told == ["open", "open"]
        breakers.put_back(before)
        assert told == ["open", "open"]
        assert (breaker.current_state, later.current_state) == ("closed", "closed")

    def test_a_thread_that_is_still_in_a_call_is_not_waited_for(self) -> None:
        before, breaker = breakers.snapshot(), _pybreaker().CircuitBreaker()
        inside, go = threading.Event(), threading.Event()

        def stay() -> None:
            inside.set()
            go.wait(60)

        thread = threading.Thread(target=breaker.call, args=(stay,))
        thread.start()
        inside.wait(60)
        breakers.put_back(before)
        in_the_call = thread.is_alive()
        go.set()
        thread.join()
        assert in_the_call

    def test_a_storage_elsewhere_is_not_asked_and_settings_are_put_back(self) -> None:
        asked: list[str] = []

        class Elsewhere(_pybreaker().CircuitBreakerStorage):  # type: ignore[misc,unused-ignore]
            state = counter = success_counter = opened_at = property(lambda self: self.ask())

            def ask(self) -> str:
                asked.append("asked")
                return "closed"

            increment_counter = reset_counter = increment_success_counter = reset_success_counter = ask

        breaker = _pybreaker().CircuitBreaker(fail_max=5, state_storage=Elsewhere("elsewhere"))
        before = breakers.snapshot()
        later = _pybreaker().CircuitBreaker(state_storage=Elsewhere("elsewhere"))
        asked.clear()
        breaker.fail_max = 1
        with fast_breakers():
            assert (breaker.fail_max, later.fail_max) == (1, 3)
        assert breakers.put_back(before) == ["pybreaker without a name: fail_max 1, was 5"]
        assert asked == []
        assert breaker.fail_max == 5

    def test_two_that_share_a_storage(self) -> None:
        pybreaker = _pybreaker()
        storage = pybreaker.CircuitMemoryStorage("closed")
        breaker = pybreaker.CircuitBreaker(fail_max=2, state_storage=storage)
        breaker.open()
        since, before = storage.opened_at, breakers.snapshot()
        later = pybreaker.CircuitBreaker(fail_max=2, state_storage=storage)
        later.close()
        breakers.put_back(before)
        assert (breaker.current_state, later.current_state, storage.opened_at) == ("open", "open", since)

    def test_what_cannot_be_compared(self) -> None:
        class Array:
            __hash__ = None  # type: ignore[assignment]

            def __eq__(self, other: object) -> bool:
                raise ValueError("the truth value of an array is ambiguous")

        breaker = _pybreaker().CircuitBreaker()
        breaker.times = was = Array()
        before = breakers.snapshot()
        breaker.times, breaker.more = Array(), 1
        assert breakers.put_back(before) == []
        assert breaker.times is was
        assert not hasattr(breaker, "more")

    def test_breakers_are_not_kept_alive_for_longer_than_a_test(self) -> None:
        gc.collect()
        count = len(live_breakers.live)
        breaker = _pybreaker().CircuitBreaker()
        before = breakers.snapshot()
        assert len(live_breakers.live) == count + 1
        del breaker, before
        gc.collect()
        assert len(live_breakers.live) == count


# The kit itself: random sequences leave no difference, in no class and in no live object.

STEPS = ["fail", "work", "open", "set", "make", "fast", "retries", "leave", "raise"]
SEQUENCES = strategies.lists(
    strategies.tuples(strategies.sampled_from(STEPS), strategies.sampled_from(KINDS), strategies.integers(0, 3)),
    max_size=12,
)


def _seen(breaker: Any) -> Any:
    """Give all that a breaker has, apart from what the kit itself keeps of it."""

    def flat(thing: Any, depth: int) -> Any:
        if isinstance(thing, (list, tuple)):
            return type(thing).__name__, [flat(one, depth) for one in thing]
        own = type(thing).__module__.partition(".")[0] in {way.library for way in KINDS}
        if depth and own and hasattr(thing, "__dict__") and not isinstance(thing, type):
            return type(thing), {
                name: flat(value, depth - 1) for name, value in vars(thing).items() if value is not None
            }
        return thing

    return flat(breaker, 2)


def _alike(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_alike(one[name], other[name]) for name in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_alike, one, other))
    return one is other or bool(one == other)


def _run(sequence: list[tuple[str, Broken, int]], known: dict[Broken, list[Any]], made: list[Any]) -> None:
    """Do what tests do; leave the blocks in the order that the numbers say, the rest as `with` would."""
    blocks: list[Any] = []
    enter: dict[str, Callable[[int], Any]] = {
        "fast": lambda number: fast_breakers(failures=number + 1, seconds=0.01),
        "retries": lambda number: fast_retries(attempts=number + 1),
    }
    try:
        for step, way, number in sequence:
            breaker = known[way][number % len(known[way])]
            if step in enter:
                block = enter[step](number)
                block.__enter__()
                blocks.append(block)
            elif step == "leave" and blocks:
                blocks.pop(number % len(blocks)).__exit__(None, None, None)
            elif step == "raise":
                raise ZeroDivisionError
            elif step == "set":
                way.set(breaker, number + 1, 0.5)
            elif step == "open":
                opened_after(way, breaker)
            elif step == "make":
                made.append((way, way.make(10, 60)))
                way.call(made[-1][1], True)
            else:
                way.call(breaker, step == "fail")
    finally:
        while blocks:
            blocks.pop().__exit__(None, None, None)


def _differences(sequence: list[tuple[str, Broken, int]], known: dict[Broken, list[Any]]) -> list[str]:
    """Run a sequence inside a block; give what is different after it."""
    classes, made = patched(), list[Any]()
    states = {(way, place): _seen(way.itself(one)) for way, all_ in known.items() for place, one in enumerate(all_)}
    with contextlib.suppress(ZeroDivisionError), fast_breakers(failures=9, seconds=50):
        _run(sequence, known, made)
    now = patched()
    wrong = [f"class: {name}" for name in now.keys() | classes if now.get(name) is not classes.get(name)]
    for (way, place), was in states.items():
        if not _alike(_seen(way.itself(known[way][place])), was):
            wrong.append(f"breaker: {way}, {place}")
    return wrong + [f"made: {way}" for way, one in made if opened_after(way, one) != 10]


def _breakers_known() -> dict[Broken, list[Any]]:
    """Make for each library one that is as new, one that has counted, one that is open."""
    known = {way: [way.make(10, 60) for _ in range(3)] for way in KINDS}
    for way, (_, counted, opened) in known.items():
        way.call(counted, True)
        opened_after(way, opened)
    return known


@pytest.mark.skipif(not WAYS, reason="no library is installed")
@pytest.mark.timeout(300)
def test_random_sequences_leave_no_difference() -> None:
    known, ran = _breakers_known(), 0

    @hypothesis.settings(max_examples=1000, deadline=None, database=None)
    @hypothesis.given(SEQUENCES)
    def check(sequence: list[tuple[str, Broken, int]]) -> None:
        nonlocal ran
        ran += 1
        assert _differences(sequence, known) == []

    check()
    assert ran >= 1000


@every_library
@pytest.mark.parametrize("broken", ["put_back", "undo"])
def test_they_would_find_one(way: Broken, broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = _breakers_known()
    steps = [("fast", way, 1), ("open", way, 0), ("set", way, 1)]
    assert _differences(steps, known) == []
    if broken == "put_back":
        monkeypatch.setattr(breakers, "put_back", lambda before: [])
        assert f"breaker: {way}, 0" in _differences(steps, known)
    else:
        undone, left = libraries.Patched.stop, list[Any]()

        def stop(self: Any) -> None:
            left.append(self)

        monkeypatch.setattr(libraries.Patched, "stop", stop)
        assert any(wrong.startswith("class: ") for wrong in _differences(steps, known))
        for patches in reversed(left):
            undone(patches)


@pytest.mark.skipif(len(KINDS) < 4, reason="not all libraries are installed")
def test_looking_after_a_breaker_takes_few_calls_however_many_there_are() -> None:
    """Every test pays for this. It counts calls, not seconds; docs/benchmarks.md has the seconds."""

    def calls(of_each_kind: int) -> int:
        made = 0

        def count(_frame: object, event: str, _argument: object) -> None:
            nonlocal made
            made += event in ("call", "c_call")

        gc.collect()
        live_breakers.live.clear()
        known = [way.make(10, 60) for way in KINDS for _ in range(of_each_kind)]
        assert len(live_breakers.live) == len(known)
        sys.setprofile(count)
        try:
            breakers.put_back(breakers.snapshot())
        finally:
            sys.setprofile(None)
        return made

    none, five, ten = calls(0), calls(5), calls(10)
    assert none < 15
    assert five - none <= 15 * 5 * len(KINDS)
    assert ten - five == five - none
