"""The parts of the page, from what was measured to HTML: a heading, words, a chart, and a table that says the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from ...record import MeasuredCoverage, SuiteRun, TestTiming
from ...time_verdicts import name_of
from ...verdict import Outcome, Verdict, extra, percent
from . import charts
from .boxes import all_boxes, boxes_of
from .by_cause import CAUSES, CausesOf, in_words, main_cause, places_of, rows_of
from .charts import Figure
from .escaping import name, prose, shortened
from .past import Past, Version

_ROWS = 200  # of a table
_SLOWEST = 25
_MARKS = {Outcome.PASSED: "✓", Outcome.FAILED: "✗", Outcome.NOT_JUDGED: "-"}


class Section:
    """A part of the page; `figures` are the charts in it, by the ids of the elements that they are drawn in."""

    def __init__(self, anchor: str, title: str, *parts: str) -> None:
        self.anchor, self.title = anchor, title
        self.parts = list(parts)
        self.figures: dict[str, Figure] = {}

    def chart(self, anchor: str, figure: Figure, says: str, table: str) -> None:
        """Add a chart, what it says in words, and the table of what it shows. `table` is HTML."""
        self.figures[anchor] = figure
        self.parts.append(
            f'<figure><div id="{anchor}" class="chart" role="img" aria-label="{prose(says)}"></div>'
            f"<figcaption>{prose(says)}</figcaption>"
            f"<details><summary>The same as a table</summary>{table}</details></figure>"
        )

    @property
    def html(self) -> str:
        """The whole part."""
        inside = "\n".join(self.parts)
        heading = f'<h2 id="{self.anchor}-title">{self.title}</h2>'
        return f'<section id="{self.anchor}" aria-labelledby="{self.anchor}-title">{heading}\n{inside}</section>'


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], count: int) -> str:
    """Give a table of rows whose cells are HTML, the first of them a name; and how many rows are left out."""
    shown = ["<tr>" + "".join(_cell(*pair) for pair in enumerate(row)) + "</tr>" for row in islice(rows, _ROWS)]
    left = f" The first {len(shown):,} of {count:,} rows." if count > len(shown) else ""
    titles = "".join(f'<th scope="col">{prose(each)}</th>' for each in head)
    said = prose(caption + left)
    return (
        f'<div class="table" role="region" tabindex="0" aria-label="{said}"><table><caption>{said}</caption>'
        f"<thead><tr>{titles}</tr></thead><tbody>{''.join(shown)}</tbody></table></div>"
    )


def _cell(number: int, content: str) -> str:
    return f"<td>{content}</td>" if number else f'<th scope="row">{content}</th>'


def verdicts_section(verdicts: Mapping[str, Verdict]) -> Section:
    """Show each verdict; the advice of those that are not green lies open."""
    section = Section("verdicts", "Verdicts")
    order = [Outcome.FAILED, Outcome.NOT_JUDGED, Outcome.PASSED]
    for test, verdict in sorted(verdicts.items(), key=lambda pair: order.index(pair[1].outcome)):
        outcome = verdict.outcome
        details = ""
        if verdict.details:
            opened = " open" if outcome is Outcome.FAILED else ""
            details = f"<details{opened}><summary>What to do</summary><pre>{prose(verdict.details)}</pre></details>"
        section.parts.append(
            f'<article class="{outcome.name.lower()}"><h3><span class="outcome">{_MARKS[outcome]} '
            f"{outcome.value}</span> {prose(verdict.line.removeprefix('not judged: '))}</h3>"
            f"<p class=test>{name(test)}</p>{details}</article>"
        )
    return section


def time_section(run: SuiteRun, causes: CausesOf) -> Section:
    """Show what the tests' seconds went into."""
    section = Section("time", "Where the time goes")
    if where := extra("where_time_goes"):
        parts = [(prose(part), f"{seconds:.2f}") for part, seconds in where.parts_of(run) if seconds >= 0.005]
        shared = " (on average of the processes or shards)" if run.workers or run.shards else ""
        section.parts.append(table(f"The suite's seconds{shared}", ("part", "seconds"), parts, len(parts)))
    root = boxes_of(places_of(rows_of(run, causes)))
    if root.size <= 0:
        section.parts.append("<p>No test took any time.</p>")
        return section
    section.parts.append(_colours(root.amounts))
    boxes = [box for box, _ in all_boxes(root)][1:] or [root]
    boxes.sort(key=lambda box: -box.size)
    rows = ((name(box.title), f"{box.size:.3f}", f"{box.things:,}", in_words(box.amounts)) for box in boxes)
    longest = next(box for box in boxes if not box.inside)
    says = (
        f"Treemap of the {root.size:.2f} s of {root.things:,} tests and wide fixtures, by folder, file and test; the "
        f"area is seconds, the colour is what took most of them. Together: {in_words(root.amounts)}. "
        f"The largest: {shortened(longest.title)}, {longest.size:.2f} s. A click on a folder goes into it. What takes "
        "less than a thousandth of all is summed up in its folder."
    )
    head = ("folder, file or test", "seconds", "tests", "of which")
    section.chart("time-map", charts.time_map(root), says, table("Seconds by place", head, rows, len(boxes)))
    return section


def _colours(amounts: Sequence[float]) -> str:
    shown = [number for number, seconds in enumerate(amounts) if seconds >= 0.0005] or [main_cause(amounts)]
    keys = [f'<li><span class="key cause{number}"></span>{CAUSES[number]}</li>' for number in shown]
    return f'<ul class="keys" aria-label="Colours">{"".join(keys)}</ul>'


def slowest_section(run: SuiteRun, causes: CausesOf) -> Section:
    """Show the slowest tests and wide fixtures."""
    section = Section("slowest", "The slowest tests")
    slow = sorted(rows_of(run, causes), key=lambda pair: -sum(pair[1]))[:_SLOWEST]
    slow = [(row, amounts) for row, amounts in slow if sum(amounts) >= sum(slow[0][1]) / 100]
    if not slow:
        return section
    rows = []
    for row, amounts in slow:
        call = f"{row.call:.3f}" if isinstance(row, TestTiming) else "-"
        told = "; ".join(f"{each.seconds:.2f} s {each.kind} {each.where}" for each in causes.get(name_of(row), ()))
        phases = (f"{row.setup:.3f}", call, f"{row.teardown:.3f}")
        rows.append((name(name_of(row)), f"{sum(amounts):.3f}", *phases, in_words(amounts), prose(told)))
    first, taken = name_of(slow[0][0]), sum(slow[0][1])
    looked = sum(name_of(row) in causes for row, _ in slow)
    says = (
        f"Bars of the {len(slow)} slowest tests and wide fixtures, stacked by cause. The slowest: {shortened(first)}, "
        f"{taken:.2f} s. Run again alone, so that it is known what they waited for: {looked or 'none'}. Of the others "
        "it is known what they, their threads and child processes computed, and what they queued."
    )
    head = ("test or fixture", "seconds", "set-up", "call", "teardown", "of which", "when it ran alone")
    section.chart("slowest-bars", charts.slowest_bars(slow, causes), says, table("Slowest", head, rows, len(rows)))
    return section


def coverage_section(coverage: MeasuredCoverage | None, missing: str) -> Section:
    """Show where coverage lacks."""
    section = Section("coverage", "Where coverage lacks")
    if coverage is None or not charts.coverage_rows(coverage):
        section.parts.append(
            f"<p>Not shown: {prose(missing if coverage is None else 'there is nothing to cover')}.</p>"
        )
        return section
    files = sorted(coverage.files, key=lambda file: (-file.uncovered, file.path))
    rows = (
        (name(file.path), percent(file.percent), f"{file.uncovered:,}", f"{file.statements:,}", f"{file.branches:,}",
         name(file.missing_lines))
        for file in files
    )  # fmt: skip
    most = f"{shortened(files[0].path)} with {files[0].uncovered:,}" if files[0].uncovered else "none"
    says = (
        f"Treemap of the measured files, {percent(coverage.percent)} covered: the area is statements, the colour the "
        f"share of statements and branches that no test executes. Most is to be covered in: {most}."
    )
    head = ("file", "covered", "to cover", "statements", "branches", "lines that no test executes")
    section.chart("coverage-map", charts.coverage_map(coverage), says, table("Files", head, rows, len(files)))
    return section


def past_section(past: Past) -> Section:
    """Show what the committed versions of the baseline say; it is no history of the total or of the suite's seconds."""
    section = Section("past", "What baseline.json has allowed", *(f"<p>{prose(note)}</p>" for note in past.notes))
    versions = past.versions
    if not versions:
        return section
    section.parts.insert(0, f"<p>{_WHAT_THE_PAST_IS}</p>")
    rows = [_row_of(before, version) for before, version in zip((versions[0], *versions), versions, strict=False)]
    head = ("version", "date", "uncovered lines", "branches", "seconds of tests", "subject", "note")
    told = table("Versions of tests/meta/baseline.json", head, reversed(rows), len(rows))
    if len(versions) == 1:
        section.parts.append(f"<p>There is one version so far; a line takes two.</p>{told}")
        return section
    first, last = versions[0], versions[-1]
    says = (
        f"Line of the uncovered lines and branches that the {len(versions)} committed versions allow: "
        f"{first.lines} and {first.branches} on {first.date[:10]}, "
        f"{last.lines} and {last.branches} on {last.date[:10]}."
    )
    section.chart("past-uncovered", charts.uncovered_line(versions), says, told)
    if any(version.seconds for version in versions):
        says = "Line of the seconds that all tests together took, as the versions have them, by class of machine."
        section.chart("past-seconds", charts.seconds_line(versions), says, told)
    return section


_WHAT_THE_PAST_IS = """Drawn from git's history of <code>tests/meta/baseline.json</code>. It says how many lines and
branches of each file may be uncovered, and what the tests took, set lower as they became better. It knows neither the
total coverage nor the suite's seconds from start to end."""


def _row_of(before: Version, version: Version) -> tuple[str, ...]:
    seconds = "; ".join(f"{taken:.2f} ({name(machine)})" for machine, taken in sorted(version.seconds.items()))
    note = "measured with other settings than before" if version.settings != before.settings else ""
    figures = (f"{version.lines:,}", f"{version.branches:,}", seconds)
    return (prose(version.commit), version.date[:10], *figures, name(version.subject), note)
