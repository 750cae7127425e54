"""What is there already is left alone, and baking stops rather than overwrite it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from cookiecutter.exceptions import FailedHookException  # type: ignore[import-untyped]

from tests.baking import ANSWERS, COMBINATIONS, EXISTING, NEW, Bake, ask, complaints, files, tree

if TYPE_CHECKING:
    from pathlib import Path


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

    ask("post_gen_project.py", {**ANSWERS, "starting_point": "existing project"}, here)

    left = set(tree(here))
    assert left >= set(kept)
    assert ".meta-tests-unused-src" not in left
    assert "tests/.meta-tests-unused-unit" not in left


OTHER = json.dumps({"template": "https://example.invalid/other", "context": {"cookiecutter": {"project_slug": "."}}})
OURS = json.dumps(
    {"template": "https://example.invalid/fork", "context": {"cookiecutter": {**ANSWERS, "_commit": "1"}}}
)
# What .cruft.json may say, and what `cruft create` is told then; None where it may go on.
LINKS = {
    OTHER: "follows another template, 'https://example.invalid/other', and cruft follows only one. To get",
    OTHER.replace('"project_slug"', '"slow_test_seconds"'): "follows another template",
    OTHER.replace("https", "\\u001b[31m\\nhttps"): "follows another template, '\\x1b[31m\\nhttps",
    OURS: None,
    "": "cruft cannot use this file",
    "<<<<<<< ours\n" + OURS: "cruft cannot use this file",
    "[]": "cruft cannot use this file",
    '{"template": null, "context": null}': "cruft cannot use this file",
    '{"template": "x", "context": {"cookiecutter": {}}}': "follows another template",
    "[" * 100_000: "cruft cannot use this file",
}


@pytest.mark.parametrize("text", LINKS, ids=range(len(LINKS)))
def test_cruft_does_not_overwrite_the_link_to_another_template(text: str, tmp_path: Path) -> None:
    here, complaint = tmp_path / "here", LINKS[text]
    here.mkdir()
    (here / ".cruft.json").write_text(text, encoding="utf-8")
    answers = {**ANSWERS, "starting_point": "existing project", "project_slug": "."}

    by_cruft = ask("pre_gen_project.py", answers, here)
    by_cookiecutter = ask("pre_gen_project.py", {**answers, "_output_dir": str(here)}, here)

    assert complaints(by_cruft.stderr) == ([".cruft.json"] if complaint else [])
    assert (complaint or "") in by_cruft.stderr
    assert by_cruft.returncode == bool(complaint)
    assert (by_cookiecutter.returncode, by_cookiecutter.stderr) == (0, ""), "it writes no link"


def test_something_else_called_cruft_json_is_left_alone(tmp_path: Path) -> None:
    here = tmp_path / "here"
    (here / ".cruft.json").mkdir(parents=True)
    done = ask("pre_gen_project.py", {**ANSWERS, "starting_point": "existing project", "project_slug": "."}, here)
    assert complaints(done.stderr) == [".cruft.json"]


@pytest.mark.parametrize(("version", "old"), [("1.7.3", True), ("2.1.1", True), ("2.2.0", False), ("10.0", False)])
def test_an_old_cookiecutter_is_named_before_it_stumbles(
    version: str, old: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "installed" / f"cookiecutter-{version}.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: cookiecutter\nVersion: {version}\n")
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(installed.parent))

    done = ask("pre_gen_project.py", ANSWERS, tmp_path / "here")

    too_old = f"meta-tests: cookiecutter: {version} is too old. Get 2.2 or later: pip install --upgrade cookiecutter.\n"
    assert (done.returncode, done.stderr) == ((1, too_old) if old else (0, ""))
