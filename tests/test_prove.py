"""`pytest tests/meta --meta-prove`: in a copy each verdict turns red, the project stays as it is, nothing is left."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.baking import scrubbed_environment, tree
from tests.in_git import Repository, with_baseline
from tests.processes import MARK, processes_marked, wait_until
from tests.sample import (
    BUDGET,
    CATEGORY,
    CHANGED,
    COVERAGE,
    FLOOR,
    HYGIENE,
    KNOWN_SLOW,
    NOTHING_LEFT,
    OF_FILES,
    OF_THE_REGIME,
    RATCHET,
    REASONS,
    SLOW,
    SLOWED,
    STRICT,
    STRICT_SETTINGS,
    TESTS,
    WIRED,
    Said,
    copy_of,
    delete_extras,
    policy,
    session,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

PROVE = ("tests/meta", "--meta-prove")
WORD = "planted_by_meta_prove"
EVERYTHING = """\
[coverage]
minimum = 70
[coverage.floors]
'src/shop/unused.py' = 0
[hygiene]
categories = ["unit"]
watch = ["environment"]
"""
# A source that is generated, and so ignored by git, without which the package cannot be imported.
GENERATED = {".gitignore": "__pycache__/\n.pytest_cache/\n.coverage*\n*.xml\n_version.py\n"}
SHOP = "from shop._version import version\nfrom shop.prices import total\n\ncurrency = 978\ndigits = 2\n"


def blocks(said: Said) -> dict[str, list[str]]:
    """Give what was shown of each verdict: its states, and all lines below."""
    shown: dict[str, list[str]] = {}
    lines = said.text.partition("meta-tests: does the gate bite?")[2].splitlines()[1:]
    name = ""
    for line in lines:
        if not line.strip():
            break
        if line.startswith("    "):
            shown[name].append(line.strip())
        else:
            state, _, name = line.rpartition("  ")
            shown.setdefault(name, []).append(state)
    return shown


def states(said: Said) -> dict[str, str]:
    return {name: lines[0] for name, lines in blocks(said).items()}


def kept(project: Path) -> dict[str, bytes | None]:
    """Give all that lies there, git's own files and pytest's cache included, without what these tests ask for."""
    return {name: data for name, data in tree(project).items() if name != "junit.xml"}


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """The folder for temporary files, which has to be empty in the end."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    yield folder
    assert wait_until(lambda: not [path for path in folder.iterdir() if path.name.startswith("meta-tests")])


def prove(project: Path, scratch: Path, *typed: str, **env: str) -> Said:
    before = kept(project)
    said = session(project, *PROVE, *typed, env={"TMPDIR": str(scratch), **env})
    assert kept(project) == before
    assert "Traceback" not in said.text
    return said


def test_every_verdict_turns_red_in_a_dirty_repository(pristine_whole: Path, tmp_path: Path, scratch: Path) -> None:
    project = copy_of(pristine_whole, tmp_path / "shop")
    repository = Repository(project, tmp_path)
    policy(project, EVERYTHING)
    write(project, {**GENERATED, "src/shop/__init__.py": SHOP, "src/shop/_version.py": "version = 1\n"})
    # As an editable install does it: the path to the very package comes from outside of the project's settings.
    strict = STRICT_SETTINGS.replace("[", "['-n', '2', ", 1)
    write(project, {"pyproject.toml": f"[tool.pytest.ini_options]\nmarkers = ['unit']\n{strict}"})
    write(project, {name: f"{text}\n\npytestmark = pytest.mark.unit\n" for name, text in TESTS.items()})
    installed = {"PYTHONPATH": str(project / "src")}
    with_baseline(project, "tests/meta", env=installed)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.commit(message="the project")
    write(project, {"src/shop/new.py": "one = 1\n", "notes.txt": "mine\n"})  # not committed, and not ignored
    (project / "notes.txt").chmod(0o400)
    status = repository.git("status", "--porcelain", "--ignored")
    summary = tmp_path / "summary.md"  # of a CI step: what is planted is nothing to report
    said = prove(project, scratch, **installed, GITHUB_STEP_SUMMARY=str(summary), GITHUB_ACTIONS="true")
    assert (said.status, states(said)) == (0, dict.fromkeys(OF_THE_REGIME, "RED")), said.text
    assert not summary.exists()
    assert "::error" not in said.text
    assert repository.git("status", "--porcelain", "--ignored").replace("!! junit.xml", "").split() == status.split()
    found = blocks(said)
    assert f"planted: src/shop/{WORD}.py, with " in found[COVERAGE][1]
    assert (
        f"it says: src/shop/{WORD}.py and 1 more are below the floor: 0.00 % covered, 50 % is required." in found[FLOOR]
    )
    assert (
        "planted: an uncovered function of 5 lines in src/shop/__init__.py, of which 0 may be uncovered"
        in found[RATCHET]
    )
    assert "changed since main (" in found[CHANGED][2]
    assert "planted: a test that sleeps 1 s (the budget lowered from 120 to " in found[BUDGET][1]
    assert "s in the copy, where the suite took " in found[BUDGET][1]
    assert "of which the copy's tests/meta/baseline.json says that it took 0.02 s" in found[SLOWED][1]
    lowered = "(the limit lowered from 10 to 0.56 s in the copy)"
    assert [line for line in found[SLOW] if line.startswith("planted")] == [
        f"planted: a test that sleeps 1 s {lowered}",
        f"planted: a fixture that sleeps 1 s {lowered}",
    ]
    assert "it says: 1 entry of tests/meta/known_slow.toml is out of date." in found[KNOWN_SLOW]
    assert f"planted: tests/checks_{WORD}.py, with a test in it" in found[HYGIENE]
    assert "14 of 14 verdicts turned red for what was planted. The gate bites." in said.text
    assert "planted: a test with none of the categories unit" in found[CATEGORY]
    assert "it says: Some tests may be run by nobody: 1 test has none of the categories unit." in found[CATEGORY]
    assert "it says: Without a reason: 1 skipped." in found[REASONS]
    assert "planted: more settings of pytest, in setup.cfg, which it does not read" in found[STRICT]
    assert "it says: pytest's settings: setup.cfg [tool:pytest] is not read." in found[STRICT]
    assert f"planted: .github/workflows/{WORD}.yml, which pipes pytest into tee" in found[WIRED]
    assert f'planted: a test with os.environ["{WORD.upper()}"] = "1"' in found[NOTHING_LEFT]
    assert "meta-tests: running the whole suite once: python -m pytest --maxfail=0 --cov=src/shop" in said.text
    assert "not judged" not in said.text


def test_a_gate_that_does_not_bite(pristine_whole: Path, tmp_path: Path, scratch: Path) -> None:
    project = copy_of(pristine_whole, tmp_path / "shop")  # with neither git nor a baseline
    (project / "src" / "shop").rename(project / "shop")
    (project / "src").rmdir()
    lax = "[coverage]\nminimum = 0\ntarget = 50\nmodule_floor = 10\n[hygiene]\nnot_tests = ['tests/*']\n"
    policy(project, lax + "[performance]\nslowdown_percent = 0\n[slow_tests]\nlimit_seconds = 0.4\n")
    own = "def test_our_own(judge):\n    judge(lambda run, standards: None)\n"
    write(project, {"pyproject.toml": "", "tests/meta/test_our_own.py": own})
    write(project, {"tests/unit/test_wait.py": "import time\n\n\ndef test_wait():\n    time.sleep(1.2)\n"})
    (project / "tests" / "conftest.py").write_text((project / "tests" / "conftest.py").read_text() + "\nimport shop\n")
    performance = project / "tests" / "meta" / "test_suite_performance.py"
    text = performance.read_text()
    performance.write_text(text.replace("    judge(suite_within_budget)\n", "    pass\n"))
    current = project / "tests" / "meta" / "meta_regime" / "extras" / "known_slow" / "__init__.py"
    text = current.read_text()
    judged = "functools.partial(_judged, request.config)"
    assert judged in text
    always = "lambda run, standards: verdict.Verdict(verdict.Outcome.FAILED, 'As ever.')"
    current.write_text(
        text.replace(judged, always).replace(
            "import functools\n", "import functools\nfrom meta_regime import verdict\n"
        )
    )
    said = prove(project, scratch)
    expected = {
        COVERAGE: "DEMANDS NOTHING",
        FLOOR: "RED",
        RATCHET: "NOT JUDGED",
        CHANGED: "NOT JUDGED",
        BUDGET: "STILL GREEN",
        SLOWED: "DEMANDS NOTHING",
        SLOW: "RED",
        KNOWN_SLOW: "RED FOR ANOTHER REASON",
        HYGIENE: "STILL GREEN",
        CATEGORY: "DEMANDS NOTHING",
        REASONS: "RED",
        STRICT: "RED",
        WIRED: "RED",
        NOTHING_LEFT: "DEMANDS NOTHING",
        "test_our_own": "NO PROOF KNOWN",
    }
    assert (said.status, states(said)) == (1, expected), said.text
    outcomes = {"RED": "passed", "DEMANDS NOTHING": "skipped"}
    assert said.outcomes == {name: outcomes.get(state, "failed") for name, state in expected.items()}
    found = blocks(said)
    assert found[COVERAGE][1] == "because: the minimum of total coverage is 0"
    assert found[CHANGED][1:] == [
        "planted: nothing, as the project is in no git repository",
        "it says: this is no git repository, or git is not installed",
    ]
    assert "planted: nothing, as no file here has a line in tests/meta/baseline.json" in found[RATCHET]
    assert found[CATEGORY][1] == "because: [hygiene] categories = []"
    assert "planted: nothing, as pytest has no settings here" in found[STRICT]
    assert "it says: nothing at all" in found[BUDGET]
    assert "it says: As ever." in found[KNOWN_SLOW]
    assert "planted: a test that sleeps 1 s" in found[SLOW]  # the project's own limit is low enough
    assert "still green, with tests/checks_" in said.messages[HYGIENE]
    assert "The verdict does not see what it is there for." in said.messages[HYGIENE]
    assert "Its message does not name what was planted." in said.messages[KNOWN_SLOW]
    assert "5 of 15 verdicts turned red for what was planted; 4 demand nothing here, or need not judge." in said.text
    assert f"Not proved: {RATCHET}, {CHANGED}, " in said.text
    assert "meta-tests: planted 8 violations in it" in said.text


# A suite that is named, and chosen, in ways of its own.
SETTINGS = """\
[tool.pytest.ini_options]
pythonpath = ["src"]
python_files = ["check_*.py", "test_*.py"]
python_functions = ["check_*", "test"]
addopts = "--strict-markers"
markers = ["unit", "small", "slow"]
"""
CHECKS = """\
import pytest
from shop import total

pytestmark = pytest.mark.small


def check_total():
    assert total([1]) == 1
"""


def test_in_a_suite_with_names_markers_and_categories_of_its_own(
    pristine_whole: Path, tmp_path: Path, scratch: Path
) -> None:
    project = copy_of(pristine_whole, tmp_path / "shop")
    delete_extras(project, *OF_FILES, "slowdown")
    for path in (project / "tests" / "unit").iterdir():
        path.unlink()
    write(project, {"pyproject.toml": SETTINGS, "tests/unit/check_prices.py": CHECKS})
    suite = "[suite]\nargs = ['-m', 'not (slow and unit)']\n"
    policy(project, f"{suite}[coverage]\nminimum = 10\n[hygiene]\ncategories = ['unit', 'small']\n")
    said = prove(project, scratch, "-k", "every or slow_tests or total")
    expected = dict.fromkeys([REASONS, CATEGORY, HYGIENE, SLOW, COVERAGE], "RED")
    assert (said.status, states(said)) == (0, expected), said.text

    # A conftest that gives each test its category by its path gives the planted one, too. Excuses demand nothing.
    marks = "def pytest_collection_modifyitems(items):\n    for item in items:\n        item.add_marker('small')\n"
    write(project, {"tests/unit/conftest.py": marks})
    policy(project, "[hygiene]\ncategories = ['small']\n[hygiene.excused]\none-place = 'until June'\n")
    said = prove(project, scratch, "-k", "category or strict")
    assert states(said) == {CATEGORY: "NOT PLANTED", STRICT: "DEMANDS NOTHING"}, said.text
    assert "does a conftest.py mark tests by their path?" in said.messages[CATEGORY]


def test_in_a_project_of_one_module(pristine_in_git: Path, tmp_path: Path, scratch: Path) -> None:
    project = copy_of(pristine_in_git, tmp_path / "shop")
    shutil.rmtree(project / "src")
    module = "def total(prices):\r\n    return sum(prices)\r\n\r\nif __name__ == '__main__':\r\n    total([])"
    (project / "shop.py").write_bytes(module.encode())
    policy(project, "[coverage]\nminimum = 70\nmodule_floor = 30\n[coverage.floors]\n'*.py' = 40\n")
    said = prove(project, scratch, "-k", "total or floor or changed", PYTHONPATH=str(project))
    assert (said.status, states(said)) == (0, dict.fromkeys([COVERAGE, FLOOR, CHANGED], "RED")), said.text
    planted = {lines[1] for lines in blocks(said).values()}
    assert len(planted) == 1
    assert re.fullmatch(r"planted: \d+ lines in shop.py that no test executes", planted.pop())


def test_of_a_suite_that_fails_nothing_is_proved(judged_repository: Repository, scratch: Path) -> None:
    write(judged_repository.folder, {"tests/unit/test_bad.py": "def test_bad():\n    assert 1 == 2\n"})
    said = prove(judged_repository.folder, scratch, "-k", "budget or floor or collected")
    expected = {BUDGET: "NOT PROVED", FLOOR: "DEMANDS NOTHING", HYGIENE: "NOT PROVED"}
    assert (said.status, states(said)) == (1, expected), said.text
    why = (
        "1 test of the suite fails in the copy; see whether it does here, too, and mend that first: "
        "python -m pytest tests/unit/test_bad.py::test_bad"
    )
    assert said.text.count(f"    because: {why}\n") == 1  # of two verdicts
    assert "asking the verdicts" not in said.text
    messages = said.messages[HYGIENE], said.messages[BUDGET]
    assert "    E       assert 1 == 2" in messages[0]
    assert "Details: see above." in messages[1]


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_after_ctrl_c_nothing_is_left(judged_repository: Repository, scratch: Path) -> None:
    project = judged_repository.folder
    hanging = scratch / "hanging"
    code = f"import time\n\n\ndef test_hangs():\n    open({str(hanging)!r}, 'w').close()\n    time.sleep(600)\n"
    write(project, {"tests/unit/test_hangs.py": code})
    before = kept(project)
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", *PROVE],
        cwd=project,
        env=scrubbed_environment({MARK: str(project), "TMPDIR": str(scratch)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert wait_until(hanging.exists)
        assert len(processes_marked(str(project))) >= 3
        assert [path for path in scratch.iterdir() if path.name.startswith("meta-tests")]
        process.send_signal(signal.SIGINT)
        text, _ = process.communicate(timeout=60)
    assert process.returncode == 2, text
    assert wait_until(lambda: processes_marked(str(project)) == []), processes_marked(str(project))
    assert "meta-tests: not judged: the session was interrupted" in text
    assert kept(project) == before


@pytest.mark.parametrize("typed", [["--meta-prove"], [*PROVE, "--meta-records=shards"]], ids=["suite", "shards"])
def test_it_goes_with_the_verdicts_alone(project: Path, typed: list[str]) -> None:
    said = session(project, *typed)
    assert said.status == 4, said.text
    assert "ERROR: --meta-prove goes with the verdicts alone: python -m pytest tests/meta --meta-prove" in said.text


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_project_whose_tests_lie_elsewhere_is_not_copied(project: Path, tmp_path: Path, scratch: Path) -> None:
    delete_extras(project, "left_out")
    (project / "tests").rename(tmp_path / "elsewhere")
    (project / "tests").symlink_to(tmp_path / "elsewhere")
    said = session(project, *PROVE, env={"TMPDIR": str(scratch)})
    assert said.status == 1, said.text
    assert set(states(said).values()) == {"NOT PROVED"}
    assert f"/elsewhere/meta lies outside of the project, at {tmp_path}/elsewhere/meta" in said.text
