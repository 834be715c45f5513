# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real repositories with real signatures, and the agent as a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

AGENT = Path(__file__).parents[4] / "roles" / "pull_agent" / "files" / "pull_agent"


@pytest.fixture(scope="session", autouse=True)
def tools() -> None:
    for tool in ("git", "ssh-keygen", "gpg"):
        if shutil.which(tool) is None:
            pytest.skip(f"there is no {tool} on this machine")


class Keys:
    """Two people with SSH keys, one with an OpenPGP key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gnupg = folder / "gnupg"
        self.gnupg.mkdir(mode=0o700)
        for name in ("alice", "mallory"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
        public = (folder / "alice.pub").read_text()
        (folder / "allowed_signers").write_text(f'alice@example.com namespaces="git" {public}')
        gpg = ["gpg", "--homedir", str(self.gnupg), "--batch", "--quiet"]
        name = "Bob <bob@example.com>"
        made = [*gpg, "--passphrase", "", "--quick-gen-key", name, "ed25519", "sign", "never"]
        subprocess.run(made, check=True, capture_output=True)
        subprocess.run([*gpg, "--armor", "--output", str(folder / "bob.asc"), "--export"], check=True)

    def signing(self, who: str | None) -> list[str]:
        """Options of git with which a commit is signed."""
        if who is None:
            return ["-c", "commit.gpgSign=false"]
        if who == "bob":
            return ["-c", "commit.gpgSign=true", "-c", "gpg.format=openpgp", "-c", "user.signingKey=bob@example.com"]
        return ["-c", "commit.gpgSign=true", "-c", "gpg.format=ssh", "-c", f"user.signingKey={self.folder / who}"]


@pytest.fixture(scope="session")
def keys() -> Iterator[Keys]:
    # The path of the socket of gpg-agent must be short.
    with tempfile.TemporaryDirectory(prefix="keys.") as folder:
        made = Keys(Path(folder))
        yield made
        subprocess.run(["gpgconf", "--homedir", str(made.gnupg), "--kill", "all"], check=False)


class Site:
    """A fleet repository, and the agent of a site that follows it. A play is the script "play" of the commit."""

    def __init__(self, folder: Path, keys: Keys) -> None:
        self.folder = folder
        self.keys = keys
        self.origin = folder / "origin"
        self.state = folder / "state"
        self.state.mkdir()
        self.log = folder / "log"
        self.options: dict[str, t.Any] = {"allowed_signers": str(keys.folder / "allowed_signers")}
        self.printed = ""
        subprocess.run(["git", "init", "-q", "-b", "main", str(self.origin)], check=True)

    # The repository

    def git(self, *arguments: str, environment: dict[str, str] | None = None) -> str:
        variables = {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GNUPGHOME": str(self.keys.gnupg),
            **{f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
            **(environment or {}),
        }
        argv = ["git", "-C", str(self.origin), *arguments]
        done = subprocess.run(argv, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, name: str, signer: str | None = "alice", status: int = 0, **files: str) -> str:
        """A new commit on main, whose play writes its name and ends with this status."""
        script = f'echo {name} >>"$LOG"\nexit {status}\n'
        for path, content in {"play": script, "name": name, **files}.items():
            (self.origin / path).write_text(content)
        self.git("add", "--all")
        self.git(*self.keys.signing(signer), "commit", "-q", "-m", name)
        return self.git("rev-parse", "HEAD")

    # The agent

    def command(self) -> list[str]:
        config = {
            "repository": str(self.origin),
            "ref": "refs/heads/main",
            "state": str(self.state),
            "command": ["sh", "play"],
            "environment": {"LOG": str(self.log)},
            **self.options,
        }
        path = self.folder / "config.json"
        path.write_text(json.dumps(config))
        return [sys.executable, "-IB", str(AGENT), str(path)]

    def run(self, **environment: str) -> int:
        done = subprocess.run(
            self.command(), env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60
        )
        self.printed = done.stdout + done.stderr
        assert "Traceback" not in self.printed, self.printed
        return done.returncode

    def status(self) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", json.loads((self.state / "status.json").read_text()))

    def outcome(self) -> str:
        return str(self.status()["outcome"])

    def plays(self) -> list[str]:
        return self.log.read_text().split() if self.log.exists() else []

    def current(self) -> str | None:
        """The name of the commit that the link is at, which must have all of its files."""
        link = self.state / "current"
        if not link.is_symlink():
            return None
        folder = link.resolve()
        index = {"GIT_INDEX_FILE": str(self.folder / "index")}
        self.git(f"--work-tree={folder}", "add", "--all", environment=index)
        assert self.git("write-tree", environment=index) == self.git("rev-parse", f"{folder.name}^{{tree}}")
        return (folder / "name").read_text()


@pytest.fixture
def site(work: Path, keys: Keys) -> Site:
    return Site(work, keys)
