# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reboot a host and prove what came up.

The command that reboots proves nothing, and neither does a host that answers: it may be on its way to try once more,
or to fall back. What counts is the deployment that runs when its boot is complete and its health checks have a verdict.
"""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass

from ..errors import ConnectionLost, FleetError
from ..node import LocalNode, Node
from .boot import GREEN, RED, STOPPING, UNCHECKED, Boot, look, since
from .explain import because, explain
from .facts import deployment_facts
from .model import Deployment, Host, describe
from .survey import read_host
from .transaction import Patience

_REBOOT = ("systemctl", "reboot")

# A red host that is going to reboot by itself has begun to within this time, in seconds.
_GRACE = 60


@dataclass(frozen=True)
class Arrival:
    """The boot on which the host settled, and how many boots it took, as far as they were seen."""

    boot: Boot
    boots: int


def prove(node: Node, expected: str | None, check: bool, patience: Patience) -> dict[str, t.Any]:
    """Reboot the host into the deployment that is to boot next. Returns what the module node_reboot returns.

    :arg expected: the version, commit or digest of that deployment; None for whatever it is.
    :raises FleetError: the next boot cannot bring that up, or did not, or the host is red, or has not settled in time.
    """
    if isinstance(node, LocalNode):
        raise FleetError(
            "node_reboot cannot wait for the machine that it runs on; reach it over a connection, without async"
        )
    before = _wait_until_idle(node, patience)
    following = _following(before, expected)
    result = {
        "changed": True,
        "steps": [{"argv": list(_REBOOT), "reason": f"{describe(following)} is to run"}],
        "expected": deployment_facts(following),
    }
    if check:
        return result
    left = look(node).id
    started = patience.clock()
    arrival = _reboot(node, left, patience)
    result["elapsed"] = int(patience.clock() - started)
    return {**result, **_judge(node, before, following, arrival, left, result, patience)}


def _wait_until_idle(node: Node, patience: Patience) -> Host:
    """A reboot would cut a transaction off."""
    while True:
        host = read_host(node, patience.sleep)
        if host.transaction is None:
            return host
        patience.wait(f"a transaction ({host.transaction.method}) is still running on {node.name}")


def _following(host: Host, expected: str | None) -> Deployment:
    following = host.deployments[0]
    if following.finalization_locked:
        raise FleetError(
            f"{describe(following)} is staged and locked, so a reboot would throw it away; release it with rpm-ostree "
            "finalize-deployment, or let the agent that locked it do so"
        )
    names = (following.version, following.base.version, following.base.checksum, following.checksum, following.digest)
    if expected is not None and expected not in names:
        raise FleetError(
            f"expected: what boots next on this host is {describe(following)} and not {expected!r}; deploy that first"
        )
    return following


def _reboot(node: Node, left: str, patience: Patience) -> Arrival:
    """Reboot, and wait until the host has settled.

    :arg left: the id of the boot that ends.
    """
    # It may be gone before it answers.
    with contextlib.suppress(ConnectionLost):
        node.run(_REBOOT)
    patience.restart()
    boots: list[str] = []
    red_since = 0.0
    while True:
        boot = _look(node)
        if boot is not None and boot.id != left:
            if boot.id not in boots:
                boots.append(boot.id)
                red_since = patience.clock()
            if boot.progress != RED:
                red_since = patience.clock()
            stays_red = boot.final or patience.clock() - red_since >= _GRACE
            if boot.progress in (GREEN, UNCHECKED) or (boot.progress == RED and stays_red):
                return Arrival(boot, len(boots))
        patience.wait(_complaint(node.name, boot, left, len(boots)))


def _look(node: Node) -> Boot | None:
    """None while the host does not answer, or lets nobody in yet."""
    try:
        return look(node)
    except FleetError:
        return None


def _complaint(name: str, boot: Boot | None, left: str, boots: int) -> str:
    if boot is None:
        return f"{name} does not answer{' any more' if boots else ' since the reboot'}"
    if boot.id != left:
        return f"{name} has not settled, it is {boot.progress} on boot {boots} since the reboot"
    if boot.progress == STOPPING:
        return f"{name} has not gone down, something holds up its shutdown"
    return f"{name} was told to reboot and has not begun to"


def _judge(
    node: Node,
    before: Host,
    expected: Deployment,
    arrival: Arrival,
    left: str,
    result: t.Mapping[str, t.Any],
    patience: Patience,
) -> dict[str, t.Any]:
    """What became of it.

    :raises FleetError: the host does not run what was expected, or is red. It has all values that the module returns.
    """
    booted = read_host(node, patience.sleep).booted
    arrived = booted is not None and booted.id == expected.id
    # A boot that ended before the host answered was not seen, but has its place in the journal.
    boots = max(arrival.boots, since(node, left))
    found = {
        "booted": booted and deployment_facts(booted),
        "boots": boots,
        "health": arrival.boot.progress,
        "rolled_back": not arrived,
    }
    if arrived and arrival.boot.progress != RED:
        return found
    reasons = explain(node, left, this_boot=arrived)
    if arrived:
        what = f"booted {describe(expected)} as expected, and its health checks are red"
    else:
        again = booted is not None and before.booted is not None and booted.id == before.booted.id
        runs = describe(booted) if booted is not None else "none of its deployments"
        after = f"{boots} boot{'' if boots == 1 else 's'}"
        what = f"{'is back on' if again else 'runs'} {runs} and not on {describe(expected)}, after {after}"
    raise FleetError(f"{node.name} {what}{because(reasons)}", **{**result, **found, "reasons": reasons})
