"""What is decided of changed lines, from what diff-cover says; and line numbers as a record has them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from meta_regime.extras._lines import how_to_see_lines, missing_ranges, numbers
from meta_regime.extras.changed_lines import concerns, decided, lcov
from meta_regime.record import FileCoverage, MeasuredCoverage
from meta_regime.verdict import Outcome, Verdict

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

    @pytest.mark.parametrize(("count", "more"), [(8, None), (9, "and 1 more files."), (11, "and 3 more files.")])
    def test_eight_files_are_shown_the_worst_first(self, count: int, more: str | None) -> None:
        names = "abcdefghijk"[:count]
        worst, *others = sorted(names, reverse=True)
        details = judge(count + 1, {worst: [1, 2], **{name: [7] for name in others}}).details
        shown = [row.split() for row in details.splitlines() if row.strip()[:1].isdigit()]
        assert shown == [
            ["2", f"src/{worst}.py:", "1-2"],
            *(["1", f"src/{name}.py:", "7"] for name in sorted(others)[:7]),
        ]
        assert (f"\n\n{more}\n\n" in details) if more else ("more files" not in details)
