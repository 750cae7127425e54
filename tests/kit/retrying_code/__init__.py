"""Code that retries, as projects have it: one module for each library, decorated when it is imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple


class Outcome(NamedTuple):
    """How often it was tried, and what came out of it: an error, or None."""

    attempts: int
    error: BaseException | None


@dataclass(frozen=True)
class Retried:
    """A way to retry. `run(n)` runs it with the first n attempts failing.

    Left alone, it makes `attempts` attempts when all fail, counting the first, and asks for `waits` in between, in
    seconds (None: they are random).
    """

    library: str
    way: str
    run: Callable[[int], Outcome]
    attempts: int
    waits: tuple[float, ...] | None = None

    def __str__(self) -> str:
        return f"{self.library}-{self.way}"


class Failing:
    """What is retried: the first `failures` calls fail. It counts its calls, for one run in one thread."""

    def __init__(self, failures: int) -> None:
        self.failures, self.calls = failures, 0

    def __call__(self) -> str:
        """Fail with a `ConnectionError`, or give "done"."""
        self.calls += 1
        if self.calls <= self.failures:
            raise ConnectionError(f"attempt {self.calls} failed")
        return "done"

    async def wait(self) -> str:
        """Do so as a coroutine."""
        return self()

    def result(self) -> str | None:
        """Give None where the call would fail."""
        try:
            return self()
        except ConnectionError:
            return None

    def outcome(self, run: Callable[[Failing], Any]) -> Outcome:
        """Run the code that retries this. A None that comes out of it is an error too: it gave up without raising."""
        try:
            given = run(self)
        except Exception as error:  # it is what the test looks at
            return Outcome(self.calls, error)
        return Outcome(self.calls, LookupError("it gave up") if given is None else None)
