"""What is decided of changed lines, from what diff-cover says; and line numbers as a record has them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from meta_regime.extras import _git
from meta_regime.extras._git import Git, GitError, where_it_left
from meta_regime.extras._lines import how_to_see_lines, missing_ranges, numbers
from meta_regime.extras.changed_lines import (
    _diff_cover,
    changed_lines_are_covered,
    concerns,
    decided,
    lcov,
    uncovered,
)
from meta_regime.policy import Coverage, Policy
from meta_regime.record import FileCoverage, MeasuredCoverage, SuiteRun
from meta_regime.verdict import Outcome, Standards, Verdict

from tests.in_git import Repository
from tests.sample import write

Judge = Callable[..., Verdict]
FILE = FileCoverage("src/a.py", 6, 3, 2, 1, "1-3", "5-6,9", "12", "2->4,3->exit")
NO_COVERAGE = MeasuredCoverage((), None)


def judge(all_lines: int, missed: Mapping[str, list[int]], minimum: float = 80) -> Verdict:
    """Judge lines that no test executes, by the names of files."""
    stats = {f"src/{name}.py": {"violation_lines": lines} for name, lines in missed.items()}
    return decided({"total_num_lines": all_lines, "src_stats": stats}, "main (123)", NO_COVERAGE, minimum)


class TestLines:
    def test_numbers(self) -> None:
        assert numbers("3-5,9") == [3, 4, 5, 9]
        assert numbers("") == []

    def test_missing_ranges_run_over_lines_that_are_no_statements(self) -> None:
        assert missing_ranges(FILE) == "5-9, 2->4, 3->exit"
        assert missing_ranges(FILE._replace(executed_lines="1-3,8")) == "5-6, 9, 2->4, 3->exit"
        assert missing_ranges(FILE._replace(executed_lines="1-3,7")) == "5-6, 9, 2->4, 3->exit"
        assert missing_ranges(FILE._replace(missing_lines="", partial="")) == ""
        several = FILE._replace(executed_lines="1,4,8,12", missing_lines="2,5-6,9,11,13", partial="")
        assert missing_ranges(several) == "2, 5-6, 9-11, 13"

    def test_the_command_that_shows_them_measures_the_same(self) -> None:
        coverage = MeasuredCoverage((), None, ("src/shop", "my tools"))
        command = "python -m pytest --cov=src/shop --cov='my tools' --cov-report="
        assert how_to_see_lines(coverage) == f"{command}term-missing"
        assert how_to_see_lines(coverage, "html") == f"{command}html"

    def test_lcov_has_the_paths_that_git_has(self) -> None:
        text = lcov(MeasuredCoverage((FILE,), None), Path("/x/top/sub"), Path("/x/top"))
        assert text.splitlines() == [
            "SF:sub/src/a.py",
            *("DA:1,1", "DA:2,1", "DA:3,1", "DA:5,0", "DA:6,0", "DA:9,0"),
            "end_of_record",
        ]

    @pytest.mark.parametrize(
        ("line", "concerned"),
        [
            ("b/src/a.py", True),
            ("b/src/a b.py\t", True),
            ('"b/src/\\303.py"', True),
            ("b/tests/a.py", False),
            ("/dev/null", False),
        ],
    )
    def test_diff_cover_is_asked_where_a_measured_file_has_changed(self, line: str, concerned: bool) -> None:
        files = (FILE, FILE._replace(path="src/a b.py"))
        report = lcov(MeasuredCoverage(files, None), Path("/x"), Path("/x"))
        assert concerns(f"--- a/x\n+++ {line}\n@@ -1 +1 @@\n+src/a.py\n", report) is concerned
        assert not concerns("", report)


class TestDeciding:
    @pytest.mark.parametrize(("minimum", "outcome"), [(66.6, Outcome.PASSED), (66.67, Outcome.FAILED)])
    def test_the_share_is_exact(self, minimum: float, outcome: Outcome) -> None:
        verdict = judge(3, {"a": [4], "b": []}, minimum)
        assert verdict.outcome is outcome
        assert verdict.line.startswith("Of 3 lines changed since main (123), 66.66 % are covered")

    def test_exactly_the_minimum_passes(self) -> None:
        line = "Of 5 lines changed since main (123), 80.00 % are covered; the minimum is 80 %."
        assert judge(5, {"a": [4]}) == Verdict(Outcome.PASSED, line)
        assert judge(1, {}).line.startswith("Of 1 line changed since main (123), 100.00 %")

    def test_no_line_is_no_failure(self) -> None:
        passed = Verdict(Outcome.PASSED, "No measured line differs from main (123).")
        assert judge(0, {}) == passed
        assert decided({}, "main (123)", NO_COVERAGE, 80) == passed

    def test_one_line_is_this_one_and_several_are_counted(self) -> None:
        assert judge(2, {"a": [4]}).details.startswith(
            "No test executes this one:\n\n    lines  file\n        1  src/a.py: 4\n\n"
        )
        assert judge(4, {"a": [4, 5, 9], "b": [1]}).details.startswith(
            "No test executes these 4:\n\n    lines  file\n        3  src/a.py: 4-5,9\n        1  src/b.py: 1\n\n"
        )

    @pytest.mark.parametrize(("count", "more"), [(1, None), (8, None), (9, "and 1 more."), (11, "and 3 more.")])
    def test_eight_files_are_shown_the_worst_first(self, count: int, more: str | None) -> None:
        names = "abcdefghijk"[:count]
        worst, *others = sorted(names, reverse=True)
        details = judge(count + 1, {worst: [1, 2], **{name: [7] for name in others}}).details
        shown = [row.split() for row in details.splitlines() if row.strip()[:1].isdigit()]
        assert shown == [
            ["2", f"src/{worst}.py:", "1-2"],
            *(["1", f"src/{name}.py:", "7"] for name in sorted(others)[:7]),
        ]
        assert (f"\n\n{more}\n\n" in details) if more else ("more.\n" not in details)


class TestInARepository:
    @pytest.fixture
    def judge(self, tmp_path: Path) -> Judge:
        """Judge a run in which line 2 of a file was executed, and line 4 was not; both differ from `main`."""
        repository = Repository(tmp_path / "shop", tmp_path)
        write(repository.folder, {"src/a.py": "a = 1\nb = 2\nc = 3\nd = 4\n", "src/b.py": "b = 1\n"})
        repository.git("init", "--quiet", "--initial-branch", "main")
        self.base = repository.commit()
        repository.git("checkout", "--quiet", "-b", "work")
        write(repository.folder, {"src/a.py": "a = 1\nb = 22\nc = 3\nd = 44\n"})
        self.config: Any = SimpleNamespace(rootpath=repository.folder, stash=pytest.Stash())
        files = (FileCoverage("src/a.py", 4, 1, 0, 0, "1-3", "4"), FileCoverage("src/b.py", 1, 0, 0, 0, "1"))
        run = SuiteRun(coverage=MeasuredCoverage(files, None, ("src",)), coverage_missing="no --cov")

        def judged(minimum: float = 80, branch: str = "main", **facts: Any) -> Verdict:
            where_it_left.cache_clear()
            standards = Standards(Policy(coverage=Coverage(changed_lines_minimum=minimum, compare_with=(branch,))))
            return changed_lines_are_covered(self.config, replace(run, **facts), standards)

        return judged

    def test_lines_that_differ_are_judged_and_kept_for_others(self, judge: Judge) -> None:
        verdict = judge()
        assert verdict.outcome is Outcome.FAILED
        base = re.search(r"since main \(([0-9a-f]{9})\)", verdict.line)
        assert base is not None
        assert base[1].startswith(self.base)
        assert "Of 2 lines changed since main" in verdict.line
        assert "        1  src/a.py: 4\n" in verdict.details
        assert uncovered(self.config) == {"src/a.py": [4]}

    def test_nothing_may_be_demanded_and_less(self, judge: Judge) -> None:
        line = "Nothing is demanded of changed lines ([coverage] changed_lines_minimum = 0)."
        assert judge(0) == Verdict(Outcome.PASSED, line)
        assert uncovered(self.config) == {}
        assert judge(50).outcome is Outcome.PASSED

    def test_without_coverage_or_what_to_compare_with_nothing_is_judged(self, judge: Judge) -> None:
        assert judge(coverage=None) == Verdict(Outcome.NOT_JUDGED, "not judged: no --cov")
        assert judge(branch="elsewhere").line.startswith("not judged: git knows none of elsewhere,")

    def test_diff_cover_is_not_asked_about_what_is_not_measured(
        self, judge: Judge, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
        line = "not judged: diff-cover is not installed; type: pip install diff-cover"
        assert judge() == Verdict(Outcome.NOT_JUDGED, line)
        others = MeasuredCoverage((FileCoverage("src/b.py", 1, 0, 0, 0, "1"),), None)
        assert judge(coverage=others).line.startswith("No measured line differs from main (")


@pytest.mark.skipif(os.name != "posix", reason="the git that never answers is a shell script")
def test_a_git_that_does_not_answer_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, asked = tmp_path / "git", tmp_path / "asked"
    program.write_text(f'#!/bin/sh\necho "$@" >> {asked}\nexec sleep 60\n')
    program.chmod(0o755)
    monkeypatch.setattr(_git, "_SECONDS", 2)
    for _ in range(3):  # as each verdict does
        with pytest.raises(GitError, match=r"^git has not answered within 2 s, and is not asked again$"):
            where_it_left(Git(tmp_path, str(program)), ())
    assert len(asked.read_text().splitlines()) == 1


class TestDiffCover:
    """What is made of how its process ends."""

    def ask(self, monkeypatch: pytest.MonkeyPatch, run: Callable[..., object]) -> str:
        monkeypatch.setattr("subprocess.run", run)
        with pytest.raises(GitError) as caught:
            _diff_cover(Path(), "", "")
        return str(caught.value)

    def test_it_has_five_minutes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def late(*_: object, timeout: float, **__: object) -> None:
            raise subprocess.TimeoutExpired("diff-cover", timeout)

        assert self.ask(monkeypatch, late) == "diff-cover did not end within 300 s"

    @pytest.mark.parametrize(
        ("status", "said", "told"),
        [(1, b"Traceback\n  x\nKeyError: y\n", "KeyError: y"), (2, b"", "exit status 2"), (0, b"", "exit status 0")],
    )
    def test_its_last_line_is_told(self, status: int, said: bytes, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def failing(*_: object, env: Mapping[str, str], capture_output: bool, check: bool, **__: object) -> object:
            assert "PATH" in env
            assert not any(name.startswith(("GIT_", "COV")) for name in env)
            if check:
                raise subprocess.CalledProcessError(status, "diff-cover")
            return SimpleNamespace(returncode=status, stderr=said if capture_output else None)

        monkeypatch.setenv("COV_CORE_SOURCE", "x")
        assert self.ask(monkeypatch, failing) == f"diff-cover failed (9.3 or later is needed): {told}"

    def test_an_answer_beside_a_failure_is_not_taken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def failing(typed: list[object], **_: object) -> object:
            Path(str(typed[-2]).removeprefix("json:")).write_text("{}", encoding="utf-8")
            return SimpleNamespace(returncode=1, stderr=b"bad")

        assert self.ask(monkeypatch, failing).endswith(": bad")
