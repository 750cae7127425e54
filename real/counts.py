"""Whether the regime counts what coverage.py counts, in known projects: `python real/counts.py [PROJECT ...]`.

Each project's suite runs under the regime, without and with branches, plain and on two workers, on this Python and on
3.13, there by each of coverage.py's cores. What the regime has written down (`--meta-record`) is compared with
`coverage json` of the same data: every file's statements, branches and lines, and the total. Ends with a table; exits
1 if anything does not agree. Whether the suite's own tests pass does not matter here.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "{{cookiecutter.project_slug}}" / "tests" / "meta"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from meta_regime.extras._stored_record import RecordError, load_record
from meta_regime.verdict import percent

from real.agreement import disagreements
from real.projects import COUNTED, Project
from real.run import MODES, say, table
from real.sessions import Session, pytest
from real.workshop import add_loader, bake, environment, put, run, unpacked
from tests.baking import ROOT

OTHER_PYTHON = "3.13"
CORES = {"ctrace": "CTracer", "sysmon": "SysMonitor"}  # as they are asked for, and as coverage.py calls them itself
# coverage.py warns when it takes another core; some projects make errors of warnings.
NO_SUCH_CORE = ("-W", "default:Can't use core")
HEAD = (
    "project",
    "Python",
    "core",
    "branches",
    "run",
    "tests",
    "files",
    "units",
    "uncovered",
    "the regime",
    "report",
    "same",
)


@dataclass(frozen=True)
class Interpreter:
    """A Python, and by which of its cores coverage.py is to measure there."""

    path: Path
    version: str
    cores: tuple[str, ...]

    @classmethod
    def at(cls, path: Path) -> Interpreter | None:
        """Ask what this is; None if it does not run, as one that pyenv has not chosen."""
        command = [str(path), "-c", "import platform; print(platform.python_version())"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        version = done.stdout.strip()
        monitored = done.returncode == 0 and tuple(map(int, version.split(".")[:2])) >= (3, 12)
        return cls(path, version, tuple(CORES) if monitored else ("ctrace",)) if done.returncode == 0 else None


def interpreters() -> list[Interpreter]:
    """Find this Python, and the other: on PATH, or among those of pyenv."""
    this = Interpreter.at(Path(sys.executable))
    assert this is not None
    if this.version.startswith(f"{OTHER_PYTHON}."):
        return [this]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    on_path = shutil.which(f"python{OTHER_PYTHON}")
    paths = [*([Path(on_path)] if on_path else []), *sorted(pyenv.glob(f"versions/{OTHER_PYTHON}*/bin/python"))]
    found = (Interpreter.at(path) for path in paths)
    other = next((each for each in found if each and each.version.startswith(f"{OTHER_PYTHON}.")), None)
    return [this, other] if other else [this]


@dataclass
class Counts:
    """The rows of the table, what does not agree, and what is to be said beside it."""

    rows: list[list[str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)  # an ordered set


@dataclass(frozen=True)
class Way:
    """One way to run a suite."""

    core: str
    branches: bool
    mode: str


@dataclass(frozen=True)
class Workplace:
    """A project with the regime in it, and the environment in which its suite runs."""

    project: Project
    folder: Path
    python: Path
    interpreter: Interpreter
    scratch: Path

    @functools.cached_property
    def settings(self) -> str:
        """The project's own pyproject.toml."""
        return (self.folder / "pyproject.toml").read_text(encoding="utf-8")

    def run(self, way: Way) -> Session:
        """Run the suite, and write its record."""
        for path in (*self.folder.glob(".coverage*"), *self.scratch.glob("record*")):
            if path.is_file() and path.name != ".coveragerc":
                path.unlink()
        # Where the project's own settings ask for branches, nothing that can be typed would leave them out.
        settings = self.settings if way.branches else re.sub(r"(?m)^branch = true$", "branch = false", self.settings)
        (self.folder / "pyproject.toml").write_text(settings, encoding="utf-8", newline="")
        typed = [f"--cov={self.project.package}", "--cov-report=", f"--meta-record={self.scratch / 'record'}"]
        typed += ["--cov-branch"] if way.branches else []
        typed += [*MODES[way.mode], *NO_SUCH_CORE, *self.project.arguments]
        return pytest(self.folder, self.python, *typed, env={"COVERAGE_CORE": way.core})

    def count(self, way: Way, counts: Counts) -> None:
        """Run the suite, and compare."""
        session = self.run(way)
        with_or_without = "with branches" if way.branches else "without branches"
        where = f"Python {self.interpreter.version}, {with_or_without}"
        core = ", ".join(sorted(session.cores)) or "none"
        if session.cores not in (set(), {CORES[way.core]}):
            said = re.search(rf"Can't use core={way.core}: .*?, using default core", session.output)
            counts.notes[f"{where}: {said[0] if said else f'core={way.core} was not used'}, {core}."] = None
            core += f" for {way.core}"
        cells = [self.project.key, self.interpreter.version, core, "yes" if way.branches else "no", way.mode]
        found, figures = self.compared(way, session)
        counts.rows.append(
            [*cells, *figures, *[""] * (len(HEAD) - len(cells) - len(figures) - 1), "NO" if found else "yes"]
        )
        counts.wrong += [f"{self.project.key}, {where}, {way.core}, {way.mode}: {each}" for each in found]

    def compared(self, way: Way, session: Session) -> tuple[list[str], list[str]]:
        """Tell what does not agree; and the figures for the table, as far as there are any."""
        try:
            _, judged = load_record(self.scratch / "record")
        except RecordError as error:
            return [session.death or f"{error}\n{session.output[-1500:]}"], []
        counted, figures = judged.coverage, [str(len(judged.tests))]
        found = [f"not the whole suite: {judged.partial}"] if judged.partial or not judged.tests else []
        if counted is None:
            return [*found, judged.coverage_missing], figures
        report, total = self.reports()
        found += disagreements(counted, report)
        if abs(Fraction(total) - counted.percent) > Fraction(1, 20000):  # it has four decimals
            found.append(f"coverage report has {total} %, the regime {float(counted.percent):.6f} %")
        if report["meta"]["branch_coverage"] is not way.branches:
            found.append("branches were not counted" if way.branches else "branches were counted")
        figures += [str(len(counted.files)), str(counted.units), str(counted.uncovered)]
        return found, [*figures, percent(counted.percent), f"{total} %"]

    def reports(self) -> tuple[Any, str]:
        """Give `coverage json` of the session's data, and the total of `coverage report`."""
        written = self.scratch / "coverage.json"
        command: list[str | Path] = [self.python, "-m", "coverage"]
        run([*command, "json", "-q", "-o", written], self.folder)
        total = run([*command, "report", "--format=total", "--precision=4"], self.folder)
        return json.loads(written.read_bytes()), total.strip()


def examine(project: Project, interpreter: Interpreter, scratch: Path, counts: Counts) -> None:
    """Run one project's suite in every way there is on one Python."""
    say(f"{project.key}: {project.name} {project.version}".rstrip() + f", Python {interpreter.version}")
    python = environment(project, interpreter.path)
    source = scratch / "source"
    source.mkdir()
    folder = unpacked(project, python, source)
    bake(ROOT, folder, scratch, ci="none", package_name=project.package)
    add_loader(folder)
    words = ", ".join(f'"{word}"' for word in project.arguments)
    put(folder / "tests" / "meta" / "policy.toml", "args", f"[{words}]")
    workplace = Workplace(project, folder, python, interpreter, scratch)
    for core, branches, mode in product(interpreter.cores, (False, True), MODES):
        workplace.count(Way(core, branches, mode), counts)


def main(arguments: list[str] | None = None) -> int:
    """Examine the projects named, or all."""
    parser = argparse.ArgumentParser(description="what the regime counts in known projects, and what coverage.py does")
    names = [project.key for project in COUNTED]
    parser.add_argument("projects", nargs="*", help=f"which (default: all): {', '.join(names)}")
    chosen = parser.parse_args(arguments).projects
    if unknown := set(chosen) - set(names):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(names)}")
    began, counts = time.monotonic(), Counts()
    found = interpreters()
    if not any(each.version.startswith(f"{OTHER_PYTHON}.") for each in found):
        counts.notes[f"Python {OTHER_PYTHON} was not found, on PATH or in pyenv: SKIPPED, and with it sysmon."] = None
    for project, interpreter in product(COUNTED, found):
        if chosen and project.key not in chosen:
            continue
        with tempfile.TemporaryDirectory(prefix="meta-tests-real-", ignore_cleanup_errors=True) as scratch:
            try:
                examine(project, interpreter, Path(scratch).resolve(), counts)
            except RuntimeError as error:
                counts.wrong.append(f"{project.key}, Python {interpreter.version}: {error}")
    say(f"\n{report(counts)}\n\n{time.monotonic() - began:.0f} s in all")
    return 1 if counts.wrong else 0


def report(counts: Counts) -> str:
    """Write the table, the notes, and what does not agree."""
    listed = "\n".join(f"  - {each}" for each in counts.wrong)
    last = f"{len(counts.wrong)} do not agree:\n{listed}" if counts.wrong else "All agree, in every file and line."
    return "\n\n".join([table([list(HEAD), *counts.rows]), *counts.notes, last])


if __name__ == "__main__":
    sys.exit(main())
