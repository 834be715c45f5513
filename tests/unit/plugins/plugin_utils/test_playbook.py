# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module with an action of our class, played by ansible-playbook over ssh with sudo."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from .conftest import PASSWORD, USER, Server

COLLECTIONS = Path(__file__).parents[4] / ".ansible" / "collections"

MODULE = """#!/usr/bin/python
DOCUMENTATION = "{module: greeting, short_description: Greets, description: [Greets.], author: [us]}"

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.outcome import Plan, Write, serve

ARGUMENT_SPEC = {
    "path": {"type": "path", "required": True},
    "text": {"type": "str"},
    "secret": {"type": "str", "no_log": True},
    "program": {"type": "list", "elements": "str"},
}
CONSTRAINTS = {"required_one_of": [("text", "secret")]}


def run(node, params, check):
    found = node.gather({"file": params["path"], "user": ["id", "-un"], "greeting": ["sh", "-c", "echo $GREETING"]})
    wanted = (params["text"] or params["secret"]).encode()
    before = found["file"].content.decode() if found["file"] else ""
    plan = Plan()
    if before != wanted.decode():
        plan = Plan((Write(params["path"], wanted, "the greeting differs", 0o640),), before, wanted.decode())
    if not check:
        plan.apply(node)
    if params["program"]:
        node.run(params["program"])
    said = {name: found[name].stdout for name in ("user", "greeting")}
    return {**plan.report(), **said, "warnings": ["it is only a test"]}


def main():
    serve(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True, **CONSTRAINTS), run)


if __name__ == "__main__":
    main()
"""

# The two lines of the class's documentation, below a collection that has it in plugin_utils as ours has.
ACTION = """from ..plugin_utils.node_action import NodeAction

ActionModule = NodeAction
"""
PLUGIN_UTILS = """from ansible_collections.evergreen.fleet.plugins.plugin_utils.node_action import NodeAction
"""

# Every result as Ansible's callbacks get it, one JSON line each.
CALLBACK = """
import json, os
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "aggregate", "lines"

    def _add(self, outcome, result):
        shown = json.loads(self._dump_results(result.result, keep_invocation=True))
        with open(os.environ["RESULTS"], "a") as stream:
            stream.write(json.dumps({**shown, "task": result.task.get_name(), "outcome": outcome}) + chr(10))

    def v2_runner_on_ok(self, result):
        self._add("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._add("failed", result)

    def v2_runner_on_unreachable(self, result):
        self._add("unreachable", result)
"""

PLAY = """
- name: Play
  hosts: edge1
  gather_facts: false
  become: true
  environment:
    GREETING: it's $HOME
  tasks:
    - name: Greet
      test.nodes.greeting:
        path: "{{ folder }}/a file"
        text: hello
    - name: Fail
      test.nodes.greeting:
        path: "{{ folder }}/a file"
        text: hello
        program: [sh, -c, "echo it broke >&2; exit 3"]
      ignore_errors: true
    - name: Wrong
      test.nodes.greeting:
        path: "{{ folder }}/a file"
      ignore_errors: true
    - name: Secret
      test.nodes.greeting:
        path: "{{ folder }}/secret"
        secret: hunter2!
    - name: Hidden
      test.nodes.greeting:
        path: "{{ folder }}/a file"
        text: hello
      no_log: true
"""


class Site:
    """A folder with a collection, an inventory and a playbook, on a machine that answers."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder = folder
        self.target = folder / "target"
        self.target.mkdir()
        plugins = folder / "collections/ansible_collections/test/nodes/plugins"
        for name, text in (
            ("modules/greeting.py", MODULE),
            ("action/greeting.py", ACTION),
            ("plugin_utils/node_action.py", PLUGIN_UTILS),
        ):
            (plugins / name).parent.mkdir(parents=True)
            (plugins / name).write_text(text)
        (folder / "ansible.cfg").write_text("[defaults]\n")
        (folder / "callbacks").mkdir()
        (folder / "callbacks/lines.py").write_text(CALLBACK)
        options = server.options(USER)
        self.variables = {
            "ansible_host": options["host"],
            "ansible_port": options["port"],
            "ansible_user": options["remote_user"],
            "ansible_ssh_private_key_file": options["private_key_file"],
            "ansible_ssh_extra_args": options["ssh_extra_args"],
            "ansible_become_password": PASSWORD,
            "ansible_python_interpreter": sys.executable,
            "ansible_control_path_dir": options["control_path_dir"],
            "folder": str(self.target),
        }

    def play(self, text: str, *arguments: str, rc: int = 0, **variables: t.Any) -> dict[str, dict[str, t.Any]]:
        """Plays it and gives the result of every task."""
        (self.folder / "play.yml").write_text(text)
        inventory = {"all": {"hosts": {"edge1": {**self.variables, **variables}}}}
        (self.folder / "hosts.json").write_text(json.dumps(inventory))
        results = self.folder / "results"
        results.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "-i", "hosts.json", "play.yml", *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            env={
                **os.environ,
                "ANSIBLE_CONFIG": "ansible.cfg",
                "ANSIBLE_HOME": str(self.folder / "home"),
                "ANSIBLE_COLLECTIONS_PATH": f"{self.folder}/collections:{COLLECTIONS}",
                "ANSIBLE_CALLBACK_PLUGINS": "callbacks",
                "ANSIBLE_CALLBACKS_ENABLED": "lines",
                "ANSIBLE_NOCOLOR": "1",
                "RESULTS": str(results),
            },
        )
        self.printed = done.stdout + done.stderr
        assert done.returncode == rc, self.printed
        return {line["task"]: line for line in map(json.loads, results.read_text().splitlines())}


@pytest.fixture
def site(tmp_path: Path, server: Server) -> Site:
    if not server.has_operator:
        pytest.skip("only root can have a user of its own for a test")
    return Site(tmp_path, server)


def test_a_play(site: Site) -> None:
    results = site.play(PLAY, "--diff")
    file = site.target / "a file"
    assert (file.read_text(), file.stat().st_mode & 0o7777, file.owner()) == ("hello", 0o640, "root")

    greet = results["Greet"]
    assert greet["changed"] is True
    assert greet["steps"] == [{"write": str(file), "reason": "the greeting differs"}]
    assert greet["user"] == "root\n"
    assert greet["greeting"] == "it's $HOME\n"
    assert greet["invocation"]["module_args"] == {"path": str(file), "program": None, "secret": None, "text": "hello"}
    assert "--- before" in site.printed
    assert "\n+hello" in site.printed
    assert "it is only a test" in site.printed

    fail = results["Fail"]
    assert (fail["outcome"], fail["msg"], fail["rc"]) == ("failed", "sh ended with exit code 3: it broke", 3)
    assert (fail["node"], fail["stderr_lines"]) == ("edge1", ["it broke"])
    assert results["Wrong"]["outcome"] == "failed"
    assert results["Wrong"]["msg"] == "one of the following is required: text, secret"
    assert (site.target / "secret").read_text() == "hunter2!"
    assert "hunter2!" not in site.printed + json.dumps(results["Secret"])
    assert results["Hidden"].keys() <= {"task", "outcome", "censored", "changed"}


def test_the_same_play_again_changes_nothing(site: Site) -> None:
    site.play(PLAY)
    again = site.play(PLAY)
    assert {name: result["changed"] for name, result in again.items()} == dict.fromkeys(again, False)


def test_check_mode_takes_no_step(site: Site) -> None:
    results = site.play(PLAY, "--check", "--diff")
    assert results["Greet"]["changed"] is True
    assert results["Greet"]["steps"] == [{"write": f"{site.target}/a file", "reason": "the greeting differs"}]
    assert "\n+hello" in site.printed
    assert os.listdir(site.target) == []


def test_a_node_that_is_not_there(site: Site) -> None:
    results = site.play(PLAY, rc=4, ansible_port=1)
    assert results["Greet"]["outcome"] == "unreachable"
    assert "Connection refused" in results["Greet"]["msg"]


def test_a_wrong_password_of_sudo(site: Site) -> None:
    results = site.play(PLAY, rc=2, ansible_become_password="wrong")  # noqa: S106
    assert results["Greet"]["outcome"] == "failed"
    assert "Incorrect sudo password" in results["Greet"]["msg"]


def test_async_runs_it_as_any_module(site: Site) -> None:
    play = """
- name: Play
  hosts: edge1
  gather_facts: false
  become: true
  tasks:
    - name: Greet
      test.nodes.greeting:
        path: "{{ folder }}/file"
        text: hello
      async: 10
      poll: 1
"""
    results = site.play(play)
    assert results["Greet"]["ansible_job_id"]
    assert (site.target / "file").read_text() == "hello"
    assert results["Greet"]["user"] == "root\n"
