"""`--meta-start-here`: an existing project is green on its first day, and from then on only tightens."""

from __future__ import annotations

import datetime
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meta_regime.extras.known_slow.entries import load_known_slow
from meta_regime.extras.start_here import standing
from meta_regime.extras.start_here.settings import CannotSetError, Setting, with_entries, with_settings
from meta_regime.policy import Policy, load_policy, parse_policy
from meta_regime.record import FileCoverage, MeasuredCoverage, SuiteRun
from meta_regime.verdict import Standards

from tests.in_git import Repository
from tests.ratcheting import BASELINE, PRICES, append, judge
from tests.ruled import HYGIENE, LAX, Ruled
from tests.sample import ALL_VERDICTS, BUDGET, COVERAGE, FLOOR, RATCHET, SLOW, copy_of, policy, session, write

POLICY = (Path(__file__).parent.parent / "{{cookiecutter.project_slug}}/tests/meta/policy.toml").read_text("utf-8")
STRICT = """\
[suite]
timeout_seconds = 1.9  # of a child run
[coverage]
# Per cent.
minimum = 90  # soon 95
module_floor = 80
changed_lines_minimum = 0
[performance]
suite_seconds = 0.01
ideal_seconds = 0.01
[slow_tests]
limit_seconds = 0.2
confirm_at_most = 0
"""
SLEEPING = "import time\n\n\ndef test_asleep():\n    time.sleep(0.3)\n"
RED = {BUDGET, COVERAGE, FLOOR, SLOW}
TODAY = datetime.date.today()
# What the suite of tests/ruled.py breaks.
BROKEN = {
    *("categories", "chosen-by-ci", "category-markers", "ci-expressions", "skip-reasons", "xfail-reasons"),
    *("xfail-strict", "strict-markers", "strict-config", "known-settings"),
}


@pytest.fixture
def existing(pristine_in_git: Path, tmp_path: Path) -> Repository:
    """A project under the regime, without a baseline, that meets hardly any of its standards."""
    repository = Repository(copy_of(pristine_in_git, tmp_path / "shop"), tmp_path)
    (repository.folder / BASELINE).unlink()
    policy(repository.folder, STRICT)
    write(repository.folder, {"tests/unit/test_asleep.py": SLEEPING})
    repository.commit(message="as it is")
    return repository


class TestAProject:
    def test_is_green_at_once_and_from_then_on_only_tightens(self, existing: Repository) -> None:
        before = judge(existing)
        assert {name for name, outcome in before.verdicts.items() if outcome == "failed"} == RED

        started = judge(existing, "--cov=src/shop", "--meta-start-here")
        assert started.verdicts == dict.fromkeys(ALL_VERDICTS, "passed"), started.text
        meta = existing.folder / "tests" / "meta"
        text = (meta / "policy.toml").read_text(encoding="utf-8")
        assert "# Per cent.\nminimum = 75.0  # soon 95\n" in text
        now = load_policy(meta / "policy.toml")
        assert now.coverage.floors == {PRICES: 75.0, "src/shop/unused.py": 0.0}
        assert now.performance.suite_seconds == int(now.performance.suite_seconds) >= 1
        assert now.suite.timeout_seconds == max(1.9, 2 * now.performance.suite_seconds)
        (entry,) = load_known_slow(meta / "known_slow.toml")
        assert entry.test == "tests/unit/test_asleep.py::test_asleep"
        assert entry.reason == f"adopted on {TODAY}"
        assert entry.until > TODAY + datetime.timedelta(days=80)
        for line in (
            "meta-tests: this project starts where it is.",
            "    [coverage] minimum = 75.0   (was 90)",
            f'    [coverage.floors] "{PRICES}" = 75.0   (was 80)',
            "  tests/meta/known_slow.toml",
            f"s, excused until {entry.until}",
            "meta-tests: tests/meta/baseline.json was made",
            "write the reasons into known_slow.toml if it is there, and commit tests/meta",
        ):
            assert line in started.text, line

        existing.commit(message="under the regime")
        assert judge(existing, ci=True).verdicts == dict.fromkeys(ALL_VERDICTS, "passed")
        append(existing, PRICES, "\n\ndef more():\n    return 2\n")
        write(existing.folder, {"tests/unit/test_asleep.py": SLEEPING + "    time.sleep(0.5)\n"})
        worse = judge(existing)
        assert {name for name, outcome in worse.verdicts.items() if outcome == "failed"} >= {RATCHET, SLOW}

        again = judge(existing, "--meta-start-here")
        assert again.status == 4
        assert "this project has started: tests/meta/baseline.json is there" in again.text
        assert "see tests/meta/README.md" in again.text

    def test_by_a_child_run_and_where_nothing_is_to_be_lowered(self, existing: Repository) -> None:
        policy(existing.folder, "[coverage]\nminimum = 70\nmodule_floor = 0\nchanged_lines_minimum = 0\n")
        started = judge(existing, "tests/meta", "--meta-start-here")
        assert started.verdicts == dict.fromkeys(ALL_VERDICTS, "passed"), started.text
        assert "meta-tests: this project meets its standards as they are." in started.text
        assert (existing.folder / BASELINE).exists()
        assert not (existing.folder / "tests/meta/known_slow.toml").exists()

    @pytest.mark.parametrize(
        ("typed", "files", "said"),
        [
            (["-k", "nothing", "--cov=src/shop"], {}, "partial run (-k nothing)"),
            ([], {}, "ran without --cov"),
            (["--cov=src/shop"], {"tests/unit/test_red.py": "def test_red():\n    assert False\n"}, "mend that first"),
            (
                ["--cov=src/shop"],
                {"tests/meta/policy.toml": 'coverage = {minimum = 90}\nx = """\n[coverage]\n"""\n'},
                "its settings are wrong, see above",
            ),
            (["--cov=src/shop"], {"tests/meta/policy.toml": "coverage = {minimum = 90}\n"}, "Set by hand:"),
        ],
        ids=["partial", "no coverage", "red", "settings", "inline"],
    )
    def test_writes_nothing_where_it_cannot_tell(
        self, existing: Repository, typed: list[str], files: dict[str, str], said: str
    ) -> None:
        write(existing.folder, files)
        before = (existing.folder / "tests/meta/policy.toml").read_bytes()
        refused = judge(existing, *typed, "--meta-start-here")
        line = refused.text.partition("--meta-start-here has written nothing: ")[2].partition("\nmeta-tests: ")[0]
        assert said in line, refused.text
        assert "Traceback" not in refused.text
        assert refused.status != 0
        assert (existing.folder / "tests/meta/policy.toml").read_bytes() == before
        assert not (existing.folder / BASELINE).exists()
        assert not (existing.folder / "tests/meta/known_slow.toml").exists()

    def test_excuses_the_rules_that_it_breaks(self, ruled: Ruled, tmp_path: Path) -> None:
        project = copy_of(ruled.project, tmp_path / "shop")
        policy(project, f'{LAX}{HYGIENE}not_tests = ["old/*"]\n[hygiene.excused]\none-place = "mine"\n')
        write(project, {"tests/unit/tests_[1].py": "def test_old(): ...\n"})
        started = session(project, "tests/meta", "--meta-start-here")
        assert set(started.of_the_regime.values()) == {"passed"}, started.text
        now = load_policy(project / "tests/meta/policy.toml").hygiene
        assert now.not_tests == ("old/*", "tests/unit/tests_[[]1].py")
        assert now.excused == {"one-place": "mine", **dict.fromkeys(sorted(BROKEN), f"adopted on {TODAY}")}
        assert f'    [hygiene.excused] categories = "adopted on {TODAY}"   (was asked for)' in started.text
        assert '(was ["old/*"])' in started.text

    def test_is_not_started_by_ci(self, existing: Repository) -> None:
        refused = judge(existing, "--meta-start-here", ci=True)
        assert refused.status == 4
        assert "--meta-start-here is for a person who reads what it writes; here CI is set" in refused.text


def run_with(*uncovered: int) -> tuple[SuiteRun, MeasuredCoverage]:
    files = tuple(FileCoverage(f"src/m{n}.py", 100, missing, 0, 0) for n, missing in enumerate(uncovered))
    coverage = MeasuredCoverage(files, None, ("src",))
    return SuiteRun(tests=(), coverage=coverage, seconds=437.2), coverage


class TestWhereItStands:
    def test_the_minimum_is_rounded_down_and_never_raised(self) -> None:
        _, coverage = run_with(1, 0, 0)
        assert standing.of_coverage(
            coverage, Standards(parse_policy({"coverage": {"minimum": 99.67, "target": 100}}))
        ) == [Setting("coverage", "minimum", 99.66, "99.67")]
        assert standing.of_coverage(coverage, Standards()) == []

    def test_fail_under_is_the_projects_own(self) -> None:
        files = (FileCoverage("a.py", 10, 9, 0, 0),)
        assert standing.of_coverage(MeasuredCoverage(files, 50.0, ("a",)), Standards()) == []

    def test_of_many_modules_the_floor_of_all_is_lowered(self) -> None:
        _, coverage = run_with(*([60] * 40), 95)
        below = [(file, 50.0) for file in coverage.files]
        (only,) = standing.of_modules(below, Standards())
        assert (only.key, only.value, only.was) == ("module_floor", 5.0, "50; 41 modules are below their floor")
        assert len(standing.of_modules(below[:40], Standards())) == 40

    def test_the_budget_is_what_it_takes(self) -> None:
        run, _ = run_with(0)
        (budget,) = standing.of_the_suite(run, Standards())
        assert (budget.key, budget.value) == ("suite_seconds", 440.0)
        short = Standards(parse_policy({"suite": {"timeout_seconds": 500}}))
        assert [each.value for each in standing.of_the_suite(run, short)] == [440.0, 880.0]


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(str.isprintable)
PERCENT = st.integers(0, 9000).map(lambda number: number / 100)


class TestText:
    BAKED = "".join(line for line in POLICY.splitlines(keepends=True) if "{{" not in line and "{%" not in line)

    @given(minimum=PERCENT, floors=st.dictionaries(NAMES, PERCENT, max_size=4), crlf=st.booleans(), mark=st.booleans())
    def test_exactly_what_was_wanted_is_set_and_the_rest_stays(
        self, minimum: float, floors: dict[str, float], crlf: bool, mark: bool
    ) -> None:
        text = ("\ufeff" if mark else "") + (self.BAKED.replace("\n", "\r\n") if crlf else self.BAKED)
        wanted = [Setting("coverage", "minimum", minimum, "")]
        wanted += [Setting("coverage.floors", name, floor, "") for name, floor in floors.items()]
        changed = with_settings(text, wanted)
        now = parse_policy(tomllib.loads(changed.removeprefix("\ufeff")))
        assert (now.coverage.minimum, dict(now.coverage.floors)) == (minimum, floors)
        rest = iter(changed.split("\n"))
        assert all(line in rest for line in text.split("\n"))  # nothing is lost, nor its order
        assert changed.count("\r\n") == (changed.count("\n") if crlf else 0)

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("", "\n[coverage]\nminimum = 5.5\n"),
            ("[coverage]", "[coverage]\nminimum = 5.5\n"),
            (
                "[coverage]\n# of all\n\ntarget = 90\n\n[suite]\n",
                "[coverage]\n# of all\n\ntarget = 90\nminimum = 5.5\n\n[suite]\n",
            ),
            ('["coverage"]\n"minimum"=80# why\n', '["coverage"]\n"minimum"=5.5# why\n'),
            ("[ coverage ]  # x\n  minimum =\t80.0\n", "[ coverage ]  # x\n  minimum =\t5.5\n"),
            (
                "[suite]\nminimum = 3\n[coverage.floors]\n",
                "[suite]\nminimum = 3\n[coverage.floors]\n\n[coverage]\nminimum = 5.5\n",
            ),
        ],
    )
    def test_however_it_is_written(self, before: str, after: str) -> None:
        assert with_settings(before, [Setting("coverage", "minimum", 5.5, "80")]) == after

    @pytest.mark.parametrize(
        "text", ["coverage = {minimum = 1}\n", "coverage.minimum = 1\n", "[coverage]\nminimum = [\n1]\n", "["]
    )
    def test_what_is_not_understood_is_left_to_a_person(self, text: str) -> None:
        with pytest.raises(CannotSetError, match=r"Set by hand:\n    \[coverage\] minimum = 5\.5"):
            with_settings(text, [Setting("coverage", "minimum", 5.5, "80")])

    @pytest.mark.parametrize(
        ("before", "after"),
        [("", "a\nb\n\nc\n"), ("x\r\n\r\n", "x\r\n\r\na\r\nb\r\n\r\nc\r\n"), ("x", "x\n\na\nb\n\nc\n")],
    )
    def test_entries_go_to_the_end_and_their_lines_end_as_the_others(self, before: str, after: str) -> None:
        assert with_entries(before, ["a\nb", "c"]) == after

    def test_a_list_of_words(self) -> None:
        text = with_settings("[hygiene]\nnot_tests = []  # none\n", [Setting("hygiene", "not_tests", ("a", "b"), "")])
        assert text == '[hygiene]\nnot_tests = ["a", "b"]  # none\n'
        assert parse_policy(tomllib.loads(text)) != Policy()
