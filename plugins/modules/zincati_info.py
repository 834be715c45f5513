#!/usr/bin/python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: zincati_info
short_description: Read how a Fedora CoreOS node updates itself
version_added: 0.1.0
author:
  - evergreen.fleet contributors (@evergreen-fleet)
description:
  - Returns what Zincati is told by all its drop-ins together, what it is doing, what it has found, and what it
    measures.
  - Needs nothing on the node but C(sh), the coreutils and systemd; C(ncat), C(socat) or C(curl) for RV(metrics), and
    rpm-ostree for the versions. It costs one round trip, and a second one with the strategy V(periodic).
extends_documentation_fragment:
  - evergreen.fleet.attributes
attributes:
  diff_mode:
    support: none
    details: It changes nothing.
options: {}
notes:
  - The socket of the agent is for root only, so run it with C(become).
seealso:
  - module: evergreen.fleet.zincati
"""

EXAMPLES = r"""
- name: Read it
  evergreen.fleet.zincati_info:
  become: true
  register: updates

- name: Drop-ins that nobody reads
  ansible.builtin.assert:
    that: updates.drop_ins | rejectattr('used') | list == []

- name: A node on a dead end is not updated any more
  ansible.builtin.assert:
    that: not updates.dead_end
    fail_msg: "{{ updates.dead_end_reason }}"
"""

RETURN = r"""
configuration:
  description: As RV(evergreen.fleet.zincati#module:configuration).
  type: dict
  returned: always
drop_ins:
  description: As RV(evergreen.fleet.zincati#module:drop_ins).
  type: list
  elements: dict
  returned: always
complaints:
  description: Why the agent does not start with this configuration. Empty when it does.
  type: list
  elements: str
  returned: always
  sample: []
service:
  description: The unit of the agent.
  type: dict
  returned: always
  contains:
    load_state:
      description: Whether systemd has the unit, V(loaded), or V(masked).
      type: str
      sample: loaded
    active_state:
      description: Whether it runs.
      type: str
      sample: active
    sub_state:
      description: The same in more detail.
      type: str
      sample: running
    unit_file_state:
      description: Whether it is started at boot.
      type: str
      sample: enabled
    result:
      description: How it ended, when it ended.
      type: str
      sample: success
    status_text:
      description: What the agent says it is doing, for people.
      type: str
      sample: periodically polling for updates (last checked Sat 2026-11-21 11:56:10 UTC)
    started:
      description: When the agent was started last, in seconds since 1970, or null.
      type: int
      sample: 1795262170
restart_needed:
  description: Whether a drop-in was changed after the agent has read them.
  type: bool
  returned: always
  sample: false
next_window:
  description:
    - When the node may reboot next by the windows, counted in the time zone as the node knows it. Null with other
      strategies than V(periodic), and when none opens within two weeks.
  type: dict
  returned: always
  contains:
    open:
      description: Whether it is open now.
      type: bool
      sample: false
    start:
      description: When it opens, or the present minute when it is open, in seconds since 1970.
      type: int
      sample: 1795300200
    end:
      description: When it closes, or null when the windows cover the whole week.
      type: int
      sample: 1795303800
booted_version:
  description: The version that runs, or null where rpm-ostree does not say.
  type: str
  returned: always
  sample: 43.20260119.3.0
staged_version:
  description: The version that waits for a reboot, or null.
  type: str
  returned: always
  sample: 43.20260202.3.0
driver:
  description:
    - The agent that has registered with rpm-ostree as the driver of updates, or null. Zincati does so some time after
      its start.
  type: str
  returned: always
  sample: Zincati
dead_end:
  description: Whether no update leads on from the version that runs.
  type: bool
  returned: always
  sample: false
dead_end_reason:
  description: Why, as the update graph says, or null.
  type: str
  returned: always
last_check:
  description: When the agent last asked the update graph, in seconds since 1970. Null when it has not, or when there
    are no metrics.
  type: int
  returned: always
  sample: 1795262170
metrics:
  description:
    - What the agent measures, by name. Each has its samples with C(labels) and C(value), the latter null when it is no
      number. Null when the metrics cannot be read.
  type: dict
  returned: always
  sample:
    zincati_update_agent_updates_enabled:
      - labels: {}
        value: 1
    zincati_updates_strategy_mode:
      - labels: {strategy: periodic}
        value: 1
metrics_missing:
  description: Why there are no metrics, or null.
  type: str
  returned: always
  sample: the node has none of ncat, socat and curl to read /run/zincati/public/metrics.promsock with
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.node import Node
from ..module_utils.outcome import serve
from ..module_utils.zincati.survey import survey

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {}


def run(node: Node, params: dict[str, t.Any], check: bool) -> dict[str, t.Any]:  # noqa: ARG001 - all modules alike
    return {"changed": False, **survey(node)}


def main() -> None:
    serve(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), run)


if __name__ == "__main__":
    main()
