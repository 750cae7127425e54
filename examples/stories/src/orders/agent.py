"""An agent that takes an order through its steps, and paces itself, as the services behind it demand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

Step = Callable[[], Awaitable[str]]


async def run(steps: Sequence[Step], pace: float = 2.5, patience: float = 5.0) -> list[str]:
    """Do one step after another, `pace` seconds apart; a step that takes longer than `patience` is passed over."""
    done = []
    for number, step in enumerate(steps):
        if number:
            await asyncio.sleep(pace)
        try:
            done.append(await asyncio.wait_for(step(), patience))
        except TimeoutError:
            done.append("passed over")
    return done
