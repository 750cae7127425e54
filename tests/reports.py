"""Reports of pytest, made by hand."""

from __future__ import annotations

from typing import Any

import pytest


def report(nodeid: str, when: Any, took: float = 0.0, began: float = 0.0, outcome: Any = "passed") -> pytest.TestReport:
    """Give the report of a phase of a test that began at a time of day and took so many seconds."""
    where = (nodeid, 0, nodeid)
    return pytest.TestReport(nodeid, where, {}, outcome, None, when, duration=took, start=began, stop=began + took)
