# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one action class of all modules that run on a node: it runs the module's ``run()`` over the connection.

A module takes part with a file of its own name in plugins/action, which is, after what every file begins with, these
two lines::

    from ..plugin_utils.node_action import NodeAction

    ActionModule = NodeAction

and with these names in its module file:

``ARGUMENT_SPEC``
    as AnsibleModule takes it.
``CONSTRAINTS``
    optional: AnsibleModule's mutually_exclusive, required_together, required_one_of, required_if and required_by, by
    name. ``main()`` gives both: ``AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True, **CONSTRAINTS)``.
``run(node, params, check)``
    the module itself; what it returns is the result, of which ``warnings`` is a list of sentences.

With ``async`` the module runs as any other does, with Python on the node.
"""

from __future__ import annotations

import importlib
import shlex
import typing as t

from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible_collections.evergreen.fleet.plugins.module_utils.errors import ConnectionLost, FleetError
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Node
from ansible_collections.evergreen.fleet.plugins.plugin_utils.connection_node import ConnectionNode

Result = dict[str, t.Any]
Spec = t.Mapping[str, t.Mapping[str, t.Any]]


class ModuleFile(t.Protocol):
    """What the class takes from a module file."""

    ARGUMENT_SPEC: Spec

    def run(self, node: Node, params: dict[str, t.Any], check: bool) -> Result:
        """Bring the node to the state that the parameters ask for."""


class NodeAction(ActionBase):
    """Runs the module of the action's own name against a ConnectionNode."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        result = super().run(tmp, task_vars)
        if self._task.async_val:
            background = not self._connection.has_native_async
            result.update(self._execute_module(task_vars=task_vars, wrap_async=background))
            return result

        module = self._module()
        constraints = getattr(module, "CONSTRAINTS", {})
        valid = ArgumentSpecValidator(_on_the_node(module.ARGUMENT_SPEC), **constraints).validate(self._task.args)
        # There is no public way to them. AnsibleModule takes them from here too.
        secrets = valid._no_log_values
        result["invocation"] = {"module_args": valid.validated_parameters}
        if valid.errors.errors:
            prefix = ""
            if isinstance(valid.errors[0], UnsupportedError):
                prefix = f"Unsupported parameters for ({self.ansible_name}) module: "
            result.update(failed=True, msg=prefix + valid.errors.msg)
        else:
            try:
                result.update(
                    module.run(self._node(task_vars or {}), valid.validated_parameters, self._task.check_mode)
                )
            except ConnectionLost as exc:
                raise AnsibleConnectionFailure(exc.message) from exc
            except FleetError as exc:
                result.update(exc.details, failed=True, msg=exc.message)
        # As for a module: secrets are out, and what is not JSON is an error.
        return t.cast(Result, remove_values(_with_lines(result), secrets))

    def _module(self) -> ModuleFile:
        namespace, collection, name = str(self.ansible_name).split(".", 2)
        path = f"ansible_collections.{namespace}.{collection}.plugins.modules.{name}"
        return t.cast(ModuleFile, importlib.import_module(path))

    def _node(self, task_vars: dict[str, t.Any]) -> ConnectionNode:
        environment: dict[str, t.Any] = {}
        self._compute_environment_string(environment)
        for name in environment:
            if not (name.isascii() and name.isidentifier()):
                raise FleetError(
                    f"environment: {name!r} is no name of a variable, which has letters, digits and _ only"
                )
        host = self._task.delegate_to or task_vars.get("inventory_hostname", "node")
        return ConnectionNode(host, self._execute, {name: str(value) for name, value in environment.items()})

    def _execute(self, command: str, stdin: bytes) -> tuple[int, str, str]:
        try:
            return self._send(command, stdin)
        except AnsibleConnectionFailure as exc:
            # A module that goes on with a node that is back needs a new connection, not the master of the old one.
            self._connection.reset()
            raise ConnectionLost(str(exc)) from exc

    def _send(self, command: str, stdin: bytes) -> tuple[int, str, str]:
        if self._takes_input():
            answer = self._low_level_execute_command(command, in_data=stdin)
        else:
            # As Ansible sends a module when it cannot pipeline.
            folder = self._connection._shell.tmpdir or self._make_tmp_path()
            path = self._connection._shell.join_path(folder, "request")
            self._transfer_data(path, stdin)
            self._fixup_perms2([folder, path], execute=False)
            answer = self._low_level_execute_command(f"exec <{shlex.quote(path)}; {command}")
        return answer["rc"], answer["stdout"], answer["stderr"]

    def _takes_input(self) -> bool:
        """Whether what we send arrives at the command's standard input.

        It has nothing to do with Ansible's ``pipelining`` option, which says that modules shall go this way. The
        ssh connection asks for a terminal only when there is nothing to send, and sends after sudo has read its
        password. The local connection puts a terminal there when become has a password.
        """
        connection = self._connection
        if not connection.has_pipelining or (connection.become and not connection.become.pipelining):
            return False
        if connection.transport == "ssh":
            return not connection.has_tty
        if connection.transport == "local":
            return bool(connection.get_option("pipelining") or not self.get_become_option("become_pass"))
        return True


def _on_the_node(spec: Spec) -> Spec:
    """The specification with a type for paths that leaves them as they are: Ansible's own expands our ~ and $HOME."""
    return {name: _option_on_the_node(option) for name, option in spec.items()}


def _option_on_the_node(option: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    changed = {key: _node_path if option.get(key) == "path" else value for key, value in option.items()}
    if "options" in option:
        changed["options"] = _on_the_node(option["options"])
    return changed


def _node_path(value: t.Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a path")
    if value.startswith("~") or "$" in value:
        raise TypeError(f"{value!r} is a path on the node, where ~ and $ are not expanded: give it in full")
    return value


def _with_lines(result: Result) -> Result:
    """As Ansible does with the result of every module."""
    lines = {f"{key}_lines": result[key].splitlines() for key in ("stdout", "stderr") if key in result}
    return lines | result
