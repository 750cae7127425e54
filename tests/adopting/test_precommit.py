from __future__ import annotations

import re

import pytest
from meta_regime.adopting.edits import Problem
from meta_regime.adopting.precommit import ENTRY, TYPES_LINE, with_hook

OURS = ENTRY
INDENTED = "".join(f"  {line}\n" for line in ENTRY.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        "repos:\n- repo: a  # v1\n  hooks: [{id: 'b'}]\n(0)",
        "repos:\n- repo: a\n  hooks:\n  - id: b\n    files: |\n      # no comment\n(0)\n# about ci\nci: x\n",
        "x: &a {rev: 1}\nrepos:\n  - repo: a\n    <<: *a\n    hooks:\n      - id: b\n      # - id: c\n(2)  # d\n",
        "---\nrepos:\n  - {repo: a, hooks: []}\n(2)...\n",
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_hook_comes_last_in_the_list_and_all_else_stays(text: str, newline: str) -> None:
    before = text.replace("(0)", "").replace("(2)", "").replace("\n", newline)
    after, remarks = with_hook(before)
    text = re.sub(r"^repos:", f"{TYPES_LINE}\nrepos:", text, flags=re.MULTILINE)
    assert after == text.replace("(0)", OURS).replace("(2)", INDENTED).replace("\n", newline)
    assert "pre-commit install --hook-type pre-push" in remarks[0]
    assert with_hook(after) == (after, [])


def test_blank_lines_between_repositories_and_a_missing_end() -> None:
    before = "default_install_hook_types: [pre-push]\nrepos:\n  - repo: a\n    hooks: []\n\n  - repo: b\n    hooks: []"
    after, remarks = with_hook(before)
    assert after == f"{before}\n\n{INDENTED}"
    assert remarks == []


def test_types_of_hooks_that_are_named_stay_the_users() -> None:
    before = "default_install_hook_types: [commit-msg]\nrepos:\n- repo: a\n  hooks: []\n"
    after, remarks = with_hook(before)
    assert after == before + OURS
    assert "add pre-push to default_install_hook_types, or the hook never runs" in remarks[0]
    assert "pre-commit install" in remarks[1]


@pytest.mark.parametrize(
    "text",
    [
        "repos:\n- repo: x\n  hooks:\n  - id: validate-minimum-coverage\n",
        "repos:\n- repo: local\n  hooks:\n  - id: mine\n    entry: pytest tests/meta\n",
    ],
)
def test_a_hook_that_is_there_is_enough(text: str) -> None:
    assert with_hook(text) == (text, [])


@pytest.mark.parametrize("text", ["repos: []\n", "repos: [{repo: a, hooks: []}]\n", "ci: 1\n", "repos: 3\n"])
def test_what_is_not_a_list_in_lines_is_left_to_the_user(text: str) -> None:
    after, remarks = with_hook(text)
    assert after == text
    assert "- repo: local\n  hooks:\n" in remarks[0]


def test_an_alias_to_the_list_is_not_mistaken_for_it() -> None:
    text = "x: &a\n- repo: a\n  hooks: []\nrepos: *a\n"
    after, remarks = with_hook(text)
    assert after == text
    assert remarks


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("repos:\n\t- a\n", ".pre-commit-config.yaml:2: not valid YAML"),
        ("repos: [\n", ".pre-commit-config.yaml:2: not valid YAML"),
        ("a: *b\n", "not valid YAML"),
        ("a: 1\n---\nb: 2\n", "not valid YAML"),
        ("", "not a table"),
        ("- a\n", "not a table"),
    ],
)
def test_what_is_not_yaml_is_a_problem(text: str, said: str) -> None:
    with pytest.raises(Problem) as caught:
        with_hook(text)
    assert said in str(caught.value)


def test_it_copes_with_5000_lines() -> None:
    before = "repos:\n" + "- repo: a\n  hooks:\n  - id: b\n" * 1700
    assert with_hook(before)[0] == f"{TYPES_LINE}\n{before}{OURS}"
