"""Clients of redis-py, with a server that hangs up, and at a port that nobody listens at."""

from __future__ import annotations

import asyncio
import importlib
from typing import Any

from . import Outcome, Retried
from ._server import Case, redis_port, refused_port

redis: Any = importlib.import_module("redis")
redis_asyncio: Any = importlib.import_module("redis.asyncio")
Backoff: Any = importlib.import_module("redis.backoff").ExponentialBackoff


def how(module: str) -> dict[str, Any]:
    retry = importlib.import_module(module).Retry(Backoff(cap=10, base=1), 3)
    return {"host": "127.0.0.1", "retry": retry, "retry_on_error": [redis.ConnectionError, OSError]}


HOW = how("redis.retry")
HOW_ASYNC = how("redis.asyncio.retry")
CLIENT = redis.Redis(port=redis_port(), **HOW)


def refused(kind: Any, case: Case) -> Any:
    """Make connections that are refused as often as the case is to fail."""

    def connect(self: Any) -> Any:
        self.port = refused_port() if case.fails() else redis_port()
        return kind._connect(self)

    return type("Refused", (kind,), {"_connect": connect})


def command(failures: int) -> Outcome:
    try:
        return Case(failures).outcome(lambda case: CLIENT.execute_command("PING", case.name))
    finally:
        CLIENT.connection_pool.disconnect(inuse_connections=False)


def command_async(failures: int) -> Outcome:
    async def ping(case: Case) -> None:
        client = redis_asyncio.Redis(port=redis_port(), **HOW_ASYNC)
        try:
            await client.execute_command("PING", case.name)
        finally:
            await client.connection_pool.disconnect()

    return Case(failures).outcome(lambda case: asyncio.run(ping(case)))


def connecting(failures: int) -> Outcome:
    def connect(case: Case) -> None:
        connection = refused(redis.Connection, case)(**HOW)
        try:
            connection.connect()
        finally:
            connection.disconnect()

    return Case(failures).outcome(connect)


def connecting_async(failures: int) -> Outcome:
    async def connect(case: Case) -> None:
        connection = refused(redis_asyncio.Connection, case)(**HOW_ASYNC)
        try:
            await connection.connect()
        finally:
            await connection.disconnect()

    return Case(failures).outcome(lambda case: asyncio.run(connect(case)))


WAYS = [
    Retried("redis", "command", command, 4, (2.0, 4.0, 8.0)),
    Retried("redis", "command-async", command_async, 4, (2.0, 4.0, 8.0)),
    Retried("redis", "refused", connecting, 4, (2.0, 4.0, 8.0)),
    Retried("redis", "refused-async", connecting_async, 4, (2.0, 4.0, 8.0)),
]
