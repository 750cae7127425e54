"""What `pytest tests/meta` costs on an unchanged tree: CPU seconds over those of a bare session of one test.

A repository of many files (sources, tests, data) is run once with the regime, so that there is a run to judge again.
Then its verdicts and a session of one test without the regime are measured in turn.

    python benchmarks/unchanged.py [--files N] [--rounds N]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.measuring import Ended, run
from benchmarks.overhead import SETTINGS, add_regime, make_baseline
from tests.baking import ROOT

IN_A_FOLDER = 50


def write_repository(folder: Path, files: int) -> None:
    """Write a package, tests and their data: of each a third of the files, 50 in a folder; a test for each module."""
    (folder / "tests").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    for number in range(files // 3):
        part = f"part{number // IN_A_FOLDER:03d}"
        texts = {
            f"synthetic/{part}/module{number:05d}.py": f"def number() -> int:\n    return {number}\n",
            f"tests/{part}/test_{number:05d}.py": f"from synthetic.{part}.module{number:05d} import number\n\n\n"
            f"def test_it() -> None:\n    assert number() == {number}\n",
            f"tests/{part}/data/{number:05d}.json": f'{{"number": {number}}}\n' * 50,
            f"synthetic/{part}/__init__.py": "",
            "synthetic/__init__.py": "",
        }
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def checked(ended: Ended, words: str) -> Ended:
    """Stop unless the session was green and said these words."""
    if ended.status != 0 or words not in ended.output:
        sys.exit(f"exit status {ended.status}; the output should have {words!r}:\n{ended.output[-3000:]}")
    return ended


def main(arguments: list[str] | None = None) -> int:
    """Build, run once, measure, and print what came of it."""
    parser = argparse.ArgumentParser(description="what the verdicts of an unchanged tree cost, in CPU seconds")
    parser.add_argument("--files", type=int, default=5_000, help="how many files the repository has (5000)")
    parser.add_argument("--rounds", type=int, default=9, help="how often each is measured (9)")
    options = parser.parse_args(arguments)
    pytest = [sys.executable, "-m", "pytest"]
    with tempfile.TemporaryDirectory(prefix="meta-tests-bench-") as scratch:
        here = Path(scratch).resolve()
        whole, bare = here / "whole", here / "bare"
        write_repository(whole, options.files)
        add_regime(ROOT, whole, here)
        bare.mkdir()
        (bare / "test_one.py").write_text("def test_one() -> None: ...\n", encoding="utf-8")
        make_baseline(whole)
        checked(run([*pytest, "-q", "--cov=synthetic", "--cov-report="], whole), "passed")
        seconds: dict[str, list[float]] = {"verdicts": [], "one test": []}
        for number in range(options.rounds + 1):
            ended = {
                "verdicts": checked(run([*pytest, "tests/meta"], whole), "nothing has changed since the run of"),
                "one test": checked(run(pytest, bare), "1 passed"),
            }
            for name, one in ended.items():
                seconds[name] += [one.cpu_seconds] if number else []  # the first round warms up
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    for name, values in seconds.items():
        print(f"{name:<10}  median {medians[name]:.3f} s CPU  ({min(values):.3f} to {max(values):.3f})")
    over = medians["verdicts"] - medians["one test"]
    print(f"\n{options.files} files: {over:.3f} s over a bare session of one test")
    return 0


if __name__ == "__main__":
    sys.exit(main())
