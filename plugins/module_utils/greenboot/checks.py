# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks of a node in the order in which its generation of greenboot runs them."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

from .layout import ADMIN, REQUIRED, RUST, VENDOR, WANTED, folder

PASSED = "passed"
FAILED = "failed"
SKIPPED = "skipped"
NOT_RUN = "not_run"
RUNNING = "running"
UNKNOWN = "unknown"

EARLY = "early"
FOLDER = "folder"
NEVER = "never"
"""What a required check that fails keeps from running: all that follow, all that follow in other folders, nothing."""


BASH = "bash"
BASH_C = "bash -C"
DIRECTLY = "directly"
"""How a check is run."""


@dataclass(frozen=True)
class Check:
    """A check. Without a path it is one that ran in this boot and is not on the node any more."""

    kind: str
    name: str
    path: str | None = None
    folder: str = ""
    """Of FOLDERS, also when the check is in a folder below that."""
    how: str = BASH


@dataclass(frozen=True)
class Result:
    """What became of a check. ``duration`` is in seconds, ``rc`` known only of a check that we ran ourselves."""

    check: Check
    result: str
    duration: float | None = None
    output: str = ""
    rc: int | None = None


def ordered(files: t.Iterable[tuple[str, bool]], generation: str) -> list[Check]:
    """The checks among files, of which each is a path and whether it is executable.

    The shell generation runs ``*.sh`` in subfolders too, required and wanted of a place before those of the next. The
    Rust generation runs ``*.sh`` and whatever is executable, not in subfolders, and all required ones first.
    """
    places = [(base, kind) for base in (VENDOR, ADMIN) for kind in (REQUIRED, WANTED)]
    if generation == RUST:
        places.sort(key=lambda place: place[1] != REQUIRED)
    known = sorted(files)
    found = []
    for base, kind in places:
        top = folder(base, kind)
        for path, executable in known:
            if not path.startswith(f"{top}/"):
                continue
            how = _how(path, top, executable, generation)
            if how is not None:
                found.append(Check(kind, os.path.basename(path), path, top, how))
    return found


def _how(path: str, top: str, executable: bool, generation: str) -> str | None:
    """None when it is not run at all."""
    script = path.endswith(".sh")
    if generation != RUST:
        return BASH if script else None
    if os.path.dirname(path) != top:
        return None
    if script:
        return BASH_C
    return DIRECTLY if executable else None
