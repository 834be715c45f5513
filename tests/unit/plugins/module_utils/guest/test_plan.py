# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what is wanted and what there is to what is done."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.guest import definition, parse, plan
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.model import (
    NONE,
    REBUILD,
    RECONCILE,
    Disk,
    Drift,
    Found,
    Guest,
    Image,
    Nic,
)
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.virsh import Virsh
from ansible_collections.evergreen.fleet.plugins.module_utils.outcome import Remove, Run, Step, Write

from .fakes import Answers, World

CLIENT = Virsh(Answers({}), "qemu:///system")
IMAGE = Image("/i/base.qcow2", "qcow2", 3)
SECRET = b'{"ignition":{"version":"3.4.0"},"secret":"s3cr3t"}'
GUEST = Guest(
    name="edge1",
    image="/i/base.qcow2",
    directory="/d",
    vcpus=2,
    memory=2048,
    disk_size=10,
    disks=(Disk("/d/edge1-1.qcow2", 5),),
    networks=(Nic("network", "lab", "52:54:00:00:00:01"),),
    ignition="abc",
    arch="x86_64",
    cpu="maximum",
    virt_type="qemu",
)
MARK = plan.mark(GUEST, complete=True)
FOUND = Found(GUEST, "uuid", "stopped", MARK, "/d/edge1-root.qcow2")
XML = "<domain><name>edge1</name><devices/></domain>"


def domain() -> definition.Domain:
    return parse.element(XML)


def short(steps: t.Sequence[Step]) -> list[str]:
    """The steps in a few words."""
    words = []
    for step in steps:
        report = step.report()
        if isinstance(step, Write):
            words.append(f"write {step.path}")
        elif isinstance(step, Remove):
            words.append(f"remove {step.path}")
        else:
            argv = [word for word in report["argv"] if word not in ("--quiet", "--connect", "qemu:///system", "-q")]
            words.append(" ".join(argv[:2] if argv[0] == "virsh" else [*argv[:2], argv[-2], argv[-1]]))
    return words


def power(force: bool = False) -> plan.Power:
    return plan.Power(CLIENT, World(), "edge1", 60, force)


@pytest.mark.parametrize(
    ("state", "wanted", "steps"),
    [
        ("stopped", "running", ["virsh start"]),
        ("running", "running", []),
        ("paused", "running", ["virsh resume"]),
        ("running", "stopped", ["virsh shutdown"]),
        ("paused", "stopped", ["virsh destroy"]),
        ("stopped", "stopped", []),
        ("running", "present", []),
        ("stopped", "present", []),
        ("paused", "present", []),
    ],
)
def test_power(state: str, wanted: str, steps: list[str]) -> None:
    assert short(power().reach(state, wanted)) == steps


def test_force_cuts_the_power() -> None:
    assert short(power(force=True).reach("running", "stopped")) == ["virsh destroy"]


def drifts(*remedies: str) -> list[Drift]:
    return [Drift("x", 1, 2, remedy) for remedy in remedies]


HALF_MADE = replace(FOUND, mark=replace(MARK, complete=False))


@pytest.mark.parametrize(
    ("found", "remedies", "rebuild", "reconcile", "action"),
    [
        (None, [], False, False, "create"),
        (None, [], True, True, "create"),
        (FOUND, [], True, True, "keep"),
        (FOUND, [RECONCILE, REBUILD, NONE], False, False, "keep"),
        (FOUND, [RECONCILE], True, False, "keep"),
        (FOUND, [REBUILD], False, True, "keep"),
        (FOUND, [NONE], True, True, "keep"),
        (FOUND, [RECONCILE], False, True, "redefine"),
        (FOUND, [REBUILD], True, False, "rebuild"),
        (FOUND, [REBUILD, RECONCILE], True, True, "rebuild"),
        (FOUND, [REBUILD, RECONCILE], False, True, "redefine"),
        (HALF_MADE, [], False, False, "rebuild"),
    ],
)
def test_action(found: Found | None, remedies: list[str], rebuild: bool, reconcile: bool, action: str) -> None:
    assert plan.action(found, drifts(*remedies), rebuild, reconcile) == action


ALL_FILES = ["write /d/edge1.ign", "write /d/edge1-root.qcow2", "qemu-img create /d/edge1-root.qcow2 10G"]
NEW_DISK = ["write /d/edge1-1.qcow2", "qemu-img create /d/edge1-1.qcow2 5G"]


@pytest.mark.parametrize(
    ("found", "existing", "steps"),
    [
        (None, set(), ["virsh define", *ALL_FILES, *NEW_DISK, "virsh metadata"]),
        (FOUND, set(MARK.files), ["virsh define", *ALL_FILES, "virsh metadata"]),
        (
            replace(FOUND, state="running"),
            set(MARK.files),
            ["virsh destroy", "virsh define", *ALL_FILES, "virsh metadata"],
        ),
        # Killed before the disk was made: it is attached, and there is nothing or an empty file.
        (HALF_MADE, {"/d/edge1-root.qcow2"}, ["virsh define", *ALL_FILES, *NEW_DISK, "virsh metadata"]),
        (
            replace(HALF_MADE, guest=replace(GUEST, disks=(Disk("/d/edge1-1.qcow2"),))),
            set(MARK.files),
            ["virsh define", *ALL_FILES, *NEW_DISK, "virsh metadata"],
        ),
        # Detached before: it may hold data.
        (
            replace(FOUND, guest=replace(GUEST, disks=())),
            set(MARK.files),
            ["virsh define", *ALL_FILES, "virsh metadata"],
        ),
    ],
    ids=["new", "again", "running", "half made", "half made disk", "detached disk"],
)
def test_making(found: Found | None, existing: set[str], steps: list[str]) -> None:
    assert short(plan.making(CLIENT, GUEST, domain(), IMAGE, SECRET, found, existing)) == steps


def test_the_mark_is_first_and_says_incomplete() -> None:
    steps = plan.making(CLIENT, GUEST, domain(), IMAGE, SECRET, None, ())
    first, last = steps[0], steps[-1]
    assert isinstance(first, Run)
    assert isinstance(last, Run)
    assert first.stdin is not None
    half_made = parse.guest(first.stdin.decode())
    assert half_made.half_made
    assert half_made.owned == GUEST.made_files
    assert 'complete="yes"' in last.argv[-1]


def test_nothing_of_the_ignition_config_is_told() -> None:
    steps = plan.making(CLIENT, GUEST, domain(), IMAGE, SECRET, None, ())
    assert "s3cr3t" not in str([step.report() for step in steps])
    handed_over = [step for step in steps if isinstance(step, Write) and step.path == "/d/edge1.ign"]
    assert [(step.content, step.mode) for step in handed_over] == [(SECRET, 0o600)]


def test_disks_are_for_their_owner_only() -> None:
    steps = plan.making(CLIENT, GUEST, domain(), IMAGE, b"", None, ())
    assert {step.path: step.mode for step in steps if isinstance(step, Write)} == dict.fromkeys(
        ("/d/edge1.ign", "/d/edge1-root.qcow2", "/d/edge1-1.qcow2"), 0o600
    )


def test_an_ignition_config_that_is_not_wanted_any_more() -> None:
    guest = replace(GUEST, ignition="", disks=())
    assert "remove /d/edge1.ign" in short(plan.making(CLIENT, guest, domain(), IMAGE, b"", FOUND, MARK.files))


def test_growing_while_it_runs() -> None:
    wanted = replace(GUEST, disk_size=20, disks=(Disk("/d/edge1-1.qcow2", 8), Disk("/d/edge1-2.qcow2", 1)))
    running = replace(FOUND, state="running")
    steps = plan.redefining(CLIENT, wanted, domain(), running, set(MARK.files))
    assert short(steps) == [
        "virsh blockresize",
        "virsh blockresize",
        "virsh define",
        "write /d/edge1-2.qcow2",
        "qemu-img create /d/edge1-2.qcow2 1G",
    ]
    assert [step.argv[-2:] for step in steps[:2] if isinstance(step, Run)] == [
        ("/d/edge1-root.qcow2", "20G"),
        ("/d/edge1-1.qcow2", "8G"),
    ]


def test_growing_while_it_is_off() -> None:
    steps = plan.redefining(CLIENT, replace(GUEST, disk_size=20), domain(), FOUND, set(MARK.files))
    assert short(steps) == ["qemu-img resize /d/edge1-root.qcow2 20G", "virsh define"]


def test_a_detached_disk_still_goes_with_the_guest() -> None:
    steps = plan.redefining(CLIENT, replace(GUEST, disks=()), domain(), FOUND, set(MARK.files))
    assert short(steps) == ["virsh define"]
    assert isinstance(steps[0], Run)
    assert steps[0].stdin is not None
    assert "/d/edge1-1.qcow2" in parse.guest(steps[0].stdin.decode()).owned


@pytest.mark.parametrize(
    ("found", "steps"),
    [
        (replace(FOUND, state="running"), ["virsh destroy", "virsh metadata"]),
        (FOUND, ["virsh metadata"]),
        (replace(FOUND, state="paused"), ["virsh destroy", "virsh metadata"]),
        # Killed while it was made or removed: it is marked already.
        (HALF_MADE, []),
    ],
)
def test_removing(found: Found, steps: list[str]) -> None:
    files = ["remove /d/edge1-root.qcow2", "remove /d/edge1-1.qcow2", "remove /d/edge1.ign"]
    assert short(plan.removing(CLIENT, found)) == [*steps, *files, "virsh undefine"]


def test_never_what_was_given() -> None:
    wanted = replace(GUEST, disks=(Disk("/data.img"), Disk("/d/edge1-2.qcow2", 1)))
    found = replace(FOUND, guest=wanted, mark=plan.mark(wanted, complete=True))
    removed = [step.path for step in plan.removing(CLIENT, found) if isinstance(step, Remove)]
    assert removed == ["/d/edge1-root.qcow2", "/d/edge1-2.qcow2", "/d/edge1.ign"]


def test_what_only_a_rebuild_changes_stays() -> None:
    wanted = replace(
        GUEST,
        image="/i/next.qcow2",
        ignition="def",
        platform="flatcar",
        memory=4096,
        disk_size=8,
        networks=(Nic("network", "lab"), Nic("network", "more")),
        virt_type=None,
        cpu=None,
    )
    goal = plan.settled(wanted, FOUND)
    assert (goal.image, goal.ignition, goal.platform, goal.disk_size) == ("/i/base.qcow2", "abc", "coreos", 10)
    assert (goal.memory, goal.virt_type, goal.cpu) == (4096, "qemu", "maximum")
    assert goal.networks == (Nic("network", "lab", "52:54:00:00:00:01"), Nic("network", "more"))
