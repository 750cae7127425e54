"""The lines that were changed: which count, against what, and what is said where git or diff-cover cannot tell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.in_git import Repository
from tests.sample import ALL_VERDICTS, CHANGED, PACKAGE, Said, delete_extras, policy, session, write

PRICES = "src/shop/prices.py"
COVERED_TWICE = "def total(prices):\n    prices = list(prices)\n    return sum(prices)\n"
WAYS = {"plain": ["--cov=src/shop"], "-n 2": ["--cov=src/shop", "-n", "2"], "child": ["tests/meta"]}


@pytest.fixture
def branch(judged_repository: Repository) -> Repository:
    """A branch of the project on which nothing is changed yet. The ratchet, another verdict, is deleted."""
    delete_extras(judged_repository.folder, "ratchet")
    judged_repository.commit(message="no ratchet")
    judged_repository.git("checkout", "--quiet", "-b", "work")
    return judged_repository


def judge(repository: Repository, *typed: str, **env: str) -> Said:
    return session(repository.folder, *(typed or WAYS["plain"]), env=env)


def changed_half_covered(repository: Repository) -> None:
    """Change two lines: one that is executed, one that is not."""
    text = PACKAGE[PRICES].replace("sum(prices)", "sum(list(prices))").replace("return 1", "return 11")
    write(repository.folder, {PRICES: text})


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
class TestInEveryWay:
    def test_with_nothing_changed_it_passes(self, branch: Repository, way: list[str]) -> None:
        said = judge(branch, *way, CI="1")
        assert said.verdicts[CHANGED] == "passed"
        assert "PASSED      No measured line differs from main (" in said.text

    @pytest.mark.parametrize("committed", [True, False])
    def test_an_uncovered_change_is_red(self, branch: Repository, way: list[str], committed: bool) -> None:
        base = branch.git("rev-parse", "HEAD")[:9]
        changed_half_covered(branch)
        if committed:
            branch.commit(message="half")
        said = judge(branch, *way)
        assert (said.status, said.verdicts[CHANGED]) == (1, "failed"), said.text
        message = said.messages[CHANGED]
        assert f"Of 2 lines changed since main ({base}), 50.00 % are covered; the minimum is 80 %." in message
        assert f"No test executes this one:\n\n    lines  file\n        1  {PRICES}: 6\n" in message

    def test_a_covered_change_is_green(self, branch: Repository, way: list[str]) -> None:
        write(branch.folder, {PRICES: PACKAGE[PRICES].replace("sum(prices)", "sum(list(prices))")})
        said = judge(branch, *way)
        assert said.verdicts[CHANGED] == "passed"
        assert "PASSED      Of 1 line changed since main (" in said.text
        assert "), 100.00 % are covered; the minimum is 80 %." in said.text


class TestWhatCounts:
    def test_a_rename_is_not_new_code(self, branch: Repository) -> None:
        (branch.folder / PRICES).rename(branch.folder / "src/shop/costs.py")  # git has not been told
        write(branch.folder, {"src/shop/__init__.py": PACKAGE["src/shop/__init__.py"].replace("prices", "costs")})
        said = judge(branch)
        assert "Of 1 line changed since main" in said.text
        assert said.verdicts[CHANGED] == "passed"

    def test_a_new_file_that_git_has_not_been_told_of_counts(self, branch: Repository) -> None:
        write(branch.folder, {"src/shop/new thing é.py": "def gone():\n    return 1\n"})
        said = judge(branch)
        assert said.verdicts[CHANGED] == "failed"
        assert "1-2" in said.messages[CHANGED]
        assert "src/shop/new thing é.py: 1-2" in said.messages[CHANGED]
        assert "??" in branch.git("status", "--porcelain")  # and still has not

    def test_tests_documents_and_comments_do_not_count(self, branch: Repository) -> None:
        write(
            branch.folder,
            {"README.md": "new\n", "tests/unit/test_new.py": "def test_x():\n    pass\n\n\ndef y():\n    1\n"},
        )
        write(branch.folder, {PRICES: "# a comment\n" + PACKAGE[PRICES]})
        assert "No measured line differs from main" in judge(branch).text

    def test_what_main_has_gained_meanwhile_does_not_count(self, branch: Repository) -> None:
        branch.git("checkout", "--quiet", "main")
        branch.commit({"src/shop/more.py": "one = 1\n"})
        branch.git("checkout", "--quiet", "work")
        changed_half_covered(branch)
        assert "Of 2 lines changed since main" in judge(branch).text

    def test_in_a_folder_of_a_larger_repository(self, branch: Repository, tmp_path: Path) -> None:
        (branch.folder / ".git").rename(tmp_path / "git")
        large = Repository(tmp_path / "large", tmp_path)
        large.folder.mkdir()
        branch.folder.rename(large.folder / "shop")
        large.git("init", "--quiet", "--initial-branch=main")
        large.commit(message="all")
        project = Repository(large.folder / "shop", tmp_path)
        changed_half_covered(project)
        said = judge(project)
        assert "Of 2 lines changed since main" in said.text
        assert "shop/src/shop/prices.py: 6" in said.text

    def test_the_settings_of_a_person_do_not_change_it(self, branch: Repository) -> None:
        for name, value in (("diff.renames", "false"), ("diff.noprefix", "true"), ("color.ui", "always")):
            branch.git("config", name, value)
        branch.git("config", "diff.external", "false")
        changed_half_covered(branch)
        assert "Of 2 lines changed since main" in judge(branch).text

    def test_a_reused_run_is_judged_by_what_changed_since(self, branch: Repository) -> None:
        judge(branch)
        branch.commit({"NEWS.md": "new\n"})
        said = judge(branch, "tests/meta")
        assert "nothing has changed since the run of" in said.text
        assert said.verdicts[CHANGED] == "passed"


class TestAgainstWhat:
    def test_the_default_branch_of_the_remote_comes_before_the_local_one(self, branch: Repository) -> None:
        branch.git("clone", "--quiet", "--bare", "--branch", "main", ".", str(branch.outside / "remote.git"))
        branch.git("remote", "add", "origin", str(branch.outside / "remote.git"))
        branch.git("fetch", "--quiet", "origin")
        changed_half_covered(branch)
        branch.commit(message="half")
        branch.git("branch", "--force", "main", "work")
        assert "Of 2 lines changed since origin/main (" in judge(branch).text

    @pytest.mark.parametrize("variable", ["GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"])
    def test_in_ci_it_is_the_branch_that_the_change_goes_to(self, branch: Repository, variable: str) -> None:
        changed_half_covered(branch)
        branch.commit(message="half")
        branch.git("update-ref", "refs/remotes/origin/main", "main")
        branch.git("update-ref", "refs/remotes/origin/release", "work")
        assert "No measured line differs from origin/release" in judge(branch, **{variable: "release"}).text
        said = judge(branch, CI="1", **{variable: "lost"})
        assert said.verdicts[CHANGED] == "failed"
        assert "not judged: git knows none of origin/lost, or no commit in common with it" in said.messages[CHANGED]

    def test_policy_may_name_it(self, branch: Repository) -> None:
        changed_half_covered(branch)
        branch.commit(message="half")
        branch.git("branch", "trunk")
        text = "[coverage]\nminimum = 70\nmodule_floor = 0\n"
        policy(branch.folder, text + 'compare_with = ["origin/trunk", "trunk"]\n')
        assert "No measured line differs from trunk" in judge(branch).text
        policy(branch.folder, text + 'compare_with = ["nowhere"]\n')
        assert f"NOT JUDGED  {CHANGED}: git knows none of nowhere" in judge(branch).text

    def test_a_shallow_clone_is_explained(self, branch: Repository) -> None:
        branch.commit({"NEWS.md": "new\n"})
        shallow = Repository(branch.outside / "shallow", branch.outside)
        branch.git("clone", "--quiet", "--depth=1", f"file://{branch.folder}", str(shallow.folder))
        shallow.git("remote", "remove", "origin")
        said = judge(shallow, CI="1")
        assert said.verdicts[CHANGED] == "failed"
        assert "not judged: this clone is shallow" in said.messages[CHANGED]
        assert "git fetch --unshallow (GitHub: fetch-depth: 0 for actions/checkout" in said.messages[CHANGED]


class TestNotJudged:
    def test_without_diff_cover_it_says_what_to_type(self, branch: Repository) -> None:
        changed_half_covered(branch)
        write(branch.folder, {"conftest.py": 'import sys\n\nsys.modules["diff_cover"] = None\n'})
        said = judge(branch)
        assert said.verdicts == {
            **dict.fromkeys(ALL_VERDICTS - {"test_coverage_has_not_regressed"}, "passed"),
            CHANGED: "skipped",
        }
        assert f"NOT JUDGED  {CHANGED}: diff-cover is not installed; type: pip install diff-cover" in said.text
        assert judge(branch, CI="1").verdicts[CHANGED] == "failed"

    def test_where_diff_cover_fails_it_says_so(self, branch: Repository) -> None:
        changed_half_covered(branch)
        write(
            branch.folder, {"diff_cover/__init__.py": "", "diff_cover/diff_cover_tool.py": "raise OSError('no disk')\n"}
        )
        said = judge(branch)
        assert f"NOT JUDGED  {CHANGED}: diff-cover failed (9.3 or later is needed): OSError: no disk" in said.text

    def test_where_git_fails_nothing_is_taken_for_unchanged(self, branch: Repository) -> None:
        changed_half_covered(branch)
        branch.git("add", "--all")
        blob = branch.git("rev-parse", f"HEAD:{PRICES}")
        (branch.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
        assert re.search(rf"NOT JUDGED  {CHANGED}: git diff \w{{9}} failed; type it to see why", judge(branch).text)

    def test_a_source_that_is_not_utf8_is_read(self, branch: Repository) -> None:
        text = "# coding: latin-1\nname = 'gr\xfc\xdfe'\n" + PACKAGE[PRICES]
        (branch.folder / PRICES).write_bytes(text.encode("latin-1"))
        assert "PASSED      Of 1 line changed since main" in judge(branch).text

    def test_without_a_repository(self, branch: Repository) -> None:
        (branch.folder / ".git").rename(branch.outside / "git")
        assert f"NOT JUDGED  {CHANGED}: this is no git repository, or git is not installed" in judge(branch).text

    def test_before_the_first_commit(self, branch: Repository) -> None:
        (branch.folder / ".git").rename(branch.outside / "git")
        branch.git("init", "--quiet")
        assert f"NOT JUDGED  {CHANGED}: the repository has no commit yet" in judge(branch).text

    def test_without_coverage(self, branch: Repository) -> None:
        said = judge(branch, "tests")
        assert said.verdicts[CHANGED] == "skipped"

    def test_nothing_may_be_demanded(self, branch: Repository) -> None:
        changed_half_covered(branch)
        policy(branch.folder, "[coverage]\nminimum = 70\nmodule_floor = 0\nchanged_lines_minimum = 0\n")
        said = judge(branch, CI="1")
        assert said.status == 0
        assert "PASSED      Nothing is demanded of changed lines ([coverage] changed_lines_minimum = 0)." in said.text
