"""Is the regime right about time, on a crowded machine? Hundreds of sessions beside busy processes, and their tables.

Every session is appended to build/detection/sessions.jsonl as it ends. `--resume` goes on from there; without it the
parts that are run begin again. `--write-docs` makes docs/detection.md of what is there. It needs Linux.

    python benchmarks/detection/run.py [--sessions N] [--quick] [--only PART ...] [--resume]
    python benchmarks/detection/run.py --write-docs
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.detection import docs, figure, planted, slowdown
from benchmarks.detection.projects import BESIDE, suite_with_one
from tests.baking import ROOT

PARTS = (*planted.SHARES, *slowdown.PARTS, "figure")
RESULTS = BESIDE / "sessions.jsonl"
DOCUMENT = ROOT / "docs" / "detection.md"


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="is the regime right about time, on a crowded machine?")
    parser.add_argument(
        "--sessions", type=int, help="of each part (200 healthy, 200 planted, 100 each with a baseline)"
    )
    parser.add_argument("--quick", action="store_true", help="24 sessions of each part")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="some parts")
    parser.add_argument("--resume", action="store_true", help="go on where the last run stopped")
    parser.add_argument("--write-docs", action="store_true", help="run nothing; docs/detection.md of what is on file")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where sessions are kept (build/detection)")
    options = parser.parse_args(arguments)
    if options.sessions is not None and options.sessions < 1:
        parser.error("--sessions is 1 or more")
    if not sys.platform.startswith("linux"):
        parser.error("load, and queueing for a CPU, are told on Linux only")
    return options


def wanted(part: str, options: argparse.Namespace) -> int:
    """Tell how many sessions of a part are wanted."""
    usual = {"healthy": 200, "planted": 200, "figure": 60}.get(part, 100)
    return options.sessions or (24 if options.quick else usual)


def rows_of(part: str, first: int, last: int, scratch: Path) -> Iterator[dict[str, Any]]:
    """Run the sessions of a part, from one number to before another; give the row of each."""
    if part in planted.SHARES:
        folder = suite_with_one(scratch / "project")
        yield from (planted.judged(part, number, folder) for number in range(first, last))
    elif part in slowdown.PARTS:
        projects = slowdown.with_baselines(scratch)
        yield from (slowdown.judged(part, number, projects) for number in range(first, last))
    else:
        yield from figure.measured(figure.make(scratch), last, first)


def kept(results: Path) -> list[dict[str, Any]]:
    """Read the sessions on file, less one that was being written when the machine went down."""
    rows = []
    for line in results.read_text(encoding="utf-8").splitlines() if results.exists() else ():
        with contextlib.suppress(ValueError):
            rows.append(json.loads(line))
    return rows


def begin_again(options: argparse.Namespace) -> None:
    """Take the parts that are to be run off the file; as it was, it is kept beside."""
    rows = kept(options.results)
    if rows:
        options.results.replace(options.results.with_suffix(".before.jsonl"))
        lines = [json.dumps(row) + "\n" for row in rows if row["part"] not in options.only]
        options.results.write_text("".join(lines), encoding="utf-8")


def run_part(part: str, options: argparse.Namespace) -> None:
    """Run the sessions of a part that are not on file, and append each to it."""
    first, last = sum(row["part"] == part for row in kept(options.results)), wanted(part, options)
    if first >= last:
        return
    with tempfile.TemporaryDirectory(prefix="meta-tests-detection-") as scratch:
        for row in rows_of(part, first, last, Path(scratch).resolve()):
            with options.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps({**row, "machine": docs.machine()}) + "\n")
            print(docs.progress(row), flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run what is wanted and print its tables, or write those of all sessions on file."""
    options = parsed(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped; --resume goes on from here"))
    options.results.parent.mkdir(parents=True, exist_ok=True)
    if not options.write_docs:
        if not options.resume:
            begin_again(options)
        try:
            for part in options.only:
                run_part(part, options)
        except KeyboardInterrupt:
            sys.exit("stopped; --resume goes on from here")
    rows = kept(options.results)
    if not rows:
        sys.exit(f"there are no sessions in {options.results}")
    text = docs.document(rows)
    if options.write_docs:
        DOCUMENT.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
