"""`virtual_time` beside work that really goes on: threads, executors, sockets, child processes."""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from meta_regime.fixtures.clock import virtual_time
from meta_regime.fixtures.clock.sleeping import Real
from meta_regime.stopwatch import Clocks

anyio: Any = importlib.import_module("anyio")
HOUR = 3600
WORKS = 0.4  # real seconds; every time-out here is longer, and would be over at once if the work were not waited for
PROGRAM = [sys.executable, "-c", f"import time; time.sleep({WORKS}); print('done')"]


def work() -> str:
    Real.sleep(WORKS)
    return "done"


@contextmanager
def peer(seconds: float, answer: bytes | None = b"done\n") -> Iterator[int]:
    """Listen in a thread; answer each line after so many real seconds, or never. Gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    while connection.recv(100):
                        Real.sleep(seconds)
                        if answer is not None:
                            connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(60)


async def ask(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"?\n")
        return await asyncio.wait_for(reader.readline(), 4)
    finally:
        writer.close()


def test_to_thread() -> None:
    with virtual_time():
        assert asyncio.run(asyncio.wait_for(asyncio.to_thread(work), 4)) == "done"


async def thread_in_time() -> None:
    await asyncio.wait_for(asyncio.to_thread(work), 4)


async def child_in_time() -> None:
    child = await asyncio.create_subprocess_exec(*PROGRAM)
    try:
        await asyncio.wait_for(child.wait(), 4)
    finally:
        await child.wait()


async def peer_in_time() -> None:
    with peer(WORKS) as port:
        await ask(port)


@pytest.mark.filterwarnings("ignore:The executor did not finish")  # so does asyncio.run, on Python 3.12 or newer
@pytest.mark.parametrize("main", [thread_in_time, child_in_time, peer_in_time])
def test_without_such_care_the_time_out_is_over_at_once(
    main: Callable[[], Coroutine[Any, Any, None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("meta_regime.fixtures.clock.loops.VirtualLoops._real_wait", lambda *_: (0.0, []))
    with virtual_time(), pytest.raises(TimeoutError):
        asyncio.run(main())


def test_an_executor_with_idle_threads() -> None:
    async def main(pool: ThreadPoolExecutor) -> list[str]:
        loop = asyncio.get_running_loop()
        return [await asyncio.wait_for(loop.run_in_executor(pool, work), 4) for _ in range(2)]

    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        with virtual_time():
            assert asyncio.run(main(pool)) == ["done"] * 2


def test_threads_of_anyio() -> None:
    async def main() -> list[str]:
        done = []
        for _ in range(2):  # the second time there is an idle thread
            with anyio.fail_after(4):
                done.append(await importlib.import_module("anyio.to_thread").run_sync(work))
        return done

    with virtual_time():
        assert anyio.run(main) == ["done"] * 2


def test_a_plain_thread_that_calls_back() -> None:
    async def main() -> str:
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        threading.Thread(target=lambda: (work(), loop.call_soon_threadsafe(done.set))).start()
        await asyncio.wait_for(done.wait(), 4)
        return "done"

    with virtual_time():
        assert asyncio.run(main()) == "done"


@pytest.mark.parametrize("started", ["before", "within"])
def test_a_slow_peer(started: str) -> None:
    if started == "before":
        with peer(WORKS) as port, virtual_time():
            assert asyncio.run(ask(port)) == b"done\n"
    else:
        with virtual_time(), peer(WORKS) as port:
            assert asyncio.run(ask(port)) == b"done\n"


def test_a_peer_that_never_answers_is_waited_for_as_long_as_patience_lasts() -> None:
    async def main(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(b"?\n")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.readline(), HOUR)
        finally:
            writer.close()

    with peer(0, None) as port, virtual_time(patience=0.2):
        before, began = time.monotonic(), Clocks.wall()
        asyncio.run(main(port))
        assert time.monotonic() - before == pytest.approx(HOUR, abs=30)
        assert 0.2 <= Clocks.wall() - began < 60


def test_an_idle_connection_holds_nobody_up() -> None:
    async def main(port: int) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(20):
            await asyncio.sleep(HOUR)
        writer.close()

    with peer(0) as port, virtual_time(patience=30):
        began = Clocks.wall()
        asyncio.run(main(port))
        assert Clocks.wall() - began < 30


def test_client_and_server_in_one_loop_leave_frozen_time_alone() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            await asyncio.sleep(HOUR)
            writer.write(line)
        writer.close()

    async def main() -> float:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        before = loop.time()
        async with server:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(3):
                writer.write(b"ping\n")
                assert await asyncio.wait_for(reader.readline(), HOUR + 1) == b"ping\n"
            took = loop.time() - before
            writer.close()
            await writer.wait_closed()
            await asyncio.sleep(1)  # for the server to see it
        return took

    with virtual_time(patience=30):
        began = Clocks.wall()
        assert asyncio.run(main()) == pytest.approx(3 * HOUR, abs=30)
        assert Clocks.wall() - began < 60


def test_child_processes_of_asyncio() -> None:
    async def main() -> bytes:
        child = await asyncio.create_subprocess_exec(*PROGRAM, stdout=subprocess.PIPE)
        said, _ = await asyncio.wait_for(child.communicate(), 30)
        return said

    with virtual_time(patience=30):
        assert asyncio.run(main()).split() == [b"done"]


def test_a_child_process_that_is_polled() -> None:
    with virtual_time(patience=30):
        deadline = time.monotonic() + 30
        with subprocess.Popen(PROGRAM) as child:
            while child.poll() is None:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert child.returncode == 0
        began = Clocks.wall()
        time.sleep(HOUR)  # it is over
        assert Clocks.wall() - began < 60


def test_the_time_out_of_run_is_real() -> None:
    with virtual_time(), pytest.raises(subprocess.TimeoutExpired):
        subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.3, check=False)


def test_a_process_of_multiprocessing_that_is_polled() -> None:
    with virtual_time(patience=30):
        child = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(WORKS,))
        child.start()
        deadline = time.monotonic() + 30
        while child.is_alive():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        child.join()


@pytest.mark.parametrize("kind", ["thread", "pool"])
def test_a_thread_that_is_polled(kind: str) -> None:
    done: list[str] = []
    with ThreadPoolExecutor(1) as pool, virtual_time():
        pool.submit(int).result()
        if kind == "thread":
            threading.Thread(target=lambda: done.append(work())).start()
        else:
            pool.submit(lambda: done.append(work()))
        deadline = time.monotonic() + 4
        while not done:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_idle_threads_hold_nobody_up() -> None:
    tasks: queue.Queue[Callable[[], None] | None] = queue.Queue()

    def consume() -> None:
        while (task := tasks.get()) is not None:
            task()

    with virtual_time(patience=30), ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        thread = threading.Thread(target=consume)
        thread.start()
        began = Clocks.wall()
        for _ in range(20):
            time.sleep(HOUR)
        asyncio.run(asyncio.sleep(HOUR))
        assert Clocks.wall() - began < 30
        tasks.put(None)
        thread.join(60)


def test_a_thread_that_never_ends_is_waited_for_as_long_as_patience_lasts() -> None:
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(0.01):
            pass

    with virtual_time(patience=0.2):
        threading.Thread(target=beat).start()
        before, began = time.monotonic(), Clocks.wall()
        for _ in range(10):
            time.sleep(HOUR)
        asyncio.run(asyncio.sleep(HOUR))
        assert time.monotonic() - before == pytest.approx(11 * HOUR, abs=60)
        assert 0.2 <= Clocks.wall() - began < 60
        stop.set()


def test_a_loop_in_another_thread_has_real_time() -> None:
    took: list[float] = []

    def run() -> None:
        began = Clocks.wall()
        asyncio.run(asyncio.sleep(0.2))
        took.append(Clocks.wall() - began)

    with virtual_time() as clock:
        thread = threading.Thread(target=run)
        thread.start()
        time.sleep(HOUR)
        thread.join(60)
        assert took[0] >= 0.19
        assert len(clock.sleeps) == 1


def test_threads_and_processes_from_before_are_no_work_of_the_test() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=lambda: [None for _ in iter(lambda: stop.wait(0.01), True)])
    thread.start()
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as child:
        with virtual_time(patience=30):
            began = Clocks.wall()
            time.sleep(HOUR)
            asyncio.run(asyncio.sleep(HOUR))
            assert Clocks.wall() - began < 30
        child.communicate()
    stop.set()
    thread.join(60)
