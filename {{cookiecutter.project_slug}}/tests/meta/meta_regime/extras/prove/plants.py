"""What is planted for each verdict: a function each. A new verdict gets one here, and a line in `PLANTS`."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ...selection import matches
from ...time_verdicts import fails_above
from ...verdict import extra, percent
from .. import _baseline_file, _gathered
from .._baseline_file import BaselineError
from .._pytest_settings import places_in
from .code import WORD
from .ground import SLEEPS, CannotPlantError, DemandsNothing

if TYPE_CHECKING:
    from ...record import SuiteRun
    from .ground import Ground


class Rooted(NamedTuple):
    """What a plant came to: words of which one stands in the verdict's message if it is due to the plant.

    `how` says which thresholds of the copy were set for it.
    """

    marks: Sequence[str]
    how: str = ""


NOTHING = "nothing, as"  # the words for a plant begin with it where the verdict itself will say what it lacks

# A plant is made before the suite runs in the copy, and gives the words for it. Then it gets the run.
# It raises `DemandsNothing` or `CannotPlantError`, with the reason.
Planting = Generator[str, "SuiteRun", Rooted]


def uncovered_code(ground: Ground) -> Planting:
    """So much uncovered code that the total falls below the minimum."""
    if not ground.minimum:
        raise DemandsNothing("the minimum of total coverage is 0")
    run = yield ground.planted_in_module()
    ground.measured(run, ground.module)
    if run.coverage is None:
        return Rooted([])  # the verdict says why
    if run.coverage.percent >= ground.minimum:
        raise CannotPlantError(f"even with that, the total is {percent(run.coverage.percent)}")
    names_files = extra("plan") is not None
    how = "the total is below the minimum without it, too" if ground.was_below(run.coverage) else ""
    return Rooted([ground.module if names_files else f"Total coverage is {percent(run.coverage.percent)}"], how)


def uncovered_module(ground: Ground) -> Planting:
    """The same code, as a module of its own."""
    floor, glob = ground.floor()
    if not floor:
        raise DemandsNothing(f"[coverage.floors] {json.dumps(glob)} = 0" if glob else "[coverage] module_floor = 0")
    run = yield ground.planted_in_module()
    file = ground.measured(run, ground.module)
    if file is not None and file.percent >= floor:
        raise CannotPlantError(f"even with that, {percent(file.percent)} of it are covered")
    return Rooted([ground.module])


def uncovered_function(ground: Ground) -> Planting:
    """A function that no test calls, in a file that has its line in the baseline."""
    grown = ground.grown
    if grown is None:
        yield f"{NOTHING} no file here has a line in {_baseline_file.NAME}"
        return Rooted([])
    words = f"an uncovered function of {grown.lines} lines in {grown.path}"
    run = yield f"{words}, of which {grown.allowed} may be uncovered"
    ground.measured(run, grown.path)
    return Rooted([grown.path])


def uncovered_change(ground: Ground) -> Planting:
    """Lines that no test executes, and that git sees as changed."""
    if not ground.policy.coverage.changed_lines_minimum:
        raise DemandsNothing("[coverage] changed_lines_minimum = 0")
    if not ground.copy.in_git:
        yield f"{NOTHING} the project is in no git repository"
        return Rooted([])
    run = yield ground.planted_in_module(", which is not committed")
    ground.measured(run, ground.module)
    return Rooted([ground.module])


def sleeping_test(ground: Ground) -> Planting:
    """A test that is too slow."""
    name = ground.add_test("sleeps", _SLEEPING_TEST)
    run = yield f"a test that sleeps {SLEEPS:g} s"
    test, least = ground.ran(run, name), fails_above(ground.lower_slow_limit(run))
    if test.owned <= least:
        raise CannotPlantError(f"{test.nodeid} took {test.owned:.2f} s: do fixtures replace time.sleep?")
    return Rooted([test.nodeid, *_without_names(ground)], ground.limit_said)


def sleeping_fixture(ground: Ground) -> Planting:
    """A fixture that is too slow."""
    name = ground.add_test("asks_for_a_slow_fixture", _SLEEPING_FIXTURE)
    run = yield f"a fixture that sleeps {SLEEPS:g} s"
    ground.ran(run, name)
    least, fixtures = fails_above(ground.lower_slow_limit(run)), [row for row in run.fixtures if row.name == WORD]
    took = max((row.owned for row in fixtures), default=0.0)
    if took <= least:
        raise CannotPlantError(f"the fixture took {took:.2f} s: do others replace time.sleep?")
    return Rooted([*(row.label for row in fixtures), *_without_names(ground)], ground.limit_said)


def _without_names(ground: Ground) -> list[str]:
    """Give what tells where the extras have been deleted that name slow tests: the copy's own limit."""
    named = extra("confirm") or extra("where_time_goes")
    return [] if named else [f"slower than {ground.policy.slow_tests.limit_seconds:g} s"]


def suite_over_its_budget(ground: Ground) -> Planting:
    """A test that makes the suite too slow."""
    name = ground.add_test("sleeps", _SLEEPING_TEST)
    run = yield f"a test that sleeps {SLEEPS:g} s"
    ground.ran(run, name)
    how = ground.lower_budget(run)
    return Rooted([f"its budget is {ground.policy.performance.suite_seconds:g} s"], how)


def slower_than_the_baseline(ground: Ground) -> Planting:
    """A test that was faster, by the baseline."""
    if not ground.policy.performance.slowdown_percent:
        raise DemandsNothing("[performance] slowdown_percent = 0")
    name = ground.add_test("sleeps", _SLEEPING_TEST)
    run = yield f"a test that sleeps {SLEEPS:g} s"
    test, path, machine = ground.ran(run, name).nodeid, ground.meta / "baseline.json", run.figures.get("machine")
    try:
        document = _baseline_file.read(path.read_text(encoding="utf-8"), [])
    except (BaselineError, OSError, UnicodeDecodeError):
        return Rooted([])  # the verdict says why
    if machine not in document["timings"]:
        return Rooted([])
    place, _, test_name = test.partition("::")
    fast = SLEEPS / 50
    work = document["timings"][machine].get(".", {})
    document["timings"][machine] = {".": work, place: {test_name: [fast, fast]}}
    path.write_text(_baseline_file.written(document), encoding="utf-8", newline="\n")
    return Rooted([test], f"of which the copy's {_baseline_file.NAME} says that it took {fast:g} s")


def stale_excuse(ground: Ground) -> Planting:
    """An excuse for a test that is gone."""
    test = f"{ground.name(ground.meta.parent)}/test_{WORD}_gone.py::test_gone"
    ground.excuse(test)
    yield "an entry of known_slow.toml for a test that is not there"
    return Rooted([test])


def uncollected_file(ground: Ground) -> Planting:
    """A file of tests that pytest does not look into."""
    path, patterns = ground.meta.parent / f"checks_{WORD}.py", ground.config.getini("python_files")
    if matches(path, patterns):
        raise DemandsNothing(f"python_files takes a file of any name: {' '.join(patterns)}")
    path.write_text("def test_that_nobody_runs():\n    assert False\n", encoding="utf-8")
    yield f"{ground.name(path)}, with a test in it"
    return Rooted([ground.name(path)])


def case_without_category(ground: Ground) -> Planting:
    """A test that has none of the declared categories."""
    categories = ground.policy.hygiene.categories
    if not categories:
        raise DemandsNothing("[hygiene] categories = []")
    _demanded(ground, "categories")
    name = ground.add_test("has_no_category", "def NAME():\n    assert True\n", marked=False)
    run = yield f"a test with none of the categories {', '.join(categories)}"
    judging = extra("categories")
    found = _gathered.of(run, judging.WITHOUT) if judging else None
    if found is not None and not any(line.endswith(f"::{name}") for line in found):
        raise CannotPlantError("the planted test has one all the same: does a conftest.py mark tests by their path?")
    return Rooted([name])


def skip_without_reason(ground: Ground) -> Planting:
    """A test that is skipped, and nobody says why."""
    _demanded(ground, "skip-reasons")
    name = ground.add_test("is_skipped", "@pytest.mark.skip\ndef NAME():\n    assert False\n")
    run = yield "a skipped test, without a reason"
    return Rooted([ground.ran(run, name).nodeid])


def settings_in_two_places(ground: Ground) -> Planting:
    """More settings of pytest, in the file that it looks into last."""
    _demanded(ground, "one-place")
    path, read = ground.root / "setup.cfg", ground.config.inipath
    first = read is not None and next(places_in(read.parent), None)
    if read is None or not first:
        yield f"{NOTHING} pytest has no settings here"
        return Rooted(["is off"])
    if read.name == path.name:
        raise CannotPlantError("pytest's settings stand in setup.cfg: no file comes after it")
    with path.open("a", encoding="utf-8", newline="\n") as settings:
        settings.write("\n[tool:pytest]\nxfail_strict = true\n")
    yield "more settings of pytest, in setup.cfg, which it does not read"
    return Rooted(["setup.cfg [tool:pytest] is not read"])


def step_that_hides_failures(ground: Ground) -> Planting:
    """A workflow in which the failures of pytest are lost."""
    _demanded(ground, "ci-pipefail")
    path = ground.root / ".github" / "workflows" / f"{WORD}.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_HIDING_WORKFLOW, encoding="utf-8")
    yield f"{ground.name(path)}, which pipes pytest into tee"
    return Rooted([f"{ground.name(path)}:"])


def case_with_a_side_effect(ground: Ground) -> Planting:
    """A test that does what is watched for."""
    hygiene = ground.policy.hygiene
    rules = {"environment": "environment", "sleeps": "real-sleeps", "network": "network"}
    kinds = [kind for kind, rule in rules.items() if kind in hygiene.watch and rule not in hygiene.excused]
    if not kinds:
        only = "a test left in another folder would spoil the others" if "folder" in hygiene.watch else ""
        raise DemandsNothing(only or "[hygiene] watch = []")
    does = {**_SIDE_EFFECTS, "sleeps": f"time.sleep({hygiene.sleep_seconds + 0.1:g})"}[kinds[0]]
    name = ground.add_test("has_a_side_effect", f"def NAME():\n    import os, socket\n\n    {does}\n")
    run = yield f"a test with {does}"
    return Rooted([ground.ran(run, name).nodeid])


def _demanded(ground: Ground, rule: str) -> None:
    if rule in ground.policy.hygiene.excused:
        raise DemandsNothing(f"[hygiene.excused] {rule}")


_SIDE_EFFECTS = {
    "environment": f'os.environ["{WORD.upper()}"] = "1"',
    "network": 'socket.socket(type=socket.SOCK_DGRAM).connect(("192.0.2.1", 9))',  # sends nothing
}
_HIDING_WORKFLOW = """\
on: push
jobs:
  tests:
    runs-on: ubuntu-latest
    steps:
      - run: python -m pytest | tee pytest.log
"""
_SLEEPING_TEST = f"""\
def NAME():
    time.sleep({SLEEPS:g})
"""
_SLEEPING_FIXTURE = f"""\
@pytest.fixture(scope="module")
def {WORD}():
    time.sleep({SLEEPS:g})


def NAME({WORD}):
    assert {WORD} is None
"""

Plant = Callable[["Ground"], Planting]
PLANTS: tuple[tuple[str, Plant], ...] = (  # the verdict test, and what it has to find
    ("test_total_coverage_meets_minimum", uncovered_code),
    ("test_no_module_below_floor", uncovered_module),
    ("test_coverage_has_not_regressed", uncovered_function),
    ("test_changed_lines_are_covered", uncovered_change),
    ("test_suite_within_time_budget", suite_over_its_budget),
    ("test_suite_has_not_slowed_down", slower_than_the_baseline),
    ("test_no_new_slow_tests", sleeping_test),
    ("test_no_new_slow_tests", sleeping_fixture),
    ("test_known_slow_list_is_current", stale_excuse),
    ("test_every_test_file_is_collected", uncollected_file),
    ("test_every_test_has_a_category", case_without_category),
    ("test_every_skip_and_xfail_has_a_reason", skip_without_reason),
    ("test_pytest_is_strict", settings_in_two_places),
    ("test_the_verdicts_are_wired_in", step_that_hides_failures),
    ("test_tests_leave_nothing_behind", case_with_a_side_effect),
)
