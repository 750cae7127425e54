"""Where a suite hangs that does not end in time: each process of a measured child run writes its stack just then.

`faulthandler` does that in C, so also while a test holds the interpreter or has stopped all clocks. It has one timer,
which pytest stops after each failure, so it is set again with later tests. Where the project sets
`faulthandler_timeout`, the timer is the project's, and its stack is to be found in the output.
"""

from __future__ import annotations

import faulthandler
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple

import pytest

from .. import child
from ..stopwatch import Clocks

_AGAIN = 1.0  # seconds until the timer is set again
_WAIT = 2.0  # seconds for the stacks to be written
_DEEPEST = 2  # frames that are shown in any case
_SHOWN = 12  # frames
_OTHERS = 3  # processes, and threads beside the main one
_THREAD = r"(?m)^(?:Current t|T)hread .*:$"
_FRAME = r'(?m)^  File "(.*)", line (\S+) in (.*)$'
_COLLECTING = {"pytest_collection", "_importconftest"}


class _Alarm:
    """The timer of this process, a plugin."""

    def __init__(self, deadline: float, file: IO[str]) -> None:
        self._ends, self._file = Clocks.wall() + deadline - time.monotonic(), file  # before any test can freeze them
        self.pytest_exception_interact()

    @pytest.hookimpl(trylast=True)
    def pytest_exception_interact(self) -> None:
        """Set the timer: a test has failed, and pytest has stopped it."""
        self._set_at = Clocks.wall()
        if self._set_at < self._ends:
            faulthandler.dump_traceback_later(self._ends - self._set_at, file=self._file)

    def pytest_runtest_logstart(self) -> None:
        """Set the timer now and then, as a test may have stopped it."""
        if Clocks.wall() - self._set_at > _AGAIN:
            self.pytest_exception_interact()


def _alarm() -> _Alarm | None:
    """Set the timer, if this is a process of a measured child run; the files are in its scratch folder."""
    deadline, _, folder = os.environ.get(child.CHILD_VARIABLE, "").partition(":")
    try:
        return _Alarm(float(deadline), Path(folder, f"stack-{os.getpid()}.txt").open("w")) if folder else None
    except (OSError, ValueError, OverflowError):  # a stray process of a run that is over
        return None


_ALARM = _alarm()  # now: what is imported next may hang


def pytest_configure(config: pytest.Config) -> None:
    """Set the timer again with later tests, if the project does not use it."""
    used = config.pluginmanager.hasplugin("faulthandler") and float(config.getini("faulthandler_timeout") or 0)
    if _ALARM is not None and not used:
        config.pluginmanager.register(_ALARM)


class Frame(NamedTuple):
    """A line of a stack: file (relative where it is the project's, `ours`), line, function."""

    file: str
    line: str
    function: str
    ours: bool


def where_it_hangs(folder: Path, root: Path, running: Sequence[str]) -> str:
    """Give the stacks that the processes of a child run have written into its scratch folder, in short."""
    files = sorted(folder.glob("stack-*.txt"))
    until = time.monotonic() + _WAIT
    while time.monotonic() < until and not all(file.stat().st_size for file in files):
        time.sleep(0.05)
    time.sleep(0.1)  # for the rest of what is being written
    told = [in_short(file.read_text(encoding="utf-8", errors="replace"), root, running) for file in files]
    in_a_test = any(runs for _, runs in told)  # then the other processes wait for those that run one
    stacks = [text for text, runs in told if text and runs == in_a_test]
    return "\n\n".join(stacks[:_OTHERS]) or "What it was doing is not known."


def in_short(text: str, root: Path, running: Sequence[str]) -> tuple[str, bool]:
    """Shorten what faulthandler wrote of a process; tell whether a test was running in it."""
    parts = re.split(_THREAD, text)[1:]
    threads = [_frames(part, root) for part in parts]
    phases = ["".join(map(_phase, frames)) for frames in threads]
    if not threads or any("xdist/dsession.py" in frame.file for frames in threads for frame in frames):
        return "", False  # xdist's controller, which waits for its workers
    main = next((index for index, phase in enumerate(phases) if phase), len(threads) - 1)  # the main thread comes last
    functions = {frame.function for frame in threads[main]}
    names = [nodeid for nodeid in running if nodeid.split("[", 1)[0].rpartition("::")[2] in functions] or running
    too_deep = bool(running) and parts[main].rstrip().endswith("\n  ...")  # faulthandler shows 100 frames
    doing = "while collecting" if functions & _COLLECTING else "outside of any test"
    if phases[main]:
        doing = f"{' or '.join(names) or 'a test'}, in its {phases[main]}"
    elif too_deep:
        doing = f"{' or '.join(names)}, so many calls deep that its phase cannot be told"
    others = [frames for frames in threads if frames is not threads[main] and any(frame.ours for frame in frames)]
    said = [f"It hangs {doing}:\n\n{_listed(threads[main], _SHOWN)}"]
    said += [f"Another thread of it:\n\n{_listed(frames, 4)}" for frames in others[:_OTHERS]]
    return "\n\n".join(said), bool(phases[main]) or too_deep


def _frames(text: str, root: Path) -> list[Frame]:
    """Give the frames of a thread, the deepest last."""
    frames = []
    for file, line, function in reversed(re.findall(_FRAME, text)):
        path = Path(file)
        ours = path.is_relative_to(root) and not {"site-packages", "meta_regime"} & set(path.parts)
        short = path.relative_to(root) if ours else Path(*path.parts[-2:])
        frames.append(Frame(short.as_posix(), line, function, ours))
    return frames


def _phase(frame: Frame) -> str:
    runs = re.fullmatch(r"pytest_runtest_(setup|call|teardown)", frame.function)
    return {"setup": "set-up"}.get(runs[1], runs[1]) if runs and frame.file == "_pytest/runner.py" else ""


def _listed(frames: Sequence[Frame], most: int) -> str:
    """Write the project's frames, and the deepest of those that they called; so many at most."""
    ours = [index for index, frame in enumerate(frames) if frame.ours]
    deepest = frames[max(len(frames) - _DEEPEST, ours[-1] + 1 if ours else 0) :]
    shown = [*(frames[index] for index in ours), *deepest][-most:]
    text = "\n".join(f"    {frame.file}:{frame.line} in {frame.function}" for frame in shown)
    if any(frame.file == "asyncio/base_events.py" for frame in frames) and not ours:
        text += "\n\nIts event loop waits; which coroutine it waits for cannot be told from here."
    return text
