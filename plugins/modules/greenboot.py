#!/usr/bin/python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: greenboot
short_description: Say what makes a boot of an OSTree host good
version_added: 0.1.0
author:
  - evergreen.fleet contributors (@evergreen-fleet)
description:
  - Declares the scripts that greenboot runs after each boot, and its settings. When a required check fails, greenboot
    boots again until the attempts of an update are used, and then goes back to the deployment before.
  - Works with both generations of greenboot alike, the shell scripts (up to 0.15) and greenboot-rs (from 0.16). Enables
    exactly the units that the installed one has.
  - A list that is given is the whole list. Scripts that this module put on the node and that are not in it any more are
    removed. Scripts of anybody else stay, and so do all other lines of C(/etc/greenboot/greenboot.conf).
  - Before anything is changed the node looks at every script that is new, whether it has the program of the first line
    and whether C(bash) understands it.
  - greenboot itself has no time limit for a script, so that one that hangs would keep a bad update running for ever.
    Every script therefore gets its own, see O(required_checks[].timeout).
  - Needs nothing on the node but C(sh), C(bash), the coreutils, C(find), C(grep) and systemd. A run that changes
    nothing costs one round trip.
extends_documentation_fragment:
  - evergreen.fleet.attributes
attributes:
  check_mode:
    details:
      - The node looks at new scripts in check mode too.
      - On a node without greenboot it warns instead of failing, because an earlier task may be what installs it.
options:
  required_checks:
    description:
      - The checks that must pass for a boot to be green.
      - The whole list of those that this module puts there, so V([]) removes them. Without it they stay as they are.
    type: list
    elements: dict
    suboptions: &script
      name:
        description:
          - What it is called. The file is C(ORDER_NAME.sh), the only kind of name that both generations run.
          - Letters, digits, C(_), C(+), C(-) and single dots.
        type: str
        required: true
      content:
        description:
          - The script. Use P(ansible.builtin.file#lookup) or P(ansible.builtin.template#lookup) for one that is a file
            on the controller.
          - greenboot runs every script with C(bash), as root and in the folder C(/), so a first line may only name a
            shell. Exit code 0 means good.
          - Nothing that the script starts in the background should write to its output, because greenboot-rs waits
            until nobody can.
        type: str
        required: true
      order:
        description: Scripts of a folder run in this order, from 0 to 99. With the same order, by name.
        type: int
        default: 50
      mode:
        description: The permissions, four octal digits in quotes. The owner is always root.
        type: str
        default: "0755"
      timeout:
        description:
          - Seconds after which the script is stopped and has failed. If it does not stop, it is killed 10 seconds
            later.
          - V(0) means no limit. A script that then hangs keeps greenboot from a verdict, and the node from falling
            back.
        type: int
        default: 300
  wanted_checks:
    description:
      - The checks whose failure is only recorded. The boot is green all the same.
      - The whole list, as with O(required_checks).
    type: list
    elements: dict
    suboptions: *script
  green_scripts:
    description:
      - What runs after the checks when the boot is green.
      - The whole list, as with O(required_checks).
    type: list
    elements: dict
    suboptions: *script
  red_scripts:
    description:
      - What runs after the checks when the boot is red, before the node boots again.
      - The whole list, as with O(required_checks).
    type: list
    elements: dict
    suboptions: *script
  max_boot_attempts:
    description:
      - How often an update is booted before the node falls back. greenboot's own default is 3.
      - The shell generation takes it when an update is staged, greenboot-rs when a boot has failed for the first time.
        That one boots once more than this number, and also when there was no update.
      - Without it the setting stays as it is.
    type: int
  watchdog:
    description:
      - What the check C(02_watchdog.sh) of the package C(greenboot-default-health-checks) does. It fails when a
        hardware watchdog caused the boot within the grace period after an update.
    type: dict
    suboptions:
      enabled:
        description:
          - Whether the check looks for a watchdog. The configuration that the shell generation comes with turns it on,
            the one of greenboot-rs does not.
          - Without it the setting stays as it is.
        type: bool
      grace_period:
        description: Hours after an update. greenboot's own default is 24. Without it the setting stays as it is.
        type: int
  disabled_checks:
    description:
      - The file names of checks that are not to run, of whomever they are, for example
        V(01_repository_dns_check.sh).
      - The whole list, so V([]) enables all again. Without it the setting stays as it is.
      - The shell generation knows it since 0.15.5. The module fails where it is needed and an older one is installed.
    type: list
    elements: str
notes:
  - GRUB must count boots, or an update that stays red is booted for ever. The module warns where the configuration of
    GRUB does not have that.
  - Scripts that came with the system, in C(/usr/lib/greenboot), have no time limit. One that may hang can be disabled
    and put there again by this module.
  - A script of the same name that somebody else put in C(/etc/greenboot) is replaced.
  - A unit that is masked is an error.
  - The contents of scripts that change are in the difference. A secret belongs in a file of its own that the script
    reads.
  - Where an update is staged already when greenboot's counter is enabled, the counter is also started, so that the
    first boots of that update count. Releases of greenboot-rs before 0.16.4 need no such start.
  - On an OSTree host, C(/etc) belongs to the deployment. An update takes the scripts along, and a node that fell back
    has those that it had before.
  - The agent of flightctl writes the list of disabled checks at every boot. Leave O(disabled_checks) out there.
seealso:
  - module: evergreen.fleet.greenboot_info
  - module: evergreen.fleet.ostree_host
  - module: evergreen.fleet.node_reboot
"""

EXAMPLES = r"""
- name: The node is good when zsh is there, and writes down every boot that is not
  evergreen.fleet.greenboot:
    required_checks:
      - name: zsh
        order: 10
        timeout: 30
        content: |
          #!/bin/bash
          test -x /usr/bin/zsh
    red_scripts:
      - name: bootlog
        content: |
          #!/bin/bash
          echo "$(date) $(grub2-editenv list | grep ^boot_counter)" >>/var/roothome/redboot.log

- name: Checks from files and templates of the repository
  evergreen.fleet.greenboot:
    required_checks:
      - name: default-route
        content: "{{ lookup('ansible.builtin.file', 'checks/default-route') }}"
      - name: registry
        order: 60
        content: "{{ lookup('ansible.builtin.template', 'checks/registry.j2') }}"

- name: Five boots for every update, and one check of the system left out
  evergreen.fleet.greenboot:
    max_boot_attempts: 5
    disabled_checks:
      - 01_repository_dns_check.sh

- name: Install greenboot, put the first check there, and boot into it
  block:
    - name: Layer greenboot, also into the running system
      evergreen.fleet.ostree_host:
        packages:
          - greenboot
          - greenboot-default-health-checks
        apply_live: true
      register: host

    - name: The first check
      evergreen.fleet.greenboot:
        required_checks:
          - name: time
            content: timedatectl show --property=NTPSynchronized --value | grep -q yes

    - name: Boot, and let the checks judge it
      evergreen.fleet.node_reboot:
      when: host.reboot_needed
"""

RETURN = r"""
steps:
  description: What was done, or in check mode would be, in its order. Each has a C(reason) and what is run, written or
    removed.
  type: list
  elements: dict
  returned: always
  sample:
    - write: /etc/greenboot/check/required.d/10_zsh.sh
      reason: it is not there
generation:
  description: V(shell), V(rust), or null in check mode where greenboot is not installed.
  type: str
  returned: always
  sample: rust
scripts:
  description: The scripts on the node that this module put there.
  type: list
  elements: str
  returned: always
  sample: [/etc/greenboot/check/required.d/10_zsh.sh]
units:
  description: The units that the installed greenboot has, each with what C(systemctl is-enabled) says.
  type: dict
  returned: always
  sample: {greenboot-healthcheck.service: enabled}
script:
  description: The file name of the script that C(bash) does not understand.
  type: str
  returned: when it failed for that
  sample: 10_zsh.sh
left:
  description: The steps that would still be needed.
  type: list
  elements: dict
  returned: when it failed because the node is not as wanted after all steps
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.greenboot.converge import converge
from ..module_utils.greenboot.wanted import Wanted
from ..module_utils.node import Node
from ..module_utils.outcome import serve

_SCRIPTS: dict[str, t.Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "name": {"type": "str", "required": True},
        "content": {"type": "str", "required": True},
        "order": {"type": "int", "default": 50},
        "mode": {"type": "str", "default": "0755"},
        "timeout": {"type": "int", "default": 300},
    },
}

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "required_checks": _SCRIPTS,
    "wanted_checks": _SCRIPTS,
    "green_scripts": _SCRIPTS,
    "red_scripts": _SCRIPTS,
    "max_boot_attempts": {"type": "int"},
    "watchdog": {
        "type": "dict",
        "options": {"enabled": {"type": "bool"}, "grace_period": {"type": "int"}},
    },
    "disabled_checks": {"type": "list", "elements": "str"},
}


def run(node: Node, params: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    return converge(node, Wanted.from_params(params), check)


def main() -> None:
    serve(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), run)


if __name__ == "__main__":
    main()
