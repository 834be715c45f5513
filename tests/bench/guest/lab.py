# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A guest with Python for measurements that put the collection beside its peers."""

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
    """A guest that is up, and the ansible-playbook of the peers' environment to reach it with."""

    def __init__(self, state: Path) -> None:
        self._environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(PEERS / "bin"), os.environ["PATH"]]),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
            # The inventory is that of the Molecule scenarios, which reads these.
            "MOLECULE_PROJECT_DIRECTORY": str(ROOT),
            "MOLECULE_EPHEMERAL_DIRECTORY": str(state),
        }

    def play(self, playbook: Path, *arguments: str, **environment: str) -> str:
        """Run a playbook; returns what it wrote to its standard output."""
        argv = ["ansible-playbook", f"--inventory={ROOT}/molecule/shared/inventory", f"--inventory={HERE}/inventory"]
        done = subprocess.run(
            [*argv, *arguments, str(playbook)],
            env={**self._environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            sys.exit(f"{playbook.name} failed:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
        return done.stdout

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
    """Build the guest, and take it away again whatever happens."""
    subprocess.run(
        [ROOT / "scripts" / "venv", PEERS, ROOT / "requirements" / "peers.txt", "3.13", "3.12", "3.11"], check=True
    )
    with tempfile.TemporaryDirectory(prefix="evergreen-bench-") as state:
        made = Lab(Path(state))
        # libvirt's QEMU reads the Ignition config in there.
        Path(state).chmod(0o711)
        try:
            made.play(HERE / "up.yml")
            yield made
        finally:
            made.play(HERE / "down.yml")
