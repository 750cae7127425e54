"""A worker of xdist waits for its next test: what it computes and queues until then is nobody's.

Without xdist one test follows another, and what pytest does in between is known well enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..recorder import Recorder
    from ..session import JudgedSession


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """On a worker: read the clocks when a test begins, too."""
    judged: JudgedSession | None = session.config.pluginmanager.getplugin("meta-tests")
    if judged is not None and judged.worker_input is not None:
        session.config.pluginmanager.register(_Beginning(judged.recorder), "meta-tests-beginning")


class _Beginning:
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logstart(self) -> None:
        self._recorder.before = self._recorder.now()
