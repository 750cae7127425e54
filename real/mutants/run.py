"""Mutation testing of what decides: does a test fail for each change of a comparison, a number, a condition?

A mutant that no test notices is a survivor. Each is noticed by a new test, or is written into accepted.toml with the
reason why no verdict is changed by it. Ends with 1 while there are others. Every mutant is noted in build/mutants as it
is tried; the next run goes on from there, tries survivors again where their tests have changed, and a whole module
where that has changed.

    .venv-mutants/bin/python real/mutants/run.py [MODULE ...] [--quick] [--write-docs]
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from real.mutants.judged import MODULES
from real.mutants.mutations import Mutant, mutants_of
from real.mutants.trying import ROOT, copied, mutated, tried, warm

REGIME = Path("{{cookiecutter.project_slug}}", "tests", "meta", "meta_regime")
RESULTS = ROOT / "build" / "mutants" / "tried.jsonl"
LASTED = RESULTS.with_name("lasted.json")
ACCEPTED = ROOT / "real" / "mutants" / "accepted.toml"
DOCUMENT = ROOT / "docs" / "mutants.md"
QUICK = 1.0  # seconds of a test that is tried on every mutant

QUICK_ONLY = "survived the quick tests"

Key = tuple[str, str, str, str]


def digest(*paths: Path) -> str:
    """Give a short digest of files."""
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()[:12]


def tests_of(module: str) -> tuple[list[Path], list[Path]]:
    """Give the test files that must notice changes of a module: those of its functions, and those of sessions."""
    functions, _, sessions = MODULES[module].partition("|")
    return tuple([Path("tests", f"{name}.py") for name in names.split()] for names in (functions, sessions))  # type: ignore[return-value]


def state_of(module: str, root: Path = ROOT) -> dict[str, str]:
    """Give digests of a module and of its tests."""
    tests = [root / path for files in tests_of(module) for path in files]
    return {"source": digest(root / REGIME / module), "tests": digest(*tests)}


def kept(module: str) -> dict[Any, dict[str, Any]]:
    """Read the latest result of each mutant of a module as it is now."""
    source = state_of(module)["source"]
    found = {}
    for line in RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else ():
        with contextlib.suppress(ValueError):  # one that was being written when the machine went down
            row = json.loads(line)
            if (row["module"], row["source"]) == (module, source):
                found[row["function"], row["was"], row["now"], row["number"]] = row
    return found


def accepted() -> dict[Key, str]:
    """Read which survivors change no verdict, and why not, by module, function, and the lines before and after."""
    document = tomllib.loads(ACCEPTED.read_text(encoding="utf-8"))
    return {
        (each["module"], each.get("function", ""), each["was"], now): each["reason"]
        for each in document["accepted"]
        for now in each["now"]
    }


def reason_for(row: dict[str, Any], excuses: Mapping[Key, str]) -> str:
    """Give the reason why a survivor is accepted; nothing if it is not."""
    change = (row["was"], row["now"])
    return excuses.get((row["module"], row["function"], *change)) or excuses.get(("*", "*", *change), "")


class Ground:
    """A copy of the repository, in which the mutants of one module after the other are tried."""

    def __init__(self, folder: Path) -> None:
        self.copy = copied(folder)
        self._count = 0

    def lasted(self, file: Path) -> dict[str, float]:
        """Give what each test of a file lasts. Exits if one fails without any mutant: then nothing can be told."""
        known = json.loads(LASTED.read_text(encoding="utf-8")) if LASTED.exists() else {}
        name = f"{file.stem} {digest(self.copy / file)}"
        if name not in known:
            report = self.copy / "lasted.txt"
            report.write_text("", encoding="utf-8")
            if tried(self.copy, [str(file)], None, 3600, report) != "passed":
                printed = (self.copy / "output.txt").read_text(encoding="utf-8")[-4000:]
                sys.exit(f"{printed}\nWithout any mutant, {file} must pass; nothing can be told of mutants.")
            seconds: dict[str, float] = {}
            for line in report.read_text(encoding="utf-8").splitlines():
                phase, nodeid = line.split("\t", 1)
                seconds[nodeid] = seconds.get(nodeid, 0.0) + float(phase)
            known = {each: tests for each, tests in known.items() if each.split()[0] != file.stem} | {name: seconds}
            LASTED.write_text(json.dumps(known), encoding="utf-8")
        return {str(nodeid): float(each) for nodeid, each in known[name].items()}

    def outcome(self, module: str, mutant: Mutant, *, quick: bool) -> str:
        """Try a mutant on one lot of tests after the other; say which has noticed it, or that it survived."""
        for name, tests, seconds in self._lots(module, quick=quick):
            self._count += 1
            files = sorted({nodeid.partition("::")[0] for nodeid in tests})
            with mutated(self.copy / REGIME / module, mutant.text, self._count):
                if tests and tried(self.copy, files, tests, seconds) != "passed":
                    return f"killed by {name}"
        return QUICK_ONLY if quick else "survived"

    def _lots(self, module: str, *, quick: bool) -> Iterator[tuple[str, list[str], float]]:
        """Give tests, the quickest first, and the seconds after which they hang; the slow ones only if asked for."""
        functions, sessions = tests_of(module)
        lasted = {nodeid: seconds for file in functions for nodeid, seconds in self.lasted(file).items()}
        lots = {"quick tests": {nodeid: seconds for nodeid, seconds in lasted.items() if seconds < QUICK}}
        if not quick:
            lots["slower tests"] = {nodeid: seconds for nodeid, seconds in lasted.items() if seconds >= QUICK}
        for name, lot in lots.items():
            yield name, sorted(lot, key=lambda nodeid: lot[nodeid]), 20 + 5 * sum(lot.values())
        for file in () if quick else sessions:
            lot = self.lasted(file)
            yield file.stem, sorted(lot, key=lambda nodeid: lot[nodeid]), 60 + 5 * sum(lot.values())


def try_module(ground: Ground, module: str, *, quick: bool) -> None:
    """Try those mutants of a module of which nothing is on file, and survivors that other tests might notice."""
    state, before, excuses = state_of(module, ground.copy), kept(module), accepted()
    mutants = mutants_of((ground.copy / REGIME / module).read_text(encoding="utf-8"))

    def is_known(mutant: Mutant) -> bool:
        row = before.get((mutant.function, mutant.was, mutant.now, mutant.number), {"outcome": "not tried"})
        if row["outcome"].startswith("survived"):
            tried_on_all = row["tests"] == state["tests"] and (quick or row["outcome"] == "survived")
            return tried_on_all or bool(reason_for(row, excuses))
        return bool(row["outcome"] != "not tried")

    todo = [mutant for mutant in mutants if not is_known(mutant)]
    print(f"{module}: {len(mutants)} mutants, {len(todo)} to try", flush=True)
    for mutant in todo:
        begun = time.monotonic()
        outcome = ground.outcome(module, mutant, quick=quick)
        row: dict[str, Any] = {
            "module": module,
            **state,
            "function": mutant.function,
            "was": mutant.was,
            "now": mutant.now,
        }
        row |= {"number": mutant.number, "outcome": outcome, "seconds": round(time.monotonic() - begun, 2)}
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        if outcome.startswith("survived"):
            print(told(row), flush=True)


def told(row: dict[str, Any]) -> str:
    """Say which mutant survived."""
    where = f"{row['module']}, {row['function'] or 'at its top'}"
    return f"{where}: {row['outcome']}\n  - {row['was']}\n  + {row['now']}"


def document(results: Mapping[str, Sequence[dict[str, Any]]], excuses: Mapping[Key, str]) -> str:
    """Give the text of docs/mutants.md."""
    lines, total, reasons = [], Counter[str](), Counter[str]()
    for module, rows in results.items():
        counts = Counter[str]()
        for row in rows:
            survived = row["outcome"].startswith("survived")
            reason = reason_for(row, excuses) if survived else ""
            counts["accepted" if reason else row["outcome"] if survived else "noticed"] += 1
            reasons[reason] += bool(reason)
        if rows:
            lines.append(f"| `{module}` | {_figures(counts)} |")
            total += counts
    return _PAGE.format(
        rows="\n".join([*lines, f"| all | {_figures(total)} |"]),
        reasons="\n".join(f"| {count} | {reason} |" for reason, count in reasons.most_common() if count),
        untried=", ".join(f"`{module}`" for module, rows in results.items() if not rows) or "nothing",
    )


def _figures(counts: Counter[str]) -> str:
    columns = ("noticed", "accepted", "survived", QUICK_ONLY)
    return " | ".join(map(str, [counts.total(), *(counts[column] for column in columns)]))


_PAGE = """<!-- Written by `make mutants`; do not edit. -->
# Mutants

Do the tests notice when what decides is changed? `make mutants` changes one thing at a time in the modules that decide
(a comparison, a number, a condition, an `and`, an exception, a loop, a decorator; the operators of
[cosmic-ray](https://cosmic-ray.readthedocs.io), less those that repeat each other, with conditions of comprehensions
and `in` beside them), and runs the tests of the module. A mutant that no test notices is either accepted, for the
reason given in `real/mutants/accepted.toml`, or open: then the command fails. The last column has those that only the
quick tests have been tried on so far, and have not noticed (`--quick`). Words of messages are not changed.

| module below `meta_regime` | mutants | noticed | accepted | open | quick tests only |
|---|---:|---:|---:|---:|---:|
{rows}

Accepted, because no verdict and no figure in a message is changed:

| mutants | why |
|---:|---|
{reasons}

Not tried: {untried}.
"""


def main() -> int:
    """Try what is wanted, write the page, and say what survived."""
    parser = argparse.ArgumentParser(description="mutation testing of what decides")
    parser.add_argument("modules", nargs="*", help="paths below meta_regime, as in extras/floors.py (default: all)")
    parser.add_argument("--quick", action="store_true", help="try the quick tests only")
    parser.add_argument("--write-docs", action="store_true", help="try nothing; docs/mutants.md of what is on file")
    options = parser.parse_args()
    unknown = [module for module in options.modules if module not in MODULES]
    if unknown:
        parser.error(f"not among the modules of real/mutants/judged.py: {', '.join(unknown)}")
    wanted = options.modules or list(MODULES)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    if not options.write_docs:
        warm()
        with tempfile.TemporaryDirectory(prefix="meta-tests-mutants-") as folder:
            ground = Ground(Path(folder).resolve())
            for module in wanted:
                try_module(ground, module, quick=options.quick)
    results, excuses = {module: list(kept(module).values()) for module in MODULES}, accepted()
    DOCUMENT.write_text(document(results, excuses), encoding="utf-8")
    rows = [row for module in wanted for row in results[module] if row["outcome"].startswith("survived")]
    survivors = [told(row) for row in rows if not reason_for(row, excuses)]
    if survivors:
        print("\n".join(["", "Neither noticed nor accepted:", *survivors]))
    needed = {(row["module"], row["function"], row["was"], row["now"]) for row in rows}
    needless = [key for key in excuses if key[0] in wanted and key not in needed and not options.write_docs]
    for module, function, was, now in needless:
        print(f"\nAccepted, but noticed or no mutant any more: {module}, {function}\n  - {was}\n  + {now}")
    return 1 if survivors or needless else 0


if __name__ == "__main__":
    sys.exit(main())
