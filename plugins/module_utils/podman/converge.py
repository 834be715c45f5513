# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring a set of units to what is wanted: read, try, plan, and unless only checking, carry out and look again."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..errors import CommandError, FleetError
from ..node import Node
from ..outcome import Step
from .changes import Changes, compare
from .layout import Places
from .linger import ready
from .logs import read_logs
from .model import STARTED
from .place import Target, place
from .plan import SetPlan, plan
from .pull import images
from .refusals import linked, refuse_impossible, refuse_on_node
from .relations import secrets
from .show import real_path
from .state import State
from .survey import read_state
from .trial import Verdict, try_out
from .wanted import Wanted


def converge(node: Node, wanted: Wanted, check: bool) -> dict[str, t.Any]:
    """Returns what the module quadlet returns.

    :raises FleetError: the set is not possible on this node, or a unit does not start.
    """
    refuse_impossible(wanted)
    before = _read(node, wanted)
    targets = place(wanted, before.podman)
    refuse_on_node(wanted, targets, before)
    opening: tuple[Step, ...] = ()
    if not before.ready and not check and (targets or before.manifest):
        # Without the user's systemd there is no runtime folder, and podman says nothing of images and secrets.
        opening = tuple(ready(wanted.user, before))
        for step in opening:
            step.apply(node)
        before = _read(node, wanted)
        refuse_on_node(wanted, targets, before)
    changes = compare(wanted, targets, before)
    verdict = _try(node, wanted, targets, before, changes)
    planned = plan(wanted, targets, before, changes, verdict.missing)
    after = before
    if planned.plan.steps and not check:
        try:
            planned.plan.apply(node)
        except CommandError as exc:
            raise _explained(node, wanted, before, exc) from exc
        after = _read(node, wanted)
        _refuse_down(node, wanted, after)
    planned = replace(planned, plan=replace(planned.plan, steps=(*opening, *planned.plan.steps)))
    return _result(wanted, targets, planned, after, changes, verdict)


def _read(node: Node, wanted: Wanted) -> State:
    # Both places of a unit: what podman the node has, and so which one it is, is not known before.
    files = {each.path for podman in (None, (0, 0)) for each in _placed(wanted, podman)}
    units = {name for unit in wanted.units for name in (unit.pattern, unit.runs_as) if name}
    units |= {each.unit for each in wanted.drop_ins if not each.of_quadlet and "@." not in each.unit}
    names = {name for unit in wanted.units for name in secrets(unit)} | {each.name for each in wanted.secrets}
    return read_state(
        node, Places(wanted.user), wanted.name, files=sorted(files), units=sorted(units), secrets=sorted(names)
    )


def _placed(wanted: Wanted, podman: tuple[int, int] | None) -> tuple[Target, ...]:
    try:
        return place(wanted, podman)
    except FleetError:
        # What cannot be rendered has no second place, and is refused where it matters.
        return ()


def _try(node: Node, wanted: Wanted, targets: t.Sequence[Target], state: State, changes: Changes) -> Verdict:
    if not changes.files:
        return Verdict()
    names = {each.name for each in changes.targets}
    changed = [unit for unit in wanted.units if unit.name in names]
    return try_out(node, wanted.user, targets, links=linked(wanted, state), images=images(changed))


def _refuse_down(node: Node, wanted: Wanted, state: State) -> None:
    down = [
        unit.runs_as
        for unit in wanted.units
        if unit.goal == STARTED and unit.runs_as and not state.unit(unit.runs_as).done
    ]
    if down:
        raise FleetError(
            f"{', '.join(down)} started, and then did not stay up; the log says why",
            log=read_logs(node, wanted.user, state.uid, down),
        )


def _explained(node: Node, wanted: Wanted, before: State, error: CommandError) -> FleetError:
    """A unit that does not start says why in the journal, not in what systemctl prints."""
    if error.argv[0] != "systemctl":
        return error
    state = _read(node, wanted)
    names = [name for name, unit in state.units.items() if unit.failed]
    # One that had failed before has failed again only if it was started again.
    failed = [name for name in names if name in error.argv or not before.unit(name).failed]
    if not failed:
        return error
    return FleetError(
        f"{', '.join(failed)} did not start; the log says why. The next run tries again",
        log=read_logs(node, wanted.user, state.uid, failed),
    )


def _result(
    wanted: Wanted,
    targets: t.Sequence[Target],
    planned: SetPlan,
    state: State,
    changes: Changes,
    verdict: Verdict,
) -> dict[str, t.Any]:
    paths = {each.name: real_path(each.path, state) for each in targets}
    changed = {each.name for each in changes.targets}
    return {
        **planned.plan.report(),
        "units": [
            {
                "name": unit.name,
                "service": unit.runs_as or unit.service,
                "path": paths[unit.name],
                "changed": unit.name in changed,
                "active_state": state.unit(unit.runs_as or unit.service).active,
                "sub_state": state.unit(unit.runs_as or unit.service).sub,
            }
            for unit in wanted.units
        ],
        "restarted": list(planned.restarted),
        "started": list(planned.started),
        "podman_version": state.podman_version,
        "warnings": [*planned.warnings, *verdict.warnings],
    }
