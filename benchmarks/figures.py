"""Figures of what was measured round by round: medians, ratios, what is added a test, and what a goal says of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.measuring import Ended


@dataclass(frozen=True)
class Cost:
    """What one variant cost in one round: seconds of CPU and by the clock, and the largest process in MB."""

    cpu: float
    wall: float
    megabytes: float

    @classmethod
    def of(cls, *ended: Ended) -> Cost:
        """Add up commands that were run one after another."""
        return cls(
            sum(each.cpu_seconds for each in ended),
            sum(each.seconds for each in ended),
            max(each.megabytes for each in ended),
        )


Round = Mapping[str, Cost]
cpu: Callable[[Cost], float] = lambda cost: cost.cpu  # noqa: E731 - names for what is looked at
wall: Callable[[Cost], float] = lambda cost: cost.wall  # noqa: E731
megabytes: Callable[[Cost], float] = lambda cost: cost.megabytes  # noqa: E731


@dataclass(frozen=True)
class Variant:
    """Something that is measured: its name, what runs it once, and what warms it up (running it once, else)."""

    name: str
    once: Callable[[], Cost]
    warm: Callable[[], object] | None = None


def interleaved(variants: Sequence[Variant], rounds: int, done: int = 0) -> Iterator[Round]:
    """Warm up, then run all variants in turn, there and back again, from the round after those that are done."""
    if done < rounds:
        for variant in variants:
            (variant.warm or variant.once)()
    for number in range(done, rounds):
        taken = {variant.name: variant.once() for variant in (variants if number % 2 == 0 else reversed(variants))}
        yield {variant.name: taken[variant.name] for variant in variants}


@dataclass(frozen=True)
class Spread:
    """A median, and the lowest and highest of so many values."""

    median: float
    low: float
    high: float
    number: int

    def said(self, places: int = 2, factor: float = 1.0) -> str:
        """Write it for a table."""
        median, low, high = (f"{factor * value:,.{places}f}" for value in (self.median, self.low, self.high))
        return f"{median} ({low} to {high})"


def spread(values: Sequence[float]) -> Spread:
    """Give the median and the range."""
    return Spread(statistics.median(values), min(values), max(values), len(values))


def values(rounds: Sequence[Round], name: str, figure: Callable[[Cost], float]) -> list[float]:
    """Give a figure of a variant, of each round."""
    return [figure(each[name]) for each in rounds]


def ratios(rounds: Sequence[Round], mine: str, base: str, figure: Callable[[Cost], float]) -> list[float]:
    """Give the ratio of two variants within each round."""
    return [figure(each[mine]) / figure(each[base]) for each in rounds]


def added(rounds: Sequence[Round], mine: str, base: str, figure: Callable[[Cost], float]) -> list[float]:
    """Give what a variant costs more than another, within each round."""
    return [figure(each[mine]) - figure(each[base]) for each in rounds]


def slope(more: float, of_one: float, tests: int) -> float:
    """Give what each test adds, from what so many add and what a session of one test adds: start-up taken off."""
    return (more - of_one) / (tests - 1)


@dataclass(frozen=True)
class Goal:
    """A figure that is not to be exceeded: what it is, how much, in which unit, and with how many places."""

    what: str
    limit: float
    unit: str
    places: int

    def judged(self, measured: float) -> str:
        """Say whether it is met, or by how much it is missed; judged is the figure, not what the table rounds it to."""
        if measured <= self.limit:
            return "met"
        over = measured - self.limit
        told = f"{over:,.{self.places}f}" if round(over, self.places) else f"{over:.1g}"
        return f"**missed by {told}{self.unit}** ({over / self.limit:.0%})"

    def allowed(self) -> str:
        """Write what is allowed."""
        return f"{self.limit:,.{self.places}f}{self.unit}"
