"""The honesty table: in every way of running pytest, plain and under xdist, desk and CI, nothing is silently green."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults import read_only
from tests.in_git import Repository
from tests.sample import (
    ALL_VERDICTS,
    COVERAGE,
    HYGIENE,
    LOADER,
    OF_FILES,
    SETTINGS,
    Said,
    copy_of,
    policy,
    session,
    write,
)

MODES = {"plain": [], "-n 2": ["-n", "2"]}
HEALTHY = "[coverage]\nminimum = 75\nmodule_floor = 0\n"
GREEN = dict.fromkeys(ALL_VERDICTS, "passed")
ON_COVERAGE = (COVERAGE, *OF_FILES.values())


@pytest.fixture
def project(judged_repository: Repository) -> Path:
    """A project in which every verdict passes."""
    return judged_repository.folder


@dataclass(frozen=True)
class Judged:
    """The verdicts are given, and pass, save the one in `failed`; in CI too. `status` is pytest's exit status."""

    status: int = 0
    says: str = ""
    failed: str = ""

    def check(self, said: Said, *, in_ci: bool) -> None:
        assert said.verdicts == {**GREEN, **({self.failed: "failed"} if self.failed else {})}, said.text
        assert said.status == self.status, (in_ci, said.text)
        assert self.says in said.text


@dataclass(frozen=True)
class NotJudged:
    """Each verdict says why it cannot judge: skipped on a desk, failed in CI."""

    reason: str
    status: int = 0

    def check(self, said: Said, *, in_ci: bool) -> None:
        assert said.verdicts == dict.fromkeys(ALL_VERDICTS, "failed" if in_ci else "skipped"), said.text
        assert self.reason in said.messages[COVERAGE]
        assert f"not judged: {self.reason}" in said.text
        assert said.status == (1 if in_ci else self.status), said.text


@dataclass(frozen=True)
class OneLine:
    """No verdict was asked for: one line says why none is given. In CI the verdicts come all the same, and fail."""

    reason: str

    def check(self, said: Said, *, in_ci: bool) -> None:
        if in_ci:
            NotJudged(self.reason).check(said, in_ci=True)
            return
        assert (said.status, said.verdicts) == (0, {}), said.text
        assert f"meta-tests: not judged: {self.reason}" in said.text


@dataclass(frozen=True)
class Stopped:
    """The session did not end normally; pytest's exit status says so, and a line says that nothing was judged."""

    reason: str
    statuses: tuple[int, ...] = (1, 2)

    def check(self, said: Said, *, in_ci: bool) -> None:
        assert "passed" not in said.verdicts.values(), said.text
        assert said.status in self.statuses, said.text
        assert said.status or not in_ci
        assert self.reason in said.text


@dataclass(frozen=True)
class CoverageNotJudged:
    """Time is judged; coverage is not, and its verdicts say why."""

    reason: str

    def check(self, said: Said, *, in_ci: bool) -> None:
        outcomes = dict.fromkeys(ON_COVERAGE, "failed" if in_ci else "skipped")
        assert said.verdicts == {**GREEN, **outcomes}, said.text
        assert all(self.reason in said.messages[verdict] for verdict in ON_COVERAGE)
        assert said.status == (1 if in_ci else 0), said.text


Expected = Judged | NotJudged | OneLine | Stopped | CoverageNotJudged


@dataclass(frozen=True)
class Row:
    """What is typed after `pytest`, in a healthy project with these changes, and what is expected."""

    typed: str
    expected: Expected
    files: dict[str, str] | None = None
    change: Callable[[Path], None] | None = None
    env: dict[str, str] | None = None
    plain_only: bool = False


def suite_is_unit(project: Path) -> None:
    """Make `-m unit` the suite, with one test outside it."""
    policy(project, HEALTHY + '[suite]\nargs = ["-m", "unit"]\n')
    write(project, {"pyproject.toml": SETTINGS + 'markers = ["unit: quick"]\n'})
    for path in (project / "tests" / "unit").glob("test_*.py"):
        path.write_text("import pytest\n\npytestmark = pytest.mark.unit\n" + path.read_text())
    write(project, {"tests/unit/test_net.py": "def test_net(): ...\n"})


def no_tests(project: Path) -> None:
    for path in (project / "tests" / "unit").glob("test_*.py"):
        path.unlink()


def all_skipped(project: Path) -> None:
    for path in (project / "tests" / "unit").glob("test_*.py"):
        path.write_text("import pytest\n\npytestmark = pytest.mark.skip(reason='not today')\n" + path.read_text())


def no_meta_folder(project: Path) -> None:
    (project / "tests" / "meta").rename(project / "gone")


def partial_data(project: Path) -> None:
    """Leave the coverage data of a part of the suite behind."""
    assert session(project, "--cov=shop", "-k", "total").status == 0
    assert (project / ".coverage").exists()


# A conftest with an option of its own, by which fewer tests run: in each way that pytest has for it.
FEWER = """
import pytest

def pytest_addoption(parser):
    parser.addoption("--fast", action="store_true")

"""
SILENTLY = """
def pytest_collection_modifyitems(config, items):
    if config.getoption("fast"):
        items[:] = [item for item in items if "basket" not in item.name]
"""
DESELECTED = (
    SILENTLY
    + """
        config.hook.pytest_deselected(items=[])
"""
)
IGNORED = """
def pytest_ignore_collect(collection_path, config):
    return True if config.getoption("fast") and collection_path.name == "test_more.py" else None
"""
ALWAYS = SILENTLY.replace('    if config.getoption("fast"):\n    ', "")
BY_FAST = NotJudged("partial run: tests/unit/test_more.py::test_basket and 1 more left out, as far as can be told ")


def loader_with(*code: str) -> dict[str, str]:
    return {"tests/conftest.py": LOADER + FEWER + "".join(code)}


NET = "def test_net(): ...\n"
SELF = "def test_self(self): ...\n"
BAD = {"tests/unit/test_bad.py": "def test_bad():\n    assert False\n"}
BROKEN = {"tests/unit/test_broken.py": "import nothing_of_this_name\n"}
LEAKS = (
    "import os, sys, time\n\n\ndef test_leaks(tmp_path):\n    os.chdir(tmp_path)\n    os.environ.clear()\n"
    "    sys.argv[:] = ['x']\n    time.perf_counter = lambda: 0.0\n    time.time = lambda: 0.0\n"
)
MORE = "tests/unit/test_more.py"

TABLE: dict[str, Row] = {
    # Whole runs.
    "the suite": Row("--cov=shop", Judged()),
    "arguments that cover the suite": Row("--cov=shop tests", Judged()),
    "the folder in which all its files are": Row("--cov=shop tests/unit", Judged()),
    "-m exactly the suite's": Row("--cov=shop -m unit", Judged(), change=suite_is_unit),
    "testpaths without tests/meta": Row(
        "--cov=shop", Judged(), {"pyproject.toml": SETTINGS + 'testpaths = ["tests/unit"]\n'}
    ),
    "--maxfail that did not stop": Row("--cov=shop --maxfail=1", Judged()),
    "failing tests": Row("--cov=shop", Judged(status=1), BAD),
    "without a cache": Row("--cov=shop -p no:cacheprovider", Judged()),
    "without xdist": Row("--cov=shop -p no:xdist", Judged(), plain_only=True),
    "harmless PYTEST_ADDOPTS": Row("--cov=shop", Judged(), env={"PYTEST_ADDOPTS": "-v --tb=short"}),
    "a stale .coverage": Row("--cov=shop", Judged(), {".coverage": "not even coverage data"}),
    "a test that leaves folder, environment, argv and clocks changed": Row(
        "--cov=shop", Judged(), {"tests/unit/test_zz.py": LEAKS}
    ),
    "a partial .coverage": Row("--cov=shop", Judged(), change=partial_data),
    "fail_under and policy disagreeing": Row(
        "--cov=shop",
        Judged(
            says="75.00 %, the minimum is 70 % (fail_under in the project's coverage settings; the policy says 75 %)."
        ),
        {"pyproject.toml": SETTINGS + "[tool.coverage.report]\nfail_under = 70\n"},
    ),
    "testpaths that leave tests out": Row(
        "--cov=shop",
        Judged(says="1 test file lies outside the suite (testpaths, or [suite] args): tests/deep/test_net.py."),
        {
            "pyproject.toml": SETTINGS + 'testpaths = ["tests/unit"]\n',
            "tests/deep/test_net.py": "def test_net(): ...\n",
        },
    ),
    "a test file that is never collected because of its name": Row(
        "--cov=shop",
        Judged(
            1, "1 file holds tests that pytest never collects, because of the name: tests/unit/tests_net.py", HYGIENE
        ),
        {"tests/unit/tests_net.py": "def test_net(): ...\n"},
    ),
    "tests with the mark of a fixture, and test cases, in such a file": Row(
        "--cov=shop",
        Judged(1, "2 files hold tests that pytest never collects, because of the name: tests/unit/marked.py,", HYGIENE),
        {
            "tests/unit/marked.py": f"import pytest\n\n\n@pytest.mark.usefixtures('tmp_path')\n{NET}",
            "tests/unit/tests_case.py": "import unittest\n\n\nclass Prices(unittest.TestCase):\n    " + SELF,
        },
    ),
    "helpers that look like tests": Row(
        "--cov=shop", Judged(), {"tests/unit/fixtures.py": f"import pytest\n\n\n@pytest.fixture()\n{NET}"}
    ),
    "a conftest that always drops some": Row("--cov=shop", Judged(), loader_with(ALWAYS)),
    "an option of a plugin's that drops none": Row("--cov=shop --fast", Judged(), loader_with()),
    # Parts of the suite.
    "an option of a plugin's that drops some": Row("--cov=shop --fast", BY_FAST, loader_with(SILENTLY)),
    "an option of a plugin's that deselects some": Row("--cov=shop --fast", BY_FAST, loader_with(DESELECTED)),
    "an option of a plugin's that ignores a file": Row(
        "--cov=shop --fast", NotJudged("partial run: "), loader_with(IGNORED)
    ),
    "-o that chooses": Row("--cov=shop -o python_files=test_more.py", NotJudged("partial run (-o python_files=")),
    "-c": Row(
        "--cov=shop -c other.ini",
        NotJudged("partial run (-c other.ini)"),
        {"other.ini": "[pytest]\npythonpath = src\npython_files = test_more.py\n"},
    ),
    "--doctest-modules": Row("--cov=shop --doctest-modules", NotJudged("partial run (--doctest-modules)")),
    "-k": Row("--cov=shop -k total", NotJudged("partial run (-k total)")),
    "-m other than the suite's": Row("--cov=shop -m slow", NotJudged("partial run (-m slow)", status=5)),
    "-k that finds nothing": Row("--cov=shop -k nonsense", NotJudged("partial run (-k nonsense)", status=5)),
    "more than the suite": Row("--cov=shop", NotJudged("partial run (without -m unit)"), change=suite_is_unit),
    "a node id": Row(f"--cov=shop {MORE}::test_basket", OneLine("partial run: it left out tests/unit/")),
    "one file": Row(f"--cov=shop {MORE}", OneLine("partial run: it left out tests/unit/test_prices.py")),
    "a sub-folder": Row(
        "--cov=shop tests/unit/deep",
        OneLine("partial run: it left out tests/unit/test_more.py and 1 more"),
        {"tests/unit/deep/test_deep.py": "def test_deep(): ...\n"},
    ),
    "--deselect": Row(f"--cov=shop --deselect {MORE}", NotJudged(f"partial run (--deselect {MORE})")),
    "--ignore": Row(f"--cov=shop --ignore {MORE}", NotJudged(f"partial run (--ignore {MORE})")),
    "--ignore-glob": Row("--cov=shop --ignore-glob=*more*", NotJudged("partial run (--ignore-glob")),
    "--lf": Row("--cov=shop --lf", NotJudged("partial run (--lf)")),
    "--sw": Row("--cov=shop --sw", NotJudged("partial run (--sw)"), plain_only=True),
    "selecting PYTEST_ADDOPTS": Row(
        "--cov=shop", NotJudged("partial run (-k total)"), env={"PYTEST_ADDOPTS": "-k total"}
    ),
    "--lf as a habit": Row(
        "--cov=shop", NotJudged("partial run (--lf)"), {"pyproject.toml": SETTINGS + 'addopts = "--lf"\n'}
    ),
    # Nothing to judge.
    "no tests": Row("--cov=shop", NotJudged("no test of the suite was executed", status=5), change=no_tests),
    "a suite marker that nobody uses": Row(
        "--cov=shop -m nobody",
        NotJudged("no test of the suite was executed", status=5),
        {"tests/meta/policy.toml": HEALTHY + '[suite]\nargs = ["-m", "nobody"]\n'},
    ),
    "everything skipped": Row("--cov=shop", NotJudged("no test of the suite was executed"), change=all_skipped),
    # Sessions that did not end normally.
    "-x that stopped": Row("--cov=shop -x", Stopped("not judged: the session was stopped: stopping after 1"), BAD),
    "--maxfail that stopped": Row("--cov=shop --maxfail=1", Stopped("not judged: the session was stopped: "), BAD),
    "a collection error": Row("--cov=shop", Stopped("meta-tests: not judged: "), BROKEN),
    "a collection error that is passed over": Row(
        "--cov=shop --continue-on-collection-errors",
        NotJudged("pytest could not collect tests/unit/test_broken.py", status=1),
        BROKEN,
    ),
    "pytest.exit()": Row(
        "--cov=shop",
        Stopped("not judged: the session was stopped: enough", statuses=(7,)),
        {"tests/unit/test_exit.py": "import pytest\n\n\ndef test_exit():\n    pytest.exit('enough', 7)\n"},
        plain_only=True,
    ),
    "pytest.exit() with status 0": Row(
        "--cov=shop",
        Stopped("not judged: the session was stopped: enough", statuses=(0, 1)),
        {"tests/unit/test_exit.py": "import pytest\n\n\ndef test_exit():\n    pytest.exit('enough', 0)\n"},
        plain_only=True,
    ),
    "Ctrl-C": Row(
        "--cov=shop",
        Stopped("not judged: the session was stopped: KeyboardInterrupt", statuses=(2,)),
        {"tests/unit/test_key.py": "def test_key():\n    raise KeyboardInterrupt\n"},
        plain_only=True,
    ),
    # Coverage of something else.
    "no --cov": Row("", CoverageNotJudged("this session ran without --cov; type: pytest tests/meta")),
    "--no-cov": Row("--cov=shop --no-cov", CoverageNotJudged("coverage was switched off (--no-cov)")),
    "--cov without a source": Row(
        "--cov", CoverageNotJudged("leaves out files that no test imports; type --cov=src/shop")
    ),
    "--cov of a folder above, which hides what no test imports": Row(
        "--cov=.", CoverageNotJudged("was measured on ., not on shop; type --cov=src/shop")
    ),
    "--cov of something else": Row("--cov=tests", CoverageNotJudged("was measured on tests, not on shop")),
    "--cov-append": Row("--cov=shop --cov-append", CoverageNotJudged("adds what earlier runs have covered")),
    "without pytest-cov": Row("-p no:pytest_cov", CoverageNotJudged("type: pip install pytest-cov")),
    "a package that does not exist": Row(
        "--cov=shop",
        CoverageNotJudged("'shopp', which is to be measured, cannot be found"),
        {"tests/meta/policy.toml": HEALTHY + '[suite]\npackages = ["shopp"]\n'},
    ),
    # Wiring.
    "the loader is missing": Row(
        "--cov=shop", Stopped("tests/conftest.py lacks the three lines"), {"tests/conftest.py": ""}, plain_only=True
    ),
    "tests/meta is gone, the loader is not": Row(
        "--cov=shop", Stopped("No module named 'meta_regime'", statuses=(4,)), change=no_meta_folder
    ),
    "the loader below a docstring and __future__": Row(
        "--cov=shop", Judged(), {"tests/conftest.py": f'"""Ours."""\nfrom __future__ import annotations\n{LOADER}'}
    ),
}


@pytest.mark.parametrize("in_ci", [False, True], ids=["desk", "CI"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", TABLE)
def test_row(name: str, mode: str, in_ci: bool, project: Path) -> None:
    row = TABLE[name]
    if row.plain_only and mode != "plain":
        pytest.skip("a row for sessions without xdist")
    policy(project, HEALTHY)
    write(project, row.files or {})
    if row.change is not None:
        row.change(project)
    env = {**(row.env or {}), **({"CI": "true"} if in_ci else {})}
    said = session(project, *MODES[mode], *row.typed.split(), env=env)
    row.expected.check(said, in_ci=in_ci)
    assert "INTERNALERROR" not in said.text


@pytest.mark.parametrize("in_ci", [False, True], ids=["desk", "CI"])
@pytest.mark.parametrize("mode", MODES)
def test_two_sessions_at_once_in_one_checkout(mode: str, in_ci: bool, project: Path) -> None:
    """Each may have erased, or taken for its own, what the other measured: both say so."""
    policy(project, HEALTHY)
    waits = "import pathlib, time\n\n\ndef test_waits():\n    pathlib.Path('here').touch()\n    time.sleep(6)\n"
    write(project, {"tests/unit/test_waits.py": waits})
    env = {"CI": "true"} if in_ci else {}
    with ThreadPoolExecutor() as threads:
        first = threads.submit(session, project, *MODES[mode], "--cov=shop", env=env)
        while not (project / "here").exists() and not first.done():
            time.sleep(0.05)
        apart = copy_of(project, project.parent / "apart")
        write(project, {"tests/unit/test_waits.py": "def test_waits(): ...\n"})
        second = session(project, *MODES[mode], "--cov=shop", env=env, report="second.xml")
        alone = session(apart, "tests/unit/test_more.py", "--cov=shop")
    expected = CoverageNotJudged("measured into the same coverage data file at the same time; run one after the other")
    for said in (first.result(), second):
        expected.check(said, in_ci=in_ci)
    assert "same coverage data file" not in alone.text
    assert session(project, "--cov=shop").verdicts == GREEN  # nothing is left of it


@pytest.mark.parametrize("in_ci", [False, True], ids=["desk", "CI"])
@pytest.mark.parametrize("mode", MODES)
def test_a_read_only_checkout(mode: str, in_ci: bool, project: Path) -> None:
    policy(project, HEALTHY)
    env = {"CI": "true"} if in_ci else {}
    said = read_only(project, *MODES[mode], env=env)
    CoverageNotJudged("this session ran without --cov; type: pytest tests/meta").check(said, in_ci=in_ci)
    for _ in range(2):
        said = read_only(project, *MODES[mode], "tests/meta", env=env)
        Judged().check(said, in_ci=in_ci)
        assert "running the whole suite once" in said.text
