#!/usr/bin/python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ostree_host
short_description: Say what an OSTree host consists of
version_added: 0.1.0
author:
  - evergreen.fleet contributors (@evergreen-fleet)
description:
  - Declares what the next boot of a host that rpm-ostree manages has, for example Fedora CoreOS, Fedora IoT or RHEL for
    Edge. The ref, image or version of its base, layered packages, overrides, kernel arguments and the initramfs.
    What is not given stays as it is.
  - The module compares with the deployment that boots next, and runs nothing at all when that is as wanted. Otherwise
    it prepares a new deployment with as few transactions as rpm-ostree allows. However many there are, one reboot
    makes all of it run. The module never reboots, see M(evergreen.fleet.node_reboot).
  - Layering never moves the base. rpm-ostree solves all layered packages anew whenever one is added, so others that are
    layered may get updates with it, and rpm-ostree has no option that prevents this. The module avoids it where nothing
    is added, and shows it in RV(moved_packages) where it happened.
  - Needs nothing on the host but C(sh), the coreutils and rpm-ostree. A run that changes nothing costs one round
    trip, or two with O(upgrade).
extends_documentation_fragment:
  - evergreen.fleet.attributes
attributes:
  check_mode:
    details: With O(upgrade) it looks at the remote or registry, see RV(upgrade). The host stays as it is.
options:
  state:
    description:
      - With V(rolled_back) the next boot is into the deployment that the host had before the newest one. A staged
        deployment is dropped, because that is not one the host has run.
      - This is a state and no toggle. A host that was rolled back, or that fell back by itself, stays on the old
        deployment, also after the reboot. That needs a file system that records when a folder was made; where it does
        not, a host that was rolled back and then rebooted goes forward again.
      - With O(version) or O(checksum) it names the deployment to go to. It must still be on the host.
      - No other change can be given with V(rolled_back).
    type: str
    choices: [present, rolled_back]
    default: present
  ref:
    description:
      - The OSTree branch that the host follows, C(remote:branch). Without a remote it is a branch of the present one.
      - Excludes O(image).
    type: str
  image:
    description:
      - The container image that the host follows, and how it is verified. For example
        V(ostree-image-signed:docker://registry.example.com/os:stable) by the signature policy of the host,
        V(ostree-remote-image:fedora:docker://registry.example.com/os:stable) by the keys of an OSTree remote,
        V(ostree-unverified-registry:registry.example.com/os:stable) not at all.
      - Excludes O(ref).
    type: str
  version:
    description:
      - The version of the base, on the branch that the host follows.
      - Excludes O(checksum), O(image) and O(upgrade).
    type: str
  checksum:
    description:
      - The commit of the base (64 hexadecimal digits). On a host that follows a container image, the digest of the
        image (V(sha256:…)).
      - Excludes O(version), O(image) and O(upgrade).
    type: str
  upgrade:
    description:
      - Whether the base is to be the newest commit of the branch or image.
      - What is there is looked up with C(ostree remote summary) or C(skopeo inspect). Where that does not tell,
        RV(upgrade) is V(unknown), and only the run itself finds out whether it changes anything.
    type: bool
    default: false
  packages:
    description:
      - Packages that are requested. One that the base provides is requested too, and layered when the base loses it.
      - Others that are requested stay.
    type: list
    elements: str
    default: []
  absent_packages:
    description:
      - Packages that are not requested. This does not touch packages of the base, see O(removed_base_packages).
    type: list
    elements: str
    default: []
  removed_base_packages:
    description:
      - The packages that are taken out of the base. This is the whole list, so V([]) brings back all that were removed.
    type: list
    elements: str
  overrides:
    description:
      - The packages that stand in for those of the base. This is the whole list, so V([]) brings the base's own back.
    type: list
    elements: dict
    suboptions:
      rpm:
        description:
          - A package as a file on the host, or its address.
          - Its name must be V(name-version-release.arch.rpm), because by it the module knows whether the host has it.
        type: str
      name:
        description: The name of a base package that O(overrides[].repo) has in another version.
        type: str
      repo:
        description: An enabled package repository of the host.
        type: str
  kernel_arguments:
    description:
      - The kernel arguments of the next boot. Arguments that are not named stay.
    type: dict
    suboptions:
      present:
        description: Arguments that are there, V(key) or V(key=value), compared as a whole. One key may have several
          values.
        type: list
        elements: str
        default: []
      absent:
        description: Arguments that are not there. V(key) means it with whatever values, V(key=value) just that one.
        type: list
        elements: str
        default: []
      replaced:
        description: Keys that have exactly this one value.
        type: dict
        default: {}
  initramfs:
    description:
      - Whether the initramfs is made on the host instead of taken from the base.
    type: dict
    suboptions:
      enabled:
        description: Whether it is. The default is V(true) when O(initramfs.args) is given.
        type: bool
      args:
        description: Arguments of dracut, the whole list. Without it they stay as they are.
        type: list
        elements: str
  pinned:
    description:
      - The deployments that are kept when others are cleaned up. This is the whole list, so V([]) unpins all.
      - Each is V(booted), V(rollback), or the version, commit or digest of a deployment that the host has.
    type: list
    elements: str
  apply_live:
    description:
      - Whether added packages also go into the running system.
      - That is done only where packages are added and nothing else changes. Otherwise there is a warning, and the
        change waits for the reboot.
      - No reboot is needed for what was applied so. The deployment behind it is finished only when the node shuts down
        in order (C(ostree-finalize-staged.service)), so a power cut before that takes the packages with it, and the
        same task brings them back.
    type: bool
    default: false
  cleanup:
    description:
      - What is removed, before anything else is done.
      - V(pending) is a deployment that waits for a reboot, and excludes options that make one. V(rollback) is the
        deployment from before. V(repomd) are cached package metadata. V(base) are leftovers of the base; only
        rpm-ostree knows whether there are any, so it is always tried. Pinned deployments stay.
    type: list
    elements: str
    choices: [base, pending, rollback, repomd]
    default: []
  allow_downgrade:
    description: Whether the base may become older than it is.
    type: bool
    default: false
  bypass_driver:
    description: Whether the base may be moved although an active agent drives updates, for example Zincati.
    type: bool
    default: false
  timeout:
    description:
      - Seconds to wait for a transaction that somebody else has started, or for a host that does not answer any more.
        The time counts anew when something went on.
      - An identical transaction is joined, and a transaction of the module's own may take any time.
    type: int
    default: 600
notes:
  - The initramfs and an upgrade solve layered packages anew, too. Kernel arguments, rollbacks, removals of packages and
    overrides do not.
  - A lost connection is no failure. rpm-ostree goes on, and the module looks at what became of it.
seealso:
  - module: evergreen.fleet.ostree_host_info
  - module: evergreen.fleet.node_reboot
"""

EXAMPLES = r"""
- name: Two packages, and one not any more
  evergreen.fleet.ostree_host:
    packages: [strace, zsh]
    absent_packages: [tcpdump]

- name: Another stream, and Docker from its own repository instead of the one in the base, with a single reboot
  evergreen.fleet.ostree_host:
    ref: fedora:fedora/x86_64/coreos/testing
    removed_base_packages: [moby-engine]
    packages: [docker-ce]
  register: host

- name: Reboot when that is needed
  evergreen.fleet.node_reboot:
  when: host.reboot_needed

- name: An exact image
  evergreen.fleet.ostree_host:
    image: "ostree-image-signed:docker://registry.example.com/fleet/os@{{ digest }}"
    bypass_driver: true

- name: Kernel arguments
  evergreen.fleet.ostree_host:
    kernel_arguments:
      present: ["console=tty0", "console=ttyS0,115200n8"]
      absent: [quiet]
      replaced:
        mitigations: auto,nosmt

- name: Keep what runs now, whatever comes
  evergreen.fleet.ostree_host:
    pinned: [booted]

- name: Is there an update?
  evergreen.fleet.ostree_host:
    upgrade: true
  check_mode: true
  register: update

- name: Back to the deployment before
  evergreen.fleet.ostree_host:
    state: rolled_back
"""

RETURN = r"""
steps:
  description: The commands that were run, or in check mode would be, in their order, each with C(argv) and C(reason).
  type: list
  elements: dict
  returned: always
  sample:
    - argv: [rpm-ostree, install, --allow-inactive, strace]
      reason: strace is not requested
upgrade:
  description:
    - Whether there is something newer to upgrade to. V(not_asked), V(none), V(available), or V(unknown) where only an
      upgrade can tell. With V(unknown), check mode says changed, and a run says whether it did.
  type: str
  returned: always
  sample: none
default:
  description: The deployment that boots next, as RV(evergreen.fleet.ostree_host_info#module:deployments) has it.
  type: dict
  returned: always
reboot_needed:
  description: Whether a reboot changes what runs.
  type: bool
  returned: always
  sample: true
reboot_reason:
  description: Why, or why not.
  type: str
  returned: always
  sample: a staged deployment, 43.20260119.3.0 (c6c1c9a9c8), is the default
moved_packages:
  description: Packages that were layered before, and that an installation moved to another version with it.
  type: list
  elements: str
  returned: always
  sample: ["python3-requests 2.32.3-3.fc41 -> 2.32.3-4.fc41"]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.node import Node
from ..module_utils.ostree.converge import converge
from ..module_utils.ostree.transaction import Patience
from ..module_utils.ostree.wanted import Wanted
from ..module_utils.outcome import serve

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "state": {"type": "str", "choices": ["present", "rolled_back"], "default": "present"},
    "ref": {"type": "str"},
    "image": {"type": "str"},
    "version": {"type": "str"},
    "checksum": {"type": "str"},
    "upgrade": {"type": "bool", "default": False},
    "packages": {"type": "list", "elements": "str", "default": []},
    "absent_packages": {"type": "list", "elements": "str", "default": []},
    "removed_base_packages": {"type": "list", "elements": "str"},
    "overrides": {
        "type": "list",
        "elements": "dict",
        "options": {"rpm": {"type": "str"}, "name": {"type": "str"}, "repo": {"type": "str"}},
    },
    "kernel_arguments": {
        "type": "dict",
        "options": {
            "present": {"type": "list", "elements": "str", "default": []},
            "absent": {"type": "list", "elements": "str", "default": []},
            "replaced": {"type": "dict", "default": {}},
        },
    },
    "initramfs": {
        "type": "dict",
        "options": {"enabled": {"type": "bool"}, "args": {"type": "list", "elements": "str"}},
    },
    "pinned": {"type": "list", "elements": "str"},
    "apply_live": {"type": "bool", "default": False},
    "cleanup": {
        "type": "list",
        "elements": "str",
        "choices": ["base", "pending", "rollback", "repomd"],
        "default": [],
    },
    "allow_downgrade": {"type": "bool", "default": False},
    "bypass_driver": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 600},
}


def run(node: Node, params: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    return converge(node, Wanted.from_params(params), check, Patience(params["timeout"]))


def main() -> None:
    serve(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), run)


if __name__ == "__main__":
    main()
