# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps that get an update. Their programs end with 0 whatever became of it, so the state afterwards decides."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..errors import FleetError
from ..node import Completed, Node
from . import status
from .model import ENGINE
from .status import Status

# Older clients end with 1 when there is no update.
_ENDS = (0, 1)

_NO_ANSWER = "the update server gave no good answer"


@dataclass(frozen=True)
class Upgrade:
    """Asks the update server, and installs what it offers into the other slot."""

    reason: str
    timeout: int
    since: int
    """When the node was read, in seconds since 1970 by its own clock."""
    last_checked: int | None

    def apply(self, node: Node) -> None:
        """Do it. That there was no update is no error.

        :raises FleetError: the server gave no answer, or the update failed.
        """
        done = node.run(("update_engine_client", "-update"), ok=_ENDS, timeout=self.timeout)
        found, failed, errors = _look(node, self.since)
        if found.need_reboot:
            return
        offered = any(each.busy and each.new_version for each in status.parse(done.stdout))
        why = f": {errors[-1]}" if errors else ""
        if failed or offered:
            answered = offered or found.last_checked != self.last_checked
            raise FleetError(f"{'the update failed' if answered else _NO_ANSWER}{why}", errors=errors)
        if found.busy:
            raise FleetError(f"update-engine is still at it ({found.operation})", errors=errors)
        if found.last_checked == self.last_checked:
            raise FleetError(f"{_NO_ANSWER}{why}", errors=errors)

    def report(self) -> dict[str, t.Any]:
        return {"argv": ["update_engine_client", "-update"], "reason": self.reason}


@dataclass(frozen=True)
class Install:
    """Installs one version into the other slot. flatcar-update serves it to update-engine itself."""

    version: str
    reason: str
    timeout: int
    since: int

    @property
    def argv(self) -> tuple[str, ...]:
        return ("flatcar-update", "--to-version", self.version, "--disable-afterwards")

    def apply(self, node: Node) -> None:
        """:raises FleetError: it is not installed."""
        node.run(self.argv, timeout=self.timeout)
        found, _failed, errors = _look(node, self.since)
        if not found.need_reboot:
            why = f": {errors[-1]}" if errors else ""
            raise FleetError(f"version {self.version} was not installed{why}", errors=errors)

    def report(self) -> dict[str, t.Any]:
        return {"argv": list(self.argv), "reason": self.reason}


def _look(node: Node, since: int) -> tuple[Status, bool, list[str]]:
    journal = (
        "journalctl",
        f"--unit={ENGINE}",
        f"--since=@{since}",
        "--output=json",
        "--output-fields=MESSAGE",
        "--no-pager",
    )
    found = node.gather({"status": status.ARGV, "journal": journal})
    answer, said = status.read(found["status"]), found["journal"]
    failed, errors = status.failures(said.stdout if isinstance(said, Completed) else "")
    if answer.status is None:
        raise FleetError(f"what became of the update is unknown: {answer.missing}", errors=errors)
    return answer.status, failed, errors
