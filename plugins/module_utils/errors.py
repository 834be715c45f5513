# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one error family of the collection: every expected failure is a FleetError."""

from __future__ import annotations

import typing as t


class FleetError(Exception):
    """A failure with one clear sentence for the user.

    ``details`` are JSON values that a module returns beside ``msg`` (for example report entries).
    """

    def __init__(self, message: str, **details: t.Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class CommandError(FleetError):
    """A program that could not be started, ended with an unexpected exit code, or ran out of time.

    ``rc`` is None when the program did not end by itself (not found, time limit).
    """

    def __init__(
        self,
        message: str,
        *,
        argv: t.Sequence[str],
        rc: int | None = None,
        stdout: str = "",
        stderr: str = "",
        node: str,
    ) -> None:
        super().__init__(message, cmd=list(argv), rc=rc, stdout=stdout, stderr=stderr, node=node)
        self.argv = tuple(argv)
        self.rc = rc
        self.stdout = stdout
        self.stderr = stderr
        self.node = node


class ConnectionLost(FleetError):
    """The node cannot be reached, or the connection broke while something ran on it: what became of it is unknown."""
