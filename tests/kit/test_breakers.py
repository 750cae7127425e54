"""Circuit breakers under the kit: the same cases for every library, and every way in which it is used."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import freezegun
import pytest
from meta_regime.fixtures import HookGone, breakers, fast_breakers, fast_retries, libraries, live_breakers

from tests.baking import ROOT
from tests.kit.breaking_code import MISSING, Broken, all_ways, asked, opened_after, patched, work

META = ROOT / "{{cookiecutter.project_slug}}" / "tests" / "meta"
WAYS = list(all_ways())
every_way = pytest.mark.parametrize("way", WAYS, ids=str)
every_library = pytest.mark.parametrize("way", list({way.library: way for way in reversed(WAYS)}.values()), ids=str)


@pytest.fixture(autouse=True)
def tracked() -> Iterator[None]:
    breakers.start_tracking()
    before = breakers.snapshot()
    yield
    breakers.put_back(before)
    breakers.stop_tracking()


@pytest.mark.skipif(not MISSING, reason="all libraries are installed")
def test_what_is_missing_is_said() -> None:
    pytest.skip("; ".join(MISSING))


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
        assert time.perf_counter() - began < 0.5


def test_pybreaker_for_tornado() -> None:
    """No more than this: with a coroutine, pybreaker's recovery makes it twice, and awaits it once."""
    gen, pybreaker = pytest.importorskip("tornado.gen"), pytest.importorskip("pybreaker")
    breaker = pybreaker.CircuitBreaker(fail_max=10, reset_timeout=60)

    def call(fails: bool) -> str:
        async def run() -> None:
            await breaker.call_async(gen.coroutine(work), fails)

        return asked(lambda: asyncio.run(run()), pybreaker.CircuitBreakerError)

    with fast_breakers():
        assert [call(fails=True) for _ in range(4)] == ["failed"] * 3 + ["refused"]
        time.sleep(0.06)
        assert call(fails=False) == "worked"
        assert [call(fails=True) for _ in range(4)] == ["failed"] * 3 + ["refused"]
    assert [call(fails=True) for _ in range(11)] == ["failed"] * 10 + ["refused"]


SCRIPT = """
import sys
sys.path[:0] = [{meta!r}, {root!r}]
from meta_regime.fixtures import HookGone, breakers, fast_breakers
"""
LATE = """
assert {module!r} not in sys.modules
with fast_breakers():
    from tests.kit.breaking_code import {library}_ as code
    for way in code.WAYS:
        for breaker in (way.breaker, way.make(10, 60)):
            assert [way.call(breaker, True) for _ in range(4)] == ["failed"] * 3 + ["refused"], str(way)
for way in code.WAYS:
    assert [way.call(way.breaker, True) for _ in range(10)] == ["failed"] * 10, str(way)
"""
EARLY = """
from tests.kit.breaking_code import opened_after, {library}_ as code
with fast_breakers():
    for way in code.WAYS:
        assert opened_after(way, way.breaker) == 3, str(way)
for way in code.WAYS:
    assert way.call(way.breaker, False) == "worked", str(way)
"""
STOPPED = """
from tests.kit.breaking_code import patched, {library}_ as code
before = patched()
breakers.start_tracking()
assert patched() != before
breakers.start_tracking()
with fast_breakers():
    pass
breakers.stop_tracking()  # that of a session in the session
assert breakers.snapshot()
breakers.stop_tracking()
after = patched()
assert after.keys() == before.keys() and all(after[name] is before[name] for name in before)
assert breakers.snapshot() == {{}}
"""


@every_library
@pytest.mark.parametrize("script", [LATE, EARLY, STOPPED], ids=["late", "early", "stopped"])
def test_whenever_the_library_is_imported(way: Broken, script: str) -> None:
    names = {"meta": str(META), "root": str(ROOT), "library": way.library, "module": way.library}
    code = (SCRIPT + script).format(**names)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


class TestDeclared:
    @every_library
    def test_breakers_that_nobody_can_find_are_found(self, way: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
        breaker = way.make(10, 60)
        live_breakers.live.pop(id(way.itself(breaker)))  # as after `gc.freeze()`
        monkeypatch.setattr(breakers, "declared_breakers", lambda: [way.itself(breaker), None])
        with fast_breakers():
            opened_after(way, breaker)
        assert way.call(breaker, False) == "worked"

    def test_what_is_no_breaker_fails_in_words(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(breakers, "declared_breakers", lambda: ["bank", "shop"])
        before = patched()
        with pytest.raises(pytest.fail.Exception, match=r"Breakers gives objects of builtins\.str, which"):
            fast_breakers().__enter__()
        assert patched() == before

    def test_looking_for_breakers_touches_no_lazy_proxy(self) -> None:
        if not WAYS:
            pytest.skip("no library is installed")

        class Proxy:
            @property
            def __class__(self) -> type:
                raise RuntimeError("outside of the context of an application")

            @__class__.setter
            def __class__(self, _: type) -> None: ...

        lazy, way = Proxy(), WAYS[0]
        pretending = mock.Mock(spec=type(way.itself(way.breaker)))
        breakers.stop_tracking()
        breakers.start_tracking()
        assert id(way.itself(way.breaker)) in live_breakers.live
        assert not {id(lazy), id(pretending)} & live_breakers.live.keys()


# Hooks that are gone, and bad arguments.


def _owner(library: str, purpose: str, name: str) -> Any:
    adapter = next(adapter for adapter in libraries.adapters() if adapter.library == library)
    (module,) = getattr(adapter, purpose)
    return getattr(sys.modules[module], name) if name else sys.modules[module]


def _skip_without(library: str) -> None:
    if not any(way.library == library for way in WAYS):
        pytest.skip(f"{library} is not installed")


@pytest.mark.parametrize(
    ("library", "cls", "name"),
    [
        ("pybreaker", "CircuitBreaker", "fail_max"),
        ("pybreaker", "CircuitBreaker", "reset_timeout"),
        ("circuitbreaker", "CircuitBreaker", "_failure_threshold"),
        ("circuitbreaker", "CircuitBreaker", "_recovery_timeout"),
        ("purgatory", "Context", "threshold"),
        ("purgatory", "Context", "ttl"),
        ("aiobreaker", "CircuitBreaker", "fail_max"),
        ("aiobreaker", "CircuitBreaker", "timeout_duration"),
    ],
)
def test_a_hook_that_is_gone_is_named(library: str, cls: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _skip_without(library)
    owner = _owner(library, "breakers", cls)
    if name in vars(owner):
        monkeypatch.delattr(owner, name)
    else:  # an `__init__` that sets all others
        others = {"_failure_threshold", "_recovery_timeout", "threshold", "ttl"} - {name}
        scope: dict[str, Any] = {}
        exec(f"def init(self):\n    {' = '.join(f'self.{other}' for other in others)} = 1", scope)
        monkeypatch.setattr(owner, "__init__", scope["init"])
    before = patched()
    said = rf"{library} \d[\d.]* cannot be made fast: it has no .*{cls}\.{name}"
    with pytest.raises(HookGone, match=said), fast_breakers():
        pass
    assert patched() == before


@pytest.mark.parametrize(
    ("library", "cls", "name"),
    [
        ("pybreaker", "", "CircuitMemoryStorage"),
        ("pybreaker", "CircuitBreaker", "_create_new_state"),
        ("circuitbreaker", "", "STATE_CLOSED"),
        ("purgatory", "", "ClosedState"),
        ("aiobreaker", "", "CircuitMemoryStorage"),
    ],
)
def test_so_is_one_for_finding_them_but_nobodys_import_fails(
    library: str, cls: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _skip_without(library)
    breakers.stop_tracking()
    with monkeypatch.context() as changed:
        changed.delattr(_owner(library, "tracking", cls), name)
        breakers.start_tracking()  # does not raise: a session without the fixtures goes on
        with pytest.raises(HookGone, match=rf"{library} \d[\d.]* cannot be made fast: it has no .*\.{name}"):
            breakers.snapshot()
        with pytest.raises(HookGone, match=name), fast_breakers():
            pass
        breakers.stop_tracking()
    breakers.start_tracking()
    breakers.snapshot()


CHANGED = """
breakers.start_tracking()
sys.path.insert(0, {folder!r})
import circuitbreaker  # does not raise
try:
    breakers.snapshot()
except HookGone as gone:
    assert "it has no circuitbreaker.STATE_CLOSED" in str(gone)
else:
    sys.exit("nothing was said")
"""


def test_nor_does_a_later_import(tmp_path: Path) -> None:
    (tmp_path / "circuitbreaker.py").write_text("class CircuitBreaker: ...")
    code = (SCRIPT + CHANGED).format(meta=str(META), root=str(ROOT), folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@every_library
def test_so_is_an_attribute_in_which_the_state_would_lie(way: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = next(cls for cls in type(way.itself(way.breaker)).__mro__ if cls in live_breakers._classes)
    kind = live_breakers._classes[owner]
    breakers.stop_tracking()
    with monkeypatch.context() as changed:
        changed.setattr(owner, "__init__", lambda self: None)
        breakers.start_tracking()
        owner()
        with pytest.raises(HookGone, match=rf"{way.library} \d[\d.]* cannot be made fast: .*\.{kind.needs[0]}, which"):
            breakers.snapshot()
        breakers.stop_tracking()
    gc.collect()
    breakers.start_tracking()


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
