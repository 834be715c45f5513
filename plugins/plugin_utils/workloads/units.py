# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The units of one workload: a container, a pod, or what a Kubernetes document describes."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError

from .container import START_TIMEOUT, Place, container
from .on_demand import backends, proxies
from .text import Options, UnitText
from .wanted import (
    RESTARTS,
    auto_update_of,
    choice,
    kind_of,
    listed,
    name_of,
    networks_of,
    number,
    ports_of,
    present,
    refuse_no_document,
    refuse_unknown,
    volumes_of,
)

STATES = ("started", "stopped")

_INHERITED = ("restart", "auto_update")


@dataclass
class Parts:
    """What a workload becomes, as the module quadlet takes it."""

    units: list[Options] = field(default_factory=list)
    files: list[Options] = field(default_factory=list)
    auto_update: bool = False
    asleep: list[str] = field(default_factory=list)
    """Services that do not run while nobody asks for them, and are to be kept up to date all the same."""

    def add(self, other: Parts) -> None:
        self.units += other.units
        self.files += other.files
        self.auto_update = self.auto_update or other.auto_update
        self.asleep += other.asleep


def parts(where: str, workload: Options, *, root: bool) -> Parts:
    """:raises FleetError: something that cannot be."""
    kind = kind_of(where, workload)
    state = choice(where, workload, "state", STATES, "started")
    # What is stopped is to stay so at the next boot.
    target = None if state == "stopped" else "multi-user.target" if root else "default.target"
    if kind == "kube":
        return _kube(where, workload, target)
    make = {"image": _container, "containers": _pod}[kind]
    return make(where, workload, target, "/etc/workloads" if root else "%h/.config/workloads")


def _container(where: str, workload: Options, target: str | None, folder: str) -> Parts:
    name = workload["name"]
    place = Place(name, f"{folder}/{name}", ports_of(where, workload), boot_target=target)
    units: list[Options] = []
    if workload.get("on_demand"):
        units = proxies(where, workload, name, stopped=target is None)
        place = Place(
            name,
            place.files,
            backends(where, workload),
            on_demand=True,
        )
    text, files = container(where, workload, place, networks=networks_of(where, workload))
    unit = _unit(f"{name}.container", text, target)
    updates = auto_update_of(workload) not in (None, "disabled")
    asleep = [f"{name}.service"] if updates and units and target else []
    return Parts([*units, unit], files, updates, asleep)


def _pod(where: str, workload: Options, target: str | None, folder: str) -> Parts:
    name, inside = workload["name"], listed(where, workload, "containers")
    if not inside:
        raise FleetError(f"{where}: a pod without containers ends at once; give at least one")
    text = _head(where, workload)
    text.add(
        "Pod",
        PodName=name,
        PublishPort=listed(where, workload, "ports"),
        Network=networks_of(where, workload),
        Volume=volumes_of(where, workload),
    )
    _add_service(where, text, workload, target)
    found = Parts([_unit(f"{name}.pod", str(text), target)])
    ports_of(where, workload)
    for number_in_pod, each in enumerate(inside, 1):
        given = present(each) if isinstance(each, dict) else {}
        here = f"{where}: container {number_in_pod}"
        member = f"{name}-{name_of(here, given)}"
        here = f"{where}: container {given['name']}"
        refuse_unknown(here, given)
        given = {**{key: workload[key] for key in _INHERITED if key in workload}, **given}
        body, files = container(here, given, Place(member, f"{folder}/{member}", pod=f"{name}.pod"))
        found.add(Parts([_unit(f"{member}.container", body, target)], files, bool(auto_update_of(given))))
    return found


def _kube(where: str, workload: Options, target: str | None) -> Parts:
    name = workload["name"]
    refuse_no_document(where, workload["kube"])
    # Beside the unit, where a relative path is looked for.
    document = {"path": f"{name}.yml", "content": workload["kube"], "mode": "0600"}
    text = _head(where, workload)
    text.add(
        "Kube",
        Yaml=document["path"],
        PublishPort=listed(where, workload, "ports"),
        Network=networks_of(where, workload),
        AutoUpdate=auto_update_of(workload),
    )
    ports_of(where, workload)
    _add_service(where, text, workload, target)
    return Parts([_unit(f"{name}.kube", str(text), target)], [document], bool(auto_update_of(workload)))


def _head(where: str, workload: Options) -> UnitText:
    text = UnitText(where)
    endless = choice(where, workload, "restart", RESTARTS, "on-failure") != "no"
    text.add("Unit", Description=workload["name"], StartLimitIntervalSec=0 if endless else None)
    return text


def _add_service(where: str, text: UnitText, workload: Options, target: str | None) -> None:
    text.add("Service", Restart=choice(where, workload, "restart", RESTARTS, "on-failure"))
    text.add("Service", TimeoutStartSec=number(where, workload, "start_timeout", START_TIMEOUT))
    if target:
        text.add("Install", WantedBy=target)
    text.extend(workload.get("extra", {}))


def _unit(name: str, content: str, target: str | None) -> dict[str, t.Any]:
    return {"name": name, "content": content, **({} if target else {"state": "stopped"})}
