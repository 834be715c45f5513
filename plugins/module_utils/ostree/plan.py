# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a host and what is wanted of it to the steps between them. Nothing here looks at a node.

Everything is computed from the default deployment, because the next transaction starts from it: what only the booted
deployment lacks may be under way already.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..errors import FleetError
from ..outcome import Plan, Run
from .base import AVAILABLE, NOT_ASKED, UNKNOWN, Move, move
from .commands import Attempt, Commands
from .layering import difference
from .live import applied_live
from .model import Deployment, Host, describe, listed
from .predict import predicted, summary
from .refusals import refuse_downgrade, refuse_driver, refuse_full_boot, refuse_layering
from .rollback import roll_back
from .wanted import Wanted


@dataclass(frozen=True)
class Answers:
    """What could not be read of every host, and was asked because this plan needs it."""

    driver_active: bool = False
    update: str = UNKNOWN
    """Whether what the default deployment follows has a newer commit."""
    provided: frozenset[str] = frozenset()
    """The wanted packages that the base of the default deployment provides."""
    kernel_arguments: tuple[str, ...] | None = None
    """Of the default deployment, where no file told them."""


@dataclass(frozen=True)
class HostPlan:
    """``update`` says what is known of an upgrade: not_asked, none, available or unknown."""

    plan: Plan = field(default_factory=Plan)
    update: str = NOT_ASKED
    warnings: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[Run, ...]:
        """Deployments are changed by commands alone."""
        return tuple(step for step in self.plan.steps if isinstance(step, Run))

    @property
    def certain(self) -> tuple[Run, ...]:
        """The steps that change something if they succeed."""
        return tuple(step for step in self.steps if not isinstance(step, Attempt))


def plan(host: Host, wanted: Wanted, answers: Answers) -> HostPlan:
    """The steps from what is to what is wanted, in their order; none when it is so already.

    :raises FleetError: what is wanted cannot or must not be done on this host.
    """
    if answers.kernel_arguments is not None:
        host = _with_kernel_arguments(host, answers.kernel_arguments)
    pins = _pins(host, wanted)
    if wanted.rolled_back:
        steps, target = roll_back(host, wanted)
        return HostPlan(Plan((*pins, *steps), summary(host.default), summary(target)))
    layering = difference(host.default, wanted)
    base = move(host, wanted, answers.update)
    refuse_downgrade(host, wanted, base)
    refuse_driver(host, wanted, base, active=answers.driver_active)
    refuse_layering(host, wanted, layering)
    transactions = Commands(host, wanted, layering, base, answers.provided).steps()
    refuse_full_boot(host, transactions, new_kernel=base is not None)
    following = predicted(host, wanted, layering, base)
    live, warnings = applied_live(host, wanted, following, transactions)
    steps = (*pins, *_cleanup(host, wanted), *live)
    before = summary(host.default)
    after = summary(following) if transactions else before
    return HostPlan(Plan(steps, before, after), _update(wanted, base, answers), warnings)


def _pins(host: Host, wanted: Wanted) -> tuple[Run, ...]:
    if wanted.pinned is None:
        return ()
    wished = {_named(host, name).index for name in wanted.pinned}
    missing = [each for each in host.deployments if each.index in wished and not each.pinned]
    surplus = [each for each in host.deployments if each.index not in wished and each.pinned]
    steps = []
    for options, deployments, reason in (
        ((), missing, "to be kept"),
        (("--unpin",), surplus, "not to be kept any more"),
    ):
        if deployments:
            indexes = [str(each.index) for each in deployments]
            names = listed([describe(each) for each in deployments])
            steps.append(Run(("ostree", "admin", "pin", *options, *indexes), f"{names} is {reason}"))
    return tuple(steps)


def _named(host: Host, name: str) -> Deployment:
    places = {"booted": host.booted, "rollback": host.rollback}
    if name in places:
        found = [each for each in (places[name],) if each is not None]
    else:
        found = [each for each in host.deployments if name in (each.checksum, each.base.version, each.digest)]
    if not found:
        raise FleetError(
            f"pinned: this host has no deployment {name!r}; give booted, rollback, or the version or checksum of one "
            "that rpm-ostree status lists"
        )
    bootable = [each for each in found if not each.staged]
    if not bootable:
        raise FleetError(f"pinned: {name!r} is staged and cannot be pinned before the host has booted it")
    # Several may have the same version. The choice must be the same in the next run.
    return max(bootable, key=lambda each: (each.pinned, each.booted, -each.index))


def _cleanup(host: Host, wanted: Wanted) -> tuple[Run, ...]:
    there = {
        "pending": any(not each.pinned for each in host.pending),
        "rollback": any(not each.pinned for each in host.rollbacks),
        "repomd": host.cached_metadata,
    }
    names = [name for name, present in there.items() if name in wanted.cleanup and present]
    # Only rpm-ostree knows whether anything of the base is left over.
    kind = Run if names else Attempt
    names += ["base"] if "base" in wanted.cleanup else []
    if not names:
        return ()
    return (kind(("rpm-ostree", "cleanup", *(f"--{name}" for name in names)), f"cleanup of {listed(names)}"),)


def _update(wanted: Wanted, base: Move | None, answers: Answers) -> str:
    if not wanted.upgrade:
        return NOT_ASKED
    if base is not None and base.verb == "rebase":
        return AVAILABLE
    return answers.update


def _with_kernel_arguments(host: Host, arguments: tuple[str, ...]) -> Host:
    deployments = (
        replace(each, kernel_arguments=arguments) if each.index == host.default.index else each
        for each in host.deployments
    )
    return replace(host, deployments=tuple(deployments))
