#!/usr/bin/python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: flatcar_update
short_description: Say how a Flatcar node updates itself
version_added: 0.1.0
author:
  - evergreen.fleet contributors (@evergreen-fleet)
description:
  - Declares where update-engine looks for updates and when locksmithd reboots for them, in
    C(/etc/flatcar/update.conf). Every other key of the file, comments and the order of the lines stay. What is not
    given stays as it is.
  - It also installs an update now, pins the node to a version, or goes back to the older of the two system partitions.
    Whether that succeeded is decided by what the node says afterwards, because the programs of Flatcar end with success
    also after a failure.
  - update-engine reads the file before every check. locksmithd is restarted when it runs with another reboot strategy
    or window than it would be started with now, and not otherwise. It is started when it does not run and is not
    masked, unless the strategy is V(off).
  - The module never reboots.
  - Needs nothing on the node but what Flatcar has. A run that changes nothing costs one round trip.
extends_documentation_fragment:
  - evergreen.fleet.attributes
attributes:
  check_mode:
    details: With O(upgrade) it does not ask the update server, see RV(upgrade).
options:
  state:
    description:
      - With V(rolled_back) the next boot is into the older of the two systems, and an update that waits for a reboot is
        dropped.
      - This is a state and no toggle. A node that runs the older one stays there.
      - With O(version) it names the system to go to. A partition must have it.
      - update-engine would install the newer version again, so set O(held) too. Without it there is a warning.
    type: str
    choices: [present, rolled_back]
    default: present
  group:
    description:
      - The channel, V(stable), V(beta), V(alpha), V(lts), or a group or track that the update server has.
      - An empty text takes the key out, and what the system has in C(/usr/share/flatcar/update.conf) applies.
    type: str
  server:
    description:
      - The address of the update server. An empty text takes the key out, and the public server applies.
      - On a held node it is what the node goes back to.
    type: str
  held:
    description:
      - Whether the node takes no updates. The key C(SERVER) is then V(disabled), which is Flatcar's own word for it,
        and the server from before is kept in a comment and comes back with V(false).
      - update-engine goes on running, because it must mark a new system as good after its first boot.
    type: bool
  reboot_strategy:
    description:
      - What locksmithd does when an update is installed. V(reboot) at once or in O(reboot_window), V(etcd-lock) when
        etcd gives it the lock, V(off) nothing.
    type: str
    choices: ["reboot", "etcd-lock", "off"]
  reboot_window:
    description:
      - When locksmithd may reboot. An empty dictionary means always.
    type: dict
    suboptions:
      start:
        description: When it opens, V(14:00) every day, or V(Thu 23:00) every week. Write it in quotes.
        type: str
      length:
        description: How long it is open, as V(1h30m).
        type: str
  upgrade:
    description:
      - Whether an update that the server offers is to be installed now. It then waits for a reboot.
      - Where an update waits already, the server is not asked for a newer one.
    type: bool
    default: false
  version:
    description:
      - The version that the node is to have, for example V(3815.2.1), newer or older than what runs. It is installed
        with C(flatcar-update), which downloads it from Flatcar's release server, and it then waits for a reboot.
      - The node is held at it, as with O(held).
      - Excludes O(upgrade). With O(state=rolled_back) it names the system to go to.
    type: str
  timeout:
    description:
      - Seconds within which an update must be installed. update-engine goes on when it is over.
    type: int
    default: 3600
notes:
  - A node that reboots with C(kexec) never changes its system, because the boot loader is what changes it.
seealso:
  - module: evergreen.fleet.flatcar_update_info
"""

EXAMPLES = r"""
- name: Beta, and reboots on Thursday nights
  evergreen.fleet.flatcar_update:
    group: beta
    reboot_strategy: reboot
    reboot_window:
      start: "Thu 23:00"
      length: 1h30m

- name: Update now, and reboot when there was one
  evergreen.fleet.flatcar_update:
    upgrade: true
  register: update

- name: One version, and no updates
  evergreen.fleet.flatcar_update:
    version: 3815.2.1

- name: Updates again
  evergreen.fleet.flatcar_update:
    held: false

- name: Back to the system from before, and stay there
  evergreen.fleet.flatcar_update:
    state: rolled_back
    held: true
"""

RETURN = r"""
steps:
  description:
    - What was done, or in check mode would be, in its order. Each has C(reason), and C(argv) or C(write).
  type: list
  elements: dict
  returned: always
  sample:
    - write: /etc/flatcar/update.conf
      reason: it says something else
    - argv: [systemctl, restart, locksmithd.service]
      reason: it runs with another reboot strategy or window
configuration:
  description:
    - What update-engine and locksmithd go by, from C(/etc/flatcar/update.conf), the file of the system and their own
      defaults. Also in check mode as it would be afterwards.
  type: dict
  returned: always
  contains:
    group:
      description: The channel.
      type: str
      sample: stable
    server:
      description: The update server, on a held node the one that it goes back to.
      type: str
      sample: https://updates.example.com/v1/update/
    held:
      description: Whether there are no updates.
      type: bool
      sample: false
    reboot_strategy:
      description: What locksmithd does.
      type: str
      sample: reboot
    reboot_window:
      description: C(start) and C(length), or null.
      type: dict
      sample: {start: "Thu 23:00", length: 1h30m}
upgrade:
  description:
    - What became of O(upgrade). V(not_asked), V(none) where the server has no update, V(installed) where one waits for
      a reboot, or in check mode V(unknown). With V(unknown), check mode says changed, and a run says whether it did.
  type: str
  returned: always
  sample: installed
version:
  description: The version that runs.
  type: str
  returned: always
  sample: 3760.2.0
status:
  description: What update-engine says, or null when it does not.
  type: dict
  returned: always
  contains:
    operation:
      description: What it is doing.
      type: str
      sample: UPDATE_STATUS_UPDATED_NEED_REBOOT
    progress:
      description: How much of it is done, from 0 to 1.
      type: float
      sample: 0.0
    new_version:
      description: The version it installs or has installed. Null when there is none, or when it was restarted since.
      type: str
      sample: 3815.2.1
    new_size:
      description: The bytes of it.
      type: int
      sample: 458234665
    last_checked:
      description: When the server last gave a good answer, in seconds since 1970, or null.
      type: int
      sample: 1712854417
status_missing:
  description: Why there is no status, or null.
  type: str
  returned: always
  sample: update-engine.service does not run
slots:
  description: The system partitions. Empty when the node does not tell.
  type: list
  elements: dict
  returned: always
  contains:
    label:
      description: The name of the partition.
      type: str
      sample: USR-A
    number:
      description: Its number on the disk.
      type: int
      sample: 3
    device:
      description: Its device.
      type: str
      sample: /dev/vda3
    priority:
      description: The bootable one with the highest priority boots next.
      type: int
      sample: 2
    tries:
      description: How often the boot loader still tries it. Each boot takes one.
      type: int
      sample: 0
    successful:
      description: Whether update-engine has marked it as good, after which it needs no tries.
      type: bool
      sample: true
    booted:
      description: Whether it runs.
      type: bool
      sample: true
    boots_next:
      description: Whether it boots next.
      type: bool
      sample: true
    version:
      description: The version in it. Of the one that does not run only with O(version) or O(state=rolled_back), else
        null.
      type: str
      sample: 3760.2.0
reboot_needed:
  description: Whether a reboot changes what runs.
  type: bool
  returned: always
  sample: true
errors:
  description: What update-engine logged as errors during a failed update, the last one at the end.
  type: list
  elements: str
  returned: when an update failed
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.flatcar.converge import converge
from ..module_utils.flatcar.wanted import Wanted
from ..module_utils.node import Node
from ..module_utils.outcome import serve

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "state": {"type": "str", "choices": ["present", "rolled_back"], "default": "present"},
    "group": {"type": "str"},
    "server": {"type": "str"},
    "held": {"type": "bool"},
    "reboot_strategy": {"type": "str", "choices": ["reboot", "etcd-lock", "off"]},
    "reboot_window": {"type": "dict", "options": {"start": {"type": "str"}, "length": {"type": "str"}}},
    "upgrade": {"type": "bool", "default": False},
    "version": {"type": "str"},
    "timeout": {"type": "int", "default": 3600},
}


def run(node: Node, params: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    return converge(node, Wanted.from_params(params), check)


def main() -> None:
    serve(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), run)


if __name__ == "__main__":
    main()
