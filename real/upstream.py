"""The fast-test kit in the suites of the libraries it deals with: `python real/upstream.py [PROJECT ...]`.

Each suite is run as it was released; with the kit loaded, which may change no outcome; with freezegun's own frozen time
forced on every test, and with `virtual_clock` so. Neither can be borne by every test: those that end otherwise are
counted, and listed with what they said where freezegun alone did them no harm. Exits 1 if the kit, loaded and not asked
for, makes a difference.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from real import compare
from real.projects import COUNTED, PROJECTS, Project
from real.sessions import Session, pytest
from real.workshop import add_loader, bake, environment, unpacked
from tests.baking import ROOT

SUITES = (
    *(project for project in PROJECTS if project.key in ("tenacity", "circuitbreaker")),
    *(project for project in COUNTED if project.key == "stamina"),
    Project("freezegun", "freezegun", "1.5.5", "freezegun"),
)
FREEZEGUN = """

import freezegun, pytest


@pytest.fixture(autouse=True)
def forced_on_every_test():
    with freezegun.freeze_time(tick=True):
        yield
"""
VIRTUAL = """

import pytest


@pytest.fixture(autouse=True)
def forced_on_every_test(virtual_clock): ...
"""
_SAID = re.compile(r"^(?:FAILED|ERROR) (?P<name>\S+?)(?: - (?P<why>.*))?$", re.M)


def examine(project: Project, scratch: Path) -> list[str]:
    """Run a suite in all four ways; print what came of it, and give what should be the same and is not."""
    python = environment(project)
    folder = unpacked(project, python, scratch)
    bring = () if project.own_asyncio else ("-p", "no:asyncio")
    typed = ("-p", "no:randomly", "-rfE", *project.arguments)
    before = pytest(folder, python, *bring, *typed)
    if before.death:
        return [f"{project.key}: {before.death}"]
    with tempfile.TemporaryDirectory() as answers:
        bake(ROOT, folder, Path(answers), ci="none", package_name=project.package, minimum_coverage="0")
    add_loader(folder)
    loaded = pytest(folder, python, *typed, "--ignore=tests/meta")
    wrong = [f"{project.key}, kit loaded: {each}" for each in compare.outcomes(before, loaded, set())]
    print(f"{project.key} {project.version}: {_count(before)}; with the kit loaded: {_count(loaded)}", flush=True)
    conftest = folder / "tests" / "conftest.py"
    text = conftest.read_text(encoding="utf-8")
    forced = {}
    for name, more in (("freezegun", FREEZEGUN), ("virtual_clock", VIRTUAL)):
        if name == project.key:
            continue  # its suite hangs in frozen time
        conftest.write_text(text + more, encoding="utf-8")
        forced[name] = pytest(folder, python, *typed, "--ignore=tests/meta", env={"COLUMNS": "1000"})
        print(f"    {name} forced on all: {_count(forced[name])}", flush=True)
    changed = {
        name
        for name, was in before.outcomes.items()
        if forced["virtual_clock"].outcomes.get(name) != was
        and ("freezegun" not in forced or forced["freezegun"].outcomes.get(name) == was)
    }
    why = {found["name"]: found["why"] or "" for found in _SAID.finditer(forced["virtual_clock"].output)}
    reasons = Counter(why.get(name, "")[:110] for name in changed)
    print(f"    {len(changed)} ended otherwise only under virtual_clock", flush=True)
    for reason, count in reasons.most_common():
        one = min(name for name in changed if why.get(name, "")[:110] == reason)
        print(f"        {count} x {reason or 'it was passed over, or says nothing'}, as {one}", flush=True)
    return wrong


def _count(session: Session) -> str:
    good = sum(not any("failed" in word for word in words) for words in session.outcomes.values())
    return f"{good} of {len(session.outcomes)} well"


def main(wanted: list[str]) -> int:
    """Examine those named, or all."""
    if unknown := set(wanted) - {project.key for project in SUITES}:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(each.key for each in SUITES)}")
    wrong = []
    for project in SUITES:
        if not wanted or project.key in wanted:
            with tempfile.TemporaryDirectory(prefix="meta-tests-real-", ignore_cleanup_errors=True) as scratch:
                wrong += examine(project, Path(scratch).resolve())
    print(
        "\n".join(f"  - {each}" for each in wrong) if wrong else "\nLoaded, and not asked for, it changes no outcome."
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
