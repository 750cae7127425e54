"""Shows how a child run gets on: one line that is rewritten on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import shlex
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..session import JudgedSession
    from ..verdict import Standards

_QUIET_SECONDS = 10.0  # between two lines of progress where lines cannot be rewritten
_SHOWN = pytest.StashKey[float]()  # the seconds at which a line was shown last


def pytest_meta_tests_progress(
    judged: JudgedSession, standards: Standards, args: list[str], progress: tuple[int, int, float]
) -> None:
    """Say what runs, and then how far it has got, at most a few times a second."""
    config = judged.config
    reporter: pytest.TerminalReporter | None = config.pluginmanager.getplugin("terminalreporter")
    if reporter is None or config.option.verbose < 0:
        return
    if _SHOWN not in config.stash:
        config.stash[_SHOWN] = 0.0
        _line(reporter, f"meta-tests: running the whole suite once: python -m pytest {shlex.join(args)}")
    done, expected, seconds = progress
    if seconds - config.stash[_SHOWN] < (0.2 if reporter.isatty else _QUIET_SECONDS):
        return
    config.stash[_SHOWN] = seconds
    tests = f"{done} of {expected} tests" if expected else "collecting"
    text = f"meta-tests: {tests}, {seconds:.0f} s of {standards.policy.performance.suite_seconds:g} s"
    if reporter.isatty:
        reporter.rewrite(fitting(text, shutil.get_terminal_size().columns))
    else:
        _line(reporter, text)


def pytest_meta_tests_run_ended(judged: JudgedSession) -> None:
    """Leave the line that was rewritten."""
    reporter: pytest.TerminalReporter | None = judged.config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None and reporter.isatty and judged.config.stash.get(_SHOWN, 0.0):
        reporter.write_line("")


def fitting(text: str, width: int) -> str:
    """Make a line as long as those that it is to replace; shorter than the terminal: what wraps cannot be replaced."""
    room = max(1, width - 1)
    return (text if len(text) <= room else text.removeprefix("meta-tests: "))[:room].ljust(room)


def _line(reporter: pytest.TerminalReporter, text: str) -> None:
    reporter.ensure_newline()
    reporter.write_line(text)
