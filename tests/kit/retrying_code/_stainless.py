"""Clients of openai, or of anthropic, sync and async, at a server that is overloaded."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from . import Outcome, Retried
from ._server import Case, url


class Clients:
    """How one of the two does it, with a client of each kind that is made here."""

    def __init__(self, library: str, kind: Any, async_kind: Any) -> None:
        self.library, self.kind, self.async_kind = library, kind, async_kind
        self.client = stubborn(kind)
        self.of_thread = threading.local()  # each thread has its own event loop; the main thread's is made here
        self.of_thread.client = stubborn(async_kind)

    def made_before(self, failures: int) -> Outcome:
        return Case(failures).outcome(lambda case: get(self.client, case))

    def made_in_the_test(self, failures: int) -> Outcome:
        client = stubborn(self.kind, http_client=self.client._client)
        return Case(failures).outcome(lambda case: get(client, case))

    def with_options(self, failures: int) -> Outcome:
        case = Case(failures, status=429, headers={"Retry-After": "7"})
        return case.outcome(lambda case: get(self.client.with_options(max_retries=4), case))

    def made_before_async(self, failures: int) -> Outcome:
        if not hasattr(self.of_thread, "client"):
            self.of_thread.client = stubborn(self.async_kind)
        return Case(failures).outcome(lambda case: asyncio.run(get(self.of_thread.client, case)))

    def ways(self) -> list[Retried]:
        """Give all of them."""
        return [
            Retried(self.library, "client", self.made_before, 4),
            Retried(self.library, "made-in-the-test", self.made_in_the_test, 4),
            Retried(self.library, "options-and-retry-after", self.with_options, 5, (7.0, 7.0, 7.0, 7.0)),
            Retried(self.library, "async", self.made_before_async, 4),
        ]


def stubborn(kind: Any, **settings: Any) -> Any:
    return kind(api_key="none", base_url=url(), **{"max_retries": 3, **settings})


def get(client: Any, case: Case) -> Any:
    return client.get(f"/{case.name}", cast_to=dict[str, object])
