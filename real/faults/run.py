"""One fault at a time, put into real sessions: is a verdict wrong, does the exit status lie, is anything lost or left?

Every trial is appended to build/faults/trials.jsonl as it ends; `--resume` goes on from there. A trial is known by its
fault and its number: `--only "no /proc" --numbers 3` does that one again, with the same seed. Linux, best as root:
where nothing may be mounted, a trial says that it was not tried.

    python real/faults/run.py [--only WORDS ...] [--numbers N ...] [--each N] [--jobs N] [--resume] [--keep]
    python real/faults/run.py --write-docs
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
import zlib
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from real.faults import bad_tests, disks, docs, limits, names, signals, state, surroundings
from real.faults.catalogue import FAULTS, Fault
from real.faults.ground import BESIDE, made, trial_in
from real.faults.trials import attempted
from tests.baking import ROOT

GROUPS = (signals, disks, limits, state, surroundings, names, bad_tests)  # importing them fills the catalogue
RESULTS = BESIDE / "trials.jsonl"
DOCUMENT = ROOT / "docs" / "faults.md"


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="one fault at a time, put into real sessions")
    parser.add_argument("--only", nargs="+", default=[], help="faults in whose group or name one of these words is")
    parser.add_argument("--numbers", nargs="+", type=int, help="these trials of each fault")
    parser.add_argument("--each", type=int, help="so many trials of each fault (default: what its entry says)")
    parser.add_argument("--seed", default="0", help="another one gives other moments and other damage")
    parser.add_argument("--jobs", type=int, default=1, help="so many trials at once")
    parser.add_argument("--resume", action="store_true", help="go on where the last run stopped")
    parser.add_argument("--keep", action="store_true", help="keep the folders of trials that went wrong")
    parser.add_argument("--write-docs", action="store_true", help="run nothing; docs/faults.md of what is on file")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where trials are kept")
    options = parser.parse_args(arguments)
    if sys.platform != "linux":
        parser.error("faults are made with means of Linux")
    return options


def one(name: str, number: int, seed: str, *, keep: bool) -> dict[str, Any]:
    """Make one trial; give its row."""
    fault = FAULTS[name]
    folder = Path(tempfile.mkdtemp(prefix="faults-")).resolve()
    wrong = False
    try:
        row = _tried(fault, number, seed, folder)
        wrong = bool(row["problems"])
    finally:
        if not (wrong and keep):
            subprocess.run(["chmod", "-R", "u+rwX", folder], check=False, capture_output=True)
            shutil.rmtree(folder, ignore_errors=True)
    return {**row, **({"folder": str(folder)} if wrong and keep else {})}


def _tried(fault: Fault, number: int, seed: str, folder: Path) -> dict[str, Any]:
    trial = trial_in(folder, BESIDE / "pristine", fault, seed, number)
    fault.make(trial)
    row = {"group": fault.group, "fault": fault.name, "number": number, "seed": seed, "way": trial.way}
    row |= {"guilty": trial.guilty, "in_ci": trial.strict, "machine": docs.machine()}
    if trial.not_tried:
        return {**row, "outcome": "not tried", "why": trial.not_tried, "problems": [], "status": None, "seconds": 0}
    try:
        ended = attempted(trial)
    except Exception:
        return {**row, "outcome": "wrong", "problems": [traceback.format_exc()], "status": None, "seconds": 0}
    row |= {"status": ended.said.status, "seconds": round(ended.seconds, 2), "outcome": ended.outcome}
    row |= {"problems": ended.problems, "verdicts": ended.said.verdicts}
    return {**row, **({"text": ended.said.text[-6000:]} if ended.problems else {})}


def kept(results: Path) -> list[dict[str, Any]]:
    """Read the trials on file, less one that was being written when the machine went down."""
    rows = []
    for line in results.read_text(encoding="utf-8").splitlines() if results.exists() else ():
        with contextlib.suppress(ValueError):
            rows.append(json.loads(line))
    return rows


def wanted(options: argparse.Namespace) -> list[tuple[str, int]]:
    """List the trials to make, one of each fault before the second of any."""
    done = {(row["fault"], row["number"]) for row in kept(options.results)} if options.resume else set()
    chosen = [
        fault
        for fault in FAULTS.values()
        if not options.only or any(word in f"{fault.group}: {fault.name}" for word in options.only)
    ]
    found = []
    for fault in chosen:
        numbers = options.numbers or range(min(options.each or fault.trials, fault.trials))
        found += [(number, fault.name) for number in numbers if (fault.name, number) not in done]
    mixed = sorted(found, key=lambda pair: (pair[0], zlib.crc32(pair[1].encode())))
    return [(name, number) for number, name in mixed]


def main(arguments: list[str] | None = None) -> int:
    """Make what is wanted, or write down all trials on file."""
    options = parsed(arguments)
    options.results.parent.mkdir(parents=True, exist_ok=True)
    if options.write_docs:
        DOCUMENT.write_text(docs.document(kept(options.results), FAULTS), encoding="utf-8")
        return 0
    os.environ.pop("CI", None)
    todo = wanted(options)
    print(f"{len(FAULTS)} faults, {len(todo)} trials, seed {options.seed}", flush=True)
    if not options.resume and not (options.only or options.numbers):
        options.results.unlink(missing_ok=True)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have had it ignored
    if not (options.resume and (BESIDE / "pristine" / "records").exists()):
        made(BESIDE / "pristine")
    wrong = 0
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        futures = [pool.submit(one, name, number, options.seed, keep=options.keep) for name, number in todo]
        try:
            for future in concurrent.futures.as_completed(futures):
                row = future.result()
                with options.results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
                wrong += bool(row["problems"]) and not FAULTS[row["fault"]].known
                print(docs.progress(row), flush=True)
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            sys.exit("stopped; --resume goes on from here")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
