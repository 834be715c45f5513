# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan, apply, report: what every module does after it has read the state and before it returns."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .errors import FleetError
from .node import LocalNode, Node

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


@dataclass(frozen=True)
class Run:
    """A step that runs a program."""

    argv: tuple[str, ...]
    reason: str
    stdin: bytes | None = None
    ok: tuple[int, ...] = (0,)
    timeout: float | None = None

    def apply(self, node: Node) -> None:
        node.run(self.argv, stdin=self.stdin, ok=self.ok, timeout=self.timeout)

    def report(self) -> dict[str, t.Any]:
        return {"argv": list(self.argv), "reason": self.reason}


@dataclass(frozen=True)
class Write:
    """A step that replaces a file. Its content is never part of a report."""

    path: str
    content: bytes
    reason: str
    mode: int = 0o644
    owner: str | None = None
    group: str | None = None

    def apply(self, node: Node) -> None:
        node.write(self.path, self.content, self.mode, self.owner, self.group)

    def report(self) -> dict[str, t.Any]:
        return {"write": self.path, "reason": self.reason}


@dataclass(frozen=True)
class Remove:
    """A step that removes a file."""

    path: str
    reason: str

    def apply(self, node: Node) -> None:
        node.remove(self.path)

    def report(self) -> dict[str, t.Any]:
        return {"remove": self.path, "reason": self.reason}


class Step(t.Protocol):
    """One thing that a plan does: Run, Write, Remove, or what a domain brings."""

    def apply(self, node: Node) -> None:
        """Do it.

        :raises FleetError: it could not be done.
        """

    def report(self) -> dict[str, t.Any]:
        """It as JSON values, without secrets."""


@dataclass(frozen=True)
class Plan:
    """What has to be done, and the same as a difference. ``before`` and ``after`` hold no secrets."""

    steps: tuple[Step, ...] = ()
    before: t.Any = field(default_factory=dict)
    after: t.Any = field(default_factory=dict)

    def apply(self, node: Node) -> None:
        """Take the steps in order; the first that fails ends it.

        :raises FleetError: from the step.
        """
        for step in self.steps:
            step.apply(node)

    def report(self) -> dict[str, t.Any]:
        """The keys that every module returns."""
        return {
            "changed": bool(self.steps),
            "steps": [step.report() for step in self.steps],
            "diff": {"before": self.before, "after": self.after},
        }


def refuse_left(subject: str, left: t.Sequence[Step], why: str = "something else changes it too") -> None:
    """Exit codes are no proof: planned again after the last step, there must be nothing left to do.

    :raises FleetError: there is.
    """
    if left:
        steps = [step.report() for step in left]
        raise FleetError(
            f"all steps succeeded and {subject} is still not as wanted: {steps[0]['reason']}; {why}", steps_left=steps
        )


def serve(module: AnsibleModule, run: t.Callable[[Node, dict[str, t.Any], bool], dict[str, t.Any]]) -> t.NoReturn:
    """Run a module's ``run(node, params, check)`` on this machine and hand its result or its error to Ansible."""
    try:
        result = run(LocalNode(), module.params, module.check_mode)
    except FleetError as exc:
        module.fail_json(msg=exc.message, exception=exc, **exc.details)
    for warning in result.pop("warnings", []):
        module.warn(warning)
    module.exit_json(**result)
