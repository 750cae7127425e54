"""Waits that are not between two attempts: waiters, polling, redirects."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from meta_regime.fixtures import fast_retries, mocked_retries

MODES: dict[str, Callable[[], AbstractContextManager[Any]]] = {"fast": fast_retries, "mocked": mocked_retries}
each_mode = pytest.mark.parametrize("block", list(MODES.values()), ids=list(MODES))


class Answers(BaseHTTPRequestHandler):
    """A server that has what is asked for from the `appears`th time on; `/redirected/N` leads there in N steps."""

    paths: list[str]
    appears: int

    def do_GET(self) -> None:
        """Note the path, and answer."""
        self.paths.append(self.path)
        kind, _, steps = self.path.strip("/").rpartition("/")
        if kind == "redirected":
            self.send_response(302)
            self.send_header("Location", f"/redirected/{int(steps) - 1}" if int(steps) > 1 else "/there")
            self.send_header("Retry-After", "9")
        else:
            there = len([path for path in self.paths if "redirected" not in path]) >= self.appears
            self.send_response(200 if there else 404 if self.command == "HEAD" else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Any]:
    class Own(Answers):
        appears = 1

    Own.paths = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Own) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        Own.url = f"http://127.0.0.1:{listening.server_port}"  # type: ignore[attr-defined]
        yield Own
        listening.shutdown()
        thread.join()


class TestWaitersOfBotocore:
    @pytest.fixture
    def waiter(self, server: Any) -> Any:
        session = pytest.importorskip("botocore.session").get_session()
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
        client = session.create_client("s3", region_name="eu-central-1", endpoint_url=server.url, **keys)
        return client.get_waiter("bucket_exists")

    @each_mode
    def test_what_appears_is_waited_for(self, waiter: Any, server: Any, block: Any) -> None:
        server.appears = 5
        with block() as heard:
            waiter.wait(Bucket="orders")
        assert len(server.paths) == 5
        assert heard.waits == [5.0] * 4

    def test_what_does_not_appear_ends_as_it_says(self, waiter: Any, server: Any) -> None:
        server.appears = 1_000
        with pytest.raises(Exception, match="Max attempts exceeded"), mocked_retries():
            waiter.wait(Bucket="orders")
        assert len(server.paths) == 20


class TestPollingOfGoogleApiCore:
    @pytest.fixture
    def operation(self) -> Any:
        polling = pytest.importorskip("google.api_core.future.polling")

        class Operation(polling.PollingFuture):  # type: ignore[misc, name-defined]
            asked, takes = 0, 6

            def cancel(self) -> None: ...
            def cancelled(self) -> bool:
                return False

            def running(self) -> bool:
                return True

            def done(self, retry: Any = None) -> bool:
                self.asked += 1
                self._result_set, self._result = self.asked >= self.takes, "done"
                return self._result_set

        return Operation()

    def test_an_operation_that_ends(self, operation: Any) -> None:
        with mocked_retries() as heard:
            assert operation.result(timeout=100) == "done"
        assert operation.asked == len(heard.waits) + 1 == 6

    def test_one_that_does_not_end_in_time(self, operation: Any) -> None:
        operation.takes = 1_000_000
        with pytest.raises(Exception, match=r"(?i)timeout|did not complete"), mocked_retries() as heard:
            operation.result(timeout=100)
        assert 50 < sum(heard.waits) <= 100


class TestClientsOfOpenai:
    @pytest.fixture
    def openai(self) -> Any:
        return pytest.importorskip("tests.kit.retrying_code.openai_")

    def test_its_polling_sleeps_are_noted(self, openai: Any) -> None:
        with fast_retries() as heard:
            openai.CLIENTS.client.files._sleep(5)
            asyncio.run(openai.openai.AsyncOpenAI(api_key="none").files._sleep(6))
        assert heard.waits == [5, 6]

    def test_a_client_made_meanwhile_has_its_own_number_of_retries(self, openai: Any) -> None:
        with fast_retries():
            made = openai.CLIENTS.client.with_options(timeout=3)
        assert made.max_retries == openai.CLIENTS.client.max_retries > 0


class TestRedirectsOfUrllib3:
    def test_they_are_no_retries(self, server: Any) -> None:
        urllib3 = pytest.importorskip("urllib3")
        with urllib3.PoolManager() as pools, fast_retries() as heard:
            assert pools.request("GET", f"{server.url}/redirected/2").status == 200
        assert server.paths == ["/redirected/2", "/redirected/1", "/there"]
        assert set(heard.waits) <= {9}

    def test_but_too_many_are_too_many(self, server: Any) -> None:
        urllib3 = pytest.importorskip("urllib3")
        too_many = pytest.raises(urllib3.exceptions.MaxRetryError, match="too many redirects")
        with urllib3.PoolManager() as pools, fast_retries(), too_many:
            pools.request("GET", f"{server.url}/redirected/9")
        assert len(server.paths) == 4

    def test_what_fails_behind_them_is_tried_as_often_as_allowed(self, server: Any) -> None:
        urllib3 = pytest.importorskip("urllib3")
        server.appears = 1_000
        retry = urllib3.Retry(5, status_forcelist=[503], backoff_factor=9)
        failing = pytest.raises(urllib3.exceptions.MaxRetryError)
        with urllib3.PoolManager(retries=retry) as pools, fast_retries(attempts=2), failing:
            pools.request("GET", f"{server.url}/redirected/1")
        assert server.paths == ["/redirected/1", "/there", "/there"]
