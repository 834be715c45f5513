# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring a Flatcar node to what is wanted: read, plan, and unless only checking, carry out and read again."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..node import Node
from ..outcome import refuse_left
from .facts import configuration_facts, state_facts
from .model import Host
from .plan import FlatcarPlan, plan
from .read import read_host
from .wanted import Wanted

NOT_ASKED = "not_asked"
NONE = "none"
UNKNOWN = "unknown"
INSTALLED = "installed"


def converge(node: Node, wanted: Wanted, check: bool) -> dict[str, t.Any]:
    """Returns what the module flatcar_update returns.

    :raises FleetError: the node cannot be read, must not be changed so, or a step failed.
    """
    versions = wanted.rolled_back or wanted.version is not None
    before = read_host(node, versions=versions)
    planned = plan(before, wanted)
    after = before
    if planned.plan.steps and not check:
        planned.plan.apply(node)
        after = read_host(node, versions=versions)
        _check(after, wanted)
    upgrade = _upgrade(after, planned, wanted, check)
    return {
        **planned.plan.report(),
        "changed": planned.certain or upgrade == UNKNOWN or (upgrade == INSTALLED and bool(planned.plan.steps)),
        "configuration": configuration_facts(planned.conf, after.vendor),
        "upgrade": upgrade,
        **state_facts(after),
        "warnings": list(planned.warnings),
    }


def _check(after: Host, wanted: Wanted) -> None:
    """What was wanted must be there; not so an upgrade, there may be another one again."""
    refuse_left("the node", plan(after, replace(wanted, upgrade=False)).plan.steps)


def _upgrade(after: Host, planned: FlatcarPlan, wanted: Wanted, check: bool) -> str:
    if not wanted.upgrade:
        return NOT_ASKED
    if after.answer.status and after.answer.status.need_reboot:
        return INSTALLED
    return UNKNOWN if check and planned.plan.steps else NONE
