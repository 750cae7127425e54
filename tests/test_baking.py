"""What comes out of the template, for every starting point, CI and way of naming the package."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml
from cookiecutter.generate import generate_files  # type: ignore[import-untyped]

from tests.baking import COMBINATIONS, EXISTING, NEW, ROOT, Bake, files, run_pytest, tree

SKELETON = {".gitignore", ".pre-commit-config.yaml", "README.md", "pyproject.toml", "tests/conftest.py"}
CI_FILE = {
    "github": {".github/workflows/meta-tests.yml"},
    "gitlab": {".gitlab/meta-tests.gitlab-ci.yml"},
    "none": set[str](),
}
LEFTOVER = re.compile(r"\{\{|\{%|\{#|\}\}|%\}|#\}|cookiecutter\.")
GITHUB_EXPRESSION = re.compile(r"\$\{\{ [a-z._ ='|&]+ \}\}")
FORBIDDEN_ON_WINDOWS = re.compile(r'[<>:"|?*\\]')


@pytest.fixture(scope="module", params=COMBINATIONS)
def combination(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def baked(combination: str, bake: Bake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bake(tmp_path_factory.mktemp(combination), **COMBINATIONS[combination])


@pytest.fixture
def new_project(bake: Bake, tmp_path: Path) -> Path:
    return bake(tmp_path, **NEW)


def ruff(project: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ruff", *args, "--no-cache"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def ci_file(project: Path, ci: str) -> dict[Any, Any]:
    (path,) = CI_FILE[ci]
    content = yaml.safe_load((project / path).read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def ci_commands(project: Path, ci: str) -> list[str]:
    content = ci_file(project, ci)
    if ci == "gitlab":
        return [str(line) for line in content["meta-tests"]["script"]]
    return [step["run"] for step in content["jobs"]["meta-tests"]["steps"] if "run" in step]


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


def test_the_answers_are_in_the_policy(bake: Bake, tmp_path: Path) -> None:
    numbers = {"minimum_coverage": "095.50", "suite_seconds": "3600", "slow_test_seconds": "0.5"}
    project = bake(tmp_path, **EXISTING, **numbers, package_name="shop")

    policy = tomllib.loads((project / "tests/meta/policy.toml").read_text(encoding="utf-8"))

    assert policy == {
        "suite": {"args": [], "packages": ["shop"], "timeout_seconds": 7200},
        "coverage": {
            "minimum": 95.5,
            "target": 95.5,
            "module_floor": 50.0,
            "changed_lines_minimum": 80.0,
            "floors": {},
        },
        "performance": {"suite_seconds": 3600.0, "ideal_seconds": 1800.0},
        "slow_tests": {"limit_seconds": 0.5},
        "hygiene": {"categories": []},
    }


def test_the_policy_has_the_defaults_and_order_of_the_design(baked: Path, combination: str) -> None:
    text = (baked / "tests/meta/policy.toml").read_text(encoding="utf-8")
    policy = tomllib.loads(text)

    assert policy["suite"]["packages"] == [COMBINATIONS[combination]["package_name"]]
    assert policy["suite"]["timeout_seconds"] == 1800
    assert [(key, value) for table in policy.values() for key, value in table.items()][2:] == [
        ("timeout_seconds", 1800),
        ("minimum", 80.0),
        ("target", 90.0),
        ("module_floor", 50.0),
        ("changed_lines_minimum", 80.0),
        ("floors", {}),
        ("suite_seconds", 120.0),
        ("ideal_seconds", 60.0),
        ("limit_seconds", 10.0),
        ("categories", []),
    ]
    # Every key is explained, on the line above it.
    lines = text.splitlines()
    assert all(lines[at - 1].startswith("# ") for at, line in enumerate(lines) if re.match(r"\w+ = ", line))


@pytest.mark.parametrize("minimum", ["0", "100"])
def test_target_and_floor_follow_an_extreme_minimum(minimum: str, bake: Bake, tmp_path: Path) -> None:
    project = bake(tmp_path, **EXISTING, minimum_coverage=minimum)

    coverage = tomllib.loads((project / "tests/meta/policy.toml").read_text(encoding="utf-8"))["coverage"]

    assert coverage["module_floor"] <= coverage["minimum"] <= coverage["target"]
    assert coverage["minimum"] == float(minimum)


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


@pytest.mark.parametrize(
    ("slug", "package"), [("My-Project", "my_project"), ("a.b-c_d", "a_b_c_d"), ("Shop2", "shop2")]
)
def test_the_package_is_named_after_the_folder(slug: str, package: str, bake: Bake, tmp_path: Path) -> None:
    project = bake(tmp_path, project_slug=slug)
    settings = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))

    assert (project / "src" / package / "__init__.py").is_file()
    assert f"from {package} import" in (project / f"tests/unit/test_{package}.py").read_text(encoding="utf-8")
    assert settings["project"]["name"] == package.replace("_", "-")
    assert settings["tool"]["coverage"]["run"]["source"] == [package]
    assert settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == [f"src/{package}"]


def test_the_development_group_has_lower_bounds(new_project: Path) -> None:
    settings = tomllib.loads((new_project / "pyproject.toml").read_text(encoding="utf-8"))

    assert settings["dependency-groups"]["dev"] == [
        "freezegun>=1.5",
        "pytest>=8.2",
        "pytest-asyncio>=0.24",
        "pytest-cov>=5",
        "pytest-xdist>=3.5",
    ]


@pytest.mark.parametrize("args", [(), ("-n", "2")], ids=["plain", "xdist"])
def test_a_new_projects_own_tests_pass_and_cover_it(args: tuple[str, ...], new_project: Path) -> None:
    # Without the regime: what it makes of a project is tested elsewhere.
    shutil.rmtree(new_project / "tests" / "meta")
    (new_project / "tests" / "conftest.py").unlink()

    done = run_pytest(new_project, "--cov", "--cov-report=term-missing", "-W", "error", *args)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
    assert re.search(r"^src.my_project.__init__\.py +\d+ +0 +\d+ +0 +100%", done.stdout, re.MULTILINE)


def test_the_loader_is_the_three_lines(new_project: Path) -> None:
    lines = (new_project / "tests" / "conftest.py").read_text(encoding="utf-8").splitlines()

    assert lines[-3:] == [
        "import pathlib, sys",
        'sys.path.append(str(pathlib.Path(__file__).parent / "meta"))',
        "from meta_regime.plugin import *  # hooks and fixtures",
    ]
    assert all(line in (ROOT / "hooks" / "post_gen_project.py").read_text("utf-8") for line in lines[-3:])


def test_a_new_project_is_clean_by_its_own_linter_settings(new_project: Path) -> None:
    checked = ruff(new_project, "check", ".")
    formatted = ruff(new_project, "format", "--check", "src", "tests/unit")

    assert checked.returncode == 0, checked.stdout
    assert formatted.returncode == 0, formatted.stdout


def test_the_projects_linter_and_formatter_stay_off_the_regime(bake: Bake, tmp_path: Path) -> None:
    bake(tmp_path, **EXISTING)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.ruff]\nline-length = 79\nlint.select = ["E", "F", "I"]\nformat.quote-style = "single"\n'
    )
    ugly = "import os\nx = {  'a':1 }\n"
    (tmp_path / "tests/meta/ugly.py").write_text(ugly)
    (tmp_path / "tests/meta/meta_regime/ugly.py").write_text(ugly)
    (tmp_path / "fine.py").write_text('"""A module."""\n')

    for args in (["check", "."], ["format", "--check", "."], ["check", "--fix", "."], ["format", "."]):
        done = ruff(tmp_path, *args)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "tests/meta/ugly.py").read_text() == ugly
    assert ruff(tmp_path, "check", "tests/meta/ugly.py").returncode == 0, "named, as pre-commit names files"

    # Without our settings both would have had something to say.
    (tmp_path / "tests/meta/ruff.toml").unlink()
    assert ruff(tmp_path, "check", ".").returncode == 1
    assert ruff(tmp_path, "format", "--check", ".").returncode == 1


def test_the_regimes_style_is_the_one_it_is_formatted_in_here() -> None:
    # So a formatter that is told the files by name finds nothing to change.
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]
    theirs = tomllib.loads((ROOT / "{{cookiecutter.project_slug}}/tests/meta/ruff.toml").read_text(encoding="utf-8"))

    assert theirs["line-length"] == ours["line-length"]


def test_ci_judges_the_suite_in_one_run(baked: Path, combination: str) -> None:
    answers = COMBINATIONS[combination]
    if answers["ci"] == "none":
        pytest.skip("no CI file in this combination")
    new = answers["starting_point"] == "new project"

    install, judge = ci_commands(baked, answers["ci"])

    if new:
        assert judge == "python -m pytest --cov --cov-report=term"
    elif answers["package_name"] == "auto":
        assert judge == "python -m pytest tests/meta"
    else:
        assert judge == "python -m pytest --cov=shop --cov-report=term"
    assert "python -m pip install -e . --group dev" in install
    assert ("python -m pip install pytest pytest-cov" in install) == (not new)
    assert ("Adapt" in install) == (not new)


@pytest.mark.skipif(os.name == "nt", reason="the commands are for bash, which CI has and Windows may not")
def test_the_commands_of_ci_are_valid_shell(baked: Path, combination: str) -> None:
    ci = COMBINATIONS[combination]["ci"]
    for command in ci_commands(baked, ci) if ci != "none" else []:
        done = subprocess.run(["bash", "-n", "-c", command], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("start", [NEW, EXISTING], ids=["new", "existing"])
def test_the_github_workflow_may_read_and_nothing_else(start: dict[str, str], bake: Bake, tmp_path: Path) -> None:
    project = bake(tmp_path, **start, ci="github")
    text = (project / ".github/workflows/meta-tests.yml").read_text(encoding="utf-8")
    workflow = ci_file(project, "github")
    job = workflow["jobs"]["meta-tests"]

    assert workflow["permissions"] == {"contents": "read"}
    assert "permissions" not in job
    assert workflow["concurrency"]["group"] == "${{ github.workflow }}-${{ github.ref }}"
    assert workflow["defaults"]["run"]["shell"] == "bash"
    assert "pull_request_target" not in text
    assert job["timeout-minutes"] == 45
    uses = re.findall(r"uses: (.*)", text)
    assert len(uses) == 2
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", use) for use in uses)
    assert job["steps"][0]["with"] == {"fetch-depth": 0, "persist-credentials": False}
    # setup-python's cache fails the job where it finds no file to name it after.
    assert ("cache" in job["steps"][1]["with"]) == (start is NEW)


def test_the_gitlab_file_is_included_by_a_new_project_and_offered_to_an_old_one(bake: Bake, tmp_path: Path) -> None:
    new = bake(tmp_path / "new", **NEW, ci="gitlab")
    old = bake(tmp_path / "old", **EXISTING, ci="gitlab")
    path = ".gitlab/meta-tests.gitlab-ci.yml"

    included = yaml.safe_load((new / ".gitlab-ci.yml").read_text(encoding="utf-8"))["include"]
    comment = re.findall(r"^#   (.*)$", (old / path).read_text(encoding="utf-8"), re.MULTILINE)

    assert included == [{"local": path}]
    assert yaml.safe_load("\n".join(comment))["include"] == included
    # A file that is included must not change what is not its own.
    assert set(ci_file(old, "gitlab")) == set(ci_file(new, "gitlab")) == {"meta-tests"}


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_ci_waits_longer_than_the_regime_does(ci: str, bake: Bake, tmp_path: Path) -> None:
    project = bake(tmp_path, **EXISTING, ci=ci, suite_seconds="5000.5")
    policy = tomllib.loads((project / "tests/meta/policy.toml").read_text(encoding="utf-8"))
    job = ci_file(project, ci)
    minutes = job["jobs"]["meta-tests"]["timeout-minutes"] if ci == "github" else job["meta-tests"]["timeout"]

    assert policy["suite"]["timeout_seconds"] == 10001
    assert int(str(minutes).split()[0]) == 182


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
