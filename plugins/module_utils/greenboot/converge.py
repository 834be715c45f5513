# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring greenboot on a node to what is wanted: read, plan, and unless only checking, carry out and look again."""

from __future__ import annotations

import typing as t

from ..errors import FleetError
from ..node import Node
from ..outcome import refuse_left
from .plan import GreenbootPlan, plan
from .survey import State, read, refuse_broken
from .wanted import Wanted

_NOT_INSTALLED = (
    "greenboot is not installed on {name}; layer it with evergreen.fleet.ostree_host (packages: [greenboot]), and "
    "reboot into that or apply it live"
)


def converge(node: Node, wanted: Wanted, check: bool) -> dict[str, t.Any]:
    """Returns what the module greenboot returns.

    :raises FleetError: greenboot is missing or cannot do what is wanted, a script is broken, or a step failed. In the
        first three cases nothing was changed.
    """
    before = read(node, wanted)
    warnings = []
    if before.generation is None:
        # In check mode an earlier task may be the one that would have installed it.
        if not check:
            raise FleetError(_NOT_INSTALLED.format(name=node.name))
        warnings.append(_NOT_INSTALLED.format(name=node.name))
    planned = plan(before, wanted)
    refuse_broken(node, planned.to_check)
    warnings += planned.warnings
    if check or not planned.plan.steps:
        return _result(before, planned, warnings)
    planned.plan.apply(node)
    after = read(node, wanted)
    refuse_left(f"greenboot of {node.name}", plan(after, wanted).plan.steps)
    return _result(after, planned, warnings)


def _result(state: State, planned: GreenbootPlan, warnings: list[str]) -> dict[str, t.Any]:
    return {
        **planned.plan.report(),
        "generation": state.generation,
        "scripts": sorted(state.ours),
        "units": dict(state.units),
        "warnings": warnings,
    }
