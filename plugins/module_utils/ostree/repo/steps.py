# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps that are more than one command: Ed25519 signatures, and a summary that appears together with its signatures.

openssl signs, because ostree takes the secret key of a summary on its command line only, where every user of the host
can read it, and because not every ostree was built with Ed25519. The result is the same: RFC 8032 leaves no choice.
"""

from __future__ import annotations

import base64
import typing as t
from dataclasses import dataclass

from ...node import Node
from . import scripts
from .objects import with_signature


@dataclass(frozen=True)
class SignCommit:
    """Adds an Ed25519 signature to a commit."""

    repo: str
    commit: str
    key: str

    def apply(self, node: Node) -> None:
        path = f"{self.repo}/objects/{self.commit[:2]}/{self.commit[2:]}.commit"
        _add_signatures(node, path, f"{path}meta", (self.key,))

    def report(self) -> dict[str, t.Any]:
        return {"sign": self.commit, "key": self.key, "reason": f"{self.key} has not signed {self.commit[:10]}"}


@dataclass(frozen=True)
class UpdateSummary:
    """Writes the summary anew, signs it, and shows both to clients at once."""

    repo: str
    gpg_keys: tuple[str, ...]
    gpg_home: str | None
    ed25519_keys: tuple[str, ...]
    reason: str

    def apply(self, node: Node) -> None:
        options = [f"--gpg-sign={key}" for key in self.gpg_keys]
        options += [f"--gpg-homedir={self.gpg_home}"] if self.gpg_keys else []
        prepared = node.run(("sh", "-c", scripts.PREPARE_SUMMARY, "sh", self.repo, scripts.EXTENSION, *options))
        folder = prepared.stdout.split()[-1]
        summary = f"{self.repo}/{scripts.EXTENSION}/{folder}/summary"
        _add_signatures(node, summary, f"{summary}.sig", self.ed25519_keys)
        node.run(("sh", "-c", scripts.PUBLISH_SUMMARY, "sh", self.repo, scripts.EXTENSION, folder))

    def report(self) -> dict[str, t.Any]:
        return {"write": f"{self.repo}/summary", "reason": self.reason}


def _add_signatures(node: Node, path: str, signatures: str, keys: tuple[str, ...]) -> None:
    present = node.read([signatures])[signatures] if keys else None
    content = present.content if present else b""
    for key in keys:
        signed = node.run(("sh", "-c", scripts.SIGN, "sh", key, path))
        content = with_signature(content, base64.b64decode(signed.stdout))
    if keys:
        node.write(signatures, content)
