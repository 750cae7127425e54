"""What `pytest tests/meta` costs on an unchanged tree, over a bare session of one test.

A repository of many files (sources, tests, data) is run once with the regime, so that there is a run to judge again.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from benchmarks.experiments import Experiment, Ground, Prepared
from benchmarks.figures import Cost, Variant
from benchmarks.measuring import run
from benchmarks.suites import SETTINGS, VERDICTS, add_regime, checked, make_baseline
from tests.baking import ROOT

VERDICTS_ALONE, ONE_TEST = "pytest tests/meta", "a bare session of one test"
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


def prepared(files: int, ground: Ground) -> Prepared:
    """Write the repository, and run it once."""
    whole, bare = ground.scratch / "whole", ground.scratch / "bare"
    write_repository(whole, files)
    add_regime(ROOT, whole, ground.scratch)
    bare.mkdir()
    (bare / "test_one.py").write_text("def test_one() -> None: ...\n", encoding="utf-8")
    make_baseline(whole)
    pytest = [sys.executable, "-m", "pytest"]
    ended = run([*pytest, "-q", "--cov=synthetic", "--cov-report="], whole)
    checked("the run that is judged again", ended, {"passed": files // 3 + VERDICTS})

    def verdicts() -> Cost:
        words = ["nothing has changed since the run of"]
        return Cost.of(checked(VERDICTS_ALONE, run([*pytest, "tests/meta"], whole), {"passed": VERDICTS}, words))

    def one_test() -> Cost:
        return Cost.of(checked(ONE_TEST, run(pytest, bare), {"passed": 1}))

    return Prepared([Variant(ONE_TEST, one_test), Variant(VERDICTS_ALONE, verdicts)])


def experiment(files: int, rounds: int) -> Experiment:
    """Make the experiment for a repository of so many files."""
    return Experiment("unchanged", rounds, {"files": files}, partial(prepared, files))
