"""Where coverage is low, or missing, for another reason than that tests are: the verdict says the reason."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from meta_regime.extras import coverage_imports, coverage_trouble
from meta_regime.record import FileCoverage

from tests.baking import BESIDE, scrubbed_environment
from tests.sample import COVERAGE, GREEN, SETTINGS, VERDICTS, delete_extras, policy, session, write

HEALTHY = "[coverage]\nminimum = 75\n"
PLAIN, SPREAD = ["--cov=src/shop"], ["--cov=src/shop", "-n", "2"]
MODES = {"plain": PLAIN, "-n 2": SPREAD, "child": ["tests/meta"], "child -n 2": ["tests/meta", "-n", "2"]}
OWN = ["plain", "-n 2"]  # sessions that judge themselves
CULPRIT = "tests/unit/test_aaa.py"  # before all others
NOT_JUDGED = {**GREEN, COVERAGE: "skipped"}


@pytest.fixture
def healthy(project: Path) -> Path:
    """A project whose verdicts are all green, with coverage of exactly the minimum."""
    policy(project, HEALTHY)
    return project


class TestSwitchedOff:
    """Everything that runs afterwards in that process counts as uncovered."""

    @pytest.fixture(autouse=True)
    def by_a_tracer(self, healthy: Path) -> None:
        """From Python 3.14 on coverage.py measures by sys.monitoring, which a tracer does not switch off."""
        if sys.version_info >= (3, 14):
            write(healthy, {".coveragerc": "[run]\ncore = ctrace\n"})

    @pytest.mark.parametrize("mode", MODES)
    def test_by_a_tracer_that_is_not_put_back(self, healthy: Path, mode: str) -> None:
        write(healthy, {CULPRIT: "import sys\n\n\ndef test_off():\n    sys.settrace(None)\n"})
        said = session(healthy, *MODES[mode])
        assert (said.status, said.verdicts) == (0, NOT_JUDGED), said.text
        assert (
            f"not judged: coverage was switched off while {CULPRIT}::test_off ran (sys.settrace(None)"
            in said.messages[COVERAGE]
        )
        assert "so what ran after it counts as uncovered" in said.messages[COVERAGE]
        in_ci = session(healthy, *MODES[mode], env={"CI": "true"})
        assert (in_ci.status, in_ci.verdicts) == (1, {**GREEN, COVERAGE: "failed"}), in_ci.text

    def test_without_the_extra_the_tests_are_blamed(self, healthy: Path) -> None:
        assert delete_extras(healthy, "coverage_trouble") == 1
        write(healthy, {CULPRIT: "import sys\n\n\ndef test_off():\n    sys.settrace(None)\n"})
        said = session(healthy, *PLAIN)
        assert said.verdicts == {**GREEN, COVERAGE: "failed"}, said.text
        assert "Total coverage is 62.50 %, the minimum is 75 %." in said.messages[COVERAGE]

    @pytest.mark.parametrize("mode", OWN)
    @pytest.mark.parametrize(
        ("how", "code"),
        [
            ("sys.settrace(None)", "import pdb; pdb.Pdb(stdout=open('out', 'w')).runcall(len, 'x')"),
            ("sys.settrace(test_off.<locals>.<lambda>)", "import sys; sys.settrace(lambda *_: None)"),
            ("start() or stop() of a coverage.Coverage", "import coverage; coverage.Coverage.current().stop()"),
        ],
        ids=["a debugger", "another tracer", "stop()"],
    )
    def test_otherwise(self, healthy: Path, mode: str, how: str, code: str) -> None:
        write(healthy, {CULPRIT: f"def test_off():\n    {code}\n", ".pdbrc": "continue\n"})
        said = session(healthy, *MODES[mode])
        assert said.verdicts == NOT_JUDGED, said.text
        assert f"while {CULPRIT}::test_off ran ({how}" in said.messages[COVERAGE]

    @pytest.mark.parametrize("mode", OWN)
    @pytest.mark.parametrize(("file", "named"), [(CULPRIT, CULPRIT), ("tests/unit/conftest.py", "tests/unit")])
    def test_by_what_is_imported_to_collect_tests(self, healthy: Path, mode: str, file: str, named: str) -> None:
        write(healthy, {file: "import sys\n\nsys.settrace(None)\n"})
        said = session(healthy, *MODES[mode])
        assert said.verdicts == NOT_JUDGED, said.text
        assert f"switched off while {named} was collected (sys.settrace(None)" in said.messages[COVERAGE]

    def test_by_a_conftest_before_pytest_collects(self, healthy: Path) -> None:
        write(healthy, {"conftest.py": "import sys\n\nsys.settrace(None)\n"})
        said = session(healthy, *PLAIN)
        assert said.verdicts == NOT_JUDGED, said.text
        assert "switched off while plugins and conftest.py were loaded (sys.settrace(None)" in said.messages[COVERAGE]

    def test_in_one_worker_while_another_works_on(self, healthy: Path) -> None:
        slow = (
            "import time, pytest\n\n\n@pytest.mark.parametrize('n', range(5))\ndef test_slow(n):\n    time.sleep(0.3)\n"
        )
        write(healthy, {CULPRIT: "import sys\n\n\ndef test_off():\n    sys.settrace(None)\n"})
        write(healthy, {"tests/unit/test_aab.py": slow})
        said = session(healthy, *SPREAD, "--dist=loadfile")
        assert said.verdicts == NOT_JUDGED, said.text
        assert f"switched off while {CULPRIT}::test_off ran" in said.messages[COVERAGE]

    def test_by_a_coverage_of_its_own_that_is_not_stopped(self, healthy: Path) -> None:
        """coverage.py then fails when pytest-cov stops it, which is an internal error."""
        write(
            healthy, {CULPRIT: "import coverage\n\n\ndef test_on():\n    coverage.Coverage(data_file=None).start()\n"}
        )
        words = f"coverage was switched off while {CULPRIT}::test_on ran (start() or stop() of a coverage.Coverage)"
        said = session(healthy, *PLAIN)
        assert (said.status, said.verdicts) == (3, {}), said.text
        assert f"meta-tests says: {words}" in said.text
        child = session(healthy, "tests/meta")
        assert (child.status, child.verdicts) == (1, dict.fromkeys(VERDICTS, "failed")), child.text
        assert words in child.text

    def test_by_one_that_kills_a_worker(self, healthy: Path) -> None:
        """xdist may end with status 0 after that; the verdicts do not pass."""
        write(
            healthy, {CULPRIT: "import coverage\n\n\ndef test_on():\n    coverage.Coverage(data_file=None).start()\n"}
        )
        said = session(healthy, *SPREAD, env={"CI": "true"})
        assert said.status, said.text
        assert "passed" not in said.verdicts.values()
        assert f"meta-tests says: coverage was switched off while {CULPRIT}::test_on ran" in said.text
        child = session(healthy, "tests/meta", "-n", "2", env={"CI": "true"})
        assert (child.status, child.verdicts) == (1, dict.fromkeys(VERDICTS, "failed")), child.text
        assert f"coverage was switched off while {CULPRIT}::test_on ran" in child.messages[COVERAGE]


HARMLESS = {
    "puts_back": "import sys\n\n\ndef test_it():\n    before = sys.gettrace()\n    sys.settrace(None)\n"
    "    sys.settrace(before)\n",
    "fixture": "import pytest, sys\n\n\n@pytest.fixture(scope='module')\ndef off():\n    before = sys.gettrace()\n"
    "    sys.settrace(None)\n    yield\n    sys.settrace(before)\n\n\ndef test_a(off): ...\ndef test_b(off): ...\n",
    "nested": "import coverage\n\n\ndef test_it():\n    own = coverage.Coverage(data_file=None)\n    own.start()\n"
    "    own.stop()\n",
    "no_cover": "import pytest\n\n\n@pytest.mark.no_cover\ndef test_a(): ...\ndef test_b(no_cover): ...\n",
    "thread": "import sys, threading\n\n\ndef test_it():\n"
    "    thread = threading.Thread(target=sys.settrace, args=(None,))\n    thread.start()\n    thread.join()\n",
    "profile": "import cProfile, doctest, sys\n\n\ndef test_it():\n    cProfile.Profile().runcall(len, 'x')\n"
    "    sys.setprofile(None)\n    doctest.run_docstring_examples('>>> 1\\n1\\n', {})\n",
    "pytester": "def test_it(pytester):\n    pytester.makepyfile('def test_a(): pass')\n"
    "    for args in ([], ['--cov=.', '--cov-report=']):\n        pytester.runpytest_inprocess(*args)\n",
    "hypothesis": "import pytest\nfrom hypothesis import given, settings, strategies\n\n\ndef test_it():\n"
    "    @settings(database=None)\n    @given(strategies.integers())\n    def is_small(number):\n"
    "        assert number < 50\n    with pytest.raises(AssertionError):\n        is_small()\n",
    "erases": "import subprocess, sys\n\n\ndef test_it():\n"
    "    subprocess.run([sys.executable, '-m', 'coverage', 'erase'], check=True)\n",
    "outcomes": "import pytest\n\n\ndef test_a():\n    pytest.skip('')\n\n\ndef test_b():\n    pytest.xfail('')\n",
}


class TestNobodyIsAccused:
    """A false accusation is worse than silence."""

    @pytest.mark.parametrize("mode", OWN)
    def test_who_puts_back_what_was_there(self, healthy: Path, mode: str) -> None:
        files = {f"tests/unit/test_{name}.py": text for name, text in HARMLESS.items()}
        write(healthy, {**files, "conftest.py": 'pytest_plugins = ["pytester"]\n'})
        said = session(healthy, *MODES[mode], env={"PYTHONPATH": str(BESIDE / "hypothesis")})
        assert (said.status, said.verdicts) == (0, GREEN), said.text
        assert "Total coverage is 75.00 %" in said.text

    @pytest.mark.parametrize("spread", [[], ["-n", "2"]], ids=OWN)
    @pytest.mark.parametrize(("typed", "says"), [([], "ran without --cov"), ([*PLAIN, "--no-cov"], "(--no-cov)")])
    def test_where_nothing_measures(self, healthy: Path, spread: list[str], typed: list[str], says: str) -> None:
        write(healthy, {CULPRIT: "import sys\n\n\ndef test_off():\n    sys.settrace(None)\n"})
        said = session(healthy, *typed, *spread)
        assert said.verdicts == NOT_JUDGED, said.text
        assert says in said.messages[COVERAGE]

    def test_of_data_that_an_earlier_run_left(self, healthy: Path) -> None:
        """pytest-cov deletes it, whole or not: it does not count, and does no harm."""
        write(healthy, {"all.py": "import shop.unused\n", ".coverage.junk": "not even data", ".coverage": "nor this"})
        for args in MODES["plain"], MODES["-n 2"]:
            run = [sys.executable, "-m", "coverage", "run", "-p", "--source=src/shop", "all.py"]
            subprocess.run(run, cwd=healthy, env=scrubbed_environment({"PYTHONPATH": "src"}), check=True)
            assert list(healthy.glob(".coverage.*.*"))
            said = session(healthy, *args)
            assert (said.status, said.verdicts) == (0, GREEN), said.text
            assert "Total coverage is 75.00 %" in said.text


class TestPython312:
    """Where coverage.py measures by sys.monitoring, there is no tracer."""

    @pytest.mark.parametrize(("events", "says"), [(1, ""), (0, "sys.settrace(None), or sys.monitoring")])
    def test_its_tool_counts(self, monkeypatch: pytest.MonkeyPatch, events: int, says: str) -> None:
        tools = SimpleNamespace(
            get_tool=lambda tool: "coverage.py" if tool == 3 else None,
            get_events=lambda tool: events if tool == 3 else 1 / 0,
        )
        monkeypatch.setattr(sys, "monitoring", tools, raising=False)
        monkeypatch.setattr(sys, "gettrace", lambda: None)
        assert coverage_trouble._why_off(Measures()) == says
        assert coverage_trouble._glance(Measures()) == Measures.current
        assert coverage_trouble._glance(None) is sys.gettrace

    @pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")
    @pytest.mark.parametrize("mode", OWN)
    @pytest.mark.parametrize(
        ("code", "named"),
        [
            ("sys.settrace(None)", ""),
            ("sys.monitoring.set_events(1, 0)", "the tests"),
            ("coverage.Coverage.current().stop()", f"{CULPRIT}::test_off"),
        ],
        ids=["a tracer", "no events", "stop()"],
    )
    def test_for_real(self, healthy: Path, mode: str, code: str, named: str) -> None:
        write(healthy, {".coveragerc": "[run]\ncore = sysmon\n"})
        write(healthy, {CULPRIT: f"import coverage, sys\n\n\ndef test_off():\n    {code}\n"})
        said = session(healthy, *MODES[mode])
        assert said.verdicts == {**GREEN, COVERAGE: "skipped" if named else "passed"}, said.text
        assert not named or f"switched off while {named} ran" in said.messages[COVERAGE]


class Measures:
    """Stands in for a `coverage.Coverage` that is the current one."""

    one: Measures

    def __init__(self) -> None:
        type(self).one = self

    @classmethod
    def current(cls) -> Measures:
        return cls.one


class TestDataFile:
    # Waits until the other worker has ended, and saved what it measured.
    HARMS = (
        "import glob, os, time\n\n\ndef test_harms():\n    end = time.monotonic() + 20\n"
        "    while time.monotonic() < end and not glob.glob('.coverage.*'):\n        time.sleep(0.05)\n"
        "    time.sleep(0.5)\n    for name in glob.glob('.coverage.*'):\n        {harm}\n"
    )

    @pytest.mark.parametrize(
        "harm", ["os.unlink(name)", "open(name, 'w').write('no data')"], ids=["deleted", "damaged"]
    )
    def test_of_another_worker(self, healthy: Path, harm: str) -> None:
        (healthy / "tests" / "unit" / "test_more.py").unlink()
        write(healthy, {"tests/unit/test_zzz.py": self.HARMS.format(harm=harm)})
        said = session(healthy, *SPREAD, "--dist=loadfile")
        assert said.verdicts == NOT_JUDGED, said.text
        assert "what an xdist worker had measured is lost" in said.messages[COVERAGE]
        assert "does a test write or delete .coverage, or .coverage.* beside it?" in said.messages[COVERAGE]
        delete_extras(healthy, "coverage_trouble")
        assert session(healthy, *SPREAD, "--dist=loadfile").verdicts[COVERAGE] == "failed"  # "62.50 %"

    @pytest.mark.parametrize("mode", OWN)
    def test_that_a_test_overwrites(self, healthy: Path, mode: str) -> None:
        write(healthy, {"tests/unit/test_zzz.py": "def test_writes():\n    open('.coverage', 'w').write('no data')\n"})
        said = session(healthy, *MODES[mode])
        assert (said.status, said.verdicts) == (3, {}), said.text
        assert (
            "meta-tests says: coverage.py cannot use its own data; does a test write or delete .coverage" in said.text
        )
        assert session(healthy, "tests/meta").verdicts == GREEN  # which has a data file of its own

    @pytest.mark.parametrize("mode", OWN)
    def test_that_is_a_directory(self, healthy: Path, mode: str) -> None:
        """pytest-cov dies of it before pytest loads any conftest, and names the file."""
        (healthy / ".coverage").mkdir()
        said = session(healthy, *MODES[mode])
        assert (said.status, said.outcomes) == (1, {}), said.text
        assert f"{healthy / '.coverage'}'" in said.text
        assert session(healthy, "tests/meta").verdicts == GREEN


def another_copy(project: Path, settings: str) -> None:
    """Let the tests import a copy of the package that is not the measured one."""
    elsewhere = SETTINGS.replace('["src"]', '["site"]')
    files = {f"site/shop/{path.name}": path.read_text() for path in (project / "src" / "shop").glob("*.py")}
    write(project, {**files, "pyproject.toml": elsewhere + settings})


class TestAnotherCopyIsImported:
    @pytest.mark.parametrize("mode", ["--cov", "--cov -n 2", "tests/meta", "tests/meta -n 2"])
    @pytest.mark.parametrize(
        "settings", ["source = ['src']\nbranch = true", "source = ['src/shop']\nrelative_files = true"]
    )
    def test_it_is_named(self, healthy: Path, mode: str, settings: str) -> None:
        another_copy(healthy, f"[tool.coverage.run]\n{settings}\n")
        said = session(healthy, *mode.split())
        assert said.verdicts == NOT_JUDGED, said.text
        assert f"no line of {healthy / 'src'}" in said.messages[COVERAGE]
        copy = healthy / "site" / "shop" / "__init__.py"
        assert f"was executed, since the tests import {copy}; install the project" in said.messages[COVERAGE]

    def test_without_the_extra_the_tests_are_blamed(self, healthy: Path) -> None:
        assert delete_extras(healthy, "coverage_imports") == 1
        another_copy(healthy, "[tool.coverage.run]\nsource = ['src']\n")
        said = session(healthy, "--cov")
        assert said.verdicts == {**GREEN, COVERAGE: "failed"}, said.text
        assert "Total coverage is 0.00 %" in said.messages[COVERAGE]

    def test_where_the_measured_one_runs_too_it_is_judged(self, healthy: Path) -> None:
        another_copy(healthy, "[tool.coverage.run]\nsource = ['src']\n")
        write(healthy, {CULPRIT: "import runpy\n\n\ndef test_it():\n    runpy.run_path('src/shop/unused.py')\n"})
        said = session(healthy, "--cov")
        assert said.verdicts == {**GREEN, COVERAGE: "failed"}, said.text
        assert "Total coverage is 12.50 %" in said.messages[COVERAGE]

    @pytest.mark.parametrize("typed", ["--cov", "--cov -n 2"])
    def test_where_only_the_measured_one_is_imported_nothing_is_said(self, healthy: Path, typed: str) -> None:
        another_copy(healthy, "")
        write(healthy, {"pyproject.toml": SETTINGS + "[tool.coverage.run]\nsource = ['src']\nrelative_files = true\n"})
        said = session(healthy, *typed.split())
        assert (said.status, said.verdicts) == (0, GREEN), said.text

    def test_names_that_say_nothing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(tmp_path, {"src/json/__init__.py": "", "src/shop/__init__.py": "", "src/shop/pytest/__init__.py": ""})

        def elsewhere(*sources: str) -> dict[str, str]:
            return coverage_imports.imported_elsewhere(sources, tmp_path)

        assert elsewhere("src", "src/json", "src/shop", "src/shop/pytest", "src/nowhere", "shop") == {}
        other = ModuleType("shop")
        other.__file__ = str(tmp_path / "other" / "shop.py")
        monkeypatch.setitem(sys.modules, "shop", other)
        assert set(elsewhere("src/shop", "src/json").values()) == {str(tmp_path.resolve() / "other" / "shop.py")}
        assert set(elsewhere("src")) == {str(tmp_path.resolve() / "src")}


class TestImportedTooEarly:
    """Packages that are pytest plugins: they are judged, and a line says why so little of them is covered."""

    PLUGIN = "from shop import total\n\n\ndef pytest_report_header():\n    return str(total([1]))\n"
    LINE = (
        "meta-tests: imported while coverage did not measure, as plugins are before it begins: src/shop/__init__.py and"
    )

    @pytest.mark.parametrize("mode", MODES)
    def test_a_line_says_so(self, project: Path, mode: str) -> None:
        policy(project, "[coverage]\nminimum = 15\n")
        write(project, {"src/shop/plugin.py": self.PLUGIN})
        write(project, {"pyproject.toml": SETTINGS + 'addopts = "-p shop.plugin"\n'})
        said = session(project, *MODES[mode], env={"PYTHONPATH": "src"})
        assert (said.status, said.verdicts) == (0, GREEN), said.text
        assert "Total coverage is 18.18 %" in said.text  # it would be 81.81 %
        assert f"{self.LINE} 2 more; what runs on import counts as uncovered" in said.text

    @pytest.mark.parametrize("mode", MODES)
    def test_what_a_conftest_loads_comes_in_time(self, healthy: Path, mode: str) -> None:
        write(healthy, {"src/shop/plugin.py": self.PLUGIN, "conftest.py": 'pytest_plugins = ["shop.plugin"]\n'})
        said = session(healthy, *MODES[mode], env={"PYTHONPATH": "src"})
        assert (said.status, said.verdicts) == (0, GREEN), said.text
        assert "did not measure" not in said.text

    def test_what_was_not_imported_as_a_module_is_passed_over(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        never = FileCoverage("src/shop/new.py", 3, 3, 0, 0, "", "2-4")
        later = FileCoverage("src/shop/new.py", 3, 2, 0, 0, "2", "4,6")
        half = FileCoverage("src/shop/new.py", 3, 2, 0, 0, "4", "2-3,6")

        def early(*files: FileCoverage) -> list[str]:
            return coverage_imports.imported_unmeasured(files, tmp_path)

        assert early(never, half) == []
        module = ModuleType("shop.new")
        monkeypatch.setitem(sys.modules, "shop.new", module)
        assert early(never, half) == []  # it has no file, as what a test makes up
        module.__file__ = str(tmp_path / "src" / "shop" / "new.py")
        assert early(later) == []
        assert early(never) == early(half) == ["src/shop/new.py"]
        loads_when_used = type("Lazy", (ModuleType,), {})("shop.new")
        loads_when_used.__file__ = module.__file__
        monkeypatch.setitem(sys.modules, "shop.new", loads_when_used)
        assert early(never) == []


@pytest.mark.parametrize("mode", MODES)
def test_where_no_test_executes_anything_the_figure_is_judged_and_a_line_says_so(healthy: Path, mode: str) -> None:
    for path in (healthy / "tests" / "unit").glob("test_*.py"):
        path.write_text("def test_it(): ...\n")
    said = session(healthy, *MODES[mode])
    assert (said.status, said.verdicts) == (1, {**GREEN, COVERAGE: "failed"}), said.text
    assert "Total coverage is 0.00 %" in said.messages[COVERAGE]
    assert "meta-tests: no test executes any line of the measured files" in said.text
