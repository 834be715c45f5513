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

TEMPORARY_PREFIX = ".evergreen."
"""Starts the name of every temporary file that write() makes. What a power cut leaves of one may be removed."""

SELINUX = "/sys/fs/selinux/enforce"
"""This file exists where SELinux is on, enforcing or not."""


@dataclass(frozen=True)
class Completed:
    """A program that ended by itself. ``rc`` is 128 and the signal's number when a signal ended it."""

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


Source = t.Union[str, t.Sequence[str]]
"""What gather() reads: the path of a file, or the argv of a program."""


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

    def gather(self, wanted: t.Mapping[str, Source]) -> dict[str, Completed | File | None]:
        """Read many things at once: over a connection this is one round trip.

        :arg wanted: by a name of your choice, the path of a file or the argv of a program that only reads.
        :returns: under the same names, for a file what read() gives; for a program how it ended, whatever its exit
            code, or None when there is no such program.
        :raises FleetError: as read(), or a program that is there and may not be run.
        """

    def read(self, paths: t.Iterable[str]) -> dict[str, File | None]:
        """Read regular files; None for a path that does not exist.

        :raises FleetError: a path that is not a regular file or may not be read.
        """

    def write(
        self, path: str, content: bytes, mode: int = 0o644, owner: str | None = None, group: str | None = None
    ) -> None:
        """Replace a file atomically: temporary file in the same folder, fsync, rename.

        A symbolic link is replaced, not followed. Where SELinux is on, the new content gets the label of the file
        it replaces, and a new file the one that the policy has for its path, before it appears under its name.

        :arg owner: user name or number; None keeps that of the process.
        :arg group: group name or number; None keeps that of the process.
        :raises FleetError: the folder does not exist, or the file system refuses. The old file is then untouched.
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
        with self._starting(argv):
            rc, stdout, stderr = self._complete(argv, stdin, timeout)
        return completed(argv, rc, stdout, stderr, ok=ok, node=self.name)

    def gather(self, wanted: t.Mapping[str, Source]) -> dict[str, Completed | File | None]:
        return {
            name: self._read(source) if isinstance(source, str) else self._look(source)
            for name, source in wanted.items()
        }

    def _look(self, argv: t.Sequence[str]) -> Completed | None:
        with self._starting(argv):
            try:
                rc, stdout, stderr = self._complete(argv, None, None)
            except FileNotFoundError:
                return None
        return Completed(tuple(argv), rc, _text(stdout), _text(stderr))

    @contextlib.contextmanager
    def _starting(self, argv: t.Sequence[str]) -> t.Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as exc:
            raise not_started(argv, _reason(exc), node=self.name) from exc

    def _complete(self, argv: t.Sequence[str], stdin: bytes | None, timeout: float | None) -> tuple[int, bytes, bytes]:
        # Not AnsibleModule.run_command: it has no time limit, and expands variables and ~ in its arguments.
        process = subprocess.Popen(  # noqa: S603 - a list, never a shell  # pylint: disable=ansible-bad-function
            list(argv),
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._env,
            start_new_session=True,
        )
        try:
            stdout, stderr = process.communicate(stdin, timeout)
        except BaseException as exc:
            # Whatever interrupts us (the time limit, Ctrl-C): leave no process behind.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = process.communicate()
            if not isinstance(exc, subprocess.TimeoutExpired):
                raise
            raise out_of_time(argv, exc.timeout, stdout, stderr, node=self.name) from exc
        # subprocess gives the signal as a negative number, every shell adds 128 to it.
        rc = process.returncode if process.returncode >= 0 else 128 - process.returncode
        return rc, stdout, stderr

    def read(self, paths: t.Iterable[str]) -> dict[str, File | None]:
        return {path: self._read(path) for path in paths}

    def _read(self, path: str) -> File | None:
        try:
            # Opening a named pipe would otherwise wait for a writer.
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                os.close(descriptor)
                raise failed("read", path, NOT_REGULAR, node=self.name)
            with open(descriptor, "rb") as stream:
                content = stream.read()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as exc:
            raise failed("read", path, _reason(exc), node=self.name) from exc
        return File(content, stat.S_IMODE(status.st_mode), _user_name(status.st_uid), _group_name(status.st_gid))

    def write(
        self, path: str, content: bytes, mode: int = 0o644, owner: str | None = None, group: str | None = None
    ) -> None:
        temporary = None
        try:
            descriptor, temporary = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, dir=os.path.dirname(path) or ".")
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                os.fchown(descriptor, _uid(owner), _gid(group))
                # After fchown, which clears the set-user-ID bits.
                os.fchmod(descriptor, mode)
                if os.path.exists(SELINUX):
                    self._label(descriptor, path)
                stream.flush()
                os.fsync(descriptor)
            os.replace(temporary, path)
        except (OSError, LookupError, ValueError) as exc:
            raise failed("write", path, _reason(exc), node=self.name) from exc
        finally:
            # After the rename the temporary name is gone; after a failure it must not stay.
            if temporary is not None:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary)

    def _label(self, descriptor: int, path: str) -> None:
        attribute = "security.selinux"
        if os.path.isfile(path) and not os.path.islink(path):
            label = os.getxattr(path, attribute)
            # File systems with one label for everything (FAT) refuse to set even the one they have.
            if label != os.getxattr(descriptor, attribute):
                os.setxattr(descriptor, attribute, label)
            return
        policy = self._look(["matchpathcon", "-n", "-m", "file", os.path.abspath(path)])
        if policy is not None and policy.rc == 0:
            # Without a label of its own in the policy, or where it cannot be set, the folder's is right.
            with contextlib.suppress(OSError):
                os.setxattr(descriptor, attribute, policy.stdout.strip().encode() + b"\0")

    def remove(self, path: str) -> None:
        try:
            os.unlink(path)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except (OSError, ValueError) as exc:
            raise failed("remove", path, _reason(exc), node=self.name) from exc


NOT_REGULAR = "not a regular file"


def completed(
    argv: t.Sequence[str], rc: int, stdout: bytes, stderr: bytes, *, ok: t.Collection[int], node: str
) -> Completed:
    """What run() returns.

    :raises CommandError: the exit code is not one of ``ok``.
    """
    result = Completed(tuple(argv), rc, _text(stdout), _text(stderr))
    if rc not in ok:
        said = last_line(result.stderr) or last_line(result.stdout) or "it said nothing"
        raise CommandError(
            f"{argv[0]} ended with exit code {rc}: {said}",
            argv=argv,
            rc=rc,
            stdout=result.stdout,
            stderr=result.stderr,
            node=node,
        )
    return result


def out_of_time(argv: t.Sequence[str], timeout: float, stdout: bytes, stderr: bytes, *, node: str) -> CommandError:
    """The error for a program that was killed at its time limit."""
    return CommandError(
        f"{argv[0]} did not end within {timeout:g} seconds",
        argv=argv,
        stdout=_text(stdout),
        stderr=_text(stderr),
        node=node,
    )


def not_started(argv: t.Sequence[str], reason: str, *, node: str) -> CommandError:
    """The error for a program that could not be started."""
    return CommandError(f"cannot run {argv[0]}: {reason}", argv=argv, node=node)


def failed(verb: str, path: str, reason: str, *, node: str) -> FleetError:
    """The error for a file that could not be read, written or removed."""
    return FleetError(f"cannot {verb} {path}: {reason}", node=node)


def last_line(text: str) -> str:
    """The last line with something in it: where programs say what went wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def output_of(found: Completed | File | None) -> str:
    """What a program that gather() ran wrote, whatever its exit code; empty when there is no such program."""
    return found.stdout if isinstance(found, Completed) else ""


def content_of(found: Completed | File | None) -> bytes | None:
    """What is in a file that gather() read; None when there is no such file."""
    return found.content if isinstance(found, File) else None


def _text(output: bytes) -> str:
    return output.decode(errors="replace")


def _reason(exc: Exception) -> str:
    return (isinstance(exc, OSError) and exc.strerror) or str(exc)


def _uid(owner: str | None) -> int:
    """As chown(1): a name, else a number. -1 leaves what is there."""
    if owner is None:
        return -1
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(owner).pw_uid
    if owner.isdigit():
        return int(owner)
    raise LookupError(f"there is no user {owner}")


def _gid(group: str | None) -> int:
    if group is None:
        return -1
    with contextlib.suppress(KeyError):
        return grp.getgrnam(group).gr_gid
    if group.isdigit():
        return int(group)
    raise LookupError(f"there is no group {group}")


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
