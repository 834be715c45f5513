# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take the steps on a node where others start transactions too, and whose connection may break at any moment.

The daemon runs one transaction at a time and goes on when its client dies. So nothing here is decided by whether a
command came back: what counts is what the host says afterwards.
"""

from __future__ import annotations

import re
import time
import typing as t
from dataclasses import dataclass, field, replace

from ..errors import CommandError, ConnectionLost, FleetError
from ..node import Node
from ..outcome import Run, refuse_left
from .model import Host, listed
from .plan import Answers, HostPlan, plan
from .refused import sentence
from .survey import ask, read_host
from .wanted import Wanted

# Shown by rpm-ostree status as the initiator of a transaction.
_CLIENT = ("env", "RPMOSTREE_CLIENT_ID=evergreen.fleet")

# The text of the daemon when it, or another owner of the sysroot lock, is at work. An identical request is no error:
# the client waits for the running transaction and ends as it does.
_BUSY = re.compile(r"(?:System t|T)ransaction in progress(?:: (?P<title>[^\n]*))?")

# How often a step may be cut off before it counts as one that this host does not survive.
_ATTEMPTS = 3


@dataclass
class Patience:
    """How long to wait, in seconds, for others' transactions and for a node that does not answer."""

    timeout: float
    pause: float = 5
    sleep: t.Callable[[float], None] = time.sleep
    clock: t.Callable[[], float] = time.monotonic
    _until: float = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Something went on: the time limit counts from now."""
        self._until = self.clock() + self.timeout

    def wait(self, complaint: str) -> None:
        """Wait a little.

        :raises FleetError: the time is over; the complaint says what was waited for.
        """
        if self.clock() + self.pause > self._until:
            raise FleetError(f"{complaint} after {self.timeout:g} seconds; try again later, or set timeout higher")
        self.sleep(self.pause)


class _Interrupted(Exception):
    """Look again before the next step: this one may have happened, or others have been at work."""


@dataclass(frozen=True)
class Taken:
    """The host afterwards, and the steps that were really taken."""

    host: Host
    steps: tuple[Run, ...]


def carry_out(node: Node, wanted: Wanted, before: Host, planned: HostPlan, patience: Patience) -> Taken:
    """Take the steps, and read the host again.

    When a step is held up by another transaction or cut off, the rest is planned anew from what the host then says.
    So what another one has done meanwhile is not done twice, and what was cut off goes on.

    :raises FleetError: a step failed, the time limit is over, or all steps succeeded and the host is not as wanted.
    """
    taken: list[Run] = []
    while True:
        try:
            for step in planned.steps:
                _take(node, step, taken, patience)
            after = read_host(node, patience.sleep)
        except (_Interrupted, ConnectionLost):
            planned = _look_again(node, wanted, patience)
            continue
        _check(before, after, wanted)
        # In their order, and one that was cut off and taken again only once.
        return Taken(after, tuple(dict.fromkeys(taken)))


def _take(node: Node, step: Run, taken: list[Run], patience: Patience) -> None:
    try:
        node.run((*_CLIENT, *step.argv), ok=step.ok)
    except ConnectionLost as exc:
        taken.append(step)
        if taken.count(step) == _ATTEMPTS:
            raise FleetError(
                f"the connection to {node.name} broke {_ATTEMPTS} times during {' '.join(step.argv)}, and what it does "
                "is not there; see what the journal of rpm-ostreed says on the host"
            ) from exc
        patience.restart()
        raise _Interrupted from exc
    except CommandError as exc:
        busy = _BUSY.search(exc.stderr)
        if busy is None:
            done = [each.report() for each in taken]
            raise FleetError(sentence(exc), **exc.details, steps_taken=done) from exc
        title = (busy["title"] or "of another program").strip()
        patience.wait(f"a transaction that is not ours ({title}) is still running on {node.name}")
        raise _Interrupted from exc
    taken.append(step)
    patience.restart()


def _look_again(node: Node, wanted: Wanted, patience: Patience) -> HostPlan:
    """Wait until the node answers and its daemon is idle, then plan what is still to do."""
    while True:
        try:
            host = read_host(node, patience.sleep)
            if host.transaction is None:
                return plan(host, wanted, ask(node, host, wanted))
            complaint = f"a transaction ({host.transaction.method}) is still running on {node.name}"
        except ConnectionLost:
            complaint = f"{node.name} does not answer"
        patience.wait(complaint)


def _check(before: Host, after: Host, wanted: Wanted) -> None:
    """The exit code of rpm-ostree is no proof: what it was asked for must be there.

    Not so an upgrade, there may be a newer commit again; and a cleanup, the steps after it leave something behind.
    """
    here, there = before.default, after.default
    inactive = [name for name in there.inactive_removals if name not in here.requested_removals]
    inactive += [name for name in there.inactive_replacements if name not in here.requested_replacements]
    if inactive:
        raise FleetError(
            f"rpm-ostree recorded the override of {listed(inactive)} without an error and did not carry it out, so the "
            "new deployment still has the package of the base; rpm-ostree override reset takes the record back"
        )
    refuse_left("the host", plan(after, replace(wanted, upgrade=False, cleanup=()), Answers()).certain)
