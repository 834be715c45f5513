# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as one web page that needs nothing else. What it says is decided here, how it looks in page.html.j2."""

from __future__ import annotations

import collections
import datetime
import os
import typing as t
from dataclasses import dataclass

import jinja2

from .compare import row
from .model import STATUSES, Cause, Deployment, Hidden, Node, Report, Status, Wave

LABELS: dict[Status, str] = {
    "unreachable": "unreachable",
    "rolled_back": "rolled back",
    "failed": "failed",
    "red": "unhealthy",
    "drift": "drifted",
    "unknown": "unknown",
    "changed": "changed",
    "clean": "as wanted",
    "untouched": "not touched",
}
# A plan is read before the change that makes the difference is merged.
PLANNED: dict[Status, str] = {**LABELS, "drift": "to change"}
TITLES = {"drift": "Drift report", "plan": "Plan", "rollout": "Rollout report", "run": "Fleet report"}
CAUSES: dict[Cause, str] = {
    "no_check_mode": "it cannot run in check mode",
    "only_a_run_can_tell": "only an upgrade can tell whether there is something newer",
    "ignored_failure": "it failed, and the play ignores that",
    "ignored_unreachable": "the node could not be reached, and the play ignores that",
}
HIDDEN: dict[Hidden, str] = {
    "no_log": "What differs is not shown: the task has no_log.",
    "diff_off": "What differs is not shown: diff is off.",
    "content": "The content of a file differs. It is not shown, because a module of another collection writes it.",
}
# As many nodes are named in the list of frequent differences; more would hide how many there are.
_NAMED = 3


@dataclass(frozen=True)
class Share:
    """A part of the fleet."""

    status: Status
    count: int
    percent: float


@dataclass(frozen=True)
class Frequent:
    """A setting of a task that differs, and where."""

    task: str
    setting: str
    count: int
    nodes: str


def as_html(report: Report) -> str:
    counts = report.counts
    nodes = report.sorted_nodes
    labels = PLANNED if report.kind == "plan" else LABELS
    attention = [node for status in STATUSES for node in nodes if node.status == status and status not in _CALM]
    return _TEMPLATE.render(
        report=report,
        title=TITLES[report.kind],
        headline=_headline(counts, labels),
        labels=labels,
        attention=attention,
        calm=[(status, [node for node in nodes if node.status == status]) for status in _CALM if counts[status]],
        versions=collections.Counter(_shown(node.booted) for node in nodes if node.booted).most_common(),
        verdicts=sorted(collections.Counter(node.verdict for node in nodes if node.verdict).items()),
        reboots=sum(node.following is not None for node in nodes),
        frequent=_frequent(nodes),
    )


def _headline(counts: dict[Status, int], labels: dict[Status, str]) -> str:
    total = sum(counts.values())
    if total == 0:
        return "No node was looked at"
    told = [(status, counts[status]) for status in STATUSES if counts[status] and status not in ("clean", "untouched")]
    if told:
        parts = [f"{count} {labels[status]}" for status, count in told]
        return f"{_and(parts)}, of {_many(total, 'node')}"
    if counts["untouched"]:
        return f"{counts['untouched']} of {_many(total, 'node')} not touched"
    return f"All {total} nodes are as wanted" if total > 1 else "The node is as wanted"


def _shares(counts: t.Mapping[Status, int]) -> list[Share]:
    total = sum(counts.values())
    return [
        Share(status, counts[status], round(100 * counts[status] / total, 3)) for status in STATUSES if counts[status]
    ]


def _wave_shares(wave: Wave, report: Report) -> list[Share]:
    return _shares(collections.Counter(report.nodes[name].status for name in wave.nodes))


def _frequent(nodes: list[Node]) -> list[Frequent]:
    """Settings that differ on several nodes, the most frequent first."""
    where: dict[tuple[str, str], list[str]] = {}
    for node in nodes:
        differs = [
            (change.task, each.name) for change in node.changes if not change.applied for each in change.settings
        ]
        for key in dict.fromkeys(differs):
            where.setdefault(key, []).append(node.name)
    several = sorted((item for item in where.items() if len(item[1]) > 1), key=lambda item: (-len(item[1]), item[0]))
    return [Frequent(task, setting, len(names), _some(names)) for (task, setting), names in several]


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return f"{', '.join(names[:_NAMED])} and {more} more" if more > 0 else _and(names)


def _and(parts: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _shown(deployment: Deployment | None) -> str:
    if deployment is None:
        return ""
    return deployment.version or (deployment.checksum or "")[:12] or "unnamed"


def _summary(node: Node) -> str:
    """One line about what a reader must know first."""
    if node.failures:
        return node.failures[-1].message
    if node.status == "red":
        return ", ".join(check.source for check in node.failed_checks)
    names = [setting.name for change in node.changes for setting in change.settings]
    if names:
        return ", ".join(dict.fromkeys(names))
    if node.changes:
        return node.changes[0].task
    if node.unknown:
        return CAUSES[node.unknown[0].cause]
    return f"stopped at: {node.step}" if node.failed and node.step else ""


def _moment(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def _duration(start: datetime.datetime, end: datetime.datetime) -> str:
    seconds = int((end - start).total_seconds())
    parts = [(seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    told = [f"{count} {unit}" for count, unit in parts if count]
    return " ".join(told[:2]) or "less than a second"


_CALM: tuple[Status, ...] = ("changed", "clean", "untouched")

_FOLDER = os.path.dirname(__file__)


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        causes=CAUSES,
        hidden=HIDDEN,
        row=row,
        shown=_shown,
        summary=_summary,
        moment=_moment,
        duration=_duration,
        many=_many,
        fleet_shares=_shares,
        wave_shares=_wave_shares,
    )
    return environment.get_template("page.html.j2")


_TEMPLATE = _template()
