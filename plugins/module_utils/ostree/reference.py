# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What deployments are made from: OSTree refs, commits, and container images, each in its many spellings."""

from __future__ import annotations

import re
from dataclasses import dataclass

COMMIT = re.compile(r"[0-9a-f]{64}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

# libostree: a remote, and a branch of fragments between slashes.
_REF = re.compile(r"(?:(?P<remote>\w[-.\w]*):)?(?P<branch>\w[-.\w]*(?:/[-.\w]+)*)")

_REGISTRY = ("docker://", "registry:")
_IMAGE = re.compile(
    r"ostree-(?P<kind>unverified-registry|unverified-image|image-signed|remote-registry|remote-image):(?P<rest>.+)"
)


@dataclass(frozen=True)
class Ref:
    """A branch of a remote, ``remote:branch``. Without a remote it is one of the local repository."""

    remote: str | None
    branch: str

    @classmethod
    def parse(cls, text: str) -> Ref | None:
        """None for what is no ref."""
        # The prefix is of the time before 2018; rpm-ostree still takes it.
        found = _REF.fullmatch(text[len("ostree://") :] if text.startswith("ostree://") else text)
        return found and cls(found["remote"], found["branch"])

    def is_met_by(self, other: Ref | None) -> bool:
        """Without a remote rpm-ostree keeps the one that is there, so any will do."""
        return other is not None and self.branch == other.branch and self.remote in (None, other.remote)


@dataclass(frozen=True)
class Image:
    """A container image with an OSTree commit in it, and how it is verified.

    The same image can be written in several ways; equal ones compare equal. The forms are those of
    ostree-rs-ext: ``ostree-image-signed:docker://NAME`` and so on.
    """

    verification: str
    """``signed`` (by the host's policy for containers), ``remote`` (keys of an OSTree remote) or ``unverified``."""
    remote: str | None
    transport: str
    """``registry``, or another one of containers-transports(5) with its colon."""
    name: str

    @classmethod
    def parse(cls, text: str) -> Image | None:
        """None for what is no such reference."""
        found = _IMAGE.fullmatch(text)
        if found is None:
            return None
        kind, rest = found["kind"], found["rest"]
        remote = None
        if kind.startswith("remote"):
            remote, _colon, rest = rest.partition(":")
        if kind.endswith("registry"):
            transport, name = "registry", rest
        else:
            transport, name = _transport(rest)
        if not name or remote == "":
            return None
        return cls(_VERIFICATION[kind.partition("-")[0]], remote, transport, name)

    @property
    def digest(self) -> str | None:
        """The digest that the reference itself names: it never has updates."""
        _name, _at, digest = self.name.partition("@")
        return digest or None


_VERIFICATION = {"unverified": "unverified", "image": "signed", "remote": "remote"}


def _transport(text: str) -> tuple[str, str]:
    for prefix in _REGISTRY:
        if text.startswith(prefix):
            return "registry", text[len(prefix) :]
    transport, _colon, name = text.partition(":")
    return f"{transport}:", name
