"""What tests took on a class of machines: the `timings` of `baseline.json`. Data in, data out.

Of each place (a test file, or the folder of a fixture) the tests and fixtures that take a while are kept by name, the
others in one sum.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from ...record import FixtureTiming, SuiteRun
from .._baseline_file import BaselineError

EVERYWHERE = "."  # the place of what belongs to no file
SMALL = "(small)"  # the name of the sum
WORK = "(work)"  # CPU seconds of a thousand small pieces of work: how fast the machine is
CHILDREN = "(children)"  # CPU seconds of children that ended while tests ran; of the run at hand, not stored
CROWD = "(crowd)"  # the share of a run in which something on the machine has queued for a CPU, likewise
_KEPT = 0.02, 0.005  # seconds, and the share of the whole: what takes both is kept by name
_ALWAYS_KEPT = 0.1  # seconds
_AT_MOST = 300  # names
_ENDLESS = 1e12  # seconds
_HELPED = 0.005  # CPU seconds of children and other threads
_BETTER = 0.85, 0.02  # the share of before, and seconds less: both make a test clearly better


class Took(NamedTuple):
    """What a test or fixture, or a sum of several, took: owned seconds, and the main thread's CPU seconds in them."""

    seconds: float
    cpu: float
    tests: int = 1


class Row(NamedTuple):
    """A test, a wide fixture, or a figure of a run. `helped`: children or threads computed for it."""

    place: str
    name: str
    took: Took
    helped: bool = False


_NOTHING = Took(0.0, 0.0, 0)
Timings = Mapping[str, Mapping[str, Took]]  # by place, by name


def rows_of(run: SuiteRun) -> list[Row]:
    """Give the figures, the tests that passed, and the wide fixtures: of several set-ups of one, the mean."""
    found = [Row(EVERYWHERE, WORK, Took(run.figures[WORK], run.figures[WORK]))]
    for test, owned in zip(run.tests, run.took, strict=False):  # behind them are the fixtures
        if test.outcome == "passed":
            account = run.accounts.get(test.nodeid)
            helped = account is not None and account.children + account.threads > _HELPED
            place, _, name = test.nodeid.partition("::")
            found.append(Row(place, name, Took(owned, test.cpu), helped))
    fixtures: dict[str, list[FixtureTiming]] = defaultdict(list)
    for fixture in run.fixtures:
        fixtures[fixture.label].append(fixture)
    for label, times in fixtures.items():
        place, _, name = label.partition("::")
        mean = Took(sum(one.owned for one in times) / len(times), sum(one.cpu for one in times) / len(times))
        found.append(Row(place, name, mean))
    return found


def strangers(run: SuiteRun) -> float:
    """Give the CPU seconds of children of which no test's account tells: a fixture's, or a server's."""
    told = 0.0
    for test in run.tests if run.accounts else ():
        account = run.accounts.get(test.nodeid)
        told += min(account.children, test.setup + test.call + test.teardown) if account else 0.0
    return max(0.0, float(run.figures[CHILDREN]) - told)


def by_place(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Sort rows by their places, and in each by their seconds."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=attrgetter("took")):
        found[row.place].append(row)
    return found


def together(rows: Sequence[Took]) -> Took:
    """Give the sum."""
    return rows[0] if len(rows) == 1 else Took(*map(sum, zip((0.0, 0.0, 0), *rows, strict=True)))


def share_of(took: Took, share: float) -> Took:
    """Give what a share of a sum would take."""
    return Took(took.seconds * share, took.cpu * share, round(took.tests * share))


def known(then: Mapping[str, Took], rows: Sequence[Row]) -> tuple[dict[str, Took], list[Row], list[Row]]:
    """Tell what of a place was there before: what is known by name, what is in the sum, what is new.

    If there are more tests in the sum than before, the slowest of them are taken for new.
    """
    others = [row for row in rows if row.name not in then]
    count = then[SMALL].tests if SMALL in then else 0
    return {row.name: row.took for row in rows if row.name in then}, others[:count], others[count:]


def sums_of(then: Mapping[str, Took], small: Sequence[Row]) -> tuple[Took, Took]:
    """Give what the small tests took before, all or as many as are left, and what they take now."""
    before = then.get(SMALL, _NOTHING)
    share = len(small) / max(1, before.tests)
    return before if share == 1 else share_of(before, share), together([row.took for row in small])


def accepted(then: Timings, rows: Sequence[Row]) -> Timings:
    """Tighten and trim: places that are clearly better are stored, new tests added, those that are gone dropped.

    No test is allowed more than before.
    """
    least = min(_ALWAYS_KEPT, max(_KEPT[0], _KEPT[1] * together([row.took for row in rows]).seconds))
    kept = sorted((row for row in rows if row.took.seconds >= least), key=lambda row: -row.took.seconds)[:_AT_MOST]
    names = {(row.place, row.name) for row in kept} | {(EVERYWHERE, WORK)}
    found = {}
    for place, mine in sorted(by_place(rows).items()):
        before = then.get(place, {})
        named, old, new = known(before, mine)
        lesser = {name: _lesser(before[name], took) for name, took in named.items()}
        was, now = sums_of(before, old)
        lesser.update((row.name, row.took) for row in new if (place, row.name) in names)
        small = together([_lesser(was, now), *(row.took for row in new if (place, row.name) not in names)])
        found[place] = {**({SMALL: small} if small.tests else {}), **lesser}
    return found


def _lesser(before: Took, now: Took) -> Took:
    """Give what was stored, unless it is clearly better now: of what only differs, the least would be too little."""
    return now if now.seconds <= min(before.seconds * _BETTER[0], before.seconds - _BETTER[1]) else before


def written(timings: Timings) -> dict[str, dict[str, list[float]]]:
    """Give the timings as they stand in the file: `[seconds, CPU seconds]`, of a sum with the number of its tests."""
    return {place: {name: _numbers(name, took) for name, took in sorted(row.items())} for place, row in timings.items()}


def _numbers(name: str, took: Took) -> list[float]:
    return [round(took.seconds, 6), round(took.cpu, 6), *([took.tests] if name == SMALL else [])]


def parsed(document: Mapping[str, Any]) -> Timings:
    """Read the timings of one class. Raises `BaselineError` with everything that is wrong in them."""
    problems, found = list[str](), dict[str, dict[str, Took]]()
    for place, row in document.items():
        if not isinstance(row, dict):
            problems.append(place + ' must be an object of tests, as in {"test_it": [1.5, 0.2]}')
            continue
        fit = {name: _fit(values, 3 if name == SMALL else 2) for name, values in row.items()}
        for name in (name for name in row if not fit[name]):
            problems.append(f"{place}: {name} must be [seconds, CPU seconds{', tests' if name == SMALL else ''}]")
        found[place] = {name: Took(*values) for name, values in row.items() if fit[name]}
    if not problems and not found.get(EVERYWHERE, {}).keys() >= {WORK}:
        problems.append(f'"{EVERYWHERE}" must have {WORK}; take the line back from git')
    if problems:
        raise BaselineError(problems)
    return found


def _fit(values: Any, length: int) -> bool:
    """Tell whether it is a list of so many numbers, the third of them whole."""
    numbers = values if isinstance(values, list) else []
    types = [type(each) for each in numbers]
    are_numbers = len(types) == length and set(types) <= {int, float} and types[2:] in ([], [int])
    return are_numbers and all(0 <= each < _ENDLESS for each in numbers)
