"""What the regime costs: CPU seconds of `pytest --cov` with it against the same session without it.

A synthetic suite of trivial tests, the hardest case for a cost per test, is run with and without the regime in turn,
after a round to warm up. CPU seconds are those of the session and of all its processes: on a machine that others use
too, they vary less than time by the clock.

    python benchmarks/overhead.py [--tests N] [--lines N] [--rounds N] [--workers N] [--against original | breakers]
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.measuring import run
from real.workshop import add_loader, bake, git
from tests.baking import ROOT

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
FUNCTIONS = 40  # in a module of --lines
VERDICTS = 14
CHILDREN = 3  # of the original regime: one for each of its verdicts


@dataclass
class Variant:
    """One way to run the suite: a folder, how many sessions it takes, and the CPU seconds of every round."""

    name: str
    folder: Path
    expected: int
    sessions: int = 1
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return statistics.median(self.seconds)


def write_suite(folder: Path, tests: int, lines: int = 0) -> None:
    """Write a package of a few modules, or of so many lines, and trivial tests that call them, 50 to a file."""
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
    policy.write_text(re.sub(r"(minimum|module_floor) = [\d.]+", r"\1 = 0.0", policy.read_text("utf-8")), "utf-8")


def make_baseline(folder: Path) -> None:
    """Give the suite what the verdicts on single files compare with: a repository, and a baseline in it."""
    made = run([sys.executable, "-m", "pytest", "--cov=synthetic", "--cov-report=", "-q", "--meta-accept"], folder)
    if made.status:
        sys.exit(f"exit status {made.status} while the baseline was made\n{made.output[-3000:]}")
    (folder / ".gitignore").write_text("__pycache__/\n.pytest_cache/\n.coverage*\n", encoding="utf-8")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "with a baseline")


def add_breakers(regime: Path, scratch: Path) -> Path:
    """Copy the project; give the copy a library of circuit breakers, and three of them."""
    folder = scratch / "breakers"
    shutil.copytree(regime, folder)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), "pybreaker"]
    subprocess.run(command, check=True)
    with (folder / "tests" / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write("\nimport pybreaker\n\nbreakers = [pybreaker.CircuitBreaker() for _ in range(3)]\n")
    make_baseline(folder)
    return folder


def measure(variant: Variant, workers: int) -> float:
    """Run the sessions of a variant once; give the CPU seconds of them and their processes. Stops if one went wrong."""
    command = [sys.executable, "-m", "pytest", "--cov=synthetic", "-q", "-p", "no:cacheprovider"]
    command += ["-n", str(workers)] if workers else []
    total = 0.0
    for _ in range(variant.sessions):
        ended = run(command, variant.folder)
        check(ended.output, ended.status, variant)
        total += ended.cpu_seconds
    return total


def check(output: str, status: int, variant: Variant) -> None:
    """Stop unless every test passed, and with the regime every verdict: none failed, none was left out."""
    counts = dict(re.findall(r"(?m)(?:^|, |=)(?:\x1b\[\d+m)*\s*(\d+) (\w+)", output.rstrip().splitlines()[-1]))
    right = {str(variant.expected): "passed"}
    if status != 0 or counts != right:
        sys.exit(f"{variant.name}: exit status {status}, {counts or 'no counts'}, {right} is right\n{output[-3000:]}")


def rounds(variants: list[Variant], number: int, workers: int, tell: Callable[[str], None]) -> None:
    """Run all variants in turn, the first and the last changing places from round to round."""
    for variant in variants:
        measure(variant, workers)
    for each in range(number):
        for variant in variants if each % 2 == 0 else reversed(variants):
            variant.seconds.append(measure(variant, workers))
        tell(f"round {each + 1}: " + ", ".join(f"{variant.name} {variant.seconds[-1]:.2f} s" for variant in variants))


def summary(variants: list[Variant], tests: int) -> str:
    """Write the medians, their spread, and every variant against the first."""
    base = variants[0]
    lines = [f"{'CPU seconds':<20}  median     min     max"]
    for variant in variants:
        low, high = min(variant.seconds), max(variant.seconds)
        lines.append(f"{variant.name:<20}  {variant.median:6.2f}  {low:6.2f}  {high:6.2f}")
    for variant in variants[1:]:
        pairs = [mine / its for mine, its in zip(variant.seconds, base.seconds, strict=True)]
        cost = 1e6 * (variant.median - base.median) / tests
        lines.append(
            f"\n{variant.name} against {base.name}: ratio of medians {variant.median / base.median:.3f}, "
            f"median of ratios {statistics.median(pairs):.3f} ({min(pairs):.3f} to {max(pairs):.3f}), "
            f"{cost:.0f} microseconds per test"
        )
    return "\n".join(lines)


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="what the regime costs, in CPU seconds")
    parser.add_argument("--tests", type=int, default=10_000, help="how many trivial tests (10000)")
    parser.add_argument("--lines", type=int, default=0, help="how many lines more the package has (0)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (5)")
    parser.add_argument("--workers", type=int, default=0, help="xdist's workers; 0 is without xdist (0)")
    parser.add_argument(
        "--against",
        choices=["original", "breakers"],
        help="also a regime with a child run for each verdict; or a project with pybreaker (from the package index)",
    )
    parser.add_argument("--template", type=Path, default=ROOT, help="folder of the template (this repository)")
    options = parser.parse_args(arguments)
    if min(options.tests, options.rounds) < 1 or options.workers < 0:
        parser.error("--tests and --rounds are 1 or more, --workers 0 or more")
    if not hasattr(os, "wait4"):
        parser.error("CPU seconds of a session's processes can be had on Linux and macOS only")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Build both suites, measure, and print what came of it."""
    options = parsed(arguments)
    with tempfile.TemporaryDirectory(prefix="meta-tests-bench-") as scratch:
        here = Path(scratch).resolve()
        without, regime = here / "without", here / "regime"
        write_suite(without, options.tests, options.lines)
        write_suite(regime, options.tests, options.lines)
        add_regime(options.template.resolve(), regime, here)
        make_baseline(regime)
        variants = [Variant("pytest --cov", without, options.tests)]
        variants.append(Variant("with the regime", regime, options.tests + VERDICTS))
        if options.against == "breakers":
            variants.append(Variant("and with breakers", add_breakers(regime, here), options.tests + VERDICTS))
        if options.against == "original":
            variants.append(Variant("a child per verdict", without, options.tests, sessions=CHILDREN))
        mode = f"{options.workers} workers" if options.workers else "one process"
        print(
            f"{options.tests} tests, {options.lines} more lines, {mode}, {options.rounds} rounds after one to warm up",
            flush=True,
        )
        rounds(variants, options.rounds, options.workers, lambda text: print(text, flush=True))
    print("\n" + summary(variants, options.tests))
    return 0


if __name__ == "__main__":
    sys.exit(main())
