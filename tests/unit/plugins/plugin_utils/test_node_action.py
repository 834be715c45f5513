# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action class gives what Ansible gives for any module."""

from __future__ import annotations

import datetime
import re
import sys
import types
import typing as t

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import ConnectionLost, FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Node

from .conftest import action

Run = t.Callable[[Node, dict[str, t.Any], bool], dict[str, t.Any]]

ARGUMENT_SPEC: dict[str, t.Any] = {
    "name": {"type": "str"},
    "size": {"type": "int", "default": 3},
    "path": {"type": "path"},
    "paths": {"type": "list", "elements": "path"},
    "password": {"type": "str", "no_log": True},
    "parts": {"type": "list", "elements": "dict", "options": {"path": {"type": "path"}, "key": {"no_log": True}}},
}


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., dict[str, t.Any]]:
    """Runs a module that is nowhere but here, with these options, as a task of a play does."""

    def play(run: Run, options: dict[str, t.Any], check: bool = False, **constraints: t.Any) -> dict[str, t.Any]:
        module = types.ModuleType("example")
        vars(module).update(ARGUMENT_SPEC=ARGUMENT_SPEC, CONSTRAINTS=constraints, run=run)
        monkeypatch.setitem(sys.modules, "ansible_collections.test.nodes.plugins.modules.example", module)
        made = action("local", {})
        made.ansible_name = "test.nodes.example"
        made._task.args = options
        made._task.check_mode = check
        return made.run(task_vars={"inventory_hostname": "edge1"})

    return play


def refuse(_node: Node, _params: dict[str, t.Any], _check: bool) -> dict[str, t.Any]:
    pytest.fail("the module was run")


Play = t.Callable[..., dict[str, t.Any]]


def test_the_module_runs_against_the_node(play: Play) -> None:
    def run(node: Node, params: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
        said = node.run(["echo", params["name"], str(params["size"])]).stdout
        return {"changed": False, "said": said, "node": node.name, "check": check}

    result = play(run, {"name": "one", "size": "7"})
    assert result == {
        "changed": False,
        "said": "one 7\n",
        "node": "edge1",
        "check": False,
        "invocation": {
            "module_args": {
                "name": "one",
                "size": 7,
                "path": None,
                "paths": None,
                "password": None,
                "parts": None,
            }
        },
    }


def test_check_mode_is_passed_on(play: Play) -> None:
    assert play(lambda _node, _params, check: {"check": check}, {}, check=True)["check"] is True


@pytest.mark.parametrize(
    ("options", "constraints", "message"),
    [
        ({"size": "many"}, {}, "argument 'size' is of type str and we were unable to convert to int"),
        ({"other": 1}, {}, r"Unsupported parameters for \(test.nodes.example\) module: other. Supported .* name, pa"),
        ({"name": "a", "path": "/b"}, {"mutually_exclusive": [("name", "path")]}, "mutually exclusive: name.path"),
        ({}, {"required_one_of": [("name", "path")]}, "one of the following is required: name, path"),
        ({"name": "a"}, {"required_if": [("name", "a", ("path",))]}, "name is a but all of the following are missing"),
        ({"name": "a"}, {"required_together": [("name", "path")]}, "required together: name, path"),
        ({"name": "a"}, {"required_by": {"name": ("path",)}}, "missing parameter.* required by 'name': path"),
        ({"path": "~/x"}, {}, "'~/x' is a path on the node, where ~ and \\$ are not expanded: give it in full"),
        ({"paths": ["/a", "$HOME/x"]}, {}, r"'\$HOME/x' is a path on the node"),
        ({"parts": [{"path": "~x"}]}, {}, "'~x' is a path on the node"),
        ({"path": ["/a"]}, {}, r"\['/a'\] is not a path"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_done(
    play: Play, options: dict[str, t.Any], constraints: dict[str, t.Any], message: str
) -> None:
    result = play(refuse, options, **constraints)
    assert result["failed"] is True
    assert re.search(message, result["msg"])


def test_paths_reach_the_module_as_they_are(play: Play) -> None:
    options = {"path": "/a b/../c", "paths": ["/d/"], "parts": [{"path": "relative"}]}
    result = play(lambda _node, params, _check: params, options)
    assert (result["path"], result["paths"], result["parts"][0]["path"]) == ("/a b/../c", ["/d/"], "relative")


def test_an_expected_failure_is_a_failed_result(play: Play) -> None:
    def run(node: Node, _params: dict[str, t.Any], _check: bool) -> dict[str, t.Any]:
        node.run(["sh", "-c", "echo out; echo no >&2; exit 4"])
        return {}

    result = play(run, {"name": "one"})
    assert result.pop("invocation")["module_args"]["name"] == "one"
    assert result == {
        "failed": True,
        "msg": "sh ended with exit code 4: no",
        "cmd": ["sh", "-c", "echo out; echo no >&2; exit 4"],
        "rc": 4,
        "stdout": "out\n",
        "stdout_lines": ["out"],
        "stderr": "no\n",
        "stderr_lines": ["no"],
        "node": "edge1",
    }


def test_an_unexpected_failure_is_left_to_ansible(play: Play) -> None:
    with pytest.raises(ZeroDivisionError):
        play(lambda _node, _params, _check: {"never": 1 // 0}, {})


def test_a_lost_connection_is_an_unreachable_node(play: Play) -> None:
    def run(_node: Node, _params: dict[str, t.Any], _check: bool) -> dict[str, t.Any]:
        raise ConnectionLost("it is gone")

    with pytest.raises(AnsibleConnectionFailure, match="it is gone"):
        play(run, {})


def test_a_lost_connection_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has become of it is for the module: it may wait for the node, over a new connection."""
    made = action("local", {})
    calls: list[str] = []

    def break_off(*_arguments: t.Any, **_options: t.Any) -> t.NoReturn:
        calls.append("exec")
        raise AnsibleConnectionFailure("it is gone")

    monkeypatch.setattr(made._connection, "exec_command", break_off)
    monkeypatch.setattr(made._connection, "reset", lambda: calls.append("reset"))
    node = made._node({"inventory_hostname": "edge1"})
    with pytest.raises(ConnectionLost, match="it is gone"):
        node.run(["true"])
    assert calls == ["exec", "reset"]


def test_no_secret_leaves_in_a_result(play: Play) -> None:
    def run(_node: Node, params: dict[str, t.Any], _check: bool) -> dict[str, t.Any]:
        return {
            "diff": {"before": "", "after": f"key {params['password']}"},
            "steps": [{"argv": ["x", params["password"]]}],
            "nested": params["parts"],
        }

    result = play(run, {"password": "hunter2!", "parts": [{"key": "deep-secret"}]})
    assert "hunter2!" not in str(result["diff"]) + str(result["steps"]) + str(result["invocation"])
    assert "deep-secret" not in str(result["nested"]) + str(result["invocation"])


def test_no_secret_leaves_in_a_failure(play: Play) -> None:
    def run(_node: Node, params: dict[str, t.Any], _check: bool) -> dict[str, t.Any]:
        raise FleetError(f"cannot use {params['password']}", given=params["password"])

    assert "hunter2!" not in str(play(run, {"password": "hunter2!"}))


def test_no_secret_leaves_when_options_are_refused(play: Play) -> None:
    assert "hunter2!" not in str(play(refuse, {"password": "hunter2!", "size": "hunter2!"}))


def test_a_result_has_json_types_only(play: Play) -> None:
    assert play(lambda _node, _params, _check: {"steps": ({"argv": ("a", "b")},)}, {})["steps"] == [
        {"argv": ["a", "b"]}
    ]
    with pytest.raises(TypeError, match="unknown type"):
        play(lambda _node, _params, _check: {"what": datetime.timedelta(1)}, {})


def test_warnings_are_passed_on(play: Play) -> None:
    assert play(lambda _node, _params, _check: {"warnings": ["careful"]}, {})["warnings"] == ["careful"]


def test_the_name_of_a_variable_in_the_environment(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ansible_collections.evergreen.fleet.plugins.plugin_utils.node_action.NodeAction._compute_environment_string",
        lambda _self, environment: environment.update({"A;reboot": "x"}),
    )
    result = play(refuse, {})
    assert result["failed"] is True
    assert result["msg"].startswith("environment: 'A;reboot' is no name of a variable")
