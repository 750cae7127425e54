"""Ask, wait, ask again: each time a little longer, up to a limit."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator


def delays(first: float = 0.1, factor: float = 2.0, longest: float = 0.6) -> Iterator[float]:
    """Yield the pauses between two questions, for ever."""
    if first <= 0 or factor < 1:
        raise ValueError("delays must be above 0 and must not shrink")
    for n in itertools.count():
        delay = first * factor**n
        if delay >= longest:
            break
        yield delay
    yield from itertools.repeat(longest)


def wait_until(condition: Callable[[], bool], *, patience: float = 5.0, first: float = 0.1) -> bool:
    """Ask until the condition holds or the patience, in seconds, is used up. Say whether it held."""
    end = time.monotonic() + patience
    pauses = delays(first)
    while not condition():
        left = end - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(next(pauses), left))
    return True
