"""The suites that are measured, of trivial tests: the hardest case for a cost per test; how a session is checked."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.measuring import Ended, run
from real.workshop import add_loader, bake, git

TESTS_IN_A_FILE = 50
MODULES = ("adding", "choosing", "joining", "looping")
MODULE = '''\
"""One of the modules that the tests call."""


def work(number: int) -> int:
    """Take one branch or the other."""
    if number % 2:
        return 3 * number + 1
    total = 0
    for part in range(3):
        total += number // (part + 1)
    return total
'''
SETTINGS = """\
[tool.pytest.ini_options]
testpaths = ["tests"]
pythonpath = ["."]
addopts = ["--strict-markers", "--strict-config"]
xfail_strict = true
asyncio_default_fixture_loop_scope = "function"

[tool.coverage.run]
branch = true
"""
BRANCH = """

def work{number}(number: int) -> int:
    total = {number}
    for part in range(2):
        if part > number:
            total += part
        elif number % 7 == part:
            total -= 1
    return abs(total)
"""
FUNCTIONS = 40  # in a large module
VERDICTS = 14


class NotCountedError(Exception):
    """What was to be measured did not do what it should, and so is not counted."""


def write_suite(folder: Path, tests: int, lines: int = 0) -> None:
    """Write a package of a few modules, and of so many lines more, and trivial tests that call them, 50 to a file."""
    package = folder / "synthetic"
    (folder / "tests").mkdir(parents=True)
    package.mkdir()
    (folder / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    (package / "__init__.py").write_text('"""Nothing but work."""\n', encoding="utf-8")
    for module in MODULES:
        (package / f"{module}.py").write_text(MODULE, encoding="utf-8")
    large = "".join(BRANCH.format(number=number) for number in range(FUNCTIONS))
    modules = list(MODULES)
    for number in range(lines // large.count("\n")):
        modules.append(f"large{number:04d}")
        source = f'"""One of many."""\n{large}\n\nwork = work{number % FUNCTIONS}\n'
        (package / f"{modules[-1]}.py").write_text(source, encoding="utf-8")
    for first in range(0, tests, TESTS_IN_A_FILE):
        module = modules[first // TESTS_IN_A_FILE % len(modules)]
        text = [f"from synthetic.{module} import work"]
        for number in range(first, min(first + TESTS_IN_A_FILE, tests)):
            text += ["", "", f"def test_{number}() -> None:", f"    assert work({number}) >= 0"]
        path = folder / "tests" / f"test_{first // TESTS_IN_A_FILE:05d}.py"
        path.write_text("\n".join(text) + "\n", encoding="utf-8")


def add_regime(template: Path, folder: Path, scratch: Path) -> None:
    """Bake the regime onto the suite, with thresholds that no verdict fails on, and load it."""
    bake(template, folder, scratch, package_name="synthetic", suite_seconds="3600", slow_test_seconds="60", ci="none")
    add_loader(folder)
    policy = folder / "tests" / "meta" / "policy.toml"
    text = re.sub(r"(minimum|module_floor) = [\d.]+", r"\1 = 0.0", policy.read_text("utf-8"))
    policy.write_text(text.replace("slowdown_percent = 10.0", "slowdown_percent = 1000.0"), "utf-8")


def make_baseline(
    folder: Path,
    typed: Sequence[str] = (),
    python: str | Path = sys.executable,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Give the suite what the verdicts compare with: a repository, and a baseline in it, made as the suite is run."""
    command = [python, "-m", "pytest", "--cov=synthetic", "--cov-report=", "-q", "--meta-accept", *typed]
    made = run(command, folder, environment)
    if made.status:
        raise NotCountedError(f"exit status {made.status} while the baseline was made\n{made.output[-3000:]}")
    (folder / ".gitignore").write_text("__pycache__/\n.pytest_cache/\n.coverage*\n", encoding="utf-8")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "with a baseline")


def counted(output: str) -> dict[str, int]:
    """Give how many tests ended in which way, by the last line that pytest wrote."""
    lines = output.rstrip().splitlines()
    found = re.findall(r"(?:^|, |=)(?:\x1b\[\d+m)*\s*(\d+) (\w+)", lines[-1]) if lines else []
    return {word: int(number) for number, word in found}


def checked(name: str, ended: Ended, counts: Mapping[str, int], words: Sequence[str] = ()) -> Ended:
    """Give the session back, if it was green, these are its counts, and it said these words; else it does not count."""
    if ended.status or counted(ended.output) != counts:
        said = counted(ended.output) or "no counts"
        raise NotCountedError(
            f"{name}: exit status {ended.status}, {said}, {dict(counts)} is right\n{ended.output[-3000:]}"
        )
    missing = [word for word in words if word not in ended.output]
    if missing:
        raise NotCountedError(f"{name}: the session did not say {missing}\n{ended.output[-3000:]}")
    return ended
