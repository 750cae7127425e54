"""The copy in which violations are planted: where code and tests go in it, and the thresholds of its own."""

from __future__ import annotations

import contextlib
import datetime
import functools
import math
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ... import covered
from ...record import exact_percent
from ...selection import test_files
from ...time_verdicts import Row, name_of, seconds
from ...verdict import Standards, extra
from .._baseline_file import BaselineError
from .code import WORD, fitting, grow, markers_in, units
from .copying import Copy

if TYPE_CHECKING:
    from ...record import FileCoverage, MeasuredCoverage, SuiteRun, TestTiming
    from ...session import JudgedSession

SLEEPS = 1.0  # seconds, of what is planted to be slow
_CLEARLY = 0.7  # of what is measured: the threshold in the copy is this far below it
_MOST_LINES = 200_000  # of code that is planted


class CannotPlantError(Exception):
    """Something cannot be planted in this project; the message says why."""


class DemandsNothing(Exception):  # noqa: N818 - no error
    """The project demands nothing of what would be planted; the message says by which setting."""


class Grown(NamedTuple):
    """A file that was given a function of so many lines; of the whole file, `allowed` may be uncovered."""

    path: str
    lines: int
    allowed: int


def sources_of(judged: JudgedSession, standards: Standards) -> list[Path]:
    """Give the folders and files that are measured."""
    with contextlib.chdir(judged.config.rootpath), contextlib.suppress(covered.CoverageMissingError):
        names = judged.facts.sources(standards.policy.suite)
        found = [covered.folder_of(name, judged.config.rootpath) for name in names]
        return [path for path in found if path is not None]
    return []


class Ground:
    """The copy, what is known of the project, and what the copy's settings are to be."""

    def __init__(self, judged: JudgedSession, standards: Standards, copy: Copy) -> None:
        self.judged, self.config, self.copy = judged, judged.config, copy
        self.standards = standards
        self.policy = standards.policy
        self.root, self.meta = copy.of(judged.config.rootpath), copy.of(judged.facts.meta)
        self.limit_said = ""
        self._originals = sources_of(judged, standards)
        self._tests: dict[str, tuple[str, bool]] = {}

    def name(self, path: Path) -> str:
        """Give the name of a file of the copy, as ids and messages have it."""
        return Path(os.path.relpath(path, self.root)).as_posix()

    # Code.

    @functools.cached_property
    def minimum(self) -> float:
        """Per cent that total coverage must have: `fail_under` of the coverage settings, else the policy's."""
        import coverage

        with contextlib.chdir(self.config.rootpath):
            config_file = getattr(self.config.option, "cov_config", None) or True
            settings: Any = coverage.Coverage(data_file=None, config_file=config_file)
        return float(settings.get_option("report:fail_under") or 0) or self.policy.coverage.minimum

    @functools.cached_property
    def _inside(self) -> list[Path]:
        """Give what of the measured folders and files lies in the copy."""
        return [self.copy.of(path) for path in self._originals if self.copy.has(path)]

    @functools.cached_property
    def _module(self) -> Path:
        """Give the module into which code is planted: a new one, or where only files are measured, the first."""
        if not self._inside:
            there = f": {self._originals[0]}" if self._originals else ""
            raise CannotPlantError(f"what is measured does not lie in this project{there}")
        return next((folder / f"{WORD}.py" for folder in self._inside if folder.is_dir()), self._inside[0])

    def floor(self) -> tuple[float, str]:
        """Give the floor of the module, and the glob that says so."""
        floors, policy = extra("floors"), self.policy.coverage
        if floors is None:
            return 0.0, ""
        found: tuple[float, str] = floors.floor_of(self.name(self._module), policy.floors, policy.module_floor)
        return found

    @functools.cached_property
    def _lines(self) -> int:
        """Count the lines to plant, so that too few are covered, whatever the tests cover now."""
        thresholds = [self.minimum, self.policy.coverage.changed_lines_minimum]
        thresholds += [self.floor()[0]] if self._module in self._inside else []
        least = min((each for each in thresholds if each), default=100.0)
        files = [file for path in self._inside for file in ([path] if path.is_file() else path.rglob("*.py"))]
        return min(_MOST_LINES, math.ceil(1.1 * sum(map(units, files)) * (100 - least) / least) + 20)

    @functools.cached_property
    def module(self) -> str:
        """Plant the code; give the module's name. Raises `CannotPlantError`."""
        grow(self._module, self._lines)
        return self.name(self._module)

    def planted_in_module(self, new: str = "") -> str:
        """Say what was planted there; and of a new module, more."""
        if self._module in self._inside:
            return f"{self._lines} lines in {self.module} that no test executes"
        return f"{self.module}, with {self._lines} lines that no test executes{new}"

    @functools.cached_property
    def grown(self) -> Grown | None:
        """Plant a function in a file that has a line in the baseline; None where there is none."""
        from ..ratchet.baseline import parsed

        try:
            baseline = parsed((self.meta / "baseline.json").read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, BaselineError):
            return None
        for path, entry in sorted(baseline.files.items(), key=lambda pair: (pair[1].uncovered, pair[0])):
            file = self.root / path
            if file.suffix == ".py" and file.is_file() and file.resolve().is_relative_to(self.copy.folder):
                grow(file, entry.uncovered + 5)
                return Grown(path, entry.uncovered + 5, entry.uncovered)
        return None

    def measured(self, run: SuiteRun, name: str) -> FileCoverage | None:
        """Give what was measured of a planted file; None without any coverage: the verdicts say why there is none.

        Raises `CannotPlantError` if the file does not count.
        """
        files = {file.path: file for file in run.coverage.files} if run.coverage is not None else {name: None}
        if name not in files:
            raise CannotPlantError(f"coverage.py does not count {name}: do its settings omit it?")
        return files[name]

    def was_below(self, coverage: MeasuredCoverage) -> bool:
        """Tell whether the total would be below the minimum without what was planted, too."""
        planted = self.grown.lines if "grown" in vars(self) and self.grown else 0
        others = [file for file in coverage.files if file.path != self.module]
        units, missing = sum(file.units for file in others) - planted, sum(file.uncovered for file in others) - planted
        return exact_percent(units, missing) < self.minimum

    # Tests.

    def add_test(self, what: str, code: str, *, marked: bool = True) -> str:
        """Have a test planted, which the code calls NAME; give its name.

        `marked`: it has the markers that select the suite.
        """
        pattern = self.config.getini("python_functions")[0]
        name = fitting(f"{pattern.rstrip('_')}_*" if "*" not in pattern else pattern, f"planted_{what}")
        self._tests[name] = (code.replace("NAME", name), marked)
        return name

    def write_tests(self) -> None:
        """Write the planted tests."""
        for marked, more in ((True, ""), (False, "_without_category")):
            code = [text for text, each in self._tests.values() if each is marked]
            if code:
                head = ['"""Planted by pytest --meta-prove, in a copy."""', "", "import time", "", "import pytest"]
                marks = ", ".join(f"pytest.mark.{marker}" for marker in self._markers()) if marked else ""
                head += ["", f"pytestmark = [{marks}]", "", ""]
                path = self._folder / fitting(self._file_pattern, WORD + more)
                path.write_text("\n".join(head) + "\n\n\n".join(code), encoding="utf-8")

    @functools.cached_property
    def _file_pattern(self) -> str:
        fit = (pattern for pattern in self.config.getini("python_files") if re.fullmatch(r"[\w*]+\.py", pattern))
        return next(fit, "test_*.py")

    @functools.cached_property
    def _folder(self) -> Path:
        """Give the folder nearest to the root in which there are tests of the suite."""
        facts = self.judged.facts
        roots = facts.suite_roots(self.policy.suite.args)
        patterns, skipped = self.config.getini("python_files"), self.config.getini("norecursedirs")
        folders = {path.parent for path in test_files(roots, patterns, skipped, [facts.meta])}
        return self.copy.of(min(folders, key=lambda path: (len(path.parts), path), default=facts.meta.parent))

    def _markers(self) -> list[str]:
        """Give the markers without which the suite's -m, or a category that is asked for, leaves a test out."""
        options, _ = self.judged.facts.suite_and_typed(self.policy.suite.args)
        wanted, refused = markers_in(options.markexpr or "")
        categories = self.policy.hygiene.categories
        if not set(wanted).intersection(categories):
            wanted += [each for each in categories if each not in refused][:1]
        return wanted

    def ran(self, run: SuiteRun, name: str) -> TestTiming:
        """Give what became of a planted test. Raises `CannotPlantError` if it did not run."""
        for test in run.tests:
            if WORD in test.nodeid and test.nodeid.endswith(f"::{name}"):
                return test
        where = self.name(self._folder)
        raise CannotPlantError(f"pytest did not run the test that was planted in {where}: what selects the suite?")

    # Thresholds of the copy.

    def lower_budget(self, run: SuiteRun) -> str:
        """Set the budget so that the suite is over it; say so."""
        policy = self.policy.performance
        budget = float(f"{min(0.9 * run.owned / (1 + policy.tolerance_percent / 100), policy.suite_seconds):.3g}")
        if budget >= policy.suite_seconds:
            return "the suite is over its budget as it is"
        changed = policy._replace(suite_seconds=budget, ideal_seconds=min(budget, policy.ideal_seconds))
        self.policy = self.policy._replace(performance=changed)
        lowered = f"the budget lowered from {policy.suite_seconds:g} to {budget:g} s in the copy"
        return f"{lowered}, where the suite took {seconds(run.owned)}"

    def lower_slow_limit(self, run: SuiteRun) -> Standards:
        """Set the limit so that what sleeps is over it, and excuse what else is; give the copy's standards."""
        policy = self.policy.slow_tests
        limit = float(f"{_CLEARLY * SLEEPS / (1 + policy.tolerance_percent / 100):.3g}")
        if limit < policy.limit_seconds:
            self.policy = self.policy._replace(slow_tests=policy._replace(limit_seconds=limit))
            excused = self._excuse_others(run, limit)
            others = f"{excused} other{' that is' if excused == 1 else 's that are'} over it"
            also = f", and {others} excused there" if excused else ""
            self.limit_said = f"the limit lowered from {policy.limit_seconds:g} to {limit:g} s in the copy{also}"
        return replace(self.standards, policy=self.policy)

    def _excuse_others(self, run: SuiteRun, limit: float) -> int:
        rows: list[Row] = [*run.tests, *run.fixtures]
        entries, count = self.standards.known_slow, 0
        for row in sorted(rows, key=lambda row: -row.owned):
            name = name_of(row)
            is_excused = any(each.excuses(name, row.owned, self.standards.today) for each in entries)
            is_planted = WORD in name
            if row.owned > limit and not is_excused and not is_planted:
                count += self.excuse(name, 10 * row.owned)
        return count

    def excuse(self, test: str, allowed: float = 5.0) -> int:
        """Add an entry to the copy's known_slow.toml, where that test has none; give their number."""
        module = extra("known_slow.entries")
        if module is None or any(each.test == test for each in self.standards.known_slow):
            return 0
        until = self.standards.today + datetime.timedelta(days=365)
        entry = module.KnownSlow(test, allowed, "only in the copy in which --meta-prove plants", until)
        self.standards = replace(self.standards, known_slow=(*self.standards.known_slow, entry))
        return 1
