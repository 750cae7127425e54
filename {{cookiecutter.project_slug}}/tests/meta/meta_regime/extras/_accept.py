"""The option `--meta-accept`, for every extra that stores something, and what is said of it at the end."""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import Any

import pytest

_SAID = pytest.StashKey[dict[str, tuple[str, str]]]()  # by file: what was stored, or why nothing was


def add_option(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the option, and the words at the end of the session; another extra may have done so."""
    if not pluginmanager.hasplugin(__name__):
        text = "store what has become better, drop what is gone, make the baseline; never allow more than before"
        parser.getgroup("meta-tests").addoption("--meta-accept", action="store_true", help=text)
        pluginmanager.register(sys.modules[__name__], __name__)


def is_wanted(config: pytest.Config) -> bool:
    """Tell whether this session was asked to store."""
    return bool(config.getoption("meta_accept", False))


def note(config: pytest.Config, file: str, *, stored: str = "", refused: str = "") -> None:
    """Keep, for the end of the session, what was stored in a file or why nothing was; the last note of a file counts.

    `stored` is a whole sentence, as in "tests/meta/baseline.json is as it was"; `refused` is only the reason.
    """
    config.stash.setdefault(_SAID, {})[file] = (stored, refused)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let a session fail that was to store something, and has nothing to go by."""
    if session.exitstatus == 0 and _asked_in_vain(session.config):
        session.exitstatus = 1


def _asked_in_vain(config: pytest.Config) -> bool:
    """Tell whether of some file nothing could be stored. That nothing has become better is no such reason."""
    judged: Any = config.pluginmanager.getplugin("meta-tests")
    if not is_wanted(config) or judged is None or not judged.judges or config.option.collectonly:
        return False
    files: dict[str, list[str]] = defaultdict(list)
    for name, (_, refused) in config.stash.get(_SAID, {}).items():
        files[name.partition(" (")[0]].append(refused)  # a file has several parts
    return not files or any(all(refused) for refused in files.values())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was stored, where that was asked for, or why nothing was."""
    judged: Any = config.pluginmanager.getplugin("meta-tests")
    if not is_wanted(config) or judged is None or not judged.judges:
        return
    said = config.stash.get(_SAID, {})
    for stored, _ in said.values():
        if stored:
            terminalreporter.write_line(f"meta-tests: {stored}")
    for why in dict.fromkeys(refused for _, refused in said.values() if refused):
        files = ", ".join(file for file, (_, refused) in said.items() if refused == why)
        terminalreporter.write_line(f"meta-tests: --meta-accept has stored nothing in {files}: {why}", yellow=True)
    if not said:
        why = judged.silence or (judged.run and judged.run.partial) or "the verdict was not asked"
        terminalreporter.write_line(f"meta-tests: --meta-accept has stored nothing: {why}", yellow=True)
    if _asked_in_vain(config):
        terminalreporter.write_line("meta-tests: this was asked for, so the exit status is not 0", yellow=True)
