"""The verdicts as hooks: the real pre-commit, in a real git repository, with real pushes to a bare one."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.baking import NEW, ROOT, TEMPLATE_PARTS, Bake
from tests.in_git import Repository, in_git, with_baseline
from tests.sample import copy_of, policy, write

if TYPE_CHECKING:
    import subprocess

COVERAGE, BUDGET, SLOW = "validate-minimum-coverage", "validate-test-suite-performance", "detect-slow-unit-tests"
CONFIG, MANIFEST = ".pre-commit-config.yaml", ".pre-commit-hooks.yaml"
INIT = "src/my_project/__init__.py"
# Every run of the suite leaves a line in a file outside of the project.
COUNTING = {
    "tests/unit/test_count.py": "import os, pathlib\n\n\ndef test_count():\n"
    "    with pathlib.Path(os.environ['SUITE_RUNS']).open('a') as file:\n        file.write('run\\n')\n"
}
UNCOVERED = "\n\ndef never():\n" + "".join(f"    print({number})\n" for number in range(20))


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def skeleton(bake: Bake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new project, baked, with the settings of pre-commit as they come."""
    return bake(tmp_path_factory.mktemp("skeleton"), **NEW, ci="none")


@pytest.fixture
def new(skeleton: Path, tmp_path: Path) -> Repository:
    """A new project with our hooks alone: those of others would be fetched from the network."""
    project = copy_of(skeleton, tmp_path / "my-project")
    settings = load(project / CONFIG)
    settings["repos"] = [repository for repository in settings["repos"] if repository["repo"] == "local"]
    write(project, COUNTING)
    with_baseline(project, env={"SUITE_RUNS": os.devnull})
    shutil.rmtree(project / ".pytest_cache")  # with the run, which need not be run again
    return in_git(project, tmp_path / "outside", {CONFIG: yaml.safe_dump(settings)})


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """The template as it lies here, committed to a repository of its own: pre-commit clones it."""
    folder = tmp_path / "template"
    folder.mkdir()
    for part in (*TEMPLATE_PARTS, MANIFEST):
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, folder / part)
    repository = Repository(folder, tmp_path)
    repository.git("init", "--quiet", "--initial-branch", "main")
    repository.commit()
    return folder


def test_the_skeleton_has_the_hooks_that_the_repository_offers(skeleton: Path) -> None:
    offered = load(ROOT / MANIFEST)
    (local,) = [repository for repository in load(skeleton / CONFIG)["repos"] if repository["repo"] == "local"]

    assert local["hooks"] == offered
    assert {hook["id"]: hook["stages"] for hook in offered} == {
        COVERAGE: ["pre-push"],
        BUDGET: ["manual"],
        SLOW: ["manual"],
    }


def test_pre_commit_accepts_both_files_without_a_word(new: Repository, skeleton: Path) -> None:
    for command, path in (("validate-config", skeleton / CONFIG), ("validate-manifest", ROOT / MANIFEST)):
        done = new.pre_commit(command, str(path))
        assert (done.returncode, done.stdout) == (0, "")


def test_installing_sets_up_committing_and_pushing(new: Repository) -> None:
    hooks = new.folder / ".git" / "hooks"
    assert {path.name for path in hooks.iterdir() if path.suffix != ".sample"} == {"pre-commit", "pre-push"}


@pytest.mark.parametrize(
    ("path", "matters"),
    [
        ("src/shop/prices.py", True),
        ("src/shop/templates/page.html", True),
        ("shop/prices.pyi", True),
        ("setup.py", True),
        ("tests/data/prices.json", True),
        ("backend/tests/data/prices.yaml", True),
        ("tests/meta/policy.toml", True),
        ("pyproject.toml", True),
        ("setup.cfg", True),
        ("tox.ini", True),
        (".coveragerc", True),
        ("uv.lock", True),
        ("requirements.txt", True),
        ("requirements-dev.txt", True),
        ("requirements/dev.in", True),
        ("README.md", False),
        ("docs/index.rst", False),
        ("docs/tests.md", False),
        ("LICENSE.txt", False),
        ("docs/requirements of users.txt", False),
        (".github/workflows/meta-tests.yml", False),
        ("contests/photo.png", False),
    ],
)
def test_what_changes_the_verdict_is_judged_at_a_push(path: str, matters: bool) -> None:
    (pattern,) = [hook["files"] for hook in load(ROOT / MANIFEST) if "files" in hook]
    assert bool(re.search(pattern, path)) == matters


def test_a_push_with_too_little_coverage_is_refused_until_it_is_mended(new: Repository) -> None:
    good = (new.folder / INIT).read_text(encoding="utf-8")
    new.commit({INIT: good + UNCOVERED})

    refused = new.push()

    assert refused.returncode != 0, refused.stdout
    assert re.search(r"^Total coverage is \d\d\.\d\d %, the minimum is 80 %\.$", refused.stdout, re.MULTILINE)
    assert re.search(rf" {INIT}$", refused.stdout, re.MULTILINE), "where it is to be gained"
    assert not new.is_pushed()

    new.commit({INIT: good})
    accepted = new.push()
    assert accepted.returncode == 0, accepted.stdout
    assert "Passed" in accepted.stdout
    assert new.is_pushed()


def test_a_push_with_a_failing_test_is_refused(new: Repository) -> None:
    new.commit({"tests/unit/test_bad.py": "def test_bad():\n    assert 1 == 2\n"})

    refused = new.push()

    assert refused.returncode != 0
    assert "1 test of the suite failed; mend that first." in refused.stdout
    assert "E       assert 1 == 2" in refused.stdout
    assert not new.is_pushed()


def test_a_hook_that_could_not_judge_is_red(new: Repository) -> None:
    settings = (new.folder / "pyproject.toml").read_text(encoding="utf-8")
    new.commit({"pyproject.toml": settings.replace("addopts = [", 'addopts = ["-p", "no:pytest_cov", ')})

    refused = new.push()

    assert refused.returncode != 0
    assert "not judged: pytest-cov is not installed, or switched off" in refused.stdout
    assert not new.is_pushed()


def test_without_the_regime_every_hook_is_red(new: Repository) -> None:
    shutil.rmtree(new.folder / "tests" / "meta")
    new.commit({"tests/conftest.py": '"""Nothing is loaded here any more."""\n'})

    push, *manual = new.push(), *(run_by_hand(new, hook) for hook in (BUDGET, SLOW))

    assert not new.is_pushed()
    for done in (push, *manual):
        assert done.returncode != 0
        assert "unrecognized arguments: --meta-strict" in done.stdout


def test_in_an_environment_without_pytest_a_hook_is_red(new: Repository, tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    path = tmp_path / "bare" / ("Scripts" if os.name == "nt" else "bin")

    done = new.pre_commit("run", "--hook-stage", "manual", SLOW, "--all-files", path=path)

    assert done.returncode != 0
    assert "No module named pytest" in done.stdout


def test_a_push_of_documentation_does_not_run_the_suite(new: Repository) -> None:
    assert new.push().returncode == 0
    before = new.runs()
    new.commit({"README.md": "# Another text\n"})

    done = new.push()

    assert done.returncode == 0
    assert re.search(r"minimum coverage\.*\(no files to check\)Skipped", done.stdout)
    assert new.is_pushed()
    assert (before, new.runs()) == (1, 1)


def test_a_push_of_deletions_alone_is_not_judged(new: Repository) -> None:
    # A limit of pre-commit, which tells its hooks of files that are there. The settings say so; CI judges it.
    assert new.push().returncode == 0
    (new.folder / "tests" / "unit" / "test_my_project.py").unlink()
    new.commit()

    assert "(no files to check)Skipped" in new.push().stdout


def test_a_push_judges_what_is_committed_and_keeps_what_is_not(new: Repository) -> None:
    assert new.push().returncode == 0
    new.commit({"tests/unit/test_more.py": "def test_more():\n    pass\n"})
    unfinished = (new.folder / INIT).read_text(encoding="utf-8") + UNCOVERED
    write(new.folder, {INIT: unfinished})

    done = new.push()

    assert done.returncode == 0, done.stdout
    assert (new.folder / INIT).read_text(encoding="utf-8") == unfinished


def run_by_hand(repository: Repository, hook: str) -> subprocess.CompletedProcess[str]:
    """Run a hook with the command that the skeleton's README has for it."""
    text = (repository.folder / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"`pre-commit (run [^`]*)`", text)
    return repository.pre_commit(*shlex.split(command.replace(BUDGET, hook)))


def test_the_other_verdicts_are_given_by_hand(new: Repository) -> None:
    for hook in (BUDGET, SLOW):
        done = run_by_hand(new, hook)
        assert (done.returncode, "Passed" in done.stdout) == (0, True), done.stdout
    # Without --all-files there are "no files to check" where nothing is staged; they judge all the same.
    assert new.pre_commit("run", "--hook-stage", "manual").stdout.count("Passed") == 2

    policy(new.folder, "[performance]\nsuite_seconds = 0.2\nideal_seconds = 0.1\n[slow_tests]\nlimit_seconds = 0.2\n")
    new.commit({"tests/unit/test_slow.py": "import time\n\n\ndef test_slow():\n    time.sleep(0.5)\n"})
    for hook, message in ((BUDGET, "its budget is 0.2 s."), (SLOW, "1 test is slower than 0.2 s.")):
        done = run_by_hand(new, hook)
        assert done.returncode != 0
        assert message in done.stdout


def test_three_hooks_run_the_suite_once(new: Repository) -> None:
    done = [new.push(), *(run_by_hand(new, hook) for hook in (BUDGET, SLOW))]

    assert [hook.returncode for hook in done] == [0, 0, 0], [hook.stdout for hook in done]
    assert new.runs() == 1


def test_the_suites_own_git_repositories_are_not_taken_for_the_one_that_is_pushed(new: Repository) -> None:
    # git tells a hook in a second work tree, in GIT_DIR, which repository it is about; every git that is started obeys.
    own = "import subprocess\n\n\ndef test_git(tmp_path):\n    subprocess.run(['git', 'init', '--quiet', tmp_path])\n"
    own += "    asked = ['git', 'rev-parse', '--absolute-git-dir']\n"
    own += "    assert subprocess.check_output(asked, cwd=tmp_path, text=True).strip() == str(tmp_path / '.git')\n"
    new.git("worktree", "add", "--quiet", "-b", "second", str(new.outside / "second"))
    second = Repository(new.outside / "second", new.outside)
    second.commit({"tests/unit/test_git.py": own})

    done = second.push()

    assert done.returncode == 0, done.stdout


def test_a_project_can_take_the_hooks_from_the_repository(template: Path, project: Path, tmp_path: Path) -> None:
    revision = Repository(template, tmp_path).git("rev-parse", "HEAD")
    hooks = [{"id": hook} for hook in (COVERAGE, BUDGET, SLOW)]
    settings = {
        "default_install_hook_types": ["pre-commit", "pre-push"],
        "repos": [{"repo": str(template), "rev": revision, "hooks": hooks}],
    }
    shop = in_git(project, tmp_path / "outside", {CONFIG: yaml.safe_dump(settings)})

    refused = shop.push()
    assert refused.returncode != 0
    assert "Total coverage is 75.00 %, the minimum is 80 %." in refused.stdout
    assert not shop.is_pushed()

    policy(shop.folder, "[coverage]\nminimum = 75\n")
    shop.commit()
    assert shop.push().returncode == 0
    assert shop.is_pushed()
    assert shop.pre_commit("run", "--hook-stage", "manual", "--all-files").stdout.count("Passed") == 2


def test_the_repositorys_hooks_can_be_tried(template: Path, project: Path, tmp_path: Path) -> None:
    shop = in_git(project, tmp_path / "outside", {CONFIG: "repos: []\n"})

    done = shop.pre_commit("try-repo", str(template), SLOW, "--hook-stage", "manual", "--all-files")

    assert (done.returncode, "Passed" in done.stdout) == (0, True), done.stdout
