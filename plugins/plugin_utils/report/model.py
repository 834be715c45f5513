# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of a playbook found out about the nodes of a fleet. Nothing here knows Ansible."""

from __future__ import annotations

import datetime
import re
import typing as t
from dataclasses import dataclass, field

Value = t.Any
"""A JSON value."""

Kind = t.Literal["drift", "plan", "rollout", "run"]
Status = t.Literal["unreachable", "rolled_back", "failed", "red", "drift", "unknown", "changed", "clean", "untouched"]
Outcome = t.Literal["failed", "drift", "changed", "clean"]

# The worst first: the order in which a reader wants to see nodes.
STATUSES: tuple[Status, ...] = t.get_args(Status)
BAD: tuple[Status, ...] = ("unreachable", "rolled_back", "failed", "red")
EXIT_STATUS: dict[Outcome, int] = {"failed": 1, "drift": 2, "changed": 0, "clean": 0}


@dataclass(frozen=True)
class Setting:
    """One thing that is not as wanted. A value that is not there is None."""

    name: str
    found: Value
    wanted: Value


@dataclass(frozen=True)
class Step:
    """What was done about it, or in check mode would be, and why."""

    action: str
    reason: str


Hidden = t.Literal["no_log", "diff_off", "content"]
"""Why a change has no settings though something differs: the task hides its result, shows no difference, or the
difference is the content of a file that a module of somebody else wrote."""


@dataclass(frozen=True)
class Change:
    """A task that changed a node, or in check mode would. ``applied`` tells which."""

    task: str
    module: str
    applied: bool
    settings: tuple[Setting, ...] = ()
    steps: tuple[Step, ...] = ()
    hidden: Hidden | None = None


Cause = t.Literal["no_check_mode", "only_a_run_can_tell", "ignored_failure", "ignored_unreachable"]


@dataclass(frozen=True)
class Unknown:
    """A task that could not say whether it would change anything."""

    task: str
    module: str
    cause: Cause


@dataclass(frozen=True)
class Reason:
    """What a node says about a failure, and where that is from."""

    source: str
    text: str


@dataclass(frozen=True)
class Failure:
    """A task that failed, or that found nobody."""

    task: str
    module: str
    message: str
    unreachable: bool = False
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Deployment:
    """A bootable tree, in short."""

    version: str | None
    checksum: str | None
    origin: str | None


@dataclass
class Node:
    """A host and what became of it. What was not seen is None."""

    name: str
    seen: bool = False
    failed: bool = False
    step: str | None = None
    booted: Deployment | None = None
    following: Deployment | None = None
    reboot_reason: str | None = None
    verdict: str | None = None
    failed_checks: list[Reason] = field(default_factory=list)
    rolled_back: bool = False
    changes: list[Change] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    @property
    def status(self) -> Status:
        gone = any(each.unreachable for each in self.failures)
        if self.failed and (gone or any(each.cause == "ignored_unreachable" for each in self.unknown)):
            return "unreachable"
        if self.rolled_back:
            return "rolled_back"
        if self.failed:
            return "failed"
        if self.verdict == "red":
            return "red"
        if any(not change.applied for change in self.changes):
            return "drift"
        if self.unknown:
            return "unknown"
        if self.changes:
            return "changed"
        return "clean" if self.seen else "untouched"


@dataclass
class Wave:
    """The nodes that a rollout took at once."""

    number: int
    nodes: tuple[str, ...]
    started: datetime.datetime
    finished: datetime.datetime | None = None


@dataclass
class Report:
    """A run. ``nodes`` has every host that it was about, also those that it did not get to."""

    started: datetime.datetime
    finished: datetime.datetime
    playbook: str = ""
    kind: Kind = "run"
    nodes: dict[str, Node] = field(default_factory=dict)
    waves: list[Wave] = field(default_factory=list)

    def node(self, name: str) -> Node:
        return self.nodes.setdefault(name, Node(name))

    @property
    def sorted_nodes(self) -> list[Node]:
        return sorted(self.nodes.values(), key=lambda node: _natural(node.name))

    @property
    def counts(self) -> dict[Status, int]:
        """How many nodes there are of each status, the worst first."""
        statuses = [node.status for node in self.nodes.values()]
        return {status: statuses.count(status) for status in STATUSES}

    @property
    def outcome(self) -> Outcome:
        """A drift run that did not look at every node, or found none to look at, has not shown that one is clean."""
        counts = self.counts
        blind = self.kind == "drift" and (counts["untouched"] or not self.nodes)
        if blind or any(counts[status] for status in BAD):
            return "failed"
        if counts["drift"] or counts["unknown"]:
            return "drift"
        return "changed" if counts["changed"] else "clean"

    @property
    def exit_status(self) -> int:
        return EXIT_STATUS[self.outcome]


def _natural(name: str) -> list[tuple[int, str]]:
    """edge2 before edge10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]
