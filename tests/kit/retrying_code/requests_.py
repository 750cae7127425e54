"""A session of requests with an adapter that retries, which is urllib3's doing."""

from __future__ import annotations

import importlib
from typing import Any

from . import Outcome, Retried
from ._server import Case

requests: Any = importlib.import_module("requests")
Retry: Any = importlib.import_module("urllib3.util.retry").Retry


def stubborn() -> Any:
    session = requests.Session()
    session.trust_env = False
    retries = Retry(total=4, backoff_factor=0.5, status_forcelist=[503])
    session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retries))
    return session


SESSION = stubborn()


def made_before(failures: int) -> Outcome:
    return Case(failures).outcome(lambda case: SESSION.get(case.url))


def made_in_the_test(failures: int) -> Outcome:
    with stubborn() as session:
        return Case(failures, hangs_up=True).outcome(lambda case: session.get(case.url))


WAYS = [
    Retried("requests", "session", made_before, 5, (0.0, 1.0, 2.0, 4.0)),
    Retried("requests", "made-in-the-test", made_in_the_test, 5, (0.0, 1.0, 2.0, 4.0)),
]
