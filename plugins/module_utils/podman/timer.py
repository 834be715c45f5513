# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""podman-auto-update.timer of an owner: whether it runs, and when."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..errors import FleetError
from ..outcome import Step
from .files import Files
from .layout import Places
from .linger import ready
from .owner import OwnerRun, systemctl
from .place import Target
from .state import State

NAME = "podman-auto-update.timer"


@dataclass(frozen=True)
class Timer:
    """Without ``on_calendar`` and ``randomized_delay`` they are podman's own: once a day, at midnight."""

    enabled: bool = True
    on_calendar: tuple[str, ...] = ()
    randomized_delay: str | None = None

    @classmethod
    def from_params(cls, params: t.Mapping[str, t.Any]) -> Timer:
        """:raises FleetError: an expression that would be more than one line of the unit."""
        timer = cls(params["enabled"], tuple(params["on_calendar"]), params["randomized_delay"])
        for each in (*timer.on_calendar, timer.randomized_delay or "-"):
            if not each.strip() or "\n" in each:
                raise FleetError(f"timer: {each!r} is no time")
        return timer

    def questions(self) -> dict[str, tuple[str, ...]]:
        """What systemd is asked about the expressions."""
        found: dict[str, tuple[str, ...]] = {each: ("systemd-analyze", "calendar", each) for each in self.on_calendar}
        if self.randomized_delay is not None:
            found[self.randomized_delay] = ("systemd-analyze", "timespan", self.randomized_delay)
        return found

    @property
    def content(self) -> str:
        """The drop-in; empty when podman's own schedule is wanted."""
        # An empty value takes back the times that the timer itself has.
        lines = ["OnCalendar=", *(f"OnCalendar={each}" for each in self.on_calendar)] if self.on_calendar else []
        if self.randomized_delay is not None:
            lines.append(f"RandomizedDelaySec={self.randomized_delay}")
        if not lines:
            return ""
        return "\n".join(["# Written by evergreen.fleet.podman_auto_update.", "[Timer]", *lines, ""])


def drop_in(user: str) -> str:
    """Where the drop-in is."""
    return f"{Places(user).units}/{NAME}.d/50-evergreen.conf"


def is_changed(user: str, timer: Timer, state: State) -> bool:
    """Whether the drop-in is another one. One that is there as wanted was accepted by systemd before."""
    found = state.files.get(drop_in(user))
    return (found.content.decode(errors="replace") if found else "") != timer.content


def plan(user: str, timer: Timer, state: State) -> tuple[Step, ...]:
    """The steps from the timer that is to the one that is wanted.

    :raises FleetError: podman has brought none.
    """
    unit, path = state.unit(NAME), drop_in(user)
    if unit.load == "not-found":
        if not timer.enabled:
            return ()
        raise FleetError(f"timer: the node has no {NAME}; it comes with podman 2.0 and newer")
    changed = is_changed(user, timer, state)
    puts = (Target(NAME, path, timer.content.encode()),) if changed and timer.content else ()
    drops = (path,) if changed and not timer.content else ()
    steps: list[Step] = [*ready(user, state)] if timer.enabled else []
    control = systemctl(user)
    if changed:
        steps.append(Files(user, puts, drops, "another schedule"))
    if changed or unit.needs_reload:
        steps.append(OwnerRun(user, (*control, "daemon-reload"), "the schedule changed on the disk"))
    if timer.enabled and changed and unit.running:
        steps.append(OwnerRun(user, (*control, "restart", NAME), "another schedule"))
    if timer.enabled and not (unit.file_state == "enabled" and unit.running):
        steps.append(OwnerRun(user, (*control, "enable", "--now", NAME), "the timer is to run"))
    if not timer.enabled and (unit.file_state == "enabled" or unit.running):
        steps.append(OwnerRun(user, (*control, "disable", "--now", NAME), "the timer is not to run"))
    return tuple(steps)
