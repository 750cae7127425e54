from __future__ import annotations

import pytest
from meta_regime.adopting.edits import Problem
from meta_regime.adopting.gitlab import BY_HAND, JOBS, with_include

ITEM = f"- local: {JOBS}\n"
ADDED = f"\ninclude:\n  {ITEM}"
JOB = "build:\n  script:\n    - !reference [.setup, script]  # shared\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ADDED[1:]),
        ("# nothing yet\n", f"# nothing yet\n{ADDED}"),
        (JOB.rstrip("\n"), JOB + ADDED),
        (f"---\n{JOB}", f"---\n{JOB}{ADDED}"),
        (f"include:\n- local: a.yml  # first\n\n{JOB}", f"include:\n- local: a.yml  # first\n{ITEM}\n{JOB}"),
        (
            f"include:\n  - template: A.yml\n\n  - project: b\n    file: [c, d]\n\n# jobs\n{JOB}",
            f"include:\n  - template: A.yml\n\n  - project: b\n    file: [c, d]\n\n  {ITEM}\n# jobs\n{JOB}",
        ),
        ("x: &x [1]\ny: *x\ninclude:\n  - a.yml", f"x: &x [1]\ny: *x\ninclude:\n  - a.yml\n  {ITEM}"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_it_is_the_last_that_is_included_and_all_else_stays(before: str, after: str, newline: str) -> None:
    text = before.replace("\n", newline)
    changed, remarks = with_include(text)
    assert (changed, remarks) == (after.replace("\n", newline if newline in text else "\n"), [])
    assert with_include(changed) == (changed, [])


@pytest.mark.parametrize(
    "text",
    [
        f"include: /{JOBS}\n",
        f"include:\n  local: {JOBS}\n",
        "include:\n  - local: .gitlab/*.yml\n",
        f"include: [a.yml, {{local: {JOBS}}}]\n",
        f"spec:\n  inputs: {{}}\n---\ninclude:\n  - local: {JOBS}\n",
    ],
)
def test_what_is_included_stays_as_it_is(text: str) -> None:
    assert with_include(text) == (text, [])


@pytest.mark.parametrize(
    "text",
    [
        "include: a.yml\n",
        "include: [a.yml]\n",
        "include:\n  local: a.yml\n",
        "x: &a\n- a.yml\ninclude: *a\n",
        f"spec:\n  inputs: {{}}\n---\n{JOB}",
        f"{JOB}...\n",
        "- a\n",
        "a\n",
        "{a: 1}\n",
        "include: &a\n- *a\n",
    ],
)
def test_what_has_another_shape_is_left_to_the_user(text: str) -> None:
    assert with_include(text) == (text, [BY_HAND])
    assert BY_HAND.endswith(f"add to its list `include`:\n- local: {JOBS}")


def test_what_is_not_yaml_is_a_problem() -> None:
    with pytest.raises(Problem, match=r"^\.gitlab-ci\.yml:2: not valid YAML"):
        with_include("a: 1\n\t- b\n")
