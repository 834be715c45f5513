# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must not be done on this host, found before anything is touched. Each says the way out in one sentence."""

from __future__ import annotations

from ..errors import FleetError
from ..outcome import Run
from .base import Move, downgrade
from .layering import Layering
from .model import Host, describe
from .wanted import Wanted

# What a transaction needs on /boot when it brings no new kernel: the entries of the boot loader, in KiB.
_ENTRIES = 1024


def refuse_downgrade(host: Host, wanted: Wanted, base: Move | None) -> None:
    older = downgrade(host, wanted)
    if base is not None and older is not None and not wanted.allow_downgrade:
        raise FleetError(
            f"{base.target} is older than what the host has, {describe(host.default)}; set allow_downgrade to true if "
            "that is meant, or state to rolled_back if this host has run it before"
        )


def refuse_driver(host: Host, wanted: Wanted, base: Move | None, *, active: bool) -> None:
    if base is not None and host.driver is not None and active and not wanted.bypass_driver:
        raise FleetError(
            f"updates of this host are the business of {host.driver.name} ({host.driver.unit}), which is active; set "
            f"bypass_driver to true to {base.verb} all the same, or leave it to {host.driver.name}"
        )


def refuse_layering(host: Host, wanted: Wanted, layering: Layering) -> None:
    if not host.config.lock_layering:
        return
    initramfs = wanted.initramfs is not None and wanted.initramfs.enabled and not host.default.initramfs.regenerate
    options = {
        "packages": layering.install,
        "removed_base_packages": layering.removals,
        "overrides": layering.replacements or layering.remote_replacements,
        "initramfs": initramfs,
    }
    option = next((option for option, asked in options.items() if asked), None)
    if option is not None:
        raise FleetError(
            f"{option}: /etc/rpm-ostreed.conf of this host has LockLayering=true; remove it there, or build what is "
            "wanted into the image"
        )


def refuse_full_boot(host: Host, transactions: tuple[Run, ...], *, new_kernel: bool) -> None:
    """libostree writes kernels only at shutdown, when nobody sees that there was no room.

    What only rollback deployments boot does not count as taken: libostree removes it when it needs the room.
    """
    boot = host.boot
    if boot is None or not transactions:
        return
    listed = [deployment for deployment in host.deployments if not deployment.staged]
    uses = dict(zip((deployment.index for deployment in listed), boot.used))
    kept = {
        kernel
        for index, kernel in uses.items()
        if host.deployments[index].booted or host.deployments[index].pinned or index == host.default.index
    }
    freeable = sum(size for name, size in boot.kernels.items() if uses and name not in kept)
    new_initramfs = any(step.argv[1] == "initramfs" for step in transactions)
    kernel = max((boot.kernels.get(name or "", 0) for name in kept), default=0)
    need = _ENTRIES + (kernel if new_kernel or new_initramfs else 0)
    if boot.free + freeable < need:
        raise FleetError(
            f"/boot has {boot.free // 1024} MiB free and this needs about {need // 1024}; free some with cleanup: "
            "[rollback], or unpin deployments"
        )
