"""Tests that had help, and those that took a while, have an account: CPU seconds of their children and threads.

Reading these clocks costs, so it is done after a test that took some milliseconds, and never after all others.
"""

from __future__ import annotations

from json import dumps, loads  # as they are now: a test may replace them
from typing import TYPE_CHECKING, Any

import pytest

from ..record import Account
from ..stopwatch import Clocks
from ..taken import MOMENT, taken_from

if TYPE_CHECKING:
    from ..recorder import Recorder
    from ..session import JudgedSession

NOTICEABLE = 0.1  # seconds: what takes as long has an `Account`, and what children or threads computed for
_ON_WORKERS = "meta_tests_accounts"  # in xdist's workeroutput


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Look at this session's tests."""
    judged: JudgedSession | None = session.config.pluginmanager.getplugin("meta-tests")
    if judged is not None:
        session.config.pluginmanager.register(Accounts(judged.recorder), "meta-tests-accounts")


class Accounts:
    """A pytest plugin. `queued_elsewhere` are seconds that those seem to have queued for whom tests waited."""

    def __init__(self, recorder: Recorder) -> None:
        self.accounts: dict[str, Account] = {}
        self.queued_elsewhere = 0.0
        self._recorder = recorder
        self._began = (Clocks.cpu(), Clocks.queued())
        self._around = _around()  # when it was last read
        recorder.look.append(self.look)

    def pytest_collection_finish(self) -> None:
        """The first test is next."""
        self._around = _around()

    def look(self, nodeid: str) -> None:
        """Look at a test that has just ended: the last of those that were read."""
        before, self._around = self._around, _around()
        children, threads = (max(0.0, now - then) for now, then in zip(self._around, before, strict=True))
        row = taken_from(self._recorder.read[-8:], self._recorder.wide)[nodeid]
        seconds, computed = row.whole - sum(row.wide), children + threads
        if not self._recorder.listening or (seconds < NOTICEABLE and computed < MOMENT):
            return
        self.accounts[nodeid] = Account(children, threads)
        # Nobody tells what children and other threads queued. On average it is as much, for each second of CPU, as this
        # thread has; of a single test that says little, so it is taken off the suite only.
        cpu, queued = Clocks.cpu() - self._began[0], Clocks.queued() - self._began[1]
        blocked = seconds - row.cpu - row.queued - computed
        self.queued_elsewhere += max(0.0, min(blocked, computed * queued / max(cpu, MOMENT)))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """On a worker of xdist: hand over what is known."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[_ON_WORKERS] = dumps(self.accounts)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker knows."""
        told = loads(getattr(node, "workeroutput", {}).get(_ON_WORKERS, "{}"))
        self.accounts.update((nodeid, Account(*row)) for nodeid, row in told.items())

    def pytest_meta_tests_doubts(self) -> dict[str, Any]:
        """Put into the run what is worth it; what pytest did around a test may have taken longer than the test."""
        ran = self._recorder.ran
        rows = ((nodeid, account, ran.get(nodeid)) for nodeid, account in self.accounts.items())
        told = {
            nodeid: account
            for nodeid, account, row in rows
            if sum(account) >= MOMENT or (row is not None and row.setup + row.call + row.teardown >= NOTICEABLE)
        }
        return {"accounts": told}


def _around() -> tuple[float, float]:
    """Give the CPU seconds of this process's children, and of its other threads."""
    return Clocks.children(), Clocks.process() - Clocks.cpu()
