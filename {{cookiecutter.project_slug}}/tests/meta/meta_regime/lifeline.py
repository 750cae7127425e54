"""Runs a command and takes it down, with its whole process group, as soon as standard input closes.

Whoever started this holds the other end of standard input. It says something and closes (time-out, Ctrl-C), or closes
because that process died, however it died; then its scratch folder goes, too. So nothing is left behind. Run as a
script, with the folder and the command; exits with the command's status (128 + N when signal N ended it).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading

GRACE_SECONDS = 3.0


def main(scratch: str, *command: str) -> int:
    """Run the command in this process group until it ends or the lifeline is cut."""
    for number in (signal.SIGINT, signal.SIGTERM):  # only the command is to hear them; ignoring would be inherited
        signal.signal(number, lambda *_: None)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    orphaned = threading.Event()
    threading.Thread(target=_wait_for_the_end_of_input, args=(child, orphaned), daemon=True).start()
    status = child.wait()
    if orphaned.is_set():
        shutil.rmtree(scratch, ignore_errors=True)
    if os.name == "posix":  # stragglers; SIGTERM is ignored here, SIGKILL ends this process, too
        os.killpg(0, signal.SIGKILL if orphaned.is_set() else signal.SIGTERM)
    return 128 - status if status < 0 else status


def _wait_for_the_end_of_input(child: subprocess.Popen[bytes], orphaned: threading.Event) -> None:
    if not os.read(0, 1024):
        orphaned.set()
    if os.name != "posix":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(child.pid)], capture_output=True, check=False)  # noqa: S607 - part of Windows
        return
    child.send_signal(signal.SIGINT)  # pytest then tears its fixtures down
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(GRACE_SECONDS)
    child.kill()  # if it has not ended


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
