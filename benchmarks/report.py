"""Writes docs/benchmarks.md and its curves, of what is on file; what is not there is said, never left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks import goals, sections
from benchmarks.curves import chart
from benchmarks.detection.projects import PLUGINS
from benchmarks.experiments import Experiment
from benchmarks.figures import cpu, megabytes, spread, values
from benchmarks.goals import Results, growth, size
from benchmarks.plan import BY_NUMBER, OTHERS_AT_LARGE
from benchmarks.results import Result, as_stored, template_state
from benchmarks.sections import table
from benchmarks.sessions import BASE, ON_COVERAGE, REGIME

Plan = Mapping[str, Experiment]
COMMAND = "make bench"
QUIET = 0.9  # of its time, a session of one process computes
TITLES = {
    "benchmarks-cpu.svg": "CPU seconds of a session",
    "benchmarks-each-test.svg": "CPU that each test adds, start-up taken off",
    "benchmarks-memory.svg": "Peak memory of a session",
}
HOW = """\
## How it is measured

- Every variant is a whole session in a process of its own, on a suite of trivial tests: the hardest case for a cost per
  test. The variants of a table take turns, and the order is reversed from round to round, after all have been
  warmed up: sessions of more than one test by a collection, which reads and compiles everything, the rest by a run.
  Ratios and differences are taken within a round. Tables have the median, and in brackets the lowest and highest round.
- CPU is user and system time of the session and of all its processes, as the system counts them (`wait4`); the time by
  the clock is from start to end. Memory is the highest peak of the largest process.
- A session counts only if all its tests and all its verdicts passed; of the other tools it must say what only they say,
  and that they judge is tried first: a planted slow test and a low coverage must fail. Otherwise the experiment ends,
  and this page says "not measured".
- Without `--cov`, the {on_coverage} verdicts on coverage say "not judged", and must say so.
- *Three child runs* is how the first regime of this kind did it: a run of the suite for each of three verdicts.
  *fail-slow, durations, fail_under* is `pytest --cov` with pytest-fail-slow, pytest-durations and coverage's own
  threshold ({plugins}).
- A goal is judged on the median as it is, not as it is rounded here."""


def troubles(plan: Plan, results: Results) -> list[str]:
    """Say of each experiment what is missing of it."""
    found = []
    state = template_state()
    for name, experiment in plan.items():
        result = results.get(name)
        if result is None:
            found.append(f"{name}: it is not on file; `{COMMAND}` measures it")
            continue
        found += [f"{name}: {what}: {_first_line(why)}" for what, why in result.not_measured.items()]
        if len(result.rounds) < experiment.rounds:
            found.append(f"{name}: {len(result.rounds)} of {experiment.rounds} rounds; `{COMMAND}` goes on")
        if result.settings != as_stored(experiment.settings):
            found.append(f"{name}: it was measured with other settings; `{COMMAND}` measures it anew")
        if result.state != state:
            found.append(
                f"{name}: the template has changed since ({result.machine['commit']}); `{COMMAND}` measures it anew"
            )
    return found


def _first_line(text: str) -> str:
    lines = text.strip().splitlines() or ["no reason was given"]
    return (lines[-1] if lines[0].startswith("Traceback") else lines[0]).replace("|", "\\|")


def _machines(results: Results) -> str:
    machines = [result.machine for result in results.values()]
    dates = sorted({each["date"] for each in machines})
    when = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    said = {f"{each['processor']}; {each['system']}; Python {each['python']}; {each['packages']}" for each in machines}
    commits = ", ".join(sorted({each["commit"] for each in machines}))
    return f"{when}. {'; '.join(sorted(said))}; commit {commits}."


def busy(results: Results) -> list[str]:
    """Say in which experiments a session of one process, which waits for nothing, had a CPU for less than it wanted."""
    found = []
    for name in _by_number(results):
        share = spread([each[BASE].cpu / each[BASE].wall for each in results[name].rounds]).median
        if share < QUIET:
            found.append(
                f"**The machine was busy with other things during {name}**: a session had a CPU for"
                f" {share:.0%} of its time. Measure it again (`python benchmarks/run.py --only {name}`)."
            )
    return found


def _section(title: str, names: Sequence[str], results: Results, write: Callable[[Result], str]) -> str:
    parts = [f"## {title}"]
    for name in names:
        result = results.get(name)
        parts.append(write(result) if result and result.rounds else f"**Not measured**: {name}.")
    return "\n\n".join(parts)


def grown(results: Results) -> list[list[str]]:
    """Give a line for each number of tests: CPU seconds, what is added, in all and by each test, and memory."""
    lines = []
    for name in _by_number(results):
        rounds, tests = results[name].rounds, size(results, name)
        base, mine = (spread(values(rounds, one, cpu)).median for one in (BASE, REGIME))
        memory = [spread(values(rounds, one, megabytes)).median for one in (BASE, REGIME)]
        each = f"{1e6 * growth(results, name):.1f}" if tests > 1 and "tests-1" in results else "-"
        more = f"{mine - base:.3f}"
        lines.append([f"{tests:,}", f"{base:.2f}", f"{mine:.2f}", more, each, *(f"{one:.0f}" for one in memory)])
    return lines


def _by_number(results: Results) -> list[str]:
    return [name for name in BY_NUMBER if name in results and results[name].rounds]


def curves(results: Results) -> dict[str, str]:
    """Draw how CPU, what is added, and memory grow, as far as two sizes are there: pictures by their file's name."""
    names = _by_number(results)
    if len(names) < 2:
        return {}
    sizes = [size(results, name) for name in names]

    def points(one: str, figure: Callable[..., float]) -> list[tuple[float, float]]:
        medians = [spread(values(results[name].rounds, one, figure)).median for name in names]
        return list(zip(map(float, sizes), medians, strict=True))

    added = [
        (tests, mine - base) for (tests, mine), (_, base) in zip(points(REGIME, cpu), points(BASE, cpu), strict=True)
    ]
    each = (
        [(float(size(results, name)), 1e6 * growth(results, name)) for name in names[1:]]
        if names[0] == "tests-1"
        else []
    )
    drawn = {
        "benchmarks-cpu.svg": (
            "CPU seconds",
            {BASE: points(BASE, cpu), REGIME: points(REGIME, cpu), "what it adds": added},
        ),
        "benchmarks-each-test.svg": ("microseconds", {"what the regime adds": each}),
        "benchmarks-memory.svg": (
            "MB",
            {BASE: points(BASE, megabytes), REGIME: points(REGIME, megabytes)},
        ),
    }
    return {
        name: chart(TITLES[name], "tests", unit, series)
        for name, (unit, series) in drawn.items()
        if any(min(point) > 0 for line in series.values() for point in line)
    }


def document(plan: Plan, results: Results, pictures: Sequence[str], *, quick: bool) -> str:
    """Write the whole page."""
    missing = troubles(plan, results)
    loud = ["## Not measured", "\n".join(f"- **not measured**: {each}" for each in missing)] if missing else []
    trial = ["**A trial with tiny suites (`--quick`): its figures mean nothing.**"] if quick else []
    head = ["goal", "allowed", "measured", ""]
    growth_head = ["tests", "CPU s without", "with", "added", "µs a test", "MB without", "with"]
    grow = ["## How it grows", table(growth_head, grown(results))] if _by_number(results) else []
    grow += [f"![{TITLES[name]}](pictures/{name})" for name in pictures]
    parts = [
        "# Benchmarks",
        f"Written by `{COMMAND}` (`benchmarks/`), {_machines(results)}"
        if results
        else f"`{COMMAND}` writes this page.",
        *trial,
        *busy(results),
        *loud,
        "## Goals",
        table(head, goals.lines(results, quick=quick)),
        HOW.format(on_coverage=ON_COVERAGE, plugins=", ".join(PLUGINS)),
        _section("Sessions", (*BY_NUMBER, OTHERS_AT_LARGE), results, sections.sessions),
        *grow,
        _section("Under xdist", ["workers"], results, sections.sessions),
        _section("Large sources", ["large-sources"], results, sections.large_sources),
        _section("Other Pythons, other ways to measure", ["pythons"], results, sections.pythons_),
        _section("An unchanged tree", ["unchanged"], results, sections.unchanged_),
        _section("Many shards", ["merging"], results, sections.merging_),
        _section("Baking", ["baking"], results, sections.baking_),
        _section("Fixtures", ["kit"], results, sections.kit_),
    ]
    return "\n\n".join(parts) + "\n"


def write(plan: Plan, results: Results, folder: Path, *, quick: bool) -> Path:
    """Write the page and its pictures below a folder; give the page."""
    drawn = curves(results)
    pictures = folder / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    for old in pictures.glob("benchmarks-*.svg"):
        old.unlink()
    for name, text in drawn.items():
        (pictures / name).write_text(text, encoding="utf-8")
    page = folder / "benchmarks.md"
    page.write_text(document(plan, results, list(drawn), quick=quick), encoding="utf-8")
    return page
