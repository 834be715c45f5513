# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps from what Zincati is on a node to what is wanted of it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..errors import FleetError
from ..outcome import Plan, Remove, Run, Step, Write
from ..windows import LOCALTIME, ZONES, minutes
from .configuration import Configuration, merge
from .drop_ins import ADMIN, AGENT, FILE, OTHER, RUNTIME, VENDOR, DropIn, Listing, ranked
from .facts import configuration_facts
from .model import UNIT, Host
from .rules import PERIODIC, without_password
from .wanted import MASKED, RUNNING, Wanted


@dataclass(frozen=True)
class ZincatiPlan:
    """``after`` is the merged configuration when the steps are taken."""

    plan: Plan
    after: Configuration
    drop_ins: tuple[DropIn, ...]
    warnings: tuple[str, ...] = ()


def plan(host: Host, wanted: Wanted) -> ZincatiPlan:
    """No steps when it is so already.

    :raises FleetError: the agent would not start so, or another drop-in has the last word.
    """
    _check_zone(host.listing, wanted)
    files = _files(host.listing, wanted)
    drop_ins = _afterwards(host.listing.drop_ins, wanted)
    after = merge(drop_ins)
    # One that nothing can start may be told anything.
    if after.complaints and wanted.service != MASKED:
        raise FleetError(f"Zincati would not start: {after.complaints[0]}", complaints=list(after.complaints))
    warnings = _overridden(after, wanted)
    steps = (*files, *_service(host, wanted, changed=bool(files)))
    before = {"drop_in": _text(host.listing.drop_ins, wanted.drop_in), **_facts(host.listing.drop_ins)}
    following = {"drop_in": _text(drop_ins, wanted.drop_in), **_facts(drop_ins)}
    service = {"service": MASKED if host.service.masked else host.service.active_state}
    wished = {"service": wanted.service} if wanted.service and steps else service
    return ZincatiPlan(Plan(steps, {**before, **service}, {**following, **wished}), after, drop_ins, warnings)


def _check_zone(listing: Listing, wanted: Wanted) -> None:
    zone = wanted.settings.get("time_zone")
    if zone == LOCALTIME:
        target = listing.localtime
        if target is not None and not target.startswith(ZONES):
            raise FleetError(
                f"time_zone: localtime needs /etc/localtime to be a link into {ZONES} on the node, which it is not; "
                "write the name of the zone"
            )
    elif zone is not None and listing.zone is None:
        raise FleetError(f"time_zone: the node knows no {zone!r}; write a name that {ZONES} has there")


def _files(listing: Listing, wanted: Wanted) -> tuple[Step, ...]:
    there = {each.name: each for each in listing.drop_ins if each.folder == ADMIN}
    steps: list[Step] = []
    for name in wanted.absent_drop_ins:
        if name in there:
            _refuse_folder(there[name])
            steps.append(Remove(there[name].path, "it is not to be there"))
        elif any(each.name == name and each.folder == VENDOR for each in listing.drop_ins):
            raise FleetError(f"absent_drop_ins: {VENDOR}/{name} is part of the system; override what it says instead")
    mine, content = there.get(wanted.drop_in), wanted.content
    path = f"{ADMIN}/{wanted.drop_in}"
    if mine is not None:
        _refuse_folder(mine)
    if content is None:
        return (*steps, *([Remove(path, "no drop-in is wanted")] if mine is not None else []))
    mode, owner = (0o600, AGENT) if wanted.secret else (0o644, None)
    if (
        mine is not None
        and (mine.kind, mine.content, mine.mode) == (FILE, content, mode)
        and owner in (None, mine.owner)
    ):
        return tuple(steps)
    if ADMIN not in (listing.folders or {}):
        steps.append(Run(("mkdir", "-p", ADMIN), "there is no folder for drop-ins"))
    reason = "there is no such drop-in" if mine is None else "it says something else"
    return (*steps, Write(path, content, reason, mode, owner))


def _refuse_folder(drop_in: DropIn) -> None:
    if drop_in.kind == OTHER:
        raise FleetError(f"{drop_in.path} is no file; remove it by hand")


def _afterwards(drop_ins: t.Iterable[DropIn], wanted: Wanted) -> tuple[DropIn, ...]:
    gone = {wanted.drop_in, *wanted.absent_drop_ins}
    kept = [each for each in drop_ins if each.folder != ADMIN or each.name not in gone]
    if wanted.content is not None:
        kept.append(DropIn(ADMIN, wanted.drop_in, content=wanted.content))
    return ranked(kept)


def _overridden(after: Configuration, wanted: Wanted) -> tuple[str, ...]:
    """Where another drop-in has the last word.

    One that goes away with the next reboot, as that of zincati-update-now, is worth a warning only.

    :raises FleetError: it stays.
    """
    complaints = []
    for name, value in wanted.settings.items():
        last = after.settings[name]
        if last.value != value:
            complaints.append(
                (
                    last.path,
                    without_password(f"{name}: {last.path} sets {last.value!r} and is read after {wanted.drop_in}"),
                )
            )
    if wanted.settings.get("strategy") == PERIODIC:
        mine = minutes(wanted.windows)
        complaints += (
            (path, f"windows: {path} opens {window} too, and Zincati adds up the windows of all drop-ins")
            for window, path in after.windows
            if not minutes([window]) <= mine
        )
    lasting = [text for path, text in complaints if not path.startswith(RUNTIME)]
    if lasting:
        raise FleetError(f"{lasting[0]}; name it in absent_drop_ins, or choose another drop_in", overridden=lasting)
    return tuple(text for _path, text in complaints)


def _service(host: Host, wanted: Wanted, *, changed: bool) -> tuple[Step, ...]:
    service = host.service
    if wanted.service == MASKED:
        if service.masked and service.active_state in ("inactive", "failed"):
            return ()
        return (_systemctl("Zincati is not to run", "mask", "--now"),)
    steps = []
    if wanted.service == RUNNING:
        if service.masked:
            steps.append(_systemctl("it is masked", "unmask"))
        # What an unmasked unit was before nobody knows; enabling an enabled one does no harm.
        if service.masked or service.unit_file_state == "disabled":
            steps.append(_systemctl("it is not started at boot", "enable"))
    if service.masked and wanted.service is None:
        return ()
    if service.at_work and not service.masked:
        if changed or host.stale:
            steps.append(_systemctl("Zincati reads its configuration only when it starts", "restart"))
        elif service.failing:
            steps.append(_systemctl("it has not come up", "restart"))
    elif wanted.service == RUNNING:
        steps.append(_systemctl("it does not run", "restart"))
    return tuple(steps)


def _systemctl(reason: str, *words: str) -> Run:
    return Run(("systemctl", *words, UNIT), reason)


def _facts(drop_ins: t.Iterable[DropIn]) -> dict[str, t.Any]:
    return {"configuration": configuration_facts(merge(drop_ins))}


def _text(drop_ins: t.Iterable[DropIn], name: str) -> list[str] | None:
    for each in drop_ins:
        if (each.folder, each.name, each.kind) == (ADMIN, name, FILE):
            return without_password(each.content.decode(errors="replace")).splitlines()
    return None
