from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import tomlkit
from meta_regime.adopting.edits import Problem
from meta_regime.adopting.suite_guesses import (
    commands_in,
    measures_named_sources,
    packages_question,
    selection,
    with_suite,
)

from tests.adopting.test_adopt import adopt
from tests.baking import scrubbed_environment
from tests.sample import write

POLICY = '# Mine.\n[suite]\n# What selects it.\nargs = []\npackages = ["auto"]  # found\n\n[coverage]\nminimum = 80.0\n'


@pytest.mark.parametrize(
    ("name", "line", "expression"),
    [
        ("Makefile", "\tpytest -m unit", "unit"),
        (
            "Makefile",
            "\t$(BIN)/python -m pytest -q -m 'not slow and (a or b)' tests && echo done -m x",
            "not slow and (a or b)",
        ),
        ("Makefile", "\tpytest \\\n\t  -m unit", "unit"),
        ("Makefile", "\tpython -m pytest", ""),
        ("Makefile", "\tpytest -m $(MARKS)", ""),
        (".github/workflows/ci.yml", '      - run: pytest -m "not slow"', "not slow"),
        (".github/workflows/ci.yml", "        run: uv run pytest -n auto -m unit --cov=x", "unit"),
        (".github/workflows/ci.yml", "          pytest -m ${{ matrix.marks }}", ""),
        (".gitlab-ci.yml", "  script: [pytest -m unit]", "unit"),
        (".gitlab-ci.yml", "    - coverage run -m pytest", ""),
        ("tox.ini", "commands = pytest -m unit {posargs}", "unit"),
        ("tox.ini", "    pytest {posargs}", ""),
        ("noxfile.py", '    session.run("pytest", "-m", "unit")', "unit"),
        ("noxfile.py", '    session.run("pytest")', ""),
        ("noxfile.py", '    session.run("coverage", "run", "-m", "pytest", *posargs)', ""),
        ("pyproject.toml", "test = \"pytest -m 'not slow'\"", "not slow"),
        ("scripts/test.sh", "exec py.test -m unit", "unit"),
    ],
)
def test_commands_are_found(name: str, line: str, expression: str) -> None:
    (command,) = commands_in(name, f"# first\n{line}\n")
    assert (command.place, command.expression) == (f"{name}:2", expression)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Makefile", "# pytest -m unit"),
        ("Makefile", "pytest: lint"),
        ("Makefile", ".PHONY: pytest lint"),
        ("Makefile", "\tpip install pytest -m"),
        ("pyproject.toml", 'dev = ["pytest>=8"]'),
        ("pyproject.toml", '  "pytest",'),
        ("pyproject.toml", "[tool.pytest.ini_options]"),
        ("tox.ini", "    pytest"),
        ("tox.ini", "    pytest >= 8"),
        (".github/workflows/ci.yml", "      - name: run pytest -q"),
        (".github/workflows/ci.yml", "        run: pip install pytest pytest-cov"),
        ("noxfile.py", '    session.install("pytest")'),
    ],
)
def test_what_is_no_command_is_not_taken_for_one(name: str, line: str) -> None:
    assert commands_in(name, line) == []


def test_one_selection_everywhere_is_taken_and_more_are_asked() -> None:
    unit, slow, plain = (
        commands_in("Makefile", line) for line in ("\tpytest -m unit", "\tpytest -m 'not slow'", "\tpytest")
    )
    assert selection([*unit, *unit], []) == ("unit", None, [])
    assert selection(plain, []) == ("", None, [])
    assert selection(unit, ["-m", "not slow"]) == ("", None, [])
    sure, question, expressions = selection([*unit, *plain, *slow], [])
    assert (sure, expressions) == ("", ["unit", "not slow"])
    assert question is not None
    assert question.choices == (
        "all that plain pytest runs",
        'those that -m "unit" selects, as in Makefile:1',
        'those that -m "not slow" selects, as in Makefile:1',
    )


def test_packages_are_asked_only_if_there_are_several() -> None:
    assert packages_question([]) is None
    assert packages_question(["a"]) is None
    question = packages_question(["a", "b"])
    assert question is not None
    assert question.choices == ('all of them, as packages = ["auto"] finds them: a, b', "a", "b")


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({}, False),
        ({"pyproject.toml": '[tool.coverage.run]\nsource = ["a"]\n'}, True),
        ({"pyproject.toml": "[tool.coverage.run]\nbranch = true\n"}, False),
        ({".coveragerc": "[run]\nsource_pkgs = a\n"}, True),
        ({"setup.cfg": "[coverage:run]\nsource =\n  a\n"}, True),
        ({"tox.ini": "[coverage:run]\nbranch = true\n"}, False),
    ],
)
def test_coverages_own_settings_decide_what_is_measured(files: dict[str, str], named: bool) -> None:
    assert measures_named_sources(files.get) is named


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_policy_keeps_comments_and_order(newline: str) -> None:
    changed = with_suite(POLICY.replace("\n", newline), {"args": ["-m", "unit"], "packages": ["a"]})
    expected = POLICY.replace("args = []", 'args = ["-m", "unit"]').replace('"auto"', '"a"')
    assert changed == expected.replace("\n", newline)
    assert tomllib.loads(with_suite("", {"args": ["-m", "unit"]})) == {"suite": {"args": ["-m", "unit"]}}


def test_a_policy_that_cannot_be_changed_is_a_problem_that_says_what_to_write() -> None:
    with pytest.raises(Problem, match=r"write under \[suite\]: args = \['-m', 'unit'\]"):
        with_suite("suite = 3\n", {"args": ["-m", "unit"]})


@pytest.mark.parametrize("lost", ["# Mine.", "minimum = 80.0", '"unit"'])
def test_where_tomlkit_would_lose_something_the_user_gets_the_words(monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    real = tomlkit.TOMLDocument.as_string
    monkeypatch.setattr(tomlkit.TOMLDocument, "as_string", lambda self: real(self).replace(lost, ""))
    with pytest.raises(Problem, match=r"policy.toml cannot be changed by a program; write under \[suite\]: args"):
        with_suite(POLICY, {"args": ["-m", "unit"]})


@pytest.fixture
def ambiguous(project: Path) -> Path:
    """A project with two packages and two selections."""
    (project / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers --strict-config\nxfail_strict = true\n")
    packages = {"shop/__init__.py": "", "tools_of_ours/__init__.py": ""}
    write(
        project, {**packages, "Makefile": "test:\n\tpytest -m unit\nall:\n\tpytest\n", "tests/meta/policy.toml": POLICY}
    )
    return project


def policy(project: Path) -> dict[str, object]:
    return tomllib.loads((project / "tests" / "meta" / "policy.toml").read_text())["suite"]  # type: ignore[no-any-return]


def test_without_a_terminal_questions_are_listed_and_the_safe_answer_is_taken(ambiguous: Path) -> None:
    for mode in ("--check", "--yes"):
        lines = adopt(ambiguous, mode).stdout.splitlines()
        asked = [number for number, line in enumerate(lines) if line.startswith("question: ")]
        assert [lines[number : number + 4] for number in asked] == [
            [
                "question: coverage can be measured on 2 packages. Which are this project's? Not asked, so 1 is taken:",
                '    1. all of them, as packages = ["auto"] finds them: shop, tools_of_ours',
                "    2. shop",
                "    3. tools_of_ours",
            ],
            [
                "question: which tests are the suite that is judged? Not asked, so 1 is taken:",
                "    1. all that plain pytest runs",
                '    2. those that -m "unit" selects, as in Makefile:2',
                lines[asked[1] + 3],
            ],
        ]
    assert policy(ambiguous) == {"args": [], "packages": ["auto"]}


def test_on_a_terminal_it_asks_until_there_is_an_answer(ambiguous: Path) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    os.write(ours, b"4\nshop\n2\n2\ny\n")
    command = [sys.executable, str(ambiguous / "tests" / "meta" / "adopt.py")]
    done = subprocess.run(
        command, stdin=theirs, env=scrubbed_environment(), capture_output=True, text=True, check=False, timeout=60
    )
    os.close(ours)
    os.close(theirs)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("1-3 [1]: ") == 3
    assert policy(ambiguous) == {"args": ["-m", "unit"], "packages": ["shop"]}
    assert "question" not in adopt(ambiguous, "--check").stdout


def test_the_one_selection_of_a_project_is_taken_and_shown(ambiguous: Path) -> None:
    write(ambiguous, {"Makefile": "test:\n\tpytest -m unit\n", ".coveragerc": "[run]\nsource = shop\n"})
    done = adopt(ambiguous, "--yes")
    assert "question" not in done.stdout
    assert '+args = ["-m", "unit"]' in done.stdout
    adopt(ambiguous, "--undo")
    assert (ambiguous / "tests" / "meta" / "policy.toml").read_text() == POLICY


def test_a_policy_that_is_no_toml_is_a_problem(ambiguous: Path) -> None:
    write(ambiguous, {"tests/meta/policy.toml": "[suite\n"})
    done = adopt(ambiguous, "--yes")
    assert done.returncode == 2
    assert "tests/meta/policy.toml is not valid TOML" in done.stderr
