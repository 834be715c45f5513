#!/usr/bin/python
# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ostree_repo
short_description: Say what an OSTree repository has
version_added: 0.1.0
author:
  - evergreen.fleet contributors (@evergreen-fleet)
description:
  - Declares a repository that hosts get their operating system from. Where its refs come from and which commit each is
    at, who has signed them, the static deltas to them, the summary, and how much history is kept. What is not given
    stays as it is.
  - The module compares first, and runs nothing that changes the repository when it is as wanted. A remote is looked
    at, its signatures checked, and a tree committed for comparison, in a temporary repository that is removed again. So
    what cannot be had, or must not be trusted, is known before anything is touched, in check mode too.
  - A run that is killed leaves a repository that clients can use. Clients find commits through the summary, and it
    appears with its signatures in one instant, after everything it names is there. The next run finishes the work.
  - Needs nothing on the host but C(sh), the coreutils and ostree. With O(gpg_keys) also C(gpg), with O(ed25519_keys)
    also C(openssl) 3.
extends_documentation_fragment:
  - evergreen.fleet.attributes
attributes:
  check_mode:
    details: A commit that does not exist yet goes by the name of its ref in RV(steps). Deltas from older commits of a
      remote, and what only the run itself makes unreachable, are not predicted.
options:
  path:
    description:
      - The folder of the repository, an absolute path on the host. It is made when it is not there or empty.
      - It is an error when something else is there.
    type: path
    required: true
  mode:
    description:
      - How the repository stores files. A repository that serves others has V(archive).
      - The mode of a repository never changes, so it is an error when it has another one.
    type: str
    choices: [archive, bare, bare-user, bare-user-only]
    default: archive
  collection_id:
    description:
      - The collection ID, a reversed domain name, for example V(com.example.Fleet). Commits are bound to it from then
        on.
      - Without it, that of the repository stays as it is.
    type: str
  remotes:
    description: Repositories that refs are mirrored from. Others that the repository has stay.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name that O(refs[].remote) uses.
        type: str
        required: true
      url:
        description: The address of the repository, V(https://…), V(http://…) or V(file://…), without a password in it.
        type: str
        required: true
      verify:
        description:
          - Whether commits must be signed with one of the keys below. With both kinds of keys a commit needs a
            signature of each kind.
          - V(false) trusts whoever answers at O(remotes[].url), and goes without keys.
        type: bool
        default: true
      gpg_keys:
        description: Files or folders of public GPG keys, absolute paths on the host.
        type: list
        elements: path
        default: []
      ed25519_keys:
        description:
          - A file of public Ed25519 keys, one a line in base64, an absolute path on the host.
          - It is an error where the host's ostree was built without Ed25519, as Debian's is.
        type: path
      tls_ca:
        description: A file with the certificates that the remote's is checked with. The default are those of the host.
        type: path
      tls_client_certificate:
        description: A file with the certificate that the host shows. Goes with O(remotes[].tls_client_key).
        type: path
      tls_client_key:
        description: The file with the key of O(remotes[].tls_client_certificate).
        type: path
  refs:
    description:
      - Refs, and for each at most one source that says which commit it is at. Without a source it stays where it is,
        and is an error where it does not exist. Refs that are not listed stay.
      - The sources are O(refs[].remote), O(refs[].tree), O(refs[].tar), O(refs[].from_ref) and O(refs[].commit).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name, without a remote.
        type: str
        required: true
      state:
        description: With V(absent) the ref is removed. Its commits stay until O(prune_depth) takes them.
        type: str
        choices: [present, absent]
        default: present
      remote:
        description:
          - The remote that has a ref of the same name, whose commits are mirrored with their signatures.
          - It is an error when the remote has no such ref, or its commit is not signed as the remote's keys want it.
        type: str
      depth:
        description: How many commits before the newest one are mirrored too. V(-1) means all.
        type: int
        default: 0
      tree:
        description:
          - A folder on the host that is committed when it differs from the ref in content, modes, owners or extended
            attributes.
          - To compare, all of it is read and packed into E(TMPDIR) or C(/var/tmp), which needs as much room.
        type: path
      tar:
        description: A tar file on the host, as O(refs[].tree).
        type: path
      from_ref:
        description:
          - The ref of this repository that this one is promoted to, for example the one that canaries follow.
          - The commit itself is taken, so what was tried is what is released. That is only possible for a commit that
            is bound to this ref too, because clients refuse others. See O(refs[].bindings) and O(refs[].rebind).
        type: str
      commit:
        description: A commit of this repository (64 hexadecimal digits), as O(refs[].from_ref).
        type: str
      rebind:
        description:
          - Whether a commit that is not bound to this ref is committed again with the same tree and metadata, bound to
            this ref. That is another commit, with a checksum of its own, and needs signatures of its own.
          - With V(false) it is an error.
        type: bool
        default: false
      allow_older:
        description: Whether the ref may go to a commit that is older than the one it is at. Clients refuse that by
          default.
        type: bool
        default: false
      bindings:
        description: Further refs that a new commit may be promoted to.
        type: list
        elements: str
        default: []
      subject:
        description: One line about a new commit. It alone makes no new one.
        type: str
        default: ""
      metadata:
        description: Texts in the metadata of the commit, for example V(version). A difference makes a new commit.
        type: dict
        default: {}
      bootable:
        description: Whether a new commit is marked as bootable. It must have a kernel then.
        type: bool
        default: false
      root_owned:
        description: Whether all files belong to root in the commit, whoever owns them in O(refs[].tree).
        type: bool
        default: false
  gpg_keys:
    description:
      - Fingerprints of the GPG keys that sign the commits that O(refs) are at, and the summary. Other signatures stay.
      - Signing with a key that has a passphrase works only while the agent of O(gpg_home) knows it. gpg starts that
        agent where it does not run, and leaves it running.
    type: list
    elements: str
    default: []
  gpg_home:
    description: The GnuPG home folder on the host that has the secret keys of O(gpg_keys).
    type: path
  ed25519_keys:
    description:
      - Files on the host with an Ed25519 secret key each, that sign as O(gpg_keys) do. PEM as C(openssl genpkey)
        writes it, without a passphrase, or 64 bytes in base64 as C(ostree sign) reads it. The key never leaves the host
        and is on no command line.
      - The host's ostree need not know Ed25519 to sign. That of clients must, to verify.
    type: list
    elements: path
    default: []
  static_deltas:
    description:
      - From how many commits before the one that a ref of O(refs) is at there are static deltas to it. When the run
        moves the ref, also from where it was.
      - When given, static deltas to commits that no ref is at are removed. Without it all stay.
    type: int
  scratch_deltas:
    description: Whether there is a static delta from nothing to the commit of each of O(refs), for first
      installations.
    type: bool
    default: false
  summary:
    description:
      - Whether the summary is kept up to date and signed. Clients need it to find static deltas.
      - With V(false) a ref shows a new commit before it is signed.
    type: bool
    default: true
  prune_depth:
    description:
      - How many commits before the one that a ref is at are kept, for all refs. What no ref reaches within that is
        removed. Clients that are in the midst of getting it fail and try again.
      - Without it nothing is removed. RV(unreachable) says how much it is.
    type: int
seealso:
  - module: evergreen.fleet.ostree_host
  - name: ostree.repo-config(5)
    description: What the module writes into the configuration of the repository.
    link: https://ostreedev.github.io/ostree/man/ostree.repo-config.html
"""

EXAMPLES = r"""
- name: A mirror with two older commits, signed with our key too
  evergreen.fleet.ostree_repo:
    path: /srv/ostree/repo
    remotes:
      - name: fedora-iot
        url: https://ostree.example.com/iot
        gpg_keys: [/etc/pki/rpm-gpg/RPM-GPG-KEY-fedora-43-primary]
    refs:
      - name: fedora/stable/x86_64/iot
        remote: fedora-iot
        depth: 2
    gpg_home: /srv/ostree/gnupg
    gpg_keys: [0123456789ABCDEF0123456789ABCDEF01234567]
    static_deltas: 2
    prune_depth: 2

- name: Our own tree for the canaries, which may be promoted later
  evergreen.fleet.ostree_repo:
    path: /srv/ostree/repo
    refs:
      - name: fleet/x86_64/canary
        tree: /srv/build/rootfs
        root_owned: true
        bootable: true
        bindings: [fleet/x86_64/stable]
        metadata:
          version: "43.7"
    ed25519_keys: [/srv/ostree/keys/fleet.pem]

- name: What the canaries have is for all
  evergreen.fleet.ostree_repo:
    path: /srv/ostree/repo
    refs:
      - name: fleet/x86_64/stable
        from_ref: fleet/x86_64/canary
    ed25519_keys: [/srv/ostree/keys/fleet.pem]
    static_deltas: 1

- name: How much would a shorter history free?
  evergreen.fleet.ostree_repo:
    path: /srv/ostree/repo
    prune_depth: 1
  check_mode: true
  register: repository
"""

RETURN = r"""
steps:
  description:
    - What was done, or in check mode would be, in its order, each with C(reason), and C(argv) for a command, C(write)
      for a file, or C(sign) and C(key) for an Ed25519 signature.
  type: list
  elements: dict
  returned: always
  sample:
    - argv: [ostree, pull, --repo=/srv/ostree/repo, --mirror, --depth=2, fedora-iot, fedora/stable/x86_64/iot]
      reason: fedora-iot has 3fa1c2d9e0
refs:
  description:
    - The refs of O(refs) as they are now. In check mode, as they would be, and C(commit) is V(null) where there is
      none yet.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: The ref.
      type: str
    commit:
      description: The commit it is at.
      type: str
    version:
      description: The version in the metadata of the commit.
      type: str
    timestamp:
      description: When it was committed, in seconds since 1970.
      type: int
    bindings:
      description: The refs it is bound to. Empty for a commit without bindings.
      type: list
      elements: str
    signed_by:
      description: Which of O(gpg_keys) and O(ed25519_keys) have signed it.
      type: list
      elements: str
static_deltas:
  description: All static deltas, C(from-to), or C(to) for one from nothing.
  type: list
  elements: str
  returned: always
ed25519_public_keys:
  description: The public keys of O(ed25519_keys) in base64, as clients need them, by path.
  type: dict
  returned: always
  sample:
    /srv/ostree/keys/fleet.pem: 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
unreachable:
  description:
    - What no ref reached within O(prune_depth), and the run removed, or in check mode would remove. V(null) without
      O(prune_depth).
    - While an interrupted pull has left a commit within O(prune_depth) incomplete, only commits and their signatures
      are counted. What else no ref reaches is removed together with the next such commit.
  type: dict
  returned: always
  contains:
    commits:
      description: How many of the objects are commits.
      type: int
    objects:
      description: How many files of the repository.
      type: int
    bytes:
      description: Their size in bytes, without the static deltas that go with them.
      type: int
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.node import Node
from ..module_utils.ostree.repo.converge import converge
from ..module_utils.ostree.repo.wanted import Wanted
from ..module_utils.outcome import serve

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "path": {"type": "path", "required": True},
    "mode": {"type": "str", "choices": ["archive", "bare", "bare-user", "bare-user-only"], "default": "archive"},
    "collection_id": {"type": "str"},
    "remotes": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "url": {"type": "str", "required": True},
            "verify": {"type": "bool", "default": True},
            "gpg_keys": {"type": "list", "elements": "path", "default": [], "no_log": False},
            "ed25519_keys": {"type": "path", "no_log": False},
            "tls_ca": {"type": "path"},
            "tls_client_certificate": {"type": "path"},
            "tls_client_key": {"type": "path", "no_log": False},
        },
    },
    "refs": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "remote": {"type": "str"},
            "depth": {"type": "int", "default": 0},
            "tree": {"type": "path"},
            "tar": {"type": "path"},
            "from_ref": {"type": "str"},
            "commit": {"type": "str"},
            "rebind": {"type": "bool", "default": False},
            "allow_older": {"type": "bool", "default": False},
            "bindings": {"type": "list", "elements": "str", "default": []},
            "subject": {"type": "str", "default": ""},
            "metadata": {"type": "dict", "default": {}},
            "bootable": {"type": "bool", "default": False},
            "root_owned": {"type": "bool", "default": False},
        },
    },
    "gpg_keys": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "gpg_home": {"type": "path"},
    "ed25519_keys": {"type": "list", "elements": "path", "default": [], "no_log": False},
    "static_deltas": {"type": "int"},
    "scratch_deltas": {"type": "bool", "default": False},
    "summary": {"type": "bool", "default": True},
    "prune_depth": {"type": "int"},
}


def run(node: Node, params: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    return converge(node, Wanted.from_params(params), check)


def main() -> None:
    serve(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), run)


if __name__ == "__main__":
    main()
