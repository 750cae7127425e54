"""Whatever text is answered, the hook refuses it in plain words, or what it accepts makes a valid policy."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from cookiecutter.utils import create_env_with_context  # type: ignore[import-untyped]
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.baking import ANSWERS, PAYLOAD, ROOT, ask, complaints, tree

if TYPE_CHECKING:
    from pathlib import Path

ANY_TEXT = st.one_of(
    st.text(max_size=20),
    st.text(alphabet="'\"\\{}%#\n\r\0nrux.-_/019", max_size=12),
    st.sampled_from(["auto", "80", "080", ".", "x" * 300, PAYLOAD]),
)


@settings(
    max_examples=40,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(answers=st.fixed_dictionaries(dict.fromkeys(ANSWERS, ANY_TEXT)), existing=st.booleans())
def test_no_text_makes_the_hook_fall_over(answers: dict[str, str], existing: bool, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir(exist_ok=True)
    answers["starting_point"] = "existing project" if existing else "new project"

    done = ask("pre_gen_project.py", answers, here)

    assert done.returncode == (1 if complaints(done.stderr) else 0)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert tree(here) == {}


@settings(
    max_examples=40,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    minimum=st.from_regex(r"\A[0-9]{1,3}(\.[0-9]{1,9})?\Z"),
    suite=st.from_regex(r"\A[0-9]{1,9}(\.[0-9]{1,9})?\Z"),
    slow=st.from_regex(r"\A[0-9]{1,3}(\.[0-9]{1,9})?\Z"),
)
def test_numbers_that_are_accepted_make_a_valid_policy(minimum: str, suite: str, slow: str, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir(exist_ok=True)
    answers = {**ANSWERS, "minimum_coverage": minimum, "suite_seconds": suite, "slow_test_seconds": slow}
    accepted = ask("pre_gen_project.py", answers, here).returncode == 0

    right = float(minimum) <= 100 and 0 < float(slow) <= float(suite)

    assert accepted == right
    if accepted:
        source = (ROOT / "{{cookiecutter.project_slug}}/tests/meta/policy.toml").read_text(encoding="utf-8")
        rendered = create_env_with_context({}).from_string(source).render(cookiecutter=answers)
        policy = tomllib.loads(rendered)
        assert policy["coverage"]["minimum"] == float(minimum)
        assert policy["coverage"]["target"] == max(90, float(minimum))
        assert policy["coverage"]["module_floor"] == min(50, float(minimum))
        assert policy["performance"]["suite_seconds"] == float(suite)
        assert policy["performance"]["ideal_seconds"] == float(suite) / 2
        assert policy["slow_tests"]["limit_seconds"] == float(slow)
        assert policy["suite"]["timeout_seconds"] >= max(1800, 2 * float(suite))
