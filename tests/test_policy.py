"""policy.toml: what is wrong is said all at once, with its key and with what would be right."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
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


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[performance]\nideal_seconds = 200", "ideal_seconds = 200 is over the budget, suite_seconds = 120"),
        ("[coverage]\nminimum = 95", "target = 90 is below minimum = 95"),
        ("[suite]\npackages = []", "packages is empty"),
        ('[suite]\npackages = ["auto", "shop"]', 'either ["auto"] or names'),
        ("[coverage]\nminimum = nan", "minimum = nan: must be a finite number of per cent"),
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
