# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files and units of a host as they are, read in one round trip."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ..errors import FleetError
from ..node import Completed, File, Node, Source
from .wanted import Wanted

_RUNS = frozenset({"active", "activating", "reloading", "refreshing"})


@dataclass(frozen=True)
class Unit:
    """``enabled`` is systemctl's word for it (enabled, disabled, static, masked, …), not-found when there is no such
    unit."""

    enabled: str = "not-found"
    runs: bool = False
    stale: bool = False
    """Whether its files changed since systemd has read them."""

    @property
    def exists(self) -> bool:
        return self.enabled != "not-found"


@dataclass(frozen=True)
class State:
    """``files`` has None for one that does not exist. ``systemd`` is its version, 0 where there is none."""

    files: t.Mapping[str, File | None] = field(default_factory=dict)
    missing_folders: frozenset[str] = frozenset()
    units: t.Mapping[str, Unit] = field(default_factory=dict)
    systemd: int = 0
    analyzer: bool = False
    """Whether there is a systemd-analyze."""


def survey(node: Node, wanted: Wanted) -> State:
    """:raises FleetError: a file cannot be read, or units are wanted on a host without systemd."""
    said = node.gather(questions(wanted))
    names = [unit.name for unit in wanted.units]
    version = _version(said["systemd"]) if names else 0
    if names and not version:
        raise FleetError("units: this host has no systemd")
    return State(
        files={file.path: _file(said[f"file {file.path}"]) for file in wanted.files},
        missing_folders=frozenset(folder for folder in _folders(wanted) if not _is_zero(said[f"folder {folder}"])),
        units={name: _unit(said[f"enabled {name}"], said[f"state {name}"]) for name in names},
        systemd=version,
        analyzer=said.get("analyzer") is not None,
    )


def questions(wanted: Wanted) -> dict[str, Source]:
    """What survey() asks the host."""
    asked: dict[str, Source] = {f"file {file.path}": file.path for file in wanted.files}
    asked.update({f"folder {folder}": ["test", "-d", folder] for folder in _folders(wanted)})
    if wanted.units:
        asked["systemd"] = ["systemctl", "--version"]
        asked["analyzer"] = ["systemd-analyze", "--version"]
    for unit in wanted.units:
        asked[f"enabled {unit.name}"] = ["systemctl", "is-enabled", "--", unit.name]
        asked[f"state {unit.name}"] = ["systemctl", "show", "--property=ActiveState,NeedDaemonReload", "--", unit.name]
    return asked


def _folders(wanted: Wanted) -> list[str]:
    return sorted({file.folder for file in wanted.files})


def _file(found: Completed | File | None) -> File | None:
    return found if isinstance(found, File) else None


def _is_zero(found: Completed | File | None) -> bool:
    return isinstance(found, Completed) and found.rc == 0


def _version(found: Completed | File | None) -> int:
    """From ``systemd 257 (257.9-1)``."""
    number = re.match(r"systemd (\d+)", found.stdout) if isinstance(found, Completed) else None
    return int(number[1]) if number else 0


def _unit(enabled: Completed | File | None, state: Completed | File | None) -> Unit:
    # Old releases say nothing here of a unit that does not exist, newer ones "not-found".
    word = enabled.stdout.strip() if isinstance(enabled, Completed) else ""
    lines = state.stdout.splitlines() if isinstance(state, Completed) else []
    properties = dict(line.split("=", 1) for line in lines if "=" in line)
    return Unit(
        enabled=word or "not-found",
        runs=properties.get("ActiveState") in _RUNS,
        stale=properties.get("NeedDaemonReload") == "yes",
    )
