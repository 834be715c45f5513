# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several domains as one change: all of them are looked at before anything is done in any."""

from __future__ import annotations

import typing as t

from .node import Node

Converge = t.Callable[[Node, bool], "dict[str, t.Any]"]
"""Brings the node to what one domain wants; the second argument is check mode. Returns what its module returns."""


def together(node: Node, parts: t.Mapping[str, Converge], check: bool) -> dict[str, t.Any]:
    """Carries out what has to be, in order.

    :returns: the keys that every module returns, and by its name what else a part returns.
    :raises FleetError: from a part. From the look at them all, nothing was changed.
    """
    results = {name: part(node, True) for name, part in parts.items()}
    if not check and any(result["changed"] for result in results.values()):
        # All of them: what one has done may leave another with more to do, or less.
        results = {name: part(node, False) for name, part in parts.items()}
    return {
        "changed": any(result.pop("changed") for result in results.values()),
        "steps": [step for result in results.values() for step in result.pop("steps")],
        "diff": _diff({name: result.pop("diff") for name, result in results.items()}),
        "warnings": [warning for result in results.values() for warning in result.pop("warnings", [])],
        **results,
    }


def _diff(diffs: t.Mapping[str, t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    return {side: {name: diff[side] for name, diff in diffs.items()} for side in ("before", "after")}
