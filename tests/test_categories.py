"""Every test has a category, and some expression of CI chooses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ruled import FILES, LAX, WAYS, Ruled
from tests.sample import CATEGORY, Said, copy_of, policy, session, write

WITHOUT = ["tests/unit/test_marks.py::test_by_a_parameter[bare]", "tests/unit/test_marks.py::test_that_is_only_slow"]
BY_PATH = "tests/paths/test_path.py::test_by_its_path"


@pytest.mark.parametrize("way", WAYS)
def test_what_has_no_category_and_what_nobody_runs_is_listed_wherever_it_ran(way: str, ruled: Ruled) -> None:
    said = ruled.said(way)
    assert said.outcomes[CATEGORY] == "failed", said.text
    message = said.messages[CATEGORY]
    by = f"{OWN} or -m 'e2e' or -m 'slow and'"
    assert (
        "Some tests may be run by nobody: 2 tests have none of the categories unit, e2e, unti; "
        f"1 test is never run, by {by}; unti is no registered marker; 1 of ci_expressions is no marker expression."
    ) in message
    categories, _, rest = message.partition("\nchosen-by-ci: ")
    unchosen, _, rest = rest.partition("\ncategory-markers: ")
    assert [line.strip() for line in categories.splitlines() if line.startswith("    tests/")] == WITHOUT
    assert [line.strip() for line in unchosen.splitlines() if line.startswith("    tests/")] == WITHOUT[1:]
    assert "a test without one is run by no job, and nobody notices" in message
    assert "    pytestmark = pytest.mark.unit  # below the imports of a file" in message
    assert "so CI never runs them.\n" in unchosen
    assert '    unti\n\n    markers = ["unti: what such a test is"]' in rest
    assert "    'slow and': " in rest
    assert BY_PATH not in message


@pytest.fixture(scope="module")
def project(ruled: Ruled, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of(ruled.project, tmp_path_factory.mktemp("categories") / "shop")


def judge(project: Path, hygiene: str, *typed: str, settings: str = "") -> Said:
    policy(project, f"{LAX}[hygiene]\n{hygiene}")
    write(project, {"pyproject.toml": settings or FILES["pyproject.toml"]})
    return session(project, *(typed or ("--cov=src/shop", "--cov-report=")))


OWN = "-m 'not slow and not e2e'"
ALL_OF_THEM = "PASSED      Every test has one of the categories unit, slow, e2e"
NONE = "No categories are declared."
ALL = '[tool.pytest.ini_options]\npythonpath = ["src"]\nmarkers = ["unit", "slow", "e2e"]\n'


@pytest.mark.parametrize(
    ("hygiene", "settings", "line"),
    [
        ("", ALL, "PASSED      No categories are declared, and no collected test is left out."),
        (
            "",
            "",
            f"PASSED      {NONE} 2 tests are left out by {OWN}, and [hygiene] ci_expressions is empty.",
        ),
        (
            'ci_expressions = ["slow or e2e"]',
            "",
            f"PASSED      Every test is chosen by {OWN} or -m 'slow or e2e'.",
        ),
        ('ci_expressions = [""]', "", f"PASSED      Every test is chosen by {OWN} or -m ''."),
        (
            'categories = ["unit", "slow", "e2e"]\n[hygiene.excused]\ncategories = "of old"\nchosen-by-ci = "by hand"',
            "",
            f"{ALL_OF_THEM}, and is chosen by {OWN}. Excused in policy.toml: categories, chosen-by-ci.",
        ),
        (
            '[hygiene.excused]\ncategory = "mistyped"',
            ALL,
            "FAILED      [hygiene.excused] excuses what needs no excuse: category.",
        ),
    ],
    ids=["nothing", "some left out", "chosen by CI", "all by night", "excused", "mistyped"],
)
def test_what_is_said(project: Path, hygiene: str, settings: str, line: str) -> None:
    said = judge(project, hygiene, settings=settings)
    assert line in said.text.splitlines(), said.text


def test_another_declaration_is_judged_by_another_run(project: Path) -> None:
    strict = FILES["pyproject.toml"].replace("timeout_seconds_of_nobody = 5\n", "")
    judge(project, 'categories = ["unit"]', settings=strict)
    said = judge(project, 'categories = ["unit", "e2e"]', "tests/meta", settings=strict)
    assert "since the last whole run, [hygiene] of tests/meta/policy.toml has changed" in said.text
    assert "2 tests have none of the categories unit, e2e" in said.messages[CATEGORY]
