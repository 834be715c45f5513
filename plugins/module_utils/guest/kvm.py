# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether KVM really works: by running something on it, not by looking at /dev/kvm.

A /dev/kvm that opens and makes virtual machines can still be useless: QEMU dies on the first registers it sets, or
every instruction is emulated and a kernel needs minutes for its first line. Both were seen inside other virtual
machines. So a boot sector is run that does what a kernel does first, and some work, within a time limit.
"""

from __future__ import annotations

import hashlib
import posixpath

from ..errors import CommandError, FleetError
from ..node import Node, last_line
from . import parse
from .model import MIB
from .virsh import Virsh

TIME_LIMIT = 5.0
"""Seconds. With emulation instead of KVM the same probe takes 0.2 s on a slow machine."""

PASSED = 0x10 << 1 | 1
"""What QEMU's isa-debug-exit device makes of the 0x10 that the probe writes to it."""

_CODE = (
    # 16 bit, loaded by the BIOS at 0x7c00: segments at 0, no interrupts.
    "fa"  # cli
    "31c0"  # xor ax, ax
    "8ed8"  # mov ds, ax
    "8ec0"  # mov es, ax
    # Page tables at 0x1000, 0x2000 and 0x3000, zeroed first: one page of 2 MiB, mapped to itself.
    "bf0010"  # mov di, 0x1000
    "b90018"  # mov cx, 0x1800
    "f3ab"  # rep stosw
    "c70600100320"  # mov word [0x1000], 0x2003
    "c70600200330"  # mov word [0x2000], 0x3003
    "c70600308300"  # mov word [0x3000], 0x0083
    "66b800100000"  # mov eax, 0x1000
    "0f22d8"  # mov cr3, eax
    # To long mode: physical address extension, the long mode bit of the EFER register, protection and paging.
    "b020"  # mov al, 0x20
    "0f20e3"  # mov ebx, cr4
    "08c3"  # or bl, al
    "0f22e3"  # mov cr4, ebx
    "66b9800000c0"  # mov ecx, 0xc0000080
    "0f32"  # rdmsr
    "80cc01"  # or ah, 1
    "0f30"  # wrmsr
    "0f20c0"  # mov eax, cr0
    "660d01000080"  # or eax, 0x80000001
    "0f22c0"  # mov cr0, eax
    "0f01166e7c"  # lgdt [0x7c6e]
    "ea577c0800"  # jmp 8:0x7c57
    # 64 bit: 67 million writes to memory. KVM that emulates every instruction does not get far in the time limit.
    "b900000004"  # mov ecx, 0x4000000
    "890c2500500000"  # mov [0x5000], ecx
    "ffc9"  # dec ecx
    "75f5"  # jnz back to the write
    "b010"  # mov al, 0x10
    "e6f4"  # out 0xf4, al: QEMU ends
    "f4"  # hlt
    "ebfd"  # jmp back to the hlt
    # The descriptor table at 0x7c74: none, and 64-bit code.
    "0f00747c0000"  # its limit and address
    "0000000000000000"
    "00000000009a2000"
)

BOOT_DISK = (bytes.fromhex(_CODE).ljust(510, b"\0") + b"\x55\xaa").ljust(MIB, b"\0")
"""A whole disk: the BIOS does not boot from one with less than a cylinder."""


def why_not(client: Virsh, arch: str, cpu: str | None) -> str | None:
    """None when guests of an architecture run on KVM here, else the reason why not.

    On x86_64 the boot sector has to finish in time, with the CPU that the guest would get. On other architectures
    QEMU has to set up a virtual machine with a processor; no guest code is run.

    :raises FleetError: the folder for the probe cannot be made.
    """
    node = client.node
    try:
        capabilities = client.ask("domcapabilities", "--virttype", "kvm", "--arch", arch)
    except CommandError as exc:
        return f"libvirt offers no KVM here: {last_line(exc.stderr)}"
    if client.uri == "qemu:///system" and _only_for_root(node):
        return "/dev/kvm is only for root, and QEMU runs as another user (chgrp kvm /dev/kvm; chmod 660 /dev/kvm)"
    emulator = parse.element(capabilities).findtext("path", "")
    model = "host" if cpu in (None, "host-passthrough", "host-model", "maximum") else str(cpu)
    return _boots(node, emulator, model) if arch == "x86_64" else _starts(node, emulator, model)


def argv(emulator: str, accel: str, cpu: str, disk: str) -> tuple[str, ...]:
    """How QEMU runs the boot sector.

    :arg accel: kvm, or tcg to see that the probe itself can pass.
    """
    return (
        emulator,
        *("-no-user-config", "-nodefaults", "-display", "none", "-no-reboot"),
        *("-machine", f"q35,accel={accel}", "-cpu", cpu, "-m", "64"),
        *("-drive", f"if=none,id=probe,format=raw,readonly=on,file={disk}"),
        *("-device", "virtio-blk-pci,drive=probe", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"),
    )


def is_news(node: Node, obstacle: str) -> bool:
    """Whether an obstacle has not been seen on this host since it started; it is noted."""
    path = posixpath.join(_folder(node), "kvm-obstacle")
    noted = node.read([path])[path]
    if noted and noted.content.decode(errors="replace") == obstacle:
        return False
    node.write(path, obstacle.encode(), mode=0o600)
    return True


def _only_for_root(node: Node) -> bool:
    done = node.run(("stat", "--format=%a", "/dev/kvm"), ok=(0, 1))
    return done.rc == 0 and not int(done.stdout, 8) & 0o066


def _boots(node: Node, emulator: str, cpu: str) -> str | None:
    folder = _folder(node)
    verdict = posixpath.join(folder, f"kvm-too-slow-{_key(node, emulator, cpu)}")
    if node.read([verdict])[verdict]:
        return _TOO_SLOW
    disk = posixpath.join(folder, "kvm-probe.img")
    # The content is always the same: tasks that do this at the same time do not disturb each other.
    node.write(disk, BOOT_DISK, mode=0o600)
    try:
        node.run(argv(emulator, "kvm", cpu, disk), ok=(PASSED,), timeout=TIME_LIMIT)
    except CommandError as exc:
        if exc.rc is not None:
            return f"QEMU fails on it: {last_line(exc.stderr)}"
        # The one answer that takes long is remembered. The others are as quick to get again, and so a repair shows.
        node.write(verdict, b"", mode=0o600)
        return _TOO_SLOW
    return None


_TOO_SLOW = f"a boot sector did not end within {TIME_LIMIT:g} seconds on it"


def _starts(node: Node, emulator: str, cpu: str) -> str | None:
    words = ("-no-user-config", "-nodefaults", "-display", "none", "-S", "-monitor", "stdio")
    try:
        node.run(
            (emulator, *words, "-machine", "accel=kvm", "-cpu", cpu, "-m", "64"), stdin=b"quit\n", timeout=TIME_LIMIT
        )
    except CommandError as exc:
        return f"QEMU fails on it: {last_line(exc.stderr) or exc.message}"
    return None


def _folder(node: Node) -> str:
    uid = node.run(("id", "-u")).stdout.strip()
    base = "/run" if uid == "0" else f"/run/user/{uid}"
    folder = posixpath.join(base, "evergreen.fleet")
    try:
        node.run(("mkdir", "-p", "-m", "0700", folder))
    except CommandError as exc:
        raise FleetError(f"virt_type: cannot try KVM, set kvm or qemu: {last_line(exc.stderr)}") from exc
    return folder


def _key(node: Node, emulator: str, cpu: str) -> str:
    boot_id = "/proc/sys/kernel/random/boot_id"
    boot = node.read([boot_id])[boot_id]
    facts = (
        boot.content.decode() if boot else "",
        node.run(("uname", "-r")).stdout,
        node.run((emulator, "--version")).stdout,
        cpu,
    )
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
