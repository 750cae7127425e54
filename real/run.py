"""The regime in the source distributions of known projects: `python real/run.py [PROJECT ...]`.

For each project (the table is `real/projects.py`): its own suite untouched; the regime baked onto it, with every file
that was there checked byte by byte; the three loader lines; its suite again, plain and on two workers; and
`pytest tests/meta` alone. Outcomes are compared test by test, and every figure in the verdicts with what coverage.py,
pytest and an observer of our own say of the same session. Ends with a table; exits 1 if anything does not agree.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from real import compare, compare_times
from real.projects import PROJECTS, Project
from real.sessions import Session, pytest
from real.workshop import add_loader, bake, contents, environment, git, put, unpacked
from tests.baking import ROOT
from tests.sample import OF_RULES, delete_extras

MODES = {"plain": (), "-n 2": ("-n", "2")}
DURATIONS = ("--durations=0", "-vv")
BUDGET = 120.0
UNREACHED = 60.0  # seconds that no test takes
TOLERANCE = 0.25  # that policy.toml has for slow tests, as a share of the limit
BAKED = (r"tests/meta/.*", r"\.github/workflows/meta-tests\.yml")
WRITTEN = (r"\.coverage", r"tests/conftest\.py")


@dataclass
class Findings:
    """What was found in a project: what does not agree, and the cells of its rows in the table, by mode."""

    project: Project
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, mode: str, column: str, found: list[str], cell: str) -> None:
        """Keep what a comparison found; the cell says it in short."""
        self.wrong += [f"{self.project.key}, {mode}: {each}" for each in found]
        self.rows.setdefault(mode, {})[column] = f"NO: {cell}" if found else cell


@dataclass(frozen=True)
class Before:
    """The untouched suite: a session in each mode, the plain one repeated, and the tests that did not end the same."""

    sessions: dict[str, Session]
    again: Session
    flaky: set[str]


@dataclass
class Examination:
    """One project, unpacked and installed, and what is found in it."""

    project: Project
    folder: Path
    python: Path
    findings: Findings

    def pytest(self, *arguments: str) -> Session:
        """Run its suite."""
        return pytest(self.folder, self.python, *arguments)

    def settled(self, before: Before, mode: str, label: str, *arguments: str) -> Session:
        """Run its suite under the regime; once more if outcomes differ, since some tests cannot bear a busy machine.

        A difference that does not come back is noted, not counted.
        """
        session = self.pytest(*arguments)
        differ = compare.outcomes(before.sessions[mode], session, before.flaky)
        if session.death or not differ:
            return session
        again = self.pytest(*arguments)
        for each in set(differ) - set(compare.outcomes(before.sessions[mode], again, before.flaky)):
            self.findings.notes.append(f"{self.project.key}, {label}: once, and not when run again: {each}")
        return again

    def set_policy(self, **values: str) -> None:
        """Edit its policy, as its owner would."""
        for key, value in values.items():
            put(self.folder / "tests" / "meta" / "policy.toml", key, value)

    def run_before(self) -> Before:
        """Run the untouched suite: plain, on two workers, and plain again, to know the tests that are flaky."""
        without = () if self.project.own_asyncio else ("-p", "no:asyncio")
        typed = (*without, *self.project.arguments)
        sessions = {mode: self.pytest(*typed, *words) for mode, words in MODES.items()}
        again = self.pytest(*typed)
        for session in (*sessions.values(), again):
            if session.death:
                raise RuntimeError(f"its own suite, untouched: {session.death}")
        first, second = sessions["plain"].outcomes, again.outcomes
        flaky = {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)}
        if flaky:
            self.findings.notes.append(f"{self.project.key}: not the same twice, left out: {', '.join(sorted(flaky))}")
        return Before(sessions, again, flaky)

    def bake_and_check(self, template: Path) -> dict[str, str]:
        """Bake the regime; check that it only added files. Gives the digests of those that were there."""
        before = contents(self.folder)
        with tempfile.TemporaryDirectory() as scratch:
            answers = {"package_name": self.project.package, "minimum_coverage": self.project.minimum_coverage}
            bake(template, self.folder, Path(scratch), ci="github", **answers)
        found = compare.files(before, contents(self.folder), BAKED)
        if not (self.folder / "tests" / "meta" / "policy.toml").exists():
            found.append("the template added no tests/meta")
        delete_extras(self.folder, *OF_RULES)  # what they judge is how a project is set up, and no figure
        tracked = git(self.folder, "status", "--porcelain", "--untracked-files=no")
        found += [f"git status: {line}" for line in tracked.splitlines()]
        self.findings.add("plain", "files", found, f"{len(before)} untouched")
        return before

    def run_after(self, before: Before) -> None:
        """Run the suite under the regime, with a limit that some tests exceed, and compare."""
        limit = limit_between(before.again)
        # Accused is what is over the limit and its tolerance; here at once, as the observer saw one run of it.
        self.set_policy(limit_seconds=repr(limit / (1 + TOLERANCE)), confirm_at_most="0")
        for mode, words in MODES.items():
            data = self.folder / ".coverage"
            data.unlink(missing_ok=True)
            cov = (f"--cov={self.project.package}", "--cov-report=")
            session = self.settled(before, mode, mode, *cov, *DURATIONS, *words, *self.project.arguments)
            if session.death:
                self.findings.add(mode, "outcomes", [session.death], "no test ran")
                continue
            self.check_outcomes(before, session, mode)
            self.check_coverage(session, mode, data)
            self.check_times(session, mode, limit)
            self.check_pytests_own(session, mode)

    def run_alone(self, before: Before) -> None:
        """Run `pytest tests/meta`, which has to run the suite in a child, without touching the project's own data."""
        self.set_policy(limit_seconds=f"{UNREACHED:g}")
        own = self.folder / ".coverage"
        for plain_mode, words in MODES.items():
            mode = f"tests/meta, {plain_mode}"
            own.write_bytes(b"the project's own")
            session = self.settled(before, plain_mode, mode, "tests/meta", *words)
            if own.read_bytes() != b"the project's own":
                self.findings.wrong.append(f"{self.project.key}, {mode}: the project's own .coverage was changed")
            if session.death or not session.child_coverage:
                why = session.death or f"the child measured no coverage of its own:\n{session.output[-1500:]}"
                self.findings.add(mode, "outcomes", [why], "no test ran")
                continue
            self.check_outcomes(before, session, plain_mode, label=mode)
            own.write_bytes(session.child_coverage)
            self.check_coverage(session, mode, own)
            self.check_times(session, mode, UNREACHED)

    def check_outcomes(self, before: Before, after: Session, mode: str, label: str = "") -> None:
        """Compare outcomes and exit status with those of the suite before."""
        was = before.sessions[mode]
        wrong = compare.outcomes(was, after, before.flaky)
        self.findings.add(label or mode, "outcomes", wrong, f"{len(after.outcomes)} the same")
        wrong = compare.exit_status(was, after)
        self.findings.add(label or mode, "exit", wrong, f"{was.status}, {after.status}")

    def check_coverage(self, session: Session, mode: str, data: Path) -> None:
        """Compare the verdict on coverage with coverage.py's own report of the same data."""
        totals = compare.Totals.of(self.python, self.folder, data)
        verdict = session.verdict("coverage")
        cell = f"{verdict.found['percent']} = {totals.reported} %" if verdict else "none"
        wrong = compare.coverage(session, totals, self.project.minimum_coverage)
        self.findings.add(mode, "coverage, report", wrong, cell)

    def check_times(self, session: Session, mode: str, limit: float) -> None:
        """Compare the verdicts on time with what the observer saw."""
        certain, possible = compare_times.certainly_and_possibly_slow(session, limit)
        slow, suite = session.verdict("slow"), session.verdict("suite")
        among = f"{len(certain)}" if len(certain) == len(possible) else f"{len(certain)}-{len(possible)}"
        cell = f"{slow.found['tests'] or 0 if slow else 'none'} of {among} over {limit:g} s"
        self.findings.add(mode, "accused, seen", compare_times.slow_tests(session, limit), cell)
        wrong = compare_times.suite_seconds(session, budget=BUDGET)
        cell = f"{suite.found['clock'] or suite.found['owned']}" if suite else "none"
        self.findings.add(mode, "seconds", wrong, cell)

    def check_pytests_own(self, session: Session, mode: str) -> None:
        """Compare the verdicts on time with what pytest itself prints."""
        found = compare_times.against_durations(session)
        cell = f"{found.compared} agree" if found.compared or found.frozen else "none to compare"
        cell += f", {found.frozen} froze pytest's clock" if found.frozen else ""
        self.findings.add(mode, "--durations", found.wrong, cell)
        wrong = compare_times.against_last_line(session)
        self.findings.add(mode, "pytest's own", wrong, f"{session.ended_in}")


def limit_between(before: Session) -> float:
    """Choose a limit that three to eight tests exceed, in the widest gap there is: the message shows eight.

    Where times lie too close for that, it is half of what the fifth takes.
    """
    owned = sorted((compare_times.least_seconds(timed) for timed in before.seconds.values()), reverse=True)
    gap, count = max((owned[count - 1] / owned[count], count) for count in range(3, min(9, len(owned))))
    limit = math.sqrt(owned[count - 1] * owned[count]) if gap > 1.5 else owned[4] / 2
    return max(0.001, float(f"{limit:.2g}"))


def examine(project: Project, template: Path, scratch: Path) -> Findings:
    """Do all of it with one project."""
    say(f"{project.key}: {project.name} {project.version}")
    python = environment(project)
    findings = Findings(project)
    examination = Examination(project, unpacked(project, python, scratch), python, findings)
    say("    its own suite, three times")
    before = examination.run_before()
    files = examination.bake_and_check(template)
    add_loader(examination.folder)
    words = ", ".join(f'"{word}"' for word in project.arguments)
    examination.set_policy(args=f"[{words}]", suite_seconds=f"{BUDGET:g}", module_floor="0.0")  # not compared here
    say("    under the regime, plain and on two workers")
    examination.run_after(before)
    say("    tests/meta alone, plain and on two workers")
    examination.run_alone(before)
    files.pop("tests/conftest.py", None)
    wrong = compare.files(files, contents(examination.folder), (*BAKED, *WRITTEN))
    findings.wrong += [f"{project.key}, at the end: {each}" for each in wrong]
    return findings


def say(text: str) -> None:
    """Tell how far it has got."""
    print(text, flush=True)


def table(rows: list[list[str]]) -> str:
    """Lay out rows of words in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def report(all_findings: list[Findings]) -> str:
    """Write the table, the notes, and what does not agree."""
    columns = (
        "outcomes",
        "exit",
        "coverage, report",
        "accused, seen",
        "--durations",
        "seconds",
        "pytest's own",
        "files",
    )
    rows = [["project", "run", *columns]]
    for findings in all_findings:
        for mode, cells in findings.rows.items():
            rows.append([findings.project.key, mode, *(cells.get(column, "") for column in columns)])
    parts = [table(rows)]
    parts += [note for findings in all_findings for note in findings.notes]
    wrong = [each for findings in all_findings for each in findings.wrong]
    parts.append(
        f"{len(wrong)} do not agree:\n" + "\n".join(f"  - {each}" for each in wrong) if wrong else "All agree."
    )
    return "\n\n".join(parts)


def main(arguments: list[str] | None = None) -> int:
    """Examine the projects named, or all."""
    parser = argparse.ArgumentParser(description="the regime in the source distributions of known projects")
    names = [project.key for project in PROJECTS]
    parser.add_argument("projects", nargs="*", help=f"which (default: all): {', '.join(names)}")
    parser.add_argument("--template", type=Path, default=ROOT, help="folder of the template (default: this repository)")
    options = parser.parse_args(arguments)
    if unknown := set(options.projects) - set(names):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(names)}")
    began = time.monotonic()
    found = []
    for project in PROJECTS:
        if options.projects and project.key not in options.projects:
            continue
        # Outside this repository: pytest looks for settings in the folders above a project, too.
        with tempfile.TemporaryDirectory(prefix="meta-tests-real-", ignore_cleanup_errors=True) as scratch:
            try:
                found.append(examine(project, options.template.resolve(), Path(scratch).resolve()))
            except RuntimeError as error:
                found.append(Findings(project, wrong=[f"{project.key}: {error}"]))
    say(f"\n{report(found)}\n\n{time.monotonic() - began:.0f} s in all")
    return 1 if any(findings.wrong for findings in found) else 0


if __name__ == "__main__":
    sys.exit(main())
