# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host as the module returns it: JSON values, the names of rpm-ostree's status with underscores."""

from __future__ import annotations

import dataclasses
import typing as t

from .model import Deployment, Host


def host_facts(host: Host) -> dict[str, t.Any]:
    """Everything about the host. Deployments are named by their place in the list."""
    booted, staged, rollback = host.booted, host.staged, host.rollback
    return {
        "deployments": [deployment_facts(each) for each in host.deployments],
        "default": host.default.index,
        "booted": booted and booted.index,
        "staged": staged and staged.index,
        "pending": [each.index for each in host.pending],
        "rollback": rollback and rollback.index,
        "pinned": [each.index for each in host.deployments if each.pinned],
        "stateroot": host.osname,
        "running_kernel_arguments": list(host.running_kernel_arguments),
        "transaction": host.transaction and dataclasses.asdict(host.transaction),
        "cached_update": host.cached_update and dataclasses.asdict(host.cached_update),
        "update_driver": host.driver and dataclasses.asdict(host.driver),
        "automatic_update_policy": host.config.automatic_update_policy,
        "lock_layering": host.config.lock_layering,
        "boot_free_kib": host.boot and host.boot.free,
        "reboot_needed": host.reboot.needed,
        "reboot_reason": host.reboot.reason,
    }


def deployment_facts(deployment: Deployment) -> dict[str, t.Any]:
    """One deployment, with what follows from its parts."""
    facts = _plain(dataclasses.asdict(deployment))
    facts.update(
        layered=deployment.layered,
        inactive_packages=list(deployment.inactive_packages),
        inactive_removals=list(deployment.inactive_removals),
        inactive_replacements=list(deployment.inactive_replacements),
    )
    return t.cast("dict[str, t.Any]", facts)


def _plain(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value
