"""What the regime counts is what coverage.py counts: file by file, line by line, whatever the coverage settings say."""

from __future__ import annotations

import gc
import json
import shutil
import sys
import warnings
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from coverage.cmdline import main as coverage_command
from meta_regime.coverage_verdicts import total_meets_minimum
from meta_regime.extras._stored_record import load_record
from meta_regime.record import FileCoverage, MeasuredCoverage, SuiteRun
from meta_regime.verdict import Standards

from real.agreement import disagreements
from tests.baking import run_pytest
from tests.countable import NO_PYTHON, SOURCES
from tests.sample import COVERAGE, SETTINGS, policy, session, write

MODES = {"plain": [], "-n 2": ["-n", "2"]}
# Of all plugins only those that matter here: it makes a session a third cheaper.
PLUGINS = ["-p", "pytest_cov", "-p", "xdist", "-p", "no:cacheprovider"]
NO_OTHERS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


@dataclass(frozen=True)
class Case:
    """Coverage settings, what is typed for pytest, and what for coverage.py's own reports of the same."""

    settings: str = ""
    typed: tuple[str, ...] = ("--cov=src/shop",)
    reports: tuple[str, ...] = ()
    config: str = "pyproject.toml"
    copy: str = ""  # where else the source lies
    modes: tuple[str, ...] = tuple(MODES)


def toml(run: str = "", report: str = "", **sections: str) -> str:
    """Write coverage settings; branches count."""
    tables = {"run": f"branch = true\n{run}", "report": report, **sections}
    return "".join(f"[tool.coverage.{name}]\n{text}\n" for name, text in tables.items())


EXCLUDED = '["raise NotImplementedError", "def __repr__", "@overload", "if TYPE_CHECKING:", "@twice"]'
CASES = {
    "no settings": Case(),
    "branches typed, and how reports look": Case(
        "[tool.coverage.report]\nskip_covered = true\nskip_empty = true\nprecision = 3\nsort = 'cover'\n",
        typed=("--cov=src/shop", "--cov-branch", "--cov-precision=1"),
    ),
    "exclude_also, partial_also": Case(toml(report=f'exclude_also = {EXCLUDED}\npartial_also = ["if item is None"]')),
    "omit": Case(toml('omit = ["*/never/*"]', 'omit = ["src/shop/marked.py"]')),
    # That of [run] is passed over by coverage.py where there is a source.
    "include": Case(toml('include = ["src/shop/never/*"]', 'include = ["src/shop/[bm]*"]')),
    "source, the tests too": Case(
        toml('source = ["src/shop", "tests"]'), typed=("--cov",), reports=("--omit=tests/meta/*",)
    ),
    "source_pkgs, data_file": Case(toml('source_pkgs = ["shop"]\ndata_file = "build/data"'), typed=("--cov",)),
    "relative_files, paths": Case(
        toml('relative_files = true\nsource = ["src/shop"]', paths='all = ["src/", "*/site-packages/"]'),
        typed=("--cov",),
    ),
    "dynamic_context": Case(  # not for xdist, says pytest-cov
        toml('dynamic_context = "test_function"', json="show_contexts = true\npretty_print = true"), modes=("plain",)
    ),
    "one context of --cov-context": Case(
        toml(report='contexts = ["test_kind"]'), typed=("--cov=src/shop", "--cov-context=test")
    ),
    "a subprocess": Case(toml('patch = ["subprocess"]')),
    "a subprocess in a copy, paths": Case(
        toml('patch = ["subprocess"]\nsource_pkgs = ["shop"]', paths='all = ["src/", "build/lib/"]'),
        typed=("--cov",),
        copy="build/lib",
    ),
    "--cov-config": Case(
        "[run]\nbranch = true\nomit = */never/*\n[report]\nexclude_also = @twice\n",
        typed=("--cov=src/shop", "--cov-config=settings/coverage.ini"),
        reports=("--rcfile=settings/coverage.ini",),
        config="settings/coverage.ini",
    ),
    "a tracer in Python": Case(toml('core = "pytrace"'), modes=("plain",)),
    "narrowed to the package": Case(toml(), typed=("--cov=src/shop", "--cov=tests"), reports=("--include=src/shop/*",)),
    "a file that is no Python": Case(toml(report="ignore_errors = true\ninclude_namespace_packages = true")),
}


def recorded(project: Path, case: Case, mode: str = "plain") -> SuiteRun:
    """Run a session under these settings and give what the regime has written down of it."""
    write(project, SOURCES)
    if case.copy:
        shutil.copytree(project / "src", project / case.copy)
    if "ignore_errors" in case.settings:
        write(project, NO_PYTHON)
    config = project / case.config
    write(project, {case.config: (config.read_text(encoding="utf-8") if config.exists() else "") + case.settings})
    done = run_pytest(project, *PLUGINS, *MODES[mode], *case.typed, "--meta-record=record", env=NO_OTHERS)
    assert done.returncode == 0, done.stdout + done.stderr
    _, run = load_record(project / "record")
    assert run.partial is None
    return run


def counted(run: SuiteRun) -> MeasuredCoverage:
    assert run.coverage is not None, run.coverage_missing
    return run.coverage


@pytest.fixture
def coverage_py(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CoveragePy:
    """The command `coverage`, typed in the project."""
    monkeypatch.chdir(project)
    for name in ("COVERAGE_FILE", "COVERAGE_RCFILE"):
        monkeypatch.delenv(name, raising=False)
    return CoveragePy(capsys)


@dataclass(frozen=True)
class CoveragePy:
    """Reports of the data that the last session has left."""

    capsys: pytest.CaptureFixture[str]

    def json(self, *typed: str) -> Any:
        assert self.status("json", "-q", "-o", "coverage.json", *typed) == 0, self.capsys.readouterr().out
        return json.loads(Path("coverage.json").read_bytes())

    def total(self, *typed: str, precision: int = 4) -> str:
        self.capsys.readouterr()
        assert self.status("report", "--format=total", f"--precision={precision}", *typed) == 0
        return self.capsys.readouterr().out.strip()

    @staticmethod
    def status(*typed: str) -> int | None:
        """Type `coverage`. It leaves its database open for the process to close, which Python 3.13 warns of."""
        with warnings.catch_warnings(action="ignore", category=ResourceWarning):
            status = coverage_command([*typed])
            if sys.version_info >= (3, 13):
                gc.collect()
        return status


def floored(totals: dict[str, int]) -> str:
    """Per cent with two decimals, cut off, in whole numbers from the counts of `coverage json`."""
    units = totals["num_statements"] + totals.get("num_branches", 0)
    hundredths = 10000 * (totals["covered_lines"] + totals.get("covered_branches", 0)) // units
    return f"{hundredths // 100}.{hundredths % 100:02d}"


@pytest.mark.filterwarnings("ignore::coverage.exceptions.CoverageWarning")  # of the file that is no Python
@pytest.mark.parametrize(
    ("case", "mode"),
    [pytest.param(case, mode, id=f"{name}, {mode}") for name, case in CASES.items() for mode in case.modes],
)
def test_the_regime_counts_as_coverage_py_does(project: Path, coverage_py: CoveragePy, case: Case, mode: str) -> None:
    run = recorded(project, case, mode)
    report = coverage_py.json(*case.reports)
    assert disagreements(counted(run), report) == []
    assert abs(Fraction(coverage_py.total(*case.reports)) - counted(run).percent) <= Fraction(1, 20000)
    said = total_meets_minimum(run, Standards()).line
    assert said.startswith(f"Total coverage is {floored(report['totals'])} %, the minimum is 80 %.")


BY_HAND = FileCoverage("src/shop/by_hand.py", 6, 1, 4, 1, "1-4,6", "5", "", "4->5")


def test_counted_by_hand(project: Path) -> None:
    files = {file.path: file for file in counted(recorded(project, CASES["exclude_also, partial_also"])).files}
    assert files[BY_HAND.path] == BY_HAND
    assert files["src/shop/never/imported.py"] == FileCoverage(
        "src/shop/never/imported.py", 4, 4, 2, 2, missing_lines="1-3,6"
    )
    assert files["src/shop/marked.py"].excluded_lines.startswith("5-8,11-15,")
    assert files["src/shop/empty.py"].units == 0
    assert "->exit" in files["src/shop/branches.py"].partial


REPORTED = {
    "executed_lines": [1, 2, 3, 4, 6],
    "missing_lines": [5],
    "excluded_lines": [],
    "missing_branches": [[4, 5]],
    "summary": {
        "num_statements": 6,
        "missing_lines": 1,
        "num_branches": 4,
        "missing_branches": 1,
        "percent_covered": 80.0,
    },
}


@pytest.mark.parametrize(
    "changed",
    [
        {"path": "src/shop/other.py"},
        {"statements": 7},
        {"missing": 2},
        {"branches": 5},
        {"missing_branches": 0},
        {"executed_lines": "1-4"},
        {"missing_lines": "5-6"},
        {"excluded_lines": "7"},
        {"partial": "4->exit"},
    ],
    ids=str,
)
def test_the_comparison_notices(changed: dict[str, Any]) -> None:
    report = {"files": {BY_HAND.path: REPORTED}, "totals": REPORTED["summary"]}
    assert disagreements(MeasuredCoverage((BY_HAND,), None), report) == []
    assert disagreements(MeasuredCoverage((BY_HAND._replace(**changed),), None), report)


def test_the_verdicts_alone_count_the_same(project: Path, coverage_py: CoveragePy) -> None:
    recorded(project, CASES["a subprocess"])
    expected = floored(coverage_py.json()["totals"])
    alone = session(project, *PLUGINS, "tests/meta", env=NO_OTHERS)
    assert f"Total coverage is {expected} %" in alone.text


def test_include_holds_where_more_than_the_package_is_measured(project: Path, coverage_py: CoveragePy) -> None:
    case = Case(toml(report='include = ["src/shop/[bm]*"]'), typed=("--cov=src/shop", "--cov=tests"))
    assert disagreements(counted(recorded(project, case)), coverage_py.json()) == []


def test_include_holds_for_shards(project: Path, coverage_py: CoveragePy) -> None:
    recorded(project, CASES["include"])
    expected = floored(coverage_py.json()["totals"])
    (project / "shards").mkdir()
    for name in ("record", "record.coverage"):
        (project / name).rename(project / "shards" / name)
    merged = session(project, *PLUGINS, "tests/meta", "--meta-records=shards", env=NO_OTHERS)
    assert f"Total coverage is {expected} %" in merged.text


def test_an_installed_package_that_is_reported_as_its_source(project: Path, coverage_py: CoveragePy) -> None:
    write(project, {"pyproject.toml": SETTINGS.replace('"src"', '"venv/site-packages"')})
    paths = 'all = ["src/", "*/site-packages/"]'
    case = Case(toml('source_pkgs = ["shop"]', paths=paths), typed=("--cov",), copy="venv/site-packages")
    assert disagreements(counted(recorded(project, case)), coverage_py.json()) == []


class TestNeverRoundedUp:
    """Of 20,004 statements 16,003 are 79.999 per cent, and 16,004 are 80.004; the sample has 6 of 8."""

    @pytest.fixture
    def large(self, project: Path) -> Path:
        executed, never = "one = 1\n" * 15996, "    one = 1\n" * 3999
        write(project, {"src/shop/large.py": f"{executed}def never():\n{never}"})
        write(project, {"tests/unit/test_large.py": "import shop.large\n\n\ndef test_large(): ...\n"})
        policy(project, "[coverage]\nminimum = 80\n")
        return project

    def test_79_999_is_below_80(self, large: Path, coverage_py: CoveragePy) -> None:
        said = session(large, *PLUGINS, "--cov=src/shop", "--cov-report=", env=NO_OTHERS)
        assert said.verdicts[COVERAGE] == "failed", said.text
        assert "Total coverage is 79.99 %, the minimum is 80 %." in said.messages[COVERAGE]
        assert "Statements and branches to cover: 1 to the minimum" in said.messages[COVERAGE]
        assert (coverage_py.total(precision=2), coverage_py.total(precision=3)) == ("80.00", "79.999")

    def test_with_one_statement_more_it_is_not(self, large: Path) -> None:
        write(large, {"tests/unit/test_unused.py": "import shop.unused\n\n\ndef test_unused(): ...\n"})
        said = session(large, *PLUGINS, "--cov=src/shop", "--cov-report=", env=NO_OTHERS)
        assert said.verdicts[COVERAGE] == "passed", said.text
        assert "Total coverage is 80.00 %, the minimum is 80 %." in said.text
