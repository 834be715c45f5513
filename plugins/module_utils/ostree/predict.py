# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The default deployment as it will be, as far as it can be known before it is made."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .base import Move
from .layering import Layering
from .model import Base, Deployment, Host, RemoteReplacement
from .parse import nevra_name
from .wanted import Wanted


def predicted(host: Host, wanted: Wanted, layering: Layering, base: Move | None) -> Deployment:
    """The default deployment after the steps, as far as it can be known."""
    here = host.default
    new_files = [override.file_nevra for override in layering.replacements]
    new_names = {nevra_name(nevra) for nevra in new_files}
    initramfs = here.initramfs
    if wanted.initramfs is not None:
        args = initramfs.args if wanted.initramfs.args is None else wanted.initramfs.args
        args = args if wanted.initramfs.enabled else ()
        initramfs = replace(initramfs, regenerate=wanted.initramfs.enabled, args=args)
    arguments = here.kernel_arguments
    rebased = base is not None and base.verb == "rebase"
    return replace(
        here,
        origin=replace(here.origin, text=base.operands[0], custom=None)
        if base is not None and rebased
        else here.origin,
        base=here.base if base is None else Base("", base.target),
        requested_packages=_changed(here.requested_packages, layering.uninstall, layering.install),
        requested_removals=_changed(here.requested_removals, layering.resets, layering.removals),
        requested_replacements=_changed(
            here.requested_replacements,
            (*layering.resets, *(nevra for nevra in here.requested_replacements if nevra_name(nevra) in new_names)),
            new_files,
        ),
        requested_remote_replacements=_remote_after(here, layering),
        initramfs=initramfs,
        kernel_arguments=None if arguments is None else wanted.kernel_arguments.result(arguments),
    )


def _changed(here: tuple[str, ...], gone: t.Collection[str], new: t.Collection[str]) -> tuple[str, ...]:
    return tuple(sorted((*(name for name in here if name not in gone), *new))) if gone or new else here


def _remote_after(here: Deployment, layering: Layering) -> tuple[RemoteReplacement, ...]:
    kept = (
        RemoteReplacement(each.source, tuple(name for name in each.packages if name not in layering.resets))
        for each in here.requested_remote_replacements
    )
    new = (RemoteReplacement(source, names) for source, names in layering.remote_replacements)
    return tuple(each for each in (*kept, *new) if each.packages)


def summary(deployment: Deployment) -> dict[str, t.Any]:
    """What the difference shows of a default deployment."""
    remote = deployment.requested_remote_replacements
    return {
        "origin": deployment.origin.text,
        "base": deployment.base.version or deployment.base.checksum,
        "packages": list(deployment.requested_packages),
        "removed_base_packages": list(deployment.requested_removals),
        "overrides": [
            *deployment.requested_replacements,
            *(f"{name} ({each.source})" for each in remote for name in each.packages),
        ],
        "initramfs": {"enabled": deployment.initramfs.regenerate, "args": list(deployment.initramfs.args)},
        "kernel_arguments": list(deployment.kernel_arguments or ()),
    }
