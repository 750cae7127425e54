"""The closing section: what was judged, a line for each verdict, with its head-room; more about each with -v."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from ..verdict import Outcome, Standards, Verdict

if TYPE_CHECKING:
    from ..session import JudgedSession

_COLOURS = {Outcome.PASSED: "green", Outcome.FAILED: "red", Outcome.NOT_JUDGED: "yellow"}
_INDENT = 2 + max(len(outcome.value) for outcome in Outcome)
# An id is one word, though its parameters have blanks; and so is a number with its unit.
_WORD = r"\S*::[^\s\[]*\[[^\]]*\]\S*|[(+-]?\d[\d.]* (?:%|s)(?![^\s.,:;)])\S*|\S+"


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write it, or one line where all verdicts say the same: that they cannot judge."""
    judged: JudgedSession | None = config.pluginmanager.getplugin("meta-tests")
    if judged is None or not judged.verdicts:
        return
    from ._at_a_glance import different, told
    from ._visible import visible

    verdicts, run, write_line = judged.verdicts, judged.run, terminalreporter.write_line
    lines = {verdict.line for verdict in verdicts.values()}
    if len(lines) == 1 and all(verdict.outcome is Outcome.NOT_JUDGED for verdict in verdicts.values()):
        advice = "; to judge the whole suite: pytest tests/meta" if run and run.partial and run.executed else ""
        write_line(f"meta-tests: {visible(lines.pop())}{advice}", yellow=True)
        return
    quietly = config.option.verbose < 0
    shown = {name: each for name, each in verdicts.items() if not (quietly and each.outcome is Outcome.PASSED)}
    if not shown:
        return
    count = f", {len(run.tests)} test{'' if len(run.tests) == 1 else 's'}" if run is not None else ""
    terminalreporter.write_sep("=", f"meta-tests: {run.source}{count}" if run is not None else "meta-tests")
    columns = shutil.get_terminal_size().columns  # pytest itself takes a narrow terminal for one of 80
    width = max(1, columns - _INDENT) if terminalreporter.isatty else 0
    rooms, more = _beside(judged)
    for name, verdict in different(shown).items():
        said = [f"{_names(name, shown)}{told(verdict, rooms.get(name, ''))}"]
        said += more.get(name, ()) if verdict.outcome is Outcome.PASSED else ()
        head, *others = [line for text in said for line in wrapped(visible(text), width)]
        terminalreporter.write(f"{verdict.outcome.value.upper():<{_INDENT}}", **{_COLOURS[verdict.outcome]: True})
        write_line(head)
        for line in others:
            write_line(f"{' ' * _INDENT}{line}")


def _names(name: str, verdicts: Mapping[str, Verdict]) -> str:
    """Give the name of a verdict whose line is only a reason, and the number of the others that say the same."""
    if verdicts[name].outcome is not Outcome.NOT_JUDGED:
        return ""
    others = sum(each.line == verdicts[name].line for each in verdicts.values()) - 1
    return f"{name}{f' and {others} more' if others else ''}: "


def _beside(judged: JudgedSession) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Give the head-room of each verdict, and with -v more about it."""
    run, standards, verbose = judged.run, judged.standards, judged.config.option.verbose
    if run is None or not isinstance(standards, Standards) or verbose < 0:
        return {}, {}
    from ._at_a_glance import head_room, more_about

    return head_room(run, standards), more_about(run, standards) if verbose > 0 else {}


def wrapped(text: str, width: int) -> list[str]:
    """Break a line between words, never inside an id, so that it fits; but not for a width of 0, which is no terminal.

    Whoever searches a log finds a verdict on one line.
    """
    lines: list[str] = []
    for word in re.findall(_WORD, text) if width > 0 else [text]:
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
