"""What the verdict on the ratchet says, from data alone: each number in it, and how many files are named."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from meta_regime.extras.ratchet import wording
from meta_regime.extras.ratchet.baseline import Baseline, Entry
from meta_regime.extras.ratchet.history import Tightened
from meta_regime.record import FileCoverage, MeasuredCoverage
from meta_regime.verdict import Outcome

HERE = {"python": "3.11", "system": "Linux", "coverage": "7.6"}
PATHS = [f"src/{name}.py" for name in "abcdefghij"]


def made(counts: dict[str, tuple[int, int]], **measured_with: str) -> Baseline:
    return Baseline(
        {path: Entry(*count) for path, count in counts.items()}, {"branch": "on"}, {**HERE, **measured_with}
    )


def regressed(paths: int, now: tuple[int, int] = (2, 1), there: Mapping[str, str] = HERE) -> tuple[Outcome, str, str]:
    """Judge so many files in which one line is too many."""
    names = PATHS[:paths]
    measured, baseline = made(dict.fromkeys(names, now)), made(dict.fromkeys(names, (now[0] - 1, now[1])), **there)
    files = tuple(FileCoverage(path, 9, now[0], 4, now[1], "1-5", "6-7", "", "2->4") for path in names)
    verdict = wording.regressed(names, baseline, measured, MeasuredCoverage(files, None, ("src",)), [])
    return verdict.outcome, verdict.line, verdict.details


@pytest.mark.parametrize(
    ("paths", "now", "has", "others"),
    [
        (1, (1, 0), "1 uncovered line or branch, tests/meta/baseline.json allows 0.", ""),
        (1, (2, 1), "3 uncovered lines and branches, tests/meta/baseline.json allows 2.", ""),
        (
            2,
            (2, 1),
            "3 uncovered lines and branches, tests/meta/baseline.json allows 2.",
            " 1 file more has too much.",
        ),
        (
            3,
            (2, 0),
            "2 uncovered lines and branches, tests/meta/baseline.json allows 1.",
            " 2 files more have too much.",
        ),
    ],
)
def test_the_line_has_the_worst_file_and_counts_the_others(
    paths: int, now: tuple[int, int], has: str, others: str
) -> None:
    assert regressed(paths, now)[:2] == (Outcome.FAILED, f"src/a.py has {has}{others}")


def test_the_worst_file_has_its_own_numbers() -> None:
    measured, baseline = made({"a.py": (9, 0), "b.py": (3, 0)}), made({"a.py": (4, 0), "b.py": (2, 0)})
    line = wording.regressed(["a.py", "b.py"], baseline, measured, MeasuredCoverage((), None), []).line
    assert line.startswith("a.py has 9 uncovered lines and branches, tests/meta/baseline.json allows 4.")


@pytest.mark.parametrize(("paths", "more"), [(1, ""), (8, ""), (9, "    and 1 more\n"), (10, "    and 2 more\n")])
def test_eight_files_are_shown_with_what_is_uncovered_and_an_entry_to_paste(paths: int, more: str) -> None:
    details = regressed(paths)[2]
    shown = PATHS[:paths][:8]
    rows = "".join(f"               2 + 1    1 + 1  {path}\n" for path in shown)
    assert f"    lines + branches  allowed  file\n{rows}\n" in details
    assert "".join(f"    {path}: 6-7, 2->4\n" for path in shown) + more in details
    assert "".join(f'    "{path}": {{"lines": 2, "branches": 1, "reason": ""}},\n' for path in shown) + more in details
    assert (details.count("more\n") == 0) is (paths <= 8)


@pytest.mark.parametrize("elsewhere", [{"python": "3.13"}, {"python": "3.10"}, {"system": "Windows"}])
def test_a_baseline_from_elsewhere_accuses_nobody(elsewhere: dict[str, str]) -> None:
    outcome, line, details = regressed(1, there=elsewhere)
    there = {**HERE, **elsewhere}
    assert outcome is Outcome.NOT_JUDGED
    assert f"from Python {there['python']} on {there['system']} and this is Python 3.11 on Linux" in line
    assert details.startswith("Judge where the baseline was made;")
    assert "What no test executes in them now:" in details


def test_two_changes_side_by_side_are_both_named() -> None:
    tightened = Tightened("src/a.py", "abc1", "Tests for a", Entry(3, 2, "why"), ("def2 Change a", "fed3 Change b"))
    baseline, measured = made({"src/a.py": (1, 0)}), made({"src/a.py": (2, 0)})
    details = wording.regressed(["src/a.py"], baseline, measured, MeasuredCoverage((), None), [tightened]).details
    assert (
        'Commit abc1 ("Tests for a") lowered the line of src/a.py, where\n5 had been allowed; commit def2 ("Change a")'
        in details
    )
    assert '    "src/a.py": {"lines": 3, "branches": 2, "reason": ""},\n' in details


@pytest.mark.parametrize(("count", "more"), [(1, ""), (2, " and 1 more"), (9, " and 8 more")])
def test_loosened_lines_are_named_and_shown_as_they_were(count: int, more: str) -> None:
    paths = PATHS[:count]
    before, baseline = made(dict.fromkeys(paths, (1, 0))), made(dict.fromkeys(paths[1:], (4, 2)))
    measured = made(dict.fromkeys(paths, (3, 0)))
    verdict = wording.without_reason(paths, before, baseline, measured)
    assert verdict.line == (
        f"tests/meta/baseline.json is laxer than where this branch began, without a new reason: src/a.py{more}."
    )
    assert "3 + 0  1 + 0  src/a.py" in verdict.details  # its line was taken out: what is measured counts
    assert ("4 + 2  1 + 0  src/b.py" in verdict.details) is (count > 1)
    assert '    "src/a.py": {"lines": 3, "branches": 0, "reason": ""},' in verdict.details
    assert "  src/i.py" not in verdict.details
    assert ("and 1 more" in verdict.details) is (count == 9)


def test_what_is_wrong_with_the_file_is_the_line_or_is_listed() -> None:
    one, two = wording.unusable(["it is empty"]), wording.unusable(["a is wrong", "b is wrong"])
    assert one.message == "tests/meta/baseline.json cannot be used: it is empty."
    assert (
        two.message
        == "tests/meta/baseline.json cannot be used: 2 things in it are wrong.\n\n    a is wrong\n    b is wrong"
    )
    assert wording.unusable(PATHS).details.splitlines()[-2:] == ["    src/h.py", "    and 2 more"]
    assert {one.outcome, two.outcome} == {Outcome.FAILED}


@pytest.mark.parametrize(("count", "said"), [(1, "src/a.py was"), (2, "src/a.py and 1 more were")])
def test_files_that_were_not_measured_are_counted(count: int, said: str) -> None:
    verdict = wording.unmeasured(PATHS[:count])
    assert verdict.line == f"{said} not measured, though there and in tests/meta/baseline.json."
    assert verdict.details.startswith("\n".join(f"    {path}" for path in PATHS[:count]) + "\n\nNext:")


def test_only_settings_that_differ_are_named() -> None:
    one = Baseline({}, {"branch": "on", "omit": "1", "source": "2"}, {"coverage": "7.6"})
    other = Baseline({}, {"branch": "off", "source": "2", "include": "3"}, {"coverage": "7.6"})
    line = "tests/meta/baseline.json was measured with other coverage settings than this run: branch, include, omit"
    assert wording.other_settings(one, other).line == f"{line}."
    for version in ("7.5", "7.7"):
        changed = other._replace(measured_with={"coverage": version})
        defaults = f"(or coverage.py's defaults: it was 7.6, and is {version})"
        assert wording.other_settings(one, changed).line == f"{line} {defaults}."


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, {}, " was made, with 0 files; commit it"),
        (None, {"a": (1, 0)}, " was made, with 1 file; commit it"),
        (None, {"a": (1, 0), "b": (0, 0)}, " was made, with 2 files; commit it"),
        ({"a": (1, 0)}, {"a": (1, 0)}, ": written anew; commit it"),
        ({"a": (1, 0)}, {"a": (0, 0), "b": (0, 0), "c": (0, 0)}, ": 1 file tightened, 2 files added; commit it"),
        ({"a": (1, 0), "b": (1, 0)}, {"a": (1, 0)}, ": 1 file dropped; commit it"),
    ],
)
def test_what_was_stored_is_counted(
    before: dict[str, tuple[int, int]] | None, after: dict[str, tuple[int, int]], said: str
) -> None:
    text = wording.stored(None if before is None else made(before), made(after))
    assert text == f"tests/meta/baseline.json{said}"


@pytest.mark.parametrize(
    ("baseline", "measured", "count", "stored"),
    [
        ({"a": (3, 1)}, {"a": (3, 1)}, 4, ""),
        ({"a": (3, 1)}, {"a": (1, 1)}, 2, "1 file better"),
        (
            {"a": (3, 1), "b": (0, 0), "c": (0, 0)},
            {"a": (3, 1), "d": (2, 0)},
            6,
            "1 file new, held to the floor, 2 files gone",
        ),
    ],
)
def test_a_pass_counts_what_is_uncovered_and_what_might_be_stored(
    baseline: dict[str, tuple[int, int]], measured: dict[str, tuple[int, int]], count: int, stored: str
) -> None:
    line = f"No file has more uncovered than tests/meta/baseline.json allows; {count} lines and branches are in all."
    to_be_stored = f" To be stored with --meta-accept: {stored}." if stored else ""
    assert wording.all_well(made(baseline), made(measured)) == line + to_be_stored
