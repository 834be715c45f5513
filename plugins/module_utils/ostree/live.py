# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a change can be applied to the running system: only where packages are added and nothing else moves."""

from __future__ import annotations

from ..errors import FleetError
from ..outcome import Run
from .model import Deployment, Host
from .wanted import Wanted


def applied_live(
    host: Host, wanted: Wanted, following: Deployment, transactions: tuple[Run, ...]
) -> tuple[tuple[Run, ...], tuple[str, ...]]:
    """The transactions, and where it is wanted and possible the application to the running system."""
    booted = host.booted
    pending = bool(transactions) or not host.default.booted
    if not wanted.apply_live or booted is None or not pending:
        return transactions, ()
    if not transactions and booted.live_replaced == host.default.checksum and booted.live_inprogress is None:
        return transactions, ()
    if booted.unlocked == "hotfix":
        raise FleetError("apply_live: the running system is unlocked as a hotfix; reboot it first")
    if not _adds_only(booted, following):
        return transactions, ("apply_live: packages would be replaced or removed, so the change waits for a reboot",)
    if not _more_packages(booted, following):
        return transactions, ()
    if host.default.booted and [step.argv[1] for step in transactions] == ["install"]:
        (step,) = transactions
        # Without --assumeyes it says that it will ask one day.
        argv = (*step.argv[:2], "--apply-live", "--assumeyes", *step.argv[2:])
        return (Run(argv, step.reason),), ()
    apply = Run(("rpm-ostree", "apply-live"), "the added packages are wanted in the running system")
    return (*transactions, apply), ()


def _adds_only(booted: Deployment, following: Deployment) -> bool:
    return (
        booted.base.checksum == following.base.checksum
        and set(booted.requested_packages) <= set(following.requested_packages)
        and set(booted.local_packages) <= set(following.local_packages)
        and booted.requested_removals == following.requested_removals
        and booted.requested_replacements == following.requested_replacements
        and booted.requested_remote_replacements == following.requested_remote_replacements
    )


def _more_packages(booted: Deployment, following: Deployment) -> bool:
    return (
        booted.requested_packages != following.requested_packages or booted.local_packages != following.local_packages
    )
