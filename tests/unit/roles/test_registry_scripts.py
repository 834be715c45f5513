# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripts of the role registry: the certificate with real openssl, the promotion with real curl."""

from __future__ import annotations

import base64
import getpass
import hashlib
import http.server
import json
import shutil
import subprocess
import threading
import typing as t
from pathlib import Path

import pytest

FILES = Path(__file__).parents[3] / "roles" / "registry" / "files"

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl here")
needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="no curl here")


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([FILES / script, *map(str, arguments)], capture_output=True, text=True, check=False)


def said(script: str, *arguments: object) -> dict[str, t.Any]:
    done = run(script, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return t.cast("dict[str, t.Any]", json.loads(done.stdout))


def openssl(*arguments: object) -> str:
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=True).stdout


def certificate(folder: Path, mode: str = "make", name: str = "registry.example.com") -> dict[str, t.Any]:
    return said("certificate", mode, folder, getpass.getuser(), name)


@needs_openssl
@pytest.mark.parametrize(
    ("name", "alternative"),
    [
        ("registry.example.com", "DNS:registry.example.com"),
        ("198.51.100.1", "IP Address:198.51.100.1"),
        ("2001:db8::1", "IP Address:2001:DB8:0:0:0:0:0:1"),
        ("a" * 60 + ".example.com", "DNS:" + "a" * 60 + ".example.com"),
    ],
)
def test_the_certificate_is_for_the_name(tmp_path: Path, name: str, alternative: str) -> None:
    made = certificate(tmp_path, name=name)
    assert made["changed"] is True
    assert alternative in openssl("x509", "-in", tmp_path / "server.pem", "-noout", "-text")
    openssl("verify", "-CAfile", tmp_path / "ca.pem", "-purpose", "sslserver", tmp_path / "server.pem")
    assert base64.b64decode(made["ca"]) == (tmp_path / "ca.pem").read_bytes()
    shown = openssl("x509", "-in", tmp_path / "server.pem", "-noout", "-fingerprint", "-sha256")
    assert made["fingerprint"] == shown.partition("=")[2].strip().replace(":", "")


@needs_openssl
def test_keys_are_private_and_nothing_is_left_over(tmp_path: Path) -> None:
    folder = tmp_path / "fleet" / "registry"
    certificate(folder)
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    # The owner of the key has to get there.
    assert [each.stat().st_mode & 0o777 for each in (folder, folder.parent)] == [0o755, 0o755]
    assert modes == {"ca.key": 0o600, "ca.pem": 0o644, "server.cnf": 0o600, "server.key": 0o600, "server.pem": 0o644}


@needs_openssl
def test_run_again_it_makes_nothing(tmp_path: Path) -> None:
    first = certificate(tmp_path)
    assert certificate(tmp_path) == {**first, "changed": False}
    assert certificate(tmp_path, "check") == {**first, "changed": False}


@needs_openssl
def test_check_makes_nothing(tmp_path: Path) -> None:
    assert certificate(tmp_path / "new", "check") == {"changed": True, "fingerprint": "", "ca": ""}
    assert not (tmp_path / "new").exists()


@needs_openssl
@pytest.mark.parametrize("why", ["another name", "no key", "soon over", "killed before its end"])
def test_a_new_certificate_of_the_same_authority(tmp_path: Path, why: str) -> None:
    first = certificate(tmp_path)
    name = "registry.example.com"
    if why == "another name":
        name = "registry.example.org"
    elif why == "no key":
        (tmp_path / "server.key").unlink()
    elif why == "killed before its end":
        (tmp_path / "server.cnf").unlink()
    else:
        authority = ("-CA", tmp_path / "ca.pem", "-CAkey", tmp_path / "ca.key", "-config", tmp_path / "server.cnf")
        request = ("req", "-x509", *authority, "-key", tmp_path / "server.key", "-days", "20")
        openssl(*request, "-out", tmp_path / "server.pem")
    assert certificate(tmp_path, "check", name)["changed"] is True
    second = certificate(tmp_path, name=name)
    assert second["changed"] is True
    assert second["ca"] == first["ca"]
    assert second["fingerprint"] != first["fingerprint"]
    assert certificate(tmp_path, name=name)["changed"] is False


@needs_openssl
def test_an_authority_without_its_key_is_made_anew(tmp_path: Path) -> None:
    first = certificate(tmp_path)
    (tmp_path / "ca.key").unlink()
    second = certificate(tmp_path)
    assert second["ca"] != first["ca"]
    openssl("verify", "-CAfile", tmp_path / "ca.pem", tmp_path / "server.pem")


@needs_openssl
def test_an_owner_that_does_not_exist(tmp_path: Path) -> None:
    done = run("certificate", "make", tmp_path / "new", "nobody-of-that-name", "registry.example.com")
    assert (done.returncode, done.stderr) == (
        1,
        "registry_user: there is no user nobody-of-that-name on this host\n",
    )
    assert not (tmp_path / "new").exists()


OCI = "application/vnd.oci.image.manifest.v1+json"
# Blanks, an end of line and bytes that no text has: whoever reads it as JSON or as text changes the digest.
MANIFEST = b'{"schemaVersion": 2,\t"note": "\xc3\xa9 \xff"}\r\n\n'
OTHER = b'{"schemaVersion": 2}'


class Registry(http.server.BaseHTTPRequestHandler):
    """The part of a registry's API that is about manifests, of the repository shop/web."""

    tags: t.ClassVar[dict[str, tuple[str, bytes]]] = {}
    puts: t.ClassVar[list[str]] = []
    broken: t.ClassVar[int] = 0

    def do_GET(self) -> None:
        found = self.tags.get(self.path.rpartition("/")[2])
        if self.broken or found is None or not self.path.startswith("/v2/shop/web/manifests/"):
            self.answer(self.broken or 404)
        elif found[0] not in self.headers["Accept"]:
            self.answer(406)
        else:
            self.answer(200, *found)

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        tag = self.path.rpartition("/")[2]
        self.tags[tag] = (self.headers["Content-Type"], content)
        self.puts.append(tag)
        self.answer(201)

    def answer(self, status: int, kind: str = "text/plain", content: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Docker-Content-Digest", "sha256:" + hashlib.sha256(content).hexdigest())
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_what: object) -> None:
        """The output of the test is not its place."""


@pytest.fixture
def url() -> t.Iterator[str]:
    Registry.tags = {"v2": (OCI, MANIFEST), "old": (OCI, OTHER)}
    Registry.puts = []
    Registry.broken = 0
    with http.server.HTTPServer(("127.0.0.1", 0), Registry) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


@needs_curl
def test_a_tag_that_is_new(url: str) -> None:
    expected = {"changed": True, "before": "", "after": digest(MANIFEST)}
    assert said("promote", "check", url, "", "shop/web", "v2", "prod") == expected
    assert Registry.puts == []
    assert said("promote", "make", url, "", "shop/web", "v2", "prod") == expected
    assert Registry.tags["prod"] == (OCI, MANIFEST)


@needs_curl
def test_a_tag_that_moves_once(url: str) -> None:
    Registry.tags["prod"] = Registry.tags["old"]
    moved = said("promote", "make", url, "", "shop/web", "v2", "prod")
    assert moved == {"changed": True, "before": digest(OTHER), "after": digest(MANIFEST)}
    again = said("promote", "make", url, "", "shop/web", "v2", "prod")
    assert again == {"changed": False, "before": digest(MANIFEST), "after": digest(MANIFEST)}
    assert Registry.puts == ["prod"]


@needs_curl
def test_what_is_not_there(url: str) -> None:
    done = run("promote", "make", url, "", "shop/web", "v3", "prod")
    assert done.returncode == 1
    assert done.stderr == f"{url} has no shop/web:v3; push it first, or correct registry_promote_from\n"
    assert Registry.puts == []


@needs_curl
def test_a_registry_that_is_broken(url: str) -> None:
    Registry.broken = 503
    done = run("promote", "make", url, "", "shop/web", "v2", "prod")
    assert (done.returncode, done.stderr) == (1, f"{url} answered 503 for shop/web:v2\n")


@needs_curl
def test_a_registry_that_is_not_there() -> None:
    done = run("promote", "make", "http://127.0.0.1:1", "", "shop/web", "v2", "prod")
    assert done.returncode == 1
    assert done.stderr.startswith("http://127.0.0.1:1 does not answer: ")
    assert done.stderr.count("\n") == 1
