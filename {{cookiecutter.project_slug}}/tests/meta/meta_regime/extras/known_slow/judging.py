"""What judges the list, shortens it, and offers entries for it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ...record import SuiteRun
from ...time_verdicts import Row, name_of
from ...verdict import Outcome, Standards, Verdict
from .. import _accept
from .entries import KnownSlow, entry_to_paste
from .stale import Stale, Wanted
from .trimming import CannotTrimError, trim

NAME = "tests/meta/known_slow.toml"


def list_is_current(config: pytest.Config, run: SuiteRun, standards: Standards) -> Verdict:
    """Judge each entry by what its tests took; with `--meta-accept`, delete first what is not needed any more."""
    if not standards.known_slow:
        _accept.note(config, NAME, stored=f"{NAME} is as it was")
        return Verdict(Outcome.PASSED, f"{NAME} excuses no test.")
    if _accept.is_wanted(config):
        standards = replace(standards, known_slow=_trimmed(config, run, standards))
    wanted = Wanted(run, standards, lambda name: _text_of(config.rootpath / name))
    stale = wanted.stale()
    if not stale:
        unknown = f"; of {wanted.unknown} nothing can be told, since its tests did not run" if wanted.unknown else ""
        return Verdict(Outcome.PASSED, f"{_are(len(standards.known_slow))} up to date{unknown}.")
    return Verdict(Outcome.FAILED, f"{_are(len(stale))} out of date.", _listed(stale))


def _trimmed(config: pytest.Config, run: SuiteRun, standards: Standards) -> tuple[KnownSlow, ...]:
    """Delete entries from the file, and note for the end of the session what was done; give the entries left."""
    wanted = Wanted(run, standards, lambda name: _text_of(config.rootpath / name))
    needless = [fault.entry for fault in wanted.stale() if fault.needless]
    kept = tuple(entry for entry in standards.known_slow if entry not in needless)
    if run.failed:
        _accept.note(config, NAME, refused="tests of the suite failed")
    elif not needless:
        _accept.note(config, NAME, stored=f"{NAME} is as it was")
    else:
        judged: Any = config.pluginmanager.getplugin("meta-tests")
        try:
            trim(judged.facts.meta / "known_slow.toml", standards.known_slow, kept)
        except (CannotTrimError, OSError) as error:
            _accept.note(config, NAME, refused=str(error))
        else:
            deleted = ", ".join(entry.test for entry in needless)
            _accept.note(config, NAME, stored=f"{NAME}: {len(needless)} deleted: {deleted}; commit it")
            return kept
    return standards.known_slow


def _text_of(path: Path) -> str | None:
    """Give the text of a file, the Python files of a folder; None if there is neither."""
    try:
        if path.is_dir():
            return "\n".join(file.relative_to(path).as_posix() for file in path.rglob("*.py"))
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
    except OSError:  # a name too long
        return None


def _listed(stale: Sequence[Stale]) -> str:
    words = [f"    entry {fault.number}: {fault.entry.test}\n        {fault.why}" for fault in stale]
    needless = [str(fault.number) for fault in stale if fault.needless]
    others = "; the others are for a person to look at" if len(needless) < len(stale) else ""
    way = f"Next:\n\n    python -m pytest tests/meta --meta-accept\n\nIt deletes entry {', '.join(needless)}{others}."
    return "\n".join([*words, "", way if needless else f"Edit {NAME}; it is explained in tests/meta/README.md"])


def _are(count: int) -> str:
    return f"1 entry of {NAME} is" if count == 1 else f"{count} entries of {NAME} are"


def how_to_excuse(slow: Sequence[Row], standards: Standards) -> str:
    """Say why slow tests and fixtures are not excused, and give the entries that would."""
    notes, offered = [], []
    for row in slow:
        name = name_of(row)
        entries = [entry for entry in standards.known_slow if entry.matches(name)]
        for entry in entries[:1]:
            ended = standards.today > entry.until
            why = f"ended on {entry.until}" if ended else f"allows {entry.seconds:g} s"
            notes.append(f"The entry of {name} in known_slow.toml {why}.")
        if name not in [entry.test for entry in entries]:  # else that one is to be changed
            offered.append(entry_to_paste(name, row.owned, standards.today))
    if offered:
        text = f"What must be slow for now goes into {NAME},\neach with the reason filled in:\n\n"
        offered = [text + textwrap.indent("\n\n".join(offered), "    ")]
    return "\n\n".join(["Ways out of this: tests/meta/README.md", *notes, *offered])
