"""Which files come out of the template, and what they hold, for every starting point and CI."""

from __future__ import annotations

import json
import re
import tomllib
import warnings
from pathlib import Path

import pytest
import yaml
from cookiecutter.generate import generate_files  # type: ignore[import-untyped]

from tests.baking import CI_FILE, COMBINATIONS, EXISTING, NEW, ROOT, Bake, files, tree

SKELETON = {".gitignore", ".pre-commit-config.yaml", "README.md", "pyproject.toml", "tests/conftest.py"}
LEFTOVER = re.compile(r"\{\{|\{%|\{#|\}\}|%\}|#\}|cookiecutter\.")
GITHUB_EXPRESSION = re.compile(r"\$\{\{ [a-z._ ='|&!()-]+ \}\}")


def leftovers(text: str) -> list[str]:
    return LEFTOVER.findall(GITHUB_EXPRESSION.sub("", text))


def test_exactly_the_expected_files_are_there(baked: Path, combination: str) -> None:
    answers = COMBINATIONS[combination]
    expected = set(CI_FILE[answers["ci"]])
    if answers["starting_point"] == "new project":
        package = "my_project" if answers["package_name"] == "auto" else "shop"
        expected |= {*SKELETON, f"src/{package}/__init__.py", f"tests/unit/test_{package}.py"}
        if answers["ci"] == "gitlab":
            expected.add(".gitlab-ci.yml")

    found = files(baked)

    assert {path for path in found if not path.startswith("tests/meta/")} == expected
    assert {"tests/meta/policy.toml", "tests/meta/ruff.toml"} <= found


def test_no_two_folders_have_one_name(combination: str, tmp_path: Path) -> None:
    # Without -f cookiecutter takes the second one for an error; cruft renders so, into an empty folder.
    questions = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    defaults = {
        name: value[0] if isinstance(value, list) and not name.startswith("_") else value
        for name, value in questions.items()
        if name != "__prompts__"
    }
    answers = {**defaults, **COMBINATIONS[combination], "project_slug": "fresh", "package_name": "shop"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cookiecutter's own
        project = Path(generate_files(ROOT, {"cookiecutter": answers}, tmp_path))

    assert "tests/meta/policy.toml" in files(project)


def test_no_folder_is_empty(baked: Path) -> None:
    content = tree(baked)
    folders = {path for path, value in content.items() if value is None}

    assert {folder for folder in folders if not any(path.startswith(f"{folder}/") for path in content)} == set()


def test_no_jinja_is_left_over(baked: Path) -> None:
    found = {}
    for path, content in tree(baked).items():
        # Plain Python is copied as it is, and may well have braces.
        text = "" if content is None or path.startswith("tests/meta/meta_regime/") else content.decode()
        if leftovers(path) or leftovers(text):
            found[path] = leftovers(path) + leftovers(text)

    assert found == {}


@pytest.mark.parametrize("text", ["{{ cookiecutter.ci }}", "{% if x %}", "{# note #}", "my cookiecutter.ci"])
def test_the_scan_sees_jinja_that_is_left_over(text: str) -> None:
    assert leftovers(f"before {text} after")


def test_the_scan_lets_github_expressions_pass() -> None:
    assert leftovers("group: ${{ github.workflow }}-${{ github.ref }}") == []


def test_every_file_can_be_read_by_whoever_reads_it(baked: Path) -> None:
    for path in sorted(files(baked)):
        text = (baked / path).read_bytes().decode("utf-8")
        assert "\r" not in text, path
        assert text == "" or text.endswith("\n"), path
        assert not text.endswith("\n\n"), path
        if path.endswith(".py"):
            compile(text, path, "exec", dont_inherit=True)
        elif path.endswith(".toml"):
            tomllib.loads(text)
        elif path.endswith((".yml", ".yaml")):
            assert isinstance(yaml.safe_load(text), dict), path


def test_python_and_markdown_of_the_regime_are_copied_as_they_are(baked: Path) -> None:
    source = ROOT / "{{cookiecutter.project_slug}}" / "tests" / "meta"
    originals = {path: content for path, content in tree(source).items() if path.endswith((".py", ".md"))}
    copies = tree(baked / "tests" / "meta")

    assert originals
    assert {path: copies.get(path) for path in originals} == originals


@pytest.mark.parametrize("flags", ["-f", "-f -s"])
@pytest.mark.parametrize("ci", ["github", "gitlab", "none"])
def test_an_existing_project_keeps_every_byte_and_every_empty_folder(
    ci: str, flags: str, bake: Bake, tmp_path: Path
) -> None:
    theirs = ["pyproject.toml", "tests/conftest.py", "tests/unit/test_a.py", ".gitlab-ci.yml", ".gitignore"]
    theirs += [
        ".github/workflows/ci.yml",
        "README.md",
        ".pre-commit-config.yaml",
        "docs/{{ cookiecutter.x }}.md",
    ]
    for path in theirs:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"mine \xff\r\n{{ cookiecutter.project_slug }}")
    for folder in ["src", ".gitlab", "src/unused", "empty", ".github/empty", "tests/unit/empty", "workflows"]:
        (tmp_path / folder).mkdir(exist_ok=True)
    before = tree(tmp_path)

    bake(tmp_path, flags, **EXISTING, ci=ci)

    after = tree(tmp_path)
    assert {path: after.get(path, "gone") for path in before} == before
    new = set(after) - set(before)
    assert {path for path in new if not path.startswith("tests/meta")} == CI_FILE[ci]


def test_the_folders_name_is_in_no_file(bake: Bake, tmp_path: Path) -> None:
    here = bake(tmp_path / "here", project_slug=".", package_name="shop")
    named = bake(tmp_path / "named", project_slug="Some.Folder", package_name="shop")

    assert tree(here) == tree(named)


def test_the_advice_goes_to_stderr_and_is_short(tmp_path: Path, bake: Bake, capfd: pytest.CaptureFixture[str]) -> None:
    bake(tmp_path / "a", **NEW)
    new = capfd.readouterr()
    bake(tmp_path / "b", **EXISTING, package_name="shop")
    existing = capfd.readouterr()

    assert (new.out, existing.out) == ("", "")
    assert len(new.err.splitlines()) <= 6
    assert "cd my-project" in new.err
    assert len(existing.err.splitlines()) <= 9
    assert "python tests/meta/adopt.py" in existing.err
    assert "from meta_regime.plugin import *" in existing.err
    assert "pytest --cov=shop" in existing.err
