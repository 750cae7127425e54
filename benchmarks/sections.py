"""The tables of docs/benchmarks.md: of each experiment, from its rounds to Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import baking, kit, merging, pythons, unchanged
from benchmarks.figures import added, cpu, megabytes, ratios, spread, values, wall
from benchmarks.plan import OTHERS_AT_LARGE
from benchmarks.results import Result
from benchmarks.sessions import BASE, NO_REPORT, NO_REPORT_REGIME, PLAIN, PLAIN_REGIME, REGIME
from benchmarks.suites import VERDICTS

HEAD = ["", "CPU s", "by the clock, s", "ratio, CPU", "ratio, clock", "added", "MB", "rounds"]


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Write a table in Markdown."""
    rule = ["---", *(["---:"] * (len(head) - 1))]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *lines))


def _told(result: Result) -> str:
    said = [f"**Not measured**: {name}: {why.strip().splitlines()[0]}." for name, why in result.not_measured.items()]
    return "".join(f"\n\n{each}" for each in said)


def _line(result: Result, name: str, base: str, tests: int) -> list[str]:
    """Write a variant against another; what is added is that of a session of one test, or by each test."""
    rounds = result.rounds
    seconds = [spread(values(rounds, name, figure)) for figure in (cpu, wall)]
    places = 3 if tests == 1 else 2
    memory = f"{max(values(rounds, name, megabytes)):,.0f}"
    cells = [each.said(places) for each in seconds]
    if name == base:
        cells += ["1", "1", ""]
    else:
        cells += [spread(ratios(rounds, name, base, figure)).said(3) for figure in (cpu, wall)]
        more = spread(added(rounds, name, base, cpu))
        cells.append(f"{more.said(0, 1e3)} ms" if tests == 1 else f"{more.said(0, 1e6 / tests)} µs a test")
    return [name, *cells, memory, str(seconds[0].number)]


def _present(result: Result) -> list[str]:
    return list(dict.fromkeys(name for each in result.rounds for name in each))


def sessions(result: Result) -> str:
    """Write sessions of one suite, each against `pytest --cov`, and those without coverage against plain pytest."""
    tests, workers = int(result.settings["tests"]), int(result.settings["workers"])
    present = _present(result)
    bases = {PLAIN: PLAIN, PLAIN_REGIME: PLAIN}
    lines = [_line(result, name, bases.get(name, BASE), tests) for name in present if bases.get(name, BASE) in present]
    how = f", `-n {workers}`" if workers else ""
    lead = f"{tests:,} {'test' if tests == 1 else 'tests'}{how}"
    if result.experiment == OTHERS_AT_LARGE:
        lead = f"{lead}: the others, in {result.wanted} rounds of their own"
    return f"**{lead}**\n\n{table(HEAD, lines)}{_told(result)}"


def large_sources(result: Result) -> str:
    """Write sessions of a large package, with pytest-cov's report and without."""
    tests, more = int(result.settings["tests"]), int(result.settings["lines"])
    bases = {NO_REPORT_REGIME: NO_REPORT, NO_REPORT: NO_REPORT}
    present = _present(result)
    lines = [_line(result, name, bases.get(name, BASE), tests) for name in present if bases.get(name, BASE) in present]
    text = (
        f"{tests:,} tests of a package of {more:,} lines. The verdicts share what pytest-cov's report finds in"
        " the files. Without that report (`--cov-report=`) pytest-cov looks at no file, and the verdicts have to."
    )
    return f"{text}\n\n{table(HEAD, lines)}{_told(result)}"


def pythons_(result: Result) -> str:
    """Write sessions on other Pythons, each way against itself without the regime."""
    tests, present = int(result.settings["tests"]), _present(result)
    lines = []
    for way in pythons.WAYS:
        base, mine = pythons.named(way, BASE), pythons.named(way, REGIME)
        if base in present and mine in present:
            line = _line(result, mine, base, tests)
            without = spread(values(result.rounds, base, cpu)).said()
            lines.append([way.name, without, *line[1:2], *line[3:6]])
    head = ["", "CPU s without", "with the regime", "ratio, CPU", "ratio, clock", "added"]
    text = (
        f"{tests:,} tests, `pytest --cov`, packages as in requirements/dev.txt. *sysmon* is coverage.py with"
        " `sys.monitoring` (`COVERAGE_CORE=sysmon`); every session asks coverage.py itself what measures. Before Python"
        " 3.14 it measures no branches, so there it is compared without them."
    )
    missing = f" Not here, so not tried: Python {result.facts['not here']}." if result.facts.get("not here") else ""
    return f"{text}{missing}\n\n{table(head, lines)}{_told(result)}"


def unchanged_(result: Result) -> str:
    """Write what the verdicts of an unchanged tree cost."""
    files = int(result.settings["files"])
    lines = []
    for name in _present(result):
        cells = [spread(values(result.rounds, name, figure)).said(3) for figure in (cpu, wall)]
        lines.append([name, *cells, f"{max(values(result.rounds, name, megabytes)):,.0f}"])
    over = [
        spread(added(result.rounds, unchanged.VERDICTS_ALONE, unchanged.ONE_TEST, figure)).said(3)
        for figure in (cpu, wall)
    ]
    text = f"The {VERDICTS} verdicts, of the last run, in a repository of {files:,} files in which nothing has changed."
    head = ["", "CPU s", "by the clock, s", "MB"]
    return f"{text}\n\n{table(head, [*lines, ['more than that session', *over, '']])}{_told(result)}"


def merging_(result: Result) -> str:
    """Write what it costs to judge many shards."""
    sizes = {name: int(number) for name, number in result.settings.items()}
    cells = [spread(values(result.rounds, merging.JUDGED, figure)).said() for figure in (cpu, wall)]
    memory = f"{max(values(result.rounds, merging.JUDGED, megabytes)):,.0f}"
    text = (
        f"`pytest tests/meta` with `--meta-records`: {sizes['shards']} shards with {sizes['tests']:,} tests in all,"
        f" {sizes['files']} measured files. The records are made up; the {merging.NOT_JUDGED} verdicts that need a"
        " baseline, or what is noted of marks and skips, do not judge here."
    )
    lines = [[f"{sizes['tests']:,} tests", *cells, memory]]
    return f"{text}\n\n{table(['', 'CPU s', 'by the clock, s', 'MB'], lines)}{_told(result)}"


def baking_(result: Result) -> str:
    """Write how long templates take."""
    lines = []
    for name in _present(result):
        cells = [spread(values(result.rounds, name, figure)).said(3) for figure in (cpu, wall)]
        ratio = "1" if name == baking.NEW_PROJECT else ""
        ratio = ratio or spread(ratios(result.rounds, name, baking.NEW_PROJECT, cpu)).said()
        lines.append([name, result.facts.get(name, ""), *cells, ratio])
    lines += [[name, "", "**not measured**", "", ""] for name in result.not_measured]
    peers = ", ".join(f"{name} at {peer.commit[:12]}" for name, peer in baking.PEERS.items())
    text = (
        f"`cookiecutter --no-input` from a clone that is there already; {peers}. cookiecutter-django is measured"
        " without its hooks, which ask the package index for all dependencies; the others with theirs."
    )
    head = ["", "files", "CPU s", "by the clock, s", "ratio to new project"]
    return f"{text}\n\n{table(head, lines)}{_told(result)}"


def kit_(result: Result) -> str:
    """Write what fixtures cost a test."""
    tests, sleeps = int(result.settings["tests"]), int(result.settings["sleeps"])
    lines = []
    present = _present(result)
    if {kit.PLAIN, kit.FEW_PLAIN, kit.NOTHING, kit.FEW} <= set(present):
        number = kit.asking(kit.NOTHING, tests) - kit.asking(kit.FEW, tests)
        cells = [spread(kit.resetting(result.rounds, figure)).said(0, 1e6 / number) for figure in (cpu, wall)]
        lines.append(
            ["reset_resilience_state (every test has it)", "no kit, start-up taken off", f"{number:,}", *cells]
        )
    for name, base in kit.PEERS.items():
        if name not in present or base not in present:
            continue
        asking = kit.asking(name, tests)
        factor = 1e6 / asking / (sleeps if name == kit.SLEEPING else 1)
        cells = [spread(added(result.rounds, name, base, figure)).said(0, factor) for figure in (cpu, wall)]
        what = f"one `time.sleep` under {kit.CLOCK}" if name == kit.SLEEPING else name
        lines.append([what, base, f"{asking:,}", *cells])
    text = (
        f"What a test takes more that asks for a fixture, beside twenty breakers of pybreaker, a retry of tenacity, and"
        f" {int(result.settings['modules']):,} modules: what freezing costs grows with these. The peers are a fixture"
        " that calls `monkeypatch.setattr` once, and one that enters freezegun's `freeze_time`."
    )
    head = ["", "more than", "tests", "CPU, µs a test", "by the clock, µs"]
    return f"{text}\n\n{table(head, lines)}{_told(result)}"
