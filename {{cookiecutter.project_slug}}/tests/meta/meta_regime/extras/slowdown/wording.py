"""What the verdict on slow-downs says: from data to words."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from ...time_verdicts import seconds
from ...verdict import Outcome, Verdict, not_judged
from .._baseline_file import NAME
from .._table import table
from .compare import Difference, by_chance, is_slower, total
from .timings import EVERYWHERE, SMALL, Timings

MAKE = "add --meta-accept to the command that you have typed, while nothing else runs"
CONFLICT = "it holds a merge conflict; keep of each line the side that allows less, as --meta-accept does with coverage"
NOTHING_DEMANDED = "Nothing is demanded: slow-downs are not looked for ([performance] slowdown_percent = 0)."
IN_SHARDS = "the suite ran in shards, each on a machine of its own, so what tests took is compared with nothing"
UNKNOWN_MACHINE = "this run does not say on which machine it was made; run the suite again: --meta-fresh"
_ROWS_SHOWN = 8
_LIKELY = 0.1  # of all that is more: less explains nothing
_WORTH_NAMING = 0.05  # of all that is more


def unusable(problems: Sequence[str]) -> Verdict:
    """Say what is wrong with the file."""
    several = f"{len(problems)} things in it are wrong." if len(problems) > 1 else f"{problems[0]}."
    listed = "\n".join(f"    {problem}" for problem in problems) if len(problems) > 1 else ""
    return Verdict(Outcome.FAILED, f"{NAME} cannot be used: {several}", listed)


def another_class(machine: str, there: Sequence[str]) -> str:
    """Say that there is nothing to compare with, why, and how to make it."""
    here, *ways = machine.rsplit(", ", 2)
    same = [one.rsplit(", ", 2)[1:] for one in there if one.rsplit(", ", 2)[0] == here]
    if same:
        least = min(same, key=lambda other: sum(map(str.__ne__, other, ways)))
        pairs = [(then, now) for then, now in zip(least, ways, strict=True) if then != now]
        then, now = (" and ".join(_in_words(pair[side]) for pair in pairs) for side in (0, 1))
        made = f"its timings were made {then}, this run {now}, and that cannot be compared. To have timings of both"
        return f"{NAME}: {made}, {MAKE}, and commit the file"
    made = f"its timings were made on another class of machine ({'; '.join(there)})" if there else "it has no timings"
    return f"{NAME}: {made}; here: {machine}. To make them, {MAKE}, and commit the file"


def _in_words(way: str) -> str:
    """Say how tests were run, from what a class of machine says of it."""
    if way.startswith("coverage"):
        return "without coverage" if way == "coverage off" else f"with {way}"
    return f"{'in' if way == 'one process' else 'by'} {way}"


def compared(found: Sequence[Difference], percent: float, machine: str) -> Verdict:
    """Say whether the suite has slowed down, and what accounts for it."""
    whole, slower = total(found), is_slower(found, percent)
    share = f"{100 * abs(whole.more) / max(whole.then, 0.001):.0f} % {'more' if whole.more > 0 else 'less'}"
    line = f"what took {seconds(whole.then)} by {NAME} takes {seconds(whole.now)}, {share}"
    if slower is None:
        return replace(not_judged(f"{line}, but {_doubt(found)}"), details=_accounts(found))
    if not slower:
        return Verdict(Outcome.PASSED, f"The suite has not slowed down: {line}.")
    worst = max(_grouped(found), key=lambda each: each.more).place
    return Verdict(
        Outcome.FAILED,
        f"The suite has slowed down: {line}; {percent:g} % more are allowed.",
        f"""What accounts for it, in seconds less those spent queueing for a busy CPU:

{_accounts(found)}

Next, see what takes so long:

    python -m pytest --durations=10 -vv {shlex.quote(worst) if worst != EVERYWHERE else ""}

If it has to be so, take what may be slower out of {NAME}: lines, or tests in them, in "timings" under
"{machine}".
Reviewers see that. Then store what it takes now: {MAKE}.
The limit is [performance] slowdown_percent of tests/meta/policy.toml. Ways out of this: tests/meta/README.md""",
    )


def _doubt(found: Sequence[Difference]) -> str:
    """Say what else may be the reason, and how to find out."""
    whole, untold = total(found), sum(max(0.0, each.more) for each in found if not each.tellable)
    reasons = (
        (whole.unsure + untold, "what else the machine did", "while nothing else runs"),
        (whole.slowly, "the machine, which computes more slowly than then", "later"),
        (by_chance(found), "chance, which made other tests faster", "once or twice"),
    )
    likely = [reason for reason in reasons if reason[0] >= _LIKELY * whole.more] or [max(reasons)]
    *others, last = (f"{what} (up to {seconds(min(up_to, whole.more))})" for up_to, what, _ in likely)
    either = f"{', '.join(others)} or {last}" if others else last
    return f"the reason may be {either}. Run it again {likely[0][2]}"


def _grouped(found: Sequence[Difference]) -> list[Difference]:
    """Put together, by place, what by itself accounts for little; the greatest first."""
    least, groups = _WORTH_NAMING * total(found).more, defaultdict[tuple[str, str], list[Difference]](list)
    for each in found:
        groups[each.place, each.name if each.more >= least else ""].append(each)
    sums = [total(group)._replace(place=place, name=name) for (place, name), group in groups.items()]
    return sorted(sums, key=lambda each: -each.more)


def _accounts(found: Sequence[Difference]) -> str:
    slower = [each for each in _grouped(found) if each.more >= 0.005]
    rows = [(f"+{each.more:.2f} s", f"{_named(each)}{each.then:.2f} -> {each.now:.2f} s)") for each in slower]
    more = f"\n    and {len(rows) - _ROWS_SHOWN} more" if len(rows) > _ROWS_SHOWN else ""
    return table(("more", "in"), rows[:_ROWS_SHOWN]) + more


def _named(each: Difference) -> str:
    """Give the id of a test or fixture, or the name of a file with the number of its tests."""
    if each.name not in ("", SMALL):
        return f"{each.place}::{each.name} ("
    return f"{each.place} ({each.tests} {'small ' if each.name else ''}{'test' if each.tests == 1 else 'tests'}, "


def stored(then: Timings, now: Timings, machine: str) -> str:
    """Say what was written."""
    if then == now:
        return f"{NAME}: its timings are as they were"
    counts = (
        (sum(then[place] != now[place] for place in then.keys() & now.keys()), "changed"),
        (len(now.keys() - then.keys()), "added"),
        (len(then.keys() - now.keys()), "dropped"),
    )
    said = ", ".join(f"{count} {'line' if count == 1 else 'lines'} {what}" for count, what in counts if count)
    return f"{NAME}: timings stored, {said}, of {machine}; commit it"
