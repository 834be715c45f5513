# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a node and what is wanted of its greenboot to the steps between them. Nothing here looks at a node."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ..errors import FleetError
from ..node import File
from ..outcome import Plan, Remove, Run, Step, Write
from .config import edited, shown
from .deliver import delivered
from .layout import ADMIN, CONFIG, COUNTERS, folder
from .survey import State
from .wanted import Script, Wanted

_NOT_ENABLED = ("disabled", "enabled-runtime", "linked", "linked-runtime")

_OWNER = "root"


@dataclass(frozen=True)
class GreenbootPlan:
    """``to_check`` are the scripts that the plan puts on the node."""

    plan: Plan = field(default_factory=Plan)
    to_check: tuple[Script, ...] = ()
    warnings: tuple[str, ...] = ()


def plan(state: State, wanted: Wanted) -> GreenbootPlan:
    """The steps from what is to what is wanted, in their order; none when it is so already.

    New scripts come before old ones go, and units last: wherever it is cut off, every check that was there before and
    shall stay is there, and nothing runs that is not whole.

    :raises FleetError: the installed greenboot cannot do what is wanted.
    """
    _refuse(state, wanted)
    changed = tuple(script for script in wanted.all_scripts if not _in_place(state.files.get(script.path), script))
    stale = _stale(state, wanted)
    text = _text(state.config)
    new_text = edited(text, wanted.settings)
    disabled = [unit for unit, enabled in state.units.items() if enabled in _NOT_ENABLED]
    steps = (
        *_folders(state, changed, configured=new_text != text),
        *(_write(script, new=state.files.get(script.path) is None) for script in changed),
        *([_configure(state.config, new_text)] if new_text != text else []),
        *(Remove(path, "it is not in the list any more") for path in stale),
        *_enable(state, disabled),
    )
    before = {
        "scripts": {
            **{script.path: _shown(state.files.get(script.path)) for script in changed},
            **dict.fromkeys(stale, "put there by this module"),
        },
        "configuration": shown(text, wanted.settings),
        "units": dict(state.units),
    }
    after = {
        "scripts": {script.path: _shown(_file(script)) for script in changed},
        "configuration": shown(new_text, wanted.settings),
        "units": {**state.units, **dict.fromkeys(disabled, "enabled")},
    }
    return GreenbootPlan(Plan(steps, before, after), changed, _warnings(state, wanted))


def _refuse(state: State, wanted: Wanted) -> None:
    masked = [unit for unit, enabled in state.units.items() if enabled.startswith("masked")]
    if masked:
        raise FleetError(
            f"{masked[0]} is masked, so greenboot cannot do its work; unmask it with systemctl, or leave this node out"
        )
    if wanted.disabled and not state.knows_disabled:
        raise FleetError(
            "disabled_checks: the greenboot on this node is older than 0.15.5 and runs every check; update it, or "
            "leave the option out"
        )


def _in_place(found: File | None, script: Script) -> bool:
    return found == _file(script)


def _file(script: Script) -> File:
    return File(delivered(script), script.mode, _OWNER, _OWNER)


def _stale(state: State, wanted: Wanted) -> list[str]:
    keep = {script.path for script in wanted.all_scripts}
    folders = {folder(ADMIN, kind) for kind in wanted.scripts}
    return [path for path in state.ours if path.rpartition("/")[0] in folders and path not in keep]


def _folders(state: State, changed: t.Sequence[Script], *, configured: bool) -> tuple[Step, ...]:
    needed = {script.path.rpartition("/")[0] for script in changed} | ({ADMIN} if configured else set())
    missing = sorted(needed & set(state.missing_folders))
    if not missing:
        return ()
    return (Run(("mkdir", "-p", "-m", "0755", "--", *missing), "what goes there needs a folder"),)


def _write(script: Script, *, new: bool) -> Write:
    reason = "it is not there" if new else "it is not as wanted"
    return Write(script.path, delivered(script), reason, script.mode, _OWNER, _OWNER)


def _configure(found: File | None, text: str) -> Write:
    content = text.encode("utf-8", "surrogateescape")
    reason = "a setting is not as wanted"
    if found is None:
        return Write(CONFIG, content, reason, owner=_OWNER, group=_OWNER)
    return Write(CONFIG, content, reason, found.mode, found.owner, found.group)


def _enable(state: State, disabled: t.Sequence[str]) -> tuple[Run, ...]:
    if not disabled:
        return ()
    steps = [Run(("systemctl", "enable", *disabled), "not enabled")]
    counter = COUNTERS[state.generation or ""]
    if counter in disabled and state.staged and state.prepares_updates:
        # Staging would have started it, had it been enabled then.
        steps.append(Run(("systemctl", "start", counter), "an update is staged already, and its first boots count"))
    return tuple(steps)


def _warnings(state: State, wanted: Wanted) -> tuple[str, ...]:
    checks = state.checks | {script.file_name for script in wanted.all_scripts}
    unknown = [name for name in wanted.disabled or () if name not in checks]
    warnings = []
    if unknown:
        warnings.append(f"disabled_checks: there is no check {', '.join(unknown)}, so nothing is disabled by that")
    if state.counts_boots is False:
        warnings.append(
            "GRUB does not count the boots of this node (its configuration has no boot_counter), so an update that "
            "stays red is booted again and again and never left; bring the configuration of the boot loader up to date"
        )
    return tuple(warnings)


def _shown(file: File | None) -> dict[str, str] | None:
    if file is None:
        return None
    return {
        "mode": f"{file.mode:04o}",
        "owner": f"{file.owner}:{file.group}",
        "content": file.content.decode("utf-8", "replace"),
    }


def _text(found: File | None) -> str:
    return "" if found is None else found.content.decode("utf-8", "surrogateescape")
