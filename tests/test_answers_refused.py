"""Answers that make no sense are refused, all of them at once, before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cookiecutter.exceptions import FailedHookException, OutputDirExistsException  # type: ignore[import-untyped]

from tests.baking import ANSWERS, PAYLOAD, Bake, ask, complaints, tree

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE_TEXT = {
    "double quote": 'a"b',
    "apostrophe": "a'b",
    "three quotes": 'a"""b',
    "three apostrophes": "a'''b",
    "injection": PAYLOAD,
    "backslash": "a\\",
    "windows path": "..\\evil",
    "newline": "a\nb",
    "newline at the end": "a\n",
    "carriage return": "a\rb",
    "emoji": "\N{SNAKE}",
    "letter beyond ASCII": "caf\N{LATIN SMALL LETTER E WITH ACUTE}",
    "space": "a b",
    "option": "-rf",
    "wildcard": "*",
    "markup": "<!--",
    "escape sequence": "\x1b[2J",
}
HOSTILE_SLUG = {
    **HOSTILE_TEXT,
    "hidden": ".git",
    "home": "~",
    "101 characters": "x" * 101,
    "absolute below": "ABSOLUTE",
    "beside": "../beside",
}
HOSTILE_PACKAGE = {
    **HOSTILE_TEXT,
    "empty": "",
    "dotted": "shop.api",
    "hyphen": "my-project",
    "digit first": "3d",
    "word of the language": "class",
    "constant": "None",
    "test": "test",
    "tests": "tests",
    "300 characters": "x" * 300,
    "absolute": "/etc/passwd",
    "parent": "..",
}
HOSTILE_NUMBER = {
    **HOSTILE_TEXT,
    "empty": "",
    "word": "many",
    "nan": "nan",
    "infinite": "inf",
    "exponent": "1e3",
    "sign": "-1",
    "plus": "+1",
    "comma": "1,5",
    "per cent sign": "80%",
    "unit": "10s",
    "hexadecimal": "0x10",
    "underscore": "1_000",
    "no digit before the point": ".5",
    "no digit after the point": "5.",
    "arabic digits": "\u0668\u0660",
    "superscript": "8\u00b2",
    "300 digits": "9" * 300,
}
REFUSED = [
    *[("project_slug", name, {"project_slug": text}) for name, text in HOSTILE_SLUG.items()],
    *[("package_name", name, {"package_name": text}) for name, text in HOSTILE_PACKAGE.items()],
    *[
        (answer, name, {answer: text})
        for answer in ("minimum_coverage", "suite_seconds", "slow_test_seconds")
        for name, text in HOSTILE_NUMBER.items()
    ],
    ("minimum_coverage", "over 100", {"minimum_coverage": "100.001"}),
    ("suite_seconds", "zero", {"suite_seconds": "0"}),
    ("slow_test_seconds", "zero", {"slow_test_seconds": "0.00"}),
    ("slow_test_seconds", "longer than the suite", {"slow_test_seconds": "11", "suite_seconds": "10.5"}),
    ("package_name", "no folder name to take it from", {"project_slug": "."}),
    ("package_name", "folder begins with a digit", {"project_slug": "3d"}),
    ("package_name", "folder ends with a hyphen", {"project_slug": "shop-"}),
    ("package_name", "folder is a word of the language", {"project_slug": "Class"}),
    ("package_name", "folder is the tests'", {"project_slug": "Tests"}),
    ("package_name", "folder is a module of Python's", {"project_slug": "json"}),
    ("package_name", "module of Python's", {"package_name": "statistics"}),
    ("package_name", "private", {"package_name": "_shop"}),
]


@pytest.mark.parametrize(
    ("answer", "answers"),
    [pytest.param(answer, answers, id=f"{answer}: {name}") for answer, name, answers in REFUSED],
)
def test_a_wrong_answer_is_named_and_nothing_is_left(
    answer: str, answers: dict[str, str], tmp_path: Path, bake: Bake, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    if answers.get("project_slug") == "ABSOLUTE":
        answers = {"project_slug": str(tmp_path / "absolute")}

    with pytest.raises(FailedHookException):
        bake(out, **answers)

    captured = capfd.readouterr()
    assert complaints(captured.err) == [answer]
    assert captured.out == ""
    assert tree(tmp_path) == {"out": None}


@pytest.mark.parametrize("slug", ["..", "", "./", "out", "../out", "/"])
def test_a_wrong_slug_leads_nowhere_even_with_overwriting_on(
    slug: str, tmp_path: Path, bake: Bake, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    (out / "out").mkdir(parents=True)
    (tmp_path / "precious.txt").write_text("mine")
    (out / "README.md").write_text("mine")
    (out / "out" / "README.md").write_text("mine")
    before = tree(tmp_path)

    with pytest.raises(FailedHookException):
        bake(out, flags="-f", project_slug=slug)

    assert complaints(capfd.readouterr().err) == ["starting_point" if slug == "out" else "project_slug"]
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("slug", "error"),
    [
        ("x" * 300, OSError),
        ("a\0b", ValueError),
        ("..", OutputDirExistsException),
        ("", OutputDirExistsException),
    ],
)
def test_slugs_that_cookiecutter_itself_dies_of_leave_nothing(
    slug: str, error: type[Exception], tmp_path: Path, bake: Bake
) -> None:
    with pytest.raises(error):
        bake(tmp_path / "out", project_slug=slug)

    assert tree(tmp_path) == {"out": None}


def test_a_slug_with_folders_leaves_no_file(tmp_path: Path, bake: Bake) -> None:
    # cookiecutter makes the folders before it asks the hook and removes the innermost. The hook cannot know
    # whether an empty folder above was the user's, so it stays.
    with pytest.raises(FailedHookException):
        bake(tmp_path / "out", project_slug="a/b/c")

    assert tree(tmp_path) == {"out": None, "out/a": None, "out/a/b": None}


def test_all_wrong_answers_are_reported_together(tmp_path: Path, bake: Bake, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(FailedHookException):
        bake(
            tmp_path,
            project_slug="my project",
            package_name="import",
            minimum_coverage="101",
            suite_seconds="soon",
            slow_test_seconds="0",
        )

    assert complaints(capfd.readouterr().err) == [
        "project_slug",
        "package_name",
        "minimum_coverage",
        "suite_seconds",
        "slow_test_seconds",
    ]


def test_a_message_says_which_answer_what_is_wrong_and_what_is_right(
    tmp_path: Path, bake: Bake, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(FailedHookException):
        bake(tmp_path, minimum_coverage="80%", project_slug="3d")

    package, minimum = [line for line in capfd.readouterr().err.splitlines() if line.startswith("meta-tests")]
    assert package == (
        "meta-tests: package_name: 'auto' takes '3d' from project_slug, which cannot name a new package: "
        "letters first, no '_' last. Give package_name, such as my_project."
    )
    assert minimum == (
        "meta-tests: minimum_coverage: '80%' must be a number of per cent from 0 to 100, such as 80 or 82.5."
    )


def test_an_existing_project_that_is_not_there_is_refused(
    tmp_path: Path, bake: Bake, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(FailedHookException):
        bake(tmp_path, starting_point="existing project", project_slug="typo")

    assert "meta-tests: project_slug: there is no project in 'typo'. Go into the existing" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["starting_point", "ci"])
def test_a_replayed_choice_that_does_not_exist_is_refused(name: str, tmp_path: Path) -> None:
    tmp_path.joinpath("here").mkdir()

    done = ask("pre_gen_project.py", {**ANSWERS, name: "old choice"}, tmp_path / "here")

    assert (done.returncode, complaints(done.stderr), done.stdout) == (1, [name], "")


def test_missing_answers_are_named(tmp_path: Path) -> None:
    tmp_path.joinpath("here").mkdir()

    done = ask("pre_gen_project.py", {}, tmp_path / "here")

    assert done.returncode == 1
    assert complaints(done.stderr) == [
        "project_slug",
        "package_name",
        "minimum_coverage",
        "suite_seconds",
        "slow_test_seconds",
        "starting_point",
        "ci",
    ]


def test_an_unknown_choice_stops_before_anything_is_written(tmp_path: Path, bake: Bake) -> None:
    with pytest.raises(ValueError, match="choices are"):
        bake(tmp_path, ci="jenkins")

    assert tree(tmp_path) == {}
