"""Confirms and explains: what seems slow is run again, alone, before it is accused; the message says what it did.

What does that is imported when there is a suspect.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ... import child, time_verdicts
from ...selection import is_mine

if TYPE_CHECKING:
    from ...record import SuiteRun
    from ...time_verdicts import Row
    from ...verdict import Standards, Verdict
    from .again import Alone

VARIABLE = "META_TESTS_EXAMINE"  # names the request: a JSON file, beside which the answer is written
FOUND = pytest.StashKey[list[tuple["Row", "Alone"]]]()


def found(config: pytest.Config) -> list[tuple[Row, Alone]]:
    """Give the suspects, and what came of each when it was run again; after the verdict."""
    return config.stash.get(FOUND, [])


def accused(config: pytest.Config, run: SuiteRun, standards: Standards) -> list[tuple[Row, str]]:
    """Give those that were slow again when they ran alone, each with the reason and its cure; after the verdict."""
    if not found(config):
        return []
    from .judging import slow_again
    from .wording import in_short

    return [(row, in_short(alone)) for row, alone in slow_again(found(config), run, standards)]


def pytest_configure(config: pytest.Config) -> None:
    """In the child that runs a suspect again: see to it (the processes that the suspect starts do not)."""
    request = os.environ.pop(VARIABLE, None)
    if request is not None and child.is_child():
        from .examine import Examiner

        config.pluginmanager.register(Examiner(config, Path(request)), "meta-tests-examiner")
    if config.pluginmanager.hasplugin("timeout"):
        config.pluginmanager.register(_WithoutTimeout(), "meta-tests-without-timeout")


class _WithoutTimeout:
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Keep pytest-timeout from ending the verdict while suspects are run again."""
        if is_mine(str(item.path)):
            item.add_marker(pytest.mark.timeout(0))
        return (yield)


def no_new_slow_tests(config: pytest.Config, run: SuiteRun, standards: Standards) -> Verdict:
    """Judge as the core does, but accuse only what is too slow again when it runs alone."""
    slow, policy = time_verdicts.suspects(run, standards), standards.policy.slow_tests
    if not slow or not policy.confirm_at_most or not policy.confirm_seconds or child.is_child():
        return time_verdicts.no_new_slow_tests(run, standards)
    from .judging import judged_alone

    return judged_alone(config, slow, run, standards)
