"""The regime's own hooks: what `extras`, and a project's conftest, can add to a session under the regime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .record import SuiteRun
    from .session import JudgedSession
    from .verdict import Standards


@pytest.hookspec(firstresult=True)
def pytest_meta_tests_find_run(judged: JudgedSession, standards: Standards) -> SuiteRun | None:
    """Give a run to judge, in a session of verdicts alone. If nobody has one, the suite is run in a child process."""


@pytest.hookspec(firstresult=True)
def pytest_meta_tests_run_ended(judged: JudgedSession, standards: Standards, run: SuiteRun) -> str | None:
    """Hear of a run of the suite, in this session or a child, before it is judged.

    Give a reason if it is not to be judged here, as a line that the session then prints instead of verdicts.
    """


def pytest_meta_tests_doubts(judged: JudgedSession, standards: Standards) -> dict[str, Any] | None:
    """Give fields of a `SuiteRun` that are to be others in the run that this session has been.

    As `partial` or `coverage_missing`, if what was measured cannot be trusted; or `figures`, to be added.
    """


def pytest_meta_tests_progress(
    judged: JudgedSession, standards: Standards, args: list[str], progress: tuple[int, int, float]
) -> None:
    """Hear of a child run of `pytest` with these arguments: tests ended, tests in all (0: not known yet), seconds."""


def pytest_meta_tests_child_args(judged: JudgedSession) -> list[str] | None:
    """Give more arguments for a child run."""
