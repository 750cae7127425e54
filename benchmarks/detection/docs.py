"""Writes docs/detection.md: what came of the sessions, and on which machine."""

from __future__ import annotations

import datetime
import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from benchmarks.detection import figure, planted, slowdown
from benchmarks.detection.projects import LIMIT, PLUGINS
from benchmarks.detection.sessions import LOADS, WAYS

Rows = list[dict[str, Any]]


def machine() -> dict[str, str]:
    """Describe the machine, without names: for the record of each session."""
    packages = ("pytest", "pytest-xdist", "pyinstrument")
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cores": str(len(os.sched_getaffinity(0))),
        "python": platform.python_version(),
        "system": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}, {platform.machine()}",
        "packages": ", ".join(f"{name} {version(name)}" for name in packages),
    }


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Write a table in Markdown."""
    rule = ["---", *(["---:"] * (len(head) - 1))]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *lines))


def document(rows: Rows) -> str:
    """Write the whole document, of the parts that there are sessions of."""
    parts = {name: [row for row in rows if row["part"] in names] for name, names in _PARTS.items()}
    sections = [_WRITERS[name](mine) for name, mine in parts.items() if mine]
    return "\n\n".join([_head(rows), *sections]) + "\n"


def _head(rows: Rows) -> str:
    machines = {tuple(row["machine"].items()) for row in rows}
    said = [dict(each) for each in sorted(machines)]
    dates = sorted({each.pop("date") for each in said})
    kinds = sorted(
        {f"{each['cores']} cores, {each['system']}, Python {each['python']}, {each['packages']}" for each in said}
    )
    when = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    loads, ways = ", ".join(map(str, LOADS[:-1])), ", ".join(f"`{way}`" for way in WAYS)
    return f"""# Is it right about time?

Written by `make detection` (`benchmarks/detection/`), {when}.
{"; ".join(kinds)}.
Compared: {", ".join(PLUGINS)}.

The load: {loads} or {LOADS[-1]} processes that compute for nothing, beside the session.
The ways to run it: {ways}. Sessions take all pairs of load and way in turn. Judged is
what a session says, and its exit status."""


def _planted(rows: Rows) -> str:
    head = ["", "false accusations", "missed", "others accused", "right cause", "not judged", "broken"]
    kinds = ["", "false", "missed", "false (fail-slow)", "missed (fail-slow)", "right cause"]
    split = [line for what in ("load", "way", "kind") for line in planted.by(what, rows)]
    healthy, slow = (100 * share for share in planted.SHARES.values())
    return f"""## Slow tests

Suites of a dozen tests. The slowest of a healthy one owns {healthy:.0f} % of the limit: every accusation is false.
A planted one owns {slow:.0f} %; beside it, no other may be accused. In turn it sleeps, computes, waits for a socket,
waits for a program (that sleeps, or computes), or has a slow fixture of its module. The right cause is what it does,
at the line where it does it. "Not judged" is what the verdict says where it could not confirm a suspicion, and
counts as missed; "broken" is a session that said nothing of the kind.

The limit is {LIMIT:g} s. That is the hard case: the shorter a limit, the more weigh the moments for which a crowded
machine stops a process, and a program's start-up; a limit of seconds, as projects have, is kinder.

pytest-fail-slow judges the same sessions, by `--fail-slow {LIMIT:g} --fail-slow-setup {LIMIT:g}`; what it says is
written down and taken back, so that it is not a failure of the suite for the other. As meta-tests fails a test only
above {planted.BAND:g} x the limit, the third line judges it by that.

{table(head, planted.table(rows))}

{table(kinds, split)}"""


def _slowdown(rows: Rows) -> str:
    head = ["", "load alone: told slower", "not judged", "slower: told", "not judged", "missed", "broken"]
    whole = slowdown.table([{**row, "all": "all"} for row in rows], "all")
    split = [line for what in ("load", "way", "kind") for line in slowdown.table(rows, what)]
    return f"""## The suite has slowed down

The baseline was made beside no busy process, one for each way. Then come sessions of the suite as it was, under load
alone; and with {100 * slowdown.SHARE:.0f} % added to what its tests take together: to one test, or by an autouse
fixture to all of them, as a pause or as computing.

{table(head, whole + split)}"""


def _figure(rows: Rows) -> str:
    head = ["", "idle", *(f"beside {load}" for load in LOADS[1:]), "max/min"]
    tables = "\n\n".join(f"`{way}`:\n\n{table(head, figure.table(rows, way))}" for way in WAYS)
    return f"""## A figure that a crowded machine does not change

The suite: 20 tests that do a fixed piece of work, 14 that sleep, 6 that wait for a program. For each candidate the
median beside no busy process; how many times as much it is beside 2, 4 and 8; and the largest ratio of two sessions
under the same load. {len(rows)} sessions.

{tables}

- A crowded machine does not change what a thread computes, nor what it sleeps; what it queues is told exactly. What
  grows is waiting for *other* processes, which queue, too: for a program; under xdist for the controller, and the
  controller for its workers.
- Under xdist the judged figure takes of the busiest worker only what cannot grow: its CPU time, and the time in which
  its tests were blocked. Its wall time, even less its queue, has waiting for the controller in it. Which worker is the
  busiest is chance in part; but it is the one that a person waits for.
- Timing a loop before and after, to correct for a machine that computes more slowly, takes off little of the spread:
  the loop spreads as much itself.
- Clocks must be read in this order: CPU, queue, wall. Asking for a thread's CPU time settles its time slice, and that
  is where it loses the CPU. Read between wall and queue, that queueing is taken off a test whose wall time does not
  have it: beside 4 busy processes, 15 of 25 readings were wrong, by up to 10 ms each; in the right order none."""


_PARTS = {"planted": (*planted.SHARES,), "slowdown": slowdown.PARTS, "figure": ("figure",)}
_WRITERS = {"planted": _planted, "slowdown": _slowdown, "figure": _figure}


def progress(row: dict[str, Any]) -> str:
    """Write a session in a line, for whoever watches."""
    where = f"{row['way']}, load {row['load']}: " if "way" in row else ""
    said = f"{row.get('kind', '')} {row.get('verdict', '')}".strip()
    if row["part"] == "planted" and row["verdict"] == "failed":
        said += (
            f", the {'right' if row['found'] else 'WRONG'} test, the {'right' if row['right_cause'] else 'WRONG'} cause"
        )
    theirs = "; fail-slow failed " + ", ".join(row["fail_slow"]) if row.get("fail_slow") else ""
    return f"{row['part']} {row['number'] + 1}: {where}{said}{theirs}"


if __name__ == "__main__":
    sys.exit("run benchmarks/detection/run.py --write-docs")
