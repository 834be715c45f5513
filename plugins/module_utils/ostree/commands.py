# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The transactions that lead from the default deployment to the wanted one: as few as the tool allows.

Each costs a solved dependency graph and a checked-out tree. Each takes the place of a staged deployment, so however
many there are, the host reboots once.

- rebase, deploy and upgrade take package requests with them (``--install``, ``--uninstall``), but no overrides;
- override remove and override replace go together and take package requests; override reset takes package requests;
- of these only ``install`` has ``--allow-inactive``: a package that the base already provides is requested by an
  ``install`` of its own, after the others;
- kernel arguments and the initramfs are always transactions of their own.

Uninstalls go with the first of them and installs with the last, so that what is in the way is gone before anything is
put in its place. ``install`` never pulls a new base; ``uninstall``, ``kargs`` and overrides without new packages work
from the cache, so nothing else moves either.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..outcome import Run
from .base import Move
from .layering import Layering
from .model import Host, listed
from .wanted import Wanted

# EX_UNCHANGED of rpm-ostree, with --unchanged-exit-77
UNCHANGED = 77


@dataclass(frozen=True)
class Attempt(Run):
    """A step that only the tool can tell whether it changes anything."""


# What takes --install and --uninstall.
_PACKAGES = ("rebase", "deploy", "upgrade", "override", "install")


class Commands:
    """Builds them in their order, and hands out each package request once."""

    def __init__(
        self, host: Host, wanted: Wanted, layering: Layering, base: Move | None, provided: frozenset[str]
    ) -> None:
        self._deployment = host.default
        self._driver = host.driver is not None and wanted.bypass_driver
        self._wanted = wanted
        self._layering = layering
        self._base = base
        # Those that only install can request, after everything else.
        self._provided = tuple(name for name in layering.install if name in provided)
        self._install = tuple(name for name in layering.install if name not in provided)
        self._uninstall = layering.uninstall

    def steps(self) -> tuple[Run, ...]:
        layering, base = self._layering, self._base
        steps: list[Run] = []
        if layering.resets:
            last = base is None and not layering.overrides
            reason = f"the override of {listed(layering.resets)} is not wanted"
            steps.append(self._run(("override", "reset"), layering.resets, reason, last=last))
        if base is not None:
            steps.append(self._move(base, last=not layering.overrides))
        steps += self._overrides()
        steps += self._packages()
        steps += self._initramfs()
        steps += self._kernel_arguments()
        return tuple(steps)

    def _move(self, base: Move, *, last: bool) -> Run:
        options = []
        if base.verb == "upgrade":
            options.append("--unchanged-exit-77")
            options += ["--allow-downgrade"] if self._wanted.allow_downgrade else []
        elif not self._wanted.allow_downgrade:
            options.append("--disallow-downgrade")
        options += ["--bypass-driver"] if self._driver else []
        run = self._run((base.verb,), base.operands, base.reason, options, last=last)
        if base.verb != "upgrade":
            return run
        certain = base.certain or any(option.startswith(("--install=", "--uninstall=")) for option in run.argv)
        kind = Run if certain else Attempt
        return kind(run.argv, run.reason, ok=(0, UNCHANGED))

    def _overrides(self) -> t.Iterator[Run]:
        removals = self._layering.removals
        files = tuple(override.rpm or "" for override in self._layering.replacements)
        replacements: list[tuple[tuple[str, ...], list[str], str]] = []
        if files:
            replacements.append((files, [], f"{listed(files)} is to stand in for its base package"))
        for source, names in self._layering.remote_replacements:
            options = ["--experimental", f"--from={source}"]
            replacements.append((names, options, f"{listed(names)} is to come from {source}"))
        taken_out = f"{listed(removals)} is to be taken out of the base"
        if removals and not replacements:
            yield self._run(("override", "remove"), removals, taken_out, last=True)
        for number, (operands, options, reason) in enumerate(replacements, start=1):
            if removals and number == 1:
                options += [f"--remove={name}" for name in removals]
                reason = f"{taken_out}; {reason}"
            yield self._run(("override", "replace"), operands, reason, options, last=number == len(replacements))

    def _packages(self) -> t.Iterator[Run]:
        install = (*self._install, *self._provided)
        if install:
            self._install = ()
            yield self._run(
                ("install",), install, f"{listed(install)} is not requested", ["--allow-inactive"], last=True
            )
        elif self._uninstall:
            names, self._uninstall = self._uninstall, ()
            yield self._run(("uninstall",), names, f"{listed(names)} is requested", last=True)

    def _initramfs(self) -> t.Iterator[Run]:
        wanted, here = self._wanted.initramfs, self._deployment.initramfs
        if wanted is None:
            return
        if not wanted.enabled:
            if here.regenerate:
                yield self._run(("initramfs",), (), "the initramfs of the base is wanted", ["--disable"])
            return
        args = here.args if wanted.args is None else wanted.args
        if not here.regenerate or args != here.args:
            options = ["--enable", *(f"--arg={arg}" for arg in args)]
            yield self._run(("initramfs",), (), "an initramfs made on the host is wanted", options)

    def _kernel_arguments(self) -> t.Iterator[Run]:
        here = self._deployment.kernel_arguments
        if here is not None:
            options = self._wanted.kernel_arguments.options(here)
            if options:
                yield self._run(("kargs",), (), "the kernel arguments differ", list(options))

    def _run(
        self,
        verb: tuple[str, ...],
        operands: tuple[str, ...],
        reason: str,
        options: t.Sequence[str] = (),
        *,
        last: bool = False,
    ) -> Run:
        """One transaction. ``last`` takes the installs with it; all take what is still to be uninstalled."""
        given = list(options)
        if self._deployment.finalization_locked:
            # A new staged deployment takes the place of the locked one, and would boot without being released.
            given.append("--lock-finalization")
        if verb[0] in _PACKAGES:
            reasons = [reason]
            if self._uninstall:
                reasons.append(f"{listed(self._uninstall)} is requested")
            if last and self._install:
                reasons.append(f"{listed(self._install)} is not requested")
            given += [f"--uninstall={name}" for name in self._uninstall]
            self._uninstall = ()
            if last:
                given += [f"--install={name}" for name in self._install]
                self._install = ()
            reason = "; ".join(reasons)
        return Run(("rpm-ostree", *verb, *given, *operands), reason)
