# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What units say of each other and of the world: references, ports, secrets, images, paths of the node."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .keys import FILE_TYPES
from .model import Unit

# Keys of which a value may name another Quadlet file, by section.
_REFERRING: t.Mapping[str, tuple[str, ...]] = {
    "Container": ("Volume", "Mount", "Network", "Pod", "Image"),
    "Pod": ("Volume", "Network"),
    "Kube": ("Network",),
    "Build": ("Volume", "Network"),
    "Volume": ("Image",),
}

# What is stopped or restarted together with the unit that it names.
_BINDING = ("Requires", "Requisite", "BindsTo", "PartOf")

# Keys whose values name files or folders of the node.
_MOUNTING: t.Mapping[str, tuple[str, ...]] = {
    "Container": ("Volume", "Mount", "EnvironmentFile", "SeccompProfile"),
    "Pod": ("Volume",),
    "Kube": ("Yaml", "ConfigMap"),
    "Build": ("File", "SetWorkingDirectory", "Volume", "Secret", "IgnoreFile"),
    "Image": ("AuthFile", "CertDir"),
    "Service": ("EnvironmentFile", "ExecStart", "ExecStartPre", "ExecStartPost", "ExecCondition", "LoadCredential"),
}


def references(unit: Unit) -> tuple[str, ...]:
    """The names of other Quadlet files in a Quadlet file."""
    found = []
    for value in unit.file.values(unit.group, *_REFERRING.get(unit.group, ())):
        for word in re.split(r"[:,]", value):
            name = word.partition("=")[2] if word.startswith(("source=", "src=")) else word
            if "/" not in name and name.rpartition(".")[2] in FILE_TYPES and name.rpartition(".")[0]:
                found.append(name)
    return tuple(dict.fromkeys(found))


def needed(unit: Unit, services: t.Mapping[str, str]) -> frozenset[str]:
    """The units of systemd that this one goes down with.

    :arg services: by the name of a Quadlet file, the unit that it becomes.
    """
    named = unit.file.words("Unit", *_BINDING)
    return frozenset([*named, *(services[name] for name in references(unit) if name in services)])


def triggered(unit: Unit) -> str | None:
    """The service that a socket starts."""
    if unit.type != "socket":
        return None
    return unit.file.value("Socket", "Service") or f"{unit.stem}.service"


@dataclass(frozen=True)
class Port:
    """A port of the node. ``address`` is empty for all addresses."""

    number: int
    protocol: str
    address: str = ""

    def collides(self, other: Port) -> bool:
        same = (self.number, self.protocol) == (other.number, other.protocol)
        return same and (self.address == other.address or not self.address or not other.address)

    def __str__(self) -> str:
        return f"{self.address + ':' if self.address else ''}{self.number}/{self.protocol}"


_ANY = ("", "0.0.0.0", "[::]", "::", "*")  # noqa: S104 - recognised, nothing is bound here
_PUBLISHED = re.compile(
    r"(?:(?P<address>\[[^\]]*\]|[^:\[\]]*):)?(?P<first>\d+)(?:-(?P<last>\d+))?:[\d-]+(?:/(?P<protocol>\w+))?"
)
_LISTENED = re.compile(r"(?:(?P<address>\[[^\]]*\]|[^:\[\]]+):)?(?P<number>\d+)")


def ports(unit: Unit) -> tuple[Port, ...]:
    """The ports of the node that a unit listens on, as far as it names them."""
    found = []
    for value in unit.file.values(unit.group, "PublishPort"):
        match = _PUBLISHED.fullmatch(value)
        if match:
            first, last = int(match["first"]), int(match["last"] or match["first"])
            numbers = range(first, last + 1)
            found += [Port(each, match["protocol"] or "tcp", _address(match["address"])) for each in numbers]
    for key, protocol in (("ListenStream", "tcp"), ("ListenDatagram", "udp")):
        for value in unit.file.values("Socket", key):
            match = _LISTENED.fullmatch(value)
            if match:
                found.append(Port(int(match["number"]), protocol, _address(match["address"])))
    return tuple(found)


def _address(address: str | None) -> str:
    return "" if address is None or address in _ANY else address


def secrets(unit: Unit) -> tuple[str, ...]:
    """The secrets of podman that a container is given."""
    return tuple(value.partition(",")[0].strip() for value in unit.file.values("Container", "Secret"))


def image(unit: Unit) -> str | None:
    """The image that a container or image unit needs from elsewhere, not the one that another unit brings."""
    name = unit.file.value(unit.group, "Image") if unit.type in ("container", "image") else None
    return None if name is None or name.endswith((".image", ".build")) else name


def mounts(unit: Unit, path: str) -> bool:
    """Whether a unit uses a file of the node: by its path, or by a folder that it is in."""
    for section, keys in _MOUNTING.items():
        for value in unit.file.values(section, *keys):
            for word in re.split(r"[\s:,=]+", value):
                used = word.lstrip("-+!@").rstrip("/")
                used = used[2:] if used.startswith("./") else used
                if used and (path == used or path.startswith(f"{used}/")):
                    return True
    return False
