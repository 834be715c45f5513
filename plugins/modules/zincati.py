#!/usr/bin/python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: zincati
short_description: Say when a Fedora CoreOS node updates itself
version_added: 0.1.0
author:
  - evergreen.fleet contributors (@evergreen-fleet)
description:
  - Declares what Zincati, the update agent of Fedora CoreOS, is told by one drop-in of the module's own. How early in a
    rollout the node takes an update, and when it may reboot for it. What is not given is not in the drop-in, so the
    defaults of the system and the drop-ins of others apply.
  - All drop-ins of the node are read and merged as the agent does it, by the rules of its source code. The task fails
    before anything is touched when the agent would not start with the result, or when a drop-in of somebody else has
    the last word about an option that is given. The agent itself says nothing about the latter.
  - The agent is restarted when its drop-ins changed, when it still runs with a configuration from before the last
    change of any drop-in, and when it has failed. It is not restarted otherwise, and a unit that was stopped is not
    started, unless O(service) says so.
  - Needs nothing on the node but C(sh), the coreutils and systemd. A run that changes nothing costs one round trip.
extends_documentation_fragment:
  - evergreen.fleet.attributes
options:
  state:
    description: With V(absent) the drop-in of the module is removed. Then no setting can be given.
    type: str
    choices: [present, absent]
    default: present
  drop_in:
    description:
      - The name of the module's drop-in in C(/etc/zincati/config.d). It ends in C(.toml), as Zincati ignores every
        other file.
      - Names that sort later override single settings of those before. Under another name the module knows nothing
        of the drop-in that it wrote before, so put the old name into O(absent_drop_ins).
    type: str
    default: 60-evergreen.toml
  enabled:
    description: Whether the node updates itself. Without it the agent runs and does nothing.
    type: bool
  allow_downgrade:
    description: Whether an update may be older than what runs.
    type: bool
  group:
    description:
      - The group of the node at the update graph and the lock server. Letters, digits, dots and dashes.
    type: str
  node_uuid:
    description:
      - What the node is called at the update graph and the lock server, 32 hexadecimal digits. Without it the agent
        derives one from the machine id.
    type: str
  rollout_wariness:
    description:
      - How late in a rollout the node takes an update, from V(0.0) (eager, a canary) to V(1.0) (very cautious).
    type: float
  cincinnati_url:
    description:
      - The address of the update graph, to which Zincati adds V(v1/graph). With a path it ends in V(/), else Zincati
        would leave out the last part of it.
      - It may have V(${basearch}), V(${group}), V(${platform}) and V(${stream}).
    type: str
  strategy:
    description:
      - When the node reboots for an update that it has staged. V(immediate) at once, V(periodic) inside O(windows),
        V(fleet_lock) when the server at O(fleet_lock_url) has a free slot for it.
    type: str
    choices: [immediate, periodic, fleet_lock]
  fleet_lock_url:
    description:
      - The address of the FleetLock server, to which Zincati adds V(v1/pre-reboot). For the rest as O(cincinnati_url).
    type: str
  fleet_lock_user:
    description:
      - Who the node is for the FleetLock server, where that wants to know. Zincati can present no certificate,
        but a name and a password.
    type: str
  fleet_lock_password:
    description:
      - The password of O(fleet_lock_user). With it only the agent can read the drop-in.
    type: str
  windows:
    description:
      - When the node may reboot with O(strategy=periodic), every week.
      - They must not overlap. Zincati adds up the windows of all drop-ins, so the task fails where another one has more
        than these.
    type: list
    elements: dict
    suboptions:
      days:
        description: The days on which the window opens, in English, three letters or the whole name.
        type: list
        elements: str
        required: true
      start_time:
        description: When it opens, C(hh:mm). Write it in quotes, as YAML takes V(22:30) for a number.
        type: str
        required: true
      length_minutes:
        description: How long it is open, in minutes, from 1 to 10080, which is a week.
        type: int
        required: true
  time_zone:
    description:
      - The time zone of all O(windows), a name that the node has in C(/usr/share/zoneinfo), or V(localtime) for the one
        that C(/etc/localtime) is a link to. Without it Zincati takes UTC.
    type: str
  steady_interval_secs:
    description: Seconds between two looks at the update graph. Zincati's own default is 300.
    type: int
  absent_drop_ins:
    description:
      - Drop-ins in C(/etc/zincati/config.d) that are not to be there, for example those that Ignition wrote. Names as
        in O(drop_in). Those that are part of the system cannot be removed.
    type: list
    elements: str
    default: []
  service:
    description:
      - With V(running) the agent is unmasked, started at boot, and runs now. With V(masked) it is stopped, and nothing
        can start it.
      - Without it the unit stays as it is.
    type: str
    choices: [running, masked]
notes:
  - A drop-in of C(zincati-update-now) or another one in C(/run) that overrides an option gives a warning and no
    failure, because it is gone after the next reboot.
  - An agent that does not start after the change is a failure. The drop-in stays, and the next run restarts the agent
    again.
  - With C(async) it needs Python 3.11 on the node.
seealso:
  - module: evergreen.fleet.zincati_info
  - plugin: evergreen.fleet.within
    plugin_type: test
    description: The same windows, as a condition in a playbook.
"""

EXAMPLES = r"""
- name: A node of the fleet, cautious, that reboots at the weekend only
  evergreen.fleet.zincati:
    rollout_wariness: 0.5
    strategy: periodic
    time_zone: Europe/Rome
    windows:
      - days: [Sat, Sun]
        start_time: "22:30"
        length_minutes: 60

- name: A canary
  evergreen.fleet.zincati:
    rollout_wariness: 0.0
    strategy: immediate

- name: One node after the other, and no windows from the first boot any more
  evergreen.fleet.zincati:
    group: workers
    strategy: fleet_lock
    fleet_lock_url: https://locks.example.com/
    fleet_lock_user: edge1
    fleet_lock_password: "{{ vault_fleet_lock_password }}"
    absent_drop_ins: [51-rollout-wariness.toml, 55-updates-strategy.toml]

- name: No updates for now
  evergreen.fleet.zincati:
    enabled: false

- name: Another driver updates this node
  evergreen.fleet.zincati:
    state: absent
    service: masked
"""

RETURN = r"""
steps:
  description:
    - What was done, or in check mode would be, in its order. Each has C(reason), and C(argv), C(write) or C(remove).
  type: list
  elements: dict
  returned: always
  sample:
    - write: /etc/zincati/config.d/60-evergreen.toml
      reason: there is no such drop-in
    - argv: [systemctl, restart, zincati.service]
      reason: Zincati reads its configuration only when it starts
configuration:
  description:
    - What the agent makes of all drop-ins, also in check mode as it would be afterwards. The keys are those of the
      options.
  type: dict
  returned: always
  sample:
    enabled: true
    allow_downgrade: false
    strategy: periodic
    group: default
    node_uuid:
    rollout_wariness: 0.5
    cincinnati_url: https://updates.example.com
    fleet_lock_url:
    time_zone: Europe/Rome
    steady_interval_secs: 300
    windows:
      - days: [Sat, Sun]
        start_time: "22:30"
        length_minutes: 60
drop_ins:
  description: The files that this is made of, in the order in which the agent merges them.
  type: list
  elements: dict
  returned: always
  contains:
    path:
      description: The file.
      type: str
      sample: /etc/zincati/config.d/55-updates-strategy.yaml
    used:
      description: Whether the agent reads it.
      type: bool
      sample: false
    ignored:
      description: Why not.
      type: str
      sample: its name does not end in .toml
    settings:
      description: The settings about which it has the last word.
      type: list
      elements: str
      sample: [strategy]
    windows:
      description: How many windows it has.
      type: int
      sample: 1
complaints:
  description: Everything for which the agent would not start.
  type: list
  elements: str
  returned: when it failed for that
overridden:
  description: The options about which another drop-in has the last word, each with the file.
  type: list
  elements: str
  returned: when it failed for that
journal:
  description: The last lines of the agent's journal.
  type: list
  elements: str
  returned: when systemctl failed
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.node import Node
from ..module_utils.outcome import serve
from ..module_utils.windows import WINDOW_OPTIONS
from ..module_utils.zincati.converge import converge
from ..module_utils.zincati.wanted import Wanted

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "drop_in": {"type": "str", "default": "60-evergreen.toml"},
    "enabled": {"type": "bool"},
    "allow_downgrade": {"type": "bool"},
    "group": {"type": "str"},
    "node_uuid": {"type": "str"},
    "rollout_wariness": {"type": "float"},
    "cincinnati_url": {"type": "str"},
    "strategy": {"type": "str", "choices": ["immediate", "periodic", "fleet_lock"]},
    "fleet_lock_url": {"type": "str"},
    "fleet_lock_user": {"type": "str"},
    "fleet_lock_password": {"type": "str", "no_log": True},
    "windows": {"type": "list", "elements": "dict", "options": WINDOW_OPTIONS},
    "time_zone": {"type": "str"},
    "steady_interval_secs": {"type": "int"},
    "absent_drop_ins": {"type": "list", "elements": "str", "default": []},
    "service": {"type": "str", "choices": ["running", "masked"]},
}


def run(node: Node, params: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    return converge(node, Wanted.from_params(params), check)


def main() -> None:
    serve(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), run)


if __name__ == "__main__":
    main()
