"""Proves that the gate bites: `pytest tests/meta --meta-prove` plants a violation per verdict, and shows each one red.

Everything happens in a copy, in a scratch directory; the project itself stays as it is. What is planted stands in
`plants.py`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ...record import SuiteRun
    from ...session import JudgedSession
    from ...verdict import Standards
    from .proof import Proof

_PROOFS = pytest.StashKey[list["Proof"]]()
_VARIABLE = "META_TESTS_PROVE"
_ALONE = "--meta-prove goes with the verdicts alone: python -m pytest tests/meta --meta-prove"
_UNMEASURED = "--meta-prove needs pytest-cov, which is not installed, or switched off; type: pip install pytest-cov"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    text = "plant a violation per verdict in a copy of the project, and show that each verdict turns red"
    parser.getgroup("meta-tests").addoption("--meta-prove", action="store_true", help=text)


def pytest_configure(config: pytest.Config) -> None:
    """In the session that judges the copy: answer."""
    record = os.environ.pop(_VARIABLE, None)
    if record is not None:
        from .answer import Answering

        config.pluginmanager.register(Answering(config, Path(record)), "meta-tests-answering")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse what would not be done; keep pytest from writing to its cache. Raises `pytest.UsageError`."""
    judged: JudgedSession | None = session.config.pluginmanager.getplugin("meta-tests")
    if judged is None or not judged.judges or not session.config.getoption("meta_prove", False):
        return
    if not judged.facts.only_verdicts or session.config.getoption("meta_records", None):
        raise pytest.UsageError(_ALONE)
    if not session.config.pluginmanager.hasplugin("pytest_cov"):
        raise pytest.UsageError(_UNMEASURED)
    for name in ("lfplugin", "nfplugin"):  # what fails here is no test of --lf
        if session.config.pluginmanager.hasplugin(name):
            session.config.pluginmanager.unregister(name=name)


@pytest.hookimpl(tryfirst=True)
def pytest_meta_tests_find_run(judged: JudgedSession, standards: Standards) -> SuiteRun | None:
    """Instead of finding a run: prove. Each verdict test then says whether its verdict has been red."""
    if not judged.config.getoption("meta_prove", False):
        return None
    from ...record import SuiteRun
    from .proving import proofs_of

    proofs = proofs_of(judged, standards)
    judged.config.stash[_PROOFS] = proofs
    judged.silence = ""  # until now it would have been the words for an interrupted session
    told: set[str] = set()
    for item in judged.verdict_items:
        _let_say(item, [proof for proof in proofs if proof.verdict == item.name], told)
    return SuiteRun(broken="Nothing was judged: the verdicts were proved, in a copy (--meta-prove).")


def _let_say(item: Any, proofs: list[Proof], told: set[str]) -> None:
    """Let a verdict test pass if all its proofs hold, and fail with what the first that does not says.

    `told` are details that others have given.
    """
    from ...terminal import VerdictText
    from ...verdict import Outcome, Verdict

    wrong = [proof for proof in proofs if proof.holds is False]
    details = "\n\n".join(dict.fromkeys(proof.details for proof in wrong))
    details = "Details: see above." if details and details in told else details
    told.add(details)
    idle = [proof for proof in proofs if proof.holds is None]

    def runtest() -> None:
        if wrong:
            said = Verdict(Outcome.FAILED, wrong[0].line, details)
            item.repr_failure = lambda *_: VerdictText(str(item.path), said, strict=False)
            pytest.fail(said.line, pytrace=False)
        if idle:
            pytest.skip(idle[0].line)

    item.runtest = runtest


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show what was planted, and what each verdict said."""
    proofs = config.stash.get(_PROOFS, [])
    if not proofs:
        return
    from .proof import summed_up

    terminalreporter.write_sep("=", "meta-tests: does the gate bite?")
    for proof, following in zip(proofs, [*proofs[1:], None], strict=True):
        colour = {True: "green", False: "red", None: "yellow"}[proof.holds]
        terminalreporter.write(proof.state, **{colour: True, "bold": True})
        terminalreporter.write_line(f"  {proof.verdict}")
        for line in proof.told if following is None or proof.told != following.told else ():  # what several say, once
            terminalreporter.write_line(f"    {line}")
    terminalreporter.write_line("")
    terminalreporter.write_line(summed_up(proofs), green=all(proof.holds is not False for proof in proofs))
