"""adopt.py in the source distributions of known projects: `python real/adopting.py [--suite] [PROJECT ...]`.

Each project is unpacked into a repository of its own; `cruft create` adds the template, which is committed; then it is
adopted with `adopt.py --yes`. A row says what that asked and changed, that a second time changes nothing, and that
`--undo` gives back every byte. With `--suite` its suite runs as released, and then under the regime: started where the
project is, plain, and by two workers; "to green" is from `cruft create` to the end of the first plain session. Exits 1
if anything is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from real import compare
from real.projects import ADOPTED, Project
from real.run import say, table
from real.sessions import Session, pytest
from real.workshop import contents, environment, git, unpacked
from tests.baking import scrubbed_environment
from tests.template_history import committed

TOOLS = ("tomlkit", "ruamel.yaml", "diff-cover")
COLUMNS = ("questions", "left to you", "files", "lines", "seconds", "again", "undo", "suite", "to green")


@dataclass
class Adopted:
    """What came of adopting a project: the cells of its row, what it was told, and what is not as it should be."""

    project: Project
    cells: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def expect(self, column: str, right: str, problems: list[str]) -> None:
        """Fill a cell, and keep what is wrong."""
        self.cells[column] = "NO" if problems else right
        self.wrong += [f"{self.project.key}, {column}: {problem}" for problem in problems]


def adopt(folder: Path, python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run adopt.py as its user does."""
    return subprocess.run(
        [python, Path("tests", "meta", "adopt.py"), *arguments],
        cwd=folder,
        env=scrubbed_environment({"PYTHONDONTWRITEBYTECODE": "1"}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )


def create(template: Path, folder: Path) -> float:
    """Add the template as its user does; gives the seconds that it took. Raises `RuntimeError` if that fails."""
    began = time.monotonic()
    answers = json.dumps({"project_slug": ".", "starting_point": "existing project"})
    options = ["-y", "-f", "--default-config", "--extra-context", answers]
    done = subprocess.run(
        [sys.executable, "-m", "cruft", "create", str(template), *options],
        cwd=folder,
        env=scrubbed_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"cruft create: {done.stderr[-500:]}")
    return time.monotonic() - began


def examine(project: Project, template: Path, scratch: Path, *, suite: bool) -> Adopted:
    """Do all of it with one project."""
    say(f"{project.key}: {project.name} {project.version}")
    found = Adopted(project)
    python = environment(project, more=TOOLS)
    folder = unpacked(project, python, scratch)
    released = suite_as_released(project, folder, python) if suite else None
    created = create(template, folder)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "the meta-tests")
    before = contents(folder)

    began = time.monotonic()
    done = adopt(folder, python, "--yes")
    found.cells["seconds"] = f"{time.monotonic() - began:.1f}"
    asked = [line for line in done.stdout.splitlines() if line.startswith("question: ")]
    left = [line for line in done.stdout.splitlines() if line.startswith("left to you: ")]
    found.cells |= {"questions": str(len(asked)), "left to you": str(len(left))}
    found.notes += asked + left
    git(folder, "add", "--all")
    rows = [line.split("\t") for line in git(folder, "diff", "--cached", "--numstat").splitlines()]
    failed = [f"exit status {done.returncode}: {done.stderr}"] if done.returncode or done.stderr else []
    found.expect("files", ", ".join(sorted(name for _, _, name in rows)) or "none", failed)
    found.cells["lines"] = f"+{sum(int(new) for new, _, _ in rows)} -{sum(int(old) for _, old, _ in rows)}"

    after = contents(folder)
    again = adopt(folder, python, "--yes")
    problems = compare.files(after, contents(folder), ())
    if again.returncode or "Nothing to change" not in again.stdout:
        problems.append(f"exit status {again.returncode}: {again.stdout[-500:]}{again.stderr[-500:]}")
    found.expect("again", "nothing", problems)

    undone = adopt(folder, python, "--undo")
    problems = compare.files(before, contents(folder), ())
    if undone.returncode:
        problems.append(f"exit status {undone.returncode}: {undone.stderr[-500:]}")
    found.expect("undo", "every byte", problems)
    if released is not None:
        adopt(folder, python, "--yes")
        cell, seconds, problems = suite_under_the_regime(project, folder, python, released)
        found.expect("suite", cell, problems)
        found.cells["to green"] = f"{created + float(found.cells['seconds']) + seconds:.0f} s"
    return found


def suite_as_released(project: Project, folder: Path, python: Path) -> Session:
    """Run the suite before anything is added."""
    without = () if project.own_asyncio else ("-p", "no:asyncio")
    session = pytest(folder, python, *without, *project.arguments)
    if session.death:
        raise RuntimeError(f"its own suite, untouched: {session.death}")
    return session


def suite_under_the_regime(
    project: Project, folder: Path, python: Path, released: Session
) -> tuple[str, float, list[str]]:
    """Start where the project is; then run the suite plain and by two workers. All verdicts are to be green.

    Gives the cell (of each session the verdicts that pass, and its seconds), the seconds to the end of the plain one,
    and what is not as it should be. That the suite has not slowed down need not be judged: a neighbour can prevent it,
    and of two workers nothing is known.
    """
    cells, problems, measured, to_green = [], [], list[str](), 0.0
    failing = sorted(name for name, ends in released.outcomes.items() if any("failed" in end for end in ends))
    without = [word for name in failing for word in ("--deselect", name)]
    tests = {name: row for name, row in released.observed["tests"].items() if name not in failing}
    released = replace(released, observed={**released.observed, "tests": tests})
    policy = folder / "tests" / "meta" / "policy.toml"
    if failing:  # as released, too: its owner would mend them first
        text = policy.read_text(encoding="utf-8").replace("\nargs = []", f"\nargs = {json.dumps(without)}", 1)
        policy.write_text(text, encoding="utf-8")
        cells.append(f"without {len(failing)} that fail as released")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "adopted")
    for label, typed in WAYS.items():
        began = time.monotonic()
        session = pytest(folder, python, *typed, *measured, *(without if measured else ()), *project.arguments)
        seconds = time.monotonic() - began
        measured = measured or [*re.findall(r"--cov=\S+", session.output), "--cov-report="]
        if session.death:
            return "", 0.0, [f"{label}: {session.death}"]
        section = session.output.rpartition("= meta-tests: ")[2].partition("\n=")[0].splitlines()
        said = [line for line in section if line.startswith(("PASSED", "FAILED", "NOT JUDGED"))]
        passed = [line for line in said if line.startswith("PASSED")]
        cells.append(f"{label}: {len(passed)} pass, {seconds:.0f} s")
        to_green += seconds if label != WORKERS else 0.0
        problems += [f"{label}: {line}" for line in said if not line.startswith(("PASSED", NEED_NOT))]
        problems += [] if passed else [f"{label}: no verdict: {session.output[-800:]}"]
        if label != STARTED:
            problems += [f"{label}: {problem}" for problem in compare.outcomes(released, session, set())]
    return "; ".join(cells), to_green, problems


STARTED, WORKERS = "started", "-n 2"
WAYS = {STARTED: ("tests/meta", "--meta-start-here"), "plain": (), WORKERS: ("-n", "2")}
NEED_NOT = "NOT JUDGED  test_suite_has_not_slowed_down"


def main(arguments: list[str] | None = None) -> int:
    """Adopt the projects named, or all."""
    parser = argparse.ArgumentParser(description="adopt.py in the source distributions of known projects")
    names = [project.key for project in ADOPTED]
    parser.add_argument("projects", nargs="*", help=f"which (default: all): {', '.join(names)}")
    parser.add_argument("--suite", action="store_true", help="run their suites as well (some minutes)")
    options = parser.parse_args(arguments)
    if unknown := set(options.projects) - set(names):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(names)}")
    adopted, shelf = [], tempfile.TemporaryDirectory(prefix="meta-tests-template-")
    template = committed(Path(shelf.name).resolve() / "template").folder
    for project in ADOPTED:
        if options.projects and project.key not in options.projects:
            continue
        with tempfile.TemporaryDirectory(prefix="meta-tests-adopting-", ignore_cleanup_errors=True) as scratch:
            try:
                adopted.append(examine(project, template, Path(scratch).resolve(), suite=options.suite))
            except RuntimeError as error:
                adopted.append(Adopted(project, wrong=[f"{project.key}: {error}"]))
    shelf.cleanup()
    shown = COLUMNS if options.suite else COLUMNS[:-2]
    say(
        table([["project", *shown], *([each.project.key, *(each.cells.get(c, "") for c in shown)] for each in adopted)])
    )
    for each in adopted:
        say("\n".join([f"\n{each.project.key} was told:", *(f"    {note}" for note in each.notes or ["nothing"])]))
    wrong = [problem for each in adopted for problem in each.wrong]
    say("\n".join(["", f"{len(wrong)} are not as they should be:", *wrong] if wrong else ["", "All as it should be."]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
