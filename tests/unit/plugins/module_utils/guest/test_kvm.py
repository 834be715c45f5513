# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The KVM probe: that it can pass, and what is made of each way to fail."""

from __future__ import annotations

import pathlib
import shutil
import typing as t

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils import node as nodes
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import CommandError
from ansible_collections.evergreen.fleet.plugins.module_utils.guest import kvm
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.virsh import Virsh
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed, LocalNode

from .fakes import Answers

QEMU = "qemu-system-x86_64"
BOOT_ID = "/proc/sys/kernel/random/boot_id"

needs_qemu = pytest.mark.skipif(not shutil.which(QEMU), reason=f"{QEMU} is not installed")


@needs_qemu
@pytest.mark.parametrize("cpu", ["max", "qemu64"])
def test_the_probe_can_pass(cpu: str, tmp_path: pathlib.Path) -> None:
    disk = tmp_path / "probe.img"
    disk.write_bytes(kvm.BOOT_DISK)
    argv = kvm.argv(QEMU, "tcg", cpu, str(disk))
    assert LocalNode().run(argv, ok=(kvm.PASSED,), timeout=60).rc == kvm.PASSED


@needs_qemu
def test_the_probe_fails_without_its_last_steps(tmp_path: pathlib.Path) -> None:
    """A boot sector that stops before its work: nothing but the whole of it passes."""
    disk = tmp_path / "probe.img"
    long_mode = kvm.BOOT_DISK.index(bytes.fromhex("b900000004"))
    halt = b"\xf4\xeb\xfd"
    disk.write_bytes(kvm.BOOT_DISK[:long_mode] + halt + kvm.BOOT_DISK[long_mode + 3 :])
    with pytest.raises(CommandError, match="did not end within"):
        LocalNode().run(kvm.argv(QEMU, "tcg", "max", str(disk)), ok=(kvm.PASSED,), timeout=2)


def test_boot_sector() -> None:
    assert kvm.BOOT_DISK[510:512] == b"\x55\xaa"
    # The addresses in the code are those of the code: the 64-bit part and the pointer to the descriptor table.
    assert kvm.BOOT_DISK[0x57:0x5C] == bytes.fromhex("b900000004")
    assert kvm.BOOT_DISK[0x6E:0x74] == bytes.fromhex("0f00747c0000")
    assert not any(kvm.BOOT_DISK[0x84:510])


class Hypervisor(Answers):
    """One on which QEMU behaves in a given way under KVM."""

    def __init__(self, qemu: t.Any, **more: t.Any) -> None:
        answers = {
            "domcapabilities": "<domainCapabilities><path>/usr/bin/qemu</path></domainCapabilities>",
            "stat --format=%a": "660\n",
            "id -u": "0\n",
            "mkdir": "",
            "uname -r": "6.1.0\n",
            "--version": "QEMU emulator version 7.2\n",
        }
        super().__init__({**answers, **more}, {BOOT_ID: b"b1\n"})
        self.qemu = qemu
        self.probes: list[str] = []

    def run(self, argv: t.Sequence[str], ok: t.Collection[int] = (0,), **rest: t.Any) -> Completed:
        if argv[0] == "/usr/bin/qemu" and "--version" not in argv:
            self.probes.append(" ".join(argv))
            if isinstance(self.qemu, str):
                raise nodes.out_of_time(argv, 5, b"", self.qemu.encode(), node=self.name)
            rc, stderr = self.qemu
            return nodes.completed(argv, rc, b"", stderr, ok=ok, node=self.name)
        return super().run(argv, ok=ok, **rest)

    def why_not(self, arch: str = "x86_64", cpu: str | None = None, uri: str = "qemu:///system") -> str | None:
        return kvm.why_not(Virsh(self, uri), arch, cpu)


def test_kvm_works() -> None:
    node = Hypervisor((kvm.PASSED, b""))
    assert node.why_not() is None
    assert "accel=kvm -cpu host" in node.probes[0]
    assert node.written["/run/evergreen.fleet/kvm-probe.img"] == kvm.BOOT_DISK


@pytest.mark.parametrize(
    ("cpu", "model"),
    [(None, "host"), ("host-passthrough", "host"), ("host-model", "host"), ("maximum", "host"), ("EPYC", "EPYC")],
)
def test_with_the_processor_of_the_guest(cpu: str | None, model: str) -> None:
    node = Hypervisor((kvm.PASSED, b""))
    node.why_not(cpu=cpu)
    assert f"-cpu {model} " in node.probes[0]


@pytest.mark.parametrize("rc", [0, 1, 134])
def test_qemu_fails(rc: int) -> None:
    node = Hypervisor((rc, b"qemu: error: failed to set MSR 0x10a to 0x69\n"))
    assert node.why_not() == "QEMU fails on it: qemu: error: failed to set MSR 0x10a to 0x69"
    # It is tried again each time: the repair of a permission shows at once.
    node.why_not()
    assert len(node.probes) == 2


def test_too_slow_is_remembered() -> None:
    node = Hypervisor("")
    assert node.why_not() == "a boot sector did not end within 5 seconds on it"
    assert node.why_not() == "a boot sector did not end within 5 seconds on it"
    assert len(node.probes) == 1


@pytest.mark.parametrize(
    "change",
    [{"uname -r": "6.2.0\n"}, {"--version": "QEMU emulator version 8.0\n"}, {BOOT_ID: b"b2\n"}, {"cpu": "EPYC"}],
)
def test_tried_again_after_a_change(change: dict[str, t.Any]) -> None:
    node = Hypervisor("")
    node.why_not()
    cpu = change.pop("cpu", None)
    node.files.update({key: value for key, value in change.items() if key == BOOT_ID})
    node.programs.update(change)
    node.why_not(cpu=cpu)
    assert len(node.probes) == 2


def test_libvirt_has_no_kvm() -> None:
    node = Hypervisor((kvm.PASSED, b""), domcapabilities=(1, "error: KVM is not supported by '/usr/bin/qemu'\n"))
    assert node.why_not() == "libvirt offers no KVM here: error: KVM is not supported by '/usr/bin/qemu'"
    assert node.probes == []


@pytest.mark.parametrize(("mode", "works"), [("600", False), ("660", True), ("666", True), ("640", True)])
def test_device_that_only_root_can_use(mode: str, works: bool) -> None:
    node = Hypervisor((kvm.PASSED, b""), **{"stat --format=%a": f"{mode}\n"})
    assert (node.why_not() is None) is works
    # A guest of one's own runs as oneself.
    assert node.why_not(uri="qemu:///session") is None


def test_other_architectures_set_up_a_machine() -> None:
    node = Hypervisor((0, b""))
    assert node.why_not("aarch64") is None
    assert " -S " in node.probes[0]
    assert node.written == {}
    assert Hypervisor((1, b"no\n")).why_not("s390x") == "QEMU fails on it: no"


def test_as_another_user() -> None:
    node = Hypervisor((kvm.PASSED, b""), **{"id -u": "1000\n"})
    assert node.why_not() is None
    assert list(node.written) == ["/run/user/1000/evergreen.fleet/kvm-probe.img"]


def test_an_obstacle_is_news_once() -> None:
    node = Hypervisor("")
    assert kvm.is_news(node, "too slow")
    assert not kvm.is_news(node, "too slow")
    assert kvm.is_news(node, "something else")
