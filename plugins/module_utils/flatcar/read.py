# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a Flatcar node in one round trip."""

from __future__ import annotations

import typing as t

from ..errors import FleetError
from ..node import Completed, File, Node, Source, content_of, output_of
from . import slots, status
from .conf import Conf
from .model import CONF, ENGINE, LOCKSMITH, VENDOR_CONF, Host, Unit

_PROPERTIES = "Id,LoadState,ActiveState,UnitFileState,ConditionResult,ConditionTimestampMonotonic"

# Only these keys: the others may hold passwords of etcd.
_ENVIRONMENT = f"""
pid=$(systemctl show --property=MainPID --value {LOCKSMITH})
[ "${{pid:-0}}" -gt 0 ] || exit 0
tr '\\0' '\\n' <"/proc/$pid/environ" | grep -E '^(REBOOT_STRATEGY|(LOCKSMITHD_)?REBOOT_WINDOW_(START|LENGTH))='
:
"""

Found = t.Mapping[str, t.Union[Completed, File, None]]


def questions(*, versions: bool) -> dict[str, Source]:
    """:arg versions: whether to look into the slot that does not run too."""
    return {
        "system": "/etc/os-release",
        "conf": CONF,
        "vendor": VENDOR_CONF,
        "status": status.ARGV,
        "slots": slots.argv(versions=versions),
        "units": ("systemctl", "show", f"--property={_PROPERTIES}", ENGINE, LOCKSMITH),
        "environment": ("sh", "-c", _ENVIRONMENT),
        "clock": ("date", "+%s"),
    }


def answered(found: Found) -> Host:
    """:raises FleetError: the node is no Flatcar."""
    system = Conf.parse(content_of(found["system"]))
    if system.unquoted("ID") != "flatcar":
        name = system.unquoted("ID") or "something else"
        raise FleetError(f"this node runs {name} and not Flatcar, so it has no update-engine")
    version = system.unquoted("VERSION")
    units = _units(output_of(found["units"]))
    file = found["conf"]
    environment = dict(line.partition("=")[::2] for line in output_of(found["environment"]).splitlines())
    return Host(
        Conf.parse(content_of(file)),
        Conf.parse(content_of(found["vendor"])),
        version,
        status.read(found["status"]),
        slots.parse(output_of(found["slots"]), version),
        units.get(ENGINE, Unit()),
        units.get(LOCKSMITH, Unit()),
        environment,
        file if isinstance(file, File) else None,
        int(output_of(found["clock"]).strip() or 0),
    )


def read_host(node: Node, *, versions: bool) -> Host:
    """:raises FleetError: as answered()."""
    return answered(node.gather(questions(versions=versions)))


def _units(output: str) -> dict[str, Unit]:
    found = {}
    for block in output.split("\n\n"):
        values = dict(line.partition("=")[::2] for line in block.splitlines())
        # "no" is also what a unit has that nobody has tried to start.
        looked_at = values.get("ConditionTimestampMonotonic", "0") != "0"
        found[values.get("Id", "")] = Unit(
            values.get("LoadState", ""),
            values.get("ActiveState", ""),
            values.get("UnitFileState", ""),
            looked_at and values.get("ConditionResult") == "no",
        )
    return found
