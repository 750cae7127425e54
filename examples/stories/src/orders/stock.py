"""Asks the warehouse: retried three times, 1 and 2 seconds apart, behind a breaker that opens after five failures."""

from __future__ import annotations

from collections.abc import Callable

import pybreaker
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential

Warehouse = Callable[[str], int]

breaker = pybreaker.CircuitBreaker(fail_max=5, reset_timeout=30)


@breaker
@retry(
    retry=retry_if_exception_type(ConnectionError),
    stop=stop_after_attempt(3),
    wait=wait_exponential(multiplier=1, max=10),
    reraise=True,
)
def in_stock(article: str, warehouse: Warehouse) -> int:
    return warehouse(article)
