"""Shows the regime at work: red on a suite with the usual illnesses, green on the same suite healed.

    make demo                                    or: .venv/bin/python examples/demo.py [--into DIRECTORY]

Everything happens in a copy. What the demo says about a run it has read from that run's junit file;
where the regime does not say what is expected, the demo fails.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cookiecutter.main import cookiecutter  # type: ignore[import-untyped]

TEMPLATE = Path(__file__).resolve().parents[1]
EXAMPLES = TEMPLATE / "examples"

COVERAGE = "tests/meta/test_coverage_enforcement.py::test_total_coverage_meets_minimum"
BUDGET = "tests/meta/test_suite_performance.py::test_suite_within_time_budget"
SLOW = "tests/meta/test_slow_test_detection.py::test_no_new_slow_tests"
FLOOR = "tests/meta/test_coverage_enforcement.py::test_no_module_below_floor"
RATCHET = "tests/meta/test_coverage_enforcement.py::test_coverage_has_not_regressed"
CHANGED = "tests/meta/test_coverage_enforcement.py::test_changed_lines_are_covered"
CATEGORY = "tests/meta/test_suite_hygiene.py::test_every_test_has_a_category"
REASONS = "tests/meta/test_suite_hygiene.py::test_every_skip_and_xfail_has_a_reason"
STRICT = "tests/meta/test_suite_hygiene.py::test_pytest_is_strict"
# The verdicts that are red while the suite is ill, and what their messages must name, or they would be of no help.
ILL = {
    COVERAGE: ("reports.py",),
    FLOOR: ("reports.py",),
    BUDGET: ("test_breaker.py",),
    SLOW: (  # the tests, and what they really waited for
        "test_breaker.py::test_an_open_breaker_spares_the_gateway",
        "test_backoff.py::test_it_asks_less_and_less_often_until_patience_runs_out",
        "test_agent.py::test_agent",
        "waited before another attempt, as tenacity does (tenacity/",
        "slept (time.sleep) at src/payments/backoff.py:",
        "slept (time.sleep) at src/payments/agent.py:",
    ),
    STRICT: ("pyproject.toml [tool.pytest.ini_options]: xfail_strict = true",),
}
ALL = (*ILL, RATCHET, CHANGED, CATEGORY, REASONS)
GREEN = dict.fromkeys(ALL, "passed")
PLAN = "coverage-plan.md"
UNTESTED = """

def most_patient(configs: list[ResilienceConfig]) -> ResilienceConfig:
    return max(configs, key=repr)
"""
ANSWERS = {
    "project_slug": ".",
    "starting_point": "existing project",
    "package_name": "payments",
    "minimum_coverage": "80",
    "suite_seconds": "7",
    "slow_test_seconds": "1",
    "ci": "none",
}
LOADER = """\
import pathlib, sys
sys.path.append(str(pathlib.Path(__file__).parent / "meta"))
from meta_regime.plugin import *  # hooks and fixtures
"""


class DemoError(Exception):
    """The regime did not do what this demo promises."""


def say(text: str) -> None:
    print(text, flush=True)


def heading(text: str) -> None:
    say(f"\n=== {text} ".ljust(79, "="))


def environment() -> dict[str, str]:
    """Return the environment, without what would change how pytest, coverage or git run."""
    foreign = re.compile(r"(PYTEST_|COV|META_|GIT_|GITHUB_|GITLAB_|CI_).*|CI|PYTHONPATH")
    clean = {key: value for key, value in os.environ.items() if not foreign.fullmatch(key.upper())}
    clean["COLUMNS"] = str(shutil.get_terminal_size().columns)
    clean["PYTHONUNBUFFERED"] = "1"
    # pytest-asyncio is installed here for the tests of the template. This service has no use for its advice.
    clean["PYTHONWARNINGS"] = "ignore:The configuration option"
    return clean


def coloured() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def pytest(project: Path, junit: Path, *arguments: str) -> tuple[int, str]:
    """Run pytest in the project, showing its output as it comes. Return the exit status and the output."""
    say("$ " + " ".join(["python -m pytest", *arguments]) + "\n")
    colour = f"--color={'yes' if coloured() else 'no'}"
    command = [sys.executable, "-m", "pytest", *arguments, colour, f"--junitxml={junit}"]
    seen = bytearray()
    with subprocess.Popen(
        command,
        cwd=project,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        if process.stdout is None:
            raise DemoError("pytest has no output to read")
        try:
            while piece := os.read(process.stdout.fileno(), 4096):
                seen += piece
                sys.stdout.buffer.write(piece)
                sys.stdout.flush()
        except KeyboardInterrupt:
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=5)  # it had the same Ctrl-C, and tidies up
            process.kill()
            raise
    output = re.sub(r"\x1b\[[0-9;]*m", "", seen.decode(errors="replace"))
    return process.returncode, output


@dataclass(frozen=True)
class Result:
    """What came of one test: passed, failed, error or skipped, and what was said."""

    outcome: str
    text: str = ""


def results(junit: Path) -> dict[str, Result]:
    """Read a junit file, as `path::test` and its result."""
    if not junit.is_file():
        raise DemoError("pytest wrote no junit file: it did not get to the end")
    found = {}
    for case in ET.parse(junit).iter("testcase"):
        test = case.get("classname", "").replace(".", "/") + f".py::{case.get('name')}"
        found[test] = Result("passed")
        for child in case:
            if child.tag in {"failure", "error", "skipped"}:
                outcome = "failed" if child.tag == "failure" else child.tag
                found[test] = Result(outcome, f"{child.get('message', '')}\n{child.text or ''}")
    return found


def check(*, holds: bool, otherwise: str) -> None:
    if not holds:
        raise DemoError(otherwise)


def check_run(status: int, expected: int, found: Mapping[str, Result], verdicts: Mapping[str, str]) -> None:
    """Check the outcomes of verdicts, that every test of the service passed, and the exit status."""
    for verdict, wanted in verdicts.items():
        check(holds=verdict in found, otherwise=f"there should be a verdict {verdict}")
        outcome = found[verdict].outcome
        check(holds=outcome == wanted, otherwise=f"{verdict} should have {wanted}, but: {outcome}")
    for test, result in found.items():
        fine = test.startswith("tests/meta/") or result.outcome == "passed"
        check(holds=fine, otherwise=f"{test} should have passed, but: {result.outcome}")
    check(holds=status == expected, otherwise=f"pytest should have exit status {expected}, but: {status}")


def of_the_service(found: Mapping[str, Result]) -> int:
    """Count the tests that are not the regime's."""
    return sum(not test.startswith("tests/meta/") for test in found)


def git(project: Path, *arguments: str) -> None:
    settings = {
        "user.name": "Demo",
        "user.email": "demo@example.com",
        "commit.gpgSign": "false",
        "core.hooksPath": os.devnull,
        "init.defaultBranch": "main",
    }
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    subprocess.run(["git", *options, *arguments], cwd=project, env=environment(), check=True)


def bake(project: Path, scratch: Path) -> None:
    """Bake the template onto the project, whatever the user's own cookiecutter settings say."""
    config = scratch / "cookiecutter.yaml"
    settings = {"replay_dir": str(scratch / "replay"), "cookiecutters_dir": str(scratch / "templates")}
    config.write_text(json.dumps(settings), encoding="utf-8")  # YAML reads JSON
    cookiecutter(
        str(TEMPLATE),
        no_input=True,
        overwrite_if_exists=True,
        skip_if_file_exists=True,
        output_dir=str(project),
        config_file=str(config),
        extra_context=ANSWERS,
    )


def copy(example: str, project: Path) -> None:
    junk = shutil.ignore_patterns("__pycache__", ".pytest_cache", ".coverage", ".coverage.*")
    shutil.copytree(EXAMPLES / example, project, ignore=junk, dirs_exist_ok=True)


def files(project: Path) -> dict[str, bytes]:
    """Return what is there, by path, the repository itself left out. Folders count, as empty."""
    paths = [path for path in project.rglob("*") if ".git" not in path.relative_to(project).parts]
    return {path.relative_to(project).as_posix(): path.read_bytes() if path.is_file() else b"" for path in paths}


def prepare(project: Path, scratch: Path) -> None:
    heading("1. A service and its suite")
    say("examples/payments: a client with tenacity retries behind a pybreaker breaker,")
    say("and a suite that passes, slowly. A copy of it, under git:")
    say(f"  {project}")
    copy("payments", project)
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "The service as it is")

    heading("2. The regime moves in")
    say("cookiecutter adds tests/meta and changes no file that was there. Asked for:")
    say("80% coverage, 8 s for the suite, 1 s for a test.")
    before = files(project)
    bake(project, scratch)
    after = files(project)
    changed = sorted(path for path, data in before.items() if after.get(path) != data)
    check(holds=not changed, otherwise=f"the template changed what was there: {', '.join(changed)}")
    stray = sorted(path for path in set(after) - set(before) if not f"{path}/".startswith("tests/meta/"))
    check(holds=not stray, otherwise=f"the template should add tests/meta only, but: {', '.join(stray)}")
    say("\nThree lines on top of tests/conftest.py load it. The demo has put them there.")
    conftest = project / "tests" / "conftest.py"
    conftest.write_text(f"{LOADER}\n{conftest.read_text(encoding='utf-8')}", encoding="utf-8")


def show_red(project: Path, scratch: Path) -> None:
    heading("3. The suite as it is: five red verdicts")
    say("One ordinary run, about ten seconds. The verdicts come last. Look at what each")
    say("says: measured, allowed, the worst offenders, what to type next. One of them, the")
    say("ratchet, cannot judge yet: nothing says what coverage was before.")
    say("(The demo adds --junitxml to each command, to check what it claims.)")
    junit = scratch / "ill.xml"
    status, output = pytest(project, junit, "--cov", f"--meta-plan={PLAN}")
    say("")
    found = results(junit)
    others = dict.fromkeys([CHANGED, CATEGORY, REASONS], "passed")
    check_run(status, 1, found, {**dict.fromkeys(ILL, "failed"), RATCHET: "skipped", **others})
    for verdict, names in ILL.items():
        check(holds=verdict in output, otherwise=f"the output should name {verdict}, and does not")
        for name in names:
            holds = name in found[verdict].text
            check(holds=holds, otherwise=f"the message of {verdict} should name {name}, and does not")
    say(f"The {of_the_service(found)} tests of the service passed. Five verdicts failed, as they should:")
    say(f"exit status 1. The way to the coverage target is in {PLAN}:\n")
    plan = (project / PLAN).read_text(encoding="utf-8")
    say("".join(f"  {line}\n" for line in plan.splitlines()[:14]))


def show_green(project: Path, scratch: Path) -> None:
    heading("4. The suite healed: green verdicts")
    say("examples/payments-healed replaces five test files: the same behaviour, without the")
    say("waiting (virtual_clock, mocked_retry, fast_resilience_config), the agent in small")
    say("tests, and tests for the reports; and its pyproject.toml makes pytest strict.")
    say("--meta-accept writes down what is still uncovered, so that it never becomes more.")
    copy("payments-healed", project)
    junit = scratch / "healed.xml"
    status, _ = pytest(project, junit, "--cov", "--meta-accept")
    say("")
    found = results(junit)
    check_run(status, 0, found, GREEN)
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "The suite healed, and the regime")
    say(f"The {of_the_service(found)} tests of the service passed. The verdicts passed too:")
    say("exit status 0.")

    heading("5. The verdicts alone, as a pre-commit hook asks for them")
    say("Nothing but tests/meta is collected. What is judged is the run above, since nothing")
    say("that it depends on has changed; else the suite would be run once, in a child process.")
    junit = scratch / "verdicts.xml"
    status, output = pytest(project, junit, "tests/meta", "-v")
    say("")
    found = results(junit)
    check_run(status, 0, found, GREEN)
    reused = "nothing has changed since the run of" in output
    check(holds=reused, otherwise="the run before should have been judged again, and was not")
    strays = of_the_service(found)
    check(holds=not strays, otherwise=f"only verdicts should be collected, but {strays} other tests were")
    for verdict in ALL:
        check(holds=verdict in output, otherwise=f"the output should name {verdict}, and does not")
    say("The same verdicts, green: exit status 0.")


def show_the_ratchet(project: Path, scratch: Path) -> None:
    heading("6. Somebody adds code without a test: red again")
    say("Two lines in src/payments/settings.py. The total is still far above the minimum.")
    settings = project / "src" / "payments" / "settings.py"
    settings.write_text(settings.read_text(encoding="utf-8") + UNTESTED, encoding="utf-8")
    junit = scratch / "untested.xml"
    status, _ = pytest(project, junit, "--cov", "-q")
    say("")
    found = results(junit)
    check_run(status, 1, found, {**GREEN, RATCHET: "failed", CHANGED: "failed"})
    for verdict in (RATCHET, CHANGED):
        holds = "src/payments/settings.py" in found[verdict].text
        check(holds=holds, otherwise=f"the message of {verdict} should name the file, and does not")
    say("The ratchet and the verdict on changed lines failed, as they should: exit status 1.")


def parse(arguments: list[str] | None) -> Path | None:
    parser = argparse.ArgumentParser(description="Shows the regime at work on a small service.")
    parser.add_argument("--into", type=Path, metavar="DIRECTORY", help="where to work (must not exist yet)")
    into: Path | None = parser.parse_args(arguments).into
    if into is not None and into.exists():
        parser.error(f"{into} exists already")
    return into.resolve() if into else None


def main(arguments: list[str] | None = None) -> int:
    into = parse(arguments)
    start = time.monotonic()
    if into is None:
        top = Path(tempfile.mkdtemp(prefix="meta-tests-demo-")).resolve()
    else:
        into.mkdir(parents=True)
        top = into
    project, scratch = top / "payments", top / "scratch"
    scratch.mkdir()
    try:
        prepare(project, scratch)
        show_red(project, scratch)
        show_green(project, scratch)
        show_the_ratchet(project, scratch)
        for name in ("policy.toml", "README.md"):
            there = (project / "tests" / "meta" / name).is_file()
            check(holds=there, otherwise=f"the template should bring tests/meta/{name}, and does not")
    except KeyboardInterrupt:
        say(f"\nInterrupted. What there is so far is in {top}")
        return 130
    except Exception as error:
        # Whatever it is, it is not what was promised.
        say(f"\nTHE DEMO FAILED: {type(error).__name__}: {error}")
        say(f"What there is so far is in {top}")
        return 1
    heading(f"That was all, in {time.monotonic() - start:.0f} s. Where to look")
    say(f"cd {project}")
    say("  tests/meta/policy.toml   the thresholds: change one and run pytest --cov again")
    say("  tests/meta/README.md     each verdict, what it means, how to get out of it")
    say("  tests/conftest.py        the three lines")
    say(f"  {PLAN}         the way to the coverage target, when the suite was ill")
    say("  tests/meta/baseline.json what may be uncovered, by file")
    say("  git show; git diff       what was added, and how the suite was healed; the untested lines")
    say("The directory is yours: delete it when you have seen enough.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
