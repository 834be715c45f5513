#!/usr/bin/python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_files
short_description: Say what files and systemd units a host has
version_added: 0.1.0
author:
  - evergreen.fleet contributors (@evergreen-fleet)
description:
  - Declares files, and the state of systemd units. So it stands in for the modules copy, file and systemd_service on
    hosts that have no Python.
  - The host's own systemd looks at units that change, together with their drop-ins, before anything is put in place. So
    a misspelt key or a program that does not exist is an error that changes nothing.
  - systemd reads its units again when that is needed, and a running unit whose files changed is restarted, see
    O(units[].on_change). A unit whose file goes is stopped and disabled before.
  - Files and units that are not named stay as they are.
  - Needs nothing on the host but C(sh), the coreutils, and systemd where units are named. A run that changes nothing
    costs one round trip.
extends_documentation_fragment:
  - evergreen.fleet.attributes
attributes:
  check_mode:
    details: The host looks at changed units in check mode too, and O(validate) runs.
options:
  files:
    description:
      - Files, in the order in which they are written.
      - A file is replaced as a whole and at once, and a symbolic link by a file. Folders are made where they are
        missing, for root and with mode 0755.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where it is, an absolute path.
        type: str
        required: true
      content:
        description:
          - What is in it. Use P(ansible.builtin.file#lookup) or P(ansible.builtin.template#lookup) for a file of the
            controller.
          - Each file that is V(present) has this or O(files[].secret_content).
        type: str
      secret_content:
        description: The same for what nobody is to see. It is in no difference, log or argument list.
        type: str
      mode:
        description:
          - The permissions, four octal digits in quotes.
          - Without it they stay as they are, and a new file has V(0644).
        type: str
      owner:
        description:
          - The user it belongs to, by name; by number only when the number has no name.
          - Without it that stays as it is, and a new file belongs to the user who runs the task.
        type: str
      group:
        description: The group, as O(files[].owner).
        type: str
      state:
        description: Whether the file is there.
        type: str
        choices: [present, absent]
        default: present
  units:
    description:
      - Units of the system, in the order in which they are started.
      - A unit with a file in O(files) that is not named here only follows its file.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name with its type, for example V(backup.timer), or V(backup@home.service).
        type: str
        required: true
      enabled:
        description:
          - Whether it is started at boot, or by what its section C([Install]) says.
          - A unit without that section cannot be enabled.
        type: bool
      masked:
        description: Whether nothing can start it. V(true) excludes O(units[].enabled) and O(units[].state=started).
        type: bool
      state:
        description:
          - Whether it runs now. Waits for the start.
          - A service that ends by itself is never started in this sense; leave it out there.
        type: str
        choices: [started, stopped]
      on_change:
        description:
          - What becomes of a running unit when one of its files, its drop-ins or O(units[].watches) has changed.
          - V(reload) restarts a unit that cannot reload.
        type: str
        choices: [restart, reload, none]
        default: restart
      watches:
        description: Paths of O(files) that the unit reads, for example its configuration.
        type: list
        elements: str
        default: []
  verify:
    description: Whether C(systemd-analyze verify), where the host has it, must accept units that change.
    type: bool
    default: true
  validate:
    description:
      - A program and its arguments, that must accept the files before anything is put in place. Exit code 0 accepts.
      - It runs when a file changes, in a scratch folder that has all files of O(files) that are V(present), each at its
        path below it. So C(etc/nginx/nginx.conf) is what is to become C(/etc/nginx/nginx.conf).
      - It may take a minute.
    type: list
    elements: str
    default: []
notes:
  - A masked unit is a symbolic link to C(/dev/null). Unmask it in a task of its own before its file is written.
seealso:
  - module: evergreen.fleet.greenboot
"""

EXAMPLES = r"""
- name: Updates are staged every hour, and not at once applied
  evergreen.fleet.host_files:
    files:
      - path: /etc/rpm-ostreed.conf
        content: |
          [Daemon]
          AutomaticUpdatePolicy=stage
      - path: /etc/systemd/system/rpm-ostreed-automatic.timer.d/50-hourly.conf
        content: |
          [Timer]
          OnUnitInactiveSec=1h
    units:
      - name: rpm-ostreed.service
        on_change: reload
        watches: [/etc/rpm-ostreed.conf]
      - name: rpm-ostreed-automatic.timer
        enabled: true
        state: started

- name: A file that is nobody's business
  evergreen.fleet.host_files:
    files:
      - path: /etc/keepalived/secret.conf
        secret_content: "{{ vrrp_secret }}"
        mode: "0600"

- name: A file that its reader has to accept
  evergreen.fleet.host_files:
    files:
      - path: /etc/ssh/sshd_config.d/50-keys.conf
        content: |
          PasswordAuthentication no
    validate: [/usr/sbin/sshd, -t, -f, etc/ssh/sshd_config.d/50-keys.conf]
    units:
      - name: sshd.service
        on_change: reload
        watches: [/etc/ssh/sshd_config.d/50-keys.conf]

- name: A unit that is not needed any more
  evergreen.fleet.host_files:
    files:
      - path: /etc/systemd/system/backup.service
        state: absent
"""

RETURN = r"""
steps:
  description:
    - What was done, or in check mode would be, in its order. Each has a C(reason), and C(argv), C(write) or C(remove).
  type: list
  elements: dict
  returned: always
  sample:
    - write: /etc/systemd/system/backup.timer
      reason: /etc/systemd/system/backup.timer is not there
    - argv: [systemctl, daemon-reload]
      reason: systemd reads the files of its units
left:
  description: The steps that would still be needed.
  type: list
  elements: dict
  returned: when it failed because the host is not as wanted after all steps
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.host_files.converge import converge
from ..module_utils.host_files.wanted import Wanted
from ..module_utils.node import Node
from ..module_utils.outcome import serve

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "files": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "path": {"type": "str", "required": True},
            "content": {"type": "str"},
            "secret_content": {"type": "str", "no_log": True},
            "mode": {"type": "str"},
            "owner": {"type": "str"},
            "group": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
    },
    "units": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "enabled": {"type": "bool"},
            "masked": {"type": "bool"},
            "state": {"type": "str", "choices": ["started", "stopped"]},
            "on_change": {"type": "str", "choices": ["restart", "reload", "none"], "default": "restart"},
            "watches": {"type": "list", "elements": "str", "default": []},
        },
    },
    "verify": {"type": "bool", "default": True},
    "validate": {"type": "list", "elements": "str", "default": []},
}


def run(node: Node, params: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    return converge(node, Wanted.from_params(params), check)


def main() -> None:
    serve(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), run)


if __name__ == "__main__":
    main()
