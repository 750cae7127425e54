"""Compares what a run took with what its baseline says. Data in, data out.

On a crowded machine a test needs more CPU seconds, too: its caches are refilled at each turn. Nobody can tell that from
a slow-down. So a crowd may have added something, and of a suite that is slower only by that nothing can be said. The
same holds for a machine that computes a bit more slowly than then, and for tests that take now more, now less, as those
do that draw their data at random.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from .timings import EVERYWHERE, SMALL, WORK, Row, Timings, Took, by_place, known, share_of, sums_of

_AT_LEAST = 0.2  # seconds: what is slower by less is not called slower, however short the suite
_SLOW_MACHINE = 1.25  # times the seconds for a piece of work: less may be noise, or a slower machine
_DEVIATIONS = 2.0  # standard deviations of a sum that it may be off by chance
_CROWDED = 0.1  # the share of computing time spent queueing: from here on children are not answerable
_OF_CHILDREN = 20.0  # seconds that children may queue on a crowded machine, for each second of their CPU
_OF_CPU = 0.2  # the share of its CPU seconds that a crowd may add to a test
_OF_EACH = 0.0005  # and seconds to each: what is too short for its queueing to be read
_SUMMED = ("then", "now", "unsure", "slowly")


class Difference(NamedTuple):
    """What a test, fixture or sum took then and now, in seconds.

    `unsure` are seconds that a crowd may have added, `slowly` those that a machine may have added that computes a bit
    more slowly than then. What is not `tellable` may be slower or faster for any reason.
    """

    place: str
    name: str
    then: float
    now: float
    unsure: float
    tests: int
    tellable: bool = True
    slowly: float = 0.0

    @property
    def more(self) -> float:
        """Seconds more than then; negative if it is faster."""
        return self.now - self.then


def differences(
    then: Timings, rows: Sequence[Row], crowded: float | None, *, neighbours: float = 0.0, strangers: float = 0.0
) -> list[Difference]:
    """Compare all that is in both; what is new, or gone, is in neither.

    `crowded` is the share of computing time that tests spent queueing; None where the system does not tell.
    `neighbours` is the share of the run in which anything on the machine queued, `strangers` are the CPU seconds of
    children that no test is known to have waited for.
    """
    neighbours = max(neighbours, crowded or 0.0)
    found, here = [], by_place(rows)
    work = next(row.took.cpu for row in rows if row.name == WORK) / max(then[EVERYWHERE][WORK].cpu, 0.001)
    for place, before in then.items():
        mine = here.get(place, [])
        _, small, _ = known(before, mine)
        named = [row for row in mine if row.name in before and row.name != WORK]
        found += [_difference(before[row.name], row, work, crowded, neighbours) for row in named]
        was, now = sums_of(before, small)
        if small and small[-1].took.seconds - was.seconds / len(small) > (now.seconds - was.seconds) / 2:
            was_one = share_of(was, 1 / len(small))  # one test makes the difference, so it is named
            found.append(_difference(was_one, small.pop(), work, crowded, neighbours))
            was, now = sums_of(before, small)
        if small:
            found.append(_difference(was, Row(place, SMALL, now), work, crowded, neighbours))
    if neighbours > _CROWDED:
        found.append(Difference(EVERYWHERE, WORK, 0.0, 0.0, _OF_CHILDREN * strangers, 0))
    return found


def _difference(was: Took, now: Row, work: float, crowded: float | None, neighbours: float) -> Difference:
    slower = work if work > _SLOW_MACHINE else 1.0
    then = was.seconds + was.cpu * (slower - 1)
    more = max(0.0, now.took.seconds - then)
    if crowded is None:  # what is not computed may be queueing
        unsure = max(0.0, more - max(0.0, now.took.cpu - was.cpu * slower))
    else:
        unsure = min(more, crowded * (_OF_CPU * was.cpu + _OF_EACH * was.tests))
    slowly = max(0.0, min(more - unsure, now.took.cpu - was.cpu, was.cpu * (min(work, _SLOW_MACHINE) - slower)))
    tellable = neighbours <= _CROWDED or not now.helped
    return Difference(now.place, now.name, then, now.took.seconds, unsure, now.took.tests, tellable, slowly)


def total(found: Sequence[Difference]) -> Difference:
    """Add it all up."""
    then, now, unsure, slowly = (sum(getattr(one, name) for one in found) for name in _SUMMED)
    return Difference(EVERYWHERE, "", then, now, unsure, sum(one.tests for one in found), slowly=slowly)


def by_chance(found: Sequence[Difference]) -> float:
    """Give the seconds that all this may be slower by chance: others then are faster by chance, and tell how much.

    The one that is faster by most tells nothing: somebody may have mended it.
    """
    faster = sorted(min(0.0, each.more) for each in found)[1:]
    return _DEVIATIONS * math.sqrt(2 * sum(more * more for more in faster))  # half of the deviations are downwards


def is_slower(found: Sequence[Difference], percent: float) -> bool | None:
    """Tell whether all this takes longer than it did, by more than is allowed; None if nobody can tell."""
    tellable = [one for one in found if one.tellable]
    told = total(tellable)
    if told.more - told.unsure - told.slowly - by_chance(tellable) > max(_AT_LEAST, told.then * percent / 100):
        return True
    everything = total(found)
    return None if everything.more > max(_AT_LEAST, everything.then * percent / 100) else False
