"""What the regime costs, beside its peers and at scale: every figure of docs/benchmarks.md, measured on this machine.

Each experiment is kept in build/bench, in a file that is whole after every round. `--resume` goes on from there;
without it, what is run begins again. `--write-docs` runs nothing and writes the report of what is on file. `--quick`
tries everything with tiny suites, in a folder of its own: its figures mean nothing. Linux or macOS; take a machine that
nobody else uses.

    python benchmarks/run.py [--only EXPERIMENT ...] [--resume] [--quick] [--peer-template NAME=PATH ...]
    python benchmarks/run.py --write-docs [--quick]
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import report
from benchmarks.baking import PEERS
from benchmarks.experiments import BUILD, Experiment, Ground
from benchmarks.figures import interleaved
from benchmarks.plan import experiments
from benchmarks.results import Result, as_stored, load, machine, same_machine, save, template_state
from benchmarks.suites import NotCountedError
from tests.baking import ROOT

EVERYTHING = "all"  # was not measured


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="what the regime costs, beside its peers and at scale")
    parser.add_argument("--only", nargs="+", choices=[*experiments(quick=False)], help="some experiments")
    parser.add_argument("--resume", action="store_true", help="go on where the last run stopped")
    parser.add_argument("--quick", action="store_true", help="tiny suites, to try that everything works")
    parser.add_argument("--write-docs", action="store_true", help="run nothing; the report of what is on file")
    parser.add_argument(
        "--peer-template",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help=f"clone {' or '.join(PEERS)} from there, not from the network",
    )
    options = parser.parse_args(arguments)
    options.peer_templates = dict(each.partition("=")[::2] for each in options.peer_template)
    unknown = [name for name, path in options.peer_templates.items() if name not in PEERS or not path]
    if unknown:
        parser.error(f"--peer-template takes NAME=PATH, with a NAME of {', '.join(PEERS)}; not {', '.join(unknown)}")
    if not hasattr(os, "wait4"):
        parser.error("CPU seconds of a session's processes can be had on Linux and macOS only")
    return options


def begun(experiment: Experiment, folder: Path, *, resume: bool) -> Result:
    """Give what is on file of an experiment, if it may be gone on with; else an empty result."""
    settings, state = as_stored(experiment.settings), template_state()
    kept = load(experiment.name, folder) if resume else None
    new = Result(experiment.name, experiment.rounds, settings, state, machine())
    if kept is None:
        return new
    if (kept.settings, kept.wanted, kept.state) != (settings, experiment.rounds, state):
        print(f"{experiment.name}: on file is another state of the template, or of the settings; it begins again")
    elif not same_machine(kept.machine, new.machine):
        print(f"{experiment.name}: on file is another machine, or other packages; it begins again")
    elif kept.not_measured.keys() <= {EVERYTHING}:  # its rounds are whole
        kept.not_measured = {}
        return kept
    return new


def measured(experiment: Experiment, result: Result, folder: Path, peer_templates: dict[str, str]) -> Result:
    """Measure the rounds that are not there yet, and keep each."""
    began = time.monotonic()
    print(f"{experiment.name}: {len(result.rounds)} of {result.wanted} rounds are on file", flush=True)
    if result.complete:
        return result
    with tempfile.TemporaryDirectory(prefix="meta-tests-bench-") as scratch:
        try:
            prepared = experiment.prepare(Ground(Path(scratch).resolve(), peer_templates))
            result.not_measured, result.facts = prepared.not_measured, prepared.facts
            for each in interleaved(prepared.variants, result.wanted, len(result.rounds)):
                result.rounds.append(each)
                save(result, folder)
                said = ", ".join(f"{name} {cost.cpu:.2f} s" for name, cost in each.items())
                print(f"{experiment.name} {len(result.rounds)}/{result.wanted}: {said}", flush=True)
        except NotCountedError as error:
            result.not_measured[EVERYTHING] = str(error)
        except Exception:
            result.not_measured[EVERYTHING] = traceback.format_exc()
    save(result, folder)
    for name, why in result.not_measured.items():
        print(f"{experiment.name}: NOT MEASURED: {name}: {why}", flush=True)
    print(f"{experiment.name}: {(time.monotonic() - began) / 60:.1f} min", flush=True)
    return result


def main(arguments: list[str] | None = None) -> int:
    """Measure what is wanted, or write the report; 1 if anything was not measured."""
    options = parsed(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped; --resume goes on from here"))
    plan = experiments(quick=options.quick)
    folder = BUILD / "quick" if options.quick else BUILD
    if options.write_docs:
        found = [load(name, folder) for name in plan]
        results = {each.experiment: each for each in found if each}
        page = report.write(plan, results, folder if options.quick else ROOT / "docs", quick=options.quick)
        troubles = report.troubles(plan, results)
        print("\n".join([f"NOT MEASURED: {each}" for each in troubles] + [f"written: {page}"]))
        return 1 if troubles else 0
    wrong = False
    try:
        for name in options.only or plan:
            result = begun(plan[name], folder, resume=options.resume)
            wrong |= not measured(plan[name], result, folder, options.peer_templates).complete
    except KeyboardInterrupt:
        sys.exit("stopped; --resume goes on from here")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
