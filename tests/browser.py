"""A headless Chromium that pages are looked at with: over its debugging pipe, without a driver or a port."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars --remote-debugging-pipe"""
_SECONDS = 60
# It reads from descriptor 3 and writes to 4. Here the pipes have other numbers.
_WIRED = """
import fcntl, os, sys
for number, old in zip((3, 4), [fcntl.fcntl(int(each), fcntl.F_DUPFD, 10) for each in sys.argv[1:3]]):
    os.dup2(old, number)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Chromium:
    """One page. `requests` are the addresses that it asked for, `complaints` the errors and warnings of it."""

    def __init__(self, to_it: int, from_it: int) -> None:
        self._to_it, self._from_it, self._read = to_it, from_it, b""
        self._asked, self._session = 0, ""
        self.requests: list[str] = []
        self.complaints: list[str] = []
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._ask(f"{domain}.enable")

    def _ask(self, method: str, **params: Any) -> Any:
        self._asked += 1
        message = {"id": self._asked, "method": method, "params": params}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._to_it, json.dumps(message).encode() + b"\0")
        while True:
            said = self._next()
            if said.get("id") == self._asked:
                if "error" in said:
                    raise RuntimeError(f"{method}: {said['error']}")
                return said["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._from_it], [], [], _SECONDS)
            if not ready:
                raise TimeoutError(f"Chromium has said nothing for {_SECONDS} s")
            piece = os.read(self._from_it, 1 << 20)
            if not piece:
                raise RuntimeError("Chromium has ended")
            self._read += piece
        text, _, self._read = self._read.partition(b"\0")
        said: dict[str, Any] = json.loads(text)
        facts = said.get("params", {})
        if said.get("method") == "Network.requestWillBeSent":
            self.requests.append(facts["request"]["url"])
        elif said.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(facts["exceptionDetails"]))
        elif said.get("method") == "Runtime.consoleAPICalled" and facts["type"] in ("error", "warning", "assert"):
            self.complaints.append(json.dumps(facts["args"]))
        elif said.get("method") == "Log.entryAdded" and facts["entry"]["level"] in ("error", "warning"):
            self.complaints.append(facts["entry"]["text"])
        return said

    def look_at(self, page: Path, *, width: int = 1200, height: int = 900, dark: bool = False) -> None:
        """Open a file, in a window of so many pixels, and wait until it is there."""
        self.requests.clear()
        self.complaints.clear()
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.prefer(dark=dark)
        self._ask("Page.navigate", url=page.resolve().as_uri())
        self.wait_for("document.readyState === 'complete' && location.protocol === 'file:'")

    def prefer(self, *, dark: bool) -> None:
        """Be a browser whose user prefers dark, or light."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._ask("Emulation.setEmulatedMedia", features=[scheme])

    def run(self, script: str) -> Any:
        """Give the value of an expression of JavaScript."""
        done = self._ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in done:
            raise RuntimeError(json.dumps(done["exceptionDetails"]))
        return done["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + _SECONDS
        while not self.run(condition):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{condition} has not come true in {_SECONDS} s; {self.complaints}")
            time.sleep(0.02)

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press and release a key, given by its name and number, as ("Tab", 9); `text` is what it writes."""
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if text and kind == "keyDown" else {}
            self._ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **typed)

    def click(self, x: float, y: float) -> None:
        """Click on a point of the window."""
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self._ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def spoken(self) -> list[tuple[str, str]]:
        """Give what a screen reader has to say: role and name of everything that has both."""
        nodes = [node for node in self._ask("Accessibility.getFullAXTree")["nodes"] if not node.get("ignored")]
        said = [(node.get("role", {}).get("value", ""), node.get("name", {}).get("value", "")) for node in nodes]
        return [(role, name) for role, name in said if role and name]

    def picture(self, *, whole: bool = False) -> bytes:
        """Give a PNG of the window, or of the whole page."""
        shot = self._ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **self._clip(whole=whole))
        return base64.b64decode(shot["data"])

    def _clip(self, *, whole: bool) -> dict[str, Any]:
        if not whole:
            return {}
        size = self._ask("Page.getLayoutMetrics")["cssContentSize"]
        return {"clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}

    def printed(self) -> bytes:
        """Give the page as it is printed, a PDF."""
        return base64.b64decode(
            self._ask("Page.printToPDF", printBackground=False, paperWidth=8.27, paperHeight=11.69)["data"]
        )


@contextlib.contextmanager
def chromium() -> Iterator[Chromium]:
    """Start a Chromium with nothing in its profile, and end it. Where there is none, see `PROGRAM`."""
    assert PROGRAM is not None
    its_end, to_it = os.pipe()
    from_it, other_end = os.pipe()
    with tempfile.TemporaryDirectory(prefix="meta-tests-chromium-", ignore_cleanup_errors=True) as profile:
        wired = [sys.executable, "-c", _WIRED, str(its_end), str(other_end)]
        command = [*wired, PROGRAM, *_FLAGS.split(), f"--user-data-dir={profile}"]
        process = subprocess.Popen(
            command, pass_fds=(its_end, other_end), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(its_end)
        os.close(other_end)
        try:
            yield Chromium(to_it, from_it)
        finally:
            os.close(to_it)  # at which it ends
            os.close(from_it)
            try:
                process.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
