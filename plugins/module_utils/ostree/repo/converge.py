# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring a repository to what is wanted of it: read, plan, and unless only checking, carry out."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ...errors import FleetError
from ...node import Node
from ...outcome import Plan, Run, Step, refuse_left
from ..reference import COMMIT
from .keyfile import keys
from .model import Repository, summary_is_current
from .moves import configured, moves, refuse_unknown_remotes
from .survey import Looked, look, read
from .upkeep import kept_up, prune, upkeep
from .wanted import Wanted, WantedRef


def converge(node: Node, wanted: Wanted, check: bool) -> dict[str, t.Any]:
    """Returns what the module ostree_repo returns.

    :raises FleetError: the repository cannot be read, must not be changed so, or a step failed.
    """
    before = read(node, wanted)
    _refuse_mode(before, wanted)
    config = configured(before.config, wanted)
    refuse_unknown_remotes(config, wanted)
    looked = look(node, wanted, before, config)
    moving, after = moves(before, wanted, looked)
    steps = (*_init(before, wanted), *moving, *upkeep(after, wanted, before.refs), *prune(before, wanted))
    _refuse_full(before, wanted, steps)
    if check or not steps:
        return _result(wanted, before, kept_up(after, wanted, before.refs), steps)
    return _carry_out(node, wanted, before, looked)


def _carry_out(node: Node, wanted: Wanted, before: Repository, looked: Looked) -> dict[str, t.Any]:
    """What follows from the steps of one stage is planned from what they have made."""
    taken = _init(before, wanted)
    here = _apply(node, wanted, before, taken)
    moving, _predicted = moves(here, wanted, looked)
    moved = _apply(node, wanted, here, moving)
    rest = upkeep(moved, wanted, before.refs)
    tended = _apply(node, wanted, moved, rest)
    pruning = prune(tended, wanted)
    after = _apply(node, wanted, tended, pruning)
    _check(after, wanted, before)
    return _result(wanted, before, replace(after, garbage=tended.garbage), (*taken, *moving, *rest, *pruning))


def _apply(node: Node, wanted: Wanted, repository: Repository, steps: t.Sequence[Step]) -> Repository:
    for step in steps:
        step.apply(node)
    return _read_again(node, wanted) if steps else repository


def _read_again(node: Node, wanted: Wanted) -> Repository:
    repository = read(node, wanted)
    if repository.new:
        raise FleetError(f"path: {wanted.path} was removed while the module was at work")
    return repository


def _check(here: Repository, wanted: Wanted, before: Repository) -> None:
    """The exit code of ostree is no proof: what it was asked for must be there."""
    missing = [each.name for each in wanted.present if each.name not in here.refs]
    if missing:
        raise FleetError(
            f"all steps succeeded and {wanted.path} has no ref {missing[0]}; something else changes it too"
        )
    refuse_left(wanted.path, upkeep(here, wanted, before.refs))


def _init(repository: Repository, wanted: Wanted) -> tuple[Run, ...]:
    argv = ("ostree", "init", f"--repo={wanted.path}", f"--mode={wanted.mode}")
    return (Run(argv, f"there is no repository at {wanted.path}"),) if repository.new else ()


def _refuse_mode(repository: Repository, wanted: Wanted) -> None:
    if repository.mode != wanted.mode:
        raise FleetError(
            f"mode: {wanted.path} is a repository of mode {repository.mode or 'unknown'}, and that never changes; set "
            f"mode to it, or give another path for one of mode {wanted.mode}"
        )


def _refuse_full(repository: Repository, wanted: Wanted, steps: t.Sequence[Step]) -> None:
    if repository.room is None or not any(isinstance(step, Run) and not _frees(step) for step in steps):
        return
    _total, free = repository.room
    if free <= repository.reserved:
        raise FleetError(
            f"path: the file system of {wanted.path} is full ({free} KiB are free, and ostree keeps "
            f"{repository.reserved}), so nothing was begun; make room, or set prune_depth in a task of its own"
        )


def _frees(step: Run) -> bool:
    return step.argv[1] in ("prune", "refs") or step.argv[1:3] == ("static-delta", "delete")


def _view(repository: Repository, wanted: Wanted) -> dict[str, t.Any]:
    # Not the whole configuration: other keys of it may hold passwords.
    remotes = {each.name: keys(repository.config, each.group) for each in wanted.remotes}
    return {
        "mode": repository.mode,
        "collection_id": repository.collection,
        "remotes": {
            each.name: {key: value for key, value in remotes[each.name].items() if key in each.keys}
            for each in wanted.remotes
        },
        "refs": dict(sorted(repository.refs.items())),
        "signed": {name: sorted(signers) for name, signers in sorted(repository.signed.items())},
        "static_deltas": sorted(repository.deltas),
        "summary": "current" if summary_is_current(repository) else "stale",
    }


def _result(wanted: Wanted, before: Repository, after: Repository, steps: t.Sequence[Step]) -> dict[str, t.Any]:
    garbage = after.garbage
    here = {} if before.new else _view(before, wanted)
    return {
        **Plan(tuple(steps), here, _view(after, wanted) if steps else here).report(),
        "refs": [_ref(after, each) for each in wanted.present],
        "static_deltas": sorted(after.deltas),
        "ed25519_public_keys": after.public_keys,
        "unreachable": garbage and {"commits": garbage.commits, "objects": garbage.objects, "bytes": garbage.size},
    }


def _ref(repository: Repository, ref: WantedRef) -> dict[str, t.Any]:
    tip = repository.refs[ref.name]
    commit = repository.commits.get(tip)
    return {
        "name": ref.name,
        "commit": tip if COMMIT.fullmatch(tip) else None,
        "version": commit and commit.text("version"),
        "timestamp": commit and commit.timestamp,
        "bindings": list((commit and commit.bindings) or ()),
        "signed_by": sorted(repository.signed.get(tip, ())),
    }
