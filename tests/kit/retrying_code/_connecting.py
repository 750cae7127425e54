"""Clients of httpx, or of httpx2, that connect again, to a port that refuses them at first."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from typing import Any

from . import Outcome, Retried
from ._server import Case, refusing

REFUSED = "connection.connect_tcp.failed"
RETRIES = {"retries": 3, "verify": False}


class Connecting:
    """How one of the two does it. The case is asked by connecting, and asked for nothing else."""

    def __init__(self, library: str) -> None:
        self.library = library
        self.httpx: Any = importlib.import_module(library)
        self.client = self.stubborn()

    def stubborn(self) -> Any:
        return self.httpx.Client(transport=self.httpx.HTTPTransport(**RETRIES), trust_env=False)

    def gets(self, failures: int, client: Any) -> Outcome:
        def get(case: Case) -> None:
            with refusing() as (port, opens):
                trace = counting(case, failures, opens)
                client.get(f"http://127.0.0.1:{port}/{case.name}", extensions={"trace": trace})

        return Case(0).outcome(get)

    def made_before(self, failures: int) -> Outcome:
        return self.gets(failures, self.client)

    def made_in_the_test(self, failures: int) -> Outcome:
        with self.stubborn() as client:
            return self.gets(failures, client)

    def gets_async(self, failures: int) -> Outcome:
        async def get(case: Case) -> None:
            transport = self.httpx.AsyncHTTPTransport(**RETRIES)
            async with self.httpx.AsyncClient(transport=transport, trust_env=False) as client:
                with refusing() as (port, opens):
                    trace = counting(case, failures, opens)

                    async def traced(event: str, info: Any) -> None:
                        trace(event, info)

                    await client.get(f"http://127.0.0.1:{port}/{case.name}", extensions={"trace": traced})

        return Case(0).outcome(lambda case: asyncio.run(get(case)))

    def ways(self) -> list[Retried]:
        """Give all of them."""
        waits = (0.0, 0.5, 1.0)
        return [
            Retried(self.library, "client", self.made_before, 4, waits),
            Retried(self.library, "made-in-the-test", self.made_in_the_test, 4, waits),
            Retried(self.library, "async", self.gets_async, 4, waits),
        ]


def counting(case: Case, failures: int, opens: Callable[[], None]) -> Callable[[str, Any], None]:
    """Open the port when that many connections have been refused. The one that gets through, the server counts."""
    if not failures:
        opens()

    def trace(event: str, _: Any) -> None:
        if event == REFUSED:
            case.fails()
            if case.asked == failures:
                opens()

    return trace
