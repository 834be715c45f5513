# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a driver comes down to: the options of other modules, in the order in which they are carried out.

What belongs to another driver is taken away before this one is set up, so that never two of them run.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from . import rpm_ostree
from .host import Host
from .wanted import PERIODIC, RPM_OSTREE, STAGED, ZINCATI, Wanted

HOST_FILES = "host_files"
FLATCAR_UPDATE = "flatcar_update"

DROP_IN = "60-evergreen.toml"


@dataclass(frozen=True)
class Part:
    """``module`` is a module of this collection, ``params`` are options of it."""

    module: str
    params: t.Mapping[str, t.Any]


def parts(wanted: Wanted, host: Host) -> tuple[Part, ...]:
    if wanted.driver == ZINCATI:
        return Part(HOST_FILES, _rpm_ostree(wanted, host)), Part(ZINCATI, _zincati(wanted))
    if wanted.driver == RPM_OSTREE:
        off = {"state": "absent", "drop_in": DROP_IN, "service": "masked"}
        there = host.zincati != "not-found"
        return (*([Part(ZINCATI, off)] if there else []), Part(HOST_FILES, _rpm_ostree(wanted, host)))
    return Part(FLATCAR_UPDATE, _flatcar(wanted)), Part(HOST_FILES, _flatcar_units(wanted))


def _zincati(wanted: Wanted) -> dict[str, t.Any]:
    windows = [
        {"days": list(window.days), "start_time": window.start_time, "length_minutes": window.length_minutes}
        for window in wanted.windows
    ]
    return {
        "drop_in": DROP_IN,
        "enabled": wanted.enabled,
        "group": wanted.group,
        "rollout_wariness": wanted.wariness,
        "cincinnati_url": wanted.server,
        "strategy": wanted.strategy,
        "fleet_lock_url": wanted.fleet_lock_url,
        "fleet_lock_user": wanted.fleet_lock_user,
        "fleet_lock_password": wanted.fleet_lock_password,
        "windows": windows if wanted.strategy == PERIODIC else None,
        "time_zone": wanted.time_zone,
        "steady_interval_secs": wanted.check_interval,
        "absent_drop_ins": wanted.absent_drop_ins,
        "service": "running",
    }


def _rpm_ostree(wanted: Wanted, host: Host) -> dict[str, t.Any]:
    """The host stages and reboots by itself, or neither of them."""
    stages = wanted.driver == RPM_OSTREE and wanted.enabled
    reboots = stages and wanted.strategy != STAGED
    every = wanted.check_interval or rpm_ostree.CHECK_EVERY
    apply_every = wanted.apply_interval or rpm_ostree.APPLY_EVERY
    # Zincati locks what it has staged, and without it nobody would ever unlock that.
    locked = [_file(rpm_ostree.LOCK, None)] if stages and host.zincati == "loaded" else []
    return {
        "files": [
            *locked,
            _file(rpm_ostree.CONF, _conf(host.conf, "stage" if stages else "none")),
            _file(rpm_ostree.CHECK_DROP_IN, rpm_ostree.check_drop_in(every) if stages else None),
            _file(
                rpm_ostree.APPLY_PROGRAM,
                rpm_ostree.apply_program(wanted.windows, wanted.time_zone) if reboots else None,
            ),
            _file(f"/etc/systemd/system/{rpm_ostree.APPLY_SERVICE}", rpm_ostree.apply_service() if reboots else None),
            _file(
                f"/etc/systemd/system/{rpm_ostree.APPLY_TIMER}",
                rpm_ostree.apply_timer(apply_every) if reboots else None,
            ),
        ],
        "units": [
            _unit("rpm-ostreed.service", on_change="reload", watches=[rpm_ostree.CONF]),
            _unit(rpm_ostree.CHECK_SERVICE, on_change="none", **({} if stages else {"state": "stopped"})),
            _unit(rpm_ostree.CHECK_TIMER, enabled=stages, state="started" if stages else "stopped"),
            # Whether it works at the moment is its own business.
            _unit(rpm_ostree.APPLY_SERVICE, on_change="none"),
            *([_unit(rpm_ostree.APPLY_TIMER, enabled=True, state="started")] if reboots else []),
        ],
        "verify": True,
        "validate": [],
    }


def _conf(now: str | None, policy: str) -> str | None:
    """What is not there needs no policy "none", which is the default."""
    return now if rpm_ostree.policy(now) == policy else rpm_ostree.with_policy(now, policy)


def _flatcar_units(wanted: Wanted) -> dict[str, t.Any]:
    reboots = wanted.strategy != STAGED
    return {
        "files": [],
        "units": [
            # Also where there are no updates: it marks the system that runs as good.
            _unit("update-engine.service", masked=False, state="started"),
            *([_unit("locksmithd.service", masked=False, state="started")] if reboots else []),
        ],
        "verify": True,
        "validate": [],
    }


def _flatcar(wanted: Wanted) -> dict[str, t.Any]:
    window: dict[str, str] = {}
    if wanted.strategy == PERIODIC:
        (given,) = wanted.windows
        day = f"{given.days[0]} " if len(given.days) == 1 else ""
        window = {"start": f"{day}{given.start_time}", "length": f"{given.length_minutes}m"}
    return {
        "group": wanted.group,
        "server": wanted.server,
        "held": not wanted.enabled,
        "reboot_strategy": "off" if wanted.strategy == STAGED else "reboot",
        "reboot_window": window,
        "timeout": 3600,
    }


def _file(path: str, content: str | None) -> dict[str, t.Any]:
    return {"path": path, "content": content, "state": "absent" if content is None else "present"}


def _unit(name: str, **more: t.Any) -> dict[str, t.Any]:
    return {"name": name, "on_change": "restart", "watches": [], **more}
