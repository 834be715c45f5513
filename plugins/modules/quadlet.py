#!/usr/bin/python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: quadlet
short_description: Say which containers an owner has under systemd
version_added: 0.1.0
author:
  - evergreen.fleet contributors (@evergreen-fleet)
description:
  - Declares a set of units of one owner, root or any other user. Quadlet files of every type that the podman of the
    node knows, plain units of systemd beside them, drop-ins, secrets, and files that containers mount.
  - A set has a name, and an owner may have several. What is in the set and no longer listed is stopped and removed.
    Nothing else is touched. Volumes of podman always stay, because they hold data.
  - Before anything is replaced, the whole set is read by the node's own Quadlet generator and by C(systemd-analyze
    verify) in a scratch folder, keys are compared with the podman version of the node, and images that are missing are
    pulled. So a set that is wrong, a registry that does not answer or a full disk stops nothing that runs.
  - Only units that changed are restarted, and those that go down with them. These are units that refer to a changed one
    as a volume, network, pod, image or build, or name it in C(Requires=), C(Requisite=), C(BindsTo=) or C(PartOf=). A
    changed secret or file restarts the units that use it. Units that do not run stay so.
  - A pod stops with its last container, so it is restarted too where all of its containers are.
  - podman does not change a network that is there, so a changed C(.network) stops what is in it and makes it anew.
  - Units of a user run without a login. The module turns linger on and starts the user's systemd. It acts as the user,
    through the folder C(/run/user/UID), and opens no session.
  - On podman older than 4.4, which has no Quadlet, C(.container), C(.volume) and C(.network) files are written as plain
    units with C(podman run).
  - Needs nothing on the node but C(sh), the coreutils, systemd and podman. For units of another user it needs
    C(become). A run that changes nothing costs one round trip, however many units there are.
extends_documentation_fragment:
  - evergreen.fleet.attributes
attributes:
  check_mode:
    details: The set is also tried in a scratch folder on the node, which is removed again.
  diff_mode:
    details: Files that others may not read, and secrets, are not shown.
options:
  name:
    description:
      - The name of the set, letters, digits, dots, dashes and underscores.
      - The set is remembered in a file C(.NAME.evergreen) beside the Quadlet files of the owner.
    type: str
    required: true
  user:
    description:
      - The owner, a user that exists on the node.
      - Files of root are in C(/etc/containers/systemd) and C(/etc/systemd/system), those of a user in
        C(.config/containers/systemd) and C(.config/systemd/user) of the home folder.
    type: str
    default: root
  units:
    description:
      - The Quadlet files and units of the set. This is the whole list, so V([]) removes all of them.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - The file name. Its ending says what it is.
          - V(.container), V(.kube), V(.network), V(.volume), V(.image) (podman 4.8), V(.pod) (5.0), V(.build) (5.2) and
            V(.artifact) (5.7) are Quadlet files, V(.socket), V(.service), V(.timer), V(.path) and V(.target) are units
            of systemd.
        type: str
        required: true
      content:
        description:
          - What is in the file. Take it from a file or template with a lookup, see the examples.
        type: str
        required: true
      state:
        description:
          - Whether the unit runs when the module is done.
          - V(none) leaves that as it is, for units that others start.
          - Without it, a unit that has an [Install] section runs, and others are left as they are.
          - V(stopped) is about now. Only a unit without [Install] stays down at the next boot too.
          - A job (C(Type=oneshot)) counts as running when it has ended well since boot.
        type: str
        choices: [started, stopped, none]
  drop_ins:
    description:
      - Files that change a part of a Quadlet file (podman 5.0), or of a unit of systemd in the set or outside of it.
        This is the whole list.
      - One that is removed from a unit outside of the set counts when that unit is next started.
    type: list
    elements: dict
    default: []
    suboptions:
      unit:
        description: The name of what is changed, for example V(web.container) or V(web.service).
        type: str
        required: true
      name:
        description: The name of the file, it ends with V(.conf).
        type: str
        required: true
      content:
        description: What is in the file.
        type: str
        required: true
  files:
    description:
      - Files that units use. This is the whole list. A unit that mounts the file, or a folder that it is in, is
        restarted when it changes.
      - They are written by the owner, in folders where it may write.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description:
          - A full path, one in the owner's home that begins with V(%h/), or one relative to the folder of the Quadlet
            files, such as the V(Yaml=) of a C(.kube) file.
        type: str
        required: true
      content:
        description: What is in the file.
        type: str
        required: true
      mode:
        description: Permissions, octal. The difference of a file that others may not read is not shown.
        type: str
        default: "0644"
  secrets:
    description:
      - Secrets of podman that belong to the set. This is the whole list. Those that exist otherwise are just named in
        C(Secret=) of a unit, and must be there.
      - The value goes to podman on its standard input. A salted digest in the label C(evergreen.fleet.digest) tells
        whether it changed, so it is never read back.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name of the secret.
        type: str
        required: true
      value:
        description: What is in it.
        type: str
        required: true
notes:
  - A unit that did not start is an error that holds the last lines of its log in C(log), and the next run tries again.
  - A changed C(.volume) does not change a volume that is there. The module warns of it.
seealso:
  - module: evergreen.fleet.podman_auto_update
"""

EXAMPLES = r"""
- name: A web server of user core, and its volume
  evergreen.fleet.quadlet:
    name: web
    user: core
    units:
      - name: web-data.volume
        content: |
          [Volume]
      - name: web.container
        content: |
          [Container]
          Image=registry.example.com/web:prod
          AutoUpdate=registry
          PublishPort=8080:80
          Volume=web-data.volume:/srv
          [Service]
          Restart=on-failure
          [Install]
          WantedBy=default.target
  become: true

- name: Files and templates of the repository
  evergreen.fleet.quadlet:
    name: shop
    user: core
    units:
      - name: shop.network
        content: "{{ lookup('ansible.builtin.file', 'shop.network') }}"
      - name: shop.container
        content: "{{ lookup('ansible.builtin.template', 'shop.container.j2') }}"
    files:
      - path: "%h/shop/shop.conf"
        content: "{{ lookup('ansible.builtin.template', 'shop.conf.j2') }}"
    secrets:
      - name: shop-database
        value: "{{ vault_shop_database }}"
  become: true

- name: Started by the first request, stopped when idle
  evergreen.fleet.quadlet:
    name: on-demand
    user: core
    units:
      - name: app-proxy.socket
        content: |
          [Socket]
          ListenStream=8080
          [Install]
          WantedBy=sockets.target
      - name: app-proxy.service
        content: |
          [Unit]
          Requires=app.service
          After=app.service
          [Service]
          Type=notify
          ExecStart=/usr/lib/systemd/systemd-socket-proxyd --exit-idle-time=10min 127.0.0.1:18080
      - name: app.container
        content: |
          [Unit]
          StopWhenUnneeded=yes
          [Container]
          Image=registry.example.com/app:prod
          PublishPort=127.0.0.1:18080:80
          HealthCmd=/bin/check
          Notify=healthy
  become: true

- name: What would change on this node?
  evergreen.fleet.quadlet:
    name: web
    units: "{{ fleet_units }}"
  check_mode: true
  diff: true

- name: Remove the set
  evergreen.fleet.quadlet:
    name: web
    user: core
    units: []
  become: true
"""

RETURN = r"""
steps:
  description:
    - What was done, or in check mode would be, in its order. Each has a C(reason), and either C(argv) and the C(user)
      that runs it, or lists of paths C(write) and C(remove), in which V(%h) is the home of the user.
  type: list
  elements: dict
  returned: always
  sample:
    - argv: [systemctl, --user, restart, web.service]
      user: core
      reason: "web.service: changed, or needs what changed"
units:
  description: The units of the set as they are now.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: The name of the file.
      type: str
      sample: web.container
    service:
      description: What systemd calls it.
      type: str
      sample: web.service
    path:
      description: Where the file is.
      type: str
      sample: /home/core/.config/containers/systemd/web.container
    changed:
      description: Whether the file was or would be written.
      type: bool
    active_state:
      description: As C(systemctl show) has it.
      type: str
      sample: active
    sub_state:
      description: As C(systemctl show) has it.
      type: str
      sample: running
restarted:
  description: The units that were, or in check mode would be, restarted.
  type: list
  elements: str
  returned: success
  sample: [web.service]
started:
  description: The units that were, or in check mode would be, started.
  type: list
  elements: str
  returned: success
  sample: []
podman_version:
  description: The podman of the node, empty when there is none.
  type: str
  returned: success
  sample: 5.4.2
log:
  description: The last lines of the log of each unit that did not start or stay up.
  type: dict
  returned: when a unit failed
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.node import Node
from ..module_utils.outcome import serve
from ..module_utils.podman.converge import converge
from ..module_utils.podman.wanted import Wanted

_NAMED_CONTENT: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "content": {"type": "str", "required": True},
}

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "user": {"type": "str", "default": "root"},
    "units": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {**_NAMED_CONTENT, "state": {"type": "str", "choices": ["started", "stopped", "none"]}},
    },
    "drop_ins": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {**_NAMED_CONTENT, "unit": {"type": "str", "required": True}},
    },
    "files": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "path": {"type": "str", "required": True},
            "content": {"type": "str", "required": True},
            "mode": {"type": "str", "default": "0644"},
        },
    },
    "secrets": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "no_log": False,
        "options": {
            "name": {"type": "str", "required": True},
            "value": {"type": "str", "required": True, "no_log": True},
        },
    },
}


def run(node: Node, params: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    return converge(node, Wanted.from_params(params), check)


def main() -> None:
    serve(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), run)


if __name__ == "__main__":
    main()
