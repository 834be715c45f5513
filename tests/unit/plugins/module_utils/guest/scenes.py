# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks in a row on one hypervisor: what each is given, and what the recordings are called."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .fakes import IGNITION, IMAGE


@dataclass(frozen=True)
class Scene:
    """One task. ``config`` is the Ignition config that it finds."""

    name: str
    options: dict[str, t.Any]
    config: str = '{"ignition":{"version":"3.4.0"}}'
    fails: bool = False
    module: str = "guest"
    check: bool = field(default=False)


_GUEST = {
    "name": "vg-unit",
    "image": IMAGE,
    "ignition": IGNITION,
    "memory": 1024,
    "vcpus": 1,
    "disk_size": 2,
    "virt_type": "qemu",
    "networks": [{"network": "vg-unit"}],
    "wait": "none",
}
_MORE = {**_GUEST, "memory": 1280, "disk_size": 3, "disks": [{"size": 1}]}
_NETWORK = {"name": "vg-unit", "address": "198.18.5.1/25", "bridge": "vg-unit", "domain": "vg.test"}
_CHANGED = '{"ignition":{"version":"3.3.0"}}'

SCENES = (
    Scene("network-made", _NETWORK, module="network"),
    Scene("network-unchanged", _NETWORK, module="network"),
    Scene("network-replaced", {**_NETWORK, "dhcp": ["198.18.5.10", "198.18.5.20"]}, module="network"),
    Scene("check-new", _GUEST, check=True),
    Scene("made", _GUEST),
    Scene("unchanged", _GUEST),
    Scene("network-in-use", {"name": "vg-unit", "state": "absent"}, module="network", fails=True),
    Scene("drifted", _MORE),
    Scene("check-reconcile", {**_MORE, "reconcile": True}, check=True),
    Scene("reconciled", {**_MORE, "reconcile": True}),
    Scene("reconciled-again", {**_MORE, "reconcile": True}),
    Scene("restarted", {**_MORE, "restart": True, "force": True}),
    Scene("other-ignition", _MORE, config=_CHANGED),
    Scene("rebuilt", {**_MORE, "rebuild": True}, config=_CHANGED),
    Scene("rebuilt-again", {**_MORE, "rebuild": True}, config=_CHANGED),
    Scene("stopped", {"name": "vg-unit", "state": "stopped", "force": True}),
    Scene("check-absent", {"name": "vg-unit", "state": "absent"}, check=True),
    Scene("absent", {"name": "vg-unit", "state": "absent"}),
    Scene("absent-again", {"name": "vg-unit", "state": "absent"}),
    Scene("start-fails", {**_GUEST, "virt_type": "kvm"}, fails=True),
    Scene("network-absent", {"name": "vg-unit", "state": "absent"}, module="network"),
    Scene("network-absent-again", {"name": "vg-unit", "state": "absent"}, module="network"),
)
