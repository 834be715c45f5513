# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet_report
type: notification
short_description: Write what a run found out about the fleet as JSON and as a web page
version_added: 0.1.0
author:
  - evergreen.fleet contributors (@evergreen-fleet)
description:
  - At the end of a run, writes C(report.json) and C(report.html) to O(folder). One status a node, the deployment that
    it runs, the verdict of its health checks, what differs from what is wanted, what failed and why, and the waves of
    a rollout. The page needs no other file and no script.
  - What differs is found in check mode. Differences have values where the task shows them, so run with C(--diff).
  - A play whose variable C(fleet_report_kind) is V(drift) makes the exit status of C(ansible-playbook) tell. It is 0
    when every node is as wanted, 2 when something differs or could not be compared, and 1 when a node failed or was
    not looked at.
  - In a play whose variable C(fleet_report_kind) is V(rollout) each batch is reported as a wave. With V(plan) the page
    speaks of what a change that is not merged yet would do.
  - The report has no result of a task with C(no_log), no difference of a task with C(diff) off, no content of files
    that modules of other collections write, and no arguments of modules.
requirements:
  - enable it with C(callbacks_enabled) or E(ANSIBLE_CALLBACKS_ENABLED)
options:
  folder:
    description:
      - Where the files go. It is made when it is not there, and it and the files are for your user only.
      - A relative path starts where C(ansible-playbook) was started.
    type: str
    default: fleet-report
    env:
      - name: EVERGREEN_FLEET_REPORT_FOLDER
    ini:
      - section: callback_fleet_report
        key: folder
notes:
  - With V(drift), callbacks that are enabled after this one are not told that the run has ended. Name it last.
  - Files of an earlier run are replaced at the end of this one, each as a whole.
"""

EXAMPLES = r"""
# ansible.cfg
#   [defaults]
#   callbacks_enabled = evergreen.fleet.fleet_report
#
# ansible-playbook evergreen.fleet.drift; echo $?
"""

import os
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.callback import CallbackBase

from ..module_utils.node import LocalNode
from ..plugin_utils.report.collect import Collector, Event
from ..plugin_utils.report.document import as_json
from ..plugin_utils.report.findings import OURS
from ..plugin_utils.report.model import EXIT_STATUS, Kind, Report
from ..plugin_utils.report.page import as_html

if t.TYPE_CHECKING:
    from ansible.executor.stats import AggregateStats
    from ansible.executor.task_result import CallbackTaskResult
    from ansible.playbook import Playbook
    from ansible.playbook.play import Play

    from ..plugin_utils.report.findings import Outcome

_KINDS: tuple[Kind, ...] = t.get_args(Kind)


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "evergreen.fleet.fleet_report"
    CALLBACK_NEEDS_ENABLED = True

    _collector: Collector

    def v2_playbook_on_start(self, playbook: Playbook) -> None:
        self._collector = Collector(os.path.basename(playbook._file_name or ""))

    def v2_playbook_on_play_start(self, play: Play) -> None:
        variables = play.get_variable_manager().get_vars(play=play)
        kind = variables.get("fleet_report_kind")
        if kind is not None and kind not in _KINDS:
            raise AnsibleError(f"fleet_report_kind: {kind!r} is none of {', '.join(_KINDS)}")
        self._collector.play(variables["ansible_play_hosts_all"], variables["ansible_play_batch"], kind)

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        self._add("ok", result)

    def v2_runner_on_skipped(self, result: CallbackTaskResult) -> None:
        self._add("skipped", result)

    def v2_runner_on_failed(self, result: CallbackTaskResult, ignore_errors: bool = False) -> None:
        self._add("failed", result, ignored=ignore_errors)

    def v2_runner_on_unreachable(self, result: CallbackTaskResult) -> None:
        self._add("unreachable", result, ignored=result.task_fields.get("ignore_unreachable") is True)

    def v2_playbook_on_stats(self, stats: AggregateStats) -> None:
        report = self._collector.finish({*stats.failures, *stats.dark})
        try:
            self._write(report)
        except Exception as exc:
            # Ansible would make a warning of it, and who asked for drift would take the exit status for "clean".
            if report.kind != "drift":
                raise
            self._display.error(f"There is no fleet report: {exc}")
            raise SystemExit(EXIT_STATUS["failed"]) from exc
        if report.kind == "drift":
            # The only way from here to the exit status: ansible-playbook cleans up and lets it pass.
            raise SystemExit(report.exit_status)

    def _add(self, outcome: Outcome, result: CallbackTaskResult, *, ignored: bool = False) -> None:
        try:
            self._collector.event(_event(outcome, result, ignored))
        except Exception:
            # Ansible makes a warning of it. The node must not look clean.
            self._collector.lost(result.host.get_name())
            raise

    def _write(self, report: Report) -> None:
        folder = os.path.abspath(os.path.expanduser(self.get_option("folder")))
        os.makedirs(folder, mode=0o700, exist_ok=True)
        machine = LocalNode()
        for name, content in (("report.json", as_json(report)), ("report.html", as_html(report))):
            machine.write(os.path.join(folder, name), content.encode(), mode=0o600)
        self._display.display(f"Fleet report: {os.path.join(folder, 'report.html')}")


def _event(outcome: Outcome, result: CallbackTaskResult, ignored: bool) -> Event:
    task, fields = result.task, result.task_fields
    return Event(
        result.host.get_name(),
        _name(result),
        task.resolved_action or task.action,
        outcome,
        result.result,
        result.is_changed(),
        fields.get("check_mode") is True,
        fields.get("diff") is True,
        ignored,
        task.loop is not None,
    )


def _name(result: CallbackTaskResult) -> str:
    """The name of the task with its variables filled in, after its role, whose name is short when it is one of ours."""
    task = result.task
    whole = str(task.get_name())
    filled = whole.removesuffix(task.name) + result.task_name if task.name else whole
    return filled.removeprefix(OURS)
