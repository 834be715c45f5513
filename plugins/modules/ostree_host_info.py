#!/usr/bin/python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ostree_host_info
short_description: Read the deployments of an OSTree host
version_added: 0.1.0
author:
  - evergreen.fleet contributors (@evergreen-fleet)
description:
  - Returns everything about the deployments of a host that rpm-ostree manages, for example Fedora CoreOS, Fedora IoT or
    RHEL for Edge. Where updates come from, what is layered and what only requested, overrides, kernel arguments,
    what is staged, whether a reboot is needed and why.
  - Works with the versions of rpm-ostree since 2019, whatever keys their C(rpm-ostree status --json) has.
  - Needs nothing on the host but C(sh), the coreutils and rpm-ostree, and costs one round trip.
extends_documentation_fragment:
  - evergreen.fleet.attributes
attributes:
  diff_mode:
    support: none
    details: It changes nothing.
options: {}
seealso:
  - module: evergreen.fleet.ostree_host
  - module: evergreen.fleet.node_reboot
"""

EXAMPLES = r"""
- name: Read the deployments
  evergreen.fleet.ostree_host_info:
  register: host

- name: Show what runs
  ansible.builtin.debug:
    msg: "{{ host.deployments[host.booted].origin.text }} {{ host.deployments[host.booted].version }}"

- name: Reboot the hosts that wait for it
  evergreen.fleet.node_reboot:
  when: host.reboot_needed
"""

RETURN = r"""
deployments:
  description:
    - The bootable trees of the host in their order. The first one boots next.
    - The keys are those of C(rpm-ostree status --json) with underscores and without C(requested-base-) before
      overrides. The commit metadata are left out.
  type: list
  elements: dict
  returned: always
  contains:
    index:
      description: Its place in the list.
      type: int
      sample: 0
    id:
      description: Its name, C(STATEROOT-CHECKSUM.SERIAL).
      type: str
      sample: fedora-coreos-5ff49ca469b1ec8efc922c5e972c166f072e2535c582af62891f74360c70ad84.0
    osname:
      description: The stateroot.
      type: str
      sample: fedora-coreos
    checksum:
      description: Its commit.
      type: str
      sample: 5ff49ca469b1ec8efc922c5e972c166f072e2535c582af62891f74360c70ad84
    serial:
      description: Tells deployments of the same commit apart.
      type: int
      sample: 0
    booted:
      description: Whether it runs.
      type: bool
      sample: true
    staged:
      description: Whether it becomes bootable only when the host shuts down.
      type: bool
      sample: false
    pinned:
      description: Whether it is kept when others are cleaned up.
      type: bool
      sample: false
    unlocked:
      description: V(none), V(development), V(hotfix) or V(transient).
      type: str
      sample: none
    finalization_locked:
      description: Whether it is staged and stays out of the boot loader until it is released.
      type: bool
      sample: false
    origin:
      description: Where its updates come from.
      type: dict
      contains:
        kind:
          description: V(ref), V(image), or V(checksum) when it is pinned to a commit.
          type: str
          sample: image
        text:
          description: The ref, the image reference or the commit.
          type: str
          sample: ostree-image-signed:docker://registry.example.com/os:stable
        custom:
          description: Address and description that a rebase recorded.
          type: list
          elements: str
    digest:
      description: Of the container image.
      type: str
      sample: sha256:688fb50c9f19fecb638f660d2ad66fcafe47cb31d7a3cef98370dbde4d3315e9
    version:
      description: Of the commit.
      type: str
      sample: 43.20251214.3.0
    timestamp:
      description: When the commit was made, in seconds since 1970.
      type: int
      sample: 1767381474
    created:
      description: When the deployment was made on this host, in seconds since 1970. Null where the file system does
        not tell.
      type: int
      sample: 1767390000
    base:
      description: The C(checksum), C(version) and C(timestamp) of the commit without anything layered on it.
      type: dict
    layered:
      description: Whether something is layered on the base.
      type: bool
      sample: true
    kernel_arguments:
      description: In their order, without C(ostree=). Null when no file tells them.
      type: list
      elements: str
      sample: [rw, console=tty0, "console=ttyS0,115200n8"]
    requested_packages:
      description: The packages that were asked for.
      type: list
      elements: str
      sample: [bash, htop]
    packages:
      description: Those that are really layered.
      type: list
      elements: str
      sample: [htop]
    inactive_packages:
      description: Those that are not, because the base provides them.
      type: list
      elements: str
      sample: [bash]
    local_packages:
      description: Requested packages that came as a file.
      type: list
      elements: str
    fileoverride_packages:
      description: The same, allowed to replace files of others.
      type: list
      elements: str
    requested_removals:
      description: The base packages that were asked to be taken out.
      type: list
      elements: str
      sample: [moby-engine]
    removals:
      description: Those that really are, with C(nevra) and C(name).
      type: list
      elements: dict
    inactive_removals:
      description: Those that are not.
      type: list
      elements: str
    requested_replacements:
      description: The packages, as files, that were asked to stand in for base packages.
      type: list
      elements: str
    replacements:
      description: Those that really do, each with C(new) and C(old).
      type: list
      elements: dict
    inactive_replacements:
      description: Those that do not.
      type: list
      elements: str
    requested_remote_replacements:
      description: The base packages that were asked to come from a repository, each with C(source) and C(packages).
      type: list
      elements: dict
    remote_replacements:
      description: Those that really do.
      type: list
      elements: dict
    requested_modules:
      description: Modularity, in versions 2021.9 to 2024.6.
      type: list
      elements: str
    initramfs:
      description: C(regenerate), C(args) and C(etc_files).
      type: dict
      sample: {regenerate: false, args: [], etc_files: []}
    cliwrap:
      description: Whether commands such as C(rpm) are wrapped.
      type: bool
      sample: false
    live_replaced:
      description: The commit that was applied to the running system.
      type: str
    live_inprogress:
      description: The commit whose live application was interrupted.
      type: str
    gpg_enabled:
      description: Whether the remote verifies commits. Null where that has no meaning.
      type: bool
    signatures:
      description: The signatures of the commit, with C(valid), C(fingerprint), C(user) and C(timestamp).
      type: list
      elements: dict
    remote_error:
      description: Why the remote of the origin cannot be used.
      type: str
    pending_base:
      description: What the ref has locally been pulled to, when that is not the base.
      type: dict
    end_of_life:
      description: What the commit says about its end of life.
      type: str
default:
  description: The place of the deployment that the next transaction starts from.
  type: int
  returned: always
  sample: 0
booted:
  description: The place of the deployment that runs.
  type: int
  returned: always
  sample: 1
staged:
  description: The place of the staged deployment, or null.
  type: int
  returned: always
  sample: 0
pending:
  description: The places of the deployments before the booted one.
  type: list
  elements: int
  returned: always
  sample: [0]
rollback:
  description: The place of the deployment that C(rpm-ostree rollback) goes back to, or null.
  type: int
  returned: always
  sample: 2
pinned:
  description: The places of the pinned deployments.
  type: list
  elements: int
  returned: always
  sample: []
stateroot:
  description: The stateroot that runs.
  type: str
  returned: always
  sample: fedora-coreos
running_kernel_arguments:
  description: What the running kernel was started with.
  type: list
  elements: str
  returned: always
  sample: ["BOOT_IMAGE=(hd0,gpt3)/ostree/fedora-coreos-1a2b/vmlinuz", rw]
transaction:
  description: What the daemon is doing, with C(method), C(sender) and C(path). Null when it is idle.
  type: dict
  returned: always
cached_update:
  description: What the last check for updates found, or null.
  type: dict
  returned: always
update_driver:
  description: The agent that drives updates, with C(name) and C(unit), or null.
  type: dict
  returned: always
  sample: {name: Zincati, unit: zincati.service}
automatic_update_policy:
  description: C(AutomaticUpdatePolicy) of C(/etc/rpm-ostreed.conf).
  type: str
  returned: always
  sample: none
lock_layering:
  description: C(LockLayering) of C(/etc/rpm-ostreed.conf).
  type: bool
  returned: always
  sample: false
boot_free_kib:
  description: The room on C(/boot), in KiB.
  type: int
  returned: always
  sample: 91234
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
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.node import Node
from ..module_utils.ostree.facts import host_facts
from ..module_utils.ostree.survey import read_host
from ..module_utils.outcome import serve

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {}


def run(node: Node, params: dict[str, t.Any], check: bool) -> dict[str, t.Any]:  # noqa: ARG001 - all modules alike
    return {"changed": False, **host_facts(read_host(node))}


def main() -> None:
    serve(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), run)


if __name__ == "__main__":
    main()
