"""What lies in `extras` may be deleted: the rest works on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.baking import ROOT
from tests.in_git import Repository, with_baseline
from tests.sample import (
    ALL_VERDICTS,
    COVERAGE,
    HYGIENE,
    KNOWN_SLOW,
    OF_FILES,
    OF_RULES,
    SETTINGS,
    STRICT_SETTINGS,
    copy_of,
    delete_extras,
    policy,
    session,
    write,
)

EXTRAS = ROOT / "{{cookiecutter.project_slug}}" / "tests" / "meta" / "meta_regime" / "extras"
NAMES = sorted(path.stem for path in EXTRAS.iterdir() if not path.name.startswith("_"))


OF_THEIR_OWN = {"hygiene": HYGIENE, "known_slow": KNOWN_SLOW, **OF_FILES, **OF_RULES}  # extras that give verdicts
POLICY = "[coverage]\nminimum = {}\nmodule_floor = 0\n"


@pytest.fixture(scope="module")
def with_all(pristine_whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample project with every verdict but that of the machine, in a repository with a baseline. To be copied."""
    project = copy_of(pristine_whole, tmp_path_factory.mktemp("with-all") / "shop")
    delete_extras(project, "slowdown")
    policy(project, POLICY.format(70))
    ignored = "__pycache__/\n.pytest_cache/\n.coverage*\n*.xml\n"
    write(project, {".gitignore": ignored, "pyproject.toml": SETTINGS + STRICT_SETTINGS})
    with_baseline(project, "--cov=src/shop")
    repository = Repository(project, project.parent)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.commit()
    return project


@pytest.mark.parametrize("name", [*NAMES, "all of them"])
def test_without_an_extra_the_other_verdicts_are_given(name: str, with_all: Path, tmp_path: Path) -> None:
    project = copy_of(with_all, tmp_path / "shop")
    everything = name == "all of them"
    expected = dict.fromkeys({*ALL_VERDICTS, *OF_RULES.values()}, "passed")
    for gone in OF_THEIR_OWN if everything else [name]:
        expected.pop(OF_THEIR_OWN.get(gone, ""), None)
    if everything:
        shutil.rmtree(project / "tests" / "meta" / "meta_regime" / "extras")
    else:
        assert delete_extras(project, name) == (name != "slowdown")  # which these projects have not
    for typed in (["--cov=src/shop"], ["--cov=src/shop", "-n", "2"], ["tests/meta"], ["tests/meta"]):
        said = session(project, *typed)
        assert (said.status, said.of_the_regime) == (0, expected), (typed, said.text)
    policy(project, POLICY.format(76))
    said = session(project, "--cov=src/shop")
    assert (said.status, said.of_the_regime) == (1, {**expected, COVERAGE: "failed"})
    assert "Total coverage is 75.00 %, the minimum is 76 %" in said.text
    assert "meta-tests: not judged: partial run: it left out tests/" in session(project, "tests/unit/test_more.py").text
