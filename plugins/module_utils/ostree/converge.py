# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring a host to the deployments that are wanted: read, plan, and unless only checking, carry out."""

from __future__ import annotations

import typing as t

from ..node import Node
from ..outcome import Plan
from .facts import deployment_facts
from .model import Host
from .moved import moved_packages
from .plan import HostPlan, plan
from .survey import ask, read_host
from .transaction import Patience, Taken, carry_out
from .wanted import Wanted


def converge(node: Node, wanted: Wanted, check: bool, patience: Patience) -> dict[str, t.Any]:
    """Returns what the module ostree_host returns.

    :raises FleetError: the host cannot be read, must not be changed so, or a step failed.
    """
    before = read_host(node, patience.sleep)
    planned = plan(before, wanted, ask(node, before, wanted))
    if check or not planned.steps:
        return _result(before, planned, planned.plan)
    taken = carry_out(node, wanted, before, planned, patience)
    return {
        **_result(taken.host, planned, Plan(taken.steps, planned.plan.before, planned.plan.after)),
        # An upgrade that found nothing was no change.
        "changed": _changed(before, planned, taken),
        **_moved(node, before, planned, taken),
    }


def _changed(before: Host, planned: HostPlan, taken: Taken) -> bool:
    certain = any(step in planned.certain for step in taken.steps)
    return certain or [each.id for each in before.deployments] != [each.id for each in taken.host.deployments]


def _moved(node: Node, before: Host, planned: HostPlan, taken: Taken) -> dict[str, t.Any]:
    here, there = before.default, taken.host.default
    installed = any(step.argv[1] == "install" for step in taken.steps)
    if not (installed and here.layered and here.base.checksum == there.base.checksum):
        return {}
    moved = moved_packages(node, here, there)
    if not moved:
        return {}
    warning = f"rpm-ostree also moved packages that were layered before: {', '.join(moved)}"
    return {"moved_packages": moved, "warnings": [*planned.warnings, warning]}


def _result(host: Host, planned: HostPlan, plan_taken: Plan) -> dict[str, t.Any]:
    return {
        **plan_taken.report(),
        "upgrade": planned.update,
        "default": deployment_facts(host.default),
        "reboot_needed": host.reboot.needed,
        "reboot_reason": host.reboot.reason,
        "moved_packages": [],
        "warnings": list(planned.warnings),
    }
