# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare a set with what the node has of it."""

from __future__ import annotations

import fnmatch
import typing as t
from dataclasses import dataclass

from .model import Secret, Unit
from .place import Target
from .relations import mounts, needed, references, secrets
from .secret import matches
from .state import State
from .wanted import Wanted


@dataclass(frozen=True)
class Changes:
    """``obsolete`` are paths, ``gone`` units of systemd and ``stale`` secrets that the set had and has no more."""

    targets: tuple[Target, ...] = ()
    obsolete: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    secrets: tuple[Secret, ...] = ()
    stale: tuple[str, ...] = ()
    restarts: frozenset[str] = frozenset()
    """The units to restart if they run: what changed, and what goes down with it."""

    @property
    def files(self) -> bool:
        return bool(self.targets or self.obsolete)


def compare(wanted: Wanted, targets: t.Sequence[Target], state: State) -> Changes:
    """What differs."""
    changed = tuple(each for each in targets if not _same(each, state))
    paths = {each.path for each in targets}
    manifest = state.manifest
    obsolete = tuple(path for path in manifest.files if path not in paths) if manifest else ()
    patterns = {unit.pattern for unit in wanted.units}
    gone = tuple(name for name in manifest.units if name not in patterns) if manifest else ()
    given = {each.name for each in wanted.secrets}
    stale = tuple(name for name in manifest.secrets if name not in given) if manifest else ()
    new_secrets = tuple(each for each in wanted.secrets if not matches(state.secrets.get(each.name, ""), each.value))
    direct = {service for each in changed for service in each.services}
    direct |= {service for path in obsolete for service in _used(path, wanted)}
    names = {each.name for each in new_secrets}
    direct |= {unit.service for unit in wanted.units if names & set(secrets(unit))}
    direct |= set(manifest.restarts) if manifest else set()
    return Changes(
        targets=changed,
        obsolete=obsolete,
        gone=gone,
        secrets=new_secrets,
        stale=tuple(name for name in stale if name in state.secrets),
        restarts=_with_pods(_with_dependants(direct, wanted), wanted, state),
    )


def running(state: State, service: str) -> tuple[str, ...]:
    """The unit if it runs; of a template the instances that do."""
    pattern = service.replace("@.", "@*.")
    return tuple(
        name
        for name, unit in state.units.items()
        if unit.running and (name == service or fnmatch.fnmatch(name, pattern))
    )


def _same(target: Target, state: State) -> bool:
    found = state.files.get(target.path)
    return found is not None and (found.content, found.mode) == (target.content, target.mode)


def _used(path: str, wanted: Wanted) -> t.Iterator[str]:
    """The units that a removed file was a part of: as a drop-in, or as something mounted."""
    folder = path.split("/")[-2]
    owner = folder[: -len(".d")] if folder.endswith(".d") else ""
    for unit in wanted.units:
        if owner in (unit.name, unit.service) or mounts(unit, path):
            yield unit.service


def _with_dependants(direct: t.Collection[str], wanted: Wanted) -> frozenset[str]:
    services = {unit.name: unit.service for unit in wanted.units}
    needs: dict[Unit, frozenset[str]] = {unit: needed(unit, services) for unit in wanted.units}
    found = set(direct)
    while True:
        more = {unit.service for unit, names in needs.items() if names & found} - found
        if not more:
            return frozenset(found)
        found |= more


def _with_pods(restarts: frozenset[str], wanted: Wanted, state: State) -> frozenset[str]:
    """A pod stops with its last container, which then cannot start again without it."""
    pods = set()
    for pod in wanted.units:
        members = {unit.service for unit in wanted.units if pod.type == "pod" and pod.name in references(unit)}
        running_members = {service for service in members if running(state, service)}
        if running_members and running_members <= restarts:
            pods.add(pod.service)
    return restarts | pods
