# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring files and units of a host to what is wanted: read, plan, let systemd look at new units, carry out."""

from __future__ import annotations

import typing as t

from ..errors import FleetError
from ..node import Node
from ..outcome import Plan
from .plan import changed_files, plan
from .survey import survey
from .verify import verify
from .wanted import Wanted


def converge(node: Node, wanted: Wanted, check: bool) -> dict[str, t.Any]:
    """Returns what the module host_files returns.

    :raises FleetError: the host cannot be read, a unit is not what systemd takes, or a step failed.
    """
    state = survey(node, wanted)
    planned = plan(state, wanted)
    if wanted.verify:
        verify(node, state, wanted.files, changed_files(state, wanted))
    if not check and planned.steps:
        planned.apply(node)
        _refuse_left(plan(survey(node, wanted), wanted))
    return planned.report()


def _refuse_left(left: Plan) -> None:
    if not left.steps:
        return
    steps = [step.report() for step in left.steps]
    raise FleetError(
        f"not as wanted after all steps: {steps[0]['reason']}; journalctl on the host says why, and a service that "
        "ends by itself needs no state",
        left=steps,
    )
