"""Sees what a test really does: sleeps, connections, changes of the environment and of the working folder.

Python tells of sockets by audit events, and from 3.13 on of `time.sleep`, wherever they are called from; nothing is put
in their place. Such a hook cannot be taken away again, so there is one for each process, which hears nothing while
nobody watches. Before 3.13 `time.sleep` is replaced by one that notes, in the modules of the project, too, that have it
already. Of asyncio's sleeps no event tells: `asyncio.BaseEventLoop.call_later` notes them.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ipaddress
import os
import platform
import sys
import threading
import time
from asyncio import futures
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from ...stopwatch import Clocks

_WAKE = futures._set_result_unless_cancelled  # type: ignore[attr-defined]  # what asyncio.sleep has called later
_CONNECTING = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}  # the event, and where its address stands
_LOOKING_UP = {"socket.getaddrinfo": 0, "socket.gethostbyname": 0}
_OF_PYTEST = ("PYTEST_", "COV_CORE_", "COVERAGE_")
_TELLS_OF_SLEEPS = sys.version_info >= (3, 13)
_PLACES = 3  # shown of one test


class Hearing:
    """Who hears the audit events of this process."""

    watch: Watch | None = None
    is_hooked = False


def _hook(event: str, args: tuple[Any, ...]) -> None:
    watch = Hearing.watch
    if watch is None or event not in _HEARD:
        return
    with contextlib.suppress(Exception):  # whatever goes wrong here must not be the test's
        watch.hear(event, args, sys._getframe(1))


_HEARD = {"time.sleep", *_CONNECTING, *_LOOKING_UP}


class Watch:
    """What is watched in this process, and what the test at hand has done so far."""

    def __init__(self, kinds: frozenset[str], sleep_seconds: float, root: Path, found: Callable[..., None]) -> None:
        self._kinds, self._sleep_seconds, self._root, self._found = kinds, sleep_seconds, str(root) + os.sep, found
        self._test = ""
        self._thread = threading.get_ident()
        self._slept = self._covered = 0.0
        self._sleeps: dict[str, None] = {}
        self._peers: dict[str, str] = {}
        self._names: dict[str, str] = {}  # addresses that were looked up, and their names
        self._of_fixtures: set[str] = set()  # variables that fixtures of wider scope have changed
        self._folders = {_folder()}  # in which a test may end: that of the start, and those of such fixtures
        self._call_later: Any = None
        self._sleep: Any = None
        self._own_names = {"", "localhost", platform.node().lower()}

    # Switching it on and off.

    def start(self) -> None:
        """Begin to hear."""
        Hearing.watch = self
        if self._kinds & {"sleeps", "network"} and not Hearing.is_hooked:
            Hearing.is_hooked = True
            sys.addaudithook(_hook)
        if "sleeps" in self._kinds and not _TELLS_OF_SLEEPS:
            self._sleep = time.sleep
            self._noting = noting_sleep(self, self._sleep)
            self._put(self._sleep, self._noting)
            _stand_in(self._noting)
        if "sleeps" in self._kinds:
            self._call_later = asyncio.BaseEventLoop.call_later
            asyncio.BaseEventLoop.call_later = self._noting_call_later()  # type: ignore[method-assign]

    def stop(self) -> None:
        """Hear nothing any more, and put everything back."""
        Hearing.watch = None
        if self._sleep is not None:
            self._put(self._noting, self._sleep)
            _stand_in(None)
            self._sleep = None
        if self._call_later is not None:
            asyncio.BaseEventLoop.call_later = self._call_later  # type: ignore[method-assign]
            self._call_later = None

    def _put(self, before: Any, after: Any) -> None:
        """Put one sleep in the place of another: in `time`, and in the modules of the project."""
        for module in list(sys.modules.values()):
            if module is time or str(getattr(module, "__file__", None)).startswith(self._root):
                for name in [name for name, value in vars(module).items() if value is before]:
                    setattr(module, name, after)

    # A test.

    @contextlib.contextmanager
    def of_test(self, nodeid: str) -> Iterator[None]:
        """Watch one test, from before its set-up until after its teardown."""
        self._test, self._thread = nodeid, threading.get_ident()
        self._slept = self._covered = 0.0
        self._sleeps, self._peers = {}, {}
        variables, folder = dict(os.environ), _folder()
        try:
            yield
        finally:
            self._test = ""
            self._look_back(nodeid, variables, folder)

    def _look_back(self, nodeid: str, variables: dict[str, str], folder: str) -> None:
        if "sleeps" in self._kinds and self._slept > self._sleep_seconds:
            self._found("sleeps", nodeid, f"{self._slept:.2f} s{_at(self._sleeps)}")
        for peer, place in self._peers.items():
            self._found("network", nodeid, peer + _at({place: None} if place else {}))
        changed = changes(variables, dict(os.environ), self._of_fixtures) if "environment" in self._kinds else []
        if changed:
            self._found("environment", nodeid, "; ".join(changed))
        now = _folder()
        if "folder" in self._kinds and now != folder and now not in self._folders:
            self._found("folder", nodeid, f"in {now or 'a folder that is gone'}, where it began in {folder}")

    @contextlib.contextmanager
    def of_wide_fixture(self) -> Iterator[None]:
        """Note what a fixture of wider scope changes: it is there for more than one test, and no leak of this one."""
        variables, folder = dict(os.environ), _folder()
        try:
            yield
        finally:
            now = os.environ
            self._of_fixtures |= {name for name in {*variables, *now} if variables.get(name) != now.get(name)}
            self._folders |= {folder, _folder()}

    # What is heard.

    def hear(self, event: str, args: tuple[Any, ...], frame: FrameType) -> None:
        """Take an audit event."""
        if not self._test:
            return
        if event == "time.sleep":
            self.sleeps(float(args[0]), frame)
        elif "network" in self._kinds:
            if event in _LOOKING_UP:
                self._note_peer(_text(args[_LOOKING_UP[event]]), "looks up", frame)
            elif isinstance(address := args[_CONNECTING[event]], tuple) and address:  # and not a Unix socket's
                self._note_peer(_text(address[0]), "connects to", frame, f":{address[1]}")

    def sleeps(self, seconds: float, frame: FrameType) -> None:
        """Note a sleep that begins now, if it is the test's own."""
        if self._test and "sleeps" in self._kinds and threading.get_ident() == self._thread:
            now = Clocks.wall()
            self._note_sleep(now, now + max(0.0, seconds), self._place(frame))

    def _note_sleep(self, began: float, ended: float, place: str) -> None:
        """Add what of a sleep was not covered by another one, at the same time."""
        self._slept += max(0.0, ended - max(began, self._covered))
        self._covered = max(self._covered, ended)
        self._sleeps.setdefault(place)

    def _note_peer(self, host: str, does: str, frame: FrameType, port: str = "") -> None:
        if not self.is_here(host) and f"looks up {host}" not in self._peers:
            self._peers.setdefault(f"{does} {host}{port}", self._place(frame))

    def is_here(self, host: str) -> bool:
        """Tell whether a host is this machine."""
        try:
            address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return host.lower() in self._own_names or host.lower().endswith(".localhost")
        mapped = getattr(address, "ipv4_mapped", None) or address
        return bool(mapped.is_loopback or mapped.is_unspecified)

    def _noting_call_later(self) -> Any:
        as_ever = self._call_later

        def call_later(loop: Any, delay: float, callback: Any, *args: Any, context: Any = None) -> Any:
            """Do as ever; of `asyncio.sleep`, note how long it really waited."""
            if callback is _WAKE and self._test and threading.get_ident() == self._thread:
                with contextlib.suppress(Exception):
                    self._await(args[0], delay, self._place(sys._getframe(1)))
            return as_ever(loop, delay, callback, *args, context=context)

        return call_later

    def _await(self, future: asyncio.Future[None], delay: float, place: str) -> None:
        test, began = self._test, Clocks.wall()

        def woken(ended: asyncio.Future[None]) -> None:
            # One that was cancelled was not waited for. Under a virtual clock hardly any time has gone by; on a crowded
            # machine, too much.
            if self._test == test and not ended.cancelled():
                self._note_sleep(began, min(Clocks.wall(), began + delay), place)

        future.add_done_callback(woken)

    def _place(self, frame: FrameType | None) -> str:
        """Give the file and line of the project's code that is nearest; nothing if there is none."""
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(self._root) and not _is_foreign(name[len(self._root) :]):
                return f"{Path(name[len(self._root) :]).as_posix()}:{frame.f_lineno}"
            frame = frame.f_back
        return ""


def noting_sleep(watch: Watch, sleep: Callable[[float], None]) -> Callable[[float], None]:
    """Give a `time.sleep` that notes, and sleeps."""

    @functools.wraps(sleep)
    def noting(seconds: float, /) -> None:
        with contextlib.suppress(Exception):
            watch.sleeps(float(seconds), sys._getframe(1))
        sleep(seconds)

    return noting


def _stand_in(sleep: Callable[[float], None] | None) -> None:
    """Tell the fast-test kit, if it is there, that a virtual clock is to replace this one, as it does the real one."""
    with contextlib.suppress(ImportError):
        from ...fixtures.clock.sleeping import Real

        Real.stand_in = sleep


def _is_foreign(name: str) -> bool:
    parts = Path(name).parts
    return "site-packages" in parts or "meta_regime" in parts


def _at(places: dict[str, None]) -> str:
    known = [place for place in places if place]
    more = f" and {len(known) - _PLACES} more" if len(known) > _PLACES else ""
    return f" at {', '.join(known[:_PLACES])}{more}" if known else ""


def _text(host: Any) -> str:
    return host.decode(errors="replace") if isinstance(host, bytes) else str(host or "")


def _folder() -> str:
    """Give the working folder; nothing if it is gone."""
    try:
        return str(Path.cwd())
    except OSError:
        return ""


def changes(before: dict[str, str], after: dict[str, str], passed_over: set[str]) -> list[str]:
    """Name the variables that were set, changed or deleted; never what is in them."""
    found = []
    for name in sorted({*before, *after} - passed_over):
        if name.startswith(_OF_PYTEST) or before.get(name) == after.get(name):
            continue
        found.append(f"{name} is {'new' if name not in before else 'gone' if name not in after else 'another one'}")
    return found
