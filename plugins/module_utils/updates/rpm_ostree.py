# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that let an rpm-ostree host stage updates, and reboot into what is staged."""

from __future__ import annotations

import shlex
import typing as t

from ..windows import LOCALTIME, Window, minutes

CONF = "/etc/rpm-ostreed.conf"
CHECK_TIMER = "rpm-ostreed-automatic.timer"
CHECK_SERVICE = "rpm-ostreed-automatic.service"
CHECK_DROP_IN = f"/etc/systemd/system/{CHECK_TIMER}.d/50-evergreen.conf"
APPLY_TIMER = "applyupdate.timer"
APPLY_SERVICE = "applyupdate.service"
APPLY_PROGRAM = "/etc/evergreen-fleet/apply-update"

LOCK = "/run/ostree/staged-deployment-locked"
"""While it exists, a reboot does not go into the deployment that is staged."""

CHECK_EVERY = 3600
APPLY_EVERY = 60

_SECTION = "[Daemon]"
_KEY = "AutomaticUpdatePolicy"

_WRITTEN = "# Written by Ansible, module evergreen.fleet.update_driver: changes made here are lost.\n"


def policy(conf: str | None) -> str:
    """What rpm-ostreed.conf says; none is rpm-ostree's own default."""
    found = "none"
    section = ""
    for line in (conf or "").splitlines():
        if line.strip().startswith("["):
            section = line.strip()
        elif section == _SECTION and line.partition("=")[0].strip() == _KEY:
            found = line.partition("=")[2].strip()
    return found


def with_policy(conf: str | None, value: str) -> str:
    """rpm-ostreed.conf with this policy. Every other line stays as it is."""
    lines: list[str] = []
    section = ""
    new = f"{_KEY}={value}"
    placed = False
    for line in (conf or "").splitlines():
        if line.strip().startswith("["):
            section = line.strip()
        if section == _SECTION and line.partition("=")[0].strip() == _KEY:
            continue
        lines.append(line)
        if line.strip() == _SECTION and not placed:
            lines.append(new)
            placed = True
    if not placed:
        lines += [_SECTION, new]
    return "\n".join(lines) + "\n"


def check_drop_in(every: int) -> str:
    """When the host looks for updates.

    The first time counts from the start of the timer, not of the host. rpm-ostree's is ``Persistent=``, so systemd
    knows that it was triggered before, and takes an OnBootSec= that is over when the timer starts for a used one.
    The host would not look for updates until its next boot (systemd, src/core/timer.c, timer_enter_waiting).
    """
    return (
        f"{_WRITTEN}[Timer]\n"
        "# Empty first: the times that rpm-ostree brings do not count.\n"
        f"OnBootSec=\nOnUnitInactiveSec=\nOnActiveSec={every}\nOnUnitInactiveSec={every}\n"
    )


def apply_timer(every: int) -> str:
    return (
        f"{_WRITTEN}[Unit]\nDescription=Look whether a deployment is staged\n\n"
        f"[Timer]\nOnActiveSec={every}\nOnUnitInactiveSec={every}\nAccuracySec=1s\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )


def apply_service() -> str:
    return (
        f"{_WRITTEN}[Unit]\nDescription=Reboot into the deployment that is staged\n"
        "ConditionPathExists=/run/ostree/staged-deployment\n"
        "# A reboot would not finalize it, and the next one neither.\n"
        f"ConditionPathExists=!{LOCK}\n\n"
        f"[Service]\nType=oneshot\nExecStart=/bin/sh {APPLY_PROGRAM}\n"
    )


def apply_program(windows: t.Sequence[Window], time_zone: str | None) -> str:
    """Reboots, with windows only inside one of them."""
    if not windows:
        return f"{_WRITTEN}exec systemctl --no-block reboot\n"
    zone = "" if time_zone == LOCALTIME else f"TZ={shlex.quote(time_zone or 'UTC0')} "
    spans = " ".join(f"{first}-{last}" for first, last in _spans(windows))
    return (
        f"{_WRITTEN}# {'; '.join(str(window) for window in windows)} ({time_zone or 'UTC'}), in minutes since Monday"
        " 00:00\n"
        f"set -- $({zone}date '+%u %H %M')\n"
        "now=$((($1 - 1) * 1440 + ${2#0} * 60 + ${3#0}))\n"
        f"for window in {spans}; do\n"
        '  if [ "$now" -ge "${window%-*}" ] && [ "$now" -lt "${window#*-}" ]; then\n'
        "    exec systemctl --no-block reboot\n"
        "  fi\n"
        "done\n"
    )


def _spans(windows: t.Iterable[Window]) -> list[tuple[int, int]]:
    """The minutes of the week that are covered, as first and first after."""
    covered = minutes(windows)
    starts = sorted(minute for minute in covered if minute - 1 not in covered)
    ends = sorted(minute + 1 for minute in covered if minute + 1 not in covered)
    return list(zip(starts, ends))
