# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agent's copy of the repository. Nothing in what is fetched can run or configure anything here."""

from __future__ import annotations

import os
import shutil
import subprocess
import typing as t
from dataclasses import dataclass
from pathlib import Path

from config import Config

TIP = "refs/pull-agent/tip"


class Unavailable(Exception):
    """The repository could not be asked for its newest commit."""


@dataclass(frozen=True)
class Signature:
    signer: str
    key: str


class Repository:
    def __init__(self, config: Config, inherited: t.Sequence[int] = ()) -> None:
        state = Path(config.state)
        self._config = config
        self._path = state / "repository"
        self._gnupg = state / "gnupg"
        # Open files that a git keeps open when the agent dies.
        self._inherited = tuple(inherited)

    def fetch(self) -> str:
        """The commit that the ref names now."""
        # Nobody else works here, so these are of a run that was killed, and git would wait for it for ever.
        for stale in self._path.rglob("*.lock"):
            stale.unlink()
        fetched = self._fetch()
        if fetched.returncode != 0 and self._is_broken():
            shutil.rmtree(self._path)
            fetched = self._fetch()
        if fetched.returncode != 0:
            raise Unavailable(" ".join(fetched.stderr.split()))
        tip = self._git("rev-parse", "--verify", "--quiet", f"{TIP}^{{commit}}")
        if tip.returncode != 0:
            raise Unavailable(f"{self._config.ref} names no commit")
        return tip.stdout.strip()

    def _fetch(self) -> subprocess.CompletedProcess[str]:
        self._path.mkdir(mode=0o700, exist_ok=True)
        made = self._git("init", "--quiet", "--bare", "--template=", str(self._path))
        if made.returncode != 0:
            return made
        options = ("--quiet", "--force", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
        return self._git("fetch", *options, "--", self._config.repository, f"{self._config.ref}:{TIP}")

    def _is_broken(self) -> bool:
        """After a power cut an object or a ref may be empty. What is whole is fetched again, so nothing is lost."""
        return self._git("fsck", "--connectivity-only", "--no-progress").returncode != 0

    def signature(self, commit: str) -> Signature | None:
        """Who signed the commit, when that is one of the pinned signers."""
        self._import_gpg_keys()
        if self._git("verify-commit", commit).returncode != 0:
            return None
        told = self._git("show", "--no-patch", "--no-notes", "--format=%GS%n%GF", commit).stdout.splitlines()
        return Signature(*told[:2])

    def _import_gpg_keys(self) -> None:
        """A keyring with the pinned keys and no others, also when one was taken out meanwhile."""
        shutil.rmtree(self._gnupg, ignore_errors=True)
        self._gnupg.mkdir(mode=0o700)
        if self._config.gpg_keys is not None:
            argv = ["gpg", "--homedir", str(self._gnupg), "--batch", "--quiet", "--no-autostart", "--import"]
            # Without its keys it accepts none.
            self._run([*argv, self._config.gpg_keys])

    def descends(self, commit: str, ancestor: str) -> bool:
        return self._git("merge-base", "--is-ancestor", ancestor, commit).returncode == 0

    def write(self, commit: str, folder: Path) -> None:
        """Make the folder with exactly the files of the commit: it is there as a whole or not at all."""
        new = folder.with_name(f".{folder.name}.new")
        for rest in (folder, new):
            shutil.rmtree(rest, ignore_errors=True)
        files = new / "files"
        files.mkdir(parents=True)
        index = {"GIT_INDEX_FILE": str(new / "index")}
        # Unlike "checkout" it runs no hook, and moves nothing but files.
        done = self._git("read-tree", "--reset", "-u", commit, work_tree=files, environment=index)
        if done.returncode != 0:
            raise OSError(f"commit {commit[:12]} cannot be checked out: {' '.join(done.stderr.split())}")
        _sync(files)
        files.rename(folder)
        sync_folder(folder.parent)

    def _git(
        self, *arguments: str, work_tree: Path | None = None, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        settings = {
            "core.hooksPath": os.devnull,
            "core.attributesFile": os.devnull,
            "core.fsync": "all",
            "transfer.fsckObjects": "true",
            "gc.autoDetach": "false",
            "maintenance.autoDetach": "false",
            "gpg.minTrustLevel": "undefined",
            "gpg.ssh.allowedSignersFile": self._config.allowed_signers or os.devnull,
            "gpg.program": "gpg" if self._config.gpg_keys is not None else "false",
            "gpg.x509.program": "false",
            **self._config.git,
        }
        argv = ["git", f"--git-dir={self._path}"]
        if work_tree is not None:
            argv += [f"--work-tree={work_tree}", "-c", "core.bare=false"]
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        return self._run([*argv, *arguments], environment)

    def _run(self, argv: list[str], environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """No setting of the machine, of a user or of the caller reaches git."""
        clean = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._gnupg),
            "GNUPGHOME": str(self._gnupg),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_TERMINAL_PROMPT": "0",
        }
        return subprocess.run(  # noqa: S603 - git and gpg, without a shell
            argv,
            env={**clean, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            pass_fds=self._inherited,
        )


def _sync(folder: Path) -> None:
    for place, _folders, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            if not path.is_symlink():
                with path.open("rb") as stream:
                    os.fsync(stream.fileno())
        sync_folder(Path(place))


def sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
