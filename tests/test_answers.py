"""Answers that must be refused, and folders that must be left alone."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from cookiecutter.exceptions import FailedHookException, OutputDirExistsException  # type: ignore[import-untyped]
from cookiecutter.utils import create_env_with_context  # type: ignore[import-untyped]
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.baking import COMBINATIONS, EXISTING, NEW, ROOT, Bake, files, tree

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {
    "project_slug": "my-project",
    "starting_point": "new project",
    "package_name": "auto",
    "minimum_coverage": "80",
    "suite_seconds": "120",
    "slow_test_seconds": "10",
    "ci": "github",
}
PAYLOAD = "'''); import os; os.mkdir('injected'); ('''"
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


def complaints(stderr: str) -> list[str]:
    """Return the answers that a hook complained about, having checked that it did so in readable lines."""
    assert "Traceback" not in stderr
    lines = [line for line in stderr.splitlines() if line.startswith("meta-tests: ")]
    assert all(line.isascii() and line.isprintable() and len(line) < 500 for line in lines)
    return [line.split(": ")[1] for line in lines]


def ask(hook: str, answers: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    """Render a hook as cookiecutter does and run it in a folder; here any text gets as far as the hook."""
    environment = create_env_with_context({})
    source = environment.from_string((ROOT / "hooks" / hook).read_text(encoding="utf-8"))
    script = folder.parent / f"{folder.name}-{hook}"
    script.write_text(source.render(cookiecutter=answers), encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(script)], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


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

    done = ask("pre_gen_project.py", {**GOOD, name: "old choice"}, tmp_path / "here")

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
@given(answers=st.fixed_dictionaries(dict.fromkeys(GOOD, ANY_TEXT)), existing=st.booleans())
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
    answers = {**GOOD, "minimum_coverage": minimum, "suite_seconds": suite, "slow_test_seconds": slow}
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


@pytest.mark.parametrize("start", [NEW, EXISTING], ids=["new", "existing"])
def test_someone_elses_meta_folder_is_left_alone(
    start: dict[str, str], tmp_path: Path, bake: Bake, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tests/meta").mkdir(parents=True)
    (tmp_path / "tests/meta/test_metadata.py").write_text("mine")
    before = tree(tmp_path)

    with pytest.raises(FailedHookException):
        bake(tmp_path, **{**start, "project_slug": ".", "package_name": "shop"})

    captured = capfd.readouterr()
    assert complaints(captured.err) == ["tests/meta"]
    assert "Rename it" in captured.err
    assert captured.out == ""
    assert tree(tmp_path) == before


def test_a_file_called_meta_is_left_alone(tmp_path: Path, bake: Bake) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/meta").write_text("mine")
    before = tree(tmp_path)

    with pytest.raises(FailedHookException):
        bake(tmp_path, **EXISTING)

    assert tree(tmp_path) == before


def test_an_empty_meta_folder_is_no_obstacle(tmp_path: Path, bake: Bake) -> None:
    (tmp_path / "tests/meta/__pycache__").mkdir(parents=True)

    bake(tmp_path, **EXISTING)

    assert (tmp_path / "tests/meta/policy.toml").is_file()


@pytest.mark.parametrize("name", COMBINATIONS)
def test_no_file_that_a_project_may_have_is_overwritten(
    name: str, tmp_path: Path, bake: Bake, capfd: pytest.CaptureFixture[str]
) -> None:
    answers = {**COMBINATIONS[name], "project_slug": "." if name.startswith("existing") else "shop"}
    baked = bake(tmp_path / "baked", **answers)
    # The regime's own Python and its README are replaced as a whole; everything else is somebody's to edit.
    theirs = {path for path in files(baked) if not path.startswith("tests/meta/") or path == "tests/meta/policy.toml"}
    assert theirs
    for path in theirs:
        folder = tmp_path / path.replace("/", "-")
        project = folder if answers["project_slug"] == "." else folder / "shop"
        (project / path).parent.mkdir(parents=True)
        (project / path).write_text("mine")
        if path == "tests/meta/policy.toml":
            (project / "tests/meta/meta_regime").mkdir()
        before = tree(project)
        capfd.readouterr()

        with pytest.raises(FailedHookException):
            bake(folder, flags="-f", **answers)

        captured = capfd.readouterr()
        assert complaints(captured.err) == ["starting_point"]
        assert re.search(rf"[ ,]{re.escape(path)}[., ]", captured.err), path
        assert tree(project) == before


def test_a_project_is_not_baked_a_second_time_over_its_own_changes(tmp_path: Path, bake: Bake) -> None:
    bake(tmp_path, **EXISTING)
    policy = tmp_path / "tests/meta/policy.toml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("80.0", "95.0"), encoding="utf-8")
    before = tree(tmp_path)

    with pytest.raises(FailedHookException):
        bake(tmp_path, **EXISTING)

    assert tree(tmp_path) == before


def test_the_advice_goes_to_stderr_and_is_short(tmp_path: Path, bake: Bake, capfd: pytest.CaptureFixture[str]) -> None:
    bake(tmp_path / "a", **NEW)
    new = capfd.readouterr()
    bake(tmp_path / "b", **EXISTING, package_name="shop")
    existing = capfd.readouterr()

    assert (new.out, existing.out) == ("", "")
    assert len(new.err.splitlines()) <= 5
    assert "cd my-project" in new.err
    assert len(existing.err.splitlines()) <= 5
    assert "from meta_regime.plugin import *" in existing.err
    assert "pytest --cov=shop" in existing.err


def test_unused_folders_go_only_if_they_are_ours_and_empty(tmp_path: Path) -> None:
    here = tmp_path / "here"
    kept = [
        "src",
        ".github/workflows",
        ".gitlab",
        "tests/unit",
        ".meta-tests-unused-gitlab/theirs",
        ".meta-tests",
    ]
    for folder in [*kept, ".meta-tests-unused-src/unused", "tests/.meta-tests-unused-unit"]:
        (here / folder).mkdir(parents=True)

    ask("post_gen_project.py", {**GOOD, "starting_point": "existing project"}, here)

    left = set(tree(here))
    assert left >= set(kept)
    assert ".meta-tests-unused-src" not in left
    assert "tests/.meta-tests-unused-unit" not in left


def test_an_unknown_choice_stops_before_anything_is_written(tmp_path: Path, bake: Bake) -> None:
    with pytest.raises(ValueError, match="choices are"):
        bake(tmp_path, ci="jenkins")

    assert tree(tmp_path) == {}
