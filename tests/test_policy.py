"""policy.toml: what is wrong is said all at once, with its key and with what would be right."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meta_regime import policy as policy_module
from meta_regime.policy import Policy, PolicyError, load_policy, parse_policy


def problems_of(text: str, folder: Path) -> list[str]:
    path = folder / "policy.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    return caught.value.problems


def test_an_empty_text_is_an_expression_that_chooses_all_and_nothing_else() -> None:
    assert parse_policy({"hygiene": {"ci_expressions": [""]}}).hygiene.ci_expressions == ("",)
    with pytest.raises(PolicyError, match=r"categories = .*: must be a list of strings"):
        parse_policy({"hygiene": {"categories": [""]}})


def test_an_empty_policy_has_the_defaults_of_the_design(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.touch()
    policy = load_policy(path)
    assert policy == Policy()
    assert (policy.coverage.minimum, policy.coverage.target, policy.coverage.module_floor) == (80, 90, 50)
    assert (policy.performance.suite_seconds, policy.performance.ideal_seconds) == (120, 60)
    assert (policy.slow_tests.limit_seconds, policy.suite.timeout_seconds) == (10, 1800)
    assert (policy.suite.args, policy.suite.packages, policy.hygiene.categories) == ((), ("auto",), ())


def test_an_ideal_that_is_the_budget_and_a_target_that_is_the_minimum_are_fine() -> None:
    policy = parse_policy({"performance": {"ideal_seconds": 120}, "coverage": {"minimum": 90}})
    assert policy.performance.ideal_seconds == policy.performance.suite_seconds == 120
    assert policy.coverage.target == policy.coverage.minimum == 90


def test_values_are_read_and_frozen() -> None:
    policy = parse_policy(
        {
            "suite": {"args": ["-m", "unit"], "packages": ["shop"]},
            "coverage": {"minimum": 64, "floors": {"src/shop/billing/**": 95}},
        }
    )
    assert policy.suite.args == ("-m", "unit")
    assert policy.coverage.minimum == 64.0
    assert policy.coverage.floors == {"src/shop/billing/**": 95.0}
    with pytest.raises(AttributeError):
        policy.coverage.minimum = 0.0  # type: ignore[misc]


def test_everything_wrong_is_reported_at_once(tmp_path: Path) -> None:
    problems = problems_of(
        """
        [suite]
        args = "-m unit"
        [coverage]
        minimun = 80
        minimum = 180
        target = "90"
        floors = 5
        [performance]
        suite_seconds = 0
        ideal_seconds = true
        [slow_test]
        limit_seconds = 1
        """,
        tmp_path,
    )
    assert problems == [
        'policy.toml: [suite] args = \'-m unit\': must be a list of strings, as in ["one", "two"]',
        "policy.toml: [coverage] minimun is unknown; did you mean minimum?",
        "policy.toml: [coverage] minimum = 180: must be between 0 and 100 per cent",
        "policy.toml: [coverage] target = '90': must be a number of per cent, without quotes",
        'policy.toml: [coverage] floors: must be a table of globs, as in [coverage.floors] "src/pkg/billing/**" = 95',
        "policy.toml: [performance] suite_seconds = 0: must be more than 0 seconds",
        "policy.toml: [performance] ideal_seconds = True: must be a number of seconds, without quotes",
        "policy.toml: [slow_test] is unknown; did you mean slow_tests?",
    ]


# Of each number: its default, from what on it is taken (itself not, if "above"), and up to what.
NUMBERS = {
    ("suite", "timeout_seconds"): (1800, "above 0", None),
    ("coverage", "minimum"): (80, "0", 100),
    ("coverage", "target"): (90, "0", 100),
    ("coverage", "module_floor"): (50, "0", 100),
    ("coverage", "changed_lines_minimum"): (80, "0", 100),
    ("performance", "suite_seconds"): (120, "above 0", None),
    ("performance", "ideal_seconds"): (60, "above 0", None),
    ("performance", "tolerance_percent"): (25, "0", None),
    ("performance", "slowdown_percent"): (10, "0", None),
    ("slow_tests", "limit_seconds"): (10, "above 0", None),
    ("slow_tests", "tolerance_percent"): (25, "0", None),
    ("slow_tests", "confirm_at_most"): (5, "0", None),
    ("slow_tests", "confirm_seconds"): (120, "0", None),
    ("hygiene", "sleep_seconds"): (0.1, "0", None),
    ("fast_tests", "breaker_failures"): (3, "1", None),
    ("fast_tests", "breaker_seconds"): (0.05, "above 0", 60),
}


def test_every_number_has_its_default_and_its_bounds() -> None:
    declared = [
        (name, key)
        for name in Policy._fields
        for key, value in getattr(Policy(), name)._asdict().items()
        if type(value) is float
    ]
    assert declared == list(NUMBERS)
    assert {key for _, key in declared} | {"floors"} == policy_module.NUMBERS.keys()
    assert [getattr(getattr(Policy(), table), key) for table, key in declared] == [row[0] for row in NUMBERS.values()]


@pytest.mark.parametrize(("table", "key"), NUMBERS)
def test_a_number_is_taken_up_to_its_bounds(table: str, key: str) -> None:
    def refused(value: float) -> bool:
        try:
            parse_policy({table: {key: value}})
        except PolicyError as error:
            return "must be" in str(error)
        return False

    _, low, high = NUMBERS[table, key]
    lowest = float(low.split()[-1])
    assert refused(lowest) is low.startswith("above")
    assert refused(lowest - 0.001)
    assert not refused(lowest + 0.001)
    assert refused(1e9) is (high is not None)
    assert high is None or (refused(high + 0.001) and not refused(high))


@pytest.mark.parametrize("floor", [0, 100])
def test_a_floor_is_from_0_to_100_per_cent(floor: int) -> None:
    assert parse_policy({"coverage": {"floors": {"a": floor}}}).coverage.floors == {"a": floor}
    with pytest.raises(PolicyError, match=r'floors "a" = .*: must be between 0 and 100 per cent$'):
        parse_policy({"coverage": {"floors": {"a": floor + (0.001 if floor else -0.001)}}})


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[performance]\nideal_seconds = 200", "ideal_seconds = 200 is over the budget, suite_seconds = 120"),
        ("[coverage]\nminimum = 95", "target = 90 is below minimum = 95"),
        ("[suite]\npackages = []", "packages is empty"),
        ('[suite]\npackages = ["auto", "shop"]', 'either ["auto"] or names'),
        ("[coverage]\nminimum = nan", "minimum = nan: must be a finite number of per cent"),
        ("[coverage]\nminimum = -inf", "minimum = -inf: must be a finite number of per cent"),
        ("[coverage]\nminimum = -1e300", "must be a finite number of per cent"),
        ("[slow_tests]\nlimit_seconds = 1e300", "must be a finite number of seconds"),
        ("[zzz]\na = 1", "[zzz] is unknown; known are: suite, coverage, performance, slow_tests, hygiene, fast_tests"),
        ("[coverage]\nminimum = -1", "must be between 0 and 100 per cent"),
        ('[coverage.floors]\n"src/**" = 101', 'floors "src/**" = 101: must be between 0 and 100'),
        ("[slow_tests]\nlimit_seconds = inf", "must be a finite number of seconds"),
        ("coverage = 80", "coverage must be a table: write [coverage] on a line of its own"),
        ("[coverage\nminimum = 80", "is not valid TOML: "),
        ("[coverage]\nminimum = 80\nminimum = 81", "is not valid TOML: "),
    ],
)
def test_one_thing_wrong(text: str, part: str, tmp_path: Path) -> None:
    (problem,) = problems_of(text, tmp_path)
    assert part in problem
    assert problem.startswith("policy.toml")


def test_a_file_that_is_missing_or_not_text_is_a_problem_not_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"policy\.toml is missing"):
        load_policy(tmp_path / "policy.toml")
    (tmp_path / "policy.toml").write_bytes(b"\xff\xfe\x00binary")
    with pytest.raises(PolicyError, match="is not UTF-8 text"):
        load_policy(tmp_path / "policy.toml")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(tmp_path / "folder.toml")


def test_a_conflict_is_told_from_other_faults(tmp_path: Path) -> None:
    (conflict,) = problems_of("[coverage]\n<<<<<<< before updating\nminimum = 1\n", tmp_path)
    assert conflict.startswith("policy.toml has a conflict of an update or a merge in it: ")
    (conflict,) = problems_of("<<<<<<< before updating\n", tmp_path)
    assert "has a conflict" in conflict
    (fault,) = problems_of("[coverage\n", tmp_path)
    assert fault.startswith("policy.toml is not valid TOML: ")


def test_what_cannot_be_read_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (deep,) = problems_of(f"a = {'[' * 100_000}", tmp_path)
    assert deep.startswith("policy.toml is not valid TOML: ")
    (tmp_path / "link.toml").symlink_to(tmp_path / "policy.toml")
    with pytest.raises(
        PolicyError, match=r"^link\.toml cannot be read: it is a link, a folder or a device, not a file$"
    ):
        load_policy(tmp_path / "link.toml")

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(PolicyError, match=r"^policy\.toml cannot be read: Permission denied$"):
        load_policy(tmp_path / "policy.toml")


@pytest.mark.parametrize("excused", [[], "strict-markers", {"strict-markers": ""}, {"a": "why", "b": " "}, {"a": 1}])
def test_what_is_excused_has_a_reason_in_words(excused: object) -> None:
    assert parse_policy({"hygiene": {"excused": {"a": "why"}}}).hygiene.excused == {"a": "why"}
    with pytest.raises(PolicyError, match=r"^policy\.toml: \[hygiene\] excused: must be a table of reasons"):
        parse_policy({"hygiene": {"excused": excused}})


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(b"\xef\xbb\xbf[coverage]\r\nminimum = 70\r\n")
    assert load_policy(path).coverage.minimum == 70


toml_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(["minimum", "target", "floors", "args", "packages", "suite_seconds", "categories"]) | st.text()
tables = st.sampled_from(["suite", "coverage", "performance", "slow_tests", "hygiene"]) | st.text()


@given(st.dictionaries(tables, st.dictionaries(keys, toml_values, max_size=4) | toml_values, max_size=4))
def test_whatever_is_written_there_it_is_a_policy_or_a_policy_error(document: dict[str, object]) -> None:
    problems: list[str] = []
    policy = Policy()
    try:
        policy = parse_policy(document)
    except PolicyError as error:
        problems = error.problems or [""]
    assert all(problem.startswith("policy.toml: ") for problem in problems)
    assert 0 <= policy.coverage.minimum <= policy.coverage.target <= 100
    assert 0 < policy.performance.ideal_seconds <= policy.performance.suite_seconds < math.inf
