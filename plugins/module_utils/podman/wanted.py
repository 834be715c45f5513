# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user wants of a set, checked as far as it can be without looking at the node."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ..errors import FleetError
from .keys import FILE_TYPES
from .model import PLAIN_TYPES, STARTED, DropIn, MountedFile, Secret, Unit
from .unitfile import BadLine, UnitFile, parse

Params = t.Mapping[str, t.Any]

_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_SET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_STEM = re.compile(r"[A-Za-z0-9:_][A-Za-z0-9:_.\\-]*@?[A-Za-z0-9:_.\\-]*")
_DROP_IN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.conf")
_DROP_IN_OF = re.compile(r"[A-Za-z0-9:_][A-Za-z0-9:_.@\\-]*")
_MODE = re.compile(r"0?[0-7]{3}")
# podman's own rule for the name of a secret
_SECRET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,252}")


@dataclass(frozen=True)
class Wanted:
    """A set of units of one owner, by its name."""

    name: str
    user: str = "root"
    units: tuple[Unit, ...] = ()
    drop_ins: tuple[DropIn, ...] = ()
    files: tuple[MountedFile, ...] = ()
    secrets: tuple[Secret, ...] = field(default=(), repr=False)

    @property
    def root(self) -> bool:
        return self.user == "root"

    @property
    def services(self) -> dict[str, Unit]:
        """By the names that systemd knows them by."""
        return {unit.service: unit for unit in self.units}

    @classmethod
    def from_params(cls, params: Params) -> Wanted:
        """:raises FleetError: options that are malformed or contradict each other."""
        wanted = cls(
            name=_matching(_SET, params["name"], "name", "letters, digits, dots, dashes and underscores"),
            user=check_user(params["user"]),
            units=tuple(_unit(each) for each in params["units"]),
            drop_ins=tuple(_drop_in(each) for each in params["drop_ins"]),
            files=tuple(_file(each) for each in params["files"]),
            secrets=tuple(_secret(each) for each in params["secrets"]),
        )
        _refuse_doubles("units", [unit.name for unit in wanted.units])
        _refuse_doubles("units", [unit.service for unit in wanted.units])
        _refuse_doubles("drop_ins", [f"{each.unit}.d/{each.name}" for each in wanted.drop_ins])
        _refuse_doubles("files", [each.path for each in wanted.files])
        _refuse_doubles("secrets", [each.name for each in wanted.secrets])
        return wanted


def check_user(name: str) -> str:
    """:raises FleetError: no user can have this name."""
    return _matching(_USER, name, "user", "the name of a user of the node")


def _unit(params: Params) -> Unit:
    name: str = params["name"]
    stem, dot, kind = name.rpartition(".")
    if not dot or kind not in (*FILE_TYPES, *PLAIN_TYPES):
        known = ", ".join(f".{each}" for each in (*FILE_TYPES, *PLAIN_TYPES))
        raise FleetError(
            f"units: {name!r} is of no type that podman or systemd knows; the name ends with one of {known}"
        )
    if not _STEM.fullmatch(stem):
        raise FleetError(f"units: {name!r} is no name of a unit; give letters, digits and : _ . - @ before .{kind}")
    unit = Unit(name, _text(params["content"]), _parse(f"units: {name}", params["content"]), params["state"])
    if unit.state == STARTED and unit.runs_as is None:
        raise FleetError(
            f"units: {name} is a template, and there is nothing to start; give it DefaultInstance= in [Install]"
        )
    return unit


def _drop_in(params: Params) -> DropIn:
    unit, name = params["unit"], params["name"]
    _matching(_DROP_IN_OF, unit, "drop_ins: unit", "the name of a Quadlet file or unit, for example web.container")
    _matching(_DROP_IN, name, "drop_ins: name", "a file name that ends with .conf")
    _parse(f"drop_ins: {unit}.d/{name}", params["content"])
    return DropIn(unit, name, _text(params["content"]))


def _file(params: Params) -> MountedFile:
    path: str = params["path"]
    parts = path.split("/")
    if path.endswith("/") or "\n" in path or ".." in parts or "." in parts or path.startswith("~") or not path:
        raise FleetError(
            f"files: {path!r} is no path of a file; give it in full, from %h/ on, or relative to the units, without .."
        )
    mode = _matching(_MODE, params["mode"], "files: mode", "an octal number such as '0644'")
    return MountedFile(path, params["content"], int(mode, 8))


def _secret(params: Params) -> Secret:
    name = _matching(_SECRET, params["name"], "secrets: name", "letters, digits, dots, dashes and underscores")
    if not params["value"]:
        raise FleetError(f"secrets: {name} has no value, and podman takes no empty one")
    return Secret(name, params["value"])


def _parse(what: str, content: str) -> UnitFile:
    try:
        return parse(content)
    except BadLine as exc:
        raise FleetError(f"{what}: {exc}") from exc


def _text(content: str) -> str:
    return content if content.endswith("\n") or not content else content + "\n"


def _matching(pattern: re.Pattern[str], value: str, option: str, want: str) -> str:
    if not pattern.fullmatch(value):
        raise FleetError(f"{option}: {value!r} is not {want}")
    return value


def _refuse_doubles(option: str, names: t.Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise FleetError(f"{option}: {name} is there twice; each may be given once")
        seen.add(name)
