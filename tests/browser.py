"""The real headless Chromium, driven over its own pipe: no driver, no port, and a profile of its own."""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pytest

_FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"),
    *("--no-first-run", "--disable-extensions", "--disable-background-networking", "--no-proxy-server"),
    "--remote-debugging-pipe",
)
_SHIM = """
import fcntl, os, sys
reads, writes = (fcntl.fcntl(int(handle), fcntl.F_DUPFD, 10) for handle in sys.argv[1:3])
os.dup2(reads, 3)
os.dup2(writes, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Chromium wants its pipes as these two."""

_SECONDS = 60.0
_KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "ArrowRight": 39}


@dataclass(slots=True, kw_only=True)
class Tab:
    """One page. `said`: what the browser complained of on its console, refused requests among it."""

    writes: BinaryIO
    reads: BinaryIO
    session: str = ""
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    _count: int = 0
    _rest: bytes = b""

    def command(self, method: str, **parameters: Any) -> Any:
        """One command of the DevTools protocol, and its result."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.writes.write(json.dumps(message).encode() + b"\0")
        self.writes.flush()
        while (answer := self._next()).get("id") != self._count:
            self._note(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def open(self, url: str, *, width: int = 1200, height: int = 900, phone: bool = False) -> None:
        """Loads a page in a window of this size."""
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone
        )
        self.command("Page.navigate", url=url)
        self.until(lambda: self.value("document.readyState") == "complete")

    def like(self, *, dark: bool = False, script: bool = True) -> None:
        """What the reader prefers, and whether scripts run."""
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.command("Emulation.setEmulatedMedia", features=features)
        self.command("Emulation.setScriptExecutionDisabled", value=not script)

    def value(self, expression: str) -> Any:
        """What it is worth on the page."""
        found = self.command("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def until(self, holds: Callable[[], bool]) -> None:
        """Waits until it holds."""
        end = time.monotonic() + _SECONDS
        while not holds():
            assert time.monotonic() < end
            time.sleep(0.02)

    def press(self, *keys: str) -> None:
        """Keys, one after the other; a text is typed."""
        for key in keys:
            code = _KEYS.get(key, 0)
            text = "\r" if key == "Enter" else key if len(key) == 1 else None
            told = {"key": key, "windowsVirtualKeyCode": code, **({"text": text} if text else {})}
            self.command("Input.dispatchKeyEvent", type="keyDown", **told)
            self.command("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def picture(self, path: Path) -> None:
        """The whole page as a PNG."""
        size = self.command("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 6000), "scale": 1}
        shot = self.command("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def window(self, path: Path) -> None:
        """What is in the window just now, in the format that the file's name ends with."""
        shot = self.command("Page.captureScreenshot", format=path.suffix.removeprefix("."), quality=80)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _next(self) -> Any:
        while b"\0" not in self._rest:
            more = os.read(self.reads.fileno(), 1 << 16)
            assert more, "the browser went away"
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def _note(self, event: Any) -> None:
        told = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                self.said.append(str(told["exceptionDetails"].get("text")))
            case "Log.entryAdded":
                self.said.append(told["entry"]["text"])
            case "Network.requestWillBeSent":
                self.asked.append(told["request"]["url"])


@contextmanager
def browser(profile: Path) -> Iterator[Tab]:
    """A browser with one empty page, ended at the end of the block; skips where none is installed."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no chromium on this machine")
    to_browser, from_browser = os.pipe(), os.pipe()
    handles = [str(to_browser[0]), str(from_browser[1])]
    process = subprocess.Popen(
        [sys.executable, "-c", _SHIM, *handles, program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
        pass_fds=(to_browser[0], from_browser[1]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser[0])
    os.close(from_browser[1])
    try:
        with open(to_browser[1], "wb") as writes, open(from_browser[0], "rb", buffering=0) as reads:
            tab = Tab(writes=writes, reads=reads)
            pages = tab.command("Target.getTargets")["targetInfos"]
            page = next(one["targetId"] for one in pages if one["type"] == "page")
            tab.session = tab.command("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                tab.command(f"{domain}.enable")
            yield tab
            tab.session = ""
            tab.command("Browser.close")
            process.wait(20)
    finally:
        process.kill()
        process.wait()
