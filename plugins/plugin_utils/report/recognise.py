# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules of this collection say about the state of a node, known by the modules' names."""

from __future__ import annotations

import typing as t

from .findings import Result
from .model import Deployment, Node, Reason

NODE_REBOOT = "evergreen.fleet.node_reboot"


def recognise(node: Node, module: str, result: Result) -> None:
    """Note down what a result says about deployments and health checks; most say nothing."""
    note = _RECOGNISED.get(module)
    if note is not None:
        note(node, result)


def _host_info(node: Node, result: Result) -> None:
    deployments = result.get("deployments")
    if not deployments:
        return
    booted, default = result.get("booted"), result.get("default", 0)
    node.booted = None if booted is None else _deployment(deployments[booted])
    _next(node, deployments[default], result)


def _host(node: Node, result: Result) -> None:
    if result.get("default"):
        _next(node, result["default"], result)


def _next(node: Node, default: Result, result: Result) -> None:
    needed = result.get("reboot_needed")
    node.following = _deployment(default) if needed else None
    node.reboot_reason = str(result.get("reboot_reason", "")) if needed else None


def _rebooted(node: Node, result: Result) -> None:
    if "rolled_back" not in result:
        return
    node.rolled_back = bool(result["rolled_back"])
    node.booted = _deployment(result.get("booted"))
    node.verdict = result.get("health")
    if not node.rolled_back:
        node.following = node.reboot_reason = None


def _health(node: Node, result: Result) -> None:
    if not result.get("generation"):
        return
    node.verdict = result.get("verdict")
    node.failed_checks = [
        Reason(str(check["name"]), str(check["output"])) for check in result["checks"] if check["result"] == "failed"
    ]


def _deployment(facts: Result | None) -> Deployment | None:
    """As ostree_host_info has it, in short."""
    if not facts:
        return None
    origin = facts.get("origin") or {}
    return Deployment(facts.get("version"), facts.get("checksum"), origin.get("text"))


_RECOGNISED: dict[str, t.Callable[[Node, Result], None]] = {
    "evergreen.fleet.greenboot_info": _health,
    NODE_REBOOT: _rebooted,
    "evergreen.fleet.ostree_host": _host,
    "evergreen.fleet.ostree_host_info": _host_info,
}
