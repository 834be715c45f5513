# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real Chromium without a window, driven over its debugging pipe: no driver to install."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import time
import typing as t
from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")

# Chromium reads from descriptor 3 and writes to descriptor 4.
_START = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)


def program() -> str | None:
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Page:
    """One page, and what went wrong on it so far."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = read, write
        self._ids = itertools.count(1)
        self._rest = b""
        self._events: list[dict[str, t.Any]] = []
        self._session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: t.Any) -> dict[str, t.Any]:
        number = next(self._ids)
        message: dict[str, t.Any] = {"id": number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return t.cast("dict[str, t.Any]", answer["result"])

    def open(self, path: Path, width: int, height: int, *, dark: bool = False) -> None:
        mobile = width < 600
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self._events.clear()
        self.call("Page.navigate", url=path.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._message()

    def evaluate(self, expression: str) -> t.Any:
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def complaints(self) -> list[t.Any]:
        """What the console shows, and uncaught errors."""
        self.evaluate("0")  # whatever was under way has arrived before its answer
        wanted = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
        return [event["params"] for event in self._events if event["method"] in wanted]

    def requests(self) -> list[str]:
        sent = (event["params"] for event in self._events if event["method"] == "Network.requestWillBeSent")
        return [each["request"]["url"] for each in sent]

    def _message(self) -> dict[str, t.Any]:
        until = time.monotonic() + 60
        while b"\0" not in self._rest:
            assert select.select([self._read], [], [], max(0, until - time.monotonic()))[0], "Chromium does not answer"
            got = os.read(self._read, 1 << 20)
            assert got, "Chromium has ended"
            self._rest += got
        message, self._rest = self._rest.split(b"\0", 1)
        decoded = t.cast("dict[str, t.Any]", json.loads(message))
        if "method" in decoded:
            self._events.append(decoded)
        return decoded


@contextlib.contextmanager
def page(folder: Path) -> t.Iterator[Page]:
    """:arg folder: for its profile and its log."""
    executable = program()
    assert executable is not None
    theirs_read, ours_write = os.pipe()
    ours_read, theirs_write = os.pipe()
    command = [
        *(sys.executable, "-c", _START, str(theirs_read), str(theirs_write)),
        *(executable, "--headless", "--remote-debugging-pipe", f"--user-data-dir={folder / 'profile'}"),
        *("--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"),
        # Chromium's own sandbox does not work for root.
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ]
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(command, pass_fds=(theirs_read, theirs_write), stdout=log, stderr=log)
        os.close(theirs_read)
        os.close(theirs_write)
        try:
            opened = Page(ours_read, ours_write)
            yield opened
        finally:
            os.close(ours_write)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            os.close(ours_read)
