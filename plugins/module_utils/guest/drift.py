# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What differs between a wanted guest and the one there is."""

from __future__ import annotations

import typing as t

from .model import NONE, REBUILD, RECONCILE, Drift, Guest, Nic

# Ignition runs on the first boot only, and the root disk is made from the image once.
_REBUILT = ("image", "ignition", "platform", "arch")
_RECONCILED = ("vcpus", "memory", "uefi", "cpu", "disk_cache", "virt_type", "console_log", "osinfo")


def between(wanted: Guest, found: Guest) -> list[Drift]:
    """Every setting that is not as wanted, in a fixed order. What is not asked for cannot differ."""
    drifts = [*_plain(wanted, found, _REBUILT, REBUILD), *_plain(wanted, found, _RECONCILED, RECONCILE)]
    if wanted.disk_size != found.disk_size:
        drifts.append(Drift("disk_size", wanted.disk_size, found.disk_size, _resize(wanted.disk_size, found.disk_size)))
    if wanted.disks != found.disks:
        drifts.append(Drift("disks", _texts(wanted.disks), _texts(found.disks), _disks(wanted, found)))
    if not _same_networks(wanted.networks, found.networks):
        drifts.append(Drift("networks", _texts(wanted.networks), _texts(found.networks), RECONCILE))
    return drifts


def _plain(wanted: Guest, found: Guest, settings: t.Sequence[str], remedy: str) -> t.Iterator[Drift]:
    before, after = found.describe(), wanted.describe()
    for setting in settings:
        if after[setting] is not None and after[setting] != before[setting]:
            yield Drift(setting, after[setting], before[setting], remedy)


def _texts(values: t.Sequence[object]) -> list[str]:
    return [str(value) for value in values]


def _resize(wanted: float, found: float) -> str:
    if not found:
        return REBUILD
    # Making a disk smaller would cut off data.
    return RECONCILE if wanted > found else NONE


def _disks(wanted: Guest, found: Guest) -> str:
    sizes = {disk.path: disk.size for disk in found.disks}
    shrunk = [disk for disk in wanted.disks if disk.size is not None and disk.size < (sizes.get(disk.path) or 0)]
    return NONE if shrunk else RECONCILE


def _same_networks(wanted: t.Sequence[Nic], found: t.Sequence[Nic]) -> bool:
    return len(wanted) == len(found) and all(
        (nic.kind, nic.source) == (there.kind, there.source) and nic.mac in (None, there.mac)
        for nic, there in zip(wanted, found)
    )


def needs_restart(live: Guest, defined: Guest) -> bool:
    """Whether a running guest differs from its definition in what only a start changes."""
    settings = ("vcpus", "memory", "networks", "uefi", "disk_cache", "virt_type", "console_log")
    now, then = live.describe(), defined.describe()
    # A running host-model guest shows the model that was chosen.
    cpu = defined.cpu != "host-model" and live.cpu != defined.cpu
    disks = [disk.path for disk in live.disks] != [disk.path for disk in defined.disks]
    return cpu or disks or any(now[setting] != then[setting] for setting in settings)
