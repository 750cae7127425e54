"""Starts one command and writes what it cost: run by `measuring.py`, in a process of its own.

The system counts the memory of whoever starts a process as that process's own largest, up to then. So a small process
has to start what is measured: this one imports next to nothing.

    python -I -S launcher.py FILE OUTPUT COMMAND [ARGUMENT ...]
"""

import os
import signal
import sys
import time


def main() -> None:
    """Run the command, with its output in a file; write status, seconds of CPU and by the clock, and kilobytes."""
    told, output, *command = sys.argv[1:]
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
    actions += [(os.POSIX_SPAWN_OPEN, 1, output, flags, 0o600)]
    began = time.perf_counter()
    child = os.posix_spawnp(
        command[0], command, os.environ, file_actions=[*actions, (os.POSIX_SPAWN_DUP2, 1, 2)], setpgroup=0
    )

    def stop(*_: object) -> None:
        os.killpg(child, signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - began
    kilobytes = usage.ru_maxrss if sys.platform != "darwin" else usage.ru_maxrss / 1024
    figures = (os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, seconds, kilobytes)
    with open(told, "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib would be most of this process
        file.write(" ".join(map(str, figures)))


if __name__ == "__main__":
    main()
