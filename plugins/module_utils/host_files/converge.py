# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring files and units of a host to what is wanted: read, plan, let the host look at what is new, carry out."""

from __future__ import annotations

import typing as t

from ..node import Node
from ..outcome import refuse_left
from .plan import changed_files, plan
from .survey import survey
from .validate import validate
from .verify import verify
from .wanted import Wanted

_WHY = "journalctl on the host says why, and a service that ends by itself needs no state"


def converge(node: Node, wanted: Wanted, check: bool) -> dict[str, t.Any]:
    """Returns what the module host_files returns.

    :raises FleetError: the host cannot be read, what is new is not accepted by its reader, or a step failed.
    """
    state = survey(node, wanted)
    planned = plan(state, wanted)
    changed = changed_files(state, wanted)
    if wanted.verify:
        verify(node, state, wanted.files, changed)
    validate(node, wanted.validate, wanted.files, changed)
    if not check and planned.steps:
        planned.apply(node)
        refuse_left(node.name, plan(survey(node, wanted), wanted).steps, _WHY)
    return planned.report()
