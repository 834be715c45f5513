#!/usr/bin/python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: flatcar_update_info
short_description: Read how a Flatcar node updates itself
version_added: 0.1.0
author:
  - evergreen.fleet contributors (@evergreen-fleet)
description:
  - Returns what update-engine and locksmithd go by, what they are doing, what the two system partitions hold and which
    one boots next.
  - Needs nothing on the node but what Flatcar has, and costs one round trip.
  - To read the version in the partition that does not run, it is mounted read-only where only the module sees it.
extends_documentation_fragment:
  - evergreen.fleet.attributes
attributes:
  diff_mode:
    support: none
    details: It changes nothing.
options: {}
notes:
  - update-engine answers to root only, so run it with C(become).
seealso:
  - module: evergreen.fleet.flatcar_update
"""

EXAMPLES = r"""
- name: Read it
  evergreen.fleet.flatcar_update_info:
  become: true
  register: updates

- name: Show what waits for a reboot
  ansible.builtin.debug:
    msg: "{{ updates.version }} -> {{ updates.status.new_version }}"
  when: updates.reboot_needed
"""

RETURN = r"""
configuration:
  description: As RV(evergreen.fleet.flatcar_update#module:configuration).
  type: dict
  returned: always
version:
  description: The version that runs.
  type: str
  returned: always
  sample: 3760.2.0
previous_version:
  description:
    - The version from before the last update, or null. update-engine forgets it when it has told the server that the
      node came up with the update.
  type: str
  returned: always
  sample: 3760.1.1
status:
  description: As RV(evergreen.fleet.flatcar_update#module:status).
  type: dict
  returned: always
status_missing:
  description: Why there is no status, or null.
  type: str
  returned: always
  sample: update-engine gave no answer, which it does to root only; run the task with become
slots:
  description: As RV(evergreen.fleet.flatcar_update#module:slots), with the version in both where it can be read.
  type: list
  elements: dict
  returned: always
reboot_needed:
  description: Whether a reboot changes what runs.
  type: bool
  returned: always
  sample: false
units:
  description: The units C(update_engine) and C(locksmithd).
  type: dict
  returned: always
  sample:
    update_engine: &unit {load_state: loaded, active_state: active, unit_file_state: disabled, refused: false}
    locksmithd: *unit
coordinator:
  description:
    - The keys of C(/run/update-engine/coordinator.conf), in which whoever coordinates reboots says so. Null without it.
  type: dict
  returned: always
  sample: {NAME: locksmithd}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.flatcar.survey import survey
from ..module_utils.node import Node
from ..module_utils.outcome import serve

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {}


def run(node: Node, params: dict[str, t.Any], check: bool) -> dict[str, t.Any]:  # noqa: ARG001 - all modules alike
    return {"changed": False, **survey(node)}


def main() -> None:
    serve(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), run)


if __name__ == "__main__":
    main()
