# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Repositories of real libostree, clients of them, and a web server on the loopback interface."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import jinja2
import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.node import LocalNode
from ansible_collections.evergreen.fleet.plugins.modules import ostree_repo

CANARY = "fleet/x86_64/canary"
STABLE = "fleet/x86_64/stable"

Result = dict[str, t.Any]


@pytest.fixture(scope="session", autouse=True)
def ostree() -> None:
    for tool in ("ostree", "gpg", "openssl"):
        if shutil.which(tool) is None:
            pytest.skip(f"there is no {tool} on this machine")


def call(*argv: object, **more: t.Any) -> str:
    """Run a program of this machine."""
    done = subprocess.run([str(arg) for arg in argv], capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def write(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        path = folder / "usr" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


class Repo:
    """A repository that the module manages."""

    def __init__(self, path: Path, **always: t.Any) -> None:
        self.path = path
        self.always = always

    def module(self, check: bool = False, **options: t.Any) -> Result:
        """Run the module with its defaults."""
        params = _defaults(ostree_repo.ARGUMENT_SPEC, {"path": str(self.path), **self.always, **options})
        return ostree_repo.run(LocalNode(), params, check)

    def ostree(self, command: str, *argv: object) -> str:
        return call("ostree", *command.split(), f"--repo={self.path}", *argv)

    def tip(self, ref: str) -> str:
        return self.ostree("rev-parse", ref)

    def state(self) -> dict[str, bytes]:
        """Every file that clients can see, or that ostree keeps."""
        return {
            str(path.relative_to(self.path)): path.read_bytes()
            for path in sorted(self.path.rglob("*"))
            if path.is_file() and path.name != ".lock" and "tmp" not in path.relative_to(self.path).parts
        }


def _defaults(spec: t.Mapping[str, t.Any], params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    full = {name: params.get(name, option.get("default")) for name, option in spec.items()}
    unknown = set(params) - set(spec)
    assert not unknown, unknown
    for name, option in spec.items():
        if "options" in option and full[name]:
            full[name] = [_defaults(option["options"], each) for each in full[name]]
    return full


class Keys:
    """A GPG home folder with a secret key, and an Ed25519 key."""

    def __init__(self, folder: Path) -> None:
        # Its agent's socket needs a short path.
        self.home = folder / "gnupg"
        self.home.mkdir(parents=True, mode=0o700)
        gpg = ("gpg", "--homedir", self.home, "--batch", "--quiet")
        call(*gpg, "--passphrase", "", "--quick-gen-key", "fleet@fleet.example", "ed25519", "sign")
        listed = call(*gpg, "--with-colons", "--list-secret-keys").splitlines()
        self.fingerprint = next(line.split(":")[9] for line in listed if line.startswith("fpr:"))
        self.public = folder / "public.gpg"
        call(*gpg, "--output", self.public, "--export")
        self.ed25519 = folder / "secret.pem"
        call("openssl", "genpkey", "-algorithm", "ed25519", "-out", self.ed25519)

    @property
    def gpg(self) -> dict[str, t.Any]:
        """The module's options for signing with the GPG key."""
        return {"gpg_keys": [self.fingerprint], "gpg_home": str(self.home)}

    def stop(self) -> None:
        call("gpgconf", "--homedir", self.home, "--kill", "all")


@pytest.fixture(scope="session")
def keys() -> Iterator[Keys]:
    with tempfile.TemporaryDirectory() as folder:
        made = Keys(Path(folder))
        yield made
        made.stop()


@pytest.fixture(scope="session")
def foreign() -> Iterator[Keys]:
    """Keys that no client trusts."""
    with tempfile.TemporaryDirectory() as folder:
        made = Keys(Path(folder))
        yield made
        made.stop()


@pytest.fixture
def repo(work: Path) -> Repo:
    return Repo(work / "repo")


@pytest.fixture
def tree(work: Path) -> Path:
    return write(work / "tree", **{"bin/tool": "1\n", "lib/os-release": "ID=fleet\n"})


MIRROR = Path(__file__).parents[3] / "roles" / "ostree_mirror"


class Web:
    """nginx with the role's template, over TLS on the loopback interface."""

    def __init__(self, folder: Path, repo: Path, port: int) -> None:
        self.folder = folder
        self.log = folder / "access.log"
        self.ca = folder / "server.pem"
        self.port = port
        self.url = f"https://127.0.0.1:{self.port}"
        call(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", folder / "server.key", "-out", self.ca,
        )  # fmt: skip
        template = jinja2.Template(
            (MIRROR / "templates" / "nginx.conf.j2").read_text(), undefined=jinja2.StrictUndefined
        )
        server = template.render(
            ansible_managed="test",
            ostree_mirror_listen=f"127.0.0.1:{self.port}",
            ostree_mirror_server_name="127.0.0.1",
            ostree_mirror_path=repo,
            ostree_mirror_access_log=self.log,
            __ostree_mirror_certificate=self.ca,
            __ostree_mirror_certificate_key=folder / "server.key",
        )
        # The workers need not change to a user who may not read the folders of the test.
        main = f"user root; pid {folder}/nginx.pid; events {{ }}\nhttp {{\n{server}\n}}\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
            main = main.replace("http {", f"http {{\n{name}_temp_path {folder}/{name};", 1)
        (folder / "nginx.conf").write_text(main)
        command = ["nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
        self.process = subprocess.Popen([*command, "-g", "daemon off;"])
        for _try in range(100):
            if self.process.poll() is not None or _answers(self.port):
                break
            time.sleep(0.05)
        assert self.process.poll() is None, (folder / "error.log").read_text()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)

    def head(self, path: str) -> dict[str, str]:
        """The header fields of an answer, in lower case, with the status."""
        context = ssl.create_default_context(cafile=str(self.ca))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        fields |= {"status": str(answer.status), "body": answer.read().decode(errors="replace")}
        connection.close()
        return fields


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def web(work: Path, repo: Repo, free_port: Callable[[], int]) -> Iterator[Web]:
    if shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin") is None:
        pytest.skip("there is no nginx on this machine")
    folder = work / "web"
    folder.mkdir()
    server = Web(folder, repo.path, free_port())
    yield server
    server.stop()


class Client:
    """A repository that follows the one at the URL, verifying as the role's remote does."""

    def __init__(self, path: Path, web: Web, **remote: str) -> None:
        self.path = path
        call("ostree", "init", f"--repo={path}", "--mode=bare-user-only")
        self.configure(web, **remote)

    def configure(self, web: Web, **remote: str) -> None:
        settings = {"url": web.url, "tls-ca-path": web.ca, **remote}
        lines = "".join(f"{name.replace('_', '-')}={value}\n" for name, value in settings.items())
        # So that a machine with a nearly full disk is no failure.
        core = "[core]\nrepo_version=1\nmode=bare-user-only\nmin-free-space-percent=0\n"
        (self.path / "config").write_text(f'{core}\n[remote "fleet"]\n{lines}')

    def pull(self, ref: str, *options: str) -> subprocess.CompletedProcess[str]:
        argv = ["ostree", "pull", f"--repo={self.path}", *options, "fleet", ref]
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)

    def has(self, ref: str) -> str:
        return call("ostree", "rev-parse", f"--repo={self.path}", f"fleet:{ref}")
