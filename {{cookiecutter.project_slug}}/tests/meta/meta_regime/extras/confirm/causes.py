"""Why a test took its time: samples of its stack, sorted by what each was doing. Decided without pytest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

COMPUTED = "computed"


class Frame(NamedTuple):
    """One call on a stack. A function written in C has no file."""

    function: str
    file: str
    line: int


class Sample(NamedTuple):
    """A stack, outermost call first; how many seconds it stood for, queueing left out, and CPU seconds of them."""

    phase: str
    frames: tuple[Frame, ...]
    seconds: float
    cpu: float


class Cause(NamedTuple):
    """What took seconds: `where` is the deepest line of the project, `library` what it called there.

    `retried` names the library that waited before another attempt, and `fixture` the fixture in whose code it happened.
    """

    kind: str
    seconds: float
    where: str
    library: str
    phase: str
    fixture: str
    retried: str = ""


# What the main thread waits in: by the modules of Python it went through, and by the name of a function written in C.
_MODULES = {
    "subprocesses": r"subprocess|asyncio/(base_)?subprocess|multiprocessing/(popen\w*|process)",
    "locks": r"threading|queue|concurrent/futures/\w+|multiprocessing/\w+|asyncio/(locks|queues|threads|futures)",
    "sockets": r"socket|ssl|select(ors)?|asyncio/(streams|sslproto|selector_events|proactor_events|base_events)",
}
_FUNCTIONS = {
    "subprocesses": r"wait\w*|system|_?fork_exec|WaitForSingleObject",
    "locks": r".*[lL]ock\.\w+|.*[hH]andle\.join|SimpleQueue\.get",
    "sockets": r"_?(socket|SSL\w*)\.\w+|getaddrinfo|gethostby\w+|select|(e?poll|devpoll)\.poll|kqueue\.control",
}
_RETRYING = (
    r"[/\\](tenacity|stamina|backoff|retrying|retry2?|opnieuw|urllib3|requests|botocore|google[/\\]api_core|redis|httpx"
    r"|httpcore|openai|anthropic|aiohttp_retry|kombu|azure[/\\]core)([/\\]|\.py$)"
)
_INSTALLED = r".*[/\\](?:site|dist)-packages[/\\]"


def causes_of(
    samples: Iterable[Sample], in_project: Callable[[str], str], fixtures: Mapping[tuple[str, str], str]
) -> list[Cause]:
    """Sum up samples: one row for each kind of waiting, file of the project, phase and fixture; the longest first.

    `in_project` names a file of the project, and no other; `fixtures` are named by function and file.
    """
    taken: dict[tuple[str, ...], dict[tuple[str, str], float]] = {}
    for phase, frames, seconds, cpu in samples:
        mine = [number for number, frame in enumerate(frames) if in_project(frame.file)]
        file = in_project(frames[mine[-1]].file) if mine else ""
        below = frames[mine[-1] + 1 :] if mine else frames
        fixture = next((fixtures[frame[:2]] for frame in frames if frame[:2] in fixtures), "")
        kind = COMPUTED if cpu >= seconds / 2 else kind_of(below)
        tries = (re.search(_RETRYING, frame.file) for frame in below if kind == "slept")
        retried = next((match[1] for match in tries if match), "")
        places = taken.setdefault(("retried" if retried else kind, file, phase, fixture, retried), {})
        place = (f"{file}:{frames[mine[-1]].line}" if mine else "", _library(below))
        places[place] = places.get(place, 0.0) + seconds
    causes = []
    for (kind, _, *rest), places in taken.items():
        longest = max(places, key=lambda place: places[place])
        causes.append(Cause(kind, sum(places.values()), *longest, *rest))
    return sorted(causes, key=lambda cause: -cause.seconds)


def kind_of(below: tuple[Frame, ...]) -> str:
    """Tell for what the calls below the project's deepest line wait."""
    modules = [_module(frame) for frame in below if frame.file]
    if any(re.search(f"(^|/)({_MODULES['subprocesses']})$", module) for module in modules):
        return "subprocesses"  # Python may sleep, or select, while it waits for one
    if below and below[-1].function == "sleep" and (not below[-1].file or modules[-1].endswith("asyncio/tasks")):
        return "slept"
    for kind, pattern in _MODULES.items():
        if any(re.search(f"(^|/)({pattern})$", module) for module in modules):
            return kind
    leaf = below[-1].function if below and not below[-1].file else ""
    return next((kind for kind, pattern in _FUNCTIONS.items() if re.fullmatch(pattern, leaf)), "waited")


def _module(frame: Frame) -> str:
    return frame.file.replace("\\", "/").removesuffix(".py").removesuffix("/__init__")


def _library(below: tuple[Frame, ...]) -> str:
    """Name the deepest line of an installed package, else what the project's line called."""
    for frame in reversed(below):
        if re.match(_INSTALLED, frame.file):
            return f"{re.sub(_INSTALLED, '', frame.file)}:{frame.line}"
    if not below:
        return ""
    module = _module(below[0]).rpartition("/")[2] if below[0].file else ""
    module = {"tasks": "asyncio", "": "time" if below[0].function == "sleep" else ""}.get(module, module)
    return f"{module}.{below[0].function}".lstrip(".")


def main_part(causes: list[Cause]) -> list[Cause]:
    """Give the causes that make up most of it, of one kind in one file; none of a workflow, which does many things.

    Most is more than half, or two thirds where there are three parts and more that count.
    """
    whole = sum(cause.seconds for cause in causes)
    parts: dict[tuple[str, str], list[Cause]] = {}
    for cause in causes:
        file = "" if cause.kind == COMPUTED else cause.where.rpartition(":")[0]
        parts.setdefault((cause.kind, file), []).append(cause)
    shares = [sum(cause.seconds for cause in part) / whole for part in parts.values()]
    most = 2 / 3 if sum(share > 0.1 for share in shares) > 2 else 1 / 2
    return next((part for part, share in zip(parts.values(), shares, strict=True) if share > most), [])
