# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes where on a node: every part of a set as a file with a path."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .keys import QUADLET, Version
from .layout import Places
from .model import Unit
from .relations import mounts
from .render import render
from .wanted import Wanted


@dataclass(frozen=True)
class Target:
    """A file as it is to be on the node."""

    name: str
    """What the user calls it."""
    path: str
    content: bytes
    mode: int = 0o644
    services: tuple[str, ...] = ()
    """The units that have to be restarted when it changes."""
    service: str = ""
    """The unit that a Quadlet file or a plain unit becomes."""
    scratch: str = ""
    """Where it lies in the scratch folder of a trial; empty when no trial needs it."""
    verified: str = ""
    """The unit that systemd-analyze is to verify."""

    @property
    def private(self) -> bool:
        """Whether others than the owner may not read it: then it is shown to nobody."""
        return not self.mode & 0o004


def place(wanted: Wanted, podman: Version | None) -> tuple[Target, ...]:
    """All the files of a set, for the podman of the node.

    :raises FleetError: podman is too old for Quadlet, and a unit cannot be written as a plain one.
    """
    places = Places(wanted.user)
    old = podman is not None and podman < QUADLET
    services = {unit.name: unit.service for unit in wanted.units}
    targets = [_unit(unit, places, wanted, old=old) for unit in wanted.units]
    for each in wanted.drop_ins:
        quadlet = each.of_quadlet
        folder = places.quadlets if quadlet else places.units
        name = f"{each.unit}.d/{each.name}"
        targets.append(
            Target(
                name,
                f"{folder}/{name}",
                each.content.encode(),
                services=(services.get(each.unit, each.unit),) if not quadlet else _changed_by(each.unit, wanted),
                scratch=f"{'quadlets' if quadlet else 'units'}/{name}",
                verified="" if quadlet or each.unit in services.values() else each.unit,
            )
        )
    for file in wanted.files:
        beside = not file.path.startswith(("/", "%h/"))
        path = f"{places.quadlets}/{file.path}" if beside else file.path
        used_by = tuple(unit.service for unit in wanted.units if mounts(unit, file.path) or mounts(unit, path))
        scratch = f"quadlets/{file.path}" if beside else ""
        targets.append(Target(file.path, path, file.content.encode(), file.mode, used_by, scratch=scratch))
    return tuple(targets)


def _unit(unit: Unit, places: Places, wanted: Wanted, *, old: bool) -> Target:
    rendered = unit.quadlet and old
    plain = rendered or not unit.quadlet
    name = unit.service if rendered else unit.name
    content = render(unit, wanted) if rendered else unit.content
    return Target(
        unit.name,
        f"{places.units if plain else places.quadlets}/{name}",
        content.encode(),
        services=(unit.service,),
        service="" if plain else unit.service,
        scratch=f"{'units' if plain else 'quadlets'}/{name}",
        verified=unit.service,
    )


def _changed_by(unit: str, wanted: Wanted) -> tuple[str, ...]:
    """The units that a drop-in of Quadlet changes: one, those of a type, or those whose names begin so."""
    stem, _dot, kind = unit.rpartition(".")
    return tuple(
        each.service
        for each in wanted.units
        if each.type == kind and (not stem or each.stem == stem or (stem.endswith("-") and each.stem.startswith(stem)))
    )


def by_path(targets: t.Iterable[Target]) -> dict[str, Target]:
    return {each.path: each for each in targets}
