#!/usr/bin/python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_reboot
short_description: Reboot an OSTree host and prove what came up
version_added: 0.1.0
author:
  - evergreen.fleet contributors (@evergreen-fleet)
description:
  - Reboots the host, waits for a new boot, and proves that the deployment that runs then is the one that was to boot
    next.
  - A host may reboot several times by itself, while its boot counter lets it try. The module waits until the boot is
    complete and the health checks, where the host has any, have a verdict.
  - It fails when the host came back on another deployment (RV(rolled_back) is true), when it runs the expected one
    and its health checks are red, and when it has not settled in time. The failed task returns the same values.
  - A transaction of rpm-ostree that is running is waited for first.
  - It works only over a connection, because the machine that waits must not be the one that reboots. So it does not
    support C(async).
extends_documentation_fragment:
  - evergreen.fleet.attributes
attributes:
  diff_mode:
    support: none
    details: A reboot has no difference to show.
  idempotent:
    support: none
    details: It reboots whenever it runs. RV(evergreen.fleet.ostree_host#module:reboot_needed) says when it should.
options:
  expected:
    description:
      - The version, the commit or the image digest that must run afterwards. If it is not what boots next anyway,
        nothing is rebooted.
      - The default is whatever boots next.
    type: str
  timeout:
    description:
      - Seconds within which the host must have settled, however often it reboots.
    type: int
    default: 900
seealso:
  - module: evergreen.fleet.ostree_host
  - module: evergreen.fleet.ostree_host_info
"""

EXAMPLES = r"""
- name: Layer a package
  evergreen.fleet.ostree_host:
    packages: [strace]
  register: host

- name: Boot into it
  evergreen.fleet.node_reboot:
  when: host.reboot_needed

- name: Reboot, and go on with other things when the host fell back
  evergreen.fleet.node_reboot:
    expected: 43.20260119.3.0
  register: reboot
  failed_when: reboot is failed and not (reboot.rolled_back | default(false))
"""

RETURN = r"""
rolled_back:
  description: Whether the host runs another deployment than the expected one.
  type: bool
  returned: when the host has settled
  sample: false
booted:
  description: The deployment that runs, as RV(evergreen.fleet.ostree_host_info#module:deployments) has it.
  type: dict
  returned: when the host has settled
expected:
  description: The deployment that was to run.
  type: dict
  returned: always
boots:
  description: How many boots there were since the reboot, by the journal of the host and by what was seen.
  type: int
  returned: when the host has settled
  sample: 1
health:
  description: V(green), V(red), or V(unchecked) on a host without health checks.
  type: str
  returned: when the host has settled
  sample: green
reasons:
  description:
    - What the host says about why, the most telling first. The failure of libostree to write the new deployment, the
      log and the message of the health checks, errors in the journal of the boot that failed.
  type: list
  elements: dict
  returned: when it failed after the host has settled
  contains:
    source:
      description: Where it is from.
      type: str
      sample: greenboot
    text:
      description: What it says.
      type: str
      sample: Script '10_zsh.sh' FAILURE (exit code '1'). Continuing...
elapsed:
  description: Seconds from the reboot until the host had settled.
  type: int
  returned: when the host has settled
  sample: 71
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.node import Node
from ..module_utils.ostree.reboot import prove
from ..module_utils.ostree.transaction import Patience
from ..module_utils.outcome import serve

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "expected": {"type": "str"},
    "timeout": {"type": "int", "default": 900},
}


def run(node: Node, params: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    return prove(node, params["expected"], check, Patience(params["timeout"]))


def main() -> None:
    serve(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), run)


if __name__ == "__main__":
    main()
