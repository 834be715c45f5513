# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring Zincati on a node to what is wanted: read, plan, and unless only checking, carry out and read again."""

from __future__ import annotations

import typing as t

from ..errors import CommandError, FleetError
from ..node import Completed, Node, last_line
from ..outcome import refuse_left
from .facts import configuration_facts, drop_in_facts
from .model import UNIT
from .plan import ZincatiPlan, plan
from .read import read_host
from .rules import without_password
from .wanted import Wanted

_JOURNAL = ("journalctl", f"--unit={UNIT}", "--boot", "--lines=20", "--output=cat", "--no-pager")


def converge(node: Node, wanted: Wanted, check: bool) -> dict[str, t.Any]:
    """Returns what the module zincati returns.

    :raises FleetError: the node cannot be read, must not be changed so, or the agent did not start.
    """
    zone = wanted.settings.get("time_zone")
    planned = plan(read_host(node, zone), wanted)
    if planned.plan.steps and not check:
        _apply(node, planned)
        refuse_left(UNIT, plan(read_host(node, zone), wanted).plan.steps)
    return {
        **planned.plan.report(),
        "configuration": configuration_facts(planned.after),
        "drop_ins": drop_in_facts(planned.after, planned.drop_ins),
        "warnings": list(planned.warnings),
    }


def _apply(node: Node, planned: ZincatiPlan) -> None:
    try:
        planned.plan.apply(node)
    except CommandError as exc:
        journal = node.gather({"journal": _JOURNAL})["journal"]
        said = without_password(journal.stdout if isinstance(journal, Completed) else "")
        why = f": {last_line(said)}" if last_line(said) else ""
        raise FleetError(f"{' '.join(exc.argv)} failed{why}", **exc.details, journal=said.splitlines()) from exc
