"""Clients of botocore in its three modes of retrying."""

from __future__ import annotations

import functools
import importlib
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from unittest import mock

from . import Outcome, Retried
from ._server import Case, url

session: Any = importlib.import_module("botocore.session")
quota: Any = importlib.import_module("botocore.retries.quota")
Config: Any = importlib.import_module("botocore.config").Config

SLOW_DOWN = b"<ErrorResponse><Error><Code>Throttling</Code><Message>slow down</Message></Error></ErrorResponse>"
THROTTLED = {"status": 400, "failure": SLOW_DOWN}
IDENTITY = b"<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>"
SESSION = session.Session()
ONE_AT_A_TIME = threading.Lock()
LASTING = functools.partial(quota.RetryQuota, 1_000_000)
CASE: ContextVar[str] = ContextVar("CASE")


def client(mode: str) -> Any:
    """Make one that would not stop retrying after a hundred failures, as clients do."""
    with ONE_AT_A_TIME, mock.patch.object(quota, "RetryQuota", LASTING):
        made = SESSION.create_client(
            "sts",
            region_name="eu-central-1",
            endpoint_url=url(),
            aws_access_key_id="none",
            aws_secret_access_key="none",
            config=Config(retries={"mode": mode, "total_max_attempts": 4}),
        )
    made.meta.events.register("before-call", lambda params, **_: params["headers"].update({"X-Case": CASE.get()}))
    return made


def calling(client: Any, **failing: Any) -> Callable[[int], Outcome]:
    def call(case: Case) -> None:
        CASE.set(case.name)
        client.get_caller_identity()

    return lambda failures: Case(failures, answer=IDENTITY, **failing).outcome(call)


def made_in_the_test(failures: int) -> Outcome:
    return calling(client("standard"), **THROTTLED)(failures)


STANDARD = client("standard")

WAYS = [
    Retried("botocore", "legacy", calling(client("legacy")), 4),
    Retried("botocore", "standard", calling(STANDARD, **THROTTLED), 4),
    Retried("botocore", "hanging-up", calling(STANDARD, hangs_up=True), 4),
    Retried("botocore", "adaptive", calling(client("adaptive"), **THROTTLED), 4),
    Retried("botocore", "made-in-the-test", made_in_the_test, 4),
]
