# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wanted state of one network: read, plan, apply."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..errors import CommandError, FleetError
from ..node import Node
from ..outcome import Plan
from . import network, virsh
from .model import ABSENT
from .network import FoundNetwork
from .virsh import Virsh


def manage(node: Node, params: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    """Make it so, and say what was done.

    :raises FleetError: bad input before anything is touched, or what failed.
    """
    client = Virsh(node, params["uri"])
    name = params["name"]
    if params["state"] == ABSENT:
        virsh.check_name(name, "network")
        found = _read(client, name)
        return {**_absent(client, found, check), "name": name}
    wanted = network.wanted(params)
    found = _read(client, name)
    drift = network.between(wanted, found.network) if found else []
    if found and drift:
        _refuse_in_use(client, name, "cannot be changed: " + ", ".join(entry["setting"] for entry in drift))
    if found and not wanted.bridge:
        wanted = replace(wanted, bridge=found.network.bridge)
    if not found or drift:
        taken = network.taken(wanted, virsh.call(node, ("ip", "-json", "-4", "address")).stdout, found)
        if taken:
            raise FleetError(
                f"address: {wanted.address} overlaps with what the interface {taken} has, take another range"
            )
    steps = network.present(client, wanted, found, bool(drift), params["autostart"])
    before = _describe(found)
    after = {**(wanted if drift or not found else found.network).describe(), "active": True}
    plan = Plan(tuple(steps), before=before, after={**after, "autostart": params["autostart"]})
    result = {**plan.report(), "name": name, "state": "present", "drift": drift}
    if found and drift:
        result["replaced_definition"] = found.xml
    if check:
        return {**result, **wanted.describe()}
    _apply(client, plan, found)
    made = _read(client, name)
    return {**result, **(made.network if made else wanted).describe()}


def _absent(client: Virsh, found: FoundNetwork | None, check: bool) -> dict[str, t.Any]:
    if found:
        _refuse_in_use(client, found.network.name, "stays")
    plan = Plan(tuple(network.absent(client, found)), before=_describe(found))
    if not check:
        plan.apply(client.node)
    return {**plan.report(), "state": ABSENT}


def _describe(found: FoundNetwork | None) -> dict[str, t.Any]:
    return {**found.network.describe(), "active": found.active, "autostart": found.autostart} if found else {}


def _read(client: Virsh, name: str) -> FoundNetwork | None:
    """
    :raises FleetError: the network is not ours.
    """
    if name not in client.names("net-list", "--all"):
        return None
    active = name in client.names("net-list")
    autostart = name in client.names("net-list", "--all", "--autostart")
    found = network.parse(client.ask("net-dumpxml", name), active, autostart)
    if not found.ours:
        raise FleetError(f"name: a network named {name} exists that this collection did not make; it is left alone")
    return found


def _refuse_in_use(client: Virsh, name: str, what: str) -> None:
    users = [
        guest for guest in client.states() if name in network.networks_of(client.ask("dumpxml", "--inactive", guest))
    ]
    if users:
        raise FleetError(f"the network {name} {what}, because guests use it: {', '.join(sorted(users))}")


def _apply(client: Virsh, plan: Plan, found: FoundNetwork | None) -> None:
    """Apply the plan; when it fails, what was there before is there again."""
    done = False
    try:
        plan.apply(client.node)
        done = True
    except CommandError as exc:
        raise FleetError(_failure(virsh.reason(exc)), **exc.details) from exc
    finally:
        if not done:
            _restore(client, plan, found)


def _restore(client: Virsh, plan: Plan, found: FoundNetwork | None) -> None:
    name = plan.after["name"]
    if found is None:
        if name in client.names("net-list", "--all"):
            client.node.run(client.argv("net-undefine", name))
        return
    client.node.run(client.argv("net-define", "/dev/stdin"), stdin=found.xml.encode())
    if found.active and name not in client.names("net-list"):
        client.node.run(client.argv("net-start", name))


def _failure(why: str) -> str:
    sentence = f"the network could not be made, and all is as before: {why}"
    # The two helpers that libvirt runs for a network, and only misses when it starts one. What their messages
    # say decides about a hint only.
    if "dnsmasq" in why:
        return f"{sentence}; libvirt needs dnsmasq, package dnsmasq-base on Debian, dnsmasq on Fedora"
    if "No chain" in why:
        return f"{sentence}; something flushed the firewall after libvirt had set it up: restart libvirt"
    if any(word in why.lower() for word in ("firewall", "iptables", "nft")):
        return f"{sentence}; libvirt needs a firewall backend, package iptables on Debian, iptables-nft on Fedora"
    return sentence
