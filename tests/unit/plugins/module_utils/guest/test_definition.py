# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How virt-install is called, and what becomes of the XML that it prints."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.guest import definition, drift, parse, plan
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.model import Disk, Guest, Nic
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.virsh import Virsh
from ansible_collections.evergreen.fleet.plugins.module_utils.node import LocalNode

from .fakes import Answers

GUEST = Guest(
    name="edge1",
    image="/i/base.qcow2",
    directory="/d",
    vcpus=2,
    memory=2048,
    disk_size=10,
    disks=(Disk("/d/edge1-1.qcow2", 5), Disk("/data/raw.img", format="raw")),
    networks=(Nic("network", "lab"), Nic("bridge", "br0", "52:54:00:00:00:02")),
    ignition="abc",
    osinfo="fedora-coreos-stable",
    arch="x86_64",
    cpu="host-passthrough",
    disk_cache="unsafe",
    virt_type="kvm",
)

FW_CFG = "type=fwcfg,entry0.name=opt/com.coreos/config,entry0.file=/d/edge1.ign"

# What changes, the words that are then there in this order, and words that are not.
CALLS: dict[str, tuple[dict[str, t.Any], list[str], list[str]]] = {
    "a node": ({}, ["--import", "--noautoconsole", "--graphics", "none", "--disk", "none"], ["--boot", "--check"]),
    "never with disks that make pools": ({}, ["--disk", "none"], ["path=/d/edge1-root.qcow2"]),
    "KVM": ({}, ["--virt-type", "kvm", "--arch", "x86_64"], []),
    "emulation": ({"virt_type": "qemu", "cpu": "maximum"}, ["--virt-type", "qemu"], []),
    "still open": ({"virt_type": None}, ["--virt-type", "qemu"], []),
    "size": ({}, ["--vcpus", "2", "--memory", "2048"], []),
    "system": ({"osinfo": "linux2022"}, ["--osinfo", "linux2022"], []),
    "networks": ({}, ["--network", "network=lab", "--network", "bridge=br0,mac.address=52:54:00:00:00:02"], []),
    "no networks": ({"networks": ()}, ["--network", "none"], []),
    "CPU mode": ({}, ["--cpu", "mode=host-passthrough"], []),
    "largest CPU": ({"cpu": "maximum"}, ["--cpu", "mode=maximum"], []),
    "CPU model": ({"cpu": "Nehalem"}, ["--cpu", "Nehalem"], []),
    "CPU of virt-install": ({"cpu": None}, [], ["--cpu"]),
    "UEFI": ({"uefi": True}, ["--boot", "uefi"], []),
    "Ignition": ({}, ["--sysinfo", FW_CFG], []),
    "Ignition on ARM": ({"arch": "aarch64"}, ["--sysinfo", FW_CFG], []),
    "Flatcar": (
        {"platform": "flatcar"},
        ["--sysinfo", "type=fwcfg,entry0.name=opt/org.flatcar-linux/config,entry0.file=/d/edge1.ign"],
        [],
    ),
    "no Ignition": ({"ignition": ""}, [], ["--sysinfo"]),
    "no fw_cfg on s390x": ({"arch": "s390x"}, ["--arch", "s390x"], ["--sysinfo"]),
    "no fw_cfg on ppc64le": ({"arch": "ppc64le"}, ["--arch", "ppc64le"], ["--sysinfo"]),
    "console log": ({"console_log": "/l"}, ["--serial", "pty,log.file=/l,log.append=on"], ["--console"]),
    "console log on s390x": (
        {"console_log": "/l", "arch": "s390x"},
        ["--console", "pty,log.file=/l,log.append=on"],
        ["--serial"],
    ),
}


@pytest.mark.parametrize("case", CALLS)
def test_call(case: str) -> None:
    changes, there, not_there = CALLS[case]
    argv = definition.argv(replace(GUEST, **changes), "qemu:///system")
    assert argv[:5] == ("virt-install", "--connect", "qemu:///system", "--name", "edge1")
    assert argv[-1] == "--print-xml"
    assert any(list(argv[start : start + len(there)]) == there for start in range(len(argv)))
    assert not set(not_there) & set(argv)


def test_addresses_of_the_guest_itself_are_not_taken() -> None:
    argv = definition.argv(GUEST, "qemu:///system", check_mac=False)
    assert argv[argv.index("--check") + 1] == "mac_in_use=off"


@pytest.mark.parametrize(
    ("virt_type", "arch", "cpu"),
    [
        ("kvm", "x86_64", "host-passthrough"),
        ("qemu", "x86_64", "maximum"),
        ("kvm", "aarch64", "host-passthrough"),
        ("qemu", "aarch64", "maximum"),
        ("kvm", "s390x", None),
        ("qemu", "ppc64le", None),
        (None, "x86_64", None),
    ],
)
def test_default_cpu(virt_type: str | None, arch: str, cpu: str | None) -> None:
    assert definition.default_cpu(virt_type, arch) == cpu


PRINTED = (
    "<domain type='kvm'><name>edge1</name><uuid>new</uuid><metadata><libosinfo:libosinfo"
    " xmlns:libosinfo='http://libosinfo.org/xmlns/libvirt/domain/1.0'/></metadata><memory>2097152</memory>"
    "<vcpu>2</vcpu><os><type arch='x86_64'>hvm</type></os>"
    "<devices><emulator>/usr/bin/qemu</emulator><console type='pty'/></devices></domain>"
)


def printed(guest: Guest, uuid: str | None = None) -> definition.Domain:
    return definition.domain_xml(Virsh(Answers({"virt-install": PRINTED}), "qemu:///system"), guest, uuid)


def test_disks() -> None:
    devices = printed(GUEST).find("devices")
    assert devices is not None
    assert [child.tag for child in devices] == ["emulator", "disk", "disk", "disk", "console"]
    found = [
        (disk.find("source").get("file"), disk.find("driver").attrib, disk.find("target").attrib)  # type: ignore[union-attr]
        for disk in devices.findall("disk")
    ]
    driver = {"name": "qemu", "discard": "unmap", "cache": "unsafe"}
    assert found == [
        ("/d/edge1-root.qcow2", {**driver, "type": "qcow2"}, {"dev": "vda", "bus": "virtio"}),
        ("/d/edge1-1.qcow2", {**driver, "type": "qcow2"}, {"dev": "vdb", "bus": "virtio"}),
        ("/data/raw.img", {**driver, "type": "raw"}, {"dev": "vdc", "bus": "virtio"}),
    ]


def test_a_block_device() -> None:
    guest = replace(GUEST, disks=(Disk("/dev/vg0/data", format="raw"),))
    disk = printed(guest).findall("devices/disk")[1]
    source = disk.find("source")
    assert source is not None
    assert (disk.get("type"), source.attrib) == ("block", {"dev": "/dev/vg0/data"})


@pytest.mark.parametrize("arch", ["s390x", "ppc64le"])
def test_ignition_as_a_disk(arch: str) -> None:
    guest = replace(GUEST, arch=arch, cpu=None, disks=())
    disk = printed(guest).findall("devices/disk")[-1]
    source = disk.find("source")
    assert source is not None
    assert source.attrib == {"file": "/d/edge1.ign", "startupPolicy": "optional"}
    assert disk.findtext("serial") == "ignition"
    assert disk.find("readonly") is not None
    # It is not one of the disks that are compared.
    assert parse.guest(definition.marked(printed(guest), plan.mark(guest, complete=True)).decode()).guest.disks == ()


def test_a_new_definition_keeps_the_identity() -> None:
    assert printed(GUEST, uuid="old").findtext("uuid") == "old"


def test_mark_survives_a_round_trip() -> None:
    made = plan.mark(GUEST, complete=True, more_files=["/d/edge1-2.qcow2", "/d/edge1.ign"])
    found = parse.guest(definition.marked(printed(GUEST), made).decode())
    assert found.mark == made
    assert found.owned == ("/d/edge1-root.qcow2", "/d/edge1-1.qcow2", "/d/edge1.ign", "/d/edge1-2.qcow2")


def test_a_second_mark_replaces_the_first() -> None:
    domain = printed(GUEST)
    definition.marked(domain, plan.mark(GUEST, complete=False))
    text = definition.marked(domain, plan.mark(GUEST, complete=True)).decode()
    assert text.count("<fleet:guest") == 1
    assert not parse.guest(text).half_made


REFUSALS = {
    "osinfo: virt-install does not know linux2099": (
        {"osinfo": "linux2099"},
        {"--osinfo list": "linux2022, generic\nfedora-coreos-stable\n"},
    ),
    "arch: virt-install refuses .*QEMU for aarch64": (
        {"arch": "aarch64"},
        {"--osinfo list": "fedora-coreos-stable\n", "uname": "x86_64\n"},
    ),
    "uefi: virt-install refuses .*package ovmf": (
        {"uefi": True},
        {"--osinfo list": "fedora-coreos-stable\n", "uname": "x86_64\n"},
    ),
    "virt-install refuses the guest edge1: Something": (
        {},
        {"--osinfo list": "fedora-coreos-stable\n", "uname": "x86_64\n"},
    ),
}


@pytest.mark.parametrize("sentence", REFUSALS)
def test_refusal(sentence: str) -> None:
    changes, answers = REFUSALS[sentence]
    node = Answers({**answers, "--print-xml": (1, "ERROR    Something is wrong\n")})
    with pytest.raises(FleetError, match=sentence):
        definition.domain_xml(Virsh(node, "qemu:///system"), replace(GUEST, **changes))


CAPABILITIES = """<capabilities>
  <host><cpu><arch>{arch}</arch></cpu></host>
  <guest><os_type>hvm</os_type><arch name="{arch}"><wordsize>64</wordsize><emulator>/usr/bin/qemu-system</emulator>
    <machine>{machine}</machine><domain type="qemu"/><domain type="kvm"/></arch></guest>
</capabilities>"""

DOMAIN_CAPABILITIES = """<domainCapabilities>
  <path>/usr/bin/qemu-system</path><domain>kvm</domain><machine>{machine}</machine><arch>{arch}</arch>
  <os supported="yes"><enum name="firmware"><value>efi</value></enum><loader supported="yes"/></os>
  <cpu><mode name="host-passthrough" supported="yes"/><mode name="maximum" supported="yes"/></cpu>
</domainCapabilities>"""


MACHINES: list[tuple[str, str, dict[str, t.Any]]] = [
    ("x86_64", "q35", {}),
    ("x86_64", "q35", {"virt_type": "qemu", "cpu": "maximum", "uefi": True, "console_log": "/log"}),
    ("x86_64", "q35", {"networks": (), "disks": (), "ignition": "", "cpu": "Nehalem"}),
    ("x86_64", "q35", {"disks": (Disk("/dev/vg0/data", format="raw"),)}),
    ("aarch64", "virt", {"uefi": True}),
    ("s390x", "s390-ccw-virtio", {"cpu": None, "console_log": "/log"}),
    ("ppc64le", "pseries", {"cpu": None}),
]

needs_virt_install = pytest.mark.skipif(not shutil.which("virt-install"), reason="virt-install is not installed")
needs_schema = pytest.mark.skipif(
    not (shutil.which("virt-xml-validate") and shutil.which("xmllint")),
    reason="virt-xml-validate or xmllint is not installed",
)


def really_printed(guest: Guest, machine: str, folder: pathlib.Path) -> bytes:
    """With libvirt's test driver, which needs no daemon, told to look like a hypervisor of that architecture."""
    for name, text in (("caps", CAPABILITIES), ("domcaps", DOMAIN_CAPABILITIES)):
        (folder / name).write_text(text.format(arch=guest.arch, machine=machine), encoding="utf-8")
    uri = f"test:///default,predictable,fakeuri=qemu:///system,caps={folder}/caps,domcaps={folder}/domcaps"
    domain = definition.domain_xml(Virsh(LocalNode(), f"__virtinst_test__{uri}"), guest)
    return definition.marked(domain, plan.mark(guest, complete=True))


@needs_virt_install
@pytest.mark.parametrize(("arch", "machine", "changes"), MACHINES)
def test_what_was_asked_for_never_drifts(
    arch: str, machine: str, changes: dict[str, t.Any], tmp_path: pathlib.Path
) -> None:
    guest = replace(GUEST, arch=arch, **changes)
    sizes = {guest.root_disk: 10, "/d/edge1-1.qcow2": 5}
    found = parse.guest(really_printed(guest, machine, tmp_path).decode(), sizes=sizes)
    assert drift.between(guest, found.guest) == []


@needs_virt_install
@needs_schema
@pytest.mark.parametrize(("arch", "machine", "changes"), MACHINES)
def test_schema(arch: str, machine: str, changes: dict[str, t.Any], tmp_path: pathlib.Path) -> None:
    file = tmp_path / "guest.xml"
    file.write_bytes(really_printed(replace(GUEST, arch=arch, **changes), machine, tmp_path))
    done = subprocess.run(("virt-xml-validate", str(file), "domain"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
