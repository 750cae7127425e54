from __future__ import annotations

import json
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from cookiecutter.main import cookiecutter  # type: ignore[import-untyped]

from tests.baking import BESIDE, COMBINATIONS, NEW, ROOT, Bake
from tests.in_git import Repository, with_baseline
from tests.ruled import Ruled
from tests.sample import (
    LOADER,
    OF_FILES,
    OF_RULES,
    PACKAGE,
    SETTINGS,
    TESTS,
    compile_regime,
    copy_of,
    delete_extras,
    policy,
    write,
)


def pytest_configure() -> None:
    """Let the tests find hypothesis, but not the sessions that they start: each of these would import it at its end."""
    sys.path.append(str(BESIDE / "hypothesis"))
    import hypothesis

    examples = int(os.environ.get("FUZZ_EXAMPLES", "100"))  # many more: `make fuzz`
    hypothesis.settings.register_profile("a busy machine", deadline=None, max_examples=examples)
    hypothesis.settings.load_profile("a busy machine")


@pytest.fixture(scope="session", autouse=True)
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give temporary files a folder that pytest clears away: cookiecutter leaves there each hook that it runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("scratch")))
        patch.setattr(tempfile, "tempdir", None)
        yield


@pytest.fixture(scope="session")
def cookiecutter_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings that keep the user's defaults out, and cookiecutter's notes out of the user's home."""
    folder = tmp_path_factory.mktemp("cookiecutter")
    config = folder / "config.yml"
    config.write_text(  # JSON is YAML, and escapes the backslashes of Windows
        json.dumps({"cookiecutters_dir": str(folder / "templates"), "replay_dir": str(folder / "replay")})
    )
    return config


@pytest.fixture(scope="session")
def bake(cookiecutter_config: Path) -> Bake:
    """Bake the template as it lies here, uncommitted changes included, with the real cookiecutter."""

    def run(dest: Path, flags: str | None = None, **answers: str) -> Path:
        dest.mkdir(parents=True, exist_ok=True)
        here = answers.get("project_slug") == "."
        given = (("-f" if here else "") if flags is None else flags).split()
        with warnings.catch_warnings():
            # cookiecutter's own, such as the one about rmtree's onerror from Python 3.12 on.
            warnings.simplefilter("ignore")
            project = cookiecutter(
                str(ROOT),
                no_input=True,
                extra_context=answers,
                output_dir=str(dest),
                overwrite_if_exists="-f" in given,
                skip_if_file_exists="-s" in given,
                config_file=str(cookiecutter_config),
            )
        return Path(project)

    return run


@pytest.fixture(scope="session", params=COMBINATIONS)
def combination(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def baked(combination: str, bake: Bake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of one combination of answers. To be looked at, not changed."""
    return bake(tmp_path_factory.mktemp(combination), **COMBINATIONS[combination])


@pytest.fixture
def new_project(bake: Bake, tmp_path: Path) -> Path:
    return bake(tmp_path, **NEW)


@pytest.fixture(scope="session")
def pristine_whole(bake: Bake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample project with the regime baked into it and loaded. To be copied, not changed."""
    project = tmp_path_factory.mktemp("pristine") / "shop"
    write(project, {**PACKAGE, **TESTS, "pyproject.toml": SETTINGS, "tests/conftest.py": LOADER})
    bake(project, project_slug=".", starting_point="existing project", ci="none")
    compile_regime(project)
    return project


@pytest.fixture(scope="session")
def pristine(pristine_whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without the extras that judge files and rules, as one may delete them: they need git, or a baseline."""
    project = copy_of(pristine_whole, tmp_path_factory.mktemp("pristine") / "shop")
    delete_extras(project, *OF_FILES, *OF_RULES, "slowdown")
    return project


@pytest.fixture
def project(pristine: Path, tmp_path: Path) -> Path:
    """A copy of the sample project, to do with as the test likes. Coverage is 75 %; every verdict but that is green."""
    return copy_of(pristine, tmp_path / "shop")


@pytest.fixture(scope="session")
def ruled(pristine_whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Ruled:
    """A suite that breaks rules, and what was said of it. To be looked at."""
    return Ruled(pristine_whole, tmp_path_factory.mktemp("ruled"))


@pytest.fixture(scope="session")
def pristine_in_git(pristine_whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample project in a repository with a baseline, without verdicts on rules and the machine. To be copied."""
    project = copy_of(pristine_whole, tmp_path_factory.mktemp("in-git") / "shop")
    delete_extras(project, "slowdown", *OF_RULES)
    policy(project, "[coverage]\nminimum = 70\nmodule_floor = 0\n")
    write(project, {".gitignore": "__pycache__/\n.pytest_cache/\n.coverage*\n*.xml\n"})
    with_baseline(project, "--cov=src/shop")
    repository = Repository(project, project.parent)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.commit(message="the project")
    return project


@pytest.fixture
def judged_repository(pristine_in_git: Path, tmp_path: Path) -> Repository:
    """A copy of the sample project in a repository, its verdicts green: coverage of 75 %, a baseline that says so."""
    return Repository(copy_of(pristine_in_git, tmp_path / "shop"), tmp_path)
