# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Going back to a deployment that is already on the host."""

from __future__ import annotations

from dataclasses import replace

from ..errors import FleetError
from ..outcome import Run
from .model import Deployment, Host, describe
from .wanted import Wanted


def roll_back(host: Host, wanted: Wanted) -> tuple[tuple[Run, ...], Deployment]:
    """Make the deployment before the present one the default; also returns that deployment.

    rpm-ostree rollback is a toggle. To make it a state, the ages of the deployments decide: a default that is not the
    newest one has been rolled back to. Where ages are unknown, a default other than the booted one has.
    """
    steps: list[Run] = []
    if host.default.staged:
        # rpm-ostree refuses to roll back while something is staged.
        steps.append(Run(("rpm-ostree", "cleanup", "--pending"), f"{describe(host.default)} is staged and not wanted"))
        host = replace(
            host,
            deployments=tuple(replace(each, index=index) for index, each in enumerate(host.deployments[1:])),
        )
    target = _rollback_target(host, wanted)
    if target.index != host.default.index:
        # With no deployment behind the booted one, rpm-ostree rollback puts the booted one back on top.
        rollback = host.rollback or (host.booted if not host.default.booted else None)
        argv = (
            ("rpm-ostree", "rollback") if target == rollback else ("ostree", "admin", "set-default", str(target.index))
        )
        steps.append(Run(argv, f"{describe(target)} is to boot next"))
    return tuple(steps), target


def _rollback_target(host: Host, wanted: Wanted) -> Deployment:
    """The deployment that is to be the default, of a host that has nothing staged."""
    exact = wanted.version or wanted.checksum
    if exact is not None:
        for each in host.deployments:
            if exact in (each.base.version, each.base.checksum, each.checksum, each.digest):
                return each
        raise FleetError(
            f"state: rolled_back cannot go to {exact!r}, because this host has no such deployment any more"
        )
    booted, default = host.booted, host.default
    if booted is None:
        raise FleetError("state: rolled_back needs a booted deployment to go back from, and this host has none")
    if not _newest(host, default):
        return default
    if not default.booted:
        return booted
    if host.rollback is None:
        raise FleetError(
            "state: rolled_back has nowhere to go, because this host has only the deployment that it runs; cleanup: "
            "[pending] drops one that waits for a reboot"
        )
    return host.rollback


def _newest(host: Host, deployment: Deployment) -> bool:
    """Whether it was made last. Where ages are unknown, the booted one counts as that."""
    others = [each for each in host.deployments if each.osname == deployment.osname]
    if any(each.created is None for each in others):
        return deployment.booted
    return (deployment.created or 0) >= max(each.created or 0 for each in others)
