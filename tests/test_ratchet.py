"""The ratchet in real sessions, in real repositories: what is red, what is green, what is stored, in which words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.in_git import Repository
from tests.ratcheting import BASELINE, GREEN, ONE_MORE, PRICES, WAYS, append, edit, entries, judge, no_changed_lines
from tests.sample import COVERAGE, RATCHET, policy, session, write


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
class TestInEveryWay:
    def test_a_project_as_it_was_is_green(self, judged_repository: Repository, way: list[str]) -> None:
        for ci in (False, True):
            said = judge(judged_repository, *way, ci=ci)
            assert (said.status, said.verdicts) == (0, GREEN), said.text
        assert "PASSED      No file has more uncovered than tests/meta/baseline.json allows; 2 lines and" in said.text

    def test_an_uncovered_line_more_is_red(self, judged_repository: Repository, way: list[str]) -> None:
        no_changed_lines(judged_repository)
        append(judged_repository, PRICES, ONE_MORE)
        said = judge(judged_repository, *way)
        assert (said.status, said.verdicts) == (1, {**GREEN, RATCHET: "failed"}), said.text
        message = said.messages[RATCHET]
        assert f"{PRICES} has 2 uncovered lines and branches, {BASELINE} allows 1." in message
        assert f"    {PRICES}: 6, 10\n" in message
        assert f'    "{PRICES}": {{"lines": 2, "branches": 0, "reason": ""}},' in message
        assert "python -m pytest --cov=src/shop --cov-report=html" in message

    def test_covered_code_may_come_and_go(self, judged_repository: Repository, way: list[str]) -> None:
        no_changed_lines(judged_repository)
        edit(judged_repository, "src/shop/__init__.py", "currency = 978\ndigits = 2\n", "")
        append(judged_repository, PRICES, "three = 3\n")
        said = judge(judged_repository, *way)
        assert (said.status, said.verdicts) == (0, GREEN), said.text
        assert "Total coverage is 71.42 %" in said.text  # it has fallen, and nothing has become worse


class TestMakingIt:
    def test_without_a_baseline_nothing_is_judged_and_ci_is_red(self, judged_repository: Repository) -> None:
        (judged_repository.folder / BASELINE).unlink()
        said = judge(judged_repository)
        assert (said.status, said.verdicts) == (0, {**GREEN, RATCHET: "skipped"})
        told = f"there is no {BASELINE}, which keeps coverage at its level; make it, and commit it: python -m pytest"
        assert f"NOT JUDGED  {RATCHET}: {told} tests/meta --meta-accept" in said.text
        said = judge(judged_repository, ci=True)
        assert (said.status, said.verdicts) == (1, {**GREEN, RATCHET: "failed"})

    @pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
    def test_accepting_makes_it(self, judged_repository: Repository, way: list[str]) -> None:
        before = (judged_repository.folder / BASELINE).read_bytes()
        (judged_repository.folder / BASELINE).unlink()
        said = judge(judged_repository, *way, "--meta-accept")
        assert (said.status, said.verdicts) == (0, GREEN), said.text
        assert f"meta-tests: {BASELINE} was made, with 3 files; commit it" in said.text
        assert (judged_repository.folder / BASELINE).read_bytes() == before  # the same from every way of running

    def test_it_has_one_line_a_file_and_no_date(self, judged_repository: Repository) -> None:
        lines = (judged_repository.folder / BASELINE).read_text(encoding="utf-8").splitlines()
        assert lines[6:9] == [
            '"src/shop/__init__.py": {"lines": 0, "branches": 0},',
            '"src/shop/prices.py": {"lines": 1, "branches": 0},',
            '"src/shop/unused.py": {"lines": 1, "branches": 0},',
        ]
        assert "202" not in "".join(lines)
        assert str(judged_repository.folder) not in "".join(lines)


class TestAccepting:
    def test_what_is_better_is_named_and_stored_and_then_held(self, judged_repository: Repository) -> None:
        no_changed_lines(judged_repository)
        covered = "from shop.prices import never\n\n\ndef test_never():\n    assert never()\n"
        write(judged_repository.folder, {"tests/unit/test_never.py": covered})
        said = judge(judged_repository)
        assert "1 lines and branches are in all. To be stored with --meta-accept: 1 file better." in said.text
        said = judge(judged_repository, *WAYS["plain"], "--meta-accept")
        assert f"meta-tests: {BASELINE}: 1 file tightened; commit it" in said.text
        assert entries(judged_repository)[PRICES] == 0
        (judged_repository.folder / "tests" / "unit" / "test_never.py").unlink()
        assert judge(judged_repository).verdicts == {**GREEN, RATCHET: "failed"}

    def test_it_forgives_nothing_and_lowers_nothing_else(self, judged_repository: Repository) -> None:
        no_changed_lines(judged_repository)
        append(judged_repository, PRICES, ONE_MORE)
        (judged_repository.folder / "src" / "shop" / "unused.py").write_text("", encoding="utf-8")
        said = judge(judged_repository, *WAYS["plain"], "--meta-accept")
        assert (said.status, said.verdicts) == (1, {**GREEN, RATCHET: "failed"}), said.text
        assert entries(judged_repository) == {"src/shop/__init__.py": 0, PRICES: 1, "src/shop/unused.py": 0}

    def test_a_red_total_does_not_keep_it_from_tightening(self, judged_repository: Repository) -> None:
        policy(
            judged_repository.folder,
            "[coverage]\nminimum = 99\ntarget = 99\nmodule_floor = 0\nchanged_lines_minimum = 0\n",
        )
        (judged_repository.folder / "src" / "shop" / "unused.py").write_text("", encoding="utf-8")
        said = judge(judged_repository, *WAYS["plain"], "--meta-accept")
        assert said.verdicts == {**GREEN, COVERAGE: "failed"}
        assert entries(judged_repository)["src/shop/unused.py"] == 0

    def test_new_files_are_added_and_gone_ones_dropped(self, judged_repository: Repository) -> None:
        no_changed_lines(judged_repository)
        (judged_repository.folder / "src" / "shop" / "unused.py").unlink()
        write(judged_repository.folder, {"src/shop/new.py": "def price(of):\n    return of.price\n"})
        said = judge(judged_repository)
        assert (said.status, said.verdicts) == (0, GREEN), said.text
        assert "To be stored with --meta-accept: 1 file new, held to the floor, 1 file gone." in said.text
        said = judge(judged_repository, *WAYS["plain"], "--meta-accept")
        assert f"meta-tests: {BASELINE}: 1 file added, 1 file dropped; commit it" in said.text
        assert entries(judged_repository) == {"src/shop/__init__.py": 0, "src/shop/new.py": 2, PRICES: 1}
        said = judge(judged_repository, *WAYS["plain"], "--meta-accept")
        assert f"meta-tests: {BASELINE} is as it was" in said.text
        assert (said.status, "so the exit status is not 0" in said.text) == (0, False), said.text

    @pytest.mark.parametrize(
        ("typed", "why"),
        [
            (["-k", "basket", *WAYS["plain"]], r"partial run \(-k basket\)"),
            (["--no-cov", *WAYS["plain"]], r"coverage was switched off \(--no-cov\)"),
            (["tests/unit/test_more.py"], "partial run: it left out tests/unit/test_prices.py"),
            ([], "this session ran without --cov; type: pytest tests/meta"),
        ],
    )
    def test_less_than_a_whole_run_with_coverage_stores_nothing(
        self, judged_repository: Repository, typed: list[str], why: str
    ) -> None:
        (judged_repository.folder / "src" / "shop" / "unused.py").write_text("", encoding="utf-8")
        before = (judged_repository.folder / BASELINE).read_bytes()
        said = session(judged_repository.folder, *typed, "--meta-accept")
        refused = f"meta-tests: --meta-accept has stored nothing( in .*)?: (not judged: )?{why}"
        assert re.search(refused, said.text), said.text
        assert (said.status, "so the exit status is not 0" in said.text) == (1, True), said.text
        assert (judged_repository.folder / BASELINE).read_bytes() == before

    def test_a_failing_test_stores_nothing(self, judged_repository: Repository) -> None:
        before = (judged_repository.folder / BASELINE).read_bytes()
        write(judged_repository.folder, {"tests/unit/test_bad.py": "def test_bad():\n    assert 0\n"})
        (judged_repository.folder / "src" / "shop" / "unused.py").write_text("", encoding="utf-8")
        said = judge(judged_repository, *WAYS["plain"], "--meta-accept")
        assert f"--meta-accept has stored nothing in {BASELINE}: tests of the suite failed" in said.text
        assert (judged_repository.folder / BASELINE).read_bytes() == before

    def test_what_cannot_be_written_is_said_and_nothing_is_left_behind(self, judged_repository: Repository) -> None:
        folder = judged_repository.folder / BASELINE
        folder.unlink()
        folder.mkdir()
        said = judge(judged_repository, *WAYS["plain"], "--meta-accept")
        assert said.verdicts == {**GREEN, RATCHET: "failed"}
        assert f"{BASELINE} cannot be used: " in said.messages[RATCHET]
        assert not list(folder.parent.glob(".*"))


class TestRenames:
    def moved(self, repository: Repository, *, by_git: bool) -> None:
        if by_git:
            repository.git("mv", PRICES, "src/shop/costs.py")
        else:
            (repository.folder / PRICES).rename(repository.folder / "src/shop/costs.py")
        edit(repository, "src/shop/__init__.py", "shop.prices", "shop.costs")

    @pytest.mark.parametrize("by_git", [True, False])
    def test_a_line_follows_its_file(self, judged_repository: Repository, by_git: bool) -> None:
        self.moved(judged_repository, by_git=by_git)
        said = judge(judged_repository)
        assert (said.status, said.verdicts) == (0, GREEN), said.text
        assert "No file has more uncovered than" in said.text
        append(judged_repository, "src/shop/costs.py", ONE_MORE)
        said = judge(judged_repository)
        assert said.verdicts[RATCHET] == "failed"
        assert f"src/shop/costs.py has 2 uncovered lines and branches, {BASELINE} allows 1." in said.text

    def test_over_several_commits_with_edits_between(self, judged_repository: Repository) -> None:
        no_changed_lines(judged_repository)
        self.moved(judged_repository, by_git=True)
        judged_repository.commit(message="move")
        text = (
            "def total(prices):\n    result = 0\n    for price in prices:\n        result += price\n    return result\n"
        )
        write(judged_repository.folder, {"src/shop/costs.py": text + "\n\ndef never():\n    return 'never'\n"})
        judged_repository.commit(message="write anew")
        judged_repository.git("mv", "src/shop/costs.py", "src/shop/sums.py")
        edit(judged_repository, "src/shop/__init__.py", "shop.costs", "shop.sums")
        assert judge(judged_repository).verdicts == GREEN
        append(judged_repository, "src/shop/sums.py", ONE_MORE)
        assert (
            f"src/shop/sums.py has 2 uncovered lines and branches, {BASELINE} allows 1."
            in judge(judged_repository).text
        )

    def test_accepting_moves_the_line(self, judged_repository: Repository) -> None:
        judged_repository.git("checkout", "--quiet", "-b", "work")
        self.moved(judged_repository, by_git=True)
        said = judge(judged_repository, *WAYS["plain"], "--meta-accept")
        assert said.verdicts == GREEN
        assert f"meta-tests: {BASELINE}: 1 file added, 1 file dropped; commit it" in said.text
        assert entries(judged_repository) == {
            "src/shop/__init__.py": 0,
            "src/shop/costs.py": 1,
            "src/shop/unused.py": 1,
        }
        judged_repository.commit(message="moved")
        assert judge(judged_repository).verdicts == GREEN
        edit(judged_repository, BASELINE, 'costs.py": {"lines": 1', 'costs.py": {"lines": 9')
        said = judge(judged_repository)
        assert "without a new reason: src/shop/costs.py." in said.messages[RATCHET]  # whose line was of prices.py

    def test_without_git_a_moved_file_is_a_new_one(self, judged_repository: Repository) -> None:
        (judged_repository.folder / ".git").rename(judged_repository.outside / "git")
        self.moved(judged_repository, by_git=False)
        said = judge(judged_repository)
        assert "1 file new, held to the floor, 1 file gone" in said.text

    def test_in_a_folder_of_a_larger_repository(self, judged_repository: Repository, tmp_path: Path) -> None:
        large = Repository(tmp_path / "large", tmp_path)
        large.folder.mkdir()
        judged_repository.folder.rename(large.folder / "shop dé")
        project = Repository(large.folder / "shop dé", tmp_path)
        (project.folder / ".git").rename(tmp_path / "git")
        large.git("init", "--quiet", "--initial-branch=main")
        large.commit(message="all")
        self.moved(project, by_git=False)
        append(project, "src/shop/costs.py", ONE_MORE)
        said = judge(project)
        assert f"src/shop/costs.py has 2 uncovered lines and branches, {BASELINE} allows 1." in said.text


@pytest.mark.parametrize(
    "way", [["-k", "basket", *WAYS["plain"]], ["--no-cov", *WAYS["plain"]], ["-x", "--cov"], ["--lf", *WAYS["plain"]]]
)
def test_what_measured_less_is_never_green_in_ci(judged_repository: Repository, way: list[str]) -> None:
    if "--lf" in way or "-x" in way:
        bad = "import pytest\n\n\n@pytest.mark.parametrize('n', range(3))\ndef test_bad(n):\n    assert n\n"
        write(judged_repository.folder, {"tests/unit/test_bad.py": bad})
        session(judged_repository.folder)
    said = judge(judged_repository, *way, ci=True)
    assert said.status == 1
    assert said.verdicts.get(RATCHET, "failed") == "failed", said.text
