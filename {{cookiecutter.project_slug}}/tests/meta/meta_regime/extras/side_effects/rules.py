"""The rules on what tests leave behind, each with its message. Optional: `[hygiene] watch` of the policy names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from .._checks import Check

Seen = Mapping[str, list[str]]  # by the words of [hygiene] watch that are watched


class _Watched(Check[Seen]):
    """A rule on what is watched."""

    by_run = True
    word: ClassVar[str]  # in [hygiene] watch

    def broken(self, facts: Seen) -> list[str] | None:
        """List what was seen; None if it is not watched."""
        return facts.get(self.word)


class RealSleeps(_Watched):
    """Tests really sleep, for longer than [hygiene] sleep_seconds of tests/meta/policy.toml allows.

    Take the fixture `virtual_clock`: the code sleeps as before, and no time is lost. Or wait for the event itself
    instead of for a while. Counted are time.sleep and asyncio.sleep of the thread in which the test runs, summed over
    its set-up, call and teardown.
    """

    rule, word = "real-sleeps", "sleeps"


class Network(_Watched):
    """Tests use the network: they fail without it, and with whatever is at the other end.

    Replace the client at the line that is named by a stand-in, or start what it talks to on this machine (localhost is
    fine). Keep tests that need the real peer in another suite: a marker, and [suite] args of the policy.
    """

    rule, word = "network", "network"


class Environment(_Watched):
    """Tests leave environment variables behind that are not as they were: the tests after them see another world.

    Set them with pytest's fixture `monkeypatch` (monkeypatch.setenv, monkeypatch.delenv), which puts them back. What a
    fixture of wider scope sets is not meant.
    """

    rule, word = "environment", "environment"


class WorkingFolder(_Watched):
    """Tests end in another working folder than they began in: relative paths of the tests after them lead elsewhere.

    Take `monkeypatch.chdir(path)`, or `with contextlib.chdir(path):` (Python 3.11), which go back.
    """

    rule, word = "working-folder", "folder"


CHECKS: tuple[_Watched, ...] = (RealSleeps(), Network(), Environment(), WorkingFolder())
KINDS = tuple(check.word for check in CHECKS)
