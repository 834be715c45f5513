# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring the containers of an owner up to date: look, plan, and unless only checking, update."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ..errors import FleetError
from ..node import Completed, Node, Source
from .autoupdate import FAILED, PENDING, ROLLED_BACK, UNCHANGED, UPDATED, Answer, read_answer
from .keys import spell
from .layout import Places
from .logs import read_logs
from .owner import as_owner
from .show import real_path
from .state import State
from .survey import read_state
from .timer import NAME, Timer, drop_in, is_changed
from .timer import plan as plan_timer
from .update import Options, UpdateAll, UpdateUnit, auto_update
from .wanted import check_user

_TLS_VERIFY = (4, 6)

_WORDS = {FAILED: "was not updated", ROLLED_BACK: "did not start with its update and was rolled back"}


@dataclass(frozen=True)
class Request:
    user: str
    update: bool
    units: tuple[str, ...] | None
    options: Options
    fail_on: frozenset[str]
    timer: Timer | None

    @classmethod
    def from_params(cls, params: t.Mapping[str, t.Any]) -> Request:
        """:raises FleetError: options that are malformed."""
        units = params["units"]
        return cls(
            user=check_user(params["user"]),
            update=params["update"],
            units=None if units is None else tuple(units),
            options=Options(params["rollback"], params["authfile"], params["tls_verify"]),
            fail_on=frozenset(params["fail_on"]),
            timer=None if params["timer"] is None else Timer.from_params(params["timer"]),
        )


def keep_current(node: Node, request: Request, check: bool) -> dict[str, t.Any]:
    """Returns what the module podman_auto_update returns.

    :raises FleetError: podman or a registry does not answer, or an update went wrong.
    """
    state = read_state(node, Places(request.user), "", files=[drop_in(request.user)], units=[NAME], secrets=[])
    if state.podman is None:
        raise FleetError("the node has no podman, so there is nothing to update")
    if request.options.tls_verify is not None and state.podman < _TLS_VERIFY:
        raise FleetError(
            f"tls_verify: podman auto-update knows it from {spell(_TLS_VERIFY)} on, and the node has "
            f"{state.podman_version}; say it with insecure= of the registry in registries.conf"
        )
    before = _look(node, request, state)
    timer_steps = plan_timer(request.user, request.timer, state) if request.timer else ()
    updates = _updates(request, before)
    after = before
    if not check:
        for step in timer_steps:
            step.apply(node)
        for update in updates:
            after = _merged(after, update.update(node))
    # What failed in the look already, at its registry, was not touched.
    pending = {each.unit for each in before.containers if each.outcome == PENDING}
    touched = {each.unit for each in after.containers if each.outcome not in (UNCHANGED, PENDING)} & pending
    result = {
        "changed": bool(timer_steps or (updates if check else touched)),
        "steps": [step.report() for step in (*timer_steps, *updates)],
        "diff": _difference(request, state, before, after if not check else _predicted(before, updates)),
        "containers": [each.facts() for each in after.containers],
    }
    _refuse(node, request, state, after, touched, result)
    return {**result, "warnings": _warnings(request, before)}


def _look(node: Node, request: Request, state: State) -> Answer:
    """What has an update, and whether new times of the timer are any; in one round trip."""
    questions: dict[str, Source] = {}
    if request.timer and is_changed(request.user, request.timer, state):
        questions.update(request.timer.questions())
    if request.update:
        questions["auto-update"] = as_owner(request.user, *auto_update(request.options, dry_run=True))
    found = node.gather(questions) if questions else {}
    for name, answer in found.items():
        if name != "auto-update" and isinstance(answer, Completed) and answer.rc != 0:
            raise FleetError(f"timer: {name!r} is no time that the systemd of the node knows; see systemd.time(7)")
    answer = found.get("auto-update")
    return read_answer(answer) if isinstance(answer, Completed) else Answer()


def _updates(request: Request, before: Answer) -> tuple[UpdateAll | UpdateUnit, ...]:
    pending = [each for each in before.containers if each.outcome == PENDING]
    if not pending:
        return ()
    if request.units is None:
        images = ", ".join(sorted({each.image for each in pending}))
        return (UpdateAll(request.user, request.options, f"there is something newer under {images}"),)
    return tuple(
        UpdateUnit(request.user, unit, containers, request.options)
        for unit in dict.fromkeys(request.units)
        for containers in [tuple(each for each in pending if each.unit == unit)]
        if containers
    )


def _merged(before: Answer, answer: Answer) -> Answer:
    told = {(each.unit, each.name): each for each in answer.containers}
    containers = tuple(told.get((each.unit, each.name), each) for each in before.containers)
    return Answer(containers, answer.error or before.error)


def _predicted(before: Answer, updates: t.Iterable[UpdateAll | UpdateUnit]) -> Answer:
    every = any(isinstance(each, UpdateAll) for each in updates)
    units = {each.unit for each in updates if isinstance(each, UpdateUnit)}
    return Answer(
        tuple(
            replace(each, outcome=UPDATED) if each.outcome == PENDING and (every or each.unit in units) else each
            for each in before.containers
        )
    )


def _difference(request: Request, state: State, before: Answer, after: Answer) -> dict[str, t.Any]:
    shown: dict[str, dict[str, t.Any]] = {"before": {}, "after": {}}
    for key, answer in (("before", before), ("after", after)):
        shown[key]["containers"] = {f"{each.unit} {each.name}": each.outcome for each in answer.containers}
    if request.timer:
        path, found = drop_in(request.user), state.files.get(drop_in(request.user))
        shown["before"][real_path(path, state)] = found.content.decode(errors="replace").splitlines() if found else []
        shown["after"][real_path(path, state)] = request.timer.content.splitlines()
        shown["before"]["timer"] = state.unit(NAME).file_state == "enabled" and state.unit(NAME).running
        shown["after"]["timer"] = request.timer.enabled
    return shown


def _refuse(
    node: Node, request: Request, state: State, after: Answer, touched: t.Collection[str], result: dict[str, t.Any]
) -> None:
    bad = [each for each in after.containers if each.outcome in request.fail_on]
    if not bad and not after.error:
        return
    units = sorted({each.unit for each in bad} & set(touched))
    what = ", ".join(f"{each.unit} ({each.image}) {_WORDS[each.outcome]}" for each in bad)
    why = [after.error] if after.error else []
    why += ["the log says why"] if units else []
    raise FleetError(
        f"{what or 'podman could not look for every update'}: {'; '.join(why)}",
        log=read_logs(node, request.user, state.uid, units) if units else {},
        **result,
    )


def _warnings(request: Request, before: Answer) -> list[str]:
    there = {each.unit for each in before.containers}
    return [
        f"{unit} runs no container with AutoUpdate=, so there is nothing to update"
        for unit in request.units or ()
        if request.update and unit not in there
    ]
