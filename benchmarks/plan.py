"""All experiments, the cheap ones first, at full size and as a trial."""

from __future__ import annotations

from benchmarks import baking, kit, merging, pythons, unchanged
from benchmarks.experiments import Experiment
from benchmarks.sessions import (
    ALL_ONCE,
    BASE,
    NO_REPORT,
    NO_REPORT_REGIME,
    ORIGINAL,
    PEERS,
    PLAIN,
    PLAIN_REGIME,
    REGIME,
    Case,
    experiment,
)

BY_NUMBER = ("tests-1", "tests-1000", "tests-10000", "tests-100000")
OTHERS_AT_LARGE = "tests-100000-others"  # apart from the regime, as they take long, and in fewer rounds
PAIR = (BASE, REGIME)


def experiments(*, quick: bool) -> dict[str, Experiment]:
    """Give the experiments by name, in the order in which they are made."""
    small, middle, large = (20, 60, 120) if quick else (1_000, 10_000, 100_000)
    few = 2 if quick else 5

    def rounds(number: int) -> int:
        return few if quick else number

    both_reports = (BASE, REGIME, NO_REPORT, NO_REPORT_REGIME)
    made = [
        experiment("tests-1", Case(1, (PLAIN, PLAIN_REGIME, *ALL_ONCE)), rounds(20)),
        baking.experiment(rounds(9)),
        unchanged.experiment(300 if quick else 5_000, rounds(9)),
        experiment("tests-1000", Case(small, ALL_ONCE), rounds(7)),
        merging.experiment(merging.Size(2_000, 4, 20) if quick else merging.Size(1_000_000, 64, 200), few),
        kit.experiment(50 if quick else 2_000, 2_000, few),
        experiment("workers", Case(middle, PAIR, workers=2), few),
        experiment("large-sources", Case(small if quick else 6_000, both_reports, 2_000 if quick else 100_000), few),
        experiment("tests-10000", Case(middle, ALL_ONCE), few),
        pythons.experiment(middle, few),
        experiment("tests-100000", Case(large, PAIR), few),
        experiment(OTHERS_AT_LARGE, Case(large, (BASE, ORIGINAL, PEERS)), rounds(3)),
    ]
    return {each.name: each for each in made}
