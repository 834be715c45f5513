# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create secrets of podman, and tell by a salted digest in a label whether one still has a value."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import typing as t
from dataclasses import dataclass

from ..node import Node
from .model import Secret
from .owner import run_as
from .state import DIGEST_LABEL

# Slow on purpose: the label is no way to guess a short secret.
_ROUNDS = 100_000


def matches(found: str, value: str) -> bool:
    """Whether a label is of this value."""
    salt, colon, digest = found.partition(":")
    return bool(colon) and hmac.compare_digest(digest, _digest(salt, value))


def _digest(salt: str, value: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", value.encode(), salt.encode(), _ROUNDS).hex()


@dataclass(frozen=True)
class PutSecret:
    """A step that creates a secret. Its value goes to podman's input; the digest is part of no report either."""

    user: str
    secret: Secret
    reason: str
    replace: bool
    """Whether podman is told to replace one that is there."""

    def apply(self, node: Node) -> None:
        salt = secrets.token_hex(16)
        argv = self._argv(f"{DIGEST_LABEL}={salt}:{_digest(salt, self.secret.value)}")
        run_as(node, self.user, argv, stdin=self.secret.value.encode())

    def report(self) -> dict[str, t.Any]:
        return {"argv": list(self._argv(DIGEST_LABEL)), "user": self.user, "reason": self.reason}

    def _argv(self, label: str) -> tuple[str, ...]:
        options = ("--replace",) if self.replace else ()
        return ("podman", "secret", "create", *options, "--label", label, self.secret.name, "-")
