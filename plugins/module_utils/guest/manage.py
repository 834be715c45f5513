# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wanted state of one guest: read, plan, apply, wait."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..errors import CommandError, FleetError
from ..node import Node
from ..outcome import Plan, Step
from . import definition, drift, inputs, kvm, parse, plan, reach, virsh
from .drift import REBUILD
from .model import ABSENT, RUNNING, STOPPED, Drift, Found, Guest
from .plan import CREATE, KEEP, REDEFINE
from .reach import World
from .virsh import Virsh


class Manager:
    """One task on one guest."""

    def __init__(self, node: Node, params: dict[str, t.Any], world: World) -> None:
        self.node = node
        self.params = params
        self.world = world
        self.name: str = params["name"]
        self.client = Virsh(node, params["uri"])
        self.warnings: list[str] = []
        self.power = plan.Power(self.client, world, self.name, params["wait_timeout"], params["force"])

    def run(self, check: bool) -> dict[str, t.Any]:
        """Make it so, and say what was done.

        :raises FleetError: bad input before anything is touched, or what failed.
        """
        started = self.world.now()
        virsh.check_name(self.name, "guest")
        wanted = None if self.params["image"] is None else inputs.wanted(self.params)
        found = self.read()
        if found and not found.mark:
            raise FleetError(
                f"name: a guest named {self.name} exists that this collection did not make; it is left alone"
            )
        if self.params["state"] == ABSENT:
            return self._absent(found, check)
        if wanted is None:
            return self._state_only(found, check, started)
        return self._present(wanted, found, check, started)

    def read(self) -> Found | None:
        """The guest as libvirt and its disks have it."""
        state = self.client.states().get(self.name)
        if state is None:
            return None
        text = self.client.ask("dumpxml", "--inactive", self.name)
        bare = parse.guest(text, state)
        return parse.guest(text, state, self._sizes(bare))

    def _sizes(self, found: Found) -> dict[str, float]:
        """The sizes of the disks that were made for the guest. One that is gone has none."""
        owned = found.mark.files if found.mark else ()
        disks = [path for path in (found.guest.root_disk, *(d.path for d in found.guest.disks)) if path in owned]
        sizes = {}
        for path in disks:
            argv = ("qemu-img", "info", "--force-share", "--output=json", path)
            done = virsh.call(self.node, argv, ok=(0, 1))
            if done.rc == 0:
                sizes[path] = parse.image(path, done.stdout).size
        return sizes

    def _absent(self, found: Found | None, check: bool) -> dict[str, t.Any]:
        steps = plan.removing(self.client, found) if found else []
        before = found.guest.describe() if found else {}
        made = Plan(tuple(steps), before=before, after={})
        if not check:
            made.apply(self.node)
        return {**made.report(), "name": self.name, "state": ABSENT}

    def _state_only(self, found: Found | None, check: bool, started: float) -> dict[str, t.Any]:
        if found is None:
            raise FleetError(f"image: there is no guest {self.name} yet, and without an image none can be made")
        if found.mark and not found.mark.complete:
            raise FleetError(
                f"image: the guest {self.name} is only half made; give its image to finish it, or state absent"
            )
        steps = self.power.reach(found.state, self.params["state"])
        return self._finish(found, found.guest, steps, check, started, [])

    def _present(self, wanted: Guest, found: Found | None, check: bool, started: float) -> dict[str, t.Any]:
        sha, ignition = inputs.ignition(self.node, self.params["ignition"])
        wanted = inputs.disks(self.node, replace(wanted, ignition=sha))
        image = inputs.image(self.node, wanted)
        inputs.networks(self.client, wanted)
        drifts = drift.between(self._comparable(wanted, found), found.guest) if found else []
        todo = plan.action(found, drifts, self.params["rebuild"], self.params["reconcile"])
        owned = found.mark.files if found and found.mark else ()
        steps: list[Step] = []
        state = found.state if found else STOPPED
        goal = wanted
        if todo in (CREATE, REBUILD):
            inputs.free_paths(self.node, wanted, owned)
            goal = self._resolved(wanted, found)
            domain = self._domain(goal, found)
            steps = plan.making(self.client, goal, domain, image, ignition, found)
            again = self.params["state"] != STOPPED and state != STOPPED
            state = STOPPED
            if again or self.params["state"] == RUNNING:
                steps.append(self.power.on())
                state = RUNNING
            drifts = []
        elif found and todo == REDEFINE:
            goal = plan.settled(wanted, found)
            inputs.free_paths(self.node, goal, owned)
            steps = plan.redefining(self.client, goal, self._domain(goal, found), found)
            drifts = [entry for entry in drifts if entry.remedy != drift.RECONCILE]
        elif found:
            goal = found.guest
        steps += self._restart(found, state, todo) or self.power.reach(state, self.params["state"])
        self._warn(drifts)
        result = self._finish(found, goal, steps, check, started, drifts, made=todo if todo == CREATE else None)
        if todo == REDEFINE and found:
            result["replaced_definition"] = found.xml
        return result

    def _comparable(self, wanted: Guest, found: Found | None) -> Guest:
        """With the CPU that guests of the found kind get when none is asked for."""
        if found is None or wanted.cpu is not None:
            return wanted
        kind = wanted.virt_type or found.guest.virt_type
        return replace(wanted, cpu=_default_cpu(kind, found.guest.arch))

    def _resolved(self, wanted: Guest, found: Found | None) -> Guest:
        """What is left open, decided: KVM or not, the CPU, and the addresses of the guest that it replaces."""
        arch = self._arch(wanted)
        kind = wanted.virt_type
        if kind is None:
            obstacle = kvm.why_not(self.client, arch, wanted.cpu)
            kind = "kvm" if obstacle is None else "qemu"
            if obstacle:
                self.warnings.append(
                    f"KVM does not work on this hypervisor, {self.name} is emulated and slow: {obstacle}"
                )
        macs = [nic.mac for nic in found.guest.networks] if found else []
        cpu = wanted.cpu or _default_cpu(kind, arch)
        return replace(plan.with_macs(wanted, macs), virt_type=kind, cpu=cpu, arch=arch)

    def _arch(self, wanted: Guest) -> str:
        return wanted.arch or self.node.run(("uname", "-m")).stdout.strip()

    def _domain(self, guest: Guest, found: Found | None) -> t.Any:
        uuid = found.uuid if found else None
        return definition.domain_xml(self.client, guest, self._arch(guest), uuid)

    def _restart(self, found: Found | None, state: str, todo: str) -> list[Step]:
        """Off and on, when a running guest has another definition than its next start would give it."""
        if not self.params["restart"] or self.params["state"] == STOPPED or found is None or state != RUNNING:
            return []
        if todo == REDEFINE or (todo == KEEP and self._stale(found)):
            return [self.power.off(), self.power.on()]
        return []

    def _stale(self, found: Found) -> bool:
        """Whether a running guest still has an older definition."""
        if not found.active:
            return False
        live = parse.guest(self.client.ask("dumpxml", self.name)).guest
        there = found.guest
        return (live.vcpus, live.memory, live.networks, live.console_log, live.cpu is None) != (
            there.vcpus,
            there.memory,
            there.networks,
            there.console_log,
            there.cpu is None,
        ) or [disk.path for disk in live.disks] != [disk.path for disk in there.disks]

    def _warn(self, drifts: t.Sequence[Drift]) -> None:
        for entry in drifts:
            differs = f"{self.name}: {entry.setting} is {entry.found}, wanted is {entry.wanted}"
            if entry.remedy == drift.REBUILD:
                self.warnings.append(
                    f"{self.name}: {entry.setting} has changed; that takes effect only when the guest is rebuilt"
                    " (rebuild: true), which throws its root disk away"
                )
            elif entry.remedy == drift.RECONCILE:
                self.warnings.append(f"{differs} (reconcile: true applies it)")
            else:
                self.warnings.append(f"{differs}; a disk cannot be made smaller")

    def _finish(
        self,
        found: Found | None,
        goal: Guest,
        steps: t.Sequence[Step],
        check: bool,
        started: float,
        drifts: t.Sequence[Drift],
        made: str | None = None,
    ) -> dict[str, t.Any]:
        before = {**found.guest.describe(), "state": found.state} if found else {}
        state = self.params["state"]
        if state not in (RUNNING, STOPPED):
            state = found.state if found else STOPPED
        todo = Plan(tuple(steps), before=before, after={**goal.describe(), "state": state})
        result = {**todo.report(), "drift": [entry.report() for entry in drifts], "warnings": self.warnings}
        if check:
            return {**result, **self._facts(goal, state, reach.Contact(), stale=False)}
        if made == CREATE:
            self._create(todo)
        else:
            todo.apply(self.node)
        after = self.read()
        if after is None:
            raise FleetError(f"the guest {self.name} is gone: something else removed it while this task ran")
        contact = reach.Contact()
        if after.active:
            macs = [nic.mac for nic in after.guest.networks if nic.mac]
            goal_ = self.params["wait"] if state == RUNNING else "none"
            wanted = reach.Waiting(goal_, self.params["wait_timeout"], self.params["ssh_port"], self.params["address"])
            contact = reach.contact(self.client, self.world, self.name, macs, wanted)
        facts = self._facts(after.guest, after.state, contact, stale=self._stale(after))
        seconds = {"seconds": round(self.world.now() - started, 1)} if steps and state == RUNNING else {}
        return {**result, **facts, **seconds}

    def _create(self, todo: Plan) -> None:
        """Apply the plan of a new guest. When it fails, what it made is removed again."""
        done = False
        why = "interrupted"
        try:
            todo.apply(self.node)
            done = True
        except CommandError as exc:
            why = virsh.reason(exc)
            raise FleetError(
                f"the guest {self.name} could not be made: {why}; what was made of it is removed again", **exc.details
            ) from exc
        finally:
            if not done:
                left = self.read()
                if left and left.mark:
                    Plan(tuple(plan.removing(self.client, left))).apply(self.node)

    def _facts(self, guest: Guest, state: str, contact: reach.Contact, stale: bool) -> dict[str, t.Any]:
        return {
            "name": self.name,
            "state": state,
            "virt_type": guest.virt_type,
            "address": contact.address,
            "mac": contact.mac or next((nic.mac for nic in guest.networks if nic.mac), None),
            "ssh_host_key": list(contact.host_keys),
            "disks": [guest.root_disk, *(disk.path for disk in guest.disks)],
            "restart_needed": stale,
        }


def _default_cpu(virt_type: str | None, arch: str | None) -> str | None:
    """The CPU of a guest that asks for none. Emulation is fastest with the largest one: measured with a Debian guest.

    The other architectures keep what virt-install chooses.
    """
    if arch not in ("x86_64", "aarch64"):
        return None
    return "host-passthrough" if virt_type == "kvm" else "maximum"
