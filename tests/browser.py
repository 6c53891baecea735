"""Debian's Chromium without a window, driven over a pipe in the DevTools protocol."""

from __future__ import annotations

import fcntl
import json
import os
import selectors
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 60.0
"""Seconds for one answer of the browser; on busy machines it takes its time."""

QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
]

# It speaks through descriptors 3 and 4.
START = """import os, sys
os.dup2(int(sys.argv[1]), 3), os.dup2(int(sys.argv[2]), 4), os.execv(sys.argv[3], sys.argv[3:])"""

KEYS = {
    "Enter": 13, "Escape": 27, "Tab": 9, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40,
}  # fmt: skip


def program() -> str | None:
    """Where the browser is; None if there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class BrowserError(Exception):
    """What the browser has against a command or a script."""


class Page:
    """One tab. `complaints` are errors of scripts and what the content security policy has stopped."""

    def __init__(self, pipe: Pipe, session: str) -> None:
        self._pipe = pipe
        self._session = session
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    @property
    def complaints(self) -> list[str]:
        return self._pipe.complaints

    def call(self, method: str, **given: Any) -> dict[str, Any]:
        return self._pipe.call(method, given, self._session)

    def screen(self, width: int, height: int, dark: bool = False) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, address: str) -> None:
        self.call("Page.navigate", url=address)
        self.until(f"location.href.startsWith({json.dumps(address)}) && document.readyState === 'complete'")

    def value(self, expression: str) -> Any:
        answer = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if "exceptionDetails" in answer:
            raise BrowserError(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def until(self, condition: str, patience: float = PATIENCE) -> None:
        """Wait for it in the page; a page that is left meanwhile is asked again."""
        wait = f"""new Promise((yes) => {{
            const look = () => ({condition}) ? yes(true) : setTimeout(look, 20);
            look();
            setTimeout(() => yes(false), 5000);
        }})"""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            try:
                if self.value(wait):
                    return
            except BrowserError as error:
                if (
                    "TypeError" not in str(error)
                    and "context" not in str(error).lower()
                    and "navigated" not in str(error)
                ):
                    raise
        raise BrowserError(f"never came true: {condition}; {self.value('document.body.innerText')}")

    def press(self, *keys: str) -> None:
        for key in keys:
            code = KEYS.get(key, ord(key[0].upper()))
            text = "\r" if key == "Enter" else key if len(key) == 1 else ""
            stroke = {"key": key, "windowsVirtualKeyCode": code, "text": text}
            self.call("Input.dispatchKeyEvent", type="keyDown", **stroke)
            self.call("Input.dispatchKeyEvent", type="keyUp", **stroke)

    def write(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def middle(self, selector: str) -> tuple[float, float]:
        x, y = self.value(
            f"(() => {{ const b = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            " return [b.x + b.width / 2, b.y + b.height / 2] })()"
        )
        return x, y

    def click(self, selector: str) -> None:
        self.drag(self.middle(selector))

    def drag(self, *way: tuple[float, float]) -> None:
        """Press the button at the first point of the way, let go at the last."""
        steps = [
            ("mousePressed", way[0]),
            *(("mouseMoved", at) for at in way[1:]),
            ("mouseReleased", way[-1]),
        ]
        for kind, (x, y) in steps:
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)


class Pipe:
    """Commands one way, answers the other, each ended by a zero byte."""

    def __init__(self, down: int, up: int) -> None:
        self._down, self._up = down, up
        self._number = 0
        self._rest = b""
        self.complaints: list[str] = []

    def call(self, method: str, given: dict[str, Any], session: str | None = None) -> dict[str, Any]:
        self._number += 1
        command = {"id": self._number, "method": method, "params": given}
        os.write(
            self._down, json.dumps(command | ({"sessionId": session} if session else {})).encode() + b"\0"
        )
        while (said := self._next()).get("id") != self._number:
            self._hear(said)
        if "error" in said:
            raise BrowserError(f"{method}: {said['error']['message']}")
        result: dict[str, Any] = said["result"]
        return result

    def _hear(self, said: dict[str, Any]) -> None:
        if said.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(said["params"]["exceptionDetails"]))
        if said.get("method") == "Log.entryAdded" and said["params"]["entry"]["level"] == "error":
            self.complaints.append(said["params"]["entry"]["text"])

    def _next(self) -> dict[str, Any]:
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._up, selectors.EVENT_READ)
            while b"\0" not in self._rest:
                if not waiting.select(PATIENCE):
                    raise BrowserError("the browser does not answer")
                part = os.read(self._up, 1 << 20)
                if not part:
                    raise BrowserError("the browser has ended")
                self._rest += part
        one, _, self._rest = self._rest.partition(b"\0")
        said: dict[str, Any] = json.loads(one)
        return said


@contextmanager
def browser(folder: Path) -> Iterator[Pipe]:
    """A browser that knows nothing yet and keeps what it learns in `folder`."""
    ours, theirs = os.pipe(), os.pipe()
    down, up = (fcntl.fcntl(number, fcntl.F_DUPFD, 10) for number in (ours[0], theirs[1]))
    name = program()
    assert name, "no Chromium here; `apt-get install chromium`"
    start = [sys.executable, "-c", START, str(down), str(up), name, *QUIET, f"--user-data-dir={folder}"]
    process = subprocess.Popen(start, pass_fds=(down, up), stderr=subprocess.DEVNULL)
    for number in (down, up, ours[0], theirs[1]):
        os.close(number)
    try:
        pipe = Pipe(ours[1], theirs[0])
        yield pipe
        pipe.call("Browser.close", {})
    finally:
        os.close(ours[1])
        os.close(theirs[0])
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def tab(pipe: Pipe) -> Iterator[Page]:
    """A new tab."""
    target = pipe.call("Target.createTarget", {"url": "about:blank"})["targetId"]
    session = pipe.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
    pipe.complaints.clear()
    try:
        yield Page(pipe, session)
    finally:  # or it goes on asking while others are tested
        pipe.call("Target.closeTarget", {"targetId": target})
