# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps that replace the files of a set, so that a run that is cut short can be taken up by the next one."""

from __future__ import annotations

import typing as t

from .changes import Changes
from .files import Files
from .layout import Places
from .manifest import ENDING, Manifest
from .place import Target
from .state import State
from .wanted import Wanted


def file_steps(
    wanted: Wanted, targets: t.Sequence[Target], state: State, changes: Changes, restarts: tuple[str, ...]
) -> tuple[list[Files], list[Files]]:
    """The step that replaces files, and the one that says that all is done."""
    final = Manifest(
        files=tuple(each.path for each in targets),
        units=tuple(unit.pattern for unit in wanted.units),
        secrets=tuple(each.name for each in wanted.secrets),
    )
    # Until all is done it also lists what is still to go and to restart.
    first = Manifest(
        files=(*final.files, *changes.obsolete),
        units=(*final.units, *changes.gone),
        secrets=(*final.secrets, *changes.stale),
        restarts=restarts,
    )
    user, head, tail = wanted.user, [], []
    if changes.files or first not in (state.manifest, Manifest()):
        head.append(
            Files(user, (_remembered(wanted, first), *changes.targets), changes.obsolete, "differs from the set")
        )
    if final == Manifest() and (state.manifest or head):
        tail.append(Files(user, (), (_remembered(wanted, final).path,), "the set is empty"))
    elif first != final:
        tail.append(Files(user, (_remembered(wanted, final),), (), "nothing is left to do"))
    return head, tail


def _remembered(wanted: Wanted, manifest: Manifest) -> Target:
    path = f"{Places(wanted.user).quadlets}/.{wanted.name}{ENDING}"
    return Target("manifest", path, manifest.text(), 0o600)
