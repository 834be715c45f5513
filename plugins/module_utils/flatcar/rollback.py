# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Back to the slot with the older system."""

from __future__ import annotations

from ..errors import FleetError
from ..outcome import Run
from .model import Host
from .slots import Slot, following, order


def roll_back(host: Host, version: str | None) -> tuple[Run, ...]:
    """The steps after which the older of both slots, or that with the version, boots next.

    It is a state and no toggle: a node that runs the older one stays there.

    :raises FleetError: there is no such slot, or it cannot boot.
    """
    target = _target(host, version)
    if not target.bootable:
        raise FleetError(f"state: rolled_back: {target.label} holds no system that has ever been installed or booted")
    steps = []
    if following(host.slots) != target:
        steps.append(Run(("cgpt", "prioritize", target.device), f"{target.label}, {target.version}, is to boot next"))
    status = host.answer.status
    if target.booted and status and status.need_reboot:
        steps.append(Run(("update_engine_client", "-reset_status"), "the update that waits for a reboot is dropped"))
    return tuple(steps)


def _target(host: Host, version: str | None) -> Slot:
    booted, other = host.booted, host.other
    if booted is None or other is None:
        raise FleetError("state: rolled_back: the node does not tell about its partitions USR-A and USR-B")
    if version is not None:
        for slot in (booted, other):
            if slot.version == version:
                return slot
        has = f"{booted.version} and {other.version or 'nothing that could be read'}"
        raise FleetError(f"version: no slot of this node has {version}; they have {has}")
    if not other.bootable:
        raise FleetError(f"state: rolled_back: {other.label} holds no system to go back to")
    if booted.version is None or other.version is None:
        raise FleetError(f"state: rolled_back: what version {other.label} has could not be read, so which is the older")
    return other if order(other.version) < order(booted.version) else booted
