# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused before anything is touched, with one sentence each."""

from __future__ import annotations

import typing as t

from ..errors import FleetError
from .keys import DROP_INS, FILE_TYPES, HEALTHY, NEWEST, QUADLET, first_version, similar_key, spell
from .model import Unit
from .place import Target
from .relations import Port, image, ports, references, secrets
from .state import State
from .wanted import Wanted

_COMMON_SECTIONS = ("Unit", "Service", "Install", "Quadlet")

_POLICIES = ("registry", "local", "image", "disabled")


def refuse_impossible(wanted: Wanted) -> None:
    """What no node can do.

    :raises FleetError: with the first of it.
    """
    _refuse_shared_ports(wanted)
    for unit in wanted.units:
        _refuse_sections(unit)
        _refuse_update_policy(unit)
        _refuse_boot_target(wanted, unit)


def refuse_on_node(wanted: Wanted, targets: t.Sequence[Target], state: State) -> None:
    """What this node cannot do.

    :raises FleetError: with the first of it.
    """
    for unit in wanted.units:
        if unit.quadlet:
            _refuse_versions(unit, state)
            _refuse_missing(unit, wanted, state)
    _refuse_claimed(wanted, targets, state)
    for drop_in in wanted.drop_ins:
        if drop_in.of_quadlet and state.podman is not None and state.podman < DROP_INS:
            raise FleetError(
                f"drop_ins: podman reads drop-ins of Quadlet files from {spell(DROP_INS)} on, and the node has "
                f"{state.podman_version}; write {drop_in.unit}.d/{drop_in.name} into {drop_in.unit} itself"
            )


def _refuse_shared_ports(wanted: Wanted) -> None:
    taken: list[tuple[Port, str]] = []
    for unit in wanted.units:
        for port in ports(unit):
            for other, name in taken:
                if port.collides(other):
                    raise FleetError(
                        f"units: {name} and {unit.name} both listen on {port}; give one of them another port"
                    )
            taken.append((port, unit.name))


def _refuse_sections(unit: Unit) -> None:
    if not unit.quadlet:
        return
    if unit.group not in unit.file.sections:
        raise FleetError(f"units: {unit.name} has no section [{unit.group}]")
    for section in unit.file.sections:
        if section not in (unit.group, *_COMMON_SECTIONS) and not section.startswith("X-"):
            raise FleetError(
                f"units: {unit.name}: nothing reads [{section}] there; a .{unit.type} file has [{unit.group}] and "
                "[Unit], [Service], [Install]"
            )


def _refuse_update_policy(unit: Unit) -> None:
    policy = unit.file.value(unit.group, "AutoUpdate") if unit.quadlet else None
    if policy is None or unit.type != "container":
        return
    if policy not in _POLICIES:
        raise FleetError(f"units: {unit.name}: AutoUpdate={policy} is no policy of podman; give registry or local")
    name = image(unit)
    if policy in ("registry", "image") and name is not None and not _fully_qualified(name):
        raise FleetError(
            f"units: {unit.name}: AutoUpdate={policy} needs the image with its registry, for example "
            f"registry.example.com/{name}"
        )


def _fully_qualified(name: str) -> bool:
    """As podman tells a registry from the first part of a path: it has a dot or a port, or is localhost."""
    first, slash, _rest = name.partition("docker://")[2].partition("/") if "docker://" in name else name.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")


def _refuse_boot_target(wanted: Wanted, unit: Unit) -> None:
    targets = unit.file.words("Install", "WantedBy", "RequiredBy", "UpheldBy")
    if not wanted.root and targets and set(targets) == {"multi-user.target"}:
        raise FleetError(
            f"units: {unit.name}: the systemd of a user has no multi-user.target, so the unit would never start; "
            "give WantedBy=default.target"
        )


def _refuse_versions(unit: Unit, state: State) -> None:
    if state.podman is None:
        raise FleetError(f"units: the node has no podman that {unit.name} could run with")
    # Older ones take it for "no", and the unit counts as started before it can answer.
    if unit.file.value("Container", "Notify") == "healthy" and state.podman < HEALTHY:
        raise FleetError(
            f"units: {unit.name}: podman knows Notify=healthy from {spell(HEALTHY)} on, and the node has "
            f"{state.podman_version}; leave it out and wait in ExecStartPost= of [Service], or update podman"
        )
    if state.podman < QUADLET:
        return
    since = FILE_TYPES[unit.type]
    if state.podman < since:
        raise FleetError(
            f"units: podman knows .{unit.type} files from {spell(since)} on, and the node has {state.podman_version}; "
            f"leave {unit.name} out, or update podman"
        )
    for entry in unit.file.entries:
        if entry.section in (unit.group, "Quadlet"):
            _refuse_key(unit, entry.section, entry.key, state)


def _refuse_key(unit: Unit, section: str, key: str, state: State) -> None:
    if state.podman is None:
        return
    since = first_version(section, key)
    if since is not None and state.podman < since:
        raise FleetError(
            f"units: {unit.name}: podman knows {key}= in [{section}] from {spell(since)} on, and the node has "
            f"{state.podman_version}; leave it out, or update podman"
        )
    if since is None and state.podman <= NEWEST:
        similar = similar_key(section, key)
        hint = f"did you mean {similar}=?" if similar else "leave it out"
        raise FleetError(f"units: {unit.name}: no podman knows {key}= in [{section}]; {hint}")


def _refuse_missing(unit: Unit, wanted: Wanted, state: State) -> None:
    there = {each.name for each in wanted.units} | set(_foreign(state))
    for name in references(unit):
        if name not in there:
            raise FleetError(
                f"units: {unit.name} refers to {name}, and no unit defines it; add it to units, or correct the name"
            )
    given = {each.name for each in wanted.secrets}
    kept = set(state.secrets) - set(state.manifest.secrets if state.manifest else ()) | given
    for name in secrets(unit):
        if name not in kept and state.ready:
            raise FleetError(
                f"units: {unit.name} needs the secret {name}, which {wanted.user} does not have on the node; give "
                "it in secrets, or create it there first"
            )


def _foreign(state: State) -> t.Mapping[str, str]:
    """The Quadlet files of the owner that are not this set's."""
    own = set(state.manifest.files) if state.manifest else set()
    resolved = {path.replace("%h", state.home, 1) if path.startswith("%h/") else path for path in own}
    return {name: path for name, path in state.quadlets.items() if path not in resolved}


def linked(wanted: Wanted, state: State) -> tuple[str, ...]:
    """The paths of Quadlet files of the node that the set refers to."""
    foreign, own = _foreign(state), {unit.name for unit in wanted.units}
    names = {name for unit in wanted.units if unit.quadlet for name in references(unit)} - own
    return tuple(sorted(foreign[name] for name in names if name in foreign))


def _refuse_claimed(wanted: Wanted, targets: t.Iterable[Target], state: State) -> None:
    for name, other in state.others.items():
        paths = [target.name for target in targets if target.path in other.files]
        for part in (*paths, *(each.name for each in wanted.secrets if each.name in other.secrets)):
            raise FleetError(f"{part} belongs to the set {name} of {wanted.user}; it can be in one set only")
