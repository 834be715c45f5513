# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as JSON. docs/fleet-report.md is its schema."""

from __future__ import annotations

import dataclasses
import datetime
import json
import typing as t

from .model import Node, Report, Wave

SCHEMA = 1
"""Goes up when a reader of the one before would misunderstand."""


def document(report: Report) -> dict[str, t.Any]:
    """Nodes are sorted by name, everything else is in the order in which it happened."""
    return {
        "schema": SCHEMA,
        "kind": report.kind,
        "playbook": report.playbook,
        "started": _time(report.started),
        "finished": _time(report.finished),
        "outcome": report.outcome,
        "exit_status": report.exit_status,
        "counts": {"nodes": len(report.nodes), **report.counts},
        "waves": [_wave(wave, report) for wave in report.waves],
        "nodes": [_node(node) for node in report.sorted_nodes],
    }


def as_json(report: Report) -> str:
    return json.dumps(document(report), indent=2, ensure_ascii=False) + "\n"


def _wave(wave: Wave, report: Report) -> dict[str, t.Any]:
    return {
        "number": wave.number,
        "started": _time(wave.started),
        "finished": wave.finished and _time(wave.finished),
        "nodes": {name: report.nodes[name].status for name in wave.nodes},
    }


def _node(node: Node) -> dict[str, t.Any]:
    return {
        "name": node.name,
        "status": node.status,
        "step": node.step,
        "booted": node.booted and dataclasses.asdict(node.booted),
        "next": node.following and dataclasses.asdict(node.following),
        "reboot_reason": node.reboot_reason,
        "verdict": node.verdict,
        "failed_checks": [dataclasses.asdict(check) for check in node.failed_checks],
        "rolled_back": node.rolled_back,
        "changes": [dataclasses.asdict(change) for change in node.changes],
        "unknown": [dataclasses.asdict(each) for each in node.unknown],
        "failures": [dataclasses.asdict(failure) for failure in node.failures],
    }


def _time(moment: datetime.datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
