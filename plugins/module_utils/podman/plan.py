# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a set and what differs of it to steps. Nothing here looks at a node."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass

from ..outcome import Plan, Step
from .changes import Changes, running
from .layout import Places
from .linger import ready
from .model import NONE, STARTED, STOPPED, Unit
from .owner import OwnerRun, systemctl
from .place import Target
from .pull import pull
from .relations import triggered
from .render import object_name
from .replacing import file_steps
from .secret import PutSecret
from .show import difference
from .state import State
from .unitfile import BadLine, parse
from .wanted import Wanted

# From this podman on, a secret can be replaced in one go.
_REPLACE_SECRET = (4, 7)


@dataclass(frozen=True)
class SetPlan:
    plan: Plan
    restarted: tuple[str, ...] = ()
    started: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def plan(
    wanted: Wanted, targets: t.Sequence[Target], state: State, changes: Changes, missing: t.Collection[str] = ()
) -> SetPlan:
    """The steps from what is to what is wanted, in their order; none when it is so already.

    :arg missing: names of images that the owner does not have yet.
    """
    return _Planner(wanted, targets, state, changes, missing).plan()


class _Planner:
    def __init__(
        self,
        wanted: Wanted,
        targets: t.Sequence[Target],
        state: State,
        changes: Changes,
        missing: t.Collection[str],
    ) -> None:
        self.wanted = wanted
        self.targets = targets
        self.state = state
        self.changes = changes
        self.missing = missing
        self.services = wanted.services
        units, paths = Places(wanted.user).units, {each.name: each.path for each in targets}
        self.plain = {unit.service for unit in wanted.units if paths[unit.name].startswith(units)}

    @property
    def _up(self) -> frozenset[str]:
        return frozenset(name for name, unit in self.state.units.items() if unit.running)

    def plan(self) -> SetPlan:
        restarts = self._restarts()
        starts = self._starts(restarts)
        files, tail = file_steps(self.wanted, self.targets, self.state, self.changes, restarts)
        steps = [
            *(ready(self.wanted.user, self.state) if self.targets or self.state.manifest else ()),
            *self._pulls(),
            *self._secrets(),
            *self._downs(),
            *files,
            *self._reload(),
            *self._forget(),
            *self._enable(),
            *self._ups(restarts, starts),
            *self._stale_secrets(),
            *tail,
        ]
        before, after = difference(self.state, self.changes, restarts=restarts, starts=starts)
        return SetPlan(Plan(tuple(steps), before, after), restarts, starts, self._warnings())

    def _restarts(self) -> tuple[str, ...]:
        found: list[str] = []
        for service in sorted(self.changes.restarts):
            unit = self.services.get(service)
            if unit is None or unit.goal != STOPPED:
                found += running(self.state, service)
        return tuple(found)

    def _starts(self, restarts: t.Collection[str]) -> tuple[str, ...]:
        found = []
        for unit in self.wanted.units:
            name = unit.runs_as
            if name is None or unit.goal != STARTED or name in restarts:
                continue
            # A job that is over is done, unless it is not the same job any more.
            if unit.service in self.changes.restarts or not self.state.unit(name).done:
                found.append(name)
        return tuple(found)

    def _pulls(self) -> t.Iterator[Step]:
        for unit in self.wanted.units:
            argv = pull(unit, self.missing)
            if argv is not None:
                yield OwnerRun(self.wanted.user, argv, f"{unit.name} needs the image, before anything is stopped")

    def _secrets(self) -> t.Iterator[Step]:
        replaces = (self.state.podman or (0, 0)) >= _REPLACE_SECRET
        for each in self.changes.secrets:
            there = each.name in self.state.secrets
            if there and not replaces:
                yield self._podman("secret", "rm", each.name, reason=f"the secret {each.name} has another value")
            reason = f"the secret {each.name} {'has another value' if there else 'is not there'}"
            yield PutSecret(self.wanted.user, each, reason, replace=replaces)

    def _stale_secrets(self) -> t.Iterator[Step]:
        for name in self.changes.stale:
            yield self._podman("secret", "rm", name, reason=f"the secret {name} is not in the set any more")

    def _downs(self) -> t.Iterator[Step]:
        gone = [name for pattern in self.changes.gone for name in running(self.state, pattern)]
        if gone:
            yield self._systemctl("stop", gone, "not in the set any more")
        unwanted = [
            name for unit in self.wanted.units if unit.goal == STOPPED for name in running(self.state, unit.service)
        ]
        if unwanted:
            yield self._systemctl("stop", unwanted, "to be stopped")
        left = [name for name in self.changes.gone if self.state.unit(name).file_state == "enabled"]
        # Quadlet does by itself what was enabled while podman had none.
        left += [
            service
            for service, unit in sorted(self.services.items())
            if self.state.unit(service).file_state == "enabled" and not (service in self.plain and unit.installed)
        ]
        if left:
            yield self._systemctl("disable", left, "not to start at boot any more")
        for name in self._gone_networks():
            # Another set or a container of the user's own may still be in it: then it stays.
            yield self._podman("network", "rm", name, reason="the network is not in the set any more", ok=(0, 1, 2))

    def _gone_networks(self) -> t.Iterator[str]:
        for path in self.changes.obsolete:
            found = self.state.files.get(path)
            name = path.rpartition("/")[2]
            if name.endswith(".network") and found is not None:
                # Somebody may have spoilt the file: then nobody knows what the network is called.
                with contextlib.suppress(BadLine):
                    yield object_name(Unit(name, "", parse(found.content.decode(errors="replace"))))

    def _reload(self) -> t.Iterator[Step]:
        stale = any(unit.needs_reload for unit in self.state.units.values())
        read = (Places(self.wanted.user).quadlets, Places(self.wanted.user).units)
        paths = [*self.changes.obsolete, *(each.path for each in self.changes.targets)]
        if stale or any(path.startswith(read) for path in paths):
            yield OwnerRun(
                self.wanted.user, (*systemctl(self.wanted.user), "daemon-reload"), "units changed on the disk"
            )

    def _forget(self) -> t.Iterator[Step]:
        """A container that is killed when it stops counts as failed, and systemd would remember it for ever."""
        units = [name for name in self.changes.gone if running(self.state, name) or self.state.unit(name).failed]
        if units:
            listed = ", ".join(units)
            argv = (*systemctl(self.wanted.user), "reset-failed", *units)
            # Those that did not fail are not known any more, which is an error.
            yield OwnerRun(self.wanted.user, argv, f"{listed}: not in the set any more", ok=(0, 1))

    def _enable(self) -> t.Iterator[Step]:
        changed = {service for each in self.changes.targets if each.verified for service in each.services}
        names = [
            service
            for service in sorted(self.plain)
            if self.services[service].installed
            and (
                service in changed or self.state.unit(self.services[service].runs_as or service).file_state != "enabled"
            )
        ]
        if names:
            yield self._systemctl("reenable", names, "to start at boot")

    def _ups(self, restarts: tuple[str, ...], starts: tuple[str, ...]) -> t.Iterator[Step]:
        failed = [name for name in starts if self.state.unit(name).active == "failed"]
        if failed:
            yield self._systemctl("reset-failed", failed, "failed before; systemd counts the tries")
        sockets = [name for name in restarts if name.endswith(".socket")]
        networks = list(self._changed_networks())
        reason = "changed, or needs what changed"
        if restarts and not sockets and not networks:
            yield self._systemctl("restart", restarts, reason)
            restarts = ()
        # A socket does not start while its service runs, and a network is not removed while a container is in it.
        served = self._served(sockets)
        if restarts:
            yield self._systemctl("stop", [*restarts, *(each for each in served if each not in restarts)], reason)
        for name in networks:
            yield self._podman("network", "rm", name, reason="podman does not change a network", ok=(0, 1))
        if restarts:
            yield self._systemctl("start", [name for name in restarts if name not in served], reason)
        if starts:
            yield self._systemctl("start", starts, "to be started")

    def _changed_networks(self) -> t.Iterator[str]:
        changed = {each.name for each in self.changes.targets if each.path in self.state.files}
        for unit in self.wanted.units:
            if unit.type == "network" and unit.name in changed:
                yield object_name(unit)

    def _served(self, sockets: t.Collection[str]) -> list[str]:
        """The services that sockets have started, and that the next request will start again."""
        found = []
        for name in sockets:
            unit = self.services.get(name)
            service = triggered(unit) if unit else None
            if service in self._up and (service not in self.services or self.services[service].goal == NONE):
                found.append(service)
        return found

    def _warnings(self) -> tuple[str, ...]:
        found = []
        for each in self.changes.targets:
            if each.name.endswith(".volume") and each.path in self.state.files:
                found.append(
                    f"{each.name} changed, but podman leaves a volume that is there as it is; move the data and remove "
                    "the volume for the change to count"
                )
        return tuple(found)

    def _systemctl(self, verb: str, names: t.Iterable[str], reason: str) -> OwnerRun:
        listed = tuple(names)
        return OwnerRun(
            self.wanted.user, (*systemctl(self.wanted.user), verb, *listed), f"{', '.join(listed)}: {reason}"
        )

    def _podman(self, *argv: str, reason: str, ok: tuple[int, ...] = (0,)) -> OwnerRun:
        return OwnerRun(self.wanted.user, ("podman", *argv), reason, ok=ok)
