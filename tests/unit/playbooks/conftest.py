# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet of nodes that stand in for real ones, and the playbooks of the collection over it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MODULES = (
    "greenboot",
    "greenboot_info",
    "node_reboot",
    "ostree_host",
    "ostree_host_info",
    "podman_auto_update",
    "quadlet",
    "update_driver",
)
NODE = {
    "booted": "1",
    "staged": None,
    "boots": 0,
    "checks": [],
    # What may be wrong with it: it does not answer, at all or from a module on; its checks fail; it does not come back.
    "away": False,
    "away_at": None,
    "red": False,
    "dies_in_reboot": False,
}


class Fleet:
    def __init__(self, folder: Path, *names: str) -> None:
        self.folder = folder
        self.names = names
        self.printed = ""
        self.collection = folder / "ansible_collections" / "evergreen" / "fleet"
        self._lay_out()
        shared = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "ansible_become": False,
            "fleet_soak": 0,
        }
        inventory = {"fleet": {"hosts": {name: {} for name in names}, "vars": shared}}
        (folder / "inventory.json").write_text(json.dumps(inventory))
        self.nodes = folder / "nodes"
        self.nodes.mkdir()
        for name in names:
            self.put(name)

    def _lay_out(self) -> None:
        """The collection, with other action plugins."""
        actions = self.collection / "plugins" / "action"
        actions.mkdir(parents=True)
        for name in ("galaxy.yml", "meta", "playbooks", "roles"):
            (self.collection / name).symlink_to(ROOT / name)
        for each in (ROOT / "plugins").iterdir():
            if each.name != "action":
                (self.collection / "plugins" / each.name).symlink_to(each)
        for module in MODULES:
            (actions / f"{module}.py").symlink_to(Path(__file__).parent / "actions.py")
        programs = self.folder / "bin"
        programs.mkdir()
        # The one thing that the playbook asks a node without a module.
        (programs / "df").write_text("#!/bin/sh\necho overlay 20000000 1 9000000 1% /sysroot\n")
        (programs / "df").chmod(0o755)

    def put(self, name: str, **differing: t.Any) -> None:
        file = self.nodes / f"{name}.json"
        before = json.loads(file.read_text()) if file.exists() else NODE
        file.write_text(json.dumps({**before, **differing}))

    def variables(self) -> dict[str, str]:
        """The environment of Ansible."""
        return {
            "ANSIBLE_COLLECTIONS_PATH": str(self.folder),
            "ANSIBLE_HOME": str(self.folder / "home"),
            "ANSIBLE_PIPELINING": "true",
            "ANSIBLE_CALLBACKS_ENABLED": "evergreen.fleet.fleet_report",
            "EVERGREEN_FLEET_REPORT_FOLDER": str(self.folder / "report"),
            "FAKE_NODES": str(self.nodes),
        }

    def run(
        self,
        variables: dict[str, t.Any] | None = None,
        kill_at: int | None = None,
        playbook: str = "evergreen.fleet.rollout",
    ) -> int:
        (self.nodes / "log").write_text("")
        environment = {
            **os.environ,
            **self.variables(),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "KILL_AT": str(kill_at),
        }
        environment.pop("ANSIBLE_CONFIG", None)
        arguments = ["-i", "inventory.json", "-e", json.dumps(variables or {}), playbook]
        done = subprocess.run(
            [Path(sys.executable).parent / "ansible-playbook", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        self.printed = done.stdout + done.stderr
        return done.returncode

    def calls(self) -> list[str]:
        """Node and module of each call, in their order."""
        lines = (self.nodes / "log").read_text().splitlines()
        return [line for line in lines if not line.endswith(" done")]

    def log(self) -> list[str]:
        """What was done to nodes, looks left out."""
        lines = (self.nodes / "log").read_text().splitlines()
        return [line for line in lines if line.endswith((" ostree_host done", " node_reboot done"))]

    def state(self) -> dict[str, t.Any]:
        return {name: json.loads((self.nodes / f"{name}.json").read_text()) for name in self.names}

    def versions(self) -> list[str]:
        return [node["staged"] or node["booted"] for node in self.state().values()]

    def report(self) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", json.loads((self.folder / "report" / "report.json").read_text()))

    def statuses(self) -> list[str]:
        return [node["status"] for node in self.report()["nodes"]]


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path, "n1", "n2", "n3", "n4")
