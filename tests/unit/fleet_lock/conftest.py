# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lock server's stand-in behind nginx with the role's template, on the loopback interface."""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import jinja2
import pytest

ROOT = Path(__file__).parents[3]
TEMPLATE = ROOT / "roles" / "fleet_lock" / "templates" / "nginx.conf.j2"
STAND_IN = ROOT / "molecule" / "shared" / "fleetlock"
PASSWORD = "correct horse"  # noqa: S105 - of this test only


class LockServer:
    """``ask`` goes through nginx, ``port`` is that of the server itself."""

    def __init__(self, folder: Path, port: int, tls_port: int) -> None:
        self.folder = folder
        self.port, self._tls_port = port, tls_port
        self.database = folder / "locks.db"
        self.log = folder / "access.log"
        settings = {
            "server": {"listen": f"127.0.0.1:{self.port}"},
            "storage": {"type": "sqlite", "sqlite": {"file": str(self.database)}},
            "groups": {"workers": {"slots": 1}, "pairs": {"slots": 2}},
        }
        (folder / "fleetlock.yaml").write_text(json.dumps(settings))
        self._processes = [
            subprocess.Popen(
                [sys.executable, STAND_IN, "--config", folder / "fleetlock.yaml"], stdout=subprocess.DEVNULL
            ),
            self._front(),
        ]
        for port in (self.port, self._tls_port):
            _wait_for(port)

    def _front(self) -> subprocess.Popen[bytes]:
        folder = self.folder
        key, certificate = folder / "server.key", folder / "server.pem"
        call(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
        )  # fmt: skip
        hashed = call("openssl", "passwd", "-6", "-salt", "salt", "-stdin", input=PASSWORD)
        (folder / "clients").write_text(f"edge1:{hashed}\n")
        server = jinja2.Template(TEMPLATE.read_text(), undefined=jinja2.StrictUndefined).render(
            ansible_managed="test",
            fleet_lock_listen=f"127.0.0.1:{self._tls_port}",
            fleet_lock_server_name="127.0.0.1",
            fleet_lock_state_dir=folder,
            fleet_lock_access_log=self.log,
            fleet_lock_port=self.port,
            __fleet_lock_server_certificate=certificate,
            __fleet_lock_server_key=key,
        )
        temporary = "".join(f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi"))
        temporary += "".join(f"{name}_temp_path {folder}/{name};\n" for name in ("uwsgi", "scgi"))
        main = f"user root; pid {folder}/nginx.pid; events {{ }}\nhttp {{\n{temporary}{server}\n}}\n"
        (folder / "nginx.conf").write_text(main)
        command = ["nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
        return subprocess.Popen([*command, "-g", "daemon off;"])

    def stop(self) -> None:
        for process in self._processes:
            process.terminate()
            process.wait(timeout=10)

    def ask(self, what: str, node: str, group: str = "workers", user: str = "edge1", password: str = PASSWORD) -> int:
        """As Zincati does: the status of the answer."""
        context = ssl.create_default_context(cafile=str(self.folder / "server.pem"))
        connection = http.client.HTTPSConnection("127.0.0.1", self._tls_port, context=context, timeout=10)
        headers = {"fleet-lock-protocol": "true"}
        if user:
            headers["authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        body = json.dumps({"client_params": {"group": group, "id": node}})
        connection.request("POST", f"/v1/{what}", body=body, headers=headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def logged(self, lines: int) -> str:
        """The access log: nginx writes a line after it has answered."""
        for _try in range(200):
            log = self.log.read_text()
            if log.count("\n") >= lines:
                return log
            time.sleep(0.05)
        raise AssertionError(f"the log has fewer than {lines} lines: {log}")

    def older(self, node: str, seconds: int) -> None:
        """As if the node had taken its lock so many seconds before."""
        with sqlite3.connect(self.database) as database:
            moved = f"strftime('%Y-%m-%d %H:%M:%S', 'now', '-{seconds} seconds') || '.000000000 +0000 UTC m=+1.5'"
            database.execute(f"UPDATE locks SET created={moved} WHERE id=?", (node,))  # noqa: S608 - our own number


def call(*argv: object, **more: t.Any) -> str:
    done = subprocess.run([str(arg) for arg in argv], capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _wait_for(port: int) -> None:
    for _try in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nobody listens on {port}")


@pytest.fixture
def locks(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[LockServer]:
    if os.geteuid() != 0:
        pytest.skip("the role reads the locks as root")
    for tool in ("nginx", "openssl", "sqlite3"):
        if shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin") is None:
            pytest.skip(f"there is no {tool} on this machine")
    server = LockServer(tmp_path, free_port(), free_port())
    yield server
    server.stop()
