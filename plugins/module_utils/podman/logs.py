# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the journal says of units, for people to read."""

from __future__ import annotations

import typing as t

from ..node import Completed, Node

# Enough for an update that was rolled back: what the new version said is followed by the start of the old one.
_LINES = 50


def read_logs(node: Node, user: str, uid: int, units: t.Iterable[str]) -> dict[str, list[str]]:
    """The last lines of each unit.

    They are read by whoever the connection is: where journals are not kept, a user has none of its own.
    """
    argv = ("journalctl", "--no-pager", "--quiet", "--output=cat", f"--lines={_LINES}")
    found = node.gather({unit: (*argv, *_about(user, uid, unit)) for unit in units})
    return {unit: each.stdout.splitlines() if isinstance(each, Completed) else [] for unit, each in found.items()}


def _about(user: str, uid: int, unit: str) -> tuple[str, ...]:
    """What the unit says, and what its manager says of it."""
    if user == "root":
        return (f"_SYSTEMD_UNIT={unit}", "+", "_PID=1", f"UNIT={unit}")
    owner = f"_UID={uid}"
    return (f"_SYSTEMD_USER_UNIT={unit}", owner, "+", f"USER_UNIT={unit}", owner)
