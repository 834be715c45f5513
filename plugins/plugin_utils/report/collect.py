# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts the events of a run together to a report."""

from __future__ import annotations

import datetime
import typing as t
from dataclasses import dataclass, replace

from . import findings
from .model import Failure, Kind, Node, Report, Wave
from .recognise import NODE_REBOOT, recognise

_BAD: tuple[findings.Outcome, ...] = ("failed", "unreachable")

Clock = t.Callable[[], datetime.datetime]


def utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


@dataclass(frozen=True)
class Event:
    """A task that has ended on a host. ``module`` is its full name."""

    host: str
    task: str
    module: str
    outcome: findings.Outcome
    result: findings.Result
    changed: bool = False
    check: bool = False
    diff: bool = True
    ignored: bool = False
    loop: bool = False


class Collector:
    """Takes events in their order."""

    def __init__(self, playbook: str, clock: Clock = utc_now) -> None:
        self._clock = clock
        now = clock()
        self._report = Report(now, now, playbook)
        self._failed: set[str] = set()

    def play(self, hosts: t.Sequence[str], batch: t.Sequence[str], kind: Kind | None) -> None:
        """A play begins with a batch of its hosts. A batch of a play of the kind rollout is a wave.

        :arg hosts: all hosts of the play.
        :arg kind: what the play says that the run is; None when it does not say.
        """
        for host in hosts:
            self._report.node(host)
        self._end_wave()
        if kind is not None:
            self._report.kind = kind
        if kind == "rollout" and batch:
            self._report.waves.append(Wave(len(self._report.waves) + 1, tuple(batch), self._clock()))

    def event(self, event: Event) -> None:
        node = self._report.node(event.host)
        node.seen = True
        node.step = event.task
        for part in _parts(event):
            _take(node, part)

    def lost(self, host: str) -> None:
        """A result could not be read: what it said is not known."""
        self._report.node(host).failures.append(
            Failure("A result", "", "The report could not take it, see the warnings of the run.")
        )
        self._failed.add(host)

    def finish(self, failed: t.Collection[str]) -> Report:
        """The run has ended.

        :arg failed: the hosts that Ansible counts as failed or unreachable: not those that were rescued.
        """
        self._end_wave()
        report = self._report
        report.finished = self._clock()
        for host in self._failed.union(failed):
            report.node(host).failed = True
        for node in report.nodes.values():
            if not node.failed and not node.rolled_back:
                node.failures.clear()
        return report

    def _end_wave(self) -> None:
        waves = self._report.waves
        if waves and waves[-1].finished is None:
            waves[-1].finished = self._clock()


def _parts(event: Event) -> list[Event]:
    """What happened to each item of a loop, or the event itself."""
    items = event.result.get("results") if event.loop else None
    if not items:
        return [event]
    parts = [replace(event, outcome=_outcome(item), result=item, changed=bool(item.get("changed"))) for item in items]
    # Items that hide their result do not say either which of them failed.
    if event.outcome in _BAD and not any(part.outcome in _BAD for part in parts):
        whole = {key: value for key, value in event.result.items() if key != "results"}
        parts.append(replace(event, result=whole, changed=False))
    return parts


def _outcome(item: findings.Result) -> findings.Outcome:
    for outcome in ("unreachable", "failed", "skipped"):
        if item.get(outcome):
            return outcome
    return "ok"


def _take(node: Node, event: Event) -> None:
    task, module, result = event.task, event.module, event.result
    recognise(node, module, result)
    bad = event.outcome in _BAD
    # A play may go on after a rollback. It is none the less what a reader is after.
    if (bad and not event.ignored) or (module == NODE_REBOOT and result.get("rolled_back")):
        unreachable = event.outcome == "unreachable"
        node.failures.append(findings.failure(task, module, result, unreachable=unreachable))
        return
    unknown = findings.unknown(task, module, result, outcome=event.outcome, check=event.check)
    if unknown is not None:
        node.unknown.append(unknown)
    if event.changed and not bad:
        change = findings.change(task, module, result, applied=not event.check, diff=event.diff)
        # Where only a run can tell, "changed" alone is a guess.
        if unknown is None or change.settings:
            node.changes.append(change)
