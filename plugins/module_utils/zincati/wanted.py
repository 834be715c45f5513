# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user wants of Zincati, checked as far as it can be without looking at the node."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from urllib.parse import quote

from ..errors import FleetError
from ..windows import Window, parse
from . import rules
from .configuration import KEYS
from .drop_ins import SUFFIX
from .toml import render

Params = t.Mapping[str, t.Any]

RUNNING = "running"
MASKED = "masked"


@dataclass(frozen=True)
class Wanted:
    """``settings`` are those that were given, by name. Without any there is to be no drop-in of ours."""

    drop_in: str
    settings: t.Mapping[str, t.Any]
    windows: tuple[Window, ...] = ()
    secret: bool = False
    """Whether there is a password in them, so that only the agent may read the drop-in."""
    absent_drop_ins: tuple[str, ...] = ()
    service: str | None = None

    @classmethod
    def from_params(cls, params: Params) -> Wanted:
        """:raises FleetError: options that are malformed or contradict each other."""
        settings = {name: params[name] for name in KEYS if params.get(name) is not None}
        _check_password(params)
        windows = parse(params.get("windows") or ())
        wanted = cls(
            drop_in=_file_name("drop_in", params["drop_in"]),
            settings={name: _valid(name, value, params) for name, value in settings.items()},
            windows=windows,
            secret=params.get("fleet_lock_password") is not None,
            absent_drop_ins=tuple(_file_name("absent_drop_ins", name) for name in params.get("absent_drop_ins") or ()),
            service=params.get("service"),
        )
        _check_strategy(wanted, params)
        _check_state(wanted, params)
        return wanted

    @property
    def content(self) -> bytes | None:
        """Of the drop-in; None when there shall be none."""
        if not self.settings:
            return None
        return render({KEYS[name]: value for name, value in self.settings.items()}, self.windows)


def _file_name(option: str, name: str) -> str:
    if not name.endswith(SUFFIX):
        raise FleetError(f"{option}: {name!r} does not end in {SUFFIX}, and Zincati ignores every other file")
    if "/" in name or name.startswith("."):
        raise FleetError(f"{option}: {name!r} is no name of a drop-in; write it without a folder, as 60-example.toml")
    return name


def _valid(name: str, value: t.Any, params: Params) -> t.Any:
    check = rules.url if name.endswith("_url") else rules.RULES.get(name)
    wrong = check(value) if check else ""
    if wrong:
        raise FleetError(f"{name}: {wrong}")
    if name == "fleet_lock_url" and params.get("fleet_lock_password") is not None:
        scheme, separator, rest = value.partition("://")
        user, password = (quote(params[f"fleet_lock_{each}"], safe="") for each in ("user", "password"))
        return f"{scheme}{separator}{user}:{password}@{rest}"
    return value.replace("-", "").lower() if name == "node_uuid" else value


def _check_password(params: Params) -> None:
    user, password = params.get("fleet_lock_user"), params.get("fleet_lock_password")
    if (user is None) != (password is None):
        raise FleetError("fleet_lock_user and fleet_lock_password go together")
    if user is not None and params.get("fleet_lock_url") is None:
        raise FleetError("fleet_lock_user is for the server at fleet_lock_url; give its address too")
    if "@" in (params.get("fleet_lock_url") or ""):
        raise FleetError("fleet_lock_url: write user and password as fleet_lock_user and fleet_lock_password")


def _check_state(wanted: Wanted, params: Params) -> None:
    if wanted.drop_in in wanted.absent_drop_ins:
        raise FleetError(
            f"absent_drop_ins: {wanted.drop_in} is the module's own drop-in; use state: absent to remove it"
        )
    if params.get("state") == "absent":
        for given in wanted.settings:
            raise FleetError(f"state: absent removes the drop-in, so {given} cannot be given with it")
    elif not wanted.settings:
        raise FleetError("give at least one setting for the drop-in to have, or state: absent")


def _check_strategy(wanted: Wanted, params: Params) -> None:
    strategy = wanted.settings.get("strategy")
    if strategy == rules.PERIODIC and not wanted.windows:
        raise FleetError("windows: strategy periodic needs at least one, for without a window the node never updates")
    if strategy != rules.PERIODIC:
        for option in ("windows", "time_zone"):
            if params.get(option) is not None:
                raise FleetError(f"{option} is for strategy periodic only; set strategy to periodic, or leave it out")
    if (strategy == rules.FLEET_LOCK) != ("fleet_lock_url" in wanted.settings):
        raise FleetError("strategy fleet_lock and fleet_lock_url, the address of the lock server, go together")
