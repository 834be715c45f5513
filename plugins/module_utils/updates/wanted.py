# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which driver a user wants to update a node, and how, checked as far as it can be without looking at the node."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..errors import FleetError
from ..windows import DAYS, LOCALTIME, Window, parse, time_zone_complaint

Params = t.Mapping[str, t.Any]

ZINCATI = "zincati"
RPM_OSTREE = "rpm_ostree"
FLATCAR = "flatcar"
DRIVERS = (ZINCATI, RPM_OSTREE, FLATCAR)

IMMEDIATE = "immediate"
PERIODIC = "periodic"
FLEET_LOCK = "fleet_lock"
STAGED = "staged"
STRATEGIES = (IMMEDIATE, PERIODIC, FLEET_LOCK, STAGED)

_KNOWS: t.Mapping[str, tuple[str, ...]] = {
    ZINCATI: (IMMEDIATE, PERIODIC, FLEET_LOCK),
    RPM_OSTREE: (IMMEDIATE, PERIODIC, STAGED),
    FLATCAR: (IMMEDIATE, PERIODIC, STAGED),
}

_FOR: t.Mapping[str, tuple[str, ...]] = {
    "wariness": (ZINCATI,),
    "fleet_lock_url": (ZINCATI,),
    "fleet_lock_user": (ZINCATI,),
    "fleet_lock_password": (ZINCATI,),
    "absent_drop_ins": (ZINCATI,),
    "group": (ZINCATI, FLATCAR),
    "server": (ZINCATI, FLATCAR),
    "check_interval": (ZINCATI, RPM_OSTREE),
    "apply_interval": (RPM_OSTREE,),
}
"""The drivers that an option is for. Every other option is for all."""


@dataclass(frozen=True)
class Wanted:
    """What is None is not said to the driver, so its own default applies."""

    driver: str
    strategy: str = IMMEDIATE
    enabled: bool = True
    windows: tuple[Window, ...] = ()
    time_zone: str | None = None
    wariness: float | None = None
    group: str | None = None
    server: str | None = None
    fleet_lock_url: str | None = None
    fleet_lock_user: str | None = None
    fleet_lock_password: str | None = None
    absent_drop_ins: tuple[str, ...] = ()
    check_interval: int | None = None
    apply_interval: int | None = None

    @classmethod
    def from_params(cls, params: Params) -> Wanted:
        """:raises FleetError: options that are malformed, contradict each other, or are another driver's."""
        driver, strategy = params["driver"], params["strategy"]
        for option, drivers in _FOR.items():
            if driver not in drivers and params.get(option) is not None:
                raise FleetError(f"{option} is for the driver {' or '.join(drivers)}, and this node has {driver}")
        if strategy not in _KNOWS[driver]:
            raise FleetError(
                f"strategy: the driver {driver} does not know {strategy}; choose {' or '.join(_KNOWS[driver])}"
            )
        wanted = cls(
            driver,
            strategy,
            params["enabled"],
            parse(params.get("windows") or ()),
            params.get("time_zone"),
            absent_drop_ins=tuple(params.get("absent_drop_ins") or ()),
            **{name: params.get(name) for name in _FOR if name != "absent_drop_ins"},
        )
        _check_schedule(wanted, params)
        _check_intervals(wanted)
        return wanted


def _check_schedule(wanted: Wanted, params: Params) -> None:
    if wanted.strategy == PERIODIC and not wanted.windows:
        raise FleetError("windows: strategy periodic needs at least one, for without a window the node never updates")
    if wanted.strategy != PERIODIC:
        for option in ("windows", "time_zone"):
            if params.get(option) is not None:
                raise FleetError(f"{option} is for strategy periodic only; set strategy to periodic, or leave it out")
    if (wanted.strategy == FLEET_LOCK) != (wanted.fleet_lock_url is not None):
        raise FleetError("strategy fleet_lock and fleet_lock_url, the address of the lock server, go together")
    wrong = time_zone_complaint(wanted.time_zone) if wanted.time_zone is not None else ""
    if wrong:
        raise FleetError(f"time_zone: {wrong}")
    if wanted.driver == FLATCAR:
        _check_locksmith(wanted)


def _check_locksmith(wanted: Wanted) -> None:
    if wanted.strategy != PERIODIC:
        return
    if wanted.time_zone != LOCALTIME:
        raise FleetError("time_zone: locksmithd of Flatcar goes by the node's own clock; write localtime")
    if len(wanted.windows) != 1 or len(wanted.windows[0].days) not in (1, len(DAYS)):
        raise FleetError("windows: locksmithd of Flatcar has one window, on one day of the week or on all seven")


def _check_intervals(wanted: Wanted) -> None:
    for option, value in (("check_interval", wanted.check_interval), ("apply_interval", wanted.apply_interval)):
        if value is not None and value < 1:
            raise FleetError(f"{option}: {value} is no time; give at least 1 second")
