# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Record the scenes on a real hypervisor, as root, from this folder's parent:

    PYTHONPATH=<collections> python -m guest.record

The guest never boots an operating system: its disk is empty. The scene start-fails needs a hypervisor on which KVM
does not work.
"""

from __future__ import annotations

import pathlib
import subprocess

from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.manage import manage
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.manage_network import manage as manage_network
from ansible_collections.evergreen.fleet.plugins.modules.virt_network import ARGUMENT_SPEC as NETWORK_SPEC

from .fakes import IGNITION, IMAGE, Event, Recording, World, params, save
from .scenes import SCENES, Scene


def play(scene: Scene) -> list[Event]:
    """Run one scene and return what was asked and answered."""
    pathlib.Path(IGNITION).write_text(scene.config, encoding="utf-8")
    node = Recording()
    try:
        if scene.module == "network":
            options = {name: option.get("default") for name, option in NETWORK_SPEC.items()}
            manage_network(node, {**options, **scene.options}, scene.check)
        else:
            manage(node, params(**scene.options), scene.check, World())
    except FleetError:
        if not scene.fails:
            raise
    return node.events


def main() -> None:
    subprocess.run(("qemu-img", "create", "-q", "-f", "qcow2", IMAGE, "1G"), check=True)
    try:
        save({scene.name: play(scene) for scene in SCENES})
    finally:
        for path in (IMAGE, IGNITION):
            pathlib.Path(path).unlink()


if __name__ == "__main__":
    main()
