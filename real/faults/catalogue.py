"""The list of faults: a name, a group, the ways of running pytest it is tried in, and a function that makes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from real.faults.ground import JUDGING, Trial


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong. `known`: what it does to a session is known, written down, and not to be helped."""

    group: str
    name: str
    make: Callable[[Trial], None]
    ways: tuple[str, ...]
    trials: int
    known: str


FAULTS: dict[str, Fault] = {}


def fault(
    group: str, name: str, ways: Sequence[str] = JUDGING, trials: int = 4, known: str = ""
) -> Callable[[Callable[[Trial], None]], Callable[[Trial], None]]:
    """Enter a function into the list."""

    def entered(make: Callable[[Trial], None]) -> Callable[[Trial], None]:
        if name in FAULTS:
            raise ValueError(f"there are two faults of the name {name}")
        FAULTS[name] = Fault(group, name, make, tuple(ways), trials, known)
        return make

    return entered
