"""One page to look at: `--meta-report=FILE.html` writes the verdicts and charts of the run that was judged.

Nothing is measured for it. It needs plotly, and says so where that is missing. Type it with the sign `=`: pytest,
which does not know the option before it has loaded tests/conftest.py, takes a FILE in a word of its own for tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ...time_verdicts import name_of
from ...verdict import Standards, extra

if TYPE_CHECKING:
    from ...session import JudgedSession
    from .by_cause import CausesOf

_LOWEST_PLOTLY = 6  # older ones make code of text, which the page forbids
_SAID = pytest.StashKey[str]()


class NotWrittenError(Exception):
    """There is no report; the message says why."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    text = "write the verdicts, and charts of where the time goes and where coverage lacks, as one page (needs plotly)"
    parser.getgroup("meta-tests").addoption("--meta-report", metavar="FILE.html", help=text)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the page. Where it was asked for and is missing, a session that must not pass silently fails."""
    config = session.config
    typed = config.getoption("meta_report", None)
    judged: JudgedSession | None = config.pluginmanager.getplugin("meta-tests")
    if typed is None or judged is None or judged.worker_input is not None or config.option.collectonly:
        return
    if not (judged.judges or judged.switched_off):  # a child run: its parent writes it
        return
    try:
        _write(judged, typed)
        config.stash[_SAID] = f"the report stands in {typed}"
    except NotWrittenError as why:
        config.stash[_SAID] = f"no report was written to {typed}: {why}"
        if judged.strict and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say where the report is, or why there is none."""
    if said := config.stash.get(_SAID, ""):
        terminalreporter.write_line(f"meta-tests: {said}", yellow=said.startswith("no "))


def _write(judged: JudgedSession, typed: str) -> None:
    """Write the page, or raise `NotWrittenError`."""
    run, standards, config = judged.run, judged.standards, judged.config
    if not isinstance(standards, Standards):
        raise NotWrittenError("the settings in tests/meta are wrong; see the verdicts")
    if run is None or not judged.verdicts or run.partial or run.broken:
        why = (
            judged.silence.removeprefix("not judged: ")
            or (run and (run.broken or run.partial))
            or "no verdict was asked"
        )
        raise NotWrittenError(f"no whole run was judged ({why.rstrip('.')})")
    plotly_js = _plotly_js()
    from .._git import Git
    from .._whole_files import write_whole
    from .page import Report, page_of
    from .past import past_of

    root = config.rootpath.resolve()
    report = Report(
        project=root.name,
        date=judged.today.isoformat(),
        run=run,
        policy=standards.policy,
        verdicts=judged.verdicts,
        causes=_causes(config),
        past=past_of(Git(root)),
    )
    try:
        write_whole(config.invocation_params.dir / typed, page_of(report, plotly_js))
    except OSError as error:
        raise NotWrittenError(error.strerror or str(error)) from None


def _plotly_js() -> str:
    """Give the library that draws in the browser. Raises `NotWrittenError` where it is not there, or too old."""
    try:
        import plotly
        from plotly.offline import get_plotlyjs
    except ImportError:
        raise NotWrittenError("its charts need plotly, which is not installed: pip install plotly") from None
    if int(plotly.__version__.partition(".")[0]) < _LOWEST_PLOTLY:
        found = f"plotly {_LOWEST_PLOTLY} or later, and this is {plotly.__version__}"
        raise NotWrittenError(f"its charts need {found}: pip install --upgrade plotly")
    return str(get_plotlyjs())


def _causes(config: pytest.Config) -> CausesOf:
    """Give what `confirm`, which a project may have deleted, has found of the tests that it ran again."""
    confirm: Any = extra("confirm")
    found = confirm.found(config) if confirm else ()
    return {name_of(row): alone.causes for row, alone in found if alone.causes}
