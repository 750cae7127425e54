"""The floors of single modules: which glob holds, which module is below, and in which words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from meta_regime.extras.floors import floor_of, no_module_below_floor, pattern
from meta_regime.policy import Coverage, Policy
from meta_regime.record import FileCoverage, MeasuredCoverage, SuiteRun
from meta_regime.verdict import Outcome, Standards, Verdict

from tests.in_git import Repository
from tests.sample import ALL_VERDICTS, FLOOR, policy, session

FILES = (
    FileCoverage("src/pkg/__init__.py", 0, 0, 0, 0),
    FileCoverage("src/pkg/billing/tax.py", 20, 1, 0, 0),
    FileCoverage("src/pkg/billing/vat/rates.py", 10, 1, 10, 1),
    FileCoverage("src/pkg/old.py", 1000, 501, 0, 0),
)
RUN = SuiteRun(coverage=MeasuredCoverage(FILES, None, ("src/pkg",)))


def judge(run: SuiteRun = RUN, **coverage: object) -> Verdict:
    return no_module_below_floor(run, Standards(Policy(coverage=Coverage(**coverage))))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("src/pkg/billing/**", "src/pkg/billing/tax.py", True),
        ("src/pkg/billing/**", "src/pkg/billing/vat/rates.py", True),
        ("src/pkg/billing/**", "src/pkg/billings/tax.py", False),
        ("src/pkg/billing/*", "src/pkg/billing/vat/rates.py", False),
        ("src/*/billing/*.py", "src/pkg/billing/tax.py", True),
        ("**/tax.py", "src/pkg/billing/tax.py", True),
        ("**/tax.py", "tax.py", True),
        ("src/**/tax.py", "src/tax.py", True),
        ("src/pkg/ta?.py", "src/pkg/tax.py", True),
        ("src/pkg/ta?.py", "src/pkg/ta/.py", False),
        ("src/pkg/a.b[c]+.py", "src/pkg/a.b[c]+.py", True),
        ("src/pkg/a.b", "src/pkg/aXb", False),
    ],
)
def test_globs(glob: str, path: str, matches: bool) -> None:
    assert bool(pattern(glob).fullmatch(path)) is matches


def test_the_longest_match_wins_wherever_it_stands() -> None:
    floors = {"src/pkg/billing/**": 95.0, "src/**": 10.0, "src/pkg/billing/vat/*": 70.0}
    assert floor_of("src/pkg/billing/vat/rates.py", floors, 50) == (70, "src/pkg/billing/vat/*")
    assert floor_of("src/pkg/billing/tax.py", dict(reversed(floors.items())), 50)[0] == 95
    assert floor_of("src/other.py", floors, 50) == (10, "src/**")
    assert floor_of("tools/x.py", floors, 50) == (50, "")


def test_of_two_as_long_the_stricter_wins() -> None:
    assert floor_of("src/a.py", {"src/*.py": 10.0, "src/a.*": 20.0, "src/?.py": 90.0}, 50) == (90, "src/?.py")


def test_every_module_at_its_floor_passes_and_the_lowest_is_named() -> None:
    verdict = judge(module_floor=49.9)
    assert verdict == Verdict(
        Outcome.PASSED, "No module is below its floor of 49.9 %; the lowest has 49.90 %: src/pkg/old.py."
    )


def test_below_by_one_statement_fails_and_is_not_rounded_up() -> None:
    verdict = judge(module_floor=49.95)
    assert verdict.outcome is Outcome.FAILED
    assert verdict.line == "src/pkg/old.py is below the floor: 49.90 % covered, 49.95 % is required."


def test_the_message_says_what_to_cover_and_offers_an_entry() -> None:
    verdict = judge(floors={"src/pkg/billing/**": 95})
    assert verdict.message == (
        "src/pkg/billing/vat/rates.py and 1 more are below the floor: 90.00 % covered, 95 % is required.\n\n"
        "    to cover  covered  floor  file\n"
        '           1  90.00 %   95 %  src/pkg/billing/vat/rates.py   (by "src/pkg/billing/**")\n'
        "           1  49.90 %   50 %  src/pkg/old.py\n\n"
        "The floor is 50 % (tests/meta/policy.toml, [coverage] module_floor), where no glob of\n"
        "[coverage.floors] has another. Next, see the lines:\n\n"
        "    python -m pytest --cov=src/pkg --cov-report=term-missing\n\n"
        "A module that has to stay as it is for now gets a floor of its own, a line in the table\n"
        "[coverage.floors] of tests/meta/policy.toml:\n\n"
        '    "src/pkg/billing/vat/rates.py" = 90.0\n'
        '    "src/pkg/old.py" = 49.9'
    )
    pasted = {"src/pkg/billing/**": 95, "src/pkg/billing/vat/rates.py": 90.0, "src/pkg/old.py": 49.9}
    assert judge(floors=pasted).outcome is Outcome.PASSED


def test_a_glob_that_matches_nothing_is_an_error_and_a_near_one_is_offered() -> None:
    verdict = judge(floors={"src/pkg/billing": 95, "src/pkg/biling/**": 95})
    assert verdict.outcome is Outcome.FAILED
    assert verdict.line == (
        'tests/meta/policy.toml, [coverage.floors]: "src/pkg/billing" and 1 more match no measured file, '
        "so nothing is held up."
    )
    assert '"src/pkg/billing" matches none of them; did you mean "src/pkg/billing/**"?\n' in verdict.details
    assert '"src/pkg/biling/**" matches none of them\n' in verdict.details
    assert "    src/pkg/old.py" in verdict.details


@pytest.mark.parametrize(("count", "more"), [(1, ""), (2, ""), (8, ""), (9, "and 1 more."), (10, "and 2 more.")])
def test_eight_modules_are_shown_what_lacks_most_first(count: int, more: str) -> None:
    files = [FileCoverage(f"src/{name}.py", 10, 9, 0, 0) for name in "abcdefghij"[:count]]
    files[-1] = files[-1]._replace(statements=100, missing=70)
    verdict = judge(SuiteRun(coverage=MeasuredCoverage(tuple(files), None, ("src",))))
    first = f"{files[-1].path} and {count - 1} more are" if count > 1 else f"{files[-1].path} is"
    assert verdict.line == f"{first} below the floor: 30.00 % covered, 50 % is required."
    order = [files[-1].path, *(file.path for file in files[:-1])][:8]
    table, _, rest = verdict.details.partition("\n\n")
    assert [row.split()[-1] for row in table.splitlines()] == ["file", *order]
    assert rest.startswith(f"{more}\n\nThe floor is" if more else "The floor is")
    assert [row.split()[0] for row in rest.splitlines() if " = " in row] == [f'"{path}"' for path in order]


def test_a_pass_names_the_first_of_the_lowest_and_says_that_some_have_floors_of_their_own() -> None:
    files = tuple(
        FileCoverage(f"src/{name}.py", 10, missing, 0, 0) for name, missing in zip("cab", (3, 4, 4), strict=True)
    )
    run = SuiteRun(coverage=MeasuredCoverage(files, None))
    line = "No module is below its floor of 50 %{}; the lowest has 60.00 %: src/a.py."
    assert judge(run).line == line.format("")
    assert judge(run, floors={"src/*": 60}).line == line.format(" or its own")


def test_a_module_without_statements_has_no_floor_but_may_be_named_by_a_glob() -> None:
    verdict = judge(floors={"src/pkg/__init__.py": 100, "src/pkg/old.py": 0})
    assert verdict.outcome is Outcome.PASSED
    only = replace(RUN, coverage=MeasuredCoverage(FILES[:1], None))
    assert judge(only).outcome is Outcome.NOT_JUDGED


def test_one_glob_that_matches_nothing_and_the_first_eight_names() -> None:
    files = tuple(FileCoverage(f"src/{name}.py", 10, 0, 0, 0) for name in "jihgfedcba")
    verdict = judge(SuiteRun(coverage=MeasuredCoverage(files, None)), floors={"lib/**": 95, "src/a.py": 1})
    assert '[coverage.floors]: "lib/**" matches no measured file' in verdict.line
    listed = [line.strip() for line in verdict.details.splitlines() if line.startswith("    src/")]
    assert listed == [f"src/{name}.py" for name in "abcdefgh"]


def test_without_coverage_nothing_is_judged() -> None:
    run = replace(RUN, coverage=None, coverage_missing="this session ran without --cov")
    assert judge(run) == Verdict(Outcome.NOT_JUDGED, "not judged: this session ran without --cov")
    assert judge(replace(RUN, coverage=MeasuredCoverage((), None))).outcome is Outcome.NOT_JUDGED


@pytest.mark.parametrize("way", [["--cov=src/shop"], ["--cov=src/shop", "-n", "2"], ["tests/meta"]])
def test_in_a_session(judged_repository: Repository, way: list[str]) -> None:
    project: Path = judged_repository.folder
    green = dict.fromkeys(ALL_VERDICTS, "passed")
    floors = '[coverage.floors]\n"src/shop/unused.py" = 0\n"src/shop/*" = 75\n'
    policy(project, "[coverage]\nminimum = 70\n" + floors)
    assert session(project, *way).verdicts == green
    policy(project, "[coverage]\nminimum = 70\n" + floors.replace("75", "75.1"))
    said = session(project, *way)
    assert (said.status, said.verdicts) == (1, {**green, FLOOR: "failed"})
    assert "src/shop/prices.py is below the floor: 75.00 % covered, 75.1 % is required." in said.text
    policy(project, "[coverage]\nminimum = 70\n" + floors.replace("shop/*", "store/*"))
    said = session(project, *way)
    assert '[coverage.floors]: "src/store/*" matches no measured file' in said.text
