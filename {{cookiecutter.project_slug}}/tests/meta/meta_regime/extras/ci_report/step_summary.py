"""The Markdown of a session's step summary: whoever sees nothing else knows what is wrong, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from ...record import MeasuredCoverage, SuiteRun
from ...terminal import WHY_STRICT
from ...time_verdicts import Row, name_of, seconds
from ...verdict import Outcome, Verdict, percent
from .._at_a_glance import SOON_DAYS, different, ending, head_room, most_to_gain, slowest, told, when
from .._markdown import code, fenced, folded, table, text
from .seen import Seen

LARGEST = 2**20  # bytes of all summaries of a step: GitHub shows none of a larger file
_LONGEST = 30_000  # characters of one block of code
_SHOWN = 10
_SHORT_DIFF = 30  # lines: a longer one is shown when it is asked for
_STOPPED = f"Next: see in the log of this step what that was. On your machine: {code('python -m pytest tests/meta')}"
_CUT = "\n\nWhat does not fit into a step summary was left out; the log has it.\n"


def append(path: Path, seen: Seen) -> None:
    """Add the summary of a session to the file of its step, as far as there is room. Raises `OSError`."""
    with path.open("ab") as stream:
        stream.write(fitted(blocks(seen), LARGEST - stream.tell()))


def fitted(parts: Iterator[str], room: int) -> bytes:
    """Put together as many whole blocks, in their order, as there is room for (bytes); say so if some were left out."""
    whole, cut = b"", _CUT.encode()
    for part in parts:
        more = f"\n{part}\n".encode()
        if len(whole) + len(more) + len(cut) > room:
            return (whole + cut)[: max(0, room)]
        whole += more
    return whole


# From here on: data to text.


def blocks(seen: Seen) -> Iterator[str]:
    """Give the summary in blocks, the most important first."""
    yield _head(seen)
    if seen.verdicts:
        yield table(("", "verdict", "what it says"), *_rows(seen))
    yield from _gate(seen)
    red = [(name, verdict) for name, verdict in different(seen.verdicts).items() if seen.fails(verdict)]
    if red:
        yield "### What to do"
        yield f"The same on your machine: {code('python -m pytest tests/meta')}. {_PLAYBOOK}"
    for name, verdict in red:
        yield folded(f"{name}: {verdict.line}", fenced(_short(_what_to_do(verdict))))
    if seen.run is not None:
        yield from _failed_tests(seen.run)
        yield from _slowest(seen, seen.run)
        if seen.run.coverage is not None:
            yield from _to_cover(seen.run.coverage)
    yield from _baseline(seen)
    yield from _excuses(seen)


_PLAYBOOK = f"What each verdict means, and the ways out: {code('tests/meta/README.md')}"


def _what_to_do(verdict: Verdict) -> str:
    why = WHY_STRICT if verdict.outcome is Outcome.NOT_JUDGED else ""
    return "\n\n".join(filter(None, (verdict.details, why))) or "Ways out of this: tests/meta/README.md"


def _head(seen: Seen) -> str:
    red, count = sum(map(seen.fails, seen.verdicts.values())), len(seen.verdicts)
    if seen.silence:
        said = f"{'❌' if seen.strict else '⚪'} nothing was judged"
    elif red:
        said = f"❌ {red} of {count} verdicts {'fails' if red == 1 else 'fail'}"
    elif seen.run is not None and seen.run.failed:
        said = f"❌ no verdict of {count} fails, but {_count(len(seen.run.failed), 'test')} of the suite"
    else:
        said = f"✅ no verdict of {count} fails"
    source = f"Judged: {text(seen.run.source)}, {_count(len(seen.run.tests), 'test')}. " if seen.run else ""
    typed = fenced(f"pytest {seen.typed}".rstrip())
    why = f"\n\nWhy: {text(seen.silence)}. {_STOPPED}" if seen.silence else ""
    return f"## meta-tests: {said}\n\n{source}Typed:\n\n{typed}{why}"


def _rows(seen: Seen) -> Iterator[tuple[str, str, str]]:
    rooms = head_room(seen.run, seen.standards) if seen.run and seen.standards else {}
    for name, verdict in different(seen.verdicts).items():
        same = sum(other.line == verdict.line for other in seen.verdicts.values()) - 1
        named = code(name) + (f" and {_count(same, 'other')}" if same else "")
        yield _outcome(verdict, fails=seen.fails(verdict)), named, text(told(verdict, rooms.get(name, "")))


def _outcome(verdict: Verdict, *, fails: bool) -> str:
    sign = "❌" if fails else "✅" if verdict.outcome is Outcome.PASSED else "⚪"
    word = verdict.outcome.value.upper().replace(" ", "&nbsp;")
    return f"{sign}&nbsp;{f'**{word}**' if fails else word}"


def _gate(seen: Seen) -> Iterator[str]:
    gate = seen.gate
    if gate.unknown:
        yield f"⚠️ Whether {code('tests/meta')} was changed on this branch cannot be told: {text(gate.unknown)}"
    if not gate.settings and not gate.others:
        return
    yield "### ⚠️ The gate itself was changed on this branch"
    names = f" Settings: {', '.join(map(code, gate.settings))}" if gate.settings else ""
    yield f"""Compared with {text(gate.since)}. So the verdicts may let through more than before.
Reviewers: see that it was meant.{names}"""
    if gate.diff:
        is_short = gate.diff.count("\n") <= _SHORT_DIFF
        yield folded("What was changed in them", fenced(_short(gate.diff.rstrip()), "diff"), is_open=is_short)
    if gate.others:
        more = f" and {len(gate.others) - _SHOWN} more" if len(gate.others) > _SHOWN else ""
        yield f"""Code of the verdicts, which only an update of the template should change:
{", ".join(map(code, gate.others[:_SHOWN]))}{more}"""


def _failed_tests(run: SuiteRun) -> Iterator[str]:
    if run.failed:
        more = f"\nand {len(run.failed) - _SHOWN} more" if len(run.failed) > _SHOWN else ""
        commands = "\n".join(f"python -m pytest {shlex.quote(nodeid)}" for nodeid in run.failed[:_SHOWN])
        yield f"### {_count(len(run.failed), 'test')} of the suite failed"
        yield fenced(commands + more)


def _slowest(seen: Seen, run: SuiteRun) -> Iterator[str]:
    rows, why = slowest(run, _SHOWN), {name_of(row): why for row, why, _, _ in seen.slow}
    if rows:
        yield "### The slowest tests and fixtures"
        head = ("seconds", "test", "why")
        named = ((row, name_of(row)) for row in rows)
        yield table(
            head,
            *((f"{row.owned:.2f}", code(name), text(why.get(name) or _by_the_clocks(row))) for row, name in named),
        )


def _by_the_clocks(row: Row) -> str:
    if row.owned < 0.1:
        return ""
    return f"computed {seconds(row.cpu)}, waited {seconds(max(0.0, row.owned - row.cpu))}"


def _to_cover(coverage: MeasuredCoverage) -> Iterator[str]:
    gains = most_to_gain(coverage, _SHOWN)
    if gains:
        yield "### To cover first"
        head = ("to cover", "covered", "total then", "file")
        yield table(
            head,
            *((str(file.uncovered), percent(file.percent), percent(then), code(file.path)) for file, then in gains),
        )
        yield f"Lines and branches; all of them: {code('python -m pytest tests/meta --meta-plan=plan.md')}"


def _baseline(seen: Seen) -> Iterator[str]:
    rows = []
    if seen.baseline is not None:
        then, now = (each.files for each in seen.baseline)
        known = [path for path in now if path in then]
        sums = [sum(files[path].uncovered for path in known) for files in (then, now)]
        rows.append(("lines and branches uncovered, in all", *_change(*sums)))
        changes = {path: now[path].uncovered - then[path].uncovered for path in known}
        changed = sorted((path for path in known if changes[path]), key=lambda path: (-changes[path], path))
        rows += [(code(path), *_change(then[path].uncovered, now[path].uncovered)) for path in changed[:_SHOWN]]
        if len(changed) > _SHOWN:
            rows.append((f"and {_count(len(changed) - _SHOWN, 'file')} more", "", "", ""))
        if new := len(now) - len(known):
            rows.append((f"and {_count(new, 'new file')}", "", "", ""))
    if seen.took is not None:
        before, after = seen.took
        rows.append(("seconds, of the tests that it knows", f"{before:.2f}", f"{after:.2f}", f"{after - before:+.2f}"))
    if rows:
        yield "### Against the baseline"
        yield table((code("tests/meta/baseline.json"), "allowed", "now", "change"), *rows)


def _change(then: int, now: int) -> tuple[str, str, str]:
    return str(then), str(now), f"{now - then:+d}" if now != then else "0"


def _excuses(seen: Seen) -> Iterator[str]:
    soon = ending(seen.standards) if seen.standards is not None else []
    if seen.standards is not None and soon:
        yield f"### Excuses that end within {SOON_DAYS} days"
        rows = ((code(entry.test), text(when(entry, seen.standards)), text(entry.reason)) for entry in soon[:_SHOWN])
        yield table((code("tests/meta/known_slow.toml"), "when", "reason"), *rows)


def _short(words: str) -> str:
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}\n... cut here; the log has the rest"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
