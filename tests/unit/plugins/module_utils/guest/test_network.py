# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Isolated networks: options, XML, differences, steps, and failures."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.guest import network
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.manage_network import manage
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.network import FoundNetwork, Network
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.virsh import Virsh
from ansible_collections.evergreen.fleet.plugins.modules.virt_network import ARGUMENT_SPEC

from .fakes import Answer, Answers

LAB = Network("lab", "198.51.100.1/24", ("198.51.100.2", "198.51.100.254"), "lab0", "lab.test")


def params(**wanted: t.Any) -> dict[str, t.Any]:
    defaults = {name: option.get("default") for name, option in ARGUMENT_SPEC.items()}
    return {**defaults, "name": "lab", "address": "198.51.100.1/24", **wanted}


@pytest.mark.parametrize(
    ("address", "dhcp", "expected"),
    [
        ("198.51.100.1/24", None, ("198.51.100.2", "198.51.100.254")),
        ("198.51.100.254/24", None, ("198.51.100.1", "198.51.100.253")),
        ("198.51.100.100/24", None, ("198.51.100.101", "198.51.100.254")),
        ("198.51.100.1/30", None, ("198.51.100.2", "198.51.100.2")),
        ("198.51.100.1/255.255.255.128", None, ("198.51.100.2", "198.51.100.126")),
        ("198.51.100.1/24", ["198.51.100.100", " 198.51.100.199"], ("198.51.100.100", "198.51.100.199")),
        ("198.51.100.1/24", [], ()),
    ],
)
def test_range(address: str, dhcp: list[str] | None, expected: tuple[str, ...]) -> None:
    assert network.wanted(params(address=address, dhcp=dhcp)).dhcp == expected


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"name": "12"}, r"name: '12' cannot be the name of a network"),
        ({"address": None}, r"address: a network needs the address of the host"),
        ({"address": "lab"}, r"address: lab is no IPv4 address with a prefix length"),
        ({"address": "2001:db8::1/64"}, r"address: 2001:db8::1/64 is no IPv4 address"),
        ({"address": "198.51.100.1"}, r"address: 198.51.100.1 leaves no room"),
        ({"address": "198.51.100.1/31"}, r"address: 198.51.100.1/31 leaves no room"),
        ({"address": "198.51.100.0/24"}, r"address: 198.51.100.0/24 is the address of the whole network"),
        ({"address": "198.51.100.255/24"}, r"address: 198.51.100.255/24 is the address of the whole network"),
        ({"bridge": "a-bridge-with-a-long-name"}, r"bridge: .* at most 15"),
        ({"bridge": "lab/0"}, r"bridge: lab/0"),
        ({"domain": "lab..test"}, r"domain: lab..test is no DNS name"),
        ({"dhcp": ["198.51.100.9"]}, r"dhcp: 198.51.100.9 is not the first and the last"),
        ({"dhcp": ["a", "b"]}, r"dhcp: a,b is not the first and the last"),
        ({"dhcp": ["192.0.2.1", "192.0.2.9"]}, r"dhcp: 192.0.2.1,192.0.2.9 is no range in 198.51.100.0/24"),
        ({"dhcp": ["198.51.100.9", "198.51.100.2"]}, r"dhcp: 198.51.100.9,198.51.100.2 is no range"),
        ({"dhcp": ["198.51.100.1", "198.51.100.9"]}, r"dhcp: the range .* holds the address of the host"),
    ],
)
def test_bad_option(wanted: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(FleetError, match=sentence):
        network.wanted(params(**wanted))


@pytest.mark.parametrize("wanted", [LAB, replace(LAB, dhcp=()), replace(LAB, domain="", bridge=None)])
def test_round_trip(wanted: Network) -> None:
    found = network.parse(network.network_xml(wanted, "u-1").decode(), active=True, autostart=False)
    assert (found.network, found.ours, found.uuid) == (wanted, True, "u-1")


def test_nothing_is_forwarded() -> None:
    assert b"forward" not in network.network_xml(LAB)


@pytest.mark.skipif(
    not (shutil.which("virt-xml-validate") and shutil.which("xmllint")),
    reason="virt-xml-validate or xmllint is not installed",
)
def test_schema(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "network.xml"
    file.write_bytes(network.network_xml(LAB))
    done = subprocess.run(("virt-xml-validate", str(file), "network"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


DEFAULT = """<network><name>default</name><uuid>u</uuid><forward mode='nat'/><bridge name='virbr0' stp='on'/>
<ip address='192.168.122.1' netmask='255.255.255.0'>
<dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp></ip>
</network>"""


def test_a_network_of_libvirt() -> None:
    found = network.parse(DEFAULT, active=False, autostart=True)
    expected = Network("default", "192.168.122.1/24", ("192.168.122.2", "192.168.122.254"), "virbr0", "", "nat")
    assert (found.network, found.ours) == (expected, False)


@pytest.mark.parametrize(
    ("changes", "settings"),
    [
        ({}, []),
        ({"bridge": None}, []),
        ({"bridge": "lab1"}, ["bridge"]),
        ({"domain": ""}, ["domain"]),
        ({"dhcp": ()}, ["dhcp"]),
        ({"address": "203.0.113.1/24"}, ["address"]),
    ],
)
def test_drift(changes: dict[str, t.Any], settings: list[str]) -> None:
    assert [entry["setting"] for entry in network.between(replace(LAB, **changes), LAB)] == settings


def test_a_forward_element_is_a_difference() -> None:
    assert network.between(LAB, replace(LAB, forward="nat")) == [{"setting": "forward", "wanted": "", "found": "nat"}]


FOUND = FoundNetwork(LAB, "u", ours=True, active=True, autostart=False, xml="")
DEFINE, START, STOP, AUTO = (
    "define the network",
    "start the network",
    "stop the network",
    "start the network with libvirt",
)


@pytest.mark.parametrize(
    ("found", "drifted", "autostart", "reasons"),
    [
        (None, False, False, [DEFINE, START]),
        (None, False, True, [DEFINE, START, AUTO]),
        (FOUND, False, False, []),
        (FOUND, False, True, [AUTO]),
        (replace(FOUND, autostart=True), False, False, ["no automatic start"]),
        (replace(FOUND, active=False), False, False, [START]),
        (FOUND, True, False, [STOP, DEFINE, START]),
        (replace(FOUND, active=False), True, False, [DEFINE, START]),
    ],
)
def test_present(found: FoundNetwork | None, drifted: bool, autostart: bool, reasons: list[str]) -> None:
    client = Virsh(Answers({}), "qemu:///system")
    steps = network.present(client, LAB, found, drifted, autostart)
    assert [step.report()["reason"] for step in steps] == reasons


@pytest.mark.parametrize(
    ("found", "reasons"),
    [
        (None, []),
        (FOUND, [STOP, "undefine the network"]),
        (replace(FOUND, active=False), ["undefine the network"]),
    ],
)
def test_absent(found: FoundNetwork | None, reasons: list[str]) -> None:
    steps = network.absent(Virsh(Answers({}), "qemu:///system"), found)
    assert [step.report()["reason"] for step in steps] == reasons


INTERFACES = json.dumps(
    [
        {"ifname": "eth0", "addr_info": [{"local": "198.51.100.77", "prefixlen": 25}]},
        {"ifname": "down0", "addr_info": []},
        {"ifname": "lab0", "addr_info": [{"local": "203.0.113.1", "prefixlen": 24}]},
    ]
)


@pytest.mark.parametrize(
    ("address", "found", "taken"),
    [
        ("198.51.100.1/24", None, "eth0"),
        ("198.51.100.1/26", None, "eth0"),
        ("198.51.100.129/25", None, None),
        ("203.0.113.129/25", None, "lab0"),
        ("203.0.113.129/25", FOUND, None),
    ],
)
def test_ranges_that_are_taken(address: str, found: FoundNetwork | None, taken: str | None) -> None:
    assert network.taken(replace(LAB, address=address), INTERFACES, found) == taken


def test_networks_of_a_guest() -> None:
    text = (
        "<domain><devices><interface type='network'><source network='a'/></interface>"
        "<interface type='bridge'><source bridge='b'/></interface>"
        "<interface type='network'><source network='c'/></interface></devices></domain>"
    )
    assert network.networks_of(text) == {"a", "c"}


def hypervisor(xml: str | None, **more: Answer) -> Answers:
    names = "lab\n" if xml else "\n"
    answers: dict[str, Answer] = {
        "net-list --all --autostart": "\n",
        "net-list": names,
        "net-dumpxml": xml or "",
        "domstats": "\n",
        "ip -json": "[]",
        "net-define": "",
        "net-destroy": "",
        "net-undefine": "",
    }
    return Answers({**{key.replace("_", "-"): value for key, value in more.items()}, **answers})


OURS = network.network_xml(replace(LAB, domain="")).decode()


def test_a_network_that_we_did_not_make() -> None:
    for state in ("present", "absent"):
        with pytest.raises(FleetError, match="name: a network named lab exists that this collection did not make"):
            manage(hypervisor(DEFAULT), params(state=state), False)


def test_a_range_that_the_host_has() -> None:
    node = hypervisor(None)
    node.programs["ip -json"] = INTERFACES
    with pytest.raises(FleetError, match=r"address: 198.51.100.1/24 overlaps with what the interface eth0 has"):
        manage(node, params(), False)
    assert not any("net-define" in line for line in node.asked)


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        ("Cannot check dnsmasq binary /usr/sbin/dnsmasq: No such file or directory", "package dnsmasq-base on Debian"),
        ("internal error: Failed to initialize a valid firewall backend", "package iptables on Debian"),
        ("Failed to apply firewall rules: No chain/target/match by that name.", "restart libvirt"),
        ("internal error: something else", "something else"),
    ],
)
def test_a_new_network_that_does_not_start_is_undefined(error: str, hint: str) -> None:
    node = hypervisor(None, net_start=(1, f"error: Failed to start network lab\nerror: {error}\n"))

    def define(*_args: t.Any) -> None:
        node.programs["net-list"] = "lab\n"

    with pytest.raises(FleetError, match=hint):
        run_until(node, define)
    assert node.asked[-1].endswith("net-undefine lab")


def run_until(node: Answers, define: t.Callable[..., None]) -> None:
    """Play a task; once the network is defined, libvirt lists it."""
    run = node.run

    def watching(argv: t.Sequence[str], **rest: t.Any) -> t.Any:
        done = run(argv, **rest)
        if "net-define" in argv:
            define()
        return done

    node.run = watching  # type: ignore[method-assign]
    manage(node, params(), False)


def test_a_replaced_network_that_does_not_start_is_put_back() -> None:
    node = hypervisor(OURS, net_start=(1, "error: no\n"))
    with pytest.raises(FleetError, match="the network could not be made, and all is as before"):
        manage(node, params(domain="other.test"), False)
    assert [line.split()[4] for line in node.asked if "net-de" in line] == ["net-destroy", "net-define", "net-define"]


def test_a_network_in_use_is_not_changed() -> None:
    node = hypervisor(OURS)
    node.programs["domstats"] = "Domain: 'edge1'\n  state.state=5\n"
    node.programs["dumpxml"] = (
        "<domain><devices><interface type='network'><source network='lab'/></interface></devices></domain>"
    )
    # "dumpxml" is also in "net-dumpxml", which comes first.
    with pytest.raises(FleetError, match="the network lab cannot be changed: domain, because guests use it: edge1"):
        manage(node, params(domain="other.test"), False)
