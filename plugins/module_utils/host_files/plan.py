# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what is there and what is wanted to the steps between them.

The order matters: what goes is stopped and disabled while its files still say how, then come the files, then systemd
reads them, then units are masked, enabled and started.
"""

from __future__ import annotations

import typing as t

from ..errors import FleetError
from ..node import File
from ..outcome import Plan, Remove, Run, Step, Write
from .survey import State, Unit
from .wanted import Wanted, WantedFile, WantedUnit

_ENABLED = frozenset({"enabled", "alias"})
_NOT_ENABLED = frozenset({"disabled", "enabled-runtime", "linked", "linked-runtime"})
_CANNOT_BE_ENABLED = frozenset({"static", "generated", "transient", "indirect"})
_NEW_MODE = 0o644


def plan(state: State, wanted: Wanted) -> Plan:
    """:raises FleetError: a unit cannot be what is wanted of it."""
    changed = changed_files(state, wanted)
    units = [_UnitPlan(unit, state.units[unit.name], changed, wanted.files) for unit in wanted.units]
    reload = any(file.of_systemd for file in changed) or any(unit.now.stale for unit in units)
    steps: list[Step] = [
        *(step for unit in units for step in unit.down()),
        *_folders(state, changed),
        *(_file_step(file, state.files[file.path]) for file in changed),
    ]
    if reload:
        steps.append(Run(("systemctl", "daemon-reload"), "systemd reads the files of its units"))
    steps += [step for unit in units for step in unit.up()]
    return Plan(
        tuple(steps),
        before={
            **{file.path: _view(file, state.files[file.path]) for file in changed},
            **{unit.name: view for unit in units for view in [unit.before()] if view},
        },
        after={
            **{file.path: _view(file, _after(file, state.files[file.path])) for file in changed},
            **{unit.name: view for unit in units for view in [unit.after()] if view},
        },
    )


def changed_files(state: State, wanted: Wanted) -> list[WantedFile]:
    return [file for file in wanted.files if _after(file, state.files[file.path]) != state.files[file.path]]


def _after(file: WantedFile, now: File | None) -> File | None:
    if file.content is None:
        return None
    return File(
        file.content,
        file.mode if file.mode is not None else now.mode if now else _NEW_MODE,
        file.owner or (now.owner if now else ""),
        file.group or (now.group if now else ""),
    )


def _file_step(file: WantedFile, now: File | None) -> Step:
    after = _after(file, now)
    if after is None:
        return Remove(file.path, f"{file.path} is there")
    if now is None:
        reason = f"{file.path} is not there"
    elif now.content != after.content:
        reason = f"{file.path} has another content"
    else:
        reason = f"{file.path} has another mode or owner"
    return Write(file.path, after.content, reason, after.mode, after.owner or None, after.group or None)


def _folders(state: State, changed: t.Sequence[WantedFile]) -> list[Step]:
    folders = {file.folder for file in changed if file.content is not None} & state.missing_folders
    # Not mkdir, which takes the umask into account. -Z is the SELinux label that the policy has for them, and does
    # nothing where SELinux is off.
    return [
        Run(("install", "-d", "-m", "0755", "-Z", "--", folder), f"{folder} is not there") for folder in sorted(folders)
    ]


def _view(file: WantedFile, now: File | None) -> dict[str, t.Any]:
    if now is None:
        return {}
    seen: dict[str, t.Any] = {"mode": f"{now.mode:04o}", "owner": now.owner or "root", "group": now.group or "root"}
    if file.secret:
        return {**seen, "content": "(secret)" if now.content == file.content else "(another secret)"}
    return {**seen, "content": now.content.decode(errors="replace").splitlines()}


class _UnitPlan:
    """What has to be done with one unit."""

    def __init__(
        self, unit: WantedUnit, now: Unit, changed: t.Sequence[WantedFile], files: t.Sequence[WantedFile]
    ) -> None:
        self.unit = unit
        self.name = unit.name
        self.now = now
        self._touched = any(
            file.unit in unit.definitions or file.path in unit.watches
            for file in changed
            if file.content is not None or not file.whole_unit
        )
        self._given = next((file for file in files if file.whole_unit and file.unit in unit.definitions), None)
        self._file_changed = self._given in changed
        self._enable = self._wants_enabling()

    def down(self) -> t.Iterator[Step]:
        if self.unit.started is False and self.now.runs:
            yield Run(("systemctl", "stop", "--", self.name), f"{self.name} runs")
        if self.unit.enabled is False and self.now.enabled in _ENABLED | _NOT_ENABLED - {"disabled"}:
            yield Run(("systemctl", "disable", "--", self.name), f"{self.name} is {self.now.enabled}")

    def up(self) -> t.Iterator[Step]:
        if self.unit.masked is False and self.now.enabled.startswith("masked"):
            yield Run(("systemctl", "unmask", "--", self.name), f"{self.name} is masked")
        if self.unit.masked and self.now.enabled != "masked":
            yield Run(("systemctl", "mask", "--", self.name), f"{self.name} is not masked")
        if self._enable:
            yield Run(("systemctl", self._enable, "--", self.name), self._enable_reason())
        if self.unit.started and not self.now.runs:
            yield Run(("systemctl", "start", "--", self.name), f"{self.name} does not run")
        elif self._follows():
            verb = "try-restart" if self.unit.on_change == "restart" else "try-reload-or-restart"
            yield Run(("systemctl", verb, "--", self.name), f"{self.name} runs with what it had before")

    def before(self) -> dict[str, str]:
        return self._states(self.now.enabled, self.now.runs) if self._moves() else {}

    def after(self) -> dict[str, str]:
        if not self._moves():
            return {}
        enabled = self.now.enabled
        if self.unit.masked:
            enabled = "masked"
        elif self.unit.enabled is not None:
            enabled = "enabled" if self.unit.enabled else "disabled"
        elif self.unit.masked is False and enabled.startswith("masked"):
            enabled = "not masked"
        runs = self.now.runs if self.unit.started is None else self.unit.started
        return self._states(enabled, runs, self._follows())

    def _states(self, enabled: str, runs: bool, again: bool = False) -> dict[str, str]:
        return {"enabled": enabled, "state": ("started again" if again else "started") if runs else "stopped"}

    def _moves(self) -> bool:
        return any(True for _step in (*self.down(), *self.up()))

    def _follows(self) -> bool:
        stays = self.now.runs and self.unit.started is not False
        return stays and self._touched and self.unit.on_change != "none"

    def _wants_enabling(self) -> str | None:
        """The verb of systemctl that is needed, if any."""
        if not self.unit.enabled:
            return None
        if self._given is not None and self._given.content is not None:
            if b"\n[Install]" not in b"\n" + self._given.content:
                raise FleetError(f"units: {self.name} has no section [Install], so it cannot be enabled")
            # Enabling again drops the links of an [Install] section from before.
            return "reenable" if self._file_changed or self.now.enabled not in _ENABLED else None
        if self.now.enabled in _CANNOT_BE_ENABLED:
            raise FleetError(
                f"units: {self.name} is {self.now.enabled}, so it cannot be enabled; leave enabled out, or name the "
                "unit that starts it"
            )
        if not self.now.exists:
            raise FleetError(f"units: this host has no {self.name}, so it cannot be enabled")
        return None if self.now.enabled in _ENABLED else "enable"

    def _enable_reason(self) -> str:
        return f"{self.name} is {self.now.enabled}" if self.now.enabled not in _ENABLED else f"{self.name} has changed"
