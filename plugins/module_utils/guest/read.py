# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What there is of a guest, read from libvirt and its disks."""

from __future__ import annotations

from . import drift, parse
from .model import Found
from .virsh import Virsh, call


def read(client: Virsh, name: str) -> Found | None:
    """A guest; None when libvirt knows none by this name.

    :raises FleetError: libvirt cannot be reached.
    """
    state = client.states().get(name)
    if state is None:
        return None
    text = client.ask("dumpxml", "--inactive", name)
    return parse.guest(text, state, _sizes(client, parse.guest(text, state)))


def _sizes(client: Virsh, found: Found) -> dict[str, float]:
    """The sizes of the root disk and of those that were made for the guest. One that is gone has none."""
    sizes = {}
    made = [disk.path for disk in found.guest.disks if disk.path in found.owned]
    for path in [found.root, *made] if found.root else []:
        # --force-share: QEMU holds a lock on the disks of a running guest.
        done = call(client.node, ("qemu-img", "info", "--force-share", "--output=json", path), ok=(0, 1))
        if done.rc == 0:
            sizes[path] = parse.image(path, done.stdout).size
    return sizes


def outdated(client: Virsh, found: Found) -> bool:
    """Whether a guest runs with another definition than its next start would give it."""
    if not found.active:
        return False
    live = parse.guest(client.ask("dumpxml", found.guest.name)).guest
    return drift.needs_restart(live, found.guest)
