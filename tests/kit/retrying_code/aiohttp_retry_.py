from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp_retry import ExponentialRetry, ListRetry, RandomRetry, RetryClient

from tests.kit.retrying_code import Failing, Retried

BACKOFF = (4.0, 8.0, 16.0)
four = ExponentialRetry(attempts=4, start_timeout=2.0)
of_statuses = ExponentialRetry(attempts=4, start_timeout=2.0, statuses={429})
of_errors = ExponentialRetry(attempts=4, start_timeout=2.0, exceptions={aiohttp.ClientError})
listed = ListRetry(timeouts=[2.0, 3.0, 5.0, 7.0])
at_random = RandomRetry(attempts=3, min_timeout=2.0, max_timeout=5.0)


class Own(ExponentialRetry):
    def get_timeout(self, attempt: int, response: Any = None) -> float:
        return 6.0


own = Own(attempts=4)


async def ask(
    call: Failing, options: Any, status: int | None, *, per_request: bool = False, method: str = "get"
) -> Any:
    """Ask a server that fails with a status, or by closing the connection."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return web.Response(text=call())
        except ConnectionError:
            if status is None:
                assert request.transport is not None
                request.transport.close()
            return web.Response(status=status or 500)

    server = web.Server(answer)
    runner = web.ServerRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    session = aiohttp.ClientSession()
    how = {"retry_options": options}
    client = RetryClient(client_session=session, **({} if per_request else how))
    try:
        async with getattr(client, method)(f"http://127.0.0.1:{port}/", **(how if per_request else {})) as response:
            return await response.text() if response.status == 200 else None
    finally:
        await client.close()
        await runner.cleanup()


def way(
    name: str,
    options: Any,
    attempts: int = 4,
    waits: tuple[float, ...] | None = BACKOFF,
    status: int | None = 503,
    **how: Any,
) -> Retried:
    run: Callable[[Failing], Any] = lambda call: asyncio.run(ask(call, options, status, **how))  # noqa: E731
    return Retried("aiohttp-retry", name, lambda failures: Failing(failures).outcome(run), attempts, waits)


WAYS = [
    way("client", four),
    way("request", four, per_request=True),
    way("post", four, method="post"),
    way("statuses", of_statuses, status=429),
    way("list", listed, 4, (3, 5, 7)),
    way("random", at_random, 3, None),
    way("subclass", own, 4, (6, 6, 6)),
    way("other-status", four, 1, (), status=404),
    way("exceptions", of_errors, status=None, method="post"),
]
