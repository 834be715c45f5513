# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands in for the action plugins that reach a node: a node is a JSON file, and every call is noted.

A version with "bad" in it fails its checks, so its node comes back on the one before. What they return is as much of
the real results as the playbooks and the report read.
"""

from __future__ import annotations

import json
import os
import signal
import typing as t
from pathlib import Path

from ansible.plugins.action import ActionBase

Result = dict[str, t.Any]
NODES = Path(os.environ["FAKE_NODES"])


def deployment(version: str) -> Result:
    return {
        "id": f"lab-{version}.0",
        "version": version,
        "checksum": version,
        "base": {"version": version},
        "origin": {"kind": "ref", "text": "lab:stable"},
    }


class ActionModule(ActionBase):  # type: ignore[misc]
    def run(self, tmp: t.Any = None, task_vars: Result | None = None) -> Result:
        result = t.cast("Result", super().run(tmp, task_vars))
        name = (task_vars or {})["inventory_hostname"]
        module = self._task.action.rsplit(".", 1)[-1]
        file = NODES / f"{name}.json"
        node: Result = json.loads(file.read_text())
        self._note(name, module)
        if node["away"] or node["away_at"] == module:
            return result | {"unreachable": True, "msg": f"{name} is away"}
        result |= getattr(self, module)(node)
        file.write_text(json.dumps(node))
        self._note(name, f"{module} done")
        return result

    def _note(self, name: str, what: str) -> None:
        """What happened, in its order; and the controller dies when it is its time."""
        log = NODES / "log"
        with log.open("a") as stream:
            stream.write(f"{name} {what}\n")
        if os.environ.get("KILL_AT") == str(len(log.read_text().splitlines())):
            # The worker's parent is ansible-playbook. The worker goes too, as when the machine does.
            os.kill(os.getppid(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)

    def ostree_host_info(self, node: Result) -> Result:
        trees = [deployment(version) for version in (node["staged"], node["booted"]) if version]
        return {
            "deployments": trees,
            "booted": len(trees) - 1,
            "default": 0,
            "reboot_needed": bool(node["staged"]),
            "transaction": None,
        }

    def ostree_host(self, node: Result) -> Result:
        wanted = self._task.args["version"]
        changed = wanted != (node["staged"] or node["booted"])
        if changed and not self._task.check_mode:
            node["staged"] = wanted
        return {
            "changed": changed,
            "steps": [{"action": "deploy", "reason": f"{wanted} is wanted"}] if changed else [],
            "default": deployment(node["staged"] or node["booted"]),
            "reboot_needed": bool(node["staged"]),
            "reboot_reason": f"{node['staged']} is staged",
        }

    def node_reboot(self, node: Result) -> Result:
        wanted, node["staged"] = node["staged"], None
        node["boots"] += 1
        if node["dies_in_reboot"]:
            node["away"] = True
            return {"failed": True, "msg": "it did not come back"}
        good = "bad" not in wanted
        if good:
            node["booted"] = wanted
        told = {"rolled_back": not good, "booted": deployment(node["booted"]), "expected": deployment(wanted)}
        if good:
            return told | {"changed": True, "health": "green"}
        reasons = [{"source": "50_release.sh", "text": "the release is bad"}]
        return told | {"changed": True, "failed": True, "msg": "it came back", "health": "green", "reasons": reasons}

    def greenboot(self, node: Result) -> Result:
        wanted = [each["name"] for each in self._task.args["required_checks"]]
        changed = wanted != node["checks"]
        if not self._task.check_mode:
            node["checks"] = wanted
        return {"changed": changed, "steps": []}

    def greenboot_info(self, node: Result) -> Result:
        verdict = "red" if node["red"] else "green"
        return {"generation": "rust", "verdict": verdict, "checks": [], "run": {"verdict": verdict, "checks": []}}

    def update_driver(self, _node: Result) -> Result:
        return {"changed": False, "steps": []}

    quadlet = podman_auto_update = update_driver
