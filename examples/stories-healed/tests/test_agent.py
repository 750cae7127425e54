import asyncio

import pytest
from orders import agent

pytestmark = pytest.mark.usefixtures("virtual_clock")


async def quick():
    return "done"


async def hangs():
    await asyncio.Event().wait()


async def test_it_paces_itself():
    assert await agent.run([quick] * 7, pace=2.4) == ["done"] * 7


async def test_it_passes_over_what_hangs():
    assert await agent.run([quick, hangs, quick, hangs, quick, quick]) == [
        "done",
        "passed over",
        "done",
        "passed over",
        "done",
        "done",
    ]
