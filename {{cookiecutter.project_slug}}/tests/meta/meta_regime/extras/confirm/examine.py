"""In the child that runs a suspect again: runs nothing else, and takes samples of its stack with pyinstrument."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib.util
import inspect
import json
import os
import sys
import sysconfig
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from ...record import FixtureTiming
from ...stopwatch import Clocks
from .causes import Frame, Sample, causes_of

_INTERVAL = 0.01  # seconds between samples
_BREAKERS = ("pybreaker", "aiobreaker", "circuitbreaker", "purgatory")


def answer_to(request: Path) -> Path:
    """Give the path of the answer: the pid at first, and then how it went."""
    return request.with_name("answer.json")


def _watched(phase: str) -> Callable[[Examiner], Generator[None, object, object]]:
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def hook(self: Examiner) -> Generator[None, object, object]:
        self.in_phase(phase)
        try:
            return (yield)
        finally:
            self.in_phase("")

    return hook


class Examiner:
    """A pytest plugin."""

    def __init__(self, config: pytest.Config, request: Path) -> None:
        asked = json.loads(request.read_text())
        self._root, self._answer = config.rootpath, answer_to(request)
        self._nodeid, self._fixture = asked["nodeid"], asked["fixture"]
        self._file = (config.rootpath / self._nodeid.split("::")[0]).resolve()
        self._told: dict[str, Any] = {"pid": os.getpid(), "stretches": []}
        self._phase, self._wide, self._watching = "", list[str](), False
        self._fixtures: dict[tuple[str, str], str] = {}
        self._sampler = Sampler(wanted=asked["profile"])

    def _tell(self) -> None:
        beside = self._answer.with_suffix(".tmp")
        beside.write_text(json.dumps(self._told))
        beside.replace(self._answer)

    # Running nothing else.

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave out all files but one."""
        if not self._file.is_file() or collection_path.name == "__init__.py":
            return None
        path = collection_path.resolve()
        return None if self._file == path or self._file.is_relative_to(path) else True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, object, object]:
        """Leave out all tests but one; of several with the same id the last, as it is in the record."""
        result = yield
        items[:] = [item for item in items if item.nodeid == self._nodeid][-1:]
        self._told["found"] = len(items)
        self._tell()
        return result

    # Watching it. A fixture of wider scope is watched by itself, or not at all.

    pytest_runtest_setup, pytest_runtest_call, pytest_runtest_teardown = map(_watched, ("set-up", "call", "teardown"))

    def in_phase(self, phase: str) -> None:
        """A phase begins, or, with no name, ends."""
        self._phase = phase
        self._turn()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        """Watch a fixture, or look away; note its name."""
        code = getattr(getattr(fixturedef.func, "__wrapped__", fixturedef.func), "__code__", None)
        if code is not None:
            self._fixtures[code.co_name, code.co_filename] = fixturedef.argname
        if fixturedef.scope == "function":
            return (yield)
        self._enter(fixturedef)
        try:
            return (yield)
        finally:
            self.pytest_fixture_post_finalizer(fixturedef)
            fixturedef.addfinalizer(functools.partial(self._enter, fixturedef))

    def _enter(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        self._wide.append(_label(fixturedef))
        self._turn()

    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """It has been set up, or torn down."""
        if self._wide[-1:] == [_label(fixturedef)]:
            self._wide.pop()
            self._turn()

    def _turn(self) -> None:
        """Begin to watch, or leave off, as it is the suspect that runs, or not."""
        mine = self._wide[-1:] == [self._fixture] if self._fixture else bool(self._phase and not self._wide)
        if mine == self._watching:
            return
        self._watching = mine
        if mine:
            self._told["stretches"].append([Clocks.wall(), 0.0])
            if len(self._told["stretches"]) == 1:
                self._tell()
            self._sampler.start(self._phase)
        else:
            self._sampler.stop()
            self._told["stretches"][-1][1] = Clocks.wall()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Tell what was seen, also where the session was interrupted."""
        causes = causes_of(self._sampler.samples, functools.cache(self._in_project), self._fixtures)
        breaker = next((name for name in _BREAKERS if name in sys.modules), "")
        self._told |= {"causes": causes, "breaker": breaker}
        self._told |= {"trouble": self._sampler.trouble, "profiled": self._sampler.began}
        self._tell()

    def _in_project(self, file: str) -> str:
        """Give the path of a file of the project, relative to its root; nothing for another file."""
        path, root = Path(file).resolve(), self._root.resolve()
        foreign = (Path(__file__).resolve().parents[3], Path(sysconfig.get_path("stdlib")).resolve())
        if not file or "site-packages" in path.parts or any(map(path.is_relative_to, foreign)):
            return ""
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else ""


def _label(fixturedef: pytest.FixtureDef[Any]) -> str:
    return FixtureTiming(fixturedef.argname, fixturedef.scope, fixturedef.baseid, 0, 0, 0).label


class Sampler:
    """Takes samples of the main thread's stack, whatever becomes of the clocks; `trouble` says why there are none.

    Whatever goes wrong with it, the test must not feel it.
    """

    def __init__(self, *, wanted: bool) -> None:
        self.samples: list[Sample] = []
        self.trouble, self.began, self._phase = "", False, ""
        self._before = (0.0, 0.0, 0.0)
        self._pyinstrument: Any = None
        with self._kept_away():
            if wanted and importlib.util.find_spec("pyinstrument") is None:
                self.trouble = "pyinstrument is not installed"
            elif wanted:
                self._pyinstrument = importlib.import_module("pyinstrument.stack_sampler").get_stack_sampler()

    @contextlib.contextmanager
    def _kept_away(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # of any kind: another version, another profiler, a broken installation
            self.trouble = self.trouble or f"pyinstrument failed: {error!r}"

    def start(self, phase: str) -> None:
        """Begin to take samples."""
        self._phase, self._before = phase, _now()
        with self._kept_away():
            if self._pyinstrument is not None:
                self.began = True
                self._pyinstrument.subscribe(self._take, desired_interval=_INTERVAL, use_async_context=False)

    def stop(self) -> None:
        """Leave off."""
        with self._kept_away():
            if self._pyinstrument is not None:
                self._pyinstrument.unsubscribe(self._take)

    def _take(self, stack: list[str], *_: object) -> None:
        """Hear of a stack: what has been done since the last one."""
        with self._kept_away():
            now = _now()
            wall, cpu, queued = (after - before for after, before in zip(now, self._before, strict=True))
            self._before = now
            frames = [*map(_frame, stack)]
            self.samples.append(Sample(self._phase, (*frames, *_awaited(frames)), max(0.0, wall - queued), cpu))


def _now() -> tuple[float, float, float]:
    cpu, queued = Clocks.cpu(), Clocks.queued()
    return Clocks.wall(), cpu, queued


@functools.cache
def _frame(text: str) -> Frame:
    """Read a frame as pyinstrument writes it: function, file, first line; then attributes, one of which is the line."""
    identifier, *attributes = text.split("\x01")
    function, file, first = identifier.split("\0")
    line = next((attribute[1:] for attribute in attributes if attribute.startswith("l")), first)
    return Frame(function, "" if file.startswith("<") else file, int(line))


def _awaited(stack: Sequence[Frame]) -> Iterator[Frame]:
    """If an event loop has nothing to do: give the frames of the task that it runs, and of those awaited in turn."""
    functions = [frame.function for frame in stack[-4:]]
    if "select" not in functions or functions[functions.index("select") - 1] != "_run_once":
        return
    running: FrameType | None = sys._getframe()
    while running is not None and running.f_code.co_name != "run_until_complete":
        running = running.f_back
    waits: Any = running and running.f_locals.get("future")
    for _ in range(100):
        frame: FrameType | None = None
        coroutine: Any = waits.get_coro() if isinstance(waits, asyncio.Task) else None
        while (suspended := _attribute(coroutine, "cr_frame", "gi_frame", "ag_frame")) is not None:
            frame = suspended
            yield Frame(frame.f_code.co_name, frame.f_code.co_filename, frame.f_lineno)
            coroutine = _attribute(coroutine, "cr_await", "gi_yieldfrom", "ag_await")
            if type(coroutine).__name__.startswith("async_generator_"):  # which does not tell what it awaits
                coroutine = next((each for each in frame.f_locals.values() if inspect.isasyncgen(each)), None)
        waits = _awaited_task(waits, frame.f_locals if frame else {})
        if waits is None:
            return


def _attribute(thing: Any, *names: str) -> Any:
    return next((getattr(thing, name) for name in names if hasattr(thing, name)), None)


def _awaited_task(waits: Any, names: Mapping[str, Any]) -> Any:
    """Give the first task for which a task, or a `gather`, waits: itself, in a group, by `wait` or by `wait_for`."""
    future = getattr(waits, "_fut_waiter", waits)
    group = getattr(names.get("self"), "_tasks", ())
    awaited = [future, *getattr(future, "_children", ()), *names.get("fs", ()), names.get("fut"), *group]
    return next(
        (task for task in awaited if isinstance(task, asyncio.Task) and task is not waits and not task.done()), None
    )
