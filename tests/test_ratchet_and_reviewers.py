"""The ratchet where people change the baseline: by hand, by a merge, or together with the settings of coverage."""

from __future__ import annotations

import shutil

import pytest

from tests.baking import run_pytest
from tests.in_git import Repository
from tests.ratcheting import BASELINE, GREEN, ONE_MORE, PRICES, WAYS, append, edit, entries, judge, no_changed_lines
from tests.sample import RATCHET, SETTINGS, Said, policy, write


class TestLoosening:
    def loosen(self, repository: Repository, reason: str) -> Said:
        no_changed_lines(repository)
        append(repository, PRICES, ONE_MORE)
        edit(
            repository,
            BASELINE,
            f'"{PRICES}": {{"lines": 1, "branches": 0',
            f'"{PRICES}": {{"lines": 2, "branches": 0{reason}',
        )
        return judge(repository)

    def test_a_reason_is_enough(self, judged_repository: Repository) -> None:
        said = self.loosen(judged_repository, ', "reason": "needs the printer, see #12"')
        assert (said.status, said.verdicts) == (0, GREEN), said.text

    def test_without_a_reason_it_is_red(self, judged_repository: Repository) -> None:
        said = self.loosen(judged_repository, "")
        assert (said.status, said.verdicts) == (1, {**GREEN, RATCHET: "failed"}), said.text
        message = said.messages[RATCHET]
        assert f"{BASELINE} is laxer than where this branch began, without a new reason: {PRICES}." in message
        assert f"               2 + 0  1 + 0  {PRICES}" in message
        assert f'    "{PRICES}": {{"lines": 2, "branches": 0, "reason": ""}},' in message

    def test_and_committed_on_a_branch_it_still_is(self, judged_repository: Repository) -> None:
        judged_repository.git("checkout", "--quiet", "-b", "work")
        self.loosen(judged_repository, "")
        judged_repository.commit(message="loosen")
        assert judge(judged_repository, ci=True).verdicts == {**GREEN, RATCHET: "failed"}

    def test_an_empty_reason_is_refused(self, judged_repository: Repository) -> None:
        said = self.loosen(judged_repository, ', "reason": ""')
        assert f"{BASELINE} cannot be used: {PRICES}: reason is empty, or no text; say" in said.messages[RATCHET]

    def test_taking_the_line_out_is_loosening_too(self, judged_repository: Repository) -> None:
        edit(judged_repository, BASELINE, f'"{PRICES}": {{"lines": 1, "branches": 0}},\n', "")
        said = judge(judged_repository)
        assert said.verdicts == {**GREEN, RATCHET: "failed"}
        assert f"without a new reason: {PRICES}." in said.messages[RATCHET]

    @pytest.mark.parametrize("line_alone", [True, False])
    def test_accepting_brings_back_what_was_taken_out(self, judged_repository: Repository, line_alone: bool) -> None:
        no_changed_lines(judged_repository)
        append(judged_repository, PRICES, ONE_MORE)
        before = entries(judged_repository)
        if line_alone:
            edit(judged_repository, BASELINE, f'"{PRICES}": {{"lines": 1, "branches": 0}},\n', "")
        else:
            (judged_repository.folder / BASELINE).unlink()
        said = judge(judged_repository, *WAYS["plain"], "--meta-accept")
        assert said.verdicts == {**GREEN, RATCHET: "failed"}
        assert f"{PRICES} has 2 uncovered lines and branches, {BASELINE} allows 1." in said.text
        assert entries(judged_repository) == before

    def test_where_git_cannot_tell_it_is_said(self, judged_repository: Repository) -> None:
        text = "[coverage]\nminimum = 1\nmodule_floor = 0\nchanged_lines_minimum = 0\n"
        policy(judged_repository.folder, text + 'compare_with = ["nowhere"]\n')
        said = judge(judged_repository)
        assert "(Whether it has been loosened cannot be told: git knows none of nowhere, or no commit" in said.text

    def test_committed_straight_to_the_default_branch_it_is_not_seen(self, judged_repository: Repository) -> None:
        """As README.md says: it compares with where a branch began, and there that is the commit itself."""
        self.loosen(judged_repository, "")
        judged_repository.commit(message="loosen")
        assert judge(judged_repository, ci=True).verdicts == GREEN

    def test_without_git_and_in_a_shallow_clone_it_is_said(self, judged_repository: Repository) -> None:
        self.loosen(judged_repository, "")
        judged_repository.git("checkout", "--quiet", "-b", "work")
        judged_repository.commit(message="loosen")
        folder = judged_repository.outside / "shallow"
        judged_repository.git("clone", "--quiet", "--depth=1", f"file://{judged_repository.folder}", str(folder))
        shallow = Repository(folder, judged_repository.outside)
        shallow.git("remote", "remove", "origin")
        told = "(Whether it has been loosened cannot be told: "
        said = judge(shallow)
        assert said.verdicts[RATCHET] == "passed", said.text
        assert f"{told}this clone is shallow" in said.text
        shutil.rmtree(folder / ".git")
        said = judge(shallow)
        assert said.verdicts[RATCHET] == "passed", said.text
        assert told in said.text

    def test_a_file_that_is_there_and_not_measured_any_more(self, judged_repository: Repository) -> None:
        edit(judged_repository, BASELINE, '"~"', '"tests/conftest.py": {"lines": 0, "branches": 0},\n"~"')
        for accept in ([], ["--meta-accept"]):
            said = judge(judged_repository, *WAYS["plain"], *accept)
            assert said.verdicts == {**GREEN, RATCHET: "failed"}
            assert f"tests/conftest.py was not measured, though there and in {BASELINE}." in said.messages[RATCHET]
        assert "tests/conftest.py" in entries(judged_repository)  # it is not gone, so its line stays


class TestOtherSettings:
    @pytest.mark.parametrize(
        ("setting", "name"),
        [
            ("[tool.coverage.run]\nbranch = true\n", "branch"),
            ('[tool.coverage.run]\nomit = ["*/unused.py"]\n', "omit"),
            ('[tool.coverage.report]\nexclude_also = ["def never"]\n', "report_exclude_also, report_exclude_lines"),
            ('[tool.coverage.report]\nomit = ["*/unused.py"]\n', "report_omit"),
        ],
    )
    def test_numbers_are_not_compared_and_the_reason_is_said(
        self, judged_repository: Repository, setting: str, name: str
    ) -> None:
        write(judged_repository.folder, {"pyproject.toml": SETTINGS + setting})
        for accept in ([], ["--meta-accept"]):
            said = judge(judged_repository, *WAYS["plain"], *accept)
            assert (said.status, said.verdicts) == (1, {**GREEN, RATCHET: "failed"}), said.text
            told = f"{BASELINE} was measured with other coverage settings than this run: {name}."
            assert told in said.messages[RATCHET]
        (judged_repository.folder / BASELINE).unlink()
        assert judge(judged_repository, *WAYS["plain"], "--meta-accept").verdicts == GREEN
        assert judge(judged_repository).verdicts == GREEN

    def test_reports_and_contexts_are_no_such_settings(self, judged_repository: Repository) -> None:
        more = (
            "[tool.coverage.run]\nrelative_files = true\n[tool.coverage.report]\nprecision = 3\nskip_covered = true\n"
        )
        write(judged_repository.folder, {"pyproject.toml": SETTINGS + more})
        assert judge(judged_repository).verdicts == GREEN

    def test_from_another_folder_the_paths_and_sources_are_the_same(self, judged_repository: Repository) -> None:
        done = run_pytest(judged_repository.folder / "tests", "..", "--rootdir=..", "--cov=../src/shop")
        assert "PASSED      No file has more uncovered than" in done.stdout, done.stdout
        done = run_pytest(judged_repository.folder / "tests", "meta", "--meta-fresh")
        assert "PASSED      No file has more uncovered than" in done.stdout, done.stdout

    def test_where_the_baseline_was_made_elsewhere_a_regression_is_not_certain(
        self, judged_repository: Repository
    ) -> None:
        no_changed_lines(judged_repository)
        edit(judged_repository, BASELINE, '"system": "', '"system": "Amiga')
        assert judge(judged_repository, ci=True).verdicts == GREEN
        append(judged_repository, PRICES, ONE_MORE)
        said = judge(judged_repository)
        assert (said.status, said.verdicts) == (0, {**GREEN, RATCHET: "skipped"})
        assert "code for one of them may be why" in said.text
        assert judge(judged_repository, ci=True).verdicts == {**GREEN, RATCHET: "failed"}


class TestMerging:
    TWO = "\n\ndef first(x):\n    return x\n\n\ndef second(x):\n    return -x\n"

    def two_branches(self, repository: Repository) -> str:
        """One covers what the other rewrites: both are green, together they are not. Gives the first's commit."""
        no_changed_lines(repository)
        append(repository, PRICES, self.TWO)
        allowed = f'"{PRICES}": {{"lines": 3, "branches": 0, "reason": "new"}}'
        edit(repository, BASELINE, f'"{PRICES}": {{"lines": 1, "branches": 0}}', allowed)
        assert judge(repository).verdicts == GREEN
        repository.commit(message="more of it")
        repository.git("checkout", "--quiet", "-b", "covers")
        test = "from shop.prices import first\n\n\ndef test_first():\n    assert first(1) == 1\n"
        write(repository.folder, {"tests/unit/test_first.py": test})
        judge(repository, *WAYS["plain"], "--meta-accept")
        assert entries(repository)[PRICES] == 2
        commit = repository.commit(message="Cover first")
        repository.git("checkout", "--quiet", "main")
        repository.git("checkout", "--quiet", "-b", "rewrites")
        edit(repository, PRICES, "    return -x", "    if x:\n        return -x\n    return 0")
        edit(repository, PRICES, "\n\ndef never():\n    return 1\n", "")
        edit(repository, PRICES, "    return x\n", "    return int(x)\n")
        said = judge(repository)
        assert (said.status, entries(repository)[PRICES]) == (1, 3), said.text  # 4 uncovered: one too many
        edit(repository, PRICES, "    if x:\n        return -x\n    return 0", "    y = -x\n    return y")
        assert judge(repository).verdicts == GREEN
        repository.commit(message="Rewrite second")
        return commit

    def test_the_message_says_which_commits_line_to_take(self, judged_repository: Repository) -> None:
        commit = self.two_branches(judged_repository)
        judged_repository.git("checkout", "--quiet", "main")
        judged_repository.git("merge", "--quiet", "--no-edit", "covers")
        assert judge(judged_repository).verdicts == GREEN
        judged_repository.git("merge", "--quiet", "--no-edit", "--no-ff", "rewrites")
        append(judged_repository, PRICES, "\n\ndef third(x):\n    return x\n")
        said = judge(judged_repository)
        assert said.verdicts == {**GREEN, RATCHET: "failed"}, said.text
        message = said.messages[RATCHET]
        assert f'Commit {commit} ("Cover first") lowered the line of {PRICES}, where\n3 had been allowed' in message
        assert '("Rewrite second") has changed the file since.' in message
        line = f'"{PRICES}": {{"lines": 3, "branches": 0, "reason": ""}}'
        assert f"or take the line\nfrom before {commit}, with a reason:\n\n    {line}," in message
        edit(
            judged_repository,
            BASELINE,
            f'"{PRICES}": {{"lines": 2, "branches": 0, "reason": "new"}}',
            line.replace('""', '"see #3"'),
        )
        assert judge(judged_repository).verdicts == GREEN

    def test_a_conflict_is_recognised_and_resolved_to_the_stricter_side(self, judged_repository: Repository) -> None:
        no_changed_lines(judged_repository)
        text = (judged_repository.folder / BASELINE).read_text(encoding="utf-8")
        for branch, lines in (("one", 0), ("two", 5)):
            judged_repository.git("checkout", "--quiet", "-b", branch, "main")
            line = f'"{PRICES}": {{"lines": {lines}, "branches": 0}}'
            judged_repository.commit({BASELINE: text.replace(f'"{PRICES}": {{"lines": 1, "branches": 0}}', line)})
        judged_repository.run("git", "merge", "one")
        assert "<<<<<<<" in (judged_repository.folder / BASELINE).read_text(encoding="utf-8")
        said = judge(judged_repository)
        assert (
            f"{BASELINE} cannot be used: it holds a merge conflict; this takes of each line" in said.messages[RATCHET]
        )
        said = judge(judged_repository, *WAYS["plain"], "--meta-accept")
        assert said.verdicts == {**GREEN, RATCHET: "failed"}  # one side allows none, one is uncovered
        assert entries(judged_repository)[PRICES] == 0
        assert f"meta-tests: {BASELINE}: written anew; commit it" in said.text
