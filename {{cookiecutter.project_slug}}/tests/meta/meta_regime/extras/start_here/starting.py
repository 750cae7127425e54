"""What is written, and said, in the session that starts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ...selection import is_mine
from ...time_verdicts import name_of
from ...verdict import Standards, extra, load_standards
from .. import _checks
from .._whole_files import write_whole
from . import standing
from .settings import CannotSetError, Setting, with_entries, with_settings

if TYPE_CHECKING:
    from ...record import SuiteRun
    from ...session import JudgedSession

_POLICY, _SLOW = "tests/meta/policy.toml", "tests/meta/known_slow.toml"
_SHOWN = 5  # lines about one file
_NEXT = """\
Next: read these files, write the reasons into known_slow.toml if it is there, and commit tests/meta. From here on
nothing may get worse, and `python -m pytest tests/meta --meta-accept` keeps what gets better."""


class Start:
    """What is written, and said, in the one session that starts."""

    def __init__(self) -> None:
        self._asked = False
        self._said: dict[str, list[str]] = {}
        self._refused = "no verdict was asked"

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Before the first verdict: the run is known, and has not been judged."""
        judged: JudgedSession | None = item.config.pluginmanager.getplugin("meta-tests")
        if self._asked or judged is None or not is_mine(str(item.path)):
            return
        self._asked = True
        self._refused = self._begin(judged)
        if not self._refused:
            judged.standards = load_standards(judged.facts.meta, judged.today)
            item.config.option.meta_accept = True  # makes the baseline

    def _begin(self, judged: JudgedSession) -> str:
        """Write the files; give the reason if that cannot be."""
        run, standards = judged.run, judged.standards
        if not isinstance(standards, Standards):
            return "its settings are wrong, see above"
        if run is None or run.broken:
            return "the suite could not be run, see above" if run else "nothing was judged"
        if run.partial or run.failed or run.coverage is None:
            why = "tests of the suite failed; mend that first" if run.failed else run.coverage_missing
            return run.partial or why
        try:
            slow = self._slow_text(judged.facts.meta / "known_slow.toml", run, standards)
            settings = self._settings(judged, run, standards)
            path = judged.facts.meta / "policy.toml"
            before = path.read_bytes().decode("utf-8")
            after = with_settings(before, settings)
            if after != before:
                write_whole(path, after)
            try:
                if slow:
                    write_whole(judged.facts.meta / "known_slow.toml", slow)
            except BaseException:
                write_whole(path, before)
                raise
        except CannotSetError as error:
            return f"{_POLICY}: {error}"
        except OSError as error:
            return f"{error.filename or 'a file'} could not be written: {error.strerror}"
        return ""

    def _settings(self, judged: JudgedSession, run: SuiteRun, standards: Standards) -> list[Setting]:
        assert run.coverage is not None
        floors = extra("floors")
        below = floors.below_floor(run.coverage.files, standards.policy.coverage) if floors else []
        found = standing.of_coverage(run.coverage, standards)
        found += standing.of_modules([row[:2] for row in below], standards)
        found += standing.of_the_suite(run, standards)
        hygiene = extra("hygiene")
        found += standing.of_files(hygiene.missed(judged.config, standards) if hygiene else [], standards)
        found += standing.of_rules(_checks.broken_rules(judged.config, run, standards), standards)
        self._said[_POLICY] = [f"[{each.table}] {each}   (was {each.was})" for each in found]
        return found

    def _slow_text(self, path: Path, run: SuiteRun, standards: Standards) -> str:
        """Give the text of the list with the slow tests added; nothing if there are none."""
        known_slow = extra("known_slow")
        listed = {entry.test for entry in standards.known_slow}
        rows = [row for row in standing.slow_ones(run, standards) if name_of(row) not in listed] if known_slow else []
        if not rows:
            return ""
        reason, today = f"adopted on {standards.today}", standards.today
        entries = [known_slow.entry_to_paste(name_of(row), row.owned, today, reason) for row in rows]
        until = entries[0].rpartition("until = ")[2]
        self._said[_SLOW] = [f"{name_of(row)}: {row.owned:.2f} s, excused until {until}" for row in rows]
        return with_entries(path.read_bytes().decode("utf-8") if path.exists() else "", entries)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Let a start that has written nothing be no success: `git commit` may be typed behind it."""
        if self._refused and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """Say what was written, or why nothing was."""
        if self._refused:
            judged: JudgedSession | None = config.pluginmanager.getplugin("meta-tests")
            why = (judged and not self._asked and judged.silence) or self._refused
            line = f"meta-tests: --meta-start-here has written nothing: {why.removeprefix('not judged: ')}"
            terminalreporter.write_line(line, yellow=True)
            return
        said = [(file, lines) for file, lines in self._said.items() if lines]
        begun = "this project starts where it is." if said else "this project meets its standards as they are."
        terminalreporter.write_line(f"meta-tests: {begun}")
        for file, lines in said:
            terminalreporter.write_line(f"  {file}")
            more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
            for line in [*lines[:_SHOWN], *more]:
                terminalreporter.write_line(f"    {line}")
        terminalreporter.write_line(_NEXT)
