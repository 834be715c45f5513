# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may ask, and what the role's tasks say and do about locks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

from ansible_collections.evergreen.fleet.plugins.module_utils.node import LocalNode
from ansible_collections.evergreen.fleet.plugins.module_utils.updates.host import answered, questions
from ansible_collections.evergreen.fleet.plugins.module_utils.updates.wanted import Wanted
from ansible_collections.evergreen.fleet.plugins.modules.update_driver import ARGUMENT_SPEC

from .conftest import PASSWORD, ROOT, LockServer

ONE, TWO = "1" * 32, "2" * 32
LOCK, RELEASE = "pre-reboot", "steady-state"


def test_one_at_a_time(locks: LockServer) -> None:
    assert locks.ask(LOCK, ONE) == 200
    assert locks.ask(LOCK, ONE) == 200
    assert locks.ask(LOCK, TWO) == 423
    assert locks.ask(LOCK, TWO, group="pairs") == 200
    assert locks.ask(RELEASE, TWO) == 200
    assert locks.ask(LOCK, TWO) == 423
    assert locks.ask(RELEASE, ONE) == 200
    assert locks.ask(LOCK, TWO) == 200


def test_only_clients_may_ask(locks: LockServer) -> None:
    assert locks.ask(LOCK, ONE, user="") == 401
    assert locks.ask(LOCK, ONE, password="wrong") == 401  # noqa: S106 - on purpose
    assert locks.ask(LOCK, ONE, user="edge2") == 401
    assert locks.ask("locks", ONE) == 404
    assert locks.ask(LOCK, ONE, group="nobody") >= 400
    # Nobody got it, so it is free.
    assert locks.ask(LOCK, TWO) == 200
    log = locks.logged(6)
    assert [line.split()[2:] for line in log.splitlines()][-1] == ["edge1", "200", "/v1/pre-reboot"]
    assert PASSWORD not in log


def play(tmp_path: Path, locks: LockServer, *, check: bool = False, **variables: t.Any) -> dict[str, t.Any]:
    """The role's tasks on this machine: what they found in the end, and whether they changed something."""
    out = tmp_path / "found.json"
    playbook = [
        {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {
                "ansible_python_interpreter": sys.executable,
                "fleet_lock_data_dir": str(locks.folder),
                "fleet_lock_port": locks.port,
                **variables,
            },
            "tasks": [
                {
                    "ansible.builtin.include_role": {
                        "name": "evergreen.fleet.fleet_lock",
                        "tasks_from": "release" if "fleet_lock_release_id" in variables else "locks",
                        "apply": {"become": False},
                    }
                },
                {
                    "ansible.builtin.copy": {"content": "{{ fleet_lock_locks | to_json }}", "dest": str(out)},
                    "check_mode": False,
                    "changed_when": False,
                },
            ],
        }
    ]
    path = tmp_path / "play.yml"
    path.write_text(json.dumps(playbook))
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
        "ANSIBLE_BECOME_ASK_PASS": "false",
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }
    argv = ["ansible-playbook", "-i", "localhost,", *(["--check"] if check else []), str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return {"locks": json.loads(out.read_text()), "changed": "changed=0" not in done.stdout}


def test_a_lock_that_was_left_behind(locks: LockServer, tmp_path: Path) -> None:
    assert play(tmp_path, locks) == {"locks": [], "changed": False}
    assert locks.ask(LOCK, ONE) == 200
    assert locks.ask(LOCK, TWO, group="pairs") == 200
    locks.older(ONE, 4000)
    told = play(tmp_path, locks)["locks"]
    assert [(lock["id"], lock["group"], lock["stale"]) for lock in told] == [
        (ONE, "workers", True),
        (TWO, "pairs", False),
    ]
    assert told[0]["age"] - 4000 < 60
    assert told[0]["since"].endswith("Z")

    wanted = {"fleet_lock_release_id": ONE, "fleet_lock_release_group": "workers"}
    checked = play(tmp_path, locks, check=True, **wanted)
    assert (len(checked["locks"]), checked["changed"]) == (2, True)
    released = play(tmp_path, locks, **wanted)
    assert [lock["id"] for lock in released["locks"]] == [TWO]
    assert released["changed"]
    assert not play(tmp_path, locks, **wanted)["changed"]
    assert locks.ask(LOCK, TWO) == 200


def refusal(port: int, group: str) -> str:
    """What the question that a node asks before it takes a lock server makes of this one, with this machine's curl."""
    asked = {"driver": "zincati", "fleet_lock_url": f"http://127.0.0.1:{port}/", "group": group}
    wanted = Wanted.from_params({**dict.fromkeys(ARGUMENT_SPEC), "enabled": True, "strategy": "fleet_lock", **asked})
    node = LocalNode()
    return answered(wanted, node.gather({**questions(wanted), "zincati": ("echo", "LoadState=loaded")})).lock_server


def test_a_node_asks_whether_it_is_served(locks: LockServer, free_port: t.Callable[[], int]) -> None:
    assert refusal(locks.port, "workers") == ""
    assert "does not serve the group 'nobody' (HTTP " in refusal(locks.port, "nobody")
    assert "does not answer the node (curl: (7)" in refusal(free_port(), "workers")
    assert locks.ask(LOCK, ONE) == 200
