# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node has of a set, and of what the set needs: parsed from the answer of one script."""

from __future__ import annotations

import base64
import binascii
import json
import re
import typing as t
from dataclasses import dataclass, field

from .keys import Version
from .manifest import Manifest

_VERSION = re.compile(r"(\d+)\.(\d+)\S*")


class Unreadable(ValueError):
    """An answer that the script does not give."""


@dataclass(frozen=True)
class Found:
    """A file of the node."""

    content: bytes
    mode: int


@dataclass(frozen=True)
class UnitState:
    """What systemd says of a unit, in its own words."""

    name: str
    load: str = "not-found"
    active: str = "inactive"
    sub: str = "dead"
    file_state: str = ""
    needs_reload: bool = False
    type: str = ""
    result: str = ""
    ended: bool = False
    """Whether it has run and become inactive since its manager started."""

    @property
    def running(self) -> bool:
        return self.active in ("active", "activating", "reloading", "refreshing") and not self.failed

    @property
    def failed(self) -> bool:
        # One that waits for its next try has just failed too.
        return self.active == "failed" or self.sub.startswith("auto-restart")

    @property
    def done(self) -> bool:
        """Running, or a job that is over and went well."""
        return self.running or (self.type == "oneshot" and self.result == "success" and self.ended)


@dataclass(frozen=True)
class State:
    """Paths of a user's home begin with ``%h/``."""

    uid: int
    home: str
    linger: bool
    manager: bool
    """Whether the owner's systemd answers."""
    podman: Version | None
    podman_version: str = ""
    manifest: Manifest | None = None
    others: t.Mapping[str, Manifest] = field(default_factory=dict)
    """The other sets of the owner."""
    files: t.Mapping[str, Found] = field(default_factory=dict)
    quadlets: t.Mapping[str, str] = field(default_factory=dict)
    """Paths of all Quadlet files of the owner, by name."""
    secrets: t.Mapping[str, str] = field(default_factory=dict)
    """The label with the digest, by the name of a secret; empty for one without it."""
    units: t.Mapping[str, UnitState] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Whether the owner's systemd runs, and so podman can be asked."""
        return self.manager or self.uid == 0

    def unit(self, name: str) -> UnitState:
        return self.units.get(name, UnitState(name))


DIGEST_LABEL = "evergreen.fleet.digest"


def parse_state(answer: str, set_name: str) -> State:
    """Parse what the script of survey.py prints.

    :raises Unreadable: it is not whole.
    """
    head, mark, shown = answer.partition("units ")
    lines = [line.split(" ") for line in head.splitlines()]
    facts = {words[0]: words[1:] for words in lines if words[0] in ("owner", "linger", "podman")}
    rest = shown.split("\n", 1)
    if not mark or len(rest) != 2 or "owner" not in facts:
        raise Unreadable
    manifests = {name: Manifest.parse(decoded(content)) for kind, name, content in _three(lines) if kind == "manifest"}
    spelled = " ".join(facts.get("podman", ()))
    version = _VERSION.search(spelled)
    return State(
        uid=int(facts["owner"][0]),
        home=" ".join(facts["owner"][1:]),
        linger="linger" in facts,
        manager=rest[0] == "0",
        podman=(int(version[1]), int(version[2])) if version else None,
        podman_version=version[0] if version else "",
        manifest=manifests.pop(set_name, None),
        others=manifests,
        files=_files(lines),
        quadlets=_quadlets(lines),
        secrets=_secrets(lines),
        units={each.name: each for each in unit_states(rest[1])},
    )


def decoded(word: str) -> bytes:
    """Content as the scripts print it: base64 after a mark, because it may be empty."""
    try:
        return base64.b64decode(word[1:], validate=True)
    except binascii.Error as exc:
        raise Unreadable from exc


def _three(lines: t.Iterable[list[str]]) -> t.Iterator[tuple[str, str, str]]:
    for words in lines:
        if len(words) == 3:
            yield words[0], words[1], words[2]


def _files(lines: t.Iterable[list[str]]) -> dict[str, Found]:
    return {" ".join(words[3:]): Found(decoded(words[2]), int(words[1], 8)) for words in lines if words[0] == "file"}


def _quadlets(lines: t.Iterable[list[str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for words in lines:
        if words[0] == "quadlet":
            path = " ".join(words[1:])
            # The first folder of the search path wins.
            found.setdefault(path.rpartition("/")[2], path)
    return found


def _secrets(lines: t.Iterable[list[str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for words in lines:
        if words[0] == "secrets":
            try:
                for each in json.loads(decoded(words[1]) or b"[]"):
                    labels = each["Spec"].get("Labels") or {}
                    found[each["Spec"]["Name"]] = labels.get(DIGEST_LABEL, "")
            except (ValueError, KeyError, TypeError, AttributeError) as exc:
                raise Unreadable from exc
    return found


def unit_states(shown: str) -> tuple[UnitState, ...]:
    """Parse blocks of ``systemctl show``."""
    found = []
    for block in shown.split("\n\n"):
        values = dict(line.partition("=")[::2] for line in block.splitlines())
        if "Id" in values:
            found.append(
                UnitState(
                    name=values["Id"],
                    load=values.get("LoadState", ""),
                    active=values.get("ActiveState", ""),
                    sub=values.get("SubState", ""),
                    file_state=values.get("UnitFileState", ""),
                    needs_reload=values.get("NeedDaemonReload") == "yes",
                    type=values.get("Type", ""),
                    result=values.get("Result", ""),
                    ended=values.get("InactiveEnterTimestampMonotonic", "0") not in ("", "0"),
                )
            )
    return tuple(found)
