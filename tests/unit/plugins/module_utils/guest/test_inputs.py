# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input gets one sentence that names the option."""

from __future__ import annotations

import json
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.guest import inputs, virsh
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.model import Disk, Nic
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.virsh import Virsh

from .fakes import Answer, Answers, params

GIB = 2**30


def options(**wanted: t.Any) -> dict[str, t.Any]:
    return params(**{"name": "edge1", "image": "/i/base.qcow2", **wanted})


BAD: list[tuple[dict[str, t.Any], str]] = [
    ({"image": "base.qcow2"}, "image: base.qcow2 has to be an absolute path"),
    ({"image": "/i/a,b.qcow2"}, "image: .* without a comma"),
    ({"ignition": "edge1.ign"}, "ignition: edge1.ign has to be an absolute path"),
    ({"console_log": "log"}, "console_log: log has to be"),
    ({"directory": "disks"}, "directory: disks has to be"),
    ({"memory": 512}, "memory: 512 MiB is too little, .* 1024"),
    ({"vcpus": 0}, "vcpus: .* 1 or more"),
    ({"cpu": "Nehalem,+vmx"}, "cpu: 'Nehalem,.vmx' is no processor model"),
    ({"wait_timeout": 0}, "wait_timeout: 0"),
    ({"ssh_port": 0}, "ssh_port: 0 is no port"),
    ({"ssh_port": 65536}, "ssh_port: 65536 is no port"),
    ({"networks": []}, "wait: a guest without networks"),
    ({"networks": [{}]}, r"networks\[0\]: give either network or bridge"),
    ({"networks": [{"network": "a", "bridge": "b"}]}, r"networks\[0\]: give either"),
    ({"networks": [{"network": "a"}, {"bridge": "../x"}]}, r"networks\[1\].bridge: ../x cannot be"),
    ({"networks": [{"network": "a", "mac": "52:54:00"}]}, r"networks\[0\].mac: 52:54:00 is no address"),
    # The lowest bit of the first byte is that of a group of cards.
    ({"networks": [{"network": "a", "mac": "53:54:00:00:00:01"}]}, r"networks\[0\].mac: 53:54:00:00:00:01"),
    ({"disks": [{}]}, r"disks\[0\]: give either size or path"),
    ({"disks": [{"size": 1, "path": "/x"}]}, r"disks\[0\]: give either size or path"),
    ({"disks": [{"size": 1}, {"size": 0}]}, r"disks\[1\].size: 0 GiB is too little"),
    ({"disks": [{"path": "x.img"}]}, r"disks\[0\].path: x.img has to be an absolute path"),
]


@pytest.mark.parametrize(("wanted", "sentence"), BAD)
def test_bad_option(wanted: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(FleetError, match=sentence):
        inputs.wanted(options(**wanted))


def test_good_options() -> None:
    guest = inputs.wanted(
        options(
            directory="/d/",
            disks=[{"size": 5}, {"path": "/data.img"}],
            networks=[{"network": "lab"}, {"bridge": "br0", "mac": "52:54:00:AA:BB:CC"}],
        )
    )
    assert guest.made_files == ("/d/edge1-root.qcow2", "/d/edge1-1.qcow2")
    assert guest.disks == (Disk("/d/edge1-1.qcow2", 5), Disk("/data.img"))
    assert guest.networks == (Nic("network", "lab"), Nic("bridge", "br0", "52:54:00:aa:bb:cc"))
    assert (guest.virt_type, guest.cpu, guest.arch) == (None, None, None)


@pytest.mark.parametrize("wanted", [{"wait": "none"}, {"state": "present"}, {"address": "198.51.100.9"}])
def test_no_networks_where_nobody_waits(wanted: dict[str, t.Any]) -> None:
    assert inputs.wanted(options(networks=[], **wanted)).networks == ()


def test_files_of_two_guests_never_meet() -> None:
    names = ["a", "a-1", "a-root", "a-1-1", "a-1-root", "a.ign"]
    files = [path for name in names for path in inputs.wanted(options(name=name, disks=[{"size": 1}])).made_files]
    assert len(files) == len(set(files))


@pytest.mark.parametrize("name", ["edge1", "a", "a.b_c-d", "1a", "x" * 63])
def test_name(name: str) -> None:
    virsh.check_name(name, "guest")


@pytest.mark.parametrize(
    "name",
    ["", "12", "a/b", "a b", "-a", ".a", "a,b", "a\n", "ä", "x" * 64, "6a1b0c7e-7f0b-4c51-9c39-0e4a4a1f6f10"],
)
def test_bad_name(name: str) -> None:
    with pytest.raises(FleetError, match=r"name: .* cannot be the name of a guest"):
        virsh.check_name(name, "guest")


def info(kind: str, size: float) -> str:
    return json.dumps({"format": kind, "virtual-size": int(size * GIB), "filename": "x"})


GPT = "\0" * 512 + "EFI PART"
RAW = {"qemu-img info": info("raw", 3), "head": GPT, "grep": 1}
IMAGES: list[tuple[str, dict[str, Answer], str]] = [
    ("/i/none.qcow2", {"qemu-img": (1, "qemu-img: Could not open"), "test -e": 1}, "image: there is no file /i/none"),
    ("/i/locked.qcow2", {"qemu-img": (1, "qemu-img: Permission denied"), "test -e": 0}, "image: .*Permission denied"),
    ("/i/x.vmdk", {"qemu-img": info("vmdk", 3)}, "image: /i/x.vmdk is a vmdk image, take qcow2 or raw"),
    ("/i/text", {**RAW, "head": "hello"}, "image: /i/text is no disk image"),
    ("/i/raw.img", {**RAW, "grep": 0}, "image: /i/raw.img is an image for bare metal"),
    ("/i/fedora-coreos-43.20251024.3.0-metal.x86_64.raw", RAW, "image: .* bare metal"),
    ("/i/fedora-coreos-43.20251024.3.0-metal4k.x86_64.raw", RAW, "image: .* bare metal"),
    ("/i/rhcos_metal.qcow2", {"qemu-img": info("qcow2", 3)}, "image: .* bare metal"),
    ("/i/flatcar_production_image.bin", RAW, "image: .* bare metal"),
    ("/i/fedora-coreos-qemu.x86_64.qcow2.xz", {}, "image: .* is compressed, unpack it first"),
    ("/i/big.qcow2", {"qemu-img": info("qcow2", 10.5)}, "disk_size: 10 GiB is too little, .* 10.5 GiB"),
]


@pytest.mark.parametrize(("path", "answers", "sentence"), IMAGES)
def test_bad_image(path: str, answers: dict[str, Answer], sentence: str) -> None:
    with pytest.raises(FleetError, match=sentence):
        inputs.image(Answers(answers), inputs.wanted(options(image=path)))


@pytest.mark.parametrize(
    ("path", "answers"),
    [
        ("/i/fedora-coreos-43.20251024.3.0-qemu.x86_64.qcow2", {"qemu-img": info("qcow2", 10)}),
        ("/i/flatcar_production_qemu_image.img", {"qemu-img": info("qcow2", 8.5)}),
        ("/i/metallica.qcow2", {"qemu-img": info("qcow2", 10)}),
        ("/i/lab.img", RAW),
    ],
)
def test_good_image(path: str, answers: dict[str, Answer]) -> None:
    assert inputs.image(Answers(answers), inputs.wanted(options(image=path))).path == path


def test_an_image_that_guests_have_been_made_from_is_not_searched_again() -> None:
    node = Answers({"qemu-img info": info("raw", 3)})
    inputs.image(node, inputs.wanted(options(image="/i/lab.img")), known=True)
    assert len(node.asked) == 1


def test_qemu_img_is_missing() -> None:
    node = Answers({"qemu-img": FileNotFoundError("No such file or directory")})
    with pytest.raises(FleetError, match=r"cannot run qemu-img: .* package qemu-utils on Debian, qemu-img on Fedora"):
        inputs.image(node, inputs.wanted(options()))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "ignition: there is no file /x.ign"),
        (b"variant: fcos\n", "ignition: /x.ign is not JSON; Butane has to be translated first"),
        (b"\xff\xfe", "ignition: /x.ign is not JSON"),
        (b"[]", "ignition: /x.ign is no Ignition config"),
        (b'{"variant": "fcos"}', "ignition: /x.ign is no Ignition config"),
        (b'{"ignition": {}}', "ignition: /x.ign is no Ignition config"),
        (b'{"ignition": "3.4.0"}', "ignition: /x.ign is no Ignition config"),
    ],
)
def test_bad_ignition(content: bytes | None, sentence: str) -> None:
    with pytest.raises(FleetError, match=sentence):
        inputs.ignition(Answers({}, {"/x.ign": content}), "/x.ign")


def test_ignition() -> None:
    content = b'{"ignition": {"version": "3.4.0"}}'
    sha, read = inputs.ignition(Answers({}, {"/x.ign": content}), "/x.ign")
    assert read == content
    assert len(sha) == 64
    assert inputs.ignition(Answers({}), None) == ("", b"")


NETS: dict[str, Answer] = {"net-list --all": "default\nlab\n", "net-list --name": "lab\n"}
BRIDGE = "/sys/class/net/br0/bridge/bridge_id"


@pytest.mark.parametrize(
    ("networks", "sentence"),
    [
        ([{"network": "nope"}], "networks: libvirt has no network nope, it has default, lab"),
        ([{"network": "default"}], "networks: the network default is not active"),
        ([{"network": "lab"}, {"bridge": "br1"}], "networks: there is no bridge br1"),
    ],
)
def test_bad_network(networks: list[dict[str, str]], sentence: str) -> None:
    client = Virsh(Answers(NETS, {BRIDGE: b"8000"}), "qemu:///system")
    with pytest.raises(FleetError, match=sentence):
        inputs.networks(client, inputs.wanted(options(networks=networks)))


def test_good_networks() -> None:
    client = Virsh(Answers(NETS, {BRIDGE: b"8000"}), "qemu:///system")
    inputs.networks(client, inputs.wanted(options(networks=[{"network": "lab"}, {"bridge": "br0"}])))


def test_given_disks_get_their_format() -> None:
    node = Answers({"/a.qcow2": info("qcow2", 1), "/b.img": info("raw", 1)})
    guest = inputs.wanted(options(disks=[{"path": "/a.qcow2"}, {"path": "/b.img"}, {"size": 1}]))
    assert [disk.format for disk in inputs.disks(node, guest).disks] == ["qcow2", "raw", "qcow2"]


def test_a_given_disk_is_missing() -> None:
    node = Answers({"qemu-img": (1, "no"), "test -e": 1})
    with pytest.raises(FleetError, match=r"disks\[0\].path: there is no file /a"):
        inputs.disks(node, inputs.wanted(options(disks=[{"path": "/a"}])))


def test_a_file_that_nobody_knows_is_in_the_way() -> None:
    node = Answers({"test -d": 0, "stat": "/var/lib/libvirt/images/edge1-root.qcow2\n"})
    guest = inputs.wanted(options())
    with pytest.raises(FleetError, match=r"directory: .*edge1-root.qcow2 exists and belongs to no guest"):
        inputs.existing_files(node, guest, owned=())
    assert inputs.existing_files(node, guest, owned=guest.made_files) == {guest.root_disk}


def test_no_folder() -> None:
    with pytest.raises(FleetError, match="directory: there is no folder /d"):
        inputs.existing_files(Answers({"test -d": 1}), replace(inputs.wanted(options()), directory="/d"), ())


CONNECTIONS = {
    "no libvirtd": "error: Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory",
    "no permission": "error: authentication unavailable: no polkit agent available to authenticate action",
}


@pytest.mark.parametrize("case", CONNECTIONS)
def test_no_connection(case: str) -> None:
    text = f"error: failed to connect to the hypervisor\n{CONNECTIONS[case]}\n"
    with pytest.raises(FleetError) as error:
        Virsh(Answers({"virsh": (1, text)}), "qemu:///system").states()
    assert error.value.message.startswith("uri: cannot connect to qemu:///system: ")
    assert CONNECTIONS[case].partition(": ")[2] in error.value.message
    assert "become: true or membership in the group libvirt" in error.value.message


def test_virsh_is_missing() -> None:
    node = Answers({"virsh": FileNotFoundError("No such file or directory")})
    with pytest.raises(FleetError, match="package libvirt-clients on Debian, libvirt-client on Fedora"):
        Virsh(node, "qemu:///system").states()


@pytest.mark.parametrize("uri", ["qemu+ssh://root@host/system", "qemu://host/system"])
def test_another_machine(uri: str) -> None:
    with pytest.raises(FleetError, match=r"uri: .* is on another machine; run the task there"):
        Virsh(Answers({}), uri)
