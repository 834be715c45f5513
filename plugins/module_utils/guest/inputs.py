# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of virt_guest, checked before anything is touched."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import typing as t
from dataclasses import replace

from ..errors import CommandError, FleetError
from ..node import Node
from . import parse, virsh
from .model import RUNNING, Disk, Guest, Image, Nic
from .virsh import Virsh

LEAST_MEMORY = 1024
"""MiB. Fedora CoreOS is tested with 1 GiB (coreos/fedora-coreos-docs#181) and fails to boot with half of it
(coreos/fedora-coreos-tracker#1540)."""

_MAC = re.compile(r"[0-9a-f][02468ace](:[0-9a-f]{2}){5}")
_CPU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# The kernel's IFNAMSIZ is 16, with the end of the string.
BRIDGE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,14}")
_METAL = re.compile(r"(^|[-_.])metal(4k)?([-_.]|$)|^flatcar_production_image\b")
_COMPRESSED = (".xz", ".gz", ".bz2", ".zst")


def wanted(params: dict[str, t.Any]) -> Guest:
    """The guest that the options describe. Its Ignition config is not read yet.

    :raises FleetError: an option that cannot be, named.
    """
    name, directory = params["name"], params["directory"].rstrip("/")
    for option in ("image", "directory", "ignition", "console_log"):
        _check_path(option, params[option])
    if params["memory"] < LEAST_MEMORY:
        raise FleetError(
            f"memory: {params['memory']} MiB is too little, a node needs {LEAST_MEMORY} MiB or more to boot"
        )
    if params["vcpus"] < 1:
        raise FleetError(f"vcpus: a guest needs 1 or more, not {params['vcpus']}")
    if params["cpu"] is not None and not _CPU.fullmatch(params["cpu"]):
        raise FleetError(f"cpu: {params['cpu']!r} is no processor model; features cannot be added to one here")
    if params["wait_timeout"] < 1:
        raise FleetError(f"wait_timeout: {params['wait_timeout']} seconds is no time to wait, give 1 or more")
    if not 1 <= params["ssh_port"] <= 65535:
        raise FleetError(f"ssh_port: {params['ssh_port']} is no port, give 1 to 65535")
    if params["state"] == RUNNING and params["wait"] != "none" and not params["networks"] and not params["address"]:
        raise FleetError("wait: a guest without networks never answers, set wait to none")
    return Guest(
        name=name,
        image=params["image"],
        directory=directory,
        vcpus=params["vcpus"],
        memory=params["memory"],
        disk_size=params["disk_size"],
        disks=tuple(_disk(name, directory, index, disk) for index, disk in enumerate(params["disks"], start=1)),
        networks=tuple(_nic(index, nic) for index, nic in enumerate(params["networks"])),
        platform=params["platform"],
        osinfo=params["osinfo"],
        arch=params["arch"],
        uefi=params["uefi"],
        cpu=params["cpu"],
        disk_cache=params["disk_cache"],
        virt_type=None if params["virt_type"] == "auto" else params["virt_type"],
        console_log=params["console_log"] or "",
    )


def _check_path(option: str, path: str | None) -> None:
    # A comma would start another option of virt-install and QEMU.
    if path is not None and (not path.startswith("/") or "," in path):
        raise FleetError(f"{option}: {path} has to be an absolute path without a comma")


def _disk(name: str, directory: str, index: int, disk: dict[str, t.Any]) -> Disk:
    option = f"disks[{index - 1}]"
    if (disk["size"] is None) == (disk["path"] is None):
        raise FleetError(f"{option}: give either size or path")
    if disk["path"] is not None:
        _check_path(f"{option}.path", disk["path"])
        return Disk(disk["path"])
    if disk["size"] < 1:
        raise FleetError(f"{option}.size: {disk['size']} GiB is too little, give 1 or more")
    return Disk(f"{directory}/{name}-{index}.qcow2", disk["size"])


def _nic(index: int, nic: dict[str, t.Any]) -> Nic:
    option = f"networks[{index}]"
    if (nic["network"] is None) == (nic["bridge"] is None):
        raise FleetError(f"{option}: give either network or bridge")
    mac = nic["mac"].lower() if nic["mac"] else None
    if mac and not _MAC.fullmatch(mac):
        raise FleetError(f"{option}.mac: {nic['mac']} is no address of one network card, such as 52:54:00:12:34:56")
    kind = "network" if nic["network"] is not None else "bridge"
    if kind == "bridge" and not BRIDGE.fullmatch(nic["bridge"]):
        raise FleetError(f"{option}.bridge: {nic['bridge']} cannot be the name of an interface")
    return Nic(kind, nic[kind], mac)


def ignition(node: Node, path: str | None) -> tuple[str, bytes]:
    """The SHA-256 and the content of an Ignition config; both empty without one.

    :raises FleetError: it is missing, or no Ignition config.
    """
    if path is None:
        return "", b""
    file = node.read([path])[path]
    if file is None:
        raise FleetError(f"ignition: there is no file {path} on the hypervisor")
    try:
        config = json.loads(file.content)
    except ValueError as exc:
        raise FleetError(f"ignition: {path} is not JSON; Butane has to be translated first (module butane)") from exc
    if (
        not isinstance(config, dict)
        or not isinstance(config.get("ignition"), dict)
        or "version" not in config["ignition"]
    ):
        raise FleetError(f"ignition: {path} is no Ignition config, it has no ignition.version")
    return hashlib.sha256(file.content).hexdigest(), file.content


def image(node: Node, guest: Guest, known: bool = False) -> Image:
    """The backing image, if guests can be made from it.

    :arg known: the guest has been made from it before, so its content is not searched again.
    :raises FleetError: it is missing, no disk image, for bare metal, or larger than the wanted disk.
    """
    name = posixpath.basename(guest.image)
    if name.endswith(_COMPRESSED):
        raise FleetError(f"image: {guest.image} is compressed, unpack it first")
    found = info(node, "image", guest.image)
    if _METAL.search(name) or (found.format == "raw" and not known and _says_metal(node, guest.image)):
        raise FleetError(
            f"image: {guest.image} is an image for bare metal, it would silently ignore the Ignition config; take"
            " the one for qemu"
        )
    if guest.disk_size < found.size:
        raise FleetError(
            f"disk_size: {guest.disk_size:g} GiB is too little, the image {guest.image} has {found.size:g} GiB"
        )
    return found


def info(node: Node, option: str, path: str) -> Image:
    """What qemu-img says about a disk image.

    :raises FleetError: it is missing, or neither qcow2 nor raw with a partition table.
    """
    argv = ("qemu-img", "info", "--force-share", "--output=json", path)
    try:
        found = parse.image(path, virsh.call(node, argv).stdout)
    except CommandError as exc:
        if node.run(("test", "-e", path), ok=(0, 1)).rc:
            raise FleetError(f"{option}: there is no file {path} on the hypervisor") from exc
        raise FleetError(f"{option}: qemu-img cannot read {path}: {virsh.reason(exc)}") from exc
    if found.format not in ("qcow2", "raw"):
        raise FleetError(f"{option}: {path} is a {found.format} image, take qcow2 or raw")
    return found


def _says_metal(node: Node, path: str) -> bool:
    """Whether a raw image is no system image or boots with the platform metal.

    To qemu-img every file is a raw image. The boot entries of an image name its platform in plain text.
    """
    if "EFI PART" not in node.run(("head", "--bytes=1024", path)).stdout:
        raise FleetError(f"image: {path} is no disk image, it is not qcow2 and has no GPT partition table")
    search = ("grep", "--quiet", "--text", "--null-data", "--fixed-strings", "ignition.platform.id=metal", path)
    return node.run(search, ok=(0, 1)).rc == 0


def disks(node: Node, guest: Guest) -> Guest:
    """The guest with the format of every given disk.

    :raises FleetError: one that is missing or no disk image.
    """
    return replace(
        guest,
        disks=tuple(
            disk
            if disk.size is not None
            else replace(disk, format=info(node, f"disks[{index}].path", disk.path).format)
            for index, disk in enumerate(guest.disks)
        ),
    )


def networks(client: Virsh, guest: Guest) -> None:
    """
    :raises FleetError: a network that libvirt does not have or that is not active, or no such bridge.
    """
    wanted_names = [nic.source for nic in guest.networks if nic.kind == "network"]
    if wanted_names:
        known, active = client.names("net-list", "--all"), client.names("net-list")
        for name in wanted_names:
            if name not in known:
                raise FleetError(f"networks: libvirt has no network {name}, it has {', '.join(known) or 'none'}")
            if name not in active:
                raise FleetError(f"networks: the network {name} is not active ('virsh net-start {name}' starts it)")
    for nic in guest.networks:
        sign = f"/sys/class/net/{nic.source}/bridge/bridge_id"
        if nic.kind == "bridge" and client.node.read([sign])[sign] is None:
            raise FleetError(f"networks: there is no bridge {nic.source} on the hypervisor")


def existing_files(node: Node, guest: Guest, owned: t.Collection[str]) -> frozenset[str]:
    """Those of the files that are made for a guest that are there already.

    :arg owned: files that belong to the guest.
    :raises FleetError: one exists that belongs to nobody we know, or the folder for them does not.
    """
    if node.run(("test", "-d", guest.directory), ok=(0, 1)).rc:
        raise FleetError(f"directory: there is no folder {guest.directory} on the hypervisor")
    there = node.run(("stat", "--format=%n", *guest.made_files), ok=(0, 1)).stdout.splitlines()
    taken = [path for path in there if path not in owned]
    if taken:
        raise FleetError(
            f"directory: {', '.join(taken)} exists and belongs to no guest of this collection; move it away"
        )
    return frozenset(there)
