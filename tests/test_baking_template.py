"""What the template itself keeps to: paths for every system, files copied as they are, the questions."""

from __future__ import annotations

import re

import yaml

from tests.baking import ROOT, tree

FORBIDDEN_ON_WINDOWS = re.compile(r'[<>:"|?*\\]')


def test_the_templates_paths_can_be_checked_out_on_windows() -> None:
    paths = tree(ROOT / "{{cookiecutter.project_slug}}")
    longest = max(len(path) for path in paths) + len("{{cookiecutter.project_slug}}/")

    assert [path for path in paths if FORBIDDEN_ON_WINDOWS.search(path)] == []
    assert [path for path in paths if any(part.endswith((" ", ".")) for part in path.split("/"))] == []
    # 260 in all, of which the folder that cookiecutter or cruft clones into takes some 60.
    assert longest <= 190


def test_only_files_are_copied_without_rendering() -> None:
    # A directory named there is deleted from the user's project, with all that is in it, before it is copied.
    patterns = yaml.safe_load((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))["_copy_without_render"]

    assert patterns == ["tests/meta/*.py", "tests/meta/*.md"]
    source = ROOT / "{{cookiecutter.project_slug}}"
    assert [path for path in source.rglob("*") if path.is_dir() and path.suffix in {".py", ".md"}] == []


def test_the_questions_are_the_seven_in_their_order() -> None:
    # Append only: a question that is renamed or removed resets or crashes the updates of every project.
    questions = yaml.safe_load((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    prompts = questions["__prompts__"]

    assert {name: default for name, default in questions.items() if not name.startswith("_")} == {
        "project_slug": "my-project",
        "starting_point": ["new project", "existing project"],
        "package_name": "auto",
        "minimum_coverage": "80",
        "suite_seconds": "120",
        "slow_test_seconds": "10",
        "ci": ["github", "gitlab", "none"],
    }
    assert list(prompts) == [name for name in questions if not name.startswith("_")]
    assert all(set(prompts[name]) == {"__prompt__", *questions[name]} for name in ("starting_point", "ci"))
    private = {name: value for name, value in questions.items() if name.startswith("_") and name != "__prompts__"}
    assert "{{" not in str(private), "computed variables go stale in .cruft.json"
