# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keepalived is told for which variables of the role virtual_ip, and what is refused."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.plugin_utils.virtual_ip import virtual_ip

ROLE = Path(__file__).parents[4] / "roles" / "virtual_ip"
DEFAULTS = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))


def settings(**given: t.Any) -> dict[str, t.Any]:
    """Three nodes, the one in the middle is asked for; everything else is the role's own default."""
    addresses = {"one": "192.0.2.1", "two": "192.0.2.2", "three": "192.0.2.3"}
    return {
        **{name.removeprefix("virtual_ip_"): value for name, value in DEFAULTS.items()},
        "node": "two",
        "nodes": list(addresses),
        "node_addresses": addresses,
        "addresses": ["192.0.2.10/24"],
        "interface": "enp1s0",
        **given,
    }


SIX = {"one": "2001:db8::1", "two": "2001:db8::2", "three": "2001:db8::3"}

# Given, and what is then told beside what is told in any case.
CASES: dict[str, tuple[dict[str, t.Any], dict[str, t.Any]]] = {
    "as little as can be": (
        {},
        {
            "version": 3,
            "priority": 253,
            "advert_interval": "1",
            "realtime": False,
            "address": "192.0.2.2",
            "peers": ["192.0.2.1", "192.0.2.3"],
            "addresses": ["192.0.2.10/24"],
            "other_addresses": [],
            "check": [],
            "check_interval": "1",
            "check_timeout": "5",
        },
    ),
    "the preferred node": ({"node": "one"}, {"priority": 254, "peers": ["192.0.2.2", "192.0.2.3"]}),
    "the last one": ({"node": "three"}, {"priority": 252}),
    "a secret": ({"secret": "a.B_9+/="}, {"version": 2, "advert_interval": "1"}),
    "a secret and a slow group": ({"secret": "x", "advert_interval": 255.0}, {"version": 2, "advert_interval": "255"}),
    "as fast as it goes": ({"advert_interval": 0.01}, {"version": 3, "advert_interval": "0.01", "realtime": True}),
    "as slow as it goes": ({"advert_interval": 40.95}, {"advert_interval": "40.95", "realtime": False}),
    "hundredths": ({"advert_interval": 0.29}, {"advert_interval": "0.29", "realtime": True}),
    "words of the command line": ({"advert_interval": "0.5", "router_id": "7"}, {"advert_interval": "0.5"}),
    "IPv6": (
        {"node_addresses": SIX, "addresses": ["2001:db8::10/64"]},
        {"version": 3, "peers": ["2001:db8::1", "2001:db8::3"], "addresses": ["2001:db8::10/64"]},
    ),
    "both families": (
        {"addresses": ["192.0.2.10/24", "2001:db8::10/64"]},
        {"addresses": ["192.0.2.10/24"], "other_addresses": ["2001:db8::10/64"]},
    ),
    "a URL": (
        {"check_url": "http://127.0.0.1:8080/health?a=b&c=$HOME", "check_timeout": 1.5},
        {
            "check": [
                *["curl", "--disable", "--silent", "--fail", "--globoff", "--output", "/dev/null"],
                *["--max-time", "1.5", "--url", "http://127.0.0.1:8080/health?a=b&c=$HOME"],
            ]
        },
    ),
    "whole numbers are written so": (
        {"check_interval": 2.0, "check_timeout": "1.5"},
        {"check_interval": "2", "check_timeout": "1.5"},
    ),
    "a command": ({"check_command": ["test", "-e", "/run/a b"]}, {"check": ["test", "-e", "/run/a b"]}),
    "a number in it": ({"check_command": ["sleep", 0]}, {"check": ["sleep", "0"]}),
    "a container": ({"driver": "container", "image": "registry.example.com/keepalived:2"}, {"version": 3}),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_told(case: tuple[dict[str, t.Any], dict[str, t.Any]]) -> None:
    given, wanted = case
    told = virtual_ip(settings(**given))
    assert {key: told[key] for key in wanted} == wanted


def test_every_node_has_another_priority_and_all_others_as_peers() -> None:
    nodes = {f"n{number}": f"198.51.100.{number}" for number in range(1, 255)}
    told = {name: virtual_ip(settings(node=name, nodes=list(nodes), node_addresses=nodes)) for name in nodes}
    assert [each["priority"] for each in told.values()] == list(range(254, 0, -1))
    assert all({each["address"], *each["peers"]} == set(nodes.values()) for each in told.values())


REFUSALS: dict[str, tuple[dict[str, t.Any], str]] = {
    "one node": ({"nodes": ["two"]}, "virtual_ip_nodes: an address that moves needs at least two nodes"),
    "too many": ({"nodes": [f"n{number}" for number in range(255)]}, "virtual_ip_nodes: VRRP takes at most 254"),
    "a node twice": ({"nodes": ["one", "two", "one"]}, "virtual_ip_nodes: one is there twice"),
    "not one of them": ({"node": "four"}, "virtual_ip_nodes: four is not in it"),
    "a name for an address": (
        {"node_addresses": {"one": "one.example.com", "two": "192.0.2.2", "three": "192.0.2.3"}},
        "virtual_ip_node_address: 'one.example.com' of one is no IP address",
    ),
    "two families": ({"node_addresses": {**SIX, "one": "192.0.2.1"}}, "virtual_ip_node_address: IPv4 and IPv6"),
    "two nodes with one address": (
        {"node_addresses": {"one": "192.0.2.1", "two": "192.0.2.2", "three": "192.0.2.2"}},
        "virtual_ip_node_address: 192.0.2.2 of two is the address of another node too",
    ),
    "no address": ({"addresses": []}, "virtual_ip_addresses: give at least one"),
    "no prefix": ({"addresses": ["192.0.2.10"]}, "virtual_ip_addresses: '192.0.2.10' has no prefix length"),
    "no such prefix": ({"addresses": ["192.0.2.10/33"]}, "virtual_ip_addresses: '192.0.2.10/33' is no IP address"),
    "nonsense": ({"addresses": ["ten/24"]}, "virtual_ip_addresses: 'ten/24' is no IP address"),
    "an address twice": (
        {"addresses": ["192.0.2.10/24", "192.0.2.10/25"]},
        "virtual_ip_addresses: 192.0.2.10 is there twice",
    ),
    "the address of a node": (
        {"addresses": ["192.0.2.3/24"]},
        "virtual_ip_addresses: 192.0.2.3 is the own address of three",
    ),
    "more than a name": ({"interface": "eth0 }"}, "virtual_ip_interface: 'eth0 }' is no name"),
    "a long interface": ({"interface": "e" * 16}, "virtual_ip_interface: "),
    "group 0": ({"router_id": 0}, "virtual_ip_router_id: 0 is not from 1 to 255"),
    "group 256": ({"router_id": 256}, "virtual_ip_router_id: 256 is not from 1 to 255"),
    "a secret and a fast group": (
        {"secret": "x", "advert_interval": 0.5},
        "virtual_ip_secret: VRRP version 2, which has secrets, counts in whole seconds",
    ),
    "a secret and a fraction": ({"secret": "x", "advert_interval": 1.5}, "virtual_ip_advert_interval is 1.5"),
    "a secret and IPv6": (
        {"secret": "x", "node_addresses": SIX, "addresses": ["2001:db8::10/64"]},
        "virtual_ip_secret: the nodes have IPv6 addresses",
    ),
    "faster than that": ({"advert_interval": 0.005}, "virtual_ip_advert_interval: 0.005 is not from 0.01 to 40.95"),
    "slower than version 3": ({"advert_interval": 41}, "virtual_ip_advert_interval: 41 is not from 0.01 to 40.95"),
    "slower than version 2": ({"secret": "x", "advert_interval": 256}, "256 is not from 1 to 255 seconds"),
    "no time": ({"advert_interval": 0}, "virtual_ip_advert_interval: 0 is not from 0.01"),
    "finer than VRRP": ({"advert_interval": 0.015}, "virtual_ip_advert_interval: VRRP counts in hundredths"),
    "two checks": (
        {"check_url": "http://127.0.0.1/", "check_command": ["true"]},
        "virtual_ip_check_url and virtual_ip_check_command exclude each other",
    ),
    "no URL": ({"check_url": "127.0.0.1:8080"}, "virtual_ip_check_url: '127.0.0.1:8080' is no http://"),
    "a line more": ({"check_url": "http://x/\nreboot"}, "virtual_ip_check_url: "),
    "never": ({"check_interval": 0}, "virtual_ip_check_interval: 0 is not from 0.1 to 3600 seconds"),
    "for ever": ({"check_timeout": 3601}, "virtual_ip_check_timeout: 3601 is not from 0.1 to 3600 seconds"),
    "no failure": ({"check_fall": 0}, "virtual_ip_check_fall: 0 is not from 1 to 100"),
    "no success": ({"check_rise": 0}, "virtual_ip_check_rise: 0 is not from 1 to 100"),
    "no user": ({"check_user": "a b"}, "virtual_ip_check_user: 'a b' is no name of a user"),
    "no image": ({"driver": "container"}, "virtual_ip_image: virtual_ip_driver is container"),
}


@pytest.mark.parametrize("case", REFUSALS.values(), ids=REFUSALS.keys())
def test_refused(case: tuple[dict[str, t.Any], str]) -> None:
    given, words = case
    with pytest.raises(FleetError) as refused:
        virtual_ip(settings(**given))
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("secret", ["hunter2hunter2", "hunter 2", "hunter#2", "hunter$2", 'hunter"2', "hünter2", "{x}"])
def test_a_secret_that_keepalived_would_cut_or_misread_is_not_told(secret: str) -> None:
    with pytest.raises(FleetError) as refused:
        virtual_ip(settings(secret=secret))
    assert str(refused.value).startswith("virtual_ip_secret: VRRP takes 1 to 8 letters")
    assert secret not in str(refused.value)
