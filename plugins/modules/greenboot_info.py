#!/usr/bin/python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: greenboot_info
short_description: Read whether a boot was good, and why
version_added: 0.1.0
author:
  - evergreen.fleet contributors (@evergreen-fleet)
description:
  - Returns what greenboot says of the boot that runs, as data. The verdict, what became of each check, how many boots
    the deployment still gets, and whether this boot is one that GRUB fell back to.
  - With O(run) it also runs the checks now, as greenboot would. That does not touch anything that greenboot keeps, and
    neither reboots nor falls back.
  - Works with both generations of greenboot, the shell scripts (up to 0.15) and greenboot-rs (from 0.16).
  - greenboot keeps no record of its checks but its lines in the journal. The recorded forms of these lines are what
    RV(checks) is made of. RV(verdict) comes from the state of the unit alone.
  - Needs nothing on the node but C(sh), C(bash), the coreutils, C(find), C(grep) and systemd. It costs one round trip,
    one more with O(run), and one more in a boot to which the node fell back.
extends_documentation_fragment:
  - evergreen.fleet.attributes
attributes:
  check_mode:
    details: In check mode O(run) runs nothing, because a check may do whatever it likes. RV(run) is null then.
  diff_mode:
    support: none
    details: It changes nothing.
options:
  run:
    description:
      - Whether the checks are run now.
      - The same scripts as at a boot, in the same order, without those that are disabled. What a required check that
        fails keeps from running is as in the installed release.
    type: bool
    default: false
  timeout:
    description:
      - Seconds after which a check that O(run) runs is stopped and has failed. If it does not stop, it is killed 10
        seconds later.
    type: int
    default: 300
seealso:
  - module: evergreen.fleet.greenboot
  - module: evergreen.fleet.node_reboot
"""

EXAMPLES = r"""
- name: What does the node say of this boot?
  evergreen.fleet.greenboot_info:
  register: health

- name: The checks that did not pass
  ansible.builtin.debug:
    msg: "{{ health.checks | selectattr('result', 'equalto', 'failed') }}"

- name: Why the node went back
  ansible.builtin.debug:
    msg: "{{ health.fallback.checks | selectattr('result', 'equalto', 'failed') }}"
  when: health.fallback is not none

- name: Run the checks, and stop here when a required one fails
  evergreen.fleet.greenboot_info:
    run: true
    timeout: 60
  register: health
  failed_when: health.run is not none and health.run.verdict == 'red'
"""

RETURN = r"""
generation:
  description: V(shell), V(rust), or null where greenboot is not installed.
  type: str
  returned: always
  sample: rust
version:
  description: Of the package, or null where the package manager does not know it.
  type: str
  returned: always
  sample: 0.16.4
verdict:
  description:
    - What the checks say of this boot. V(green) when all required ones passed, V(red) when one did not, V(in_progress)
      while they run or wait for their turn, V(not_run) when they have not run and nothing is going to run them.
    - A node that fell back has a verdict of the boot that it fell back to, see RV(fallback).
  type: str
  returned: always
  sample: green
fallback:
  description:
    - Null, or in a boot to which the node fell back, which deployment failed, why, and which one runs.
  type: dict
  returned: always
  contains:
    failed:
      description: The deployment that had no green boot. Null where it is gone, or where rpm-ostree does not tell.
      type: dict
      sample: {id: fedora-coreos-5ff49ca4.0, checksum: 5ff49ca4, version: 43.20260119.3.0}
    booted:
      description: The deployment that runs. Null where rpm-ostree does not tell.
      type: dict
      sample: {id: fedora-coreos-c6c1c9a9.0, checksum: c6c1c9a9, version: 43.20251214.3.0}
    checks:
      description:
        - As RV(checks), of the boot before this one, which was the last of the deployment that failed. A check that had
          not ended when that boot did has failed. V(unknown) where the journal of that boot was not kept.
      type: list
      elements: dict
checks:
  description: The checks of this boot, in the order in which they run.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: The name of its file.
      type: str
      sample: 10_zsh.sh
    kind:
      description: V(required) or V(wanted).
      type: str
      sample: required
    path:
      description: Where it is, or null for one that is not there any more.
      type: str
      sample: /etc/greenboot/check/required.d/10_zsh.sh
    result:
      description:
        - V(passed), V(failed), or V(running).
        - V(skipped) when it is disabled.
        - V(not_run) when its turn did not come, for example because a check before it failed, or because it was put
          there after the boot.
        - V(unknown) when there is a verdict and the journal has no record of how it came about.
      type: str
      sample: failed
    duration:
      description:
        - Seconds, from the times of the journal. Null for a check that has not ended.
        - The shell generation writes nothing when a check begins, so there it is the time since the one before ended.
      type: float
      sample: 0.042
    output:
      description:
        - What it wrote. greenboot-rs keeps that only of checks that failed.
      type: str
      sample: zsh is missing
counts_boots:
  description: Whether the configuration of GRUB counts boots. Where it does not, a node cannot fall back by itself.
    Null where there is none, and where greenboot is not installed.
  type: bool
  returned: always
  sample: true
boot_counter:
  description:
    - The variable of GRUB. How many more boots the deployment gets, V(-1) in the boot that GRUB fell back to, null when
      GRUB is not counting.
  type: int
  returned: always
  sample: 2
attempts_left:
  description: How many more boots the deployment gets before the node falls back, or null when GRUB is not counting.
  type: int
  returned: always
  sample: 2
boot_success:
  description: The variable of GRUB, true when this boot was recorded as good. Null where GRUB has none.
  type: bool
  returned: always
  sample: true
max_boot_attempts:
  description: How often an update is booted before the node falls back. Null where greenboot is not installed.
  type: int
  returned: always
  sample: 3
disabled_checks:
  description: The file names of the checks that the installed release leaves out.
  type: list
  elements: str
  returned: always
  sample: [01_repository_dns_check.sh]
units:
  description: The units that the installed greenboot has, each with what C(systemctl is-enabled) says.
  type: dict
  returned: always
  sample: {greenboot-healthcheck.service: enabled}
run:
  description: What the checks say now. Null without O(run) and in check mode.
  type: dict
  returned: always
  contains:
    verdict:
      description: V(green) or V(red).
      type: str
      sample: red
    checks:
      description: As RV(checks), and of those that ran C(rc), their exit code, 124 or 137 for one that took too long.
        C(output) holds the first 64 KiB of both outputs.
      type: list
      elements: dict
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.greenboot.facts import report
from ..module_utils.node import Node
from ..module_utils.outcome import serve

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "run": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 300},
}


def run(node: Node, params: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    return {"changed": False, **report(node, params["run"], params["timeout"], check)}


def main() -> None:
    serve(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), run)


if __name__ == "__main__":
    main()
