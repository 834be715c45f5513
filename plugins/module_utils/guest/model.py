# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Guests: what is wanted, and what libvirt has. Pure data."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

MIB = 1024 * 1024
GIB = 1024 * MIB

RECONCILE, REBUILD, NONE = "reconcile", "rebuild", "none"
"""What brings a setting to its wanted value."""

RUNNING, PAUSED, STOPPED, ABSENT = "running", "paused", "stopped", "absent"


@dataclass(frozen=True)
class Disk:
    """A disk beside the root disk. ``size`` in GiB is set for one that the collection makes, None for a given file."""

    path: str
    size: float | None = None
    format: str = field(default="qcow2", compare=False)

    def __str__(self) -> str:
        return self.path if self.size is None else f"{self.path} ({self.size:g} GiB)"


@dataclass(frozen=True)
class Nic:
    """A network card. ``kind`` is network or bridge; ``mac`` None means any."""

    kind: str
    source: str
    mac: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.source}" + (f" ({self.mac})" if self.mac else "")


@dataclass(frozen=True)
class Guest:
    """A definition. None in a wanted one means: not asked for, whatever there is will do.

    ``memory`` is in MiB, ``disk_size`` (of the root disk) in GiB. ``ignition`` is the SHA-256 of the Ignition config,
    never its content; the empty string means none. ``console_log`` is the empty string for none.
    """

    name: str
    image: str
    directory: str
    vcpus: int
    memory: int
    disk_size: float
    disks: tuple[Disk, ...] = ()
    networks: tuple[Nic, ...] = ()
    ignition: str = ""
    platform: str = "coreos"
    osinfo: str = ""
    arch: str | None = None
    uefi: bool = False
    cpu: str | None = None
    disk_cache: str | None = None
    virt_type: str | None = None
    console_log: str = ""

    @property
    def root_disk(self) -> str:
        return f"{self.directory}/{self.name}-root.qcow2"

    @property
    def ignition_file(self) -> str:
        return f"{self.directory}/{self.name}.ign"

    @property
    def made_files(self) -> tuple[str, ...]:
        """Every file that the collection makes for this guest. They go when the guest goes."""
        ignition = (self.ignition_file,) if self.ignition else ()
        return (self.root_disk, *(disk.path for disk in self.disks if disk.size is not None), *ignition)

    def describe(self) -> dict[str, t.Any]:
        """The definition as JSON values, without secrets."""
        return {
            "name": self.name,
            "image": self.image,
            "directory": self.directory,
            "vcpus": self.vcpus,
            "memory": self.memory,
            "disk_size": self.disk_size,
            "disks": [str(disk) for disk in self.disks],
            "networks": [str(nic) for nic in self.networks],
            "ignition": self.ignition,
            "platform": self.platform,
            "osinfo": self.osinfo,
            "arch": self.arch,
            "uefi": self.uefi,
            "cpu": self.cpu,
            "disk_cache": self.disk_cache,
            "virt_type": self.virt_type,
            "console_log": self.console_log,
        }


@dataclass(frozen=True)
class Mark:
    """What the collection writes into the metadata of a guest that it makes.

    A guest without a mark is somebody else's. ``complete`` is False from the first define until everything exists:
    what a killed run leaves behind is told by it. ``files`` are those that go with the guest.
    """

    complete: bool
    image: str
    ignition: str
    platform: str
    osinfo: str
    directory: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """A guest that libvirt knows. ``mark`` is None for one that the collection did not make.

    ``root`` is the path of its first disk, ``xml`` its whole definition.
    """

    guest: Guest
    uuid: str
    state: str
    mark: Mark | None
    root: str = ""
    xml: str = ""

    @property
    def active(self) -> bool:
        return self.state in (RUNNING, PAUSED)

    @property
    def owned(self) -> tuple[str, ...]:
        """The files that were made for it."""
        return self.mark.files if self.mark else ()

    @property
    def half_made(self) -> bool:
        """Whether the task that made it was killed."""
        return self.mark is not None and not self.mark.complete


@dataclass(frozen=True)
class Drift:
    """One setting that is not as wanted. ``remedy``: reconcile, rebuild, or none."""

    setting: str
    wanted: t.Any
    found: t.Any
    remedy: str

    @property
    def sentence(self) -> str:
        """The difference and what applies it."""
        if self.remedy == REBUILD:
            return (
                f"{self.setting} has changed; that takes effect only when the guest is rebuilt (rebuild: true), which"
                " throws its root disk away"
            )
        differs = f"{self.setting} is {self.found}, wanted is {self.wanted}"
        return f"{differs} (reconcile: true applies it)" if self.remedy == RECONCILE else f"{differs}; no disk shrinks"

    def report(self) -> dict[str, t.Any]:
        return {"setting": self.setting, "wanted": self.wanted, "found": self.found, "remedy": self.remedy}


@dataclass(frozen=True)
class Image:
    """A disk image as qemu-img sees it; ``size`` is its virtual size in GiB."""

    path: str
    format: str
    size: float
