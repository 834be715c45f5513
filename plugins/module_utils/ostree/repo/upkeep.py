# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What follows from the refs: signatures, static deltas, the summary, and what is no longer needed."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ...outcome import Run, Step
from .model import SUMMARY, Repository, Summary, delta_name, delta_target, summary_is_current
from .steps import SignCommit, UpdateSummary
from .wanted import Wanted


def upkeep(repository: Repository, wanted: Wanted, tips: t.Mapping[str, str]) -> tuple[Step, ...]:
    """The steps in an order in which a client finds everything that the summary says, whenever the run ends.

    :arg tips: where the refs were before the run, which is where clients are.
    """
    more = (*_sign(repository, wanted), *_generate(repository, wanted, tips).values())
    stale = _stale(repository, wanted).values()
    publish = wanted.summary and (bool(more) or not _published(repository, wanted))
    steps: list[Step] = [*more]
    if publish:
        steps.append(_summary(wanted, "the summary says something else, or not all keys have signed it"))
    steps += stale
    if stale and wanted.summary:
        steps.append(_summary(wanted, "the summary still lists the removed deltas"))
    return tuple(steps)


def kept_up(repository: Repository, wanted: Wanted, tips: t.Mapping[str, str]) -> Repository:
    """The repository as it is after the steps of upkeep."""
    deltas = (repository.deltas | set(_generate(repository, wanted, tips))) - set(_stale(repository, wanted))
    summary, signed = repository.summary, dict(repository.signed)
    places = [repository.refs[each.name] for each in wanted.present if each.name in repository.refs]
    if wanted.summary:
        summary = Summary(repository.refs, frozenset(deltas), repository.collection)
        places.append(SUMMARY)
    if wanted.signers:
        signed.update({place: signed.get(place, frozenset()) | set(wanted.signers) for place in places})
    return replace(repository, deltas=frozenset(deltas), summary=summary, signed=signed)


def prune(repository: Repository, wanted: Wanted) -> tuple[Step, ...]:
    """The step that removes what no ref reaches: the last one, because a new summary can leave such objects too."""
    garbage = repository.garbage
    if garbage is None or not garbage.objects:
        return ()
    argv = ("ostree", "prune", f"--repo={wanted.path}", "--refs-only", f"--depth={wanted.prune_depth}")
    return (Run(argv, f"no ref reaches {garbage.objects} objects"),)


def _sign(repository: Repository, wanted: Wanted) -> list[Step]:
    steps: list[Step] = []
    for commit in dict.fromkeys(repository.refs[each.name] for each in wanted.present if each.name in repository.refs):
        signed = repository.signed.get(commit, frozenset())
        for key in wanted.gpg_keys:
            if key not in signed:
                home = f"--gpg-homedir={wanted.gpg_home}"
                argv = ("ostree", "gpg-sign", f"--repo={wanted.path}", home, commit, key)
                steps.append(Run(argv, f"{key} has not signed {commit[:10]}"))
        steps += [SignCommit(wanted.path, commit, key) for key in wanted.ed25519_keys if key not in signed]
    return steps


def _generate(repository: Repository, wanted: Wanted, tips: t.Mapping[str, str]) -> dict[str, Step]:
    steps: dict[str, Step] = {}
    for each in wanted.present:
        tip = repository.refs.get(each.name)
        if tip is None:
            continue
        origins: list[str | None] = [None] if wanted.scratch_deltas else []
        if wanted.static_deltas:
            origins += repository.chains.get(each.name, ())[1 : wanted.static_deltas + 1]
            # A ref that was promoted is not in the history of what it is now.
            moved = tips.get(each.name)
            origins += [moved] if moved not in (None, tip) else []
        for origin in origins:
            name = delta_name(origin, tip)
            if name not in repository.deltas:
                start = "--empty" if origin is None else f"--from={origin}"
                argv = ("ostree", "static-delta", "generate", f"--repo={wanted.path}", start, f"--to={tip}")
                steps[name] = Run(argv, f"there is no delta to {each.name} from {(origin or 'nothing')[:10]}")
    return steps


def _stale(repository: Repository, wanted: Wanted) -> dict[str, Step]:
    """Deltas to what no ref is at: clients only ask for those to the commit of a ref."""
    if wanted.static_deltas is None and not wanted.scratch_deltas:
        return {}
    current = set(repository.refs.values())
    delete = ("ostree", "static-delta", "delete", f"--repo={wanted.path}")
    return {
        name: Run((*delete, name), f"no ref is at {delta_target(name)[:10]}")
        for name in sorted(repository.deltas)
        if delta_target(name) not in current
    }


def _published(repository: Repository, wanted: Wanted) -> bool:
    signed = repository.signed.get(SUMMARY, frozenset())
    return summary_is_current(repository) and set(wanted.signers) <= signed


def _summary(wanted: Wanted, reason: str) -> Step:
    return UpdateSummary(wanted.path, wanted.gpg_keys, wanted.gpg_home, wanted.ed25519_keys, reason)
