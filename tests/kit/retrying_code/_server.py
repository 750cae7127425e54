"""A server on this machine that fails as often as a case tells it to, and counts: cases may run side by side."""

from __future__ import annotations

import functools
import itertools
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from . import Outcome

HELLO = b"%1\r\n$5\r\nproto\r\n:3\r\n"  # the only answer that newer clients of Redis read

_numbers = itertools.count(1)
_cases: dict[str, Case] = {}


@dataclass
class Case:
    """What the first `failures` of its requests get, what the others get, and how many there were."""

    failures: int
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    failure: bytes = b""
    answer: bytes = b"{}"
    hangs_up: bool = False
    asked: int = 0
    name: str = field(default_factory=lambda: str(next(_numbers)))

    @property
    def url(self) -> str:
        """Give the address at which the server knows the case."""
        return f"{url()}/{self.name}"

    def fails(self) -> bool:
        """Count a request, and tell whether it is to fail."""
        self.asked += 1
        return self.asked <= self.failures

    def outcome(self, call: Callable[[Case], Any]) -> Outcome:
        """Call, and give what came of it."""
        _cases[self.name] = self
        try:
            call(self)
        except Exception as error:
            return Outcome(self.asked, error)
        finally:
            del _cases[self.name]
        return Outcome(self.asked, None)


class Http(BaseHTTPRequestHandler):
    """Knows the case by the first part of the path, or by a header. Closes the connection after each answer."""

    disable_nagle_algorithm = True  # it would cost 40 ms now and then

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        case = _cases[self.headers.get("X-Case") or self.path.split("/")[1]]
        failing = case.fails()
        if failing and case.hangs_up:
            return
        body = case.failure if failing else case.answer
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        self.send_response(case.status if failing else 200)
        for name, value in {**headers, **(case.headers if failing else {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        pass


class Redis(socketserver.StreamRequestHandler):
    """Knows the case by what comes with PING. A failure is to hang up."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        while line := self.rfile.readline():
            words = [self.rfile.read(int(self.rfile.readline()[1:]) + 2)[:-2] for _ in range(int(line[1:]))]
            if words[0].upper() == b"HELLO":
                self.wfile.write(HELLO)
            elif words[0].upper() == b"PING" and _cases[words[1].decode()].fails():
                return
            else:
                self.wfile.write(b"+OK\r\n")


class RedisServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 20


@functools.cache
def url() -> str:
    """Start the server the first time that somebody asks where it is."""
    return f"http://127.0.0.1:{_started(ThreadingHTTPServer(('127.0.0.1', 0), Http))}"


@functools.cache
def redis_port() -> int:
    """Start one that talks as a Redis does."""
    return _started(RedisServer(("127.0.0.1", 0), Redis))


def _started(server: socketserver.TCPServer) -> int:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.socket.getsockname()[1])


@contextmanager
def refusing() -> Iterator[tuple[int, Callable[[], None]]]:
    """Give a port at which connections are refused, and what opens it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Http, bind_and_activate=False)
    server.server_bind()
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.001}, daemon=True)

    def opens() -> None:
        server.server_activate()
        serving.start()

    try:
        yield server.server_port, opens
    finally:
        if serving.is_alive():
            server.shutdown()
            serving.join()
        server.server_close()


def refused_port() -> int:
    """Give a port that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
