"""The way to the target: computed totals, the same text for the same run, and what is said where there is none."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meta_regime.coverage_verdicts import lacking
from meta_regime.extras.plan import plan, where_to_start
from meta_regime.policy import Coverage
from meta_regime.record import FileCoverage, MeasuredCoverage, SuiteRun, TestTiming
from meta_regime.verdict import percent

from tests.in_git import Repository
from tests.sample import PACKAGE, SETTINGS, policy, session, write

FILES = (
    FileCoverage("src/pkg/__init__.py", 0, 0, 0, 0),
    FileCoverage("src/pkg/big.py", 400, 300, 100, 80, "1-100", "101-400", "", "5->7,9->exit"),
    FileCoverage("src/pkg/good.py", 100, 0, 0, 0, "1-100", "", "101-103"),
    FileCoverage("src/pkg/half.py", 100, 50, 0, 0, "1-50", "51-100"),
    FileCoverage("src/pkg/little.py", 10, 10, 0, 0, "", "1-10"),
)
COVERAGE = MeasuredCoverage(FILES, None, ("src/pkg",))
RUN = SuiteRun(tests=(TestTiming("tests/unit/test_good.py::test_x", 0, 0, 0, 0, "passed"),), coverage=COVERAGE)
POLICY = Coverage(minimum=40.0, target=80.0)


def rows(text: str) -> list[list[str]]:
    """Give the cells of the tables' rows."""
    found = re.findall(r"^\| (`.*) \|$", text, re.MULTILINE)
    return [[cell.strip(" `") for cell in row.split("|")] for row in found]


class TestText:
    TEXT = plan(RUN, COVERAGE, POLICY, ["src/pkg/omitted.py"])

    def test_modules_stand_in_the_order_of_what_they_bring(self) -> None:
        assert rows(self.TEXT) == [
            ["src/pkg/big.py", "400", "100", "24.00 %", "80 %", "56.00", "280", "77.46 %"],
            ["src/pkg/half.py", "100", "0", "50.00 %", "80 %", "30.00", "30", "81.69 %"],
            ["src/pkg/little.py", "10", "0", "0.00 %", "80 %", "80.00", "8", "82.81 %"],
        ]

    def test_a_phase_ends_where_a_goal_is_reached_and_tells_the_total(self) -> None:
        titles = re.findall(r"^## Phase .*", self.TEXT, re.MULTILINE)
        assert titles == ["## Phase 1: to 77.46 %", "## Phase 2: to 81.69 %", "## Phase 3: to 82.81 %"]
        assert "38.02 % of 710 statements and branches are covered. 298 more make it the target of 80 %." in self.TEXT

    def test_the_lines_are_named(self) -> None:
        assert "- `src/pkg/big.py`: 101-400, 5->7, 9->exit\n" in self.TEXT
        assert "`python -m pytest --cov=src/pkg --cov-report=html`" in self.TEXT

    def test_good_modules_are_examples_and_their_tests_are_named(self) -> None:
        assert (
            "- `src/pkg/good.py`: 100.00 % of 100 statements and branches, by `tests/unit/test_good.py`\n" in self.TEXT
        )

    def test_what_is_not_counted_is_listed(self) -> None:
        assert "- `src/pkg/good.py`: 101-103\n- `src/pkg/omitted.py`: the whole file\n" in self.TEXT

    def test_a_path_ends_no_cell_and_hides_nothing(self) -> None:
        file = FileCoverage("src/a|b\u202e.py", 10, 5, 0, 0)
        text = plan(RUN, MeasuredCoverage((file,), None), POLICY)
        assert "| <code>src/a&#124;b&#92;u202e.py</code> | 10 | 0 | 50.00 %" in text

    def test_at_the_target_there_are_no_phases(self) -> None:
        text = plan(RUN, MeasuredCoverage(FILES[2:3], None), POLICY)
        assert "100.00 % of 100 statements and branches are covered. The target of 80 % is reached." in text
        assert "Phase" not in text


FILE = st.builds(
    lambda number, units: FileCoverage(f"src/f{number}.py", units[0], units[0] - min(units), 0, 0),
    st.integers(0, 999),
    st.tuples(st.integers(0, 60), st.integers(0, 60)),
)


@given(st.lists(FILE, max_size=12, unique_by=lambda file: file.path), st.integers(0, 100), st.randoms())
def test_its_totals_come_true(files: list[FileCoverage], target: int, chance: random.Random) -> None:
    coverage = MeasuredCoverage(tuple(files), None)
    policy = Coverage(minimum=0.0, target=float(target))
    text = plan(replace(RUN, coverage=coverage), coverage, policy)
    shuffled = list(files)
    chance.shuffle(shuffled)
    assert plan(RUN, MeasuredCoverage(tuple(shuffled), None), policy) == text
    by_path = {file.path: file for file in files}
    for row in rows(text):
        file, to_cover = by_path[row[0]], int(row[6])
        assert lacking(file, target) == to_cover > 0
        by_path[row[0]] = file._replace(missing=file.missing - to_cover)
        assert by_path[row[0]].percent >= target
        assert percent(MeasuredCoverage(tuple(by_path.values()), None).percent) == row[7]
    done = MeasuredCoverage(tuple(by_path.values()), None)
    assert done.percent >= Fraction(target)
    assert ("The target of" in text) is (coverage.percent >= target)


def test_a_red_verdict_shows_the_first_of_it() -> None:
    lines = where_to_start(COVERAGE).splitlines()
    assert lines[4] == "         380  24.00 %     91.54 %  src/pkg/big.py"


class TestInASession:
    @pytest.mark.parametrize("way", [["--cov=src/shop"], ["--cov=src/shop", "-n", "2"], ["tests/meta"]])
    def test_every_way_of_running_writes_the_same(self, judged_repository: Repository, way: list[str]) -> None:
        project = judged_repository.folder
        said = session(project, *way, "--meta-plan=docs/plan.md")
        assert "meta-tests: the way to the target stands in docs/plan.md" in said.text
        text = (project / "docs" / "plan.md").read_text(encoding="utf-8")
        assert [row[0] for row in rows(text)] == ["src/shop/prices.py", "src/shop/unused.py"]
        assert "- `src/shop/prices.py`: 6\n- `src/shop/unused.py`: 1\n" in text
        session(project, "tests/meta", "--meta-plan", "again.md")  # of the same run, reused
        assert (project / "again.md").read_text(encoding="utf-8") == text
        assert str(project) not in text

    def test_it_is_written_where_verdicts_are_red_and_settings_leave_files_out(self, project: Path) -> None:
        policy(project, "[coverage]\nminimum = 99\ntarget = 99\n")
        settings = '[tool.coverage.run]\nomit = ["*/unused.py"]\n[tool.coverage.report]\nexclude_also = ["def never"]\n'
        write(project, {"pyproject.toml": SETTINGS + settings, "src/shop/new.py": PACKAGE["src/shop/prices.py"]})
        said = session(project, "--cov=src/shop", "--meta-plan=plan.md")
        assert said.status == 1
        text = (project / "plan.md").read_text(encoding="utf-8")
        assert "- `src/shop/prices.py`: 5-6\n- `src/shop/unused.py`: the whole file\n" in text

    @pytest.mark.parametrize(
        ("typed", "why"),
        [
            (["-k", "basket", "--cov=src/shop"], "no whole run was judged"),
            ([], "this session ran without --cov; type: pytest tests/meta"),
        ],
    )
    def test_of_less_than_a_whole_run_there_is_none(self, project: Path, typed: list[str], why: str) -> None:
        write(project, {"plan.md": "mine"})
        said = session(project, *typed, "--meta-plan=plan.md")
        assert f"meta-tests: no plan was written to plan.md: {why}" in said.text
        assert (project / "plan.md").read_text(encoding="utf-8") == "mine"

    def test_a_file_that_cannot_be_written_is_said(self, project: Path) -> None:
        (project / "plan.md").mkdir()
        said = session(project, "--cov=src/shop", "--meta-plan=plan.md")
        assert "meta-tests: no plan was written to plan.md: Is a directory" in said.text
        assert not list(project.glob(".plan*"))
