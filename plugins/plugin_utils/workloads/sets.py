# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the workloads that a user names to one set of units for each owner."""

from __future__ import annotations

import typing as t
from collections import defaultdict
from dataclasses import dataclass, field

from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.model import Unit
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.relations import Port, ports
from ansible_collections.evergreen.fleet.plugins.module_utils.podman.unitfile import parse

from .text import Options, UnitText
from .units import Parts, parts
from .wanted import name_of, present, refuse_unknown

Listed = t.Sequence[Options]

_OBJECT = ("name", "user", "extra")
_SECRET = ("name", "user", "value")

_UPDATER = "podman-auto-update.service"


@dataclass
class _Owner:
    parts: Parts = field(default_factory=Parts)
    secrets: list[Options] = field(default_factory=list)


def workload_sets(
    workloads: Listed,
    *,
    user: str,
    name: str,
    volumes: Listed = (),
    networks: Listed = (),
    secrets: Listed = (),
    owners: t.Sequence[str] = (),
) -> dict[str, dict[str, t.Any]]:
    """By owner what the module quadlet takes: ``units``, ``drop_ins``, ``files`` and ``secrets``; and ``auto_update``.

    :arg user: the owner of what names none.
    :arg name: what the sets are called.
    :arg owners: who has a set even when nothing is in it.
    :raises FleetError: something that cannot be.
    """
    found: defaultdict[str, _Owner] = defaultdict(_Owner)
    for owner in owners:
        found[owner] = _Owner()
    for kind, objects in (("Volume", volumes), ("Network", networks)):
        for where, given, owner in _each(f"workloads_{kind.lower()}s", objects, user):
            refuse_unknown(where, given, _OBJECT)
            text = UnitText(where)
            text.add(kind)
            text.extend(given.get("extra", {}))
            found[owner].parts.units.append({"name": f"{given['name']}.{kind.lower()}", "content": str(text)})
    names: set[tuple[str, str]] = set()
    for where, workload, owner in _each("workloads_present", workloads, user):
        if (owner, workload["name"]) in names:
            raise FleetError(
                f"workloads_present: {workload['name']} of {owner} is there twice; give one of them another name"
            )
        names.add((owner, workload["name"]))
        found[owner].parts.add(parts(where, workload, root=owner == "root"))
    for where, secret, owner in _each("workloads_secrets", secrets, user):
        refuse_unknown(where, secret, _SECRET)
        if "value" not in secret:
            raise FleetError(f"{where} needs a value; one that the node has already is only named in the workload")
        found[owner].secrets.append({"name": secret["name"], "value": str(secret["value"])})
    _refuse_shared_ports(found)
    return {owner: _set(each, name) for owner, each in found.items()}


def _each(option: str, listed: Listed, user: str) -> t.Iterator[tuple[str, dict[str, t.Any], str]]:
    """How to name each in a message, what is in it, and whose it is."""
    for number, item in enumerate(listed, 1):
        if not isinstance(item, dict):
            raise FleetError(f"{option}: element {number} must be keys with values")
        given = present(item)
        given["name"] = name_of(f"{option}: element {number}", given)
        yield f"{option}: {given['name']}", given, str(given.get("user", user))


def _set(owner: _Owner, name: str) -> dict[str, t.Any]:
    return {
        "units": owner.parts.units,
        "drop_ins": [_wake(owner.parts.asleep, name)] if owner.parts.asleep else [],
        "files": owner.parts.files,
        "secrets": owner.secrets,
        "auto_update": owner.parts.auto_update,
    }


def _wake(services: t.Sequence[str], name: str) -> Options:
    """podman updates what runs. So these run while it updates, and go back to sleep when it is done."""
    text = UnitText(_UPDATER)
    text.add("Unit", Wants=list(services), After=list(services))
    return {"unit": _UPDATER, "name": f"50-{name}.conf", "content": str(text)}


def _refuse_shared_ports(found: t.Mapping[str, _Owner]) -> None:
    """Within one owner the module quadlet does it; it does not see two."""
    taken: list[tuple[Port, str, str]] = []
    for owner, each in found.items():
        for unit in each.parts.units:
            file = Unit(unit["name"], unit["content"], parse(unit["content"]))
            for port in ports(file):
                for other, name, of in taken:
                    if of != owner and port.collides(other):
                        raise FleetError(
                            f"workloads_present: {name} of {of} and {file.name} of {owner} both listen on {port}; "
                            "give one of them another port"
                        )
                taken.append((port, file.name, owner))
