# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The callback in real runs of ansible-playbook: its files, its exit status, and what must not be in them."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import typing as t
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.evergreen.fleet.plugins.callback.fleet_report import CallbackModule
from ansible_collections.evergreen.fleet.plugins.plugin_utils.report.collect import Collector

ROOT = Path(__file__).parents[4]
SECRET = "hunter2!"  # noqa: S105 - that nobody uses


class Fleet:
    """Three nodes, all of them this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        python = sys.executable
        hosts = {f"edge{number}": {} for number in (1, 2, 10)}
        shared = {
            "ansible_connection": "local",
            "ansible_python_interpreter": python,
            "ansible_become": False,
            "folder": str(folder),
        }
        inventory = {"fleet": {"hosts": hosts, "vars": shared}}
        (folder / "inventory.json").write_text(json.dumps(inventory))
        self.report = folder / "reports" / "today"
        self.printed = ""

    def play(self, tasks: str, *arguments: str, kind: str | None = "drift", header: str = "") -> int:
        """The exit status of a run of these tasks."""
        play = f"""
- name: Play
  hosts: "{{{{ fleet_hosts | default('fleet') }}}}"
  gather_facts: false
{header}
  vars: {json.dumps({"fleet_report_kind": kind} if kind else {})}
  tasks:
{tasks}
"""
        (self.folder / "play.yml").write_text(play)
        return self.run("play.yml", *arguments)

    def run(self, playbook: str, *arguments: str) -> int:
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
            "ANSIBLE_PIPELINING": "true",
            "ANSIBLE_HOME": str(self.folder / "home"),
            "ANSIBLE_CALLBACKS_ENABLED": "evergreen.fleet.fleet_report",
            "EVERGREEN_FLEET_REPORT_FOLDER": str(self.report),
        }
        environment.pop("ANSIBLE_CONFIG", None)
        command = [Path(sys.executable).parent / "ansible-playbook", "-i", "inventory.json", playbook, *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        self.printed = done.stdout + done.stderr
        return done.returncode

    def document(self) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", json.loads((self.report / "report.json").read_text()))

    def statuses(self) -> dict[str, str]:
        return {node["name"]: node["status"] for node in self.document()["nodes"]}


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


CLEAN = """
    - name: As wanted
      ansible.builtin.debug: {msg: nothing}
"""
DRIFT = """
    - name: Missing
      ansible.builtin.file: {path: "{{ folder }}/missing", state: directory}
      when: inventory_hostname == 'edge2'
"""
FAILURE = """
    - name: Broken
      ansible.builtin.fail: {msg: it is broken}
      when: inventory_hostname == 'edge10'
"""
CANNOT_TELL = """
    - name: Script
      ansible.builtin.command: "true"
      when: inventory_hostname == 'edge1'
"""
AWAY = """
    - name: Away
      ansible.builtin.raw: "true"
      check_mode: false
      when: inventory_hostname == 'edge1'
      vars: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 1, ansible_ssh_retries: 0}
"""


@pytest.mark.parametrize(
    ("tasks", "status", "nodes"),
    [
        (CLEAN, 0, {"edge1": "clean", "edge2": "clean", "edge10": "clean"}),
        (CLEAN + DRIFT, 2, {"edge1": "clean", "edge2": "drift", "edge10": "clean"}),
        (CLEAN + CANNOT_TELL, 2, {"edge1": "unknown", "edge2": "clean", "edge10": "clean"}),
        (CLEAN + DRIFT + FAILURE, 1, {"edge1": "clean", "edge2": "drift", "edge10": "failed"}),
        (CLEAN + AWAY, 1, {"edge1": "unreachable", "edge2": "clean", "edge10": "clean"}),
    ],
    ids=["clean", "drift", "unknown", "failed", "unreachable"],
)
def test_exit_status_of_a_drift_run(fleet: Fleet, tasks: str, status: int, nodes: dict[str, str]) -> None:
    assert fleet.play(tasks, header="  check_mode: true") == status, fleet.printed
    assert fleet.statuses() == nodes
    assert list(fleet.statuses()) == ["edge1", "edge2", "edge10"]
    assert fleet.document()["exit_status"] == status


def test_nobody_to_look_at_is_not_clean(fleet: Fleet) -> None:
    assert fleet.play(CLEAN, "--extra-vars", "fleet_hosts=typo", header="  check_mode: true") == 1
    assert fleet.document()["outcome"] == "failed"


@pytest.mark.parametrize(("tasks", "status"), [(CLEAN + DRIFT, 0), (CLEAN + FAILURE, 2)])
def test_other_runs_keep_the_exit_status_of_ansible(fleet: Fleet, tasks: str, status: int) -> None:
    assert fleet.play(tasks, "--check", kind=None) == status
    assert fleet.document()["kind"] == "run"


def test_found_and_wanted(fleet: Fleet) -> None:
    assert fleet.play(DRIFT, "--diff", header="  check_mode: true") == 2
    edge2 = fleet.document()["nodes"][1]
    assert edge2["changes"] == [
        {
            "task": "Missing",
            "module": "ansible.builtin.file",
            "applied": False,
            "settings": [{"name": "state", "found": "absent", "wanted": "directory"}],
            "steps": [],
            "hidden": None,
        }
    ]
    files = sorted(fleet.report.iterdir())
    assert [path.name for path in files] == ["report.html", "report.json"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in (fleet.report, *files)] == [0o700, 0o600, 0o600]
    # The exit status is set after callbacks that are named before this one have heard of the end.
    assert "PLAY RECAP" in fleet.printed
    assert f"Fleet report: {fleet.report}/report.html" in fleet.printed


def test_a_report_that_cannot_be_written_is_not_clean(fleet: Fleet) -> None:
    fleet.report = fleet.folder / "play.yml" / "reports"
    assert fleet.play(CLEAN) == 1
    assert "There is no fleet report: " in fleet.printed


def test_a_result_that_cannot_be_read_is_not_clean() -> None:
    """Ansible makes a warning of what a callback raises."""
    callback = CallbackModule()
    callback._collector = Collector("play.yml")
    callback._collector.play(["edge1"], ["edge1"], "drift")
    host = SimpleNamespace(get_name=lambda: "edge1")
    task = SimpleNamespace(
        resolved_action="evergreen.fleet.ostree_host_info", loop=None, name="Odd", get_name=lambda: "Odd"
    )
    odd = {"deployments": 7}
    fields = {"task_name": "Odd", "task_fields": {}, "result": odd, "is_changed": lambda: False}
    with pytest.raises(TypeError):
        callback.v2_runner_on_ok(t.cast("t.Any", SimpleNamespace(host=host, task=task, **fields)))
    report = callback._collector.finish([])
    assert (report.nodes["edge1"].status, report.exit_status) == ("failed", 1)


def test_what_an_earlier_run_left_is_replaced_and_what_a_play_rescues_is_no_failure(fleet: Fleet) -> None:
    fleet.play(FAILURE, kind=None)
    rescued = """
    - name: Try
      block:
        - name: Broken
          ansible.builtin.fail: {msg: it is broken}
      rescue:
        - name: Repair
          ansible.builtin.debug: {msg: repaired}
"""
    assert fleet.play(rescued, kind=None) == 0
    assert set(fleet.statuses().values()) == {"clean"}


SECRETS = f"""
    - name: Files
      when: inventory_hostname == 'edge1'
      block:
        - name: Hidden by the task
          ansible.builtin.copy: {{content: "{SECRET}", dest: "{{{{ folder }}}}/one", mode: "0600"}}
          no_log: true
        - name: Hidden in a loop
          ansible.builtin.copy: {{content: "{{{{ item }}}}", dest: "{{{{ folder }}}}/two", mode: "0600"}}
          loop: ["{SECRET}"]
          no_log: true
        - name: Not hidden, and written by a module of somebody else
          ansible.builtin.copy: {{content: "{SECRET}", dest: "{{{{ folder }}}}/three", mode: "0600"}}
        - name: Difference is off
          ansible.builtin.copy: {{content: "{SECRET}", dest: "{{{{ folder }}}}/four", mode: "0600"}}
          diff: false
        - name: Hidden failure
          ansible.builtin.fail: {{msg: "{SECRET}"}}
          no_log: true
    - name: Password of a module
      ansible.builtin.uri: {{url: "http://127.0.0.1:1/{SECRET}", url_password: "{SECRET}"}}
      check_mode: false
"""


def test_secrets_are_never_in_it(fleet: Fleet) -> None:
    arguments = ("--diff", "--limit", "edge1,edge2")
    assert fleet.play(SECRETS, *arguments, header="  check_mode: true") == 1
    for file in fleet.report.iterdir():
        assert SECRET not in file.read_text()
    edge1, edge2 = fleet.document()["nodes"]
    assert [change["hidden"] for change in edge1["changes"]] == ["no_log", "no_log", "content", "diff_off"]
    assert edge1["failures"][0]["message"] == "the task hides its result (no_log)"
    assert "Connection refused" in edge2["failures"][0]["message"]


def test_waves(fleet: Fleet) -> None:
    tasks = """
    - name: Update
      ansible.builtin.fail: {msg: it is broken}
      when: inventory_hostname == 'edge2'
"""
    status = fleet.play(tasks, kind="rollout", header="  serial: 1\n  max_fail_percentage: 0")
    assert status == 2
    assert [(wave["number"], wave["nodes"]) for wave in fleet.document()["waves"]] == [
        (1, {"edge1": "clean"}),
        (2, {"edge2": "failed"}),
    ]
    assert fleet.statuses()["edge10"] == "untouched"


def test_an_unknown_kind_is_named(fleet: Fleet) -> None:
    fleet.play(CLEAN, kind="dirft")
    assert "fleet_report_kind: 'dirft' is none of drift, plan, rollout, run" in fleet.printed


def test_the_playbook_drift(fleet: Fleet) -> None:
    """This machine is no OSTree host, and its inventory wants nothing of it."""
    assert fleet.run("evergreen.fleet.drift", "--check") == 0, fleet.printed
    assert fleet.document()["kind"] == "drift"
    assert set(fleet.statuses().values()) == {"clean"}


def test_the_playbook_drift_without_check_mode_stops_at_once(fleet: Fleet) -> None:
    assert fleet.run("evergreen.fleet.drift") == 1
    assert "drift.yml needs --check" in fleet.printed
    assert {node["step"] for node in fleet.document()["nodes"]} == {"Is this check mode, with a report?"}
