# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read Zincati's files and unit in one round trip."""

from __future__ import annotations

import typing as t

from ..errors import FleetError
from ..node import Completed, File, Node, Source, last_line
from . import drop_ins
from .model import UNIT, Host, Service

_PROPERTIES = "LoadState,ActiveState,SubState,UnitFileState,Result,StatusText,ExecMainStartTimestamp"
_SERVICE = ("systemctl", "show", UNIT, "--timestamp=unix", f"--property={_PROPERTIES}")

Found = t.Mapping[str, t.Union[Completed, File, None]]


def questions(time_zone: str | None) -> dict[str, Source]:
    """:arg time_zone: the one whose rules are wanted too."""
    return {"drop_ins": ("sh", "-c", drop_ins.SCRIPT, "sh", time_zone or ""), "service": _SERVICE}


def answered(found: Found) -> Host:
    """:raises FleetError: the node has no Zincati, or does not tell about it."""
    service = Service.parse(_output(found["service"], "systemctl show"))
    if service.load_state == "not-found":
        raise FleetError(f"this node has no {UNIT}; Zincati updates Fedora CoreOS, other systems have other agents")
    return Host(drop_ins.parse(_output(found["drop_ins"], "sh")), service)


def read_host(node: Node, time_zone: str | None) -> Host:
    """:raises FleetError: as answered()."""
    return answered(node.gather(questions(time_zone)))


def _output(found: Completed | File | None, program: str) -> str:
    if not isinstance(found, Completed):
        raise FleetError(f"this node has no {program.partition(' ')[0]}, so nothing can be said about Zincati")
    if found.rc != 0:
        raise FleetError(f"{program} ended with exit code {found.rc}: {last_line(found.stderr)}")
    return found.stdout
