# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Domain XML that real virt-install made, and what virsh, qemu-img, ip and ssh-keyscan print."""

from __future__ import annotations

import pathlib
import posixpath

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.guest import parse
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.model import Disk, Nic

FIXTURES = pathlib.Path(__file__).parents[5].parent / "shared" / "fixtures" / "virt-install"

needs_fixtures = pytest.mark.skipif(not FIXTURES.is_dir(), reason=f"no recorded definitions in {FIXTURES}")

# arch, CPU, UEFI, root disk, network cards. fw_cfg shows only where virt-install wrote it as sysinfo.
DOCUMENTS = {
    "x86-qemucmdline.xml": ("x86_64", "host-passthrough", False, "x-overlay.qcow2", ["network default"]),
    "x86-flatcar-qemucmdline.xml": ("x86_64", "host-passthrough", False, "fcos.qcow2", []),
    "x86-sysinfo-fwcfg.xml": ("x86_64", "host-passthrough", False, "fcos.qcow2", ["bridge virbr0"]),
    "x86-uefi.xml": ("x86_64", "host-passthrough", True, "fcos.qcow2", []),
    "aarch64-qemucmdline.xml": ("aarch64", "host-passthrough", True, "fcos.qcow2", []),
    "s390x-serialdisk.xml": ("s390x", None, False, "fcos.qcow2", []),
    "ppc64le-serialdisk.xml": ("ppc64le", None, False, "fcos.qcow2", []),
}


@needs_fixtures
def test_every_document_has_expectations() -> None:
    assert {path.name for path in FIXTURES.glob("*.xml")} == set(DOCUMENTS)


@needs_fixtures
@pytest.mark.parametrize("name", DOCUMENTS)
def test_document(name: str) -> None:
    found = parse.guest((FIXTURES / name).read_text(encoding="utf-8"))
    guest = found.guest
    arch, cpu, uefi, root, networks = DOCUMENTS[name]
    assert (guest.name, guest.vcpus, guest.memory, guest.virt_type) == ("fcos", 2, 2048, "kvm")
    assert (guest.arch, guest.cpu, guest.uefi, posixpath.basename(found.root)) == (arch, cpu, uefi, root)
    assert [f"{nic.kind} {nic.source}" for nic in guest.networks] == networks
    # The disk with the Ignition config is none of the disks that a user asks for.
    assert guest.disks == ()
    assert found.mark is None
    assert found.uuid == "00000000-1111-2222-3333-444444444444"


@needs_fixtures
def test_mac_addresses() -> None:
    text = (FIXTURES / "x86-sysinfo-fwcfg.xml").read_text(encoding="utf-8")
    assert parse.guest(text).guest.networks == (Nic("bridge", "virbr0", "00:11:22:33:44:55"),)


DOMAIN = """<domain type='qemu'><name>a</name><uuid>u</uuid>
<metadata><fleet:guest xmlns:fleet="urn:evergreen-fleet:guest:1" complete="no" image="/i/base.qcow2" ignition="abc"
 platform="flatcar" osinfo="linux2022" directory="/d">{file}</fleet:guest></metadata>
<memory unit='{unit}'>{memory}</memory><vcpu placement='static' current='1'>4</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os>
<devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='unsafe'/><source file='/d/a-root.qcow2'/></disk>
<disk type='file' device='cdrom'><target dev='sda'/></disk>
<disk type='file' device='disk'><source file='/d/a-1.qcow2'/></disk>
<disk type='block' device='disk'><source dev='/dev/vg/data'/></disk>
<serial type='pty'><log file='/log/a' append='on'/></serial>
</devices></domain>"""


@pytest.mark.parametrize(
    "file",
    [
        # As virsh define keeps it, and as virsh metadata sets it.
        "<file path='/d/a-root.qcow2'/><file path='/d/a.ign'/>",
        "<fleet:file path='/d/a-root.qcow2'/><fleet:file path='/d/a.ign'/>",
    ],
)
def test_mark(file: str) -> None:
    found = parse.guest(DOMAIN.format(file=file, unit="KiB", memory=2097152))
    assert found.owned == ("/d/a-root.qcow2", "/d/a.ign")
    assert found.half_made
    assert (found.guest.image, found.guest.ignition) == ("/i/base.qcow2", "abc")
    assert (found.guest.platform, found.guest.osinfo) == ("flatcar", "linux2022")


def test_devices() -> None:
    sizes = {"/d/a-root.qcow2": 10, "/d/a-1.qcow2": 20}
    guest = parse.guest(DOMAIN.format(file="", unit="KiB", memory=2097152), sizes=sizes).guest
    assert guest.disk_size == 10
    assert guest.disks == (Disk("/d/a-1.qcow2", 20), Disk("/dev/vg/data"))
    assert (guest.vcpus, guest.console_log, guest.disk_cache) == (4, "/log/a", "unsafe")


@pytest.mark.parametrize(
    ("unit", "memory"),
    [("KiB", 2097152), ("k", 2097152), ("MiB", 2048), ("M", 2048), ("GiB", 2), ("G", 2), ("b", 2147483648)],
)
def test_memory_in_every_unit_of_libvirt(unit: str, memory: int) -> None:
    assert parse.guest(DOMAIN.format(file="", unit=unit, memory=memory)).guest.memory == 2048


def test_no_xml() -> None:
    with pytest.raises(FleetError, match="not XML"):
        parse.guest("error: something")


def test_states() -> None:
    text = "Domain: 'a'\n  state.state=1\n  state.reason=1\n\nDomain: 'b.c'\n  state.state=5\n  state.reason=0\n\n"
    assert parse.states(text) == {"a": "running", "b.c": "stopped"}


def test_no_guests_at_all() -> None:
    assert parse.states("\n") == {}


@pytest.mark.parametrize(
    ("number", "state"),
    [
        (1, "running"),
        (2, "running"),
        (3, "paused"),
        (4, "running"),
        (5, "stopped"),
        (6, "stopped"),
        (7, "paused"),
    ],
)
def test_state_numbers_of_libvirt(number: int, state: str) -> None:
    assert parse.states(f"Domain: 'a'\n  state.state={number}\n") == {"a": state}


@pytest.mark.parametrize(("size", "gib"), [(10 * 2**30, 10), (2**30 + 2**29, 1.5), (0, 0)])
def test_sizes_in_gib(size: int, gib: float) -> None:
    assert parse.image("/i", f'{{"format": "qcow2", "virtual-size": {size}}}').size == gib


def test_two_leases_of_one_guest() -> None:
    text = (
        " vnet3      52:54:00:34:c0:21    ipv4         198.51.100.135/24\n"
        " vnet3      52:54:00:34:c0:21    ipv4         198.51.100.136/24\n"
        " vnet3      52:54:00:34:c0:21    ipv6         2001:db8::1/64\n\n"
    )
    assert parse.addresses(text) == [
        ("52:54:00:34:c0:21", "198.51.100.135"),
        ("52:54:00:34:c0:21", "198.51.100.136"),
    ]


def test_neighbours_that_answered() -> None:
    text = (
        '[{"dst":"198.51.100.135","dev":"lab","lladdr":"52:54:00:34:c0:21","state":["STALE"]},'
        '{"dst":"198.51.100.80","dev":"lab","state":["FAILED"]}]'
    )
    assert parse.neighbours(text) == {"198.51.100.135": "52:54:00:34:c0:21"}


def test_no_neighbours() -> None:
    # ip prints nothing at all for an empty list in some versions.
    assert parse.neighbours("") == {}


def test_host_keys() -> None:
    text = (
        "# 198.51.100.7:22 SSH-2.0-OpenSSH_9.2\n"
        "198.51.100.7 ssh-rsa AAAAB3\n"
        "[198.51.100.7]:2222 ssh-ed25519 AAAAC3 a comment\n"
    )
    assert parse.host_keys(text) == ["ssh-ed25519 AAAAC3", "ssh-rsa AAAAB3"]
