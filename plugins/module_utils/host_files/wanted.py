# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user wants of files and units, checked as far as it can be without looking at the host."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass

from ..errors import FleetError

Params = t.Mapping[str, t.Any]

UNIT_NAME = re.compile(
    r"[A-Za-z0-9:_.\\@-]+\.(?:service|socket|timer|path|mount|automount|target|slice|swap|scope|device)"
)
UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
)
"""Where systemd looks for units of the system."""

# An unquoted 0755 in YAML is the number 493.
_MODE = re.compile(r"0[0-7]{3}")


@dataclass(frozen=True)
class WantedFile:
    """``content`` is None for a file that is not to be there. What is None else stays as it is."""

    path: str
    content: bytes | None
    mode: int | None = None
    owner: str | None = None
    group: str | None = None
    secret: bool = False

    @property
    def folder(self) -> str:
        return os.path.dirname(self.path)

    @property
    def unit(self) -> str | None:
        """The unit that this file is, or is a drop-in of."""
        folder, name = os.path.split(self.path)
        if folder in UNIT_FOLDERS and UNIT_NAME.fullmatch(name):
            return name
        parent, dropins = os.path.split(folder)
        if parent in UNIT_FOLDERS and name.endswith(".conf") and UNIT_NAME.fullmatch(dropins[: -len(".d")]):
            return dropins[: -len(".d")]
        return None

    @property
    def whole_unit(self) -> bool:
        """Whether it is a unit and not a drop-in."""
        return self.unit == os.path.basename(self.path)

    @property
    def of_systemd(self) -> bool:
        """Whether systemd has to read its units again when this changes; that includes drop-ins of whole types."""
        return any(self.path.startswith(f"{folder}/") for folder in UNIT_FOLDERS)


@dataclass(frozen=True)
class WantedUnit:
    """What is None stays as it is."""

    name: str
    enabled: bool | None = None
    masked: bool | None = None
    started: bool | None = None
    on_change: str = "restart"
    watches: tuple[str, ...] = ()

    @property
    def definitions(self) -> tuple[str, ...]:
        """Itself, and for an instance its template."""
        prefix, at, rest = self.name.partition("@")
        return (self.name, f"{prefix}@.{rest.rpartition('.')[2]}") if at else (self.name,)


@dataclass(frozen=True)
class Wanted:
    files: tuple[WantedFile, ...]
    units: tuple[WantedUnit, ...]
    verify: bool = True
    validate: tuple[str, ...] = ()

    @classmethod
    def from_params(cls, params: Params) -> Wanted:
        """:raises FleetError: options that are malformed or contradict each other."""
        files = tuple(_file(f"files[{index}]", each) for index, each in enumerate(params["files"]))
        units = tuple(_unit(f"units[{index}]", each) for index, each in enumerate(params["units"]))
        _refuse_twice("files", [file.path for file in files])
        _refuse_twice("units", [unit.name for unit in units])
        return cls(files, units + _implied(files, units), params["verify"], tuple(params["validate"]))


def _file(option: str, params: Params) -> WantedFile:
    path = params["path"]
    if not path.startswith("/") or os.path.normpath(path) != path or path == "/" or "\0" in path:
        raise FleetError(f"{option}.path: {path!r} is no absolute path of a file, written without . and ..")
    contents = [params[key] for key in ("content", "secret_content") if params.get(key) is not None]
    absent = params["state"] == "absent"
    if absent and contents:
        raise FleetError(f"{option}: a file that is absent has no content; remove state or content")
    if not absent and len(contents) != 1:
        raise FleetError(f"{option}: {path} needs either content or secret_content")
    mode = params.get("mode")
    if mode is not None and not _MODE.fullmatch(mode):
        raise FleetError(f'{option}.mode: {mode!r} must be four octal digits in quotes, for example "0644"')
    return WantedFile(
        path=path,
        content=None if absent else contents[0].encode(),
        mode=None if mode is None else int(mode, 8),
        owner=params.get("owner"),
        group=params.get("group"),
        secret=params.get("secret_content") is not None,
    )


def _unit(option: str, params: Params) -> WantedUnit:
    name = params["name"]
    if not UNIT_NAME.fullmatch(name):
        raise FleetError(f"{option}.name: {name!r} is no name of a unit; write it with its type, for example x.service")
    state = params.get("state")
    unit = WantedUnit(
        name=name,
        enabled=params.get("enabled"),
        masked=params.get("masked"),
        started=None if state is None else state == "started",
        on_change=params["on_change"],
        watches=tuple(params["watches"]),
    )
    if unit.masked and (unit.enabled or unit.started):
        raise FleetError(f"{option}: {name} cannot be masked and enabled or started; keep one of them")
    if unit.started and "@." in name:
        raise FleetError(f"{option}: {name} is a template; start an instance of it, with a name after the @")
    return unit


def _implied(files: tuple[WantedFile, ...], units: tuple[WantedUnit, ...]) -> tuple[WantedUnit, ...]:
    """Units that are not named but have files here: what runs follows the files, and goes with them."""
    named = {definition for unit in units for definition in unit.definitions}
    implied: dict[str, WantedUnit] = {}
    for file in files:
        name = file.unit
        if name is None or name in named or "@." in name:
            continue
        if file.content is None and file.whole_unit:
            implied[name] = WantedUnit(name, enabled=False, started=False)
        else:
            implied.setdefault(name, WantedUnit(name))
    return tuple(implied.values())


def _refuse_twice(option: str, names: t.Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise FleetError(f"{option}: {name} is there twice; keep one of them")
