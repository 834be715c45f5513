# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Isolated libvirt networks: what is wanted, what there is, and the steps between. Pure."""

from __future__ import annotations

import ipaddress
import json
import re
import typing as t
import xml.etree.ElementTree as ET
from dataclasses import asdict, dataclass

from ..errors import FleetError
from ..outcome import Step
from .inputs import BRIDGE
from .parse import element
from .virsh import Virsh, check_name

MARK = "urn:evergreen-fleet:network:1"
"""The namespace of the collection's own element in the metadata of a network."""

ET.register_namespace("fleetnet", MARK)

_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")


@dataclass(frozen=True)
class Network:
    """A network. ``bridge`` None in a wanted one means any; ``forward`` is empty for an isolated one.

    ``address`` is that of the host with its prefix length, ``dhcp`` the first and last address or empty.
    """

    name: str
    address: str
    dhcp: tuple[str, ...] = ()
    bridge: str | None = None
    domain: str = ""
    forward: str = ""

    def describe(self) -> dict[str, t.Any]:
        return {**asdict(self), "dhcp": list(self.dhcp)}


@dataclass(frozen=True)
class FoundNetwork:
    """A network that libvirt knows. ``ours`` tells whether the collection made it."""

    network: Network
    uuid: str
    ours: bool
    active: bool
    autostart: bool
    xml: str


def wanted(params: dict[str, t.Any]) -> Network:
    """The network that the options describe.

    :raises FleetError: an option that cannot be, named.
    """
    check_name(params["name"], "network")
    bridge, domain = params["bridge"], params["domain"] or ""
    if bridge is not None and not BRIDGE.fullmatch(bridge):
        raise FleetError(f"bridge: {bridge} cannot be the name of an interface, take at most 15 letters and digits")
    if domain and not _DOMAIN.fullmatch(domain):
        raise FleetError(f"domain: {domain} is no DNS name")
    if params["address"] is None:
        raise FleetError("address: a network needs the address of the host in it, such as 198.51.100.1/24")
    address = _address(params["address"])
    return Network(params["name"], str(address), _dhcp(address, params["dhcp"]), bridge, domain)


def _address(text: str) -> ipaddress.IPv4Interface:
    try:
        address = ipaddress.IPv4Interface(text)
    except ValueError as exc:
        raise FleetError(f"address: {text} is no IPv4 address with a prefix length, such as 198.51.100.1/24") from exc
    network = address.network
    if network.prefixlen > 30:
        raise FleetError(f"address: {text} leaves no room for guests, give a prefix length of 30 or less")
    if address.ip in (network.network_address, network.broadcast_address):
        raise FleetError(f"address: {text} is the address of the whole network, take one in it")
    return address


def _dhcp(address: ipaddress.IPv4Interface, wanted_range: list[str] | None) -> tuple[str, ...]:
    network = address.network
    if wanted_range is None:
        return _largest_range(address)
    if not wanted_range:
        return ()
    try:
        first, last = (ipaddress.IPv4Address(text.strip()) for text in wanted_range)
    except ValueError as exc:
        raise FleetError(f"dhcp: {','.join(wanted_range)} is not the first and the last address of a range") from exc
    if first not in network or last not in network or first > last:
        raise FleetError(f"dhcp: {first},{last} is no range in {network}")
    if first <= address.ip <= last:
        raise FleetError(f"dhcp: the range {first},{last} holds the address of the host, {address.ip}")
    return (str(first), str(last))


def _largest_range(address: ipaddress.IPv4Interface) -> tuple[str, str]:
    """The longer run of free addresses on either side of the host's."""
    network = address.network
    below = (network.network_address + 1, address.ip - 1)
    above = (address.ip + 1, network.broadcast_address - 1)
    first, last = max(below, above, key=lambda ends: int(ends[1]) - int(ends[0]))
    return (str(first), str(last))


def parse(text: str, active: bool, autostart: bool) -> FoundNetwork:
    """A network from its XML."""
    root = element(text)
    bridge, forward, domain = root.find("bridge"), root.find("forward"), root.find("domain")
    network = Network(
        name=root.findtext("name", ""),
        address=_found_address(root.find("ip")),
        dhcp=_found_range(root.find("ip/dhcp/range")),
        bridge=None if bridge is None else bridge.get("name"),
        domain="" if domain is None else domain.get("name", ""),
        # libvirt's default mode of a forward element.
        forward="" if forward is None else forward.get("mode", "nat"),
    )
    ours = root.find(f"metadata/{{{MARK}}}network") is not None
    return FoundNetwork(network, root.findtext("uuid", ""), ours, active, autostart, text)


def _found_address(ip: ET.Element | None) -> str:
    if ip is None or ip.get("address") is None:
        return ""
    length = ip.get("prefix") or ip.get("netmask") or "32"
    return str(ipaddress.ip_interface(f"{ip.get('address')}/{length}"))


def _found_range(dhcp: ET.Element | None) -> tuple[str, ...]:
    return () if dhcp is None else (dhcp.get("start", ""), dhcp.get("end", ""))


def taken(network: Network, text: str, found: FoundNetwork | None) -> str | None:
    """The interface whose network overlaps with the wanted one, from ``ip -json -4 address``.

    :arg found: the network that is replaced; its own bridge does not count.
    """
    own = found.network.bridge if found else None
    wanted_range = ipaddress.ip_interface(network.address).network
    for interface in json.loads(text):
        for info in interface.get("addr_info", []):
            there = ipaddress.ip_interface(f"{info['local']}/{info['prefixlen']}").network
            if interface["ifname"] != own and there.overlaps(wanted_range):
                return str(interface["ifname"])
    return None


def networks_of(text: str) -> set[str]:
    """The libvirt networks that a guest is on, from its domain XML."""
    sources = element(text).findall("devices/interface[@type='network']/source")
    return {source.get("network", "") for source in sources}


def network_xml(network: Network, uuid: str | None = None) -> bytes:
    """The definition. There is never a forward element: what guests send stays on the host.

    :arg uuid: of the network that it replaces.
    """
    root = ET.Element("network")
    ET.SubElement(root, "name").text = network.name
    if uuid:
        ET.SubElement(root, "uuid").text = uuid
    ET.SubElement(ET.SubElement(root, "metadata"), f"{{{MARK}}}network")
    bridge = ET.SubElement(root, "bridge", stp="on", delay="0")
    if network.bridge:
        bridge.set("name", network.bridge)
    if network.domain:
        # localOnly: questions about the domain are never sent to the name servers of the host.
        ET.SubElement(root, "domain", name=network.domain, localOnly="yes")
    address = ipaddress.ip_interface(network.address)
    ip = ET.SubElement(root, "ip", address=str(address.ip), prefix=str(address.network.prefixlen))
    if network.dhcp:
        ET.SubElement(ET.SubElement(ip, "dhcp"), "range", start=network.dhcp[0], end=network.dhcp[1])
    return ET.tostring(root)


def between(network: Network, found: Network) -> list[dict[str, t.Any]]:
    """Every setting that is not as wanted."""
    after, before = network.describe(), found.describe()
    return [
        {"setting": setting, "wanted": value, "found": before[setting]}
        for setting, value in after.items()
        if value is not None and value != before[setting]
    ]


def present(client: Virsh, network: Network, found: FoundNetwork | None, drifted: bool, autostart: bool) -> list[Step]:
    """The steps to a network that is defined, active, and starts with libvirt or not."""
    steps: list[Step] = []
    active = found is not None and found.active
    if found is None or drifted:
        if active:
            steps.append(client.step("stop the network", "net-destroy", network.name))
            active = False
        xml = network_xml(network, found.uuid if found else None)
        steps.append(client.step("define the network", "net-define", "/dev/stdin", stdin=xml))
    if not active:
        steps.append(client.step("start the network", "net-start", network.name))
    if autostart != (found is not None and found.autostart):
        words = ("net-autostart", network.name) if autostart else ("net-autostart", network.name, "--disable")
        steps.append(client.step("start the network with libvirt" if autostart else "no automatic start", *words))
    return steps


def absent(client: Virsh, found: FoundNetwork | None) -> list[Step]:
    """The steps to no network."""
    if found is None:
        return []
    name = found.network.name
    steps: list[Step] = [client.step("stop the network", "net-destroy", name)] if found.active else []
    return [*steps, client.step("undefine the network", "net-undefine", name)]
