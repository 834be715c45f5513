# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Node protocol: everything a module may do to a machine, and its implementation for the machine we run on.

Domain packages never start a process or open a file themselves; they get a Node. This is the only place
in module_utils that runs processes.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import signal
import stat
import subprocess
import tempfile
import typing as t
from dataclasses import dataclass

from .errors import CommandError, FleetError


@dataclass(frozen=True)
class Completed:
    """A program that ended with an expected exit code."""

    argv: tuple[str, ...]
    rc: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class File:
    """A regular file as read from a node; mode holds the permission bits only."""

    content: bytes
    mode: int
    owner: str
    group: str


class Node(t.Protocol):
    """A machine that modules read and change."""

    name: str

    def run(
        self,
        argv: t.Sequence[str],
        stdin: bytes | None = None,
        ok: t.Collection[int] = (0,),
        timeout: float | None = None,
    ) -> Completed:
        """Run a program without a shell.

        :arg stdin: what the program reads; None means an empty input.
        :arg ok: exit codes that are not an error.
        :arg timeout: seconds after which the program and its children are killed; None waits for ever.
        :raises CommandError: not found, another exit code, or out of time.
        """

    def read(self, paths: t.Iterable[str]) -> dict[str, File | None]:
        """Read regular files; None for a path that does not exist.

        :raises FleetError: a path that is not a regular file or may not be read.
        """

    def write(
        self, path: str, content: bytes, mode: int = 0o644, owner: str | None = None, group: str | None = None
    ) -> None:
        """Replace a file atomically: temporary file in the same folder, fsync, rename.

        :arg owner: user name; None keeps that of the process.
        :raises FleetError: the folder does not exist, or the file system refuses.
        """

    def remove(self, path: str) -> None:
        """Remove a file; one that does not exist is no error.

        :raises FleetError: the file system refuses.
        """


class LocalNode:
    """The machine this Python runs on."""

    def __init__(self, name: str = "localhost") -> None:
        self.name = name
        # Fixed locale: messages that end up in errors must not depend on who runs the playbook.
        self._env = {**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": "C"}

    def run(
        self,
        argv: t.Sequence[str],
        stdin: bytes | None = None,
        ok: t.Collection[int] = (0,),
        timeout: float | None = None,
    ) -> Completed:
        try:
            process = subprocess.Popen(  # noqa: S603 - a list, never a shell
                list(argv),
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._env,
                start_new_session=True,
            )
        except OSError as exc:
            raise CommandError(f"cannot run {argv[0]}: {exc.strerror}", argv=argv, node=self.name) from exc
        try:
            stdout, stderr = process.communicate(stdin, timeout)
        except BaseException as exc:
            # Whatever interrupts us (the time limit, Ctrl-C): leave no process behind.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = process.communicate()
            if not isinstance(exc, subprocess.TimeoutExpired):
                raise
            raise CommandError(
                f"{argv[0]} did not end within {timeout:g} seconds",
                argv=argv,
                stdout=stdout.decode(errors="replace"),
                stderr=stderr.decode(errors="replace"),
                node=self.name,
            ) from exc
        out, err = stdout.decode(errors="replace"), stderr.decode(errors="replace")
        if process.returncode not in ok:
            raise CommandError(
                f"{argv[0]} ended with exit code {process.returncode}: {last_line(err) or last_line(out)}",
                argv=argv,
                rc=process.returncode,
                stdout=out,
                stderr=err,
                node=self.name,
            )
        return Completed(tuple(argv), process.returncode, out, err)

    def read(self, paths: t.Iterable[str]) -> dict[str, File | None]:
        return {path: self._read(path) for path in paths}

    def _read(self, path: str) -> File | None:
        try:
            with open(path, "rb") as stream:
                status = os.fstat(stream.fileno())
                content = stream.read()
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise FleetError(f"cannot read {path}: {exc.strerror}") from exc
        return File(content, stat.S_IMODE(status.st_mode), _user_name(status.st_uid), _group_name(status.st_gid))

    def write(
        self, path: str, content: bytes, mode: int = 0o644, owner: str | None = None, group: str | None = None
    ) -> None:
        folder = os.path.dirname(path) or "."
        temporary = None
        try:
            descriptor, temporary = tempfile.mkstemp(prefix=f".{os.path.basename(path)}.", dir=folder)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                uid = -1 if owner is None else pwd.getpwnam(owner).pw_uid
                gid = -1 if group is None else grp.getgrnam(group).gr_gid
                os.fchown(stream.fileno(), uid, gid)
                # After fchown, which clears the set-user-ID bits.
                os.fchmod(stream.fileno(), mode)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, path)
        except (OSError, LookupError) as exc:
            raise FleetError(f"cannot write {path}: {getattr(exc, 'strerror', None) or exc}") from exc
        finally:
            # After the rename the temporary name is gone; after a failure it must not stay.
            if temporary is not None:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary)

    def remove(self, path: str) -> None:
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        except OSError as exc:
            raise FleetError(f"cannot remove {path}: {exc.strerror}") from exc


def last_line(text: str) -> str:
    """The last line with something in it: where programs say what went wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
