# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What libvirt and QEMU print, as data."""

from __future__ import annotations

import ipaddress
import json
import posixpath
import typing as t
import xml.etree.ElementTree as ET

from ..errors import FleetError
from .model import GIB, MIB, PAUSED, RUNNING, STOPPED, Disk, Found, Guest, Image, Mark, Nic

MARK = "urn:evergreen-fleet:guest:1"
"""The namespace of the collection's own element in the metadata of a guest."""

ET.register_namespace("fleet", MARK)

PLATFORMS = {"coreos": "opt/com.coreos/config", "flatcar": "opt/org.flatcar-linux/config"}
"""Where Ignition of each platform looks for its config in fw_cfg (Ignition and Flatcar documentation)."""

IGNITION_SERIAL = "ignition"
"""The serial of the disk that holds the Ignition config where there is no fw_cfg (Fedora CoreOS documentation)."""

# virDomainState in libvirt's public API. 4 (shutting down) still has its process.
_STATES = {1: RUNNING, 2: RUNNING, 3: PAUSED, 4: RUNNING, 5: STOPPED, 6: STOPPED, 7: PAUSED}

# virt-install writes sizes without a unit, libvirt with one; without one it is KiB (libvirt's domain format).
_UNITS = {"b": 1, "bytes": 1, "k": 1024, "KiB": 1024, "M": MIB, "MiB": MIB, "G": GIB, "GiB": GIB}


def element(text: str) -> ET.Element:
    """
    :raises FleetError: not XML.
    """
    try:
        return ET.fromstring(text)  # noqa: S314 - written by libvirt and virt-install
    except ET.ParseError as exc:
        raise FleetError(f"libvirt printed a definition that is not XML: {exc}") from exc


def states(text: str) -> dict[str, str]:
    """The state of every guest, from ``virsh domstats --state``."""
    found = {}
    name = ""
    for line in text.splitlines():
        key, _equals, value = line.strip().partition("=")
        if line.startswith("Domain: "):
            name = line[len("Domain: ") :].strip("'")
        elif key == "state.state":
            found[name] = _STATES.get(int(value), STOPPED)
    return found


def mark(domain: ET.Element) -> Mark | None:
    """The collection's mark; None when it has none."""
    found = domain.find(f"metadata/{{{MARK}}}guest")
    if found is None:
        return None
    return Mark(
        complete=found.get("complete") == "yes",
        image=found.get("image", ""),
        ignition=found.get("ignition", ""),
        platform=found.get("platform", "coreos"),
        osinfo=found.get("osinfo", ""),
        directory=found.get("directory", ""),
        files=tuple(file.get("path", "") for file in found),
    )


def guest(text: str, state: str = STOPPED, sizes: t.Mapping[str, float] | None = None) -> Found:
    """A guest from its domain XML.

    :arg sizes: the virtual sizes in GiB of the disks that the collection made, by path.
    """
    sizes = sizes or {}
    domain = element(text)
    made = mark(domain)
    disks = [disk for disk in domain.findall("devices/disk") if disk.get("device", "disk") == "disk"]
    paths = [_source(disk) for disk in disks if disk.findtext("serial") != IGNITION_SERIAL]
    root = paths[0] if paths else ""
    first = disks[0].find("driver") if disks else None
    os_type = domain.find("os/type")
    seen = Guest(
        name=domain.findtext("name", ""),
        image=made.image if made else "",
        directory=made.directory if made else posixpath.dirname(root),
        vcpus=int(domain.findtext("vcpu", "1")),
        memory=_size(domain.find("memory")) // MIB,
        disk_size=sizes.get(root, 0),
        disks=tuple(Disk(path, sizes.get(path)) for path in paths[1:]),
        networks=tuple(_nics(domain)),
        ignition=made.ignition if made else "",
        platform=_platform(domain) or (made.platform if made else "coreos"),
        osinfo=made.osinfo if made else "",
        arch=None if os_type is None else os_type.get("arch"),
        uefi=_uefi(domain),
        cpu=_cpu(domain.find("cpu")),
        disk_cache=None if first is None else first.get("cache"),
        virt_type=domain.get("type"),
        console_log=_console_log(domain),
    )
    return Found(guest=seen, uuid=domain.findtext("uuid", ""), state=state, mark=made, root=root, xml=text)


def _source(disk: ET.Element) -> str:
    source = disk.find("source")
    return "" if source is None else source.get("file") or source.get("dev") or source.get("name") or ""


def _size(size: ET.Element | None) -> int:
    return 0 if size is None else int(size.text or 0) * _UNITS[size.get("unit", "KiB")]


def _nics(domain: ET.Element) -> t.Iterator[Nic]:
    for interface in domain.findall("devices/interface"):
        kind = interface.get("type", "")
        source, mac = interface.find("source"), interface.find("mac")
        yield Nic(
            kind,
            "" if source is None else source.get(kind, ""),
            None if mac is None else mac.get("address"),
        )


def _platform(domain: ET.Element) -> str | None:
    names = {entry.get("name") for entry in domain.findall("sysinfo[@type='fwcfg']/entry")}
    return next((platform for platform, name in PLATFORMS.items() if name in names), None)


def _uefi(domain: ET.Element) -> bool:
    # Either libvirt chooses the firmware, or virt-install named the file.
    operating_system = domain.find("os")
    return operating_system is not None and (
        operating_system.get("firmware") == "efi" or operating_system.find("loader[@type='pflash']") is not None
    )


def _cpu(cpu: ET.Element | None) -> str | None:
    if cpu is None:
        return None
    return cpu.findtext("model") if cpu.get("mode", "custom") == "custom" else cpu.get("mode")


def _console_log(domain: ET.Element) -> str:
    for kind in ("serial", "console"):
        log = domain.find(f"devices/{kind}/log")
        if log is not None:
            return log.get("file", "")
    return ""


def image(path: str, text: str) -> Image:
    """A disk image, from ``qemu-img info --output=json``."""
    info = json.loads(text)
    return Image(path, info["format"], gib(info["virtual-size"]))


def gib(size: int) -> float:
    """Bytes as GiB, a whole number where it is one."""
    return size // GIB if size % GIB == 0 else size / GIB


def addresses(text: str) -> list[tuple[str, str]]:
    """MAC and IPv4 address of each row, from ``virsh --quiet domifaddr --full``."""
    rows = (line.split() for line in text.splitlines())
    return [
        (mac, str(ipaddress.ip_interface(address).ip))
        for _interface, mac, protocol, address in (row for row in rows if len(row) == 4)
        if protocol == "ipv4"
    ]


def neighbours(text: str) -> dict[str, str]:
    """The hardware address behind each IPv4 address that the host has spoken to, from ``ip -json -4 neighbour``."""
    return {row["dst"]: row["lladdr"] for row in json.loads(text or "[]") if "lladdr" in row}


def host_keys(text: str) -> list[str]:
    """Public keys without the host in front, sorted, from ``ssh-keyscan``."""
    rows = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return sorted(" ".join(row[1:3]) for row in rows if len(row) >= 3)
