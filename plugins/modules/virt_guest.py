#!/usr/bin/python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: virt_guest
short_description: Keep a libvirt guest that configures itself with Ignition as wanted
version_added: 0.1.0
author:
  - evergreen.fleet contributors (@evergreen-fleet)
description:
  - Makes a guest out of a backing image and an Ignition config with C(virt-install), C(qemu-img) and C(virsh), starts
    it and waits until it answers.
  - Run again, it compares the guest with what is wanted and reports every difference as RV(drift). O(reconcile) and
    O(rebuild) apply them.
  - A guest that this module makes carries a mark in its metadata. A guest without the mark is never touched.
options:
  name:
    description: The name of the guest in libvirt. Its disks are named after it.
    type: str
    required: true
  state:
    description:
      - V(present) makes the guest, but does not start or stop it.
      - V(running) also starts it and waits as O(wait) says.
      - V(stopped) also shuts it down.
      - V(absent) cuts its power and removes its definition, the disks that were made for it and the copy of its
        Ignition config. It never removes the backing image, a disk given by path, or the console log.
    type: str
    choices: [present, running, stopped, absent]
    default: running
  image:
    description:
      - The backing image, qcow2 or raw, as an absolute path on the hypervisor. The guest's root disk is an overlay on
        it, so it has to stay where it is.
      - An existing guest is compared by the path of its image, not by its content.
      - Images for bare metal are refused, because their Ignition ignores what a hypervisor hands over.
      - Without it the guest must exist, and only O(state) is looked at.
    type: str
  vcpus:
    description: Virtual processors.
    type: int
    default: 2
  memory:
    description: Memory in MiB, at least 1024.
    type: int
    default: 2048
  disk_size:
    description: Size of the root disk in GiB. Not less than the image has.
    type: int
    default: 10
  disks:
    description:
      - More disks, in the order in which the guest sees them.
      - A disk that is no longer listed is detached, and kept until the guest is removed.
    type: list
    elements: dict
    default: []
    suboptions:
      size:
        description: Makes an empty disk of so many GiB.
        type: int
      path:
        description: Attaches an existing disk image or block device.
        type: str
  networks:
    description: The network cards, in order.
    type: list
    elements: dict
    default: [{network: default}]
    suboptions:
      network:
        description: A libvirt network, such as one that M(evergreen.fleet.virt_network) made.
        type: str
      bridge:
        description: A bridge of the hypervisor.
        type: str
      mac:
        description: The hardware address. By default a random one, which the guest keeps.
        type: str
  ignition:
    description:
      - The Ignition config, as an absolute path on the hypervisor. The guest gets a copy that only root and QEMU can
        read.
      - Ignition runs on the first boot only. A changed config on an existing guest is reported, and takes effect with
        O(rebuild).
    type: str
  platform:
    description: The kind of operating system, which says where its Ignition looks for the config.
    type: str
    choices: [coreos, flatcar]
    default: coreos
  osinfo:
    description:
      - The operating system by its libosinfo name. It chooses the devices. C(virt-install --osinfo list) prints them.
    type: str
    default: fedora-coreos-stable
  arch:
    description: The architecture of the guest. By default that of the hypervisor.
    type: str
    choices: [x86_64, aarch64, s390x, ppc64le]
  uefi:
    description: Whether the guest boots with UEFI.
    type: bool
    default: false
  cpu:
    description:
      - The processor model, or one of V(host-passthrough), V(host-model) and V(maximum).
      - By default, on x86_64 and aarch64, V(host-passthrough) with KVM and V(maximum) without.
    type: str
  disk_cache:
    description: The cache mode of the disks. V(unsafe) is the fastest and loses data when the hypervisor does.
    type: str
    choices: [none, writeback, writethrough, directsync, unsafe]
  virt_type:
    description:
      - V(auto) takes KVM if it really works, and emulation (TCG) with a warning if not.
      - To find out, on x86_64 a small program has to finish on KVM within 5 seconds with the processor that the guest
        gets. On other architectures QEMU has to set up a virtual machine.
      - This is decided when the guest is made. An existing guest keeps what it has.
    type: str
    choices: [auto, kvm, qemu]
    default: auto
  console_log:
    description: A file on the hypervisor to which the serial console is appended, as an absolute path.
    type: str
  directory:
    description:
      - The folder on the hypervisor for the guest's disks and the copy of its Ignition config. QEMU's user has to be
        able to enter it.
      - The disks of an existing guest stay where they were made.
    type: str
    default: /var/lib/libvirt/images
  uri:
    description: The libvirt connection. The hypervisor is always the machine that the task runs on.
    type: str
    default: qemu:///system
  reconcile:
    description:
      - Whether differences are applied. By default they are only reported.
      - A running guest gets most of them with its next start. See O(restart).
    type: bool
    default: false
  rebuild:
    description:
      - Whether the guest is made anew when its image or Ignition config differs. B(This throws its root disk away.)
        Other disks are kept.
    type: bool
    default: false
  restart:
    description: Whether a running guest is restarted when its definition has changed since it was started.
    type: bool
    default: false
  force:
    description: Whether a guest is stopped by cutting its power instead of asking it to shut down.
    type: bool
    default: false
  wait:
    description:
      - What a task with O(state=running) waits for. V(ssh) waits for the greeting of an SSH server, V(address) for
        an address that answers.
    type: str
    choices: [none, address, ssh]
    default: ssh
  wait_timeout:
    description: Seconds to wait for the guest, to come up or to shut down.
    type: int
    default: 300
  ssh_port:
    description: The port of the SSH server.
    type: int
    default: 22
  address:
    description:
      - The address of the guest, when its own configuration sets a static one.
      - By default libvirt is asked for the leases of its network and for the neighbours of the hypervisor.
    type: str
extends_documentation_fragment:
  - evergreen.fleet.attributes
requirements:
  - libvirt 7.1 or later with QEMU, C(virsh), C(virt-install) 4.0 or later and C(qemu-img) on the machine that the task
    runs on
  - C(ssh-keyscan) there, for O(wait=ssh)
notes:
  - The collection is made for parallel runs. Many tasks can make guests on one hypervisor at the same time.
  - A task that is killed leaves a guest that is marked as incomplete. The next run makes it anew or removes it.
seealso:
  - module: evergreen.fleet.butane
  - module: evergreen.fleet.virt_network
"""

EXAMPLES = r"""
- name: A node that is up and answers
  evergreen.fleet.virt_guest:
    name: edge1
    image: /var/lib/libvirt/images/fedora-coreos-qemu.x86_64.qcow2
    ignition: /var/lib/fleet/edge1.ign
    networks:
      - network: fleet-lab
  register: edge1

- name: A changed Ignition config, on purpose
  evergreen.fleet.virt_guest:
    name: edge1
    image: /var/lib/libvirt/images/fedora-coreos-qemu.x86_64.qcow2
    ignition: /var/lib/fleet/edge1.ign
    networks:
      - network: fleet-lab
    rebuild: true

- name: Flatcar, with a second disk and more memory, restarted when that changes
  evergreen.fleet.virt_guest:
    name: flat1
    image: /var/lib/libvirt/images/flatcar_production_qemu_image.img
    platform: flatcar
    osinfo: linux2022
    ignition: /var/lib/fleet/flat1.ign
    memory: 4096
    disks:
      - size: 20
    reconcile: true
    restart: true

- name: Cut the power
  evergreen.fleet.virt_guest:
    name: edge1
    state: stopped
    force: true

- name: Nothing left
  evergreen.fleet.virt_guest:
    name: edge1
    state: absent
"""

RETURN = r"""
name:
  description: The name of the guest.
  type: str
  returned: success
  sample: edge1
state:
  description: V(running), V(paused), V(stopped) or V(absent). In check mode what it would be.
  type: str
  returned: success
  sample: running
address:
  description:
    - The address at which the guest answers. A guest can hold two leases, from its initramfs and from its real root;
      this is the live one.
  type: str
  returned: when not O(state=absent)
  sample: 198.51.100.17
mac:
  description: The hardware address that belongs to RV(address), or that of the first network card.
  type: str
  returned: when not O(state=absent)
  sample: 52:54:00:6b:3c:58
ssh_host_key:
  description:
    - The public host keys that the SSH server showed, without a host name. Not verified. Compare them with pinned ones.
  type: list
  elements: str
  returned: when not O(state=absent); empty unless O(wait=ssh)
  sample: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGuU4MaVgYYSmYSbfBEZnIpImGbCvRNHBrXLpmAGFc2J]
virt_type:
  description: V(kvm) or V(qemu), which is emulation. In check mode null when it is still to be found out.
  type: str
  returned: when not O(state=absent)
  sample: kvm
disks:
  description: The disks of the guest, the root disk first.
  type: list
  elements: str
  returned: when not O(state=absent)
  sample: [/var/lib/libvirt/images/edge1-root.qcow2]
drift:
  description: The differences that are left, those of a guest that was only looked at or that cannot be applied.
  type: list
  elements: dict
  returned: when not O(state=absent)
  contains:
    setting:
      description: The option.
      type: str
    wanted:
      description: Its wanted value. Of an Ignition config the SHA-256.
      type: raw
    found:
      description: The value that the guest has.
      type: raw
    remedy:
      description: What applies it. V(reconcile), V(rebuild), or V(none).
      type: str
  sample: [{setting: memory, wanted: 4096, found: 2048, remedy: reconcile}]
restart_needed:
  description: Whether the guest runs with an older definition than its next start will give it.
  type: bool
  returned: when not O(state=absent)
replaced_definition:
  description: The domain XML that was replaced. C(virsh define) takes it back.
  type: str
  returned: when the guest was redefined
seconds:
  description: How long the task took, from its start until the guest answered as O(wait) says.
  type: float
  returned: when the guest was started
  sample: 41.3
steps:
  description: What was done, or would be done in check mode.
  type: list
  elements: dict
  returned: success
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.manage import manage
from ansible_collections.evergreen.fleet.plugins.module_utils.guest.reach import RealWorld
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Node
from ansible_collections.evergreen.fleet.plugins.module_utils.outcome import serve

ARGUMENT_SPEC = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "running", "stopped", "absent"], "default": "running"},
    "image": {"type": "str"},
    "vcpus": {"type": "int", "default": 2},
    "memory": {"type": "int", "default": 2048},
    "disk_size": {"type": "int", "default": 10},
    "disks": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"size": {"type": "int"}, "path": {"type": "str"}},
    },
    "networks": {
        "type": "list",
        "elements": "dict",
        "default": [{"network": "default"}],
        "options": {"network": {"type": "str"}, "bridge": {"type": "str"}, "mac": {"type": "str"}},
    },
    "ignition": {"type": "str"},
    "platform": {"type": "str", "choices": ["coreos", "flatcar"], "default": "coreos"},
    "osinfo": {"type": "str", "default": "fedora-coreos-stable"},
    "arch": {"type": "str", "choices": ["x86_64", "aarch64", "s390x", "ppc64le"]},
    "uefi": {"type": "bool", "default": False},
    "cpu": {"type": "str"},
    "disk_cache": {"type": "str", "choices": ["none", "writeback", "writethrough", "directsync", "unsafe"]},
    "virt_type": {"type": "str", "choices": ["auto", "kvm", "qemu"], "default": "auto"},
    "console_log": {"type": "str"},
    "directory": {"type": "str", "default": "/var/lib/libvirt/images"},
    "uri": {"type": "str", "default": "qemu:///system"},
    "reconcile": {"type": "bool", "default": False},
    "rebuild": {"type": "bool", "default": False},
    "restart": {"type": "bool", "default": False},
    "force": {"type": "bool", "default": False},
    "wait": {"type": "str", "choices": ["none", "address", "ssh"], "default": "ssh"},
    "wait_timeout": {"type": "int", "default": 300},
    "ssh_port": {"type": "int", "default": 22},
    "address": {"type": "str"},
}


def run(node: Node, params: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    """Make the guest as wanted on a hypervisor."""
    return manage(node, params, check, RealWorld())


def main() -> None:
    serve(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), run)


if __name__ == "__main__":
    main()
