# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A root for the greenboot stand-ins of the lab guest: a real grubenv, and programs that note how they are called."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LAB_IMAGE = HERE.parents[2] / "roles" / "lab_image" / "files"
BOOTED = "b" * 64
STAGED = "5" * 64

# What a program does after its call was noted in /run/calls. /run/fake holds what it is to say.
FAKES = {
    "rpm-ostree": "",
    "reboot": "",
    "systemctl": '[ "$*" != "--quiet is-active boot-complete.target" ] || test -e /run/fake/complete',
    "systemd-detect-virt": "test -e /run/fake/container",
    "systemd-cat": 'shift; name=$1; shift; "$@" 2>&1 | sed "s/^/$name: /" >> /run/fake/said; exit ${PIPESTATUS[0]}',
    "journalctl": '[ ! -e "/run/fake/journal $*" ] || cat "/run/fake/journal $*"',
    "ostree": '[ "$*" != "admin status" ] || cat /run/fake/deployments',
}
QUIET = ("journalctl", "ostree", "systemd-detect-virt", "systemd-cat")


def missing() -> str:
    """What keeps these tests from running here, or an empty text."""
    for tool in ("dpkg-deb", "grub-editenv", "unshare"):
        if shutil.which(tool) is None:
            return f"there is no {tool} on this machine"
    if os.geteuid() != 0:
        return "a root of one's own needs root"
    probe = subprocess.run(
        ["unshare", "--mount", "sh", "-c", "mount -t overlay overlay -o lowerdir=/usr/lib:/usr/bin /mnt"],
        capture_output=True,
        check=False,
    )
    return "" if probe.returncode == 0 else "mounts are not permitted here"


def packages(generation: str, target: Path) -> Path:
    """What the packages of a generation install."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    subprocess.run([LAB_IMAGE / "make-greenboot", generation, target / "debs"], check=True)
    for package in (target / "debs").iterdir():
        subprocess.run(["dpkg-deb", "--extract", package, target / "tree"], check=True)
    return target / "tree"


class Root:
    """One boot of a node with greenboot on it."""

    def __init__(self, work: Path, tree: Path) -> None:
        self.root = work / "root"
        self.tree = tree
        self.fakes = work / "fakes"
        for folder in ("usr", "dev", "proc", "tmp", "boot/grub2", "boot/loader/entries", "run/fake", "run/motd.d"):
            (self.root / folder).mkdir(parents=True)
        for name in ("bin", "lib", "lib64", "sbin"):
            (self.root / name).symlink_to(f"usr/{name}")
        shutil.copytree(tree / "etc", self.root / "etc")
        (self.root / "boot/grub").symlink_to("grub2")
        for entry in ("1", "2"):
            self.write(f"boot/loader/entries/{entry}.conf", "")
        self.write("run/ostree-booted", "")
        self.write("run/fake/deployments", f"* lab {BOOTED}.0\n    origin: <unknown origin type>\n")
        subprocess.run(["grub-editenv", self.root / "boot/grub2/grubenv", "create"], check=True)
        for folder in ("usr/bin", "usr/sbin"):
            (self.fakes / folder).mkdir(parents=True)
        (self.fakes / "usr/bin/grub2-editenv").symlink_to("grub-editenv")
        for name, does in FAKES.items():
            note = "" if name in QUIET else f'echo "{name} $*" >> /run/calls\n'
            program = self.fakes / ("usr/sbin" if name == "reboot" else "usr/bin") / name
            program.write_text(f"#!/bin/bash\n{note}{does}\n")
            program.chmod(0o755)

    def write(self, name: str, content: str, mode: int = 0o644) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(mode)

    def read(self, name: str) -> str:
        path = self.root / name
        return path.read_text() if path.exists() else ""

    @property
    def calls(self) -> list[str]:
        return self.read("run/calls").splitlines()

    @property
    def grubenv(self) -> dict[str, str]:
        lines = self.editenv("list").splitlines()
        return dict(line.split("=", 1) for line in lines)

    @grubenv.setter
    def grubenv(self, values: dict[str, str]) -> None:
        self.editenv("create")
        for name, value in values.items():
            self.editenv("set", f"{name}={value}")

    def editenv(self, *argv: str) -> str:
        command = ["grub-editenv", str(self.root / "boot/grub2/grubenv"), *argv]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def call(self, program: str, *argv: str) -> tuple[int, list[str]]:
        """Run one of greenboot's programs; its exit code, and what it logged."""
        done = subprocess.run(
            [HERE / "greenboot-root", self.root, self.tree, self.fakes, f"/usr/libexec/greenboot/{program}", *argv],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout.splitlines()
