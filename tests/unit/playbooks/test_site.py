# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""playbooks/site.yml over nodes that stand in for real ones: what the variables of a node make of it."""

from __future__ import annotations

from pathlib import Path

from .conftest import Fleet

EVERYTHING = {
    "fleet_os_version": "1",
    "fleet_packages": ["strace"],
    "fleet_kernel_arguments": {"present": ["mitigations=auto"]},
    "health_checks_required": [{"check": "dns"}],
    "os_updates_driver": "zincati",
    "workloads_present": [
        {"name": f"web{number}", "image": "registry.example.com/web:prod", "auto_update": True} for number in range(5)
    ],
}
# The table at the end is one more.
TABLE = "TASK [Ask the node what it is]"


def test_everything_is_declared(tmp_path: Path) -> None:
    """That each module costs one round trip when nothing is to be done is what its own tests say."""
    fleet = Fleet(tmp_path, "n1")
    assert fleet.run(EVERYTHING, playbook="evergreen.fleet.site") == 0, fleet.printed
    modules = ["update_driver", "greenboot", "ostree_host", "quadlet", "podman_auto_update"]
    assert fleet.calls() == [f"n1 {module}" for module in modules]
    assert fleet.printed.count(TABLE) == 1
    assert len(modules) + 1 <= 6


def test_nothing_is_declared(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, "n1")
    assert fleet.run(playbook="evergreen.fleet.site") == 0, fleet.printed
    assert fleet.calls() == []


def test_one_thing_is_declared(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, "n1")
    assert fleet.run({"os_updates_driver": "zincati"}, playbook="evergreen.fleet.site") == 0, fleet.printed
    assert fleet.calls() == ["n1 update_driver"]
