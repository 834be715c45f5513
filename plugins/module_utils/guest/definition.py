# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The domain XML of a guest: virt-install makes it, we add the disks and our mark."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from ..errors import CommandError, FleetError
from ..node import Node
from . import parse, virsh
from .model import Guest, Mark, Nic
from .virsh import Virsh

ET.register_namespace("libosinfo", "http://libosinfo.org/xmlns/libvirt/domain/1.0")

# These have no fw_cfg that Ignition reads: the config comes as a disk (Fedora CoreOS documentation).
_WITHOUT_FW_CFG = ("s390x", "ppc64le")

Domain = ET.Element
"""A domain definition."""

_CPU_MODES = ("host-passthrough", "host-model", "maximum")


def host_arch(node: Node) -> str:
    """The architecture of the hypervisor, which libvirt calls as the kernel does."""
    return node.run(("uname", "-m")).stdout.strip()


def default_cpu(virt_type: str | None, arch: str | None) -> str | None:
    """The CPU of a guest that asks for none; None leaves it to virt-install.

    A Debian guest boots faster with all that emulation has than with an older model.
    """
    if virt_type is None or arch not in ("x86_64", "aarch64"):
        return None
    return "host-passthrough" if virt_type == "kvm" else "maximum"


def argv(guest: Guest, uri: str, check_mac: bool = True) -> tuple[str, ...]:
    """How virt-install is called.

    It gets no disks: for each one it would define a storage pool on the host, even when it only prints XML.

    :arg guest: with its architecture.
    :arg check_mac: False for a guest that exists already, whose own addresses would count as taken.
    """
    arch = str(guest.arch)
    words = [
        "virt-install",
        *("--connect", uri),
        *("--name", guest.name),
        *("--virt-type", guest.virt_type or "qemu"),
        *("--arch", arch),
        *("--vcpus", str(guest.vcpus)),
        *("--memory", str(guest.memory)),
        *("--osinfo", guest.osinfo),
        "--import",
        "--noautoconsole",
        *("--graphics", "none"),
        *("--disk", "none"),
    ]
    for nic in guest.networks:
        words += ["--network", _network(nic)]
    if not guest.networks:
        words += ["--network", "none"]
    if guest.cpu:
        words += ["--cpu", f"mode={guest.cpu}" if guest.cpu in _CPU_MODES else guest.cpu]
    if guest.uefi:
        words += ["--boot", "uefi"]
    if guest.ignition and arch not in _WITHOUT_FW_CFG:
        entry = f"entry0.name={parse.PLATFORMS[guest.platform]},entry0.file={guest.ignition_file}"
        words += ["--sysinfo", f"type=fwcfg,{entry}"]
    if guest.console_log:
        kind = "--console" if arch == "s390x" else "--serial"
        words += [kind, f"pty,log.file={guest.console_log},log.append=on"]
    if not check_mac:
        words += ["--check", "mac_in_use=off"]
    return (*words, "--print-xml")


def _network(nic: Nic) -> str:
    return f"{nic.kind}={nic.source}" + (f",mac.address={nic.mac}" if nic.mac else "")


def domain_xml(client: Virsh, guest: Guest, uuid: str | None = None) -> Domain:
    """What virt-install makes of a guest, with its disks. It still has no mark.

    :arg uuid: of the guest that it replaces.
    :raises FleetError: virt-install refuses it.
    """
    try:
        printed = virsh.call(client.node, argv(guest, client.uri, check_mac=uuid is None)).stdout
    except CommandError as exc:
        raise FleetError(_refusal(client, guest, exc), **exc.details) from exc
    domain = parse.element(printed)
    if uuid:
        _set(domain, "uuid", uuid)
    devices = domain.find("devices")
    if devices is None:
        raise FleetError("virt-install printed a guest without devices")
    disks = [_disk("qcow2", guest.root_disk, 0, guest.disk_cache)]
    for index, disk in enumerate(guest.disks, start=1):
        disks.append(_disk(disk.format, disk.path, index, guest.disk_cache))
    if guest.ignition and guest.arch in _WITHOUT_FW_CFG:
        disks.append(_ignition_disk(guest.ignition_file, len(disks)))
    # Behind the emulator, where libvirt's own definitions have them.
    for offset, made in enumerate(disks, start=1):
        devices.insert(offset, made)
    return domain


def _refusal(client: Virsh, guest: Guest, error: CommandError) -> str:
    try:
        names = client.node.run(("virt-install", "--osinfo", "list"), timeout=60).stdout
    except CommandError:
        names = guest.osinfo
    known = {name.strip() for line in names.splitlines() for name in line.split(",")}
    if guest.osinfo not in known:
        return f"osinfo: virt-install does not know {guest.osinfo}; 'virt-install --osinfo list' prints what it knows"
    if guest.arch != host_arch(client.node):
        return f"arch: virt-install refuses the guest: {virsh.reason(error)} (is QEMU for {guest.arch} installed?)"
    if guest.uefi:
        return f"uefi: virt-install refuses the guest: {virsh.reason(error)} (package ovmf or edk2-ovmf)"
    return f"virt-install refuses the guest {guest.name}: {virsh.reason(error)}"


def _set(parent: ET.Element, tag: str, text: str) -> None:
    child = parent.find(tag)
    if child is None:
        child = ET.SubElement(parent, tag)
    child.text = text


def _disk(kind: str, path: str, index: int, cache: str | None) -> ET.Element:
    block = path.startswith("/dev/")
    disk = ET.Element("disk", type="block" if block else "file", device="disk")
    driver = ET.SubElement(disk, "driver", name="qemu", type=kind, discard="unmap")
    if cache:
        driver.set("cache", cache)
    ET.SubElement(disk, "source", {"dev" if block else "file": path})
    ET.SubElement(disk, "target", dev=f"vd{chr(ord('a') + index)}", bus="virtio")
    return disk


def _ignition_disk(path: str, index: int) -> ET.Element:
    disk = ET.Element("disk", type="file", device="disk")
    ET.SubElement(disk, "driver", name="qemu", type="raw")
    ET.SubElement(disk, "source", file=path, startupPolicy="optional")
    ET.SubElement(disk, "target", dev=f"vd{chr(ord('a') + index)}", bus="virtio")
    ET.SubElement(disk, "serial").text = parse.IGNITION_SERIAL
    ET.SubElement(disk, "readonly")
    return disk


def mark_xml(mark: Mark) -> str:
    """The mark as ``virsh metadata`` wants it: without its namespace, which is given beside it."""
    return ET.tostring(_mark("guest", mark), encoding="unicode")


def _mark(tag: str, mark: Mark) -> ET.Element:
    root = ET.Element(
        tag,
        complete="yes" if mark.complete else "no",
        image=mark.image,
        ignition=mark.ignition,
        platform=mark.platform,
        osinfo=mark.osinfo,
        directory=mark.directory,
    )
    for path in mark.files:
        ET.SubElement(root, "file", path=path)
    return root


def marked(domain: Domain, mark: Mark) -> bytes:
    """The definition with the mark in it, as virsh define reads it."""
    metadata = domain.find("metadata")
    if metadata is None:
        metadata = ET.SubElement(domain, "metadata")
    tag = f"{{{parse.MARK}}}guest"
    for old in metadata.findall(tag):
        metadata.remove(old)
    metadata.append(_mark(tag, mark))
    return ET.tostring(domain)
