"""What the figures are to be: each goal, and the figure that is judged, out of what was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks import merging, unchanged
from benchmarks.figures import Goal, added, cpu, megabytes, ratios, slope, spread, values
from benchmarks.results import Result
from benchmarks.sessions import BASE, PLAIN, PLAIN_REGIME, REGIME

Results = Mapping[str, Result]


@dataclass(frozen=True)
class Judged:
    """A goal, the experiments that it needs, and how its figure is had from them."""

    goal: Goal
    needs: tuple[str, ...]
    figure: Callable[[Results], float]


def size(results: Results, name: str) -> int:
    """Tell how many tests the suite of an experiment has."""
    return int(results[name].settings["tests"])


def growth(results: Results, name: str) -> float:
    """Give the CPU seconds that each test adds, in a suite against a session of one test."""
    of_one = spread(added(results["tests-1"].rounds, REGIME, BASE, cpu)).median
    more = spread(added(results[name].rounds, REGIME, BASE, cpu)).median
    return slope(more, of_one, size(results, name))


def _ratio(name: str) -> Callable[[Results], float]:
    return lambda results: spread(ratios(results[name].rounds, REGIME, BASE, cpu)).median


def _start_up(mine: str, base: str) -> Callable[[Results], float]:
    return lambda results: 1e3 * spread(added(results["tests-1"].rounds, mine, base, cpu)).median


def _unchanged(results: Results) -> float:
    rounds = results["unchanged"].rounds
    return spread(added(rounds, unchanged.VERDICTS_ALONE, unchanged.ONE_TEST, cpu)).median


_MERGING = "64 shards of 1,000,000 tests"
GOALS = (
    Judged(Goal("10,000 tests, CPU against `pytest --cov`", 1.02, "", 3), ("tests-10000",), _ratio("tests-10000")),
    Judged(Goal("100,000 tests, CPU against `pytest --cov`", 1.02, "", 3), ("tests-100000",), _ratio("tests-100000")),
    Judged(
        Goal("CPU that each of 10,000 tests adds", 10, " µs", 1),
        ("tests-1", "tests-10000"),
        lambda results: 1e6 * growth(results, "tests-10000"),
    ),
    Judged(
        Goal("CPU that each of 100,000 tests adds", 10, " µs", 1),
        ("tests-1", "tests-100000"),
        lambda results: 1e6 * growth(results, "tests-100000"),
    ),
    Judged(Goal("one test, CPU added, with `--cov`", 10, " ms", 0), ("tests-1",), _start_up(REGIME, BASE)),
    Judged(Goal("one test, CPU added, without coverage", 10, " ms", 0), ("tests-1",), _start_up(PLAIN_REGIME, PLAIN)),
    Judged(
        Goal("`pytest tests/meta`, unchanged tree of 5,000 files, over a bare session", 0.3, " s CPU", 3),
        ("unchanged",),
        _unchanged,
    ),
    Judged(
        Goal(_MERGING, 5, " s CPU", 2),
        ("merging",),
        lambda results: spread(values(results["merging"].rounds, merging.JUDGED, cpu)).median,
    ),
    Judged(
        Goal(f"{_MERGING}, memory", 500, " MB", 0),
        ("merging",),
        lambda results: max(values(results["merging"].rounds, merging.JUDGED, megabytes)),
    ),
)


def lines(results: Results, *, quick: bool) -> list[list[str]]:
    """Give a line for each goal: what, allowed, measured, and whether it is met, which a trial never is."""
    found = []
    for each in GOALS:
        line = [each.goal.what, each.goal.allowed()]
        if all(name in results and results[name].rounds for name in each.needs):
            figure = each.figure(results)
            verdict = "not judged: a trial" if quick else each.goal.judged(figure)
            line += [f"{figure:,.{each.goal.places}f}{each.goal.unit}", verdict]
        else:
            line += ["-", "**not measured**"]
        found.append(line)
    return found
