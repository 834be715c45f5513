# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a boot has come: which boot it is, and whether its health checks have a verdict.

Both generations of greenboot run their checks in greenboot-healthcheck.service. It stays active when they passed and
failed when one of the required ones did not; then the host may reboot by itself to try again or to fall back.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..node import Completed, File, Node, Source

BOOT_ID = "/proc/sys/kernel/random/boot_id"

BOOTING = "booting"
CHECKING = "checking"
STOPPING = "stopping"
GREEN = "green"
RED = "red"
UNCHECKED = "unchecked"
"""The boot is complete, and nothing checks the health of this host."""

_CHECK = "greenboot-healthcheck.service"
_UP = "multi-user.target"
# Only of the shell generation. It fails when it will not reboot: no counter, fallen back already, or one entry only.
_RED_REBOOT = "redboot-auto-reboot.service"
# Also of that generation: the other one runs these scripts before its checks count as failed.
_RED_SCRIPTS = "redboot-task-runner.service"

_READS: t.Mapping[str, Source] = {
    "boot": BOOT_ID,
    "system": ("systemctl", "is-system-running"),
    "units": (
        "systemctl",
        "show",
        "--property=Id,LoadState,ActiveState,Job",
        _CHECK,
        _UP,
        _RED_SCRIPTS,
        _RED_REBOOT,
    ),
}


@dataclass(frozen=True)
class Boot:
    """One look at a booting host. ``final`` is True when a red host will not reboot by itself any more."""

    id: str
    progress: str
    final: bool = False


def look(node: Node) -> Boot:
    """See how far the host is, in one round trip.

    :raises FleetError: it does not answer.
    """
    found = node.gather(_READS)
    boot, system, units = found["boot"], found["system"], found["units"]
    read = _units(units.stdout if isinstance(units, Completed) else "")
    state = system.stdout.strip() if isinstance(system, Completed) else ""
    return Boot(
        id=boot.content.decode("ascii", "replace").strip() if isinstance(boot, File) else "",
        progress=progress(state, read),
        final=read.get(_RED_REBOOT, {}).get("ActiveState") == "failed",
    )


def since(node: Node, left: str) -> int:
    """How many boots the journal has after this one; 0 when it has not kept that one or was not kept at all.

    :arg left: the id of a boot.
    """
    listed = node.gather({"boots": ("journalctl", "--list-boots", "--no-pager", "--quiet")})["boots"]
    lines = listed.stdout.splitlines() if isinstance(listed, Completed) and listed.rc == 0 else []
    # One boot a line, the oldest first: its place, its id without dashes, its times.
    ids = [words[1] for words in (line.split() for line in lines) if len(words) > 1]
    wanted = left.replace("-", "")
    return len(ids) - ids.index(wanted) - 1 if wanted in ids else 0


def progress(system: str, units: t.Mapping[str, t.Mapping[str, str]]) -> str:
    """How far a boot is.

    :arg system: the state of the manager, from ``systemctl is-system-running``.
    :arg units: properties by unit, from ``systemctl show``.
    """
    check, up = units.get(_CHECK, {}), units.get(_UP, {}).get("ActiveState") == "active"
    state = check.get("ActiveState")
    if system == "stopping":
        return STOPPING
    if check.get("LoadState") == "loaded":
        if state == "failed":
            return CHECKING if _starting(units.get(_RED_SCRIPTS, {})) or _starting(units.get(_RED_REBOOT, {})) else RED
        if state == "active":
            return GREEN if up else BOOTING
        if _starting(check):
            return CHECKING
    return UNCHECKED if up else BOOTING


def _starting(unit: t.Mapping[str, str]) -> bool:
    """Waiting for its turn is a job; an ordered start that has begun is activating."""
    return unit.get("ActiveState") == "activating" or unit.get("Job", "0") not in ("", "0")


def _units(output: str) -> dict[str, dict[str, str]]:
    """Blocks of ``Key=value``, with an empty line between two units."""
    units: dict[str, dict[str, str]] = {}
    for block in output.split("\n\n"):
        properties = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if "Id" in properties:
            units[properties["Id"]] = properties
    return units
