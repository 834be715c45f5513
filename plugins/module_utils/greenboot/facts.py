# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The health of a node as the module greenboot_info returns it: JSON values."""

from __future__ import annotations

import typing as t

from ..errors import FleetError
from ..node import Node
from . import config, grubenv, verdict
from .checks import Result
from .health import Fallback, Health, look
from .trial import green, run_now

_DEFAULT_ATTEMPTS = 3


def report(node: Node, run: bool, timeout: int, check: bool) -> dict[str, t.Any]:
    """Returns what the module greenboot_info returns.

    :arg run: whether the checks are to run now. In check mode they are not: nobody knows what they do.
    :raises FleetError: the node cannot be read, or has no greenboot whose checks could run.
    """
    if timeout < 1:
        raise FleetError(f"timeout: {timeout} must be at least 1 second")
    health = look(node)
    if run and health.generation is None:
        raise FleetError(f"run: greenboot is not installed on {node.name}, so there is no set of checks to run")
    tried = None
    if run and not check:
        tried = run_now(node, health.checks, health.disabled, health.stops, timeout)
    return {**health_facts(health), "run": None if tried is None else _run_facts(tried)}


def health_facts(health: Health) -> dict[str, t.Any]:
    """What was read."""
    grub = health.grub or {}
    counter = grubenv.counter(grub)
    return {
        "generation": health.generation,
        "version": health.version,
        "verdict": health.verdict,
        "fallback": health.fallback and _fallback_facts(health.fallback),
        "checks": [_check_facts(each) for each in health.results],
        "counts_boots": health.counts_boots,
        "boot_counter": counter,
        "attempts_left": None if counter is None else max(counter, 0),
        "boot_success": {"1": True, "0": False}.get(grub.get("boot_success", "")),
        "max_boot_attempts": _attempts(health),
        "disabled_checks": list(health.disabled),
        "units": dict(health.units),
        "warnings": list(health.warnings),
    }


def _attempts(health: Health) -> int | None:
    words = health.settings.get(config.MAX_BOOT_ATTEMPTS, ())
    if health.generation is None:
        return None
    return int(words[0]) if words and words[0].isdigit() else _DEFAULT_ATTEMPTS


def _check_facts(result: Result) -> dict[str, t.Any]:
    return {
        "name": result.check.name,
        "kind": result.check.kind,
        "path": result.check.path,
        "result": result.result,
        "duration": result.duration,
        "output": result.output,
    }


def _fallback_facts(fallback: Fallback) -> dict[str, t.Any]:
    return {
        "failed": fallback.failed,
        "booted": fallback.booted,
        "checks": [_check_facts(each) for each in fallback.results],
    }


def _run_facts(results: t.Sequence[Result]) -> dict[str, t.Any]:
    return {
        "verdict": verdict.GREEN if green(results) else verdict.RED,
        "checks": [{**_check_facts(each), "rc": each.rc} for each in results],
    }
