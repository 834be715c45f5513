# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts as a difference, and what would apply it."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.guest import drift
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.model import Disk, Guest, Nic

FOUND = Guest(
    name="edge1",
    image="/i/base.qcow2",
    directory="/d",
    vcpus=2,
    memory=2048,
    disk_size=10,
    disks=(Disk("/d/edge1-1.qcow2", 5), Disk("/dev/sdb")),
    networks=(Nic("network", "lab", "52:54:00:00:00:01"), Nic("bridge", "br0", "52:54:00:00:00:02")),
    ignition="aaa",
    platform="coreos",
    osinfo="fedora-coreos-stable",
    arch="x86_64",
    uefi=False,
    cpu="host-passthrough",
    disk_cache=None,
    virt_type="kvm",
    console_log="/log",
)
LAB = Nic("network", "lab")
BR0 = Nic("bridge", "br0")


def disks(*given: tuple[str, float | None]) -> tuple[Disk, ...]:
    return tuple(Disk(path, size) for path, size in given)


CASES: list[tuple[str, dict[str, t.Any], list[tuple[str, str]]]] = [
    ("nothing", {}, []),
    ("no MAC asked for", {"networks": (LAB, BR0)}, []),
    ("any CPU", {"cpu": None}, []),
    ("any architecture", {"arch": None}, []),
    ("KVM or not", {"virt_type": None}, []),
    ("whole and broken numbers", {"disk_size": 10.0}, []),
    ("more processors", {"vcpus": 4}, [("vcpus", "reconcile")]),
    ("fewer processors", {"vcpus": 1}, [("vcpus", "reconcile")]),
    ("memory", {"memory": 4096}, [("memory", "reconcile")]),
    ("a larger root disk", {"disk_size": 20}, [("disk_size", "reconcile")]),
    ("a smaller root disk", {"disk_size": 8}, [("disk_size", "none")]),
    ("Ignition", {"ignition": "bbb"}, [("ignition", "rebuild")]),
    ("no Ignition", {"ignition": ""}, [("ignition", "rebuild")]),
    ("image", {"image": "/i/next.qcow2"}, [("image", "rebuild")]),
    ("platform", {"platform": "flatcar"}, [("platform", "rebuild")]),
    ("architecture", {"arch": "aarch64"}, [("arch", "rebuild")]),
    ("CPU", {"cpu": "Nehalem"}, [("cpu", "reconcile")]),
    ("firmware", {"uefi": True}, [("uefi", "reconcile")]),
    ("cache", {"disk_cache": "unsafe"}, [("disk_cache", "reconcile")]),
    ("emulation", {"virt_type": "qemu"}, [("virt_type", "reconcile")]),
    ("other console log", {"console_log": "/other"}, [("console_log", "reconcile")]),
    ("no console log", {"console_log": ""}, [("console_log", "reconcile")]),
    ("osinfo", {"osinfo": "linux2022"}, [("osinfo", "reconcile")]),
    ("other MAC", {"networks": (replace(LAB, mac="52:54:00:00:00:09"), BR0)}, [("networks", "reconcile")]),
    ("same MAC", {"networks": (replace(LAB, mac="52:54:00:00:00:01"), BR0)}, []),
    ("one card less", {"networks": (LAB,)}, [("networks", "reconcile")]),
    ("other order of cards", {"networks": (BR0, LAB)}, [("networks", "reconcile")]),
    ("network of the same name as the bridge", {"networks": (LAB, Nic("network", "br0"))}, [("networks", "reconcile")]),
    ("no more disks", {"disks": ()}, [("disks", "reconcile")]),
    ("a larger disk", {"disks": disks(("/d/edge1-1.qcow2", 6), ("/dev/sdb", None))}, [("disks", "reconcile")]),
    ("a smaller disk", {"disks": disks(("/d/edge1-1.qcow2", 4), ("/dev/sdb", None))}, [("disks", "none")]),
    ("other given disk", {"disks": disks(("/d/edge1-1.qcow2", 5), ("/dev/sdc", None))}, [("disks", "reconcile")]),
    (
        "several",
        {"memory": 4096, "ignition": "bbb", "image": "/i/next.qcow2"},
        [("image", "rebuild"), ("ignition", "rebuild"), ("memory", "reconcile")],
    ),
]


@pytest.mark.parametrize(("changes", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_drift(changes: dict[str, t.Any], expected: list[tuple[str, str]]) -> None:
    drifts = drift.between(replace(FOUND, **changes), FOUND)
    assert [(entry.setting, entry.remedy) for entry in drifts] == expected


def test_a_root_disk_that_is_gone_needs_a_rebuild() -> None:
    drifts = drift.between(FOUND, replace(FOUND, disk_size=0))
    assert [(entry.setting, entry.remedy) for entry in drifts] == [("disk_size", "rebuild")]


def test_values_are_json_and_name_no_secret() -> None:
    wanted = replace(FOUND, ignition="b" * 64, disks=(), networks=(LAB,))
    reports = {entry.setting: entry.report() for entry in drift.between(wanted, FOUND)}
    assert reports["ignition"] == {"setting": "ignition", "wanted": "b" * 64, "found": "aaa", "remedy": "rebuild"}
    assert reports["networks"]["found"] == [
        "network lab (52:54:00:00:00:01)",
        "bridge br0 (52:54:00:00:00:02)",
    ]
    assert reports["disks"] == {
        "setting": "disks",
        "wanted": [],
        "found": ["/d/edge1-1.qcow2 (5 GiB)", "/dev/sdb"],
        "remedy": "reconcile",
    }


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({}, False),
        ({"memory": 4096}, True),
        ({"vcpus": 4}, True),
        ({"networks": (FOUND.networks[0],)}, True),
        ({"disks": ()}, True),
        ({"cpu": "maximum"}, True),
        ({"console_log": ""}, True),
        # What the mark says, and what grows while the guest runs.
        ({"ignition": "bbb", "image": "/other"}, False),
        ({"disk_size": 20}, False),
        ({"disks": disks(("/d/edge1-1.qcow2", 9), ("/dev/sdb", None))}, False),
    ],
)
def test_restart(changes: dict[str, t.Any], needed: bool) -> None:
    assert drift.needs_restart(FOUND, replace(FOUND, **changes)) is needed


def test_a_chosen_host_model_is_no_difference() -> None:
    live, defined = replace(FOUND, cpu="EPYC"), replace(FOUND, cpu="host-model")
    assert not drift.needs_restart(live, defined)
