"""Are the verdicts wired in? Decided on files that are written here, and on all that the template bakes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from meta_regime.extras._checks import judged
from meta_regime.extras._ci_commands.commands import commands_of_ci
from meta_regime.extras.wiring.hooks import hooks_of
from meta_regime.extras.wiring.loading import not_loaded
from meta_regime.extras.wiring.reach import Suite
from meta_regime.extras.wiring.rules import CHECKS, Wiring, said_of
from meta_regime.extras.wiring.thresholds import Thresholds, contradictions
from meta_regime.verdict import Outcome

from tests.sample import LOADER, write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from meta_regime.verdict import Verdict

Look = Any  # Callable[..., Verdict], with thresholds and testpaths by name
SAME = Thresholds(80, None, 80, 10, ())
WORKFLOW = ".github/workflows/ci.yml"
SUITE = {"tests/test_one.py": "", "tests/integration/test_two.py": "", "tests/meta/test_suite.py": ""}


@pytest.fixture
def suite(pytestconfig: pytest.Config, tmp_path: Path) -> Suite:
    """A suite of all tests under `tests`, in an empty folder."""
    parse: Any = pytestconfig._parser.parse_known_args
    return Suite(parse, parse([]), (tmp_path / "tests",), tmp_path, tmp_path / "tests" / "meta")


@pytest.fixture
def look(suite: Suite, tmp_path: Path) -> Look:
    """Judge these files."""

    def run(
        files: Mapping[str, str],
        excused: Mapping[str, str] | None = None,
        thresholds: Thresholds = SAME,
        starts: tuple[str, ...] = ("tests",),
    ) -> Verdict:
        write(tmp_path, {**SUITE, "tests/conftest.py": LOADER, **files})
        return judge(tmp_path, suite.why_not, excused or {}, thresholds, [tmp_path / start for start in starts])

    return run


def judge(
    root: Path,
    why_not: Callable[..., str],
    excused: Mapping[str, str],
    thresholds: Thresholds,
    starts: list[Path],
) -> Verdict:
    hooks, loaded = hooks_of(root, why_not), not_loaded(root, starts)
    facts = Wiring(commands_of_ci(root), why_not, hooks, loaded, thresholds, root)
    return judged(CHECKS, facts, excused, kept=said_of(facts), broken="The verdicts are not wired in:")


def workflow(*steps: str, above: str = "", job: str = "") -> dict[str, str]:
    """Give a workflow of GitHub with these steps, each a line or more."""
    lines = "".join(f"      - {step.replace(chr(10), chr(10) + ' ' * 8)}\n" for step in steps)
    return {WORKFLOW: f"on: [push]\n{above}jobs:\n  tests:\n    runs-on: ubuntu-latest\n{job}    steps:\n{lines}"}


def broken(verdict: Verdict) -> str:
    """Give the part of a red verdict's line that names the rules; nothing of a green one."""
    assert "Traceback" not in verdict.message
    return verdict.line.removeprefix("The verdicts are not wired in: ") if verdict.outcome is Outcome.FAILED else ""


def test_without_any_ci_nothing_is_asked_of_it(look: Look) -> None:
    verdict = look({})
    assert (broken(verdict), verdict.line) == (
        "",
        "The verdicts are wired in; no files of CI lie here, so nothing is asked of it.",
    )


@pytest.mark.parametrize(
    "steps",
    [
        ["run: pytest"],
        ["run: python -m pytest tests/meta"],
        ["run: pytest -n auto --cov=shop tests"],
        ["run: pytest --no-meta", "run: python -m pytest tests/meta --meta-records shards"],
        ['name: "a: b"\nrun: >-\n  uv run --with pytest-cov\n  pytest -q'],
        ["run: coverage run -m pytest ${{ matrix.args }}"],
        ["run: |\n  if [ -f x ]; then\n    bash -c 'python -m pytest tests'\n  fi"],
        ["run: make test"],
        ["run: uvx nox -s tests"],
        ["run: uv run --group dev tox run -e py312"],
        ["run: ./scripts/test.sh fast"],
        ["uses: ./.github/actions/test"],
    ],
    ids=lambda steps: steps[-1].splitlines()[-1].strip(),
)
def test_ci_that_gives_the_verdicts(look: Look, steps: list[str]) -> None:
    behind = {
        "Makefile": "RUN ?= python -m pytest\nARGS = -q\ntest: lint\n\t@$(RUN) \\\n\t  $(ARGS)\nlint:\n\truff .\n",
        "noxfile.py": "import nox\n@nox.session\ndef tests(session):\n    session.run('pytest', *session.posargs)\n",
        "tox.ini": "[testenv]\ncommands =\n    py312: pytest {posargs:tests}\n",
        "scripts/test.sh": '#!/bin/sh -e\nexec ${PREFIX}pytest "$@"\n',
        ".github/actions/test/action.yml": "runs:\n  steps:\n    - run: pytest\n      shell: bash\n",
    }
    verdict = look({**behind, **workflow(*steps)})
    assert verdict.outcome is Outcome.PASSED, verdict.message
    assert verdict.line.startswith("The verdicts are wired in: CI gives them (")
    twice = look({**behind, **workflow(*steps, *steps)})
    assert twice.line == verdict.line  # by the first


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        (["run: pytest --no-meta"], "ci.yml:6: pytest --no-meta   (it has --no-meta)"),
        (
            ["run: pytest -m 'not slow'"],
            "ci.yml:6: pytest -m 'not slow'   (it runs a part of the suite: -m 'not slow')",
        ),
        (
            ["run: |\n  x=1\n  pytest tests/integration"],
            "ci.yml:8: pytest tests/integration   (it runs a part of the su",
        ),
        (["run: pytest tests/test_one.py::test_x"], "(it runs a part of the suite: tests/test_one.py::test_x)"),
        (["run: pytest --splits 2 --group 1"], "(it is one of several shards, and nothing judges them)"),
        (["run: pytest\nif: false"], "no command of .github/workflows/ci.yml runs pytest"),
        (["run: pip install pytest", "run: pytest --version"], "no command of .github/workflows/ci.yml runs pytest"),
        (["run: echo pytest; git grep pytest # pytest"], "no command of .github/workflows/ci.yml runs pytest"),
        (["run: PYTEST_ADDOPTS=--no-meta pytest"], "(it has --no-meta)"),
    ],
)
def test_ci_that_does_not(look: Look, steps: list[str], why: str) -> None:
    verdict = look(workflow(*steps))
    assert broken(verdict) == "ci-runs-verdicts (1)."
    assert why in verdict.details
    assert (
        "Add one line, after those that install what the tests need:\n\n    - run: python -m pytest tests/meta"
        in verdict.details
    )
    excused = look(workflow(*steps), {"ci-runs-verdicts": "until June"})
    assert excused.line == "CI is passed over. Excused in policy.toml: ci-runs-verdicts."


def test_ci_that_is_started_by_hand(look: Look) -> None:
    by_hand = {WORKFLOW: workflow("run: pytest")[WORKFLOW].replace("[push]", "workflow_dispatch")}
    assert "(it is started by hand only)" in look(by_hand).details


def test_what_cannot_be_looked_into_is_said_and_not_red(look: Look) -> None:
    for step, said in (
        ("run: just test", "ci.yml:6: just test"),
        ("run: tox", "ci.yml:6: tox"),
        ("run: make -C sub check", "ci.yml:6: make -C sub check"),
        ("run: $RUNNER tests", "ci.yml:6: $ tests"),
        ("uses: pypa/cibuildwheel@v3", "ci.yml:6: pypa/cibuildwheel@v3"),
    ):
        verdict = look(workflow(step, "run: pytest -k some"))
        assert verdict.line == f"Whether CI gives the verdicts cannot be told from here (.github/workflows/{said}).", (
            step
        )
    several = look(workflow("run: just build", "run: just test", "run: just release", "run: pytest -k some"))
    assert several.line.endswith("(.github/workflows/ci.yml:7: just test).")  # the likeliest
    for text, why in (
        ("a:\n\t- b", ":2: is indented by a tab"),
        ('a: "b', ':1: a " is not closed'),
        ("a: *b", ":1: there is no &b"),
    ):
        assert f"{WORKFLOW}{why}" in look({WORKFLOW: text}).line


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (["run: pytest | tee log"], "ci.yml:6: pytest | …   (a pipe, and no pipefail)"),
        (["run: |\n  set -e\n  pytest 2>&1 \\\n    | tee log"], "ci.yml:8: pytest | …   (a pipe, and no pipefail)"),
        (["run: make test | tee log"], "Makefile:2: pytest (by make test | …)   (a pipe, and no pipefail)"),
        (["run: bash -c 'pytest' | tee log"], "ci.yml:6: pytest (by bash -c pytest | …)   (a pipe, and no pipefail)"),
        (["run: make piped"], "Makefile:4: pytest | …   (a pipe, and no pipefail)"),
        (["run: pytest || true"], "ci.yml:6: pytest || true   (|| true)"),
        (["run: pytest\ncontinue-on-error: true"], "ci.yml:6: pytest   (continue-on-error: true)"),
    ],
)
def test_ci_in_which_a_failure_is_lost(look: Look, steps: list[str], found: str) -> None:
    makefile = {"Makefile": "test:\n\tpytest\npiped:\n\tpytest | tee log\n"}
    verdict = look({**makefile, **workflow(*steps)})
    assert broken(verdict) == "ci-pipefail (1)."
    assert found in verdict.details


@pytest.mark.parametrize(
    "files",
    [
        workflow("run: pytest | tee log\nshell: bash"),
        workflow("run: pytest | tee log", above="defaults:\n  run:\n    shell: bash\n"),
        workflow("run: |\n  set -euo pipefail\n  pytest | tee log"),
        workflow("run: |\n  pytest | tee log\n  exit ${PIPESTATUS[0]}"),
        {WORKFLOW: workflow("run: pytest | Tee-Object log")[WORKFLOW].replace("ubuntu", "windows")},
        workflow("run: pytest", "run: pytest -m flaky --no-meta || true"),
        workflow("run: pytest", "run: pytest tests\ncontinue-on-error: true"),
        workflow("run: pytest\ncontinue-on-error: ${{ matrix.new }}"),
        workflow("run: pytest", "run: pip list | grep pytest", "run: pytest --collect-only | tail"),
        workflow("run: pytest || exit 1"),
        workflow("run: bash -eo pipefail -c 'pytest | tee log'"),
        {**workflow("run: ./test.sh"), "test.sh": "#!/bin/bash -eo pipefail\npytest | tee log\n"},
        {".gitlab-ci.yml": "test:\n  script:\n    - pytest | tee log\n"},  # the runner switches pipefail on
    ],
)
def test_ci_in_which_no_failure_is_lost(look: Look, files: dict[str, str]) -> None:
    assert broken(look(files)) == ""


GITLAB_JOB = "tests:\n  script:\n    - pytest --no-meta\n"


def test_gitlab(look: Look, tmp_path: Path) -> None:
    assert "does not include" not in look({".gitlab-ci.yml": GITLAB_JOB}).details  # there is nothing to include
    part = {".gitlab/meta-tests.gitlab-ci.yml": "meta-tests:\n  script: [python -m pytest tests/meta]\n"}
    verdict = look({".gitlab-ci.yml": GITLAB_JOB, **part})
    assert "        include:\n          - local: .gitlab/meta-tests.gitlab-ci.yml" in verdict.details
    included = "include:\n  - template: Security/SAST.gitlab-ci.yml\n  - local: /.gitlab/*.gitlab-ci.yml\n"
    assert ".gitlab/meta-tests.gitlab-ci.yml:2" in look({".gitlab-ci.yml": included + GITLAB_JOB}).line
    elsewhere = look({".gitlab-ci.yml": f"include:\n  - project: a/b\n    file: c.yml\n{GITLAB_JOB}"})
    assert ".gitlab-ci.yml:2: it includes a file of another project" in elsewhere.line
    optional = look({".gitlab-ci.yml": "t:\n  script: [pytest]\n  allow_failure: true\n"})
    assert ".gitlab-ci.yml:2: pytest   (allow_failure: true)" in optional.details
    (tmp_path / ".gitlab-ci.yml").write_bytes(b"t: \xff")
    assert ".gitlab-ci.yml: it is not UTF-8 text" in said_of_ci(tmp_path)


def said_of_ci(root: Path) -> str:
    return "; ".join(commands_of_ci(root).unreadable)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("azure-pipelines.yml", "steps:\n  - script: |\n      pytest | tee log\n    displayName: x\n"),
        ("Jenkinsfile", "pipeline { stages { stage('t') { steps { sh 'pytest | tee log' } } } }"),
        (".travis.yml", "script:\n  - pytest | tee log\n"),
        (".circleci/config.yml", "jobs:\n  t:\n    steps:\n      - run: {name: t, command: pytest --no-meta}\n"),
    ],
)
def test_other_ci(look: Look, name: str, text: str) -> None:
    rule = "ci-runs-verdicts" if "circleci" in name else "ci-pipefail"
    verdict = look({name: text})
    assert broken(verdict) == f"{rule} (1)."
    assert f"{name}:" in verdict.details


LOCAL_HOOK = (
    "repos:\n  - repo: local\n    hooks:\n      - id: tests\n        entry: {entry}\n        stages: [{stages}]\n"
)
TYPES = "default_install_hook_types: [pre-commit, pre-push]\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("repos: []\n", "no hook runs pytest on tests/meta, or on the whole suite"),
        (LOCAL_HOOK.format(entry="pytest -m fast", stages="pre-commit"), "no hook runs pytest on tests/meta"),
        (LOCAL_HOOK.format(entry="pytest", stages="manual"), "tests has only the stage manual: it runs when somebody"),
        (
            LOCAL_HOOK.format(entry="python -m pytest tests/meta", stages="push"),
            "tests is for pre-push, but `pre-commit install` sets up pre-commit only (default_install_hook_types): it",
        ),
    ],
)
def test_pre_commit_that_does_not_give_the_verdicts(look: Look, text: str, why: str) -> None:
    verdict = look({".pre-commit-config.yaml": text})
    assert broken(verdict) == "pre-commit-runs-verdicts (1)."
    assert why in verdict.details
    assert f"\n    {TYPES}" in verdict.details


def test_the_first_of_several_hooks_is_named(look: Look) -> None:
    hook = "      - id: {}\n        entry: pytest\n        stages: [pre-push]\n"
    verdict = look({".pre-commit-config.yaml": f"repos:\n  - hooks:\n{hook.format('one')}{hook.format('two')}"})
    assert ".pre-commit-config.yaml: one is for pre-push, but" in verdict.details


def test_pre_commit_that_does(look: Look) -> None:
    for text in (
        TYPES + LOCAL_HOOK.format(entry="pytest tests/meta", stages="pre-push, manual"),
        LOCAL_HOOK.format(entry="pytest", stages="commit"),
        TYPES
        + "repos:\n- repo: https://x/meta-tests\n  hooks: [{id: validate-minimum-coverage, stages: [pre-push]}]\n",
    ):
        verdict = look({".pre-commit-config.yaml": text})
        assert (broken(verdict), "pre-commit gives them" in verdict.line) == ("", True)
    hidden = look({".pre-commit-config.yaml": LOCAL_HOOK.format(entry="just test", stages="pre-push")})
    assert "whether pre-commit does cannot be told (.pre-commit-config.yaml:4: just test)" in hidden.line
    assert ".pre-commit-config.yaml:1: a bracket is not closed" in look({".pre-commit-config.yaml": "repos: [\n"}).line


def test_the_loader_is_met_or_not(look: Look, tmp_path: Path) -> None:
    (tmp_path / "src" / "shop" / "tests").mkdir(parents=True)
    verdict = look({}, starts=("src/shop/tests",))
    assert broken(verdict) == "loader (1)."
    assert "pytest begins in src/shop/tests, and finds no conftest.py with these lines" in verdict.details
    assert '    sys.path.append(str(pathlib.Path(__file__).parent / "tests" / "meta"))\n' in verdict.details
    assert broken(look({}, starts=("src/shop/tests", "tests"))) == ""
    assert broken(look({}, starts=(".",))) == ""
    assert broken(look({"conftest.py": LOADER}, starts=("src/shop/tests",))) == ""


def test_thresholds_that_contradict_each_other(look: Look) -> None:
    known = Thresholds(
        80,
        95,
        95,
        10,
        (("addopts", ("--cov-fail-under=70", "--fail-slow", "2s")), ("ci.yml:7", ("--cov-fail-under", "90"))),
        (("timeout", "5"),),
    )
    verdict = look({}, thresholds=known)
    assert broken(verdict) == "one-source (5)."
    for words in (
        "fail_under = 95 in coverage's settings, which counts, and [coverage] minimum = 80",
        "--cov-fail-under=70 in addopts, and fail_under in coverage's settings, 95: delete the option",
        "--cov-fail-under=90 in ci.yml:7",
        "--fail-slow=2s in addopts fails it after 2 s, and [slow_tests] limit_seconds = 10 of the policy",
        "timeout = 5 of pytest's settings kills it after 5 s",
    ):
        assert words in verdict.details


def test_thresholds_that_do_not() -> None:
    typed = (("addopts", ("--cov-fail-under=95", "--fail-slow=10", "--timeout", "60")), ("x", ("--cov-fail-under=$",)))
    assert contradictions(Thresholds(None, 95, 95, 10, typed)) == []
    assert contradictions(Thresholds(95, 95, 95, 10, ((("addopts"), ("--cov-fail-under=0",)),))) == []


def test_all_that_is_baked_is_wired_in(baked: Path, combination: str, pytestconfig: pytest.Config) -> None:
    parse: Any = pytestconfig._parser.parse_known_args
    suite = Suite(parse, parse([]), (baked / "tests",), baked, baked / "tests" / "meta")
    starts = [baked / "tests"]
    excused = {} if "new" in combination else {"loader": "adopt.py puts it there"}
    verdict = judge(baked, suite.why_not, excused, SAME, starts)
    assert verdict.outcome is Outcome.PASSED, verdict.message
    gives = "github" in combination or combination.startswith("new-gitlab")  # an existing .gitlab-ci.yml is not ours
    assert ("CI gives them (" in verdict.line) == gives
    assert ("pre-commit gives them (validate-minimum-coverage)" in verdict.line) == ("new" in combination)
