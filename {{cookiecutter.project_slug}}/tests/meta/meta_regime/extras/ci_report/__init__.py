"""What a session in CI leaves for people who read no logs: GitHub's step summary and annotations, GitLab's report.

Nothing outside CI, and of the session that judges alone: not of a shard, a worker or a child run.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ...session import JudgedSession

_CODE_QUALITY = "gl-code-quality-report.json"


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write what the CI can show that this runs in."""
    judged: JudgedSession | None = config.pluginmanager.getplugin("meta-tests")
    in_ci = any(os.environ.get(name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS", "GITLAB_CI"))
    answers = config.pluginmanager.hasplugin("meta-tests-answering")  # to --meta-prove, in the copy
    if not in_ci or judged is None or not judged.judges or judged.only_records or answers:
        return
    from .seen import why_nothing_is_judged

    if judged.verdicts or why_nothing_is_judged(judged):  # else none were asked for, as with --collect-only
        for line in _shown(judged):
            terminalreporter.ensure_newline()
            terminalreporter.write_line(line)


def _shown(judged: JudgedSession) -> Iterator[str]:
    """Write the files; give the lines that are to be printed, with what could not be written."""
    from .._git import Git
    from .._whole_files import write_whole
    from . import code_quality, step_summary, workflow_commands
    from .findings import findings
    from .seen import look

    seen, root = look(judged), judged.config.rootpath.resolve()
    inside = (Git(root).run("rev-parse", "--show-prefix") or "").strip("\n")  # CI names files as the repository does
    found = [each._replace(path=posixpath.normpath(posixpath.join(inside, each.path))) for each in findings(seen)]
    if os.environ.get("GITHUB_ACTIONS"):
        yield from workflow_commands.commands(found)
    writing: dict[str, Callable[[], None]] = {}
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        writing["the step summary"] = lambda: step_summary.append(Path(summary), seen)
    if os.environ.get("GITLAB_CI"):
        writing[_CODE_QUALITY] = lambda: write_whole(root / _CODE_QUALITY, code_quality.report(found))
    for name, write in writing.items():
        try:
            write()
        except OSError as error:
            yield f"meta-tests: {name} could not be written: {error.strerror}"
