"""Code behind circuit breakers, as projects have it: one module for each library, made when it is imported."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any


class Down(Exception):  # noqa: N818
    """What the code behind the breaker raises."""


def work(fails: bool) -> None:
    """Do what is behind the breaker."""
    if fails:
        raise Down


async def work_async(fails: bool) -> None:
    """Do so as a coroutine."""
    work(fails)


def asked(run: Callable[[], object], *refused: type[BaseException]) -> str:
    """Call, and give "worked", "failed" or "refused". Some raise their own error for the failure that opens them."""
    try:
        run()
    except Down:
        return "failed"
    except refused as error:
        return "failed" if isinstance(error.__cause__ or error.__context__, Down) else "refused"
    return "worked"


@dataclass(frozen=True)
class Broken:
    """A way to put a breaker before some code. `breaker` was made at import, `make(failures, seconds)` makes others.

    `call(breaker, fails)` calls what is behind it: gives "worked", "failed" or "refused". `names` are those of its
    settings; `itself` gives the object that has them, `opened_at` what it remembers of when it opened.
    """

    library: str
    way: str
    breaker: Any
    make: Callable[[int, float], Any]
    call: Callable[[Any, bool], str]
    names: tuple[str, str]
    opened_at: Callable[[Any], Any]
    itself: Callable[[Any], Any] = lambda breaker: breaker
    failures: int = 10
    seconds: float = 60.0

    def __str__(self) -> str:
        return f"{self.library}-{self.way}"

    def settings(self, breaker: Any) -> tuple[Any, float]:
        """Give after how many failures it opens, and for how many seconds."""
        failures, seconds = (getattr(self.itself(breaker), name) for name in self.names)
        return failures, seconds.total_seconds() if isinstance(seconds, timedelta) else seconds

    def set(self, breaker: Any, failures: int, seconds: float) -> None:
        """Change both."""
        there = getattr(self.itself(breaker), self.names[1])
        setattr(self.itself(breaker), self.names[0], failures)
        setattr(
            self.itself(breaker), self.names[1], timedelta(seconds=seconds) if isinstance(there, timedelta) else seconds
        )


def opened_after(way: Broken, breaker: Any) -> int:
    """Fail until calls are refused; give the number of failures that took."""
    for number in itertools.count():
        if way.call(breaker, True) == "refused":
            return number
    raise AssertionError


def patched() -> dict[tuple[str, str], Any]:
    """Give all attributes of the classes and modules in which anything may be replaced."""
    from meta_regime.fixtures import libraries

    names = {name for purpose in (libraries.BREAKERS, libraries.TRACKING) for name in libraries._hooks(purpose)}
    modules = [sys.modules[name] for name in names if name in sys.modules]
    classes: set[Any] = {thing for module in modules for thing in vars(module).values() if isinstance(thing, type)}
    classes |= {subclass for cls in classes for subclass in type.__subclasses__(cls)}
    return {
        (f"{thing!r}", name): value
        for thing in (*modules, *classes)
        for name, value in vars(thing).items()
        if name not in _OF_PYTHON
    }


_OF_PYTHON = {"__weakref__", "__dict__", "__abstractmethods__", "_abc_impl", "__annotations__", "__warningregistry__"}
