# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What rpm-ostree's errors mean, in one sentence that names the option and the way out.

The tool has no codes for them, only text. It decides nothing here but the words that a user reads: the whole output
is in the error's details.
"""

from __future__ import annotations

import re

from ..errors import CommandError

_SENTENCES = (
    (r"Packages not found: (?P<what>.+)", "packages: no enabled repository of the host has {what}"),
    (
        r'"(?P<what>[^"]+)" is already provided by',
        "packages: {what} is part of the base, and cannot be requested together with what else is wanted; request it "
        "in a task of its own",
    ),
    (
        r"(?:No such branch|No such metadata object) '?(?P<what>[^' ]+)|Couldn't find (?:branch|ref) (?P<also>\S+)",
        "ref: the remote does not know {what}; ostree remote refs lists what it has",
    ),
    (r"While pulling (?P<what>\S+): Server returned HTTP 404", "ref: the remote does not know {what}"),
    (r'Remote "(?P<what>[^"]+)" not found', "ref: the host has no remote {what}; ostree remote add makes one"),
    (
        r"No enabled repositories|Updating rpm-md repo '(?P<what>[^']+)'",
        "packages: the package repositories of the host cannot be read",
    ),
    (
        r"manifest unknown|name unknown|repository name not known",
        "image: the registry does not know this image",
    ),
    (
        r"GPG (?:signatures found|verification enabled)|Can't check signature|BAD signature|public key not found|"
        r"No signatures found|signature was required|rejected by policy|cryptographic signature verification failed|"
        r"insecureAcceptAnything",
        "the signature of the wanted commit or image does not verify, so nothing was deployed; give the host the right "
        "key",
    ),
    (
        r"chronologically older",
        "what is wanted is older than what the host has; set allow_downgrade to true if that is meant",
    ),
    (
        r"[Bb]ootfs|boot/.*No space left on device|Installing kernel: .*No space left on device",
        "/boot is full; free some with cleanup: [rollback], or unpin deployments",
    ),
    (
        r"No space left on device|min-free-space",
        "the disk of the host is full; free some with cleanup: [rollback, base]",
    ),
    (
        r"Updates and deployments are driven by (?P<what>[^(\n]+)",
        "updates of this host are the business of {what}; set bypass_driver to true to do it all the same",
    ),
    (
        r"LockLayering=true",
        "/etc/rpm-ostreed.conf of this host has LockLayering=true; remove it there, or build what is wanted into the "
        "image",
    ),
    (r'Package "(?P<what>[^"]+)" not found', "removed_base_packages: the base has no package {what}"),
    (
        r'Multiple packages match "(?P<what>[^"]+)"',
        "removed_base_packages: {what} means several packages; write the name",
    ),
    (r"Version (?P<what>\S+) not found", "version: the branch has no {what}"),
    (
        r"Checksum (?P<what>\S+) not found in",
        "checksum: {what} is no commit of the branch that the host follows",
    ),
    (
        r"Could not depsolve",
        "packages: what is wanted does not go together with the base or with what else is layered",
    ),
    (
        r"packages would be (?:removed|changed): (?P<what>\d+)",
        "apply_live: the new deployment replaces or removes {what} packages of the running system; it is there, reboot "
        "into it",
    ),
    (
        r"Bus owner changed|Lost connection|daemon (?:likely )?crashed",
        "the rpm-ostree daemon died, which happens when the host has too little memory for layering; nothing was "
        "deployed",
    ),
    (r"Reboot initiated", "the host is about to reboot and takes no new transaction"),
)


def sentence(error: CommandError) -> str:
    """The error in the words above, or else in rpm-ostree's own."""
    said = error.stderr or error.stdout
    for pattern, words in _SENTENCES:
        found = re.search(pattern, said)
        if found is not None:
            what = next((text.strip() for text in found.groupdict().values() if text), "it")
            return f"{words.format(what=what)} ({_own_words(said)})"
    # The environment that a transaction runs with is nothing to tell the user.
    command = error.argv[2:4] if error.argv[0] == "env" else error.argv[:2]
    return f"{' '.join(command)} failed: {_own_words(said)}" if said.strip() else error.message


def _own_words(said: str) -> str:
    """From the last ``error:`` on, on one line."""
    _before, found, rest = f"\n{said}".rpartition("\nerror: ")
    text = rest if found else said
    return " ".join(text.split())
