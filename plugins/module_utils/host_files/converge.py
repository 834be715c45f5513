# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring files and units of a host to what is wanted: read, plan, let systemd look at new units, carry out."""

from __future__ import annotations

import typing as t

from ..node import Node
from ..outcome import refuse_left
from .plan import changed_files, plan
from .survey import survey
from .verify import verify
from .wanted import Wanted

_WHY = "journalctl on the host says why, and a service that ends by itself needs no state"


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
        refuse_left(node.name, plan(survey(node, wanted), wanted).steps, _WHY)
    return planned.report()
