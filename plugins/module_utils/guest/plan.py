# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what is wanted and what there is to steps. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ..outcome import Remove, Step, Write
from ..outcome import Run as RunStep
from . import definition, parse
from .definition import Domain
from .model import PAUSED, REBUILD, RECONCILE, RUNNING, STOPPED, Drift, Found, Guest, Image, Mark
from .reach import PowerOff, World
from .virsh import Virsh

CREATE, REDEFINE, KEEP = "create", "redefine", "keep"


@dataclass(frozen=True)
class Power:
    """How a guest is started and stopped."""

    client: Virsh
    world: World
    name: str
    timeout: float
    force: bool

    def on(self) -> Step:
        return self.client.step("start the guest", "start", self.name)

    def off(self, force: bool = False) -> Step:
        if force or self.force:
            return self.client.step("cut the power of the guest", "destroy", self.name)
        return PowerOff(self.client, self.world, self.name, self.timeout, "shut the guest down")

    def reach(self, state: str, wanted: str) -> list[Step]:
        """The steps from one state to another."""
        if wanted == RUNNING and state == STOPPED:
            return [self.on()]
        if wanted == RUNNING and state == PAUSED:
            return [self.client.step("let the paused guest go on", "resume", self.name)]
        if wanted == STOPPED and state == PAUSED:
            # A paused guest does not hear the power button.
            return [self.off(force=True)]
        if wanted == STOPPED and state == RUNNING:
            return [self.off()]
        return []


def action(found: Found | None, drifts: t.Sequence[Drift], rebuild: bool, reconcile: bool) -> str:
    """What to do about the definition: create, rebuild, redefine or keep."""
    if found is None:
        return CREATE
    if found.half_made or (rebuild and any(drift.remedy == REBUILD for drift in drifts)):
        return REBUILD
    if reconcile and any(drift.remedy == RECONCILE for drift in drifts):
        return REDEFINE
    return KEEP


def settled(wanted: Guest, found: Found) -> Guest:
    """The wanted guest as an existing one can be: what only a rebuild changes stays, and so do its addresses."""
    there = found.guest
    macs = [nic.mac for nic in there.networks]
    return replace(
        with_macs(wanted, macs),
        image=there.image,
        ignition=there.ignition,
        platform=there.platform,
        arch=there.arch,
        virt_type=wanted.virt_type or there.virt_type,
        cpu=wanted.cpu or there.cpu,
        disk_size=max(wanted.disk_size, there.disk_size),
    )


def with_macs(wanted: Guest, macs: t.Sequence[str | None]) -> Guest:
    """The guest with the addresses that its network cards have already, where none are asked for."""
    padded = [*macs, *[None] * len(wanted.networks)]
    return replace(
        wanted,
        networks=tuple(replace(nic, mac=nic.mac or mac) for nic, mac in zip(wanted.networks, padded)),
    )


def mark(guest: Guest, complete: bool, more_files: t.Collection[str] = ()) -> Mark:
    """The mark of a guest. ``more_files`` are disks that it had before; they still go with it."""
    files = [*guest.made_files, *(path for path in more_files if path not in guest.made_files)]
    return Mark(complete, guest.image, guest.ignition, guest.platform, guest.osinfo, guest.directory, tuple(files))


def making(
    client: Virsh,
    guest: Guest,
    domain: Domain,
    image: Image,
    ignition: bytes,
    found: Found | None,
    existing: t.Collection[str],
) -> list[Step]:
    """The steps that make a guest, or make it anew.

    The mark is there before anything else and says incomplete until all is made: whatever a killed run leaves is
    known to belong to this guest. Disks beside the root disk that exist are kept, they may hold data.

    :arg existing: the files of the guest that are there.
    """
    owned = found.owned if found else ()
    steps: list[Step] = []
    if found and found.active:
        steps.append(client.step("cut the power of the guest", "destroy", guest.name))
    incomplete = definition.marked(domain, mark(guest, complete=False, more_files=owned))
    steps.append(client.step("define the guest", "define", "/dev/stdin", stdin=incomplete))
    if guest.ignition:
        steps.append(Write(guest.ignition_file, ignition, "hand over the Ignition config", mode=0o600))
    elif found and found.guest.ignition:
        steps.append(Remove(guest.ignition_file, "no Ignition config any more"))
    steps += _root_disk(guest, image)
    steps += _missing_disks(guest, found, existing)
    steps.append(_set_mark(client, guest.name, mark(guest, complete=True, more_files=owned), "complete"))
    return steps


def _set_mark(client: Virsh, name: str, new: Mark, what: str) -> Step:
    words = ("--config", "--uri", parse.MARK, "--key", "fleet", "--set", definition.mark_xml(new))
    return client.step(f"mark the guest as {what}", "metadata", name, *words)


def _root_disk(guest: Guest, image: Image) -> list[Step]:
    argv = (
        *("qemu-img", "create", "-q", "-f", "qcow2"),
        *("-F", image.format, "-b", image.path, guest.root_disk, f"{guest.disk_size:.0f}G"),
    )
    return [_private(guest.root_disk), RunStep(argv, "make the root disk on top of the image")]


def _missing_disks(guest: Guest, found: Found | None, existing: t.Collection[str]) -> list[Step]:
    """The steps that make the disks that are not there. One that is attached and has no size is half made."""
    sizes = {disk.path: disk.size for disk in found.guest.disks} if found else {}
    steps: list[Step] = []
    for disk in guest.disks:
        if disk.size is not None and not (disk.path in existing and sizes.get(disk.path, disk.size)):
            argv = ("qemu-img", "create", "-q", "-f", "qcow2", disk.path, f"{disk.size:.0f}G")
            steps += [_private(disk.path), RunStep(argv, "make a disk")]
    return steps


def _private(path: str) -> Step:
    # qemu-img keeps the permissions of a file that exists, and takes the umask for a new one.
    return Write(path, b"", "a disk can hold secrets: only for its owner", mode=0o600)


def redefining(client: Virsh, guest: Guest, domain: Domain, found: Found, existing: t.Collection[str]) -> list[Step]:
    """The steps that bring an existing guest to its wanted definition. A running one has it after its next start.

    :arg existing: the files of the guest that are there.
    """
    steps: list[Step] = []
    sizes = {found.guest.root_disk: found.guest.disk_size, **{disk.path: disk.size for disk in found.guest.disks}}
    for path, size in ((guest.root_disk, guest.disk_size), *((disk.path, disk.size) for disk in guest.disks)):
        there = sizes.get(path)
        if size is not None and there and size > there:
            steps.append(_grow(client, found, path, size))
    # The mark first: a new disk is known to belong to this guest before it is there.
    xml = definition.marked(domain, mark(guest, complete=True, more_files=found.owned))
    steps.append(client.step("redefine the guest", "define", "/dev/stdin", stdin=xml))
    return steps + _missing_disks(guest, found, existing)


def _grow(client: Virsh, found: Found, path: str, size: float) -> Step:
    why = f"grow {path}"
    if found.active:
        return client.step(why, "blockresize", found.guest.name, path, f"{size:.0f}G")
    return RunStep(("qemu-img", "resize", "-q", path, f"{size:.0f}G"), why)


def removing(client: Virsh, found: Found) -> list[Step]:
    """The steps that remove a guest and what was made for it. Its definition goes last: it says what that is."""
    name = found.guest.name
    steps: list[Step] = []
    if found.active:
        steps.append(client.step("cut the power of the guest", "destroy", name))
    if found.mark and found.mark.complete:
        steps.append(_set_mark(client, name, replace(found.mark, complete=False), "incomplete"))
    steps += [Remove(path, "made for this guest") for path in found.owned]
    flags = ("--nvram", "--managed-save", "--snapshots-metadata", "--checkpoints-metadata")
    steps.append(client.step("undefine the guest", "undefine", name, *flags))
    return steps
