"""The documentation is true: its links lead somewhere, and what it tells people to type works."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pytest

from docs import make_policy_reference
from tests import documentation
from tests.baking import EXISTING, ROOT, Bake, files
from tests.documentation import PAGES, PLAYBOOK, blocks, command_blocks, commands, title
from tests.in_git import Repository
from tests.sample import OF_THE_REGIME, PACKAGE, SETTINGS, TESTS, copy_of, session, write
from tests.template_history import committed

INSTALL = ROOT / "docs" / "install.md"
CI = ROOT / "docs" / "ci.md"
ADDRESS = "https://github.com/ORG/meta-tests"

# How each command of the documentation is shown to work: the first pattern that matches it as a whole.
BY_BLOCKS = "a test below runs the block that it stands in"
IN_A_PROJECT = "a test below types it in a project"
MAKE = "its target is there"
SCRIPT = "the script is there, and knows the options"
ELSEWHERE = "other tests type it"
HOW: dict[str, str] = {
    r"make [a-z-]+( [A-Z]+=\S+)*": MAKE,
    r"python (real|benchmarks|docs|examples|releasing|faults)/\S+\.py.*": SCRIPT,
    r"(python -m )?pytest (--cov(=\S+)?|--no-meta|tests/meta( --meta-\S+)*|-n auto)": IN_A_PROJECT,
    r"(python -m )?pytest --cov=\S+ (--cov-report=(html|term-missing)|--meta-report=\S+)": IN_A_PROJECT,
    r"python -X importtime -m pytest --collect-only": IN_A_PROJECT,
    r"python -m pytest --durations=0 -vv 'THE TEST'": IN_A_PROJECT,
    r"pytest --durations|python -m pytest": "a name, to which more is typed",
    r"pytest \\?\| tee log": "what not to type",
    r"(python -m )?pytest .*(--splits|--meta-record).*": "a test below types those of docs/ci.md; tests/test_shards.py",
    r"(uv|pipx) run(| tests/meta/adopt\.py)": "the header of adopt.py is tested in tests/adopting",
    r"(python -m )?pip install .*": "the new project's block installs",
    r"pre-commit .*": ELSEWHERE + ": tests/test_pre_commit.py",
    r"cruft (create|update|check|diff|link).*": ELSEWHERE + ": tests/test_cruft.py",
    r"cookiecutter .*": ELSEWHERE + ": tests/test_answers_in_a_used_folder.py",
    r"python tests/meta/adopt\.py( --\S+)?": BY_BLOCKS,
    r"git (ls-files|mv|reset|diff)( .*)?": ELSEWHERE + ": tests/test_cruft.py, as docs/upgrading.md has them",
    r"python -m venv .*|cd .*|git (add|init|commit|clone|checkout|switch|push|status|log|tag).*": BY_BLOCKS,
}


def how(command: str) -> str | None:
    return next((words for pattern, words in HOW.items() if re.fullmatch(pattern, command)), None)


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_links_lead_somewhere(page: Path) -> None:
    wrong = []
    for link in documentation.links(page):
        if re.match(r"https://[\w.-]+(/|$)", link):
            continue  # out there nothing is asked
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        if re.fullmatch(r"L\d+", anchor):
            anchor = ""  # a line: tests/test_claims.py
        if not target.exists() or (anchor and anchor not in documentation.anchors(target)):
            wrong.append(link)
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_it_is_known_of_every_command_how_it_is_shown_to_work(page: Path) -> None:
    assert [command for command in commands(page) if how(command) is None] == []


def test_commands_are_found() -> None:
    counts = Counter({title(page): len(commands(page)) for page in PAGES})
    assert counts["README.md"] > 20
    assert counts["playbook"] > 15
    assert how("pytest --unheard-of") is None


def test_make_targets_are_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {command.split()[1] for page in PAGES for command in commands(page) if how(command) == MAKE}
    assert {"demo", "test"} <= named <= targets
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert phony
    assert named <= set(phony[1].split())


def test_scripts_are_there_and_know_the_options() -> None:
    typed: dict[str, set[str]] = {}
    for page in PAGES:
        for command in commands(page):
            if how(command) == SCRIPT:
                _, script, *rest = shlex.split(command)
                typed.setdefault(script, set()).update(word for word in rest if word.startswith("--"))
    assert typed
    for script, options in typed.items():
        text = (ROOT / script).read_text(encoding="utf-8")
        assert {option for option in options if f'"{option}"' not in text} == set(), script


def test_the_policy_reference_is_made_from_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_policy_reference.main(["--check"]) == 0, "type: python docs/make_policy_reference.py"
    page = tmp_path / "policy.md"
    page.write_text(make_policy_reference.page().replace("80.0", "81.0"), encoding="utf-8")
    monkeypatch.setattr(make_policy_reference, "PAGE", page)
    assert make_policy_reference.main(["--check"]) == 1


def test_the_examples_of_the_kit_run(pristine: Path, tmp_path: Path) -> None:
    project = copy_of(pristine, tmp_path / "shop")
    shutil.rmtree(project / "tests" / "unit")
    examples = blocks(ROOT / "docs" / "kit.md", "python")
    write(project, {f"tests/test_example_{number}.py": text for number, text in enumerate(examples)})
    said = session(project, "--no-meta")
    assert said.status == 0, said.text
    assert set(said.outcomes.values()) == {"passed"}
    assert len(said.outcomes) >= len(examples) == 6


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template in a repository of its own, which cruft can clone."""
    return committed(tmp_path_factory.mktemp("template") / "template").folder


def typed(folder: Path, lines: str, status: int = 0) -> str:
    """Type lines into bash, where the programs of these tests come first, and no settings of the user's are known."""
    shell = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
    done = Repository(folder, folder.parent).run(*shell, lines, timeout=600)
    assert done.returncode == status, f"{lines}\n{done.stdout}"
    return done.stdout


def block_with(page: Path, *words: str) -> str:
    (block,) = [block for block in command_blocks(page) if all(word in block for word in words)]
    return block


@pytest.mark.skipif(os.name == "nt", reason="the lines are for a POSIX shell")
def test_the_way_to_a_new_project(template: Path, tmp_path: Path) -> None:
    block = block_with(INSTALL, "my-project", "--group dev")
    lines = block.replace(ADDRESS, f"{template} --no-input --default-config")
    assert lines != block
    out = typed(tmp_path, lines)
    assert "meta-tests: tests/meta/baseline.json was made" in out
    assert "FAILED" not in out
    assert not typed(tmp_path / "my-project", "git status --porcelain").strip()


@pytest.fixture(scope="module")
def started(template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A project in which everything was typed that the page has for an existing one, and what that printed."""
    project = tmp_path_factory.mktemp("existing") / "shop"
    ignored = "__pycache__/\n.pytest_cache/\n.coverage*\njunit.xml\nhtmlcov/\n"
    write(project, {**PACKAGE, **TESTS, "pyproject.toml": SETTINGS, ".gitignore": ignored})
    typed(project, "git init --quiet --initial-branch main && git add -A && git commit --quiet -m mine")
    block = block_with(INSTALL, '"project_slug": "."', "--meta-start-here")
    lines = block.replace(ADDRESS, f"{template} --default-config")
    assert lines != block
    return project, typed(project, lines)


@pytest.mark.skipif(os.name == "nt", reason="the lines are for a POSIX shell")
def test_the_way_into_an_existing_project_ends_green(started: tuple[Path, str]) -> None:
    project, out = started
    assert "this project starts where it is" in out
    assert "FAILED" not in out
    assert not typed(project, "git status --porcelain").strip()
    typed(project, "python tests/meta/adopt.py --check")


@pytest.mark.skipif(os.name == "nt", reason="the lines are for a POSIX shell")
def test_what_is_typed_in_a_project_works(started: tuple[Path, str], tmp_path: Path) -> None:
    project = copy_of(started[0], tmp_path / "shop")
    lines = dict.fromkeys(command for page in PAGES for command in commands(page) if how(command) == IN_A_PROJECT)
    assert len(lines) > 8
    for line in lines:
        if any(option in line for option in ("--meta-prove", "--meta-start-here", "--meta-records")):
            continue  # tests/test_prove.py; above; below
        out = typed(project, re.sub("(YOUR_)?PACKAGE", "shop", line).replace("'THE TEST'", "tests/unit/test_more.py"))
        assert re.search(r"\d passed|tests collected", out), (line, out)
    assert (project / "plan.md").exists()


@pytest.mark.skipif(os.name == "nt", reason="the lines are for a POSIX shell")
def test_shards_by_hand(started: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = copy_of(started[0], tmp_path / "shop")
    split = ROOT / ".venv" / "beside" / "pytest-split"
    block = block_with(CI, "--splits").replace("PACKAGE", "shop").replace("python", f"PYTHONPATH={split} python")
    out = typed(project, block)
    assert "meta-tests: 2 shards, the longest of them " in out
    assert (project / "shards" / "2.jsonl.coverage").exists()


def test_the_readme_types_what_install_md_types() -> None:
    """What of it is run by the tests above: adopt.py asks there, and is told `--yes` here; committing is left out."""
    readme = ROOT / "README.md"
    for words in (("my-project", "--group dev"), ('"project_slug": "."', "--meta-start-here")):
        run = block_with(INSTALL, *words).replace(" --yes", "").splitlines()
        said = [re.split(r"\s+# ", line)[0] for line in block_with(readme, *words).splitlines()]
        assert said == run[: len(said)]
        assert len(said) > 4


def test_the_files_are_those_that_install_md_shows(bake: Bake, tmp_path: Path) -> None:
    (shown,) = [block for block in blocks(INSTALL, "") if block.startswith("tests/\n")]
    names = set(re.findall(r"^[│ ]*[├└]── (\S+?)/?\s", shown, re.MULTILINE))
    project = bake(tmp_path, **EXISTING, ci="gitlab")
    meta = project / "tests" / "meta"
    theirs = {"conftest.py", "baseline.json", "known_slow.toml", "fast_tests.py"}  # the project's own, in time
    parts = {path.name for path in (meta / "meta_regime").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert names == {"meta"} | theirs | parts | {path.name for path in meta.iterdir() if path.name != "__pycache__"}
    assert [path for path in sorted(files(project)) if not path.startswith("tests/meta/")] == [
        ".gitlab/meta-tests.gitlab-ci.yml"
    ]
    assert ".github/workflows/meta-tests.yml       or .gitlab/meta-tests.gitlab-ci.yml, or neither\n" in shown
    assert {verdict for verdict in OF_THE_REGIME if verdict not in shown} == set()


def test_the_playbook_and_the_readme_have_every_verdict() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in PLAYBOOK.parent.rglob("*.py"))
    verdicts = set(re.findall(r"^ *def (test_\w+)\(judge", source, re.MULTILINE))
    assert verdicts == OF_THE_REGIME
    for page in (PLAYBOOK, ROOT / "README.md"):
        text = page.read_text(encoding="utf-8")
        assert {name for name in verdicts if f"`{name}`" not in text} == set(), page
