"""What is taken hold of while breakers are fast: whenever it is imported, and named when it is gone."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from meta_regime.fixtures import HookGone, breakers, fast_breakers, libraries, live_breakers

from tests.baking import ROOT
from tests.kit.breaking_code import Broken, opened_after, patched
from tests.kit.every_breaker import WAYS, every_library

META = ROOT / "{{cookiecutter.project_slug}}" / "tests" / "meta"
pytestmark = pytest.mark.usefixtures("tracked")

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
