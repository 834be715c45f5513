#!/usr/bin/python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: update_driver
short_description: Say what updates a node, and when
version_added: 0.1.0
author:
  - evergreen.fleet contributors (@evergreen-fleet)
description:
  - Gives a node exactly one thing that updates it, with the same options for each kind. Zincati on Fedora CoreOS;
    C(rpm-ostreed-automatic) with a timer that reboots on Fedora IoT and RHEL for Edge; update-engine with locksmithd on
    Flatcar.
  - What belongs to another driver is stopped and taken away before this one is set up. Zincati is masked without its
    drop-in, the timers of rpm-ostree are stopped, disabled and without their files. An update that Zincati has staged
    and locked is unlocked for rpm-ostree.
  - All of it is looked at before anything is changed, so what is refused leaves the node as it was.
  - Needs nothing on the node but C(sh), the coreutils, systemd and the driver itself. A run that changes nothing costs
    one round trip.
extends_documentation_fragment:
  - evergreen.fleet.attributes
attributes:
  check_mode:
    details: The node's systemd looks at changed units in check mode too.
options:
  driver:
    description:
      - What updates the node. V(zincati), V(rpm_ostree) or V(flatcar), one of them.
      - V(rpm_ostree) stages updates with C(rpm-ostreed-automatic.timer) and reboots with C(applyupdate.timer). In
        C(/etc/rpm-ostreed.conf) only C(AutomaticUpdatePolicy) is changed.
    type: str
    choices: [zincati, rpm_ostree, flatcar]
    required: true
  enabled:
    description: Whether the node updates itself. With V(false) it has this driver, which does nothing.
    type: bool
    default: true
  strategy:
    description:
      - When the node reboots into an update. V(immediate), as soon as it is there. V(periodic), inside O(windows).
        V(fleet_lock), when the server at O(fleet_lock_url) has a free slot, for O(driver=zincati) only. V(staged),
        never by itself, so the update waits for a reboot, not for O(driver=zincati).
    type: str
    choices: [immediate, periodic, fleet_lock, staged]
    default: immediate
  windows:
    description:
      - When the node may reboot with O(strategy=periodic), every week. They must not overlap.
      - locksmithd of Flatcar has one, on one day or on all seven.
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
      - The time zone of all O(windows), a name that the node has in C(/usr/share/zoneinfo), or V(localtime) for the
        node's own. The default is UTC.
      - On Flatcar it must be V(localtime), as locksmithd goes by the clock of the node.
    type: str
  wariness:
    description:
      - How late in a rollout the node takes an update, from V(0.0) (eager, a canary) to V(1.0) (very cautious). For
        O(driver=zincati).
    type: float
  group:
    description:
      - With O(driver=zincati) the group of the node at the update graph and the lock server, with O(driver=flatcar) the
        channel. Without it the driver's own default applies.
    type: str
  server:
    description:
      - The address of the update graph for O(driver=zincati), of the update server for O(driver=flatcar).
      - O(driver=rpm_ostree) takes updates from the remote that its deployment comes from.
    type: str
  fleet_lock_url:
    description:
      - The address of the FleetLock server, as O(evergreen.fleet.zincati#module:fleet_lock_url).
      - The node itself asks it, with C(curl), whether it serves O(group), because what the controller can reach says
        nothing about the node. It releases a slot that nobody has, which changes nothing. When the server does not
        answer, or does not know the group, the task fails before a change, and warns when there is nothing to change.
    type: str
  fleet_lock_user:
    description: As O(evergreen.fleet.zincati#module:fleet_lock_user).
    type: str
  fleet_lock_password:
    description: As O(evergreen.fleet.zincati#module:fleet_lock_password).
    type: str
  check_interval:
    description:
      - Seconds between two looks for an update, for O(driver=zincati) and O(driver=rpm_ostree). The default is
        Zincati's own 300, and 3600 for rpm-ostree.
    type: int
  apply_interval:
    description:
      - Seconds between two looks whether an update is staged, for O(driver=rpm_ostree). The default is 60.
    type: int
  absent_drop_ins:
    description: As O(evergreen.fleet.zincati#module:absent_drop_ins).
    type: list
    elements: str
notes:
  - An update that the node's health checks refuse is staged and tried again by O(driver=rpm_ostree), until there is
    another one.
  - A node that has an update staged may reboot as soon as it is told that it may, before the task has its answer. The
    task then ends as unreachable, and what it was told is there after the reboot.
  - With C(async) it needs Python 3.11 on the node.
seealso:
  - module: evergreen.fleet.zincati
  - module: evergreen.fleet.flatcar_update
  - module: evergreen.fleet.host_files
"""

EXAMPLES = r"""
- name: Fedora CoreOS, reboots at the weekend
  evergreen.fleet.update_driver:
    driver: zincati
    wariness: 0.5
    strategy: periodic
    time_zone: Europe/Rome
    windows:
      - days: [Sat, Sun]
        start_time: "22:30"
        length_minutes: 60

- name: Fedora IoT, which stages at once and reboots at night
  evergreen.fleet.update_driver:
    driver: rpm_ostree
    strategy: periodic
    time_zone: localtime
    windows:
      - days: [Mon, Tue, Wed, Thu, Fri, Sat, Sun]
        start_time: "02:00"
        length_minutes: 120

- name: Updates wait for a playbook that reboots
  evergreen.fleet.update_driver:
    driver: rpm_ostree
    strategy: staged
"""

RETURN = r"""
steps:
  description:
    - What was done, or in check mode would be, in its order. Each has C(reason), and C(argv), C(write) or C(remove).
  type: list
  elements: dict
  returned: always
  sample:
    - argv: [systemctl, mask, --now, zincati.service]
      reason: Zincati is not to run
    - argv: [systemctl, enable, --, rpm-ostreed-automatic.timer]
      reason: rpm-ostreed-automatic.timer is disabled
driver:
  description: What updates the node.
  type: str
  returned: always
  sample: zincati
zincati:
  description: The rest of what M(evergreen.fleet.zincati) returns, for a node that has it.
  type: dict
  returned: for O(driver=zincati) and O(driver=rpm_ostree)
flatcar_update:
  description: The rest of what M(evergreen.fleet.flatcar_update) returns.
  type: dict
  returned: for O(driver=flatcar)
"""

import functools
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.asked import Asked
from ..module_utils.errors import FleetError
from ..module_utils.flatcar import converge as flatcar_converge
from ..module_utils.flatcar import read as flatcar_read
from ..module_utils.flatcar import wanted as flatcar_wanted
from ..module_utils.host_files import converge as files_converge
from ..module_utils.host_files import survey as files_survey
from ..module_utils.host_files import wanted as files_wanted
from ..module_utils.node import Node, Source
from ..module_utils.outcome import serve
from ..module_utils.together import Converge, together
from ..module_utils.updates.host import Host, answered, questions
from ..module_utils.updates.parts import FLATCAR_UPDATE, HOST_FILES, Part, parts
from ..module_utils.updates.wanted import DRIVERS, STRATEGIES, ZINCATI, Wanted
from ..module_utils.windows import WINDOW_OPTIONS
from ..module_utils.zincati import converge as zincati_converge
from ..module_utils.zincati import read as zincati_read
from ..module_utils.zincati import wanted as zincati_wanted

Params = t.Mapping[str, t.Any]

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "driver": {"type": "str", "choices": list(DRIVERS), "required": True},
    "enabled": {"type": "bool", "default": True},
    "strategy": {"type": "str", "choices": list(STRATEGIES), "default": "immediate"},
    "windows": {"type": "list", "elements": "dict", "options": WINDOW_OPTIONS},
    "time_zone": {"type": "str"},
    "wariness": {"type": "float"},
    "group": {"type": "str"},
    "server": {"type": "str"},
    "fleet_lock_url": {"type": "str"},
    "fleet_lock_user": {"type": "str"},
    "fleet_lock_password": {"type": "str", "no_log": True},
    "check_interval": {"type": "int"},
    "apply_interval": {"type": "int"},
    "absent_drop_ins": {"type": "list", "elements": "str"},
}


def run(node: Node, params: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    wanted = Wanted.from_params(params)
    # What is asked does not depend on the answers, so any host does for the questions.
    sources = [source for part in parts(wanted, Host()) for source in _SOURCES[part.module](part.params)]
    asked = Asked(node, [*questions(wanted).values(), *sources])
    host = answered(wanted, asked.gather(questions(wanted)))
    done = together(asked, {part.module: _converge(part, host) for part in parts(wanted, host)}, check)
    return {**done, "driver": wanted.driver}


def _converge(part: Part, host: Host) -> Converge:
    converge = functools.partial(_CONVERGE[part.module], part.params)
    return functools.partial(_with_lock_server, converge, host) if part.module == ZINCATI else converge


def _with_lock_server(converge: Converge, host: Host, node: Node, check: bool) -> dict[str, t.Any]:
    result = converge(node, check)
    if not host.lock_server:
        return result
    if check and result["changed"]:
        raise FleetError(host.lock_server)
    return {**result, "warnings": [*result["warnings"], host.lock_server]}


def _files(params: Params, node: Node, check: bool) -> dict[str, t.Any]:
    return files_converge.converge(node, files_wanted.Wanted.from_params(params), check)


def _zincati(params: Params, node: Node, check: bool) -> dict[str, t.Any]:
    return zincati_converge.converge(node, zincati_wanted.Wanted.from_params(params), check)


def _flatcar(params: Params, node: Node, check: bool) -> dict[str, t.Any]:
    return flatcar_converge.converge(node, flatcar_wanted.Wanted.from_params(params), check)


_CONVERGE: dict[str, t.Callable[[Params, Node, bool], dict[str, t.Any]]] = {
    HOST_FILES: _files,
    ZINCATI: _zincati,
    FLATCAR_UPDATE: _flatcar,
}

_SOURCES: dict[str, t.Callable[[Params], t.Iterable[Source]]] = {
    HOST_FILES: lambda params: files_survey.questions(files_wanted.Wanted.from_params(params)).values(),
    ZINCATI: lambda params: zincati_read.questions(params.get("time_zone")).values(),
    FLATCAR_UPDATE: lambda _params: flatcar_read.questions(versions=False).values(),
}


def main() -> None:
    serve(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), run)


if __name__ == "__main__":
    main()
