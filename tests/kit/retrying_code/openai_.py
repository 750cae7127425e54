"""Clients of openai, sync and async, at a server that is overloaded."""

from __future__ import annotations

import asyncio
import importlib
import threading
from typing import Any

from . import Outcome, Retried
from ._server import Case, url

openai: Any = importlib.import_module("openai")


def stubborn(kind: Any, **settings: Any) -> Any:
    return kind(api_key="none", base_url=url(), **{"max_retries": 3, **settings})


def get(client: Any, case: Case) -> Any:
    return client.get(f"/{case.name}", cast_to=dict[str, object])


CLIENT = stubborn(openai.OpenAI)


class Local(threading.local):
    """An async client for each thread, as each has its own event loop; the main thread's is made here."""

    def __init__(self) -> None:
        self.client = stubborn(openai.AsyncOpenAI)


LOCAL = Local()


def made_before(failures: int) -> Outcome:
    return Case(failures).outcome(lambda case: get(CLIENT, case))


def made_in_the_test(failures: int) -> Outcome:
    client = stubborn(openai.OpenAI, http_client=CLIENT._client)
    return Case(failures).outcome(lambda case: get(client, case))


def with_options(failures: int) -> Outcome:
    case = Case(failures, status=429, headers={"Retry-After": "7"})
    return case.outcome(lambda case: get(CLIENT.with_options(max_retries=4), case))


def made_before_async(failures: int) -> Outcome:
    return Case(failures).outcome(lambda case: asyncio.run(get(LOCAL.client, case)))


WAYS = [
    Retried("openai", "client", made_before, 4),
    Retried("openai", "made-in-the-test", made_in_the_test, 4),
    Retried("openai", "options-and-retry-after", with_options, 5, (7.0, 7.0, 7.0, 7.0)),
    Retried("openai", "async", made_before_async, 4),
]
