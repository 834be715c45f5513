#!/usr/bin/python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: virt_network
short_description: Keep an isolated libvirt network as wanted
version_added: 0.1.0
author:
  - evergreen.fleet contributors (@evergreen-fleet)
description:
  - Makes a libvirt network that guests share with their hypervisor and with nothing else. It has no C(forward) element,
    so nothing that a guest sends leaves the machine.
  - libvirt gives it DHCP and DNS. The address of the hypervisor on it can serve whatever the guests need.
  - A network that this module makes carries a mark in its metadata. A network without the mark is never touched.
  - When a setting differs, the network is replaced if no guest uses it. Else the task fails and names the guests.
options:
  name:
    description: The name of the network in libvirt.
    type: str
    required: true
  state:
    description:
      - V(present) means defined and active.
      - V(absent) stops and removes it, and fails while guests use it.
    type: str
    choices: [present, absent]
    default: present
  address:
    description:
      - The IPv4 address of the hypervisor on the network, with the prefix length. Needed with O(state=present).
      - A documentation range such as V(198.51.100.1/24) never collides with a real network.
    type: str
  dhcp:
    description:
      - The first and the last address that guests can get. An empty list means no DHCP.
      - By default the longer run of addresses on either side of O(address).
    type: list
    elements: str
  bridge:
    description: The name of the bridge on the hypervisor. By default libvirt chooses one.
    type: str
  domain:
    description: The DNS domain of the guests. By default there is none.
    type: str
  autostart:
    description: Whether libvirt starts the network when it starts.
    type: bool
    default: false
  uri:
    description: The libvirt connection.
    type: str
    default: qemu:///system
extends_documentation_fragment:
  - evergreen.fleet.attributes
requirements:
  - libvirt with C(virsh), C(dnsmasq) and a firewall backend (C(iptables) or C(nft)) on the machine that the
    task runs on
seealso:
  - module: evergreen.fleet.virt_guest
"""

EXAMPLES = r"""
- name: A network for a lab
  evergreen.fleet.virt_network:
    name: fleet-lab
    bridge: fleet-lab
    address: 198.51.100.1/24
    domain: lab.test

- name: Addresses below 100 are for static configurations
  evergreen.fleet.virt_network:
    name: fleet-lab
    bridge: fleet-lab
    address: 198.51.100.1/24
    dhcp: [198.51.100.100, 198.51.100.199]
    domain: lab.test

- name: Nothing left
  evergreen.fleet.virt_network:
    name: fleet-lab
    state: absent
"""

RETURN = r"""
name:
  description: The name of the network.
  type: str
  returned: success
  sample: fleet-lab
state:
  description: V(present) or V(absent).
  type: str
  returned: success
  sample: present
bridge:
  description: The bridge on the hypervisor. In check mode null when libvirt would choose one.
  type: str
  returned: O(state=present)
  sample: fleet-lab
address:
  description: The address of the hypervisor on the network, with the prefix length.
  type: str
  returned: O(state=present)
  sample: 198.51.100.1/24
dhcp:
  description: The first and the last address that guests can get, or nothing.
  type: list
  elements: str
  returned: O(state=present)
  sample: [198.51.100.2, 198.51.100.254]
domain:
  description: The DNS domain of the guests, or an empty string.
  type: str
  returned: O(state=present)
  sample: lab.test
forward:
  description: How the network reaches others. Always empty, because it does not.
  type: str
  returned: O(state=present)
  sample: ""
drift:
  description: The settings that were not as wanted. The network was replaced because of them.
  type: list
  elements: dict
  returned: O(state=present)
  contains:
    setting:
      description: The setting.
      type: str
    wanted:
      description: Its wanted value.
      type: raw
    found:
      description: The value that it had.
      type: raw
  sample: [{setting: domain, wanted: lab.test, found: ""}]
replaced_definition:
  description: The network XML that was replaced. C(virsh net-define) takes it back.
  type: str
  returned: when the network was replaced
steps:
  description: What was done, or would be done in check mode.
  type: list
  elements: dict
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.manage_network import manage
from ansible_collections.evergreen.fleet.plugins.module_utils.outcome import serve

ARGUMENT_SPEC = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "address": {"type": "str"},
    "dhcp": {"type": "list", "elements": "str"},
    "bridge": {"type": "str"},
    "domain": {"type": "str"},
    "autostart": {"type": "bool", "default": False},
    "uri": {"type": "str", "default": "qemu:///system"},
}


def main() -> None:
    serve(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), manage)


if __name__ == "__main__":
    main()
