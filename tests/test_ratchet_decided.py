"""The verdict on the ratchet, and what is stored of it, in a repository of two files, without a session."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from meta_regime.extras._accept import _SAID
from meta_regime.extras._git import where_it_left
from meta_regime.extras.ratchet import judging as ratchet
from meta_regime.extras.ratchet.baseline import Baseline, Entry
from meta_regime.extras.ratchet.judging import _named, as_measured, compared, has_not_regressed
from meta_regime.policy import Coverage, Policy
from meta_regime.record import FileCoverage, MeasuredCoverage, SuiteRun, TestTiming
from meta_regime.verdict import Outcome, Standards, Verdict

from tests.in_git import Repository
from tests.sample import write

NAME = "tests/meta/baseline.json"
A, B, C = "src/a.py", "src/b.py", "src/c.py"
Counts = dict[str, tuple[int, int]]
HELD = "No file has more uncovered than tests/meta/baseline.json allows; {} lines and branches are in all."


class Ground:
    """A repository. `judge` gives the verdict on uncovered lines and branches; `said`: what was stored, or why not."""

    def __init__(self, folder: Path) -> None:
        self.repository, self.root, self.said = (
            Repository(folder / "shop", folder / "outside"),
            folder / "shop",
            ("", ""),
        )
        self.config: Any = None
        write(self.root, {name: f"{name} = 1\n" * 9 for name in (A, B)})

    @property
    def entries(self) -> dict[str, Any]:
        rows: dict[str, Any] = json.loads((self.root / NAME).read_text(encoding="utf-8"))["files"]
        return {path: tuple(row.values()) for path, row in rows.items() if path != "~"}

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text(encoding="utf-8")
        assert old in text
        (self.root / path).write_text(text.replace(old, new), encoding="utf-8")

    def judge(self, counts: Counts | None, *, accept: bool = False, outcome: str = "passed") -> Verdict:
        where_it_left.cache_clear()
        judged = SimpleNamespace(facts=SimpleNamespace(meta=self.root / "tests" / "meta"))
        self.config = SimpleNamespace(
            rootpath=self.root,
            stash=pytest.Stash(),
            option=None,
            getoption=lambda _name, _default: accept,
            invocation_params=SimpleNamespace(dir=self.root),
            pluginmanager=SimpleNamespace(getplugin=lambda _: judged),
        )
        files = (FileCoverage(path, 9, lines, 4, more) for path, (lines, more) in (counts or {}).items())
        coverage = None if counts is None else MeasuredCoverage(tuple(files), None, ("src",))
        run = SuiteRun(tests=(TestTiming("a", 0, 0, 0, 0, outcome),), coverage=coverage, coverage_missing="no --cov")
        verdict = has_not_regressed(self.config, run, Standards(Policy(coverage=Coverage(compare_with=("main",)))))
        self.said = self.config.stash[_SAID][NAME]
        return verdict


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """A repository with a baseline, in which a branch has just begun."""
    ground = Ground(tmp_path)
    ground.repository.git("init", "--quiet", "--initial-branch", "main")
    assert ground.judge({A: (3, 1), B: (2, 0)}, accept=True).outcome is Outcome.PASSED
    assert ground.said == (f"{NAME} was made, with 2 files; commit it", "")
    ground.repository.commit(message="the baseline")
    ground.repository.git("checkout", "--quiet", "-b", "work")
    return ground


class TestJudging:
    def test_what_it_was_passes(self, ground: Ground) -> None:
        assert ground.judge({A: (3, 1), B: (2, 0)}) == Verdict(Outcome.PASSED, HELD.format(6))
        baseline, measured = compared(ground.config) or (None, None)
        assert baseline is not None
        assert measured is not None
        assert baseline.files == measured.files

    def test_one_line_more_fails(self, ground: Ground) -> None:
        verdict = ground.judge({A: (3, 2), B: (2, 0)})
        assert verdict.outcome is Outcome.FAILED
        assert verdict.line == f"{A} has 5 uncovered lines and branches, {NAME} allows 4."

    def test_without_coverage_nothing_is_judged_or_stored(self, ground: Ground) -> None:
        assert ground.judge(None, accept=True) == Verdict(Outcome.NOT_JUDGED, "not judged: no --cov")
        assert ground.said == ("", "no --cov")
        assert compared(ground.config) is None

    def test_without_a_baseline_nothing_is_judged(self, ground: Ground) -> None:
        (ground.root / NAME).unlink()
        assert ground.judge({A: (3, 1)}).line.startswith(f"not judged: there is no {NAME}")
        assert compared(ground.config) is None

    def test_what_was_not_measured_but_lies_there_fails(self, ground: Ground) -> None:
        assert ground.judge({A: (3, 1)}).line == f"{B} was not measured, though there and in {NAME}."
        (ground.root / B).unlink()
        assert ground.judge({A: (3, 1)}).outcome is Outcome.PASSED

    def test_all_that_is_wrong_is_told_the_most_telling_first(self, ground: Ground) -> None:
        write(ground.root, {C: "c = 1\n"})
        ground.edit(NAME, '"src/a.py": {"lines": 3', '"src/a.py": {"lines": 4')
        verdict = ground.judge({A: (9, 1), C: (0, 0)})
        assert verdict.line == f"{A} has 10 uncovered lines and branches, {NAME} allows 5."
        assert f"\n\n{NAME} is laxer than where this branch began, without a new reason: {A}.\n" in verdict.details
        assert f"\n\n{B} was not measured, though there and in {NAME}." in verdict.details
        assert verdict.details.count("Next: cover what was added.") == 1
        assert verdict.line not in verdict.details

    def test_where_git_cannot_tell_it_is_said(self, tmp_path: Path) -> None:
        ground = Ground(tmp_path)
        ground.judge({A: (3, 1)}, accept=True)
        said = "(Whether it has been loosened cannot be told: this is no git repository, or git is not installed.)"
        assert ground.judge({A: (3, 1)}) == Verdict(Outcome.PASSED, f"{HELD.format(4)} {said}")


class TestStoring:
    def test_what_is_better_is_stored_and_then_held(self, ground: Ground) -> None:
        assert ground.judge({A: (1, 1), B: (2, 0)}).line.endswith(" To be stored with --meta-accept: 1 file better.")
        assert ground.said == ("", "the baseline cannot be used")
        assert ground.entries == {A: (3, 1), B: (2, 0)}
        assert ground.judge({A: (1, 1), B: (2, 0)}, accept=True) == Verdict(Outcome.PASSED, HELD.format(4))
        assert ground.said == (f"{NAME}: 1 file tightened; commit it", "")
        assert ground.entries == {A: (1, 1), B: (2, 0)}
        ground.judge({A: (1, 1), B: (2, 0)}, accept=True)
        assert ground.said == (f"{NAME} is as it was", "")

    def test_nothing_is_stored_after_a_failure(self, ground: Ground) -> None:
        ground.judge({A: (1, 1), B: (2, 0)}, accept=True, outcome="failed")
        assert ground.said == ("", "tests of the suite failed")
        assert ground.entries[A] == (3, 1)

    def test_a_line_that_was_taken_out_is_what_it_was(self, ground: Ground) -> None:
        ground.edit(NAME, '"src/a.py": {"lines": 3, "branches": 1},\n', "")
        assert (
            f"is laxer than where this branch began, without a new reason: {A}."
            in ground.judge({A: (9, 1), B: (2, 0)}).line
        )
        assert ground.judge({A: (9, 1), B: (2, 0)}, accept=True).outcome is Outcome.FAILED
        assert ground.entries == {A: (3, 1), B: (2, 0)}

    def test_the_line_of_what_was_not_measured_stays(self, ground: Ground) -> None:
        assert ground.judge({A: (1, 1)}, accept=True).outcome is Outcome.FAILED
        assert ground.entries == {A: (1, 1), B: (2, 0)}

    def test_what_cannot_be_written_fails(self, ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(ratchet, "write_whole", full)
        verdict = ground.judge({A: (1, 1), B: (2, 0)}, accept=True)
        assert verdict == Verdict(Outcome.FAILED, f"{NAME} could not be written: No space left on device.")

    def test_timings_alone_are_no_baseline_and_are_kept(self, ground: Ground) -> None:
        text = '{"format": 1, "timings": {"x": {".": {"(work)": [1, 1]}}}, "files": {}}'
        (ground.root / NAME).write_text(text, encoding="utf-8")
        assert ground.judge({A: (3, 1), B: (2, 0)}).outcome is Outcome.NOT_JUDGED
        assert ground.judge({A: (3, 1), B: (2, 0)}, accept=True).outcome is Outcome.PASSED
        assert ground.said == (f"{NAME} was made, with 2 files; commit it", "")
        assert json.loads((ground.root / NAME).read_text(encoding="utf-8"))["timings"]["x"]["."]["(work)"] == [1, 1]

    def test_other_settings_are_not_compared(self, ground: Ground) -> None:
        ground.edit(NAME, '"branch": "on"', '"branch": "off"')
        verdict = ground.judge({A: (9, 9), B: (9, 9)}, accept=True)
        assert verdict.line == f"{NAME} was measured with other coverage settings than this run: branch."
        assert ground.entries[A] == (3, 1)

    @pytest.mark.parametrize("way", ["bytes that are no text", "a link"])
    def test_what_cannot_be_read_is_no_baseline(self, way: str, ground: Ground) -> None:
        if way == "a link":
            (ground.root / NAME).rename(ground.root / "elsewhere.json")
            (ground.root / NAME).symlink_to(ground.root / "elsewhere.json")
        else:
            (ground.root / NAME).write_bytes(b'{"format": 1, "about": "\xff"}')
        verdict = ground.judge({A: (3, 1), B: (2, 0)}, accept=True)
        assert verdict.outcome is Outcome.FAILED
        assert verdict.line.startswith(f"{NAME} cannot be used: ")


class TestConflicts:
    @pytest.fixture
    def conflict(self, ground: Ground) -> Ground:
        a = '"src/a.py": {"lines": 3, "branches": 1},\n'
        sides = a.replace("3", "1"), a.replace('"branches": 1', '"branches": 0')
        ground.edit(NAME, a, "<<<<<<< ours\n{}=======\n{}>>>>>>> theirs\n".format(*sides))
        return ground

    def test_it_is_named(self, conflict: Ground) -> None:
        verdict = conflict.judge({A: (2, 0), B: (2, 0)})
        assert verdict.outcome is Outcome.FAILED
        assert verdict.line.startswith(f"{NAME} cannot be used: it holds a merge conflict;")

    def test_of_each_line_the_stricter_side_is_taken(self, conflict: Ground) -> None:
        assert conflict.judge({A: (1, 1), B: (2, 0)}, accept=True).outcome is Outcome.PASSED
        assert conflict.entries == {A: (1, 1), B: (2, 0)}

    @pytest.mark.parametrize("ours", [True, False])
    def test_of_two_settings_the_side_that_was_measured_so_is_taken(self, ground: Ground, *, ours: bool) -> None:
        lines = '"branches": 1},\n"src/b.py": {"lines": 2'
        text = (ground.root / NAME).read_text(encoding="utf-8")
        other = text.replace('"branch": "on"', '"branch": "off"').replace(lines, lines.replace("2", "1"))
        sides = (text, other) if ours else (other, text)
        (ground.root / NAME).write_text("<<<<<<< ours\n{}=======\n{}>>>>>>> theirs\n".format(*sides), encoding="utf-8")
        assert ground.judge({A: (3, 1), B: (2, 0)}, accept=True).outcome is Outcome.PASSED
        assert ground.entries == {A: (3, 1), B: (2, 0)}


class TestHistory:
    def test_a_line_follows_its_file(self, ground: Ground) -> None:
        (ground.root / A).rename(ground.root / C)
        assert ground.judge({B: (2, 0), C: (3, 1)}) == Verdict(Outcome.PASSED, HELD.format(6))
        assert ground.judge({B: (2, 0), C: (3, 2)}).line == f"{C} has 5 uncovered lines and branches, {NAME} allows 4."
        ground.repository.commit(message="renamed")
        assert ground.judge({B: (2, 0), C: (3, 2)}).line == f"{C} has 5 uncovered lines and branches, {NAME} allows 4."
        ground.judge({B: (2, 0), C: (3, 1)}, accept=True)
        assert ground.entries == {B: (2, 0), C: (3, 1)}
        ground.edit(NAME, '"src/c.py": {"lines": 3', '"src/c.py": {"lines": 4')
        assert ground.judge({B: (2, 0), C: (4, 1)}).line.endswith(f", without a new reason: {C}.")

    def test_two_lines_follow_their_files_each_its_own(self, ground: Ground) -> None:
        (ground.root / A).rename(ground.root / C)
        (ground.root / B).rename(ground.root / "src/d.py")
        assert ground.judge({C: (3, 1), "src/d.py": (2, 0)}) == Verdict(Outcome.PASSED, HELD.format(6))
        verdict = ground.judge({C: (3, 2), "src/d.py": (2, 1)})
        assert verdict.line.startswith(f"{C} has 5 uncovered lines and branches, {NAME} allows 4. 1 file more has")

    def test_a_line_does_not_follow_somebody_elses_file(self, ground: Ground) -> None:
        (ground.root / A).unlink()
        (ground.root / B).rename(ground.root / C)
        assert ground.judge({C: (2, 1)}).line == f"{C} has 3 uncovered lines and branches, {NAME} allows 2."

    def test_a_line_follows_over_several_commits_with_edits_between(self, ground: Ground) -> None:
        lines = [f"{letter * 40} = 1\n" for letter in "abcdefghi"]
        write(ground.root, {"Rates.py": "".join(lines)})
        same = {A: (3, 1), B: (2, 0)}
        ground.judge({**same, "Rates.py": (4, 0)}, accept=True)
        ground.repository.commit(message="rates")
        for number, (old, new) in enumerate((("Rates.py", "lib.py"), ("lib.py", "last.py"), ("last.py", "end.py"))):
            lines[3 * number : 3 * number + 3] = [f"{letter * 40} = 2\n" for letter in "xyz"]
            (ground.root / old).unlink()
            ground.repository.commit({new: "".join(lines)}, message=f"to {new}")
        assert ground.judge({**same, "end.py": (4, 0)}) == Verdict(Outcome.PASSED, HELD.format(10))

    def test_a_file_that_was_put_beside_takes_nobodys_line(self, ground: Ground) -> None:
        write(ground.root, {C: (ground.root / A).read_text(encoding="utf-8")})
        assert ground.judge({A: (3, 1), B: (2, 0), C: (5, 0)}).line.endswith(
            "--meta-accept: 1 file new, held to the floor."
        )

    def test_what_was_no_baseline_is_compared_with_nothing(self, ground: Ground) -> None:
        text = (ground.root / NAME).read_text(encoding="utf-8")
        ground.repository.git("checkout", "--quiet", "main")
        ground.repository.commit({NAME: "<<<<<<< a conflict"}, message="by mistake")
        ground.repository.git("checkout", "--quiet", "-b", "mended")
        (ground.root / NAME).write_text(text.replace('"lines": 3', '"lines": 4'), encoding="utf-8")
        assert ground.judge({A: (4, 1), B: (2, 0)}) == Verdict(Outcome.PASSED, HELD.format(7))

    def test_changes_made_side_by_side_are_named(self, ground: Ground) -> None:
        paths = [f"src/s{number}.py" for number in range(9)]
        write(ground.root, {path: f"{path} = 1\n" for path in paths})
        same = {A: (3, 1), B: (2, 0)}
        ground.judge({**same, **dict.fromkeys(paths, (4, 0))}, accept=True)
        ground.repository.commit(message="more files")
        assert "side by side" not in ground.judge({**same, **dict.fromkeys(paths, (5, 0))}).details
        ground.judge({**same, **dict.fromkeys(paths, (1, 0))}, accept=True)
        by = ground.repository.commit(message="tests for all")
        assert "side by side" not in ground.judge({**same, **dict.fromkeys(paths, (2, 0))}).details
        since = ground.repository.commit({path: f"{path} = 2\n" for path in paths}, message="change all")
        details = ground.judge({**same, **dict.fromkeys(paths, (2, 0))}).details
        assert details.count("If the two were made side by side") == 8
        assert f'Commit {by} ("tests for all") lowered the line of src/s0.py, where\n4 had been allowed;' in details
        assert f'commit {since} ("change all") has changed the file since.' in details
        assert '    "src/s0.py": {"lines": 4, "branches": 0, "reason": ""},\n' in details

    def test_whoever_lowered_another_line_is_not_named(self, ground: Ground) -> None:
        ground.judge({A: (1, 1), B: (2, 0)}, accept=True)
        by = ground.repository.commit(message="test a")
        ground.judge({A: (1, 1), B: (1, 0)}, accept=True)
        ground.repository.commit(message="test b")
        ground.repository.commit({A: "a = 2\n"}, message="change a")
        assert f'Commit {by} ("test a") lowered the line of {A}' in ground.judge({A: (3, 1), B: (1, 0)}).details

    @pytest.mark.parametrize("allowed", ['3, "branches": 1, "reason": "why"', '5, "branches": 1, "reason": "why"'])
    def test_whoever_lowered_nothing_is_not_named(self, allowed: str, ground: Ground) -> None:
        ground.edit(NAME, '"src/a.py": {"lines": 3, "branches": 1', f'"src/a.py": {{"lines": {allowed}')
        ground.repository.commit(message="a reason")
        ground.repository.commit({A: "a = 2\n"}, message="change it")
        verdict = ground.judge({A: (9, 1), B: (2, 0)})
        assert verdict.outcome is Outcome.FAILED
        assert "side by side" not in verdict.details


class TestWhatWasMeasured:
    def measured(self, root: Path, *sources: str, here: str = "", branches: int = 0, settings: str = "") -> Baseline:
        """Give what a run in a folder of the project has found in one file."""
        write(
            root, {"src/shop/a.py": "", "pyproject.toml": f"[tool.coverage.run]\n{settings}", "sub/pyproject.toml": ""}
        )
        files = (FileCoverage("src/shop/a.py", 9, 2, branches, branches),)
        config: Any = SimpleNamespace(rootpath=root, option=None, invocation_params=SimpleNamespace(dir=root / here))
        return as_measured(MeasuredCoverage(files, None, sources), config)

    def test_files_have_what_is_uncovered_of_them(self, tmp_path: Path) -> None:
        found = self.measured(tmp_path, "src", branches=3)
        assert found.files == {"src/shop/a.py": Entry(2, 3)}
        assert found.measured_with["python"] == ".".join(platform.python_version_tuple()[:2])
        assert found.measured_with["system"] == platform.system()

    @pytest.mark.parametrize(
        ("branches", "settings", "said"),
        [
            (1, "", "on"),
            (0, "branch = true", "on"),
            (1, "branch = true", "on"),
            (0, "branch = false", "off"),
            (0, "", "off"),
        ],
    )
    def test_branches_count_where_there_are_some_or_they_are_asked_for(
        self, branches: int, settings: str, said: str, tmp_path: Path
    ) -> None:
        assert self.measured(tmp_path, "src", branches=branches, settings=settings).settings["branch"] == said

    def test_sources_are_those_that_lie_there_in_whatever_order_from_wherever(self, tmp_path: Path) -> None:
        found = self.measured(tmp_path, "src/shop", "sub").settings["source"]
        assert found == self.measured(tmp_path, "sub", str(tmp_path / "src" / "shop")).settings["source"]
        assert found == self.measured(tmp_path, "src/shop", "sub", here="sub").settings["source"]
        assert found != self.measured(tmp_path, "src/shop").settings["source"]
        by_name = self.measured(tmp_path, "shop").settings["source"]
        assert by_name == self.measured(tmp_path, "shop", here="sub").settings["source"]
        assert by_name != found

    def test_only_settings_that_say_what_there_is_to_cover_count(self, tmp_path: Path) -> None:
        plain = self.measured(tmp_path, "src")
        assert plain.settings["omit"] == "none"
        assert self.measured(tmp_path, "src", settings='context = "x"\nparallel = true').settings == plain.settings
        omitting = self.measured(tmp_path, "src", settings='omit = ["b.py", "/home/me/x.py"]')
        assert omitting.settings["omit"] not in (
            "none",
            self.measured(tmp_path, "src", settings='omit = ["c.py"]').settings["omit"],
        )
        assert omitting.settings == self.measured(tmp_path, "src", settings='omit = ["b.py"]').settings

    def test_a_digest_is_the_same_in_every_version_so_that_baselines_stay_comparable(self, tmp_path: Path) -> None:
        assert self.measured(tmp_path, "src").settings["source"] == "8a5ddc82"

    def test_a_setting_that_this_coverage_py_does_not_know_is_passed_over(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ratchet, "_SETTINGS", "run:omit run:of_another_version report:omit")
        assert list(self.measured(tmp_path, "src").settings) == ["branch", "source", "omit", "report_omit"]

    def test_files_outside_the_project_have_the_same_name_everywhere(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        outer, inner = tmp_path / "lib", tmp_path / "lib" / "site-packages"
        monkeypatch.setattr("sys.path", ["relative", str(inner), str(outer)])
        assert _named("src/a.py") == "src/a.py"
        assert _named(str(inner / "shop" / "a.py")) == "shop/a.py"
        assert _named(str(outer / "other.py")) == "other.py"
        assert _named(str(tmp_path / "x.py")) == str(tmp_path / "x.py")
