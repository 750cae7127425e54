"""adopt.py beside the rest of the template: the same lines everywhere, and nothing that disturbs or needs it."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml
from meta_regime.adopting.dependencies import NEEDED
from meta_regime.adopting.edits import Edit
from meta_regime.adopting.loader import LOADER
from meta_regime.adopting.precommit import ENTRY
from meta_regime.adopting.pytest_settings import AS_SETTINGS, CONFIG, MARKERS, XFAIL
from meta_regime.adopting.toml_edits import INSTALL
from meta_regime.adopting.writing import FOLDER, adopt
from meta_regime.extras import strictness

from tests.adopting.test_adopt import adopt as run_adopt
from tests.baking import NEW, ROOT, Bake
from tests.in_git import Repository
from tests.sample import ALL_VERDICTS, copy_of, session

META = ROOT / "{{cookiecutter.project_slug}}" / "tests" / "meta"


@pytest.fixture(scope="module")
def baked_new(bake: Bake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new project as it is baked: what adopt.py makes of an old one, it has already."""
    return bake(tmp_path_factory.mktemp("new"), **NEW)


def test_a_new_project_has_all_that_adopting_brings(baked_new: Path, tmp_path: Path) -> None:
    root = copy_of(baked_new, tmp_path / "my-project")
    (root / ".git").mkdir()
    done = run_adopt(root, "--check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Nothing to change in ")


def test_the_lines_are_those_of_the_other_copies(baked_new: Path) -> None:
    loader = "\n".join(LOADER)
    assert (baked_new / "tests" / "conftest.py").read_text(encoding="utf-8").splitlines()[-3:] == list(LOADER)
    assert loader in (ROOT / "hooks" / "post_gen_project.py").read_text(encoding="utf-8").replace("    ", "")
    for page in (ROOT / "docs" / "install.md", META / "README.md"):
        assert loader in re.sub(r"\n\n(?=sys)", "\n", page.read_text(encoding="utf-8"))

    declared = tomllib.loads((baked_new / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["dev"]
    assert {f"{name}{bound}" for name, bound in NEEDED.items()} < set(declared)
    lowest = (ROOT / "requirements" / "lowest.txt").read_text(encoding="utf-8")
    for name, bound in NEEDED.items():
        assert f"{name}=={bound.removeprefix('>=')}" in lowest, f"{name}: make lowest tests another version"

    (repository,) = yaml.safe_load(ENTRY)
    (ours,) = repository["hooks"]
    settings = yaml.safe_load((baked_new / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    manifest = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for copies in (settings["repos"][-1]["hooks"], manifest):
        (same,) = [hook for hook in copies if hook["id"] == ours["id"]]
        assert ours == {key: value for key, value in same.items() if key != "description"}


def test_what_is_asked_for_is_what_the_verdict_on_strictness_judges() -> None:
    asked = {"xfail-strict": XFAIL, "strict-markers": MARKERS, "strict-config": CONFIG}
    assert {rule: AS_SETTINGS[what] for rule, what in asked.items()} == strictness._SWITCHES
    assert set(asked.values()) == set(AS_SETTINGS)
    assert {asked[rule]: option for rule, option in strictness._OPTIONS.items()} == {MARKERS: MARKERS, CONFIG: CONFIG}


def test_what_uv_installs_is_what_the_message_says() -> None:
    text = (META / "adopt.py").read_text(encoding="utf-8")
    header = re.match(r"# /// script\n((?:#(?: .*)?\n)+?)# ///\n", text)
    assert header is not None, "PEP 723: the block has to begin and end so"
    script = tomllib.loads("".join(line[2:] + "\n" for line in header[1].splitlines()))
    assert script["requires-python"] == ">=3.11"
    names = [re.split("[><=]", requirement)[0] for requirement in script["dependencies"]]
    assert INSTALL.splitlines()[0] == f"pip install {' '.join(names)}"
    pins = (ROOT / "requirements" / "dev.in").read_text(encoding="utf-8").split()
    assert set(names) < set(pins)


def test_without_adopting_all_verdicts_are_given_and_its_journal_changes_nothing(
    judged_repository: Repository,
) -> None:
    project = judged_repository.folder
    adopt([Edit(project / "mine.txt", None, b"text\n")], project)
    assert (project / FOLDER / "journal.json").exists()
    assert judged_repository.git("status", "--porcelain") == "?? mine.txt"
    (project / "tests" / "meta" / "adopt.py").unlink()
    shutil.rmtree(project / "tests" / "meta" / "meta_regime" / "adopting")
    judged_repository.commit(message="adopted")
    said = session(project, "--cov=src/shop")
    assert (said.status, said.verdicts) == (0, dict.fromkeys(ALL_VERDICTS, "passed")), said.text
    shutil.rmtree(project / FOLDER)
    said = session(project, "tests/meta")
    assert "nothing has changed since the run of " in said.text
    assert (said.status, said.verdicts) == (0, dict.fromkeys(ALL_VERDICTS, "passed")), said.text
