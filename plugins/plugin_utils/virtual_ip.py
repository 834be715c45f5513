# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the variables of the role virtual_ip to what keepalived is told on one node.

keepalived rounds, truncates and ignores what it does not like. Here it is an error that names the variable.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError

Settings = t.Mapping[str, t.Any]
Address = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
Interface = t.Union[ipaddress.IPv4Interface, ipaddress.IPv6Interface]

# 255 belongs to the owner of an address, and keepalived treats it in another way.
HIGHEST_PRIORITY = 254

# What a word of keepalived.conf may have without being a comment, a quote or a variable. keepalived takes eight.
_SECRET = re.compile(r"[A-Za-z0-9._+/=-]{1,8}")
_INTERFACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,14}")
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\$?")
_URL = re.compile(r"https?://[^\s\0]+")

# VRRP version 3 counts in hundredths of a second, in twelve bits; version 2 in seconds, in eight.
_FASTEST = 0.01
_SLOWEST = {2: 255.0, 3: 40.95}


def virtual_ip(settings: Settings) -> dict[str, t.Any]:
    """What the templates of the role need, checked.

    :arg settings: the variables of the role without ``virtual_ip_``, with ``node`` for this node's name and
        ``node_addresses`` for the addresses of all nodes, by name.
    :returns: ``version`` of VRRP, ``priority``, ``advert_interval``, ``realtime``, ``address`` of this node and
        ``peers``, ``addresses`` of the family that VRRP speaks and ``other_addresses``, ``check``, the words of the
        program that says whether this node can serve (none: nothing is asked), ``check_interval`` and
        ``check_timeout``.
    :raises FleetError: what keepalived would not take, or would take for something else.
    """
    nodes = _nodes(settings)
    own = nodes[settings["node"]]
    version = _version(settings, own.version)
    wanted = _addresses(settings)
    _match("interface", settings["interface"], _INTERFACE, "is no name of a network interface")
    _between("router_id", settings["router_id"], 1, 255)
    _check_timing(settings)
    if settings["driver"] == "container" and not settings["image"]:
        raise FleetError("virtual_ip_image: virtual_ip_driver is container, so name the image that has keepalived")
    return {
        "version": version,
        "priority": HIGHEST_PRIORITY - list(nodes).index(settings["node"]),
        "advert_interval": _interval(settings, version),
        "realtime": float(settings["advert_interval"]) < 1,
        "address": str(own),
        "peers": [str(address) for name, address in nodes.items() if name != settings["node"]],
        "addresses": [str(each) for each in wanted if each.version == own.version],
        "other_addresses": [str(each) for each in wanted if each.version != own.version],
        "check": _check(settings),
        # Written as whole numbers where they are: keepalived knows others since 2.3.
        "check_interval": f"{float(settings['check_interval']):g}",
        "check_timeout": f"{float(settings['check_timeout']):g}",
    }


def _nodes(settings: Settings) -> dict[str, Address]:
    names: list[str] = settings["nodes"]
    if len(names) < 2:
        raise FleetError("virtual_ip_nodes: an address that moves needs at least two nodes")
    if len(names) > HIGHEST_PRIORITY:
        raise FleetError(f"virtual_ip_nodes: VRRP takes at most {HIGHEST_PRIORITY} nodes, these are {len(names)}")
    for name in names:
        if names.count(name) > 1:
            raise FleetError(f"virtual_ip_nodes: {name} is there twice; keep one of them")
    if settings["node"] not in names:
        raise FleetError(
            f"virtual_ip_nodes: {settings['node']} is not in it; add the node, or do not run the role on it"
        )
    nodes = {name: _node_address(name, settings["node_addresses"][name]) for name in names}
    if len({address.version for address in nodes.values()}) > 1:
        raise FleetError("virtual_ip_node_address: IPv4 and IPv6 are mixed; give all nodes an address of one family")
    for name, address in nodes.items():
        if list(nodes.values()).count(address) > 1:
            raise FleetError(f"virtual_ip_node_address: {address} of {name} is the address of another node too")
    return nodes


def _node_address(name: str, value: str) -> Address:
    try:
        return ipaddress.ip_address(value)
    except ValueError:
        raise FleetError(
            f"virtual_ip_node_address: {value!r} of {name} is no IP address; set it for each node to the node's own "
            "address on the network of virtual_ip_interface"
        ) from None


def _addresses(settings: Settings) -> list[Interface]:
    if not settings["addresses"]:
        raise FleetError("virtual_ip_addresses: give at least one address")
    wanted = []
    for value in settings["addresses"]:
        if "/" not in str(value):
            raise FleetError(f"virtual_ip_addresses: {value!r} has no prefix length; write it as 192.0.2.10/24")
        try:
            wanted.append(ipaddress.ip_interface(value))
        except ValueError:
            raise FleetError(f"virtual_ip_addresses: {value!r} is no IP address with a prefix length") from None
    taken = {str(ipaddress.ip_address(value)): name for name, value in settings["node_addresses"].items()}
    for each in wanted:
        if str(each.ip) in taken:
            raise FleetError(
                f"virtual_ip_addresses: {each.ip} is the own address of {taken[str(each.ip)]}; take a free one"
            )
        if [other.ip for other in wanted].count(each.ip) > 1:
            raise FleetError(f"virtual_ip_addresses: {each.ip} is there twice; keep one of them")
    return wanted


def _version(settings: Settings, family: int) -> int:
    """Only version 2 has a secret, and only version 3 has IPv6 and intervals below a second."""
    if not settings["secret"]:
        return 3
    if not _SECRET.fullmatch(settings["secret"]):
        raise FleetError("virtual_ip_secret: VRRP takes 1 to 8 letters, digits and . _ + / = -, and ignores the rest")
    without = "leave virtual_ip_secret out (VRRP version 3 has no authentication)"
    if family == 6:
        raise FleetError(f"virtual_ip_secret: the nodes have IPv6 addresses, for which VRRP knows no secret; {without}")
    if float(settings["advert_interval"]) % 1:
        raise FleetError(
            f"virtual_ip_secret: VRRP version 2, which has secrets, counts in whole seconds, and "
            f"virtual_ip_advert_interval is {settings['advert_interval']}; take a whole number, or {without}"
        )
    return 2


def _interval(settings: Settings, version: int) -> str:
    interval = float(settings["advert_interval"])
    least = 1.0 if version == 2 else _FASTEST
    if not least <= interval <= _SLOWEST[version]:
        raise FleetError(
            f"virtual_ip_advert_interval: {interval:g} is not from {least:g} to {_SLOWEST[version]:g} seconds, "
            f"as VRRP version {version} has it"
        )
    if round(interval * 100) / 100 != interval:
        raise FleetError(f"virtual_ip_advert_interval: VRRP counts in hundredths of a second, so not {interval:g}")
    return f"{interval:g}"


def _check(settings: Settings) -> list[str]:
    url, command = settings["check_url"], settings["check_command"]
    if url and command:
        raise FleetError("virtual_ip_check_url and virtual_ip_check_command exclude each other; keep one of them")
    if url:
        _match("check_url", url, _URL, "is no http:// or https:// address")
        # Whatever is not an error, so below 400. Nothing is read from the home folder of the user who asks.
        timeout = f"{float(settings['check_timeout']):g}"
        options = ["--disable", "--silent", "--fail", "--globoff", "--output", "/dev/null", "--max-time", timeout]
        return ["curl", *options, "--url", url]
    return [str(word) for word in command]


def _check_timing(settings: Settings) -> None:
    for name in ("check_interval", "check_timeout"):
        if not 0.1 <= float(settings[name]) <= 3600:
            raise FleetError(f"virtual_ip_{name}: {settings[name]} is not from 0.1 to 3600 seconds")
    for name in ("check_fall", "check_rise"):
        _between(name, settings[name], 1, 100)
    _match("check_user", settings["check_user"], _USER, "is no name of a user")


def _between(name: str, value: t.Any, least: int, most: int) -> None:
    if not least <= int(value) <= most:
        raise FleetError(f"virtual_ip_{name}: {value} is not from {least} to {most}")


def _match(name: str, value: str, pattern: re.Pattern[str], problem: str) -> None:
    if not pattern.fullmatch(value):
        raise FleetError(f"virtual_ip_{name}: {value!r} {problem}")
