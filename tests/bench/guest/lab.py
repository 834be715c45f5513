# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Guests for measurements: one with Python beside the collection's peers, or those of a Molecule scenario."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent
PEERS = ROOT / ".cache" / "venv-peers"


class Lab:
    """Guests that are up, and the ansible-playbook to reach them with."""

    def __init__(self, state: Path, inventory: Path, programs: Path, variables: t.Mapping[str, str]) -> None:
        self._inventory = inventory
        self._variables = variables
        self._environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
            # The inventory is that of the Molecule scenarios, which reads these.
            "MOLECULE_PROJECT_DIRECTORY": str(ROOT),
            "MOLECULE_EPHEMERAL_DIRECTORY": str(state),
            "MOLECULE_SCENARIO_DIRECTORY": str(inventory.parent),
        }

    def play(self, playbook: Path, *arguments: str, **environment: str) -> str:
        """Run a playbook; returns what it wrote to its standard output."""
        done = subprocess.run(
            self._argv(playbook, *arguments),
            env={**self._environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            sys.exit(f"{playbook.name} failed:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
        return done.stdout

    def show(self, playbook: Path, *arguments: str) -> None:
        """Run a long playbook, which tells by itself how it goes."""
        if subprocess.run(self._argv(playbook, *arguments), env=self._environment, check=False).returncode != 0:
            sys.exit(f"{playbook.name} failed")

    def _argv(self, playbook: Path, *arguments: str) -> list[str]:
        inventories = [ROOT / "molecule" / "shared" / "inventory", self._inventory]
        return [
            "ansible-playbook",
            *(f"--inventory={path}" for path in inventories),
            *(f"--extra-vars={name}={value}" for name, value in self._variables.items()),
            *arguments,
            str(playbook),
        ]

    def seconds(self, playbook: Path, *arguments: str) -> dict[str, list[float]]:
        """Run a playbook whose tasks must change nothing; returns for each task's name how long each run of it took."""
        output = self.play(playbook, *arguments, ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
        found: dict[str, list[float]] = {}
        for play in json.loads(output[output.index("{") :])["plays"]:
            for task in play["tasks"]:
                if any(result["changed"] for result in task["hosts"].values()):
                    sys.exit(f"{task['task']['name']} changed something: nothing to compare")
                took = _seconds(task["task"]["duration"])
                found.setdefault(task["task"]["name"], []).append(took)
        return found


def _seconds(duration: dict[str, str]) -> float:
    start, end = (datetime.datetime.fromisoformat(duration[key]) for key in ("start", "end"))
    return (end - start).total_seconds()


@contextlib.contextmanager
def lab() -> t.Iterator[Lab]:
    """Build the guest that has Python, with the peers' own environment beside it."""
    subprocess.run(
        [ROOT / "scripts" / "venv", PEERS, ROOT / "requirements" / "peers.txt", "3.13", "3.12", "3.11"], check=True
    )
    with _guests(HERE / "inventory", PEERS / "bin", [HERE / "up.yml"], HERE / "down.yml", {}) as made:
        yield made


@contextlib.contextmanager
def scenario(name: str, **variables: str) -> t.Iterator[Lab]:
    """Build the guests of a Molecule scenario, with variables instead of its inventory's."""
    folder = ROOT / "molecule" / name
    up = [folder / "create.yml", folder / "converge.yml"]
    with _guests(folder / "inventory", ROOT / ".venv" / "bin", up, folder / "destroy.yml", variables) as made:
        yield made


@contextlib.contextmanager
def _guests(
    inventory: Path, programs: Path, up: list[Path], down: Path, variables: t.Mapping[str, str]
) -> t.Iterator[Lab]:
    """Guests that are taken away again whatever happens."""
    with tempfile.TemporaryDirectory(prefix="evergreen-bench-") as state:
        made = Lab(Path(state), inventory, programs, variables)
        # libvirt's QEMU reads the Ignition config in there.
        Path(state).chmod(0o711)
        try:
            for playbook in up:
                made.play(playbook)
            yield made
        finally:
            made.play(down)
