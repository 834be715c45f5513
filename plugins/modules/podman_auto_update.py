#!/usr/bin/python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: podman_auto_update
short_description: Update containers to what their image tags stand for now
version_added: 0.1.0
author:
  - evergreen.fleet contributors (@evergreen-fleet)
description:
  - Updates the containers of one owner that ask for it with C(AutoUpdate=), by C(podman auto-update), and says of each
    one what became of it. The module also sets the timer by which nodes do the same without Ansible.
  - Containers that do not run are not updated. They start with the image that the node has.
  - podman puts the old image back when a unit does not start with the new one. That works only where starting means
    something. Give containers C(Notify=healthy) with a C(HealthCmd=), or C(Notify=yes). Else a container counts as
    started before its program has done anything.
  - First it always looks with C(--dry-run), and runs the update only when there is one. That look asks registries. A
    run that changes nothing costs two round trips.
  - Needs nothing on the node but C(sh), the coreutils, systemd and podman. For containers of another user it needs
    C(become).
extends_documentation_fragment:
  - evergreen.fleet.attributes
attributes:
  check_mode:
    details: It is the dry run of podman, which asks registries and pulls nothing.
options:
  user:
    description: The owner of the containers, a user that exists on the node.
    type: str
    default: root
  update:
    description: Whether to update now. With V(false) only O(timer) is looked at.
    type: bool
    default: true
  units:
    description:
      - The units of systemd whose containers may be updated, for example V(web.service). Without it all of them.
      - podman itself cannot leave one out. So with this list the module does unit by unit what podman does. It pulls,
        restarts, and with O(rollback) puts the old images back under their names and restarts again. The timer knows no
        such list.
    type: list
    elements: str
  rollback:
    description: Whether a unit that does not start with its new images gets the old ones back.
    type: bool
    default: true
  authfile:
    description:
      - The file with credentials for registries, on the node. A container's own label
        C(io.containers.autoupdate.authfile) goes before it.
    type: path
  tls_verify:
    description:
      - Whether certificates of registries are verified. Without it the configuration of the node decides.
      - Needs podman 4.6.
    type: bool
  fail_on:
    description:
      - The outcomes of a container that make the task fail. V([]) never does, so that a play can look at
        RV(containers).
      - A registry that does not answer always fails the task. What runs goes on running, and other containers are
        updated.
    type: list
    elements: str
    choices: [failed, rolled_back]
    default: [failed, rolled_back]
  timer:
    description:
      - C(podman-auto-update.timer) of the owner. Without this option it stays as it is.
      - For a user other than root linger is turned on, so that the timer runs without a login.
    type: dict
    suboptions:
      enabled:
        description: Whether it runs, now and after every boot.
        type: bool
        default: true
      on_calendar:
        description:
          - When it updates, as in systemd.time(7), for example V(Sat,Sun 03:00). Without it podman's own schedule,
            which is daily.
        type: list
        elements: str
        default: []
      randomized_delay:
        description:
          - Up to how much later, as in systemd.time(7), a number means seconds. It keeps a fleet from asking its
            registry all at once. Without it podman's own, which is 15 minutes.
        type: str
seealso:
  - module: evergreen.fleet.quadlet
"""

EXAMPLES = r"""
- name: Update everything of user core
  evergreen.fleet.podman_auto_update:
    user: core
  become: true

- name: What would be updated?
  evergreen.fleet.podman_auto_update:
    user: core
  become: true
  check_mode: true
  register: updates

- name: Only the web server, and go on when it was rolled back
  evergreen.fleet.podman_auto_update:
    user: core
    units: [web.service]
    fail_on: [failed]
  become: true

- name: Nodes update themselves on weekends, spread over an hour
  evergreen.fleet.podman_auto_update:
    user: core
    update: false
    timer:
      on_calendar: ["Sat,Sun 03:00"]
      randomized_delay: 1h
  become: true
"""

RETURN = r"""
containers:
  description:
    - The containers that podman keeps up to date, sorted by unit. It is empty when none runs that asks for updates.
    - Also returned when the task failed.
  type: list
  elements: dict
  returned: always
  contains:
    unit:
      description: The unit of systemd that runs it.
      type: str
      sample: web.service
    container:
      description: Its name.
      type: str
      sample: systemd-web
    image:
      description: The image that it runs, by the name that is looked up.
      type: str
      sample: registry.example.com/web:prod
    policy:
      description: V(registry), or V(local) for what was built or loaded on the node.
      type: str
      sample: registry
    outcome:
      description:
        - V(unchanged), V(updated), V(rolled_back), V(failed), or V(pending) for an update that was not made, in check
          mode or because its unit is not in O(units).
      type: str
      sample: updated
steps:
  description: What was done, or in check mode would be, each with a C(reason).
  type: list
  elements: dict
  returned: always
  sample:
    - argv: [podman, auto-update, "--format=json"]
      user: core
      reason: there is something newer under registry.example.com/web:prod
log:
  description: The last lines of the log of each unit that was rolled back or failed.
  type: dict
  returned: when an update went wrong
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.node import Node
from ..module_utils.outcome import serve
from ..module_utils.podman.keep import Request, keep_current

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "user": {"type": "str", "default": "root"},
    "update": {"type": "bool", "default": True},
    "units": {"type": "list", "elements": "str"},
    "rollback": {"type": "bool", "default": True},
    "authfile": {"type": "path"},
    "tls_verify": {"type": "bool"},
    "fail_on": {
        "type": "list",
        "elements": "str",
        "choices": ["failed", "rolled_back"],
        "default": ["failed", "rolled_back"],
    },
    "timer": {
        "type": "dict",
        "options": {
            "enabled": {"type": "bool", "default": True},
            "on_calendar": {"type": "list", "elements": "str", "default": []},
            "randomized_delay": {"type": "str"},
        },
    },
}


def run(node: Node, params: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    return keep_current(node, Request.from_params(params), check)


def main() -> None:
    serve(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), run)


if __name__ == "__main__":
    main()
