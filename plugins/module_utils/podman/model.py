# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of a set: units, drop-ins, files beside them, secrets. Their names, and what they are called in systemd."""

from __future__ import annotations

from dataclasses import dataclass, field

from .keys import FILE_TYPES
from .unitfile import UnitFile

STARTED = "started"
STOPPED = "stopped"
NONE = "none"

PLAIN_TYPES = ("socket", "service", "timer", "path", "target")

# What the generator puts between the name of a file and ".service".
_SUFFIXES = {"container": "", "kube": ""}


@dataclass(frozen=True)
class Unit:
    """A Quadlet file or a plain unit of systemd. ``state`` is what the user asked for, None when nothing."""

    name: str
    content: str
    file: UnitFile
    state: str | None = None

    @property
    def stem(self) -> str:
        return self.name.rpartition(".")[0]

    @property
    def type(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def quadlet(self) -> bool:
        return self.type in FILE_TYPES

    @property
    def group(self) -> str:
        """The section that is the file type's own."""
        return self.type.capitalize()

    @property
    def service(self) -> str:
        """The name of the unit that systemd knows."""
        if not self.quadlet:
            return self.name
        base = self.file.value(self.group, "ServiceName") or self.stem + _SUFFIXES.get(self.type, f"-{self.type}")
        return f"{base}.service"

    @property
    def template(self) -> bool:
        return "@." in self.service

    @property
    def runs_as(self) -> str | None:
        """The unit to start; of a template its default instance, when it has one."""
        if not self.template:
            return self.service
        instance = self.file.value("Install", "DefaultInstance")
        return self.service.replace("@.", f"@{instance}.") if instance else None

    @property
    def pattern(self) -> str:
        """What systemctl finds it by, with all instances of a template."""
        return self.service.replace("@.", "@*.")

    @property
    def installed(self) -> bool:
        """Whether something pulls it in at boot."""
        return any(entry.section == "Install" and entry.value for entry in self.file.entries)

    @property
    def goal(self) -> str:
        """Without a word of the user's: what starts at boot is to run now too."""
        if self.state is not None:
            return self.state
        return STARTED if self.installed and self.runs_as else NONE


@dataclass(frozen=True)
class DropIn:
    """``unit`` is the name of the Quadlet file or of the unit of systemd that it changes."""

    unit: str
    name: str
    content: str

    @property
    def of_quadlet(self) -> bool:
        return self.unit.rpartition(".")[2] in FILE_TYPES


@dataclass(frozen=True)
class MountedFile:
    """``path`` is absolute, begins with ``%h/``, or is relative to the folder of the Quadlet files."""

    path: str
    content: str
    mode: int


@dataclass(frozen=True)
class Secret:
    name: str
    value: str = field(repr=False)
