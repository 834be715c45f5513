# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Node protocol over an Ansible connection: ``sh`` and the coreutils, nothing installed on the node."""

from __future__ import annotations

import errno
import hashlib
import math
import os
import signal
import time
import typing as t

from ansible_collections.evergreen.fleet.plugins.module_utils.errors import ConnectionLost, FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.node import (
    NOT_REGULAR,
    Completed,
    File,
    Source,
    completed,
    failed,
    last_line,
    not_started,
    out_of_time,
)
from ansible_collections.evergreen.fleet.plugins.plugin_utils.remote_shell import Incomplete, Request, Section, call

Execute = t.Callable[[str, bytes], "tuple[int, str, str]"]
"""Runs a command on the node, its standard input given, and returns exit code, standard output and error output.

It raises ConnectionLost when the node cannot be reached.
"""

# A shell adds it to the number of the signal that ended a program.
_SIGNALLED = 128

# timeout(1) ends with the first; busybox's with what its TERM or KILL does to the program.
_TIMED_OUT = frozenset({124, _SIGNALLED + signal.SIGTERM, _SIGNALLED + signal.SIGKILL})


class ConnectionNode:
    """A node at the other end of a connection. Every method but read() of nothing is one round trip.

    :ivar round_trips: how many there were.
    """

    def __init__(self, name: str, execute: Execute, environment: t.Mapping[str, str] | None = None) -> None:
        self.name = name
        self.round_trips = 0
        self._execute = execute
        self._environment = environment or {}

    def run(
        self,
        argv: t.Sequence[str],
        stdin: bytes | None = None,
        ok: t.Collection[int] = (0,),
        timeout: float | None = None,
    ) -> Completed:
        program = call("program", *argv)
        started = time.monotonic()
        (section,) = self._ask(
            Request(
                (program + b" </dev/null" if stdin is None else b"content | " + program,),
                content=stdin,
                hold=stdin is not None,
                limit=None if timeout is None else math.ceil(timeout),
                environment=self._environment,
            )
        )
        rc = self._exit_code(argv, section)
        if timeout is not None and rc in _TIMED_OUT and time.monotonic() - started >= timeout:
            raise out_of_time(argv, timeout, section.stdout, section.stderr, node=self.name)
        return completed(argv, rc, section.stdout, section.stderr, ok=ok, node=self.name)

    def gather(self, wanted: t.Mapping[str, Source]) -> dict[str, Completed | File | None]:
        if not wanted:
            return {}
        calls = tuple(
            call("file", _path(source)) if isinstance(source, str) else call("program", *source) + b" </dev/null"
            for source in wanted.values()
        )
        sections = self._ask(Request(calls, environment=self._environment))
        return {
            name: self._file(source, section) if isinstance(source, str) else self._completed(source, section)
            for (name, source), section in zip(wanted.items(), sections, strict=True)
        }

    def read(self, paths: t.Iterable[str]) -> dict[str, File | None]:
        found = self.gather({path: path for path in paths})
        return {path: file for path, file in found.items() if not isinstance(file, Completed)}

    def write(
        self, path: str, content: bytes, mode: int = 0o644, owner: str | None = None, group: str | None = None
    ) -> None:
        for name in (owner, group):
            if name is not None and ":" in name:
                raise failed("write", path, f"there is no {name}", node=self.name)
        owners = (owner or "") + (f":{group}" if group else "")
        checksum = hashlib.sha256(content).hexdigest()
        store = call("store", _path(path), f"{mode:04o}", owners, checksum)
        (section,) = self._ask(Request((store,), content=content))
        if section.status != "0":
            raise failed("write", path, _reason(section), node=self.name)

    def remove(self, path: str) -> None:
        (section,) = self._ask(Request((call("drop", _path(path)),)))
        if section.status != "0":
            raise failed("remove", path, _reason(section), node=self.name)

    def _ask(self, request: Request) -> list[Section]:
        self.round_trips += 1
        rc, stdout, stderr = self._execute(*request.encode())
        try:
            return request.decode(stdout)
        except Incomplete as exc:
            # Not the output itself: it may hold part of a file with secrets.
            reason = last_line(stderr) or f"exit code {rc}"
            # With a shell that has started, or that a signal ended, what it ran is unknown. Else nothing ran.
            error = ConnectionLost if request.begun(stdout) or rc > _SIGNALLED else FleetError
            raise error(f"{self.name} gave no whole answer: {reason}", node=self.name, rc=rc, stderr=stderr) from exc

    def _file(self, path: str, section: Section) -> File | None:
        if section.status == "absent":
            return None
        if section.status != "0":
            reason = NOT_REGULAR if section.status == "irregular" else _reason(section)
            raise failed("read", path, reason, node=self.name)
        attributes, _newline, content = section.stdout.partition(b"\n")
        mode, uid, gid, owner, group = attributes.decode().split(":")
        # stat's word for a number that has no name
        return File(
            content,
            int(mode, 8),
            uid if owner == "UNKNOWN" else owner,
            gid if group == "UNKNOWN" else group,
        )

    def _completed(self, argv: t.Sequence[str], section: Section) -> Completed | None:
        if section.status == "missing":
            return None
        rc = self._exit_code(argv, section)
        return completed(argv, rc, section.stdout, section.stderr, ok=(rc,), node=self.name)

    def _exit_code(self, argv: t.Sequence[str], section: Section) -> int:
        if section.status == "missing":
            raise not_started(argv, os.strerror(errno.ENOENT), node=self.name)
        if section.status == "denied":
            raise not_started(argv, os.strerror(errno.EACCES), node=self.name)
        return int(section.status)


def _path(path: str) -> str:
    """No program takes this for an option."""
    return path if path.startswith("/") else f"./{path}"


def _reason(section: Section) -> str:
    """What the last program that failed said, without its name and the path: only ever shown."""
    return last_line(section.stderr.decode(errors="replace")).rpartition(": ")[2]
