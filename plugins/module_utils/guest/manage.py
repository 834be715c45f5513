# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wanted state of one guest: read, plan, apply, wait."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass, replace

from ..errors import CommandError, FleetError
from ..node import Node
from ..outcome import Plan, Step
from . import definition, drift, inputs, kvm, plan, reach, virsh
from .model import ABSENT, REBUILD, RECONCILE, RUNNING, STOPPED, Drift, Found, Guest
from .plan import CREATE, KEEP, REDEFINE
from .reach import Contact, Waiting, World
from .read import outdated, read
from .virsh import Virsh


def manage(node: Node, params: dict[str, t.Any], check: bool, world: World) -> dict[str, t.Any]:
    """Make a guest as wanted, and say what was done.

    :raises FleetError: bad input before anything is touched, or what failed.
    """
    task = Task(Virsh(node, params["uri"]), params, check, world, started=world.now(), warnings=[])
    virsh.check_name(task.name, "guest")
    found = read(task.client, task.name)
    if found and not found.mark:
        raise FleetError(f"name: a guest named {task.name} exists that this collection did not make; it is left alone")
    if params["state"] == ABSENT:
        return task.absent(found)
    if params["image"] is None:
        return task.state_only(found)
    # The disks of a guest stay where they were made.
    folder = found.mark.directory if found and found.mark else params["directory"]
    return task.present(inputs.wanted({**params, "directory": folder}), found)


@dataclass(frozen=True)
class Task:
    """One task on one guest. ``started`` is the world's time."""

    client: Virsh
    params: dict[str, t.Any]
    check: bool
    world: World
    started: float
    warnings: list[str]

    @property
    def name(self) -> str:
        return str(self.params["name"])

    @property
    def power(self) -> plan.Power:
        return plan.Power(self.client, self.world, self.name, self.params["wait_timeout"], self.params["force"])

    def absent(self, found: Found | None) -> dict[str, t.Any]:
        """Remove the guest and what was made for it."""
        steps = plan.removing(self.client, found) if found else []
        todo = Plan(tuple(steps), before=_describe(found))
        if not self.check:
            todo.apply(self.client.node)
        return {**todo.report(), "name": self.name, "state": ABSENT}

    def state_only(self, found: Found | None) -> dict[str, t.Any]:
        """Start or stop a guest, whatever its definition."""
        if found is None:
            raise FleetError(f"image: there is no guest {self.name} yet, and without an image none can be made")
        if found.half_made:
            raise FleetError(
                f"image: the guest {self.name} is only half made; give its image to finish it, or state absent"
            )
        steps = self.power.reach(found.state, self.params["state"])
        return self._finish(KEEP, found, found.guest, steps, [])

    def present(self, wanted: Guest, found: Found | None) -> dict[str, t.Any]:
        """Make the guest, or compare it with what is wanted and apply what the options say."""
        node = self.client.node
        sha, ignition = inputs.ignition(node, self.params["ignition"])
        wanted = inputs.disks(node, replace(wanted, ignition=sha))
        image = inputs.image(node, wanted, known=found is not None and found.guest.image == wanted.image)
        inputs.networks(self.client, wanted)
        asked = replace(wanted, cpu=wanted.cpu or _cpu_of(wanted, found))
        drifts = drift.between(asked, found.guest) if found else []
        action = plan.action(found, drifts, self.params["rebuild"], self.params["reconcile"])
        _check_root_disk(action, found)
        state = found.state if found else STOPPED
        steps: list[Step] = []
        if found is None or action in (CREATE, REBUILD):
            existing = inputs.existing_files(node, wanted, found.owned if found else ())
            goal = self._resolved(wanted, found)
            steps += plan.making(self.client, goal, self._domain(goal, found), image, ignition, found, existing)
            drifts = []
            # Made anew it is off; with state present it gets its power back.
            steps += self.power.reach(STOPPED, self._goal_state(state))
        elif action == REDEFINE:
            goal = plan.settled(asked, found)
            existing = inputs.existing_files(node, goal, found.owned)
            steps += plan.redefining(self.client, goal, self._domain(goal, found), found, existing)
            drifts = [entry for entry in drifts if entry.remedy != RECONCILE]
            steps += self._restart(found, action) or self.power.reach(state, self.params["state"])
        else:
            goal = found.guest
            steps += self._restart(found, action) or self.power.reach(state, self.params["state"])
        self.warnings.extend(f"{self.name}: {entry.sentence}" for entry in drifts)
        return self._finish(action, found, goal, steps, drifts)

    def _goal_state(self, state: str) -> str:
        """The state that the guest ends in, from the one it has."""
        return state if self.params["state"] == "present" else str(self.params["state"])

    def _resolved(self, wanted: Guest, found: Found | None) -> Guest:
        """What is left open, decided: KVM or not, the CPU, and the addresses of the guest that it replaces.

        Check mode does not try KVM: that leaves files in the runtime folder.
        """
        guest = plan.with_macs(wanted, [nic.mac for nic in found.guest.networks] if found else [])
        guest = replace(guest, arch=wanted.arch or definition.host_arch(self.client.node))
        if guest.virt_type is None and not self.check:
            obstacle = kvm.why_not(self.client, str(guest.arch), wanted.cpu)
            guest = replace(guest, virt_type="qemu" if obstacle else "kvm")
            if obstacle and kvm.is_news(self.client.node, obstacle):
                self.warnings.append(
                    f"KVM does not work on this hypervisor, so guests are emulated and slow ({obstacle}); this is"
                    " said once"
                )
        return replace(guest, cpu=guest.cpu or definition.default_cpu(guest.virt_type, guest.arch))

    def _domain(self, guest: Guest, found: Found | None) -> definition.Domain:
        return definition.domain_xml(self.client, guest, found.uuid if found else None)

    def _restart(self, found: Found, action: str) -> list[Step]:
        """Off and on, when asked for and when the running guest has an older definition."""
        if not self.params["restart"] or found.state != RUNNING or self.params["state"] == STOPPED:
            return []
        if action == KEEP and not outdated(self.client, found):
            return []
        return [self.power.off(), self.power.on()]

    def _finish(
        self, action: str, found: Found | None, goal: Guest, steps: t.Sequence[Step], drifts: t.Sequence[Drift]
    ) -> dict[str, t.Any]:
        """Apply the steps, wait, and describe what there is then."""
        state = self._goal_state(found.state if found else STOPPED)
        todo = Plan(tuple(steps), before=_describe(found), after={**goal.describe(), "state": state})
        result = {**todo.report(), "drift": [entry.report() for entry in drifts], "warnings": self.warnings}
        if action == REDEFINE and found:
            result["replaced_definition"] = found.xml
        if self.check:
            # A guest that stays is still found: later tasks of the check run want to reach it.
            stays = found if action in (KEEP, REDEFINE) else None
            contact = self._contact(stays) if stays else Contact()
            return {**result, **self._facts(goal, state, contact, self._will_be_outdated(action, stays))}
        self._apply(action, todo)
        after = read(self.client, self.name) if steps else found
        if after is None:
            raise FleetError(f"the guest {self.name} is gone: something else removed it while this task ran")
        contact = self._contact(after)
        if steps and after.active:
            result["seconds"] = round(self.world.now() - self.started, 1)
        return {**result, **self._facts(after.guest, after.state, contact, outdated(self.client, after))}

    def _will_be_outdated(self, action: str, stays: Found | None) -> bool:
        """What restart_needed would be, in check mode."""
        if stays is None or not stays.active or self.params["restart"] or self.params["state"] == STOPPED:
            return False
        return action == REDEFINE or outdated(self.client, stays)

    def _apply(self, action: str, todo: Plan) -> None:
        """Apply the plan. When a new guest fails, what was made of it is removed again.

        :raises FleetError: a step failed.
        """
        ends = {
            CREATE: ("made", "; what was made of it is removed again"),
            REBUILD: ("made anew", "; it is incomplete until a task with the same options succeeds"),
        }
        with contextlib.ExitStack() as undo:
            if action == CREATE:
                undo.callback(self._remove_again)
            try:
                todo.apply(self.client.node)
            except CommandError as exc:
                what, then = ends.get(action, ("changed", ""))
                sentence = f"the guest {self.name} could not be {what}: {_why(exc)}{then}"
                raise FleetError(sentence, **exc.details) from exc
            undo.pop_all()

    def _remove_again(self) -> None:
        try:
            left = read(self.client, self.name)
            if left and left.mark:
                Plan(tuple(plan.removing(self.client, left))).apply(self.client.node)
        except FleetError as exc:
            raise FleetError(
                f"the guest {self.name} could not be made, and what was made of it could not be removed:"
                f" {exc.message}; a task with state absent removes it",
                **exc.details,
            ) from exc

    def _contact(self, guest: Found) -> Contact:
        if not guest.active:
            return Contact()
        params = self.params
        goal = params["wait"] if params["state"] == RUNNING else "none"
        wanted = Waiting(goal, params["wait_timeout"], params["ssh_port"], params["address"])
        macs = [nic.mac for nic in guest.guest.networks if nic.mac]
        return reach.contact(self.client, self.world, self.name, macs, wanted)

    def _facts(self, guest: Guest, state: str, contact: Contact, restart_needed: bool) -> dict[str, t.Any]:
        return {
            "name": self.name,
            "state": state,
            "virt_type": guest.virt_type,
            "address": contact.address,
            "mac": contact.mac or next((nic.mac for nic in guest.networks if nic.mac), None),
            "ssh_host_key": list(contact.host_keys),
            "disks": [guest.root_disk, *(disk.path for disk in guest.disks)],
            "restart_needed": restart_needed,
        }


def _check_root_disk(action: str, found: Found | None) -> None:
    """
    :raises FleetError: applying would put the guest back on a disk that it has left, and lose what it wrote since.
    """
    if found and action in (REBUILD, REDEFINE) and found.root != found.guest.root_disk:
        raise FleetError(
            f"the root disk of the guest {found.guest.name} is {found.root} instead of {found.guest.root_disk}, perhaps"
            " because of a snapshot; merge it (virsh blockcommit) before its definition is changed"
        )


def _why(error: CommandError) -> str:
    why = virsh.reason(error)
    if "Permission denied" in why:
        return f"{why} (QEMU runs as another user, which has to be able to enter every folder above that file)"
    return why


def _describe(found: Found | None) -> dict[str, t.Any]:
    return {**found.guest.describe(), "state": found.state} if found else {}


def _cpu_of(wanted: Guest, found: Found | None) -> str | None:
    """The CPU that an existing guest gets when none is asked for; a new one's depends on KVM."""
    return definition.default_cpu(wanted.virt_type or found.guest.virt_type, found.guest.arch) if found else None
