"""Runs a command and takes it down, with its whole process group, as soon as standard input closes.

Whoever started this holds the other end of standard input. It closes on purpose (time-out, Ctrl-C) or because that
process died, however it died, so nothing is left behind. Run as a script; exits with the command's status (128 + N when
signal N ended it).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

GRACE_SECONDS = 3.0


def main(command: list[str]) -> int:
    """Run the command in this process group until it ends or the lifeline is cut."""
    for number in (signal.SIGINT, signal.SIGTERM):  # only the command is to hear them; ignoring would be inherited
        signal.signal(number, lambda *_: None)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_wait_for_the_end_of_input, args=(child,), daemon=True).start()
    status = child.wait()
    if os.name == "posix":
        os.killpg(0, signal.SIGTERM)  # stragglers; this process does not mind
    return 128 - status if status < 0 else status


def _wait_for_the_end_of_input(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1024):
        pass
    if os.name != "posix":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(child.pid)], capture_output=True, check=False)  # noqa: S607 - part of Windows
        return
    child.send_signal(signal.SIGINT)  # pytest then tears its fixtures down
    deadline = time.monotonic() + GRACE_SECONDS
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(0, signal.SIGKILL)  # this process too


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
