# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of the agent: what it decides, and in which order it does it."""

from __future__ import annotations

import dataclasses
import typing as t
from dataclasses import dataclass

from config import Config
from repository import Repository, Signature, Unavailable
from store import State, Store


@dataclass(frozen=True)
class Candidate:
    """The commit that the ref names now."""

    commit: str
    signature: Signature | None
    # Whether it comes after the last good one, and the oldest allowed one.
    in_line: bool


@dataclass(frozen=True)
class Outcome:
    # applied: the newest commit is the last good one now. unchanged: it was it before. failed: its play failed.
    # refused: it was not played. unavailable: the newest commit is not known.
    outcome: str
    # One sentence for people, where it is neither applied nor unchanged.
    reason: str | None = None
    candidate: Candidate | None = None
    # The commit that was played, and the exit status of the play.
    played: str | None = None
    exit_status: int | None = None

    @property
    def is_well(self) -> bool:
        return self.outcome in ("applied", "unchanged") and self.exit_status in (0, None)


def refusal(candidate: Candidate, state: State, config: Config) -> str | None:
    """Why a commit is not played."""
    short = candidate.commit[:12]
    if candidate.signature is None:
        return f"commit {short} has no valid signature of a pinned signer"
    accepted = candidate.commit == config.accepted_commit and state.accepted != candidate.commit
    if not candidate.in_line and not accepted:
        return (
            f"commit {short} does not come after {(state.good or config.oldest_commit or '')[:12]}, "
            "so it may be an old one: set pull_agent_accepted_commit to take it"
        )
    tried = state.attempts.get(candidate.commit, 0)
    if tried >= config.attempts:
        return f"commit {short} failed {tried} times: a newer one is awaited"
    return None


Play = t.Callable[[str], int]


class Cycle:
    def __init__(self, config: Config, repository: Repository, store: Store, play: Play) -> None:
        self._config = config
        self._repository = repository
        self._store = store
        self._play = play

    def run(self) -> Outcome:
        state = self._store.load()
        # A run that was killed may have left the link at a commit that is not proven.
        self._store.point_at(state.good)
        outcome = self._decide(state)
        self._store.tidy(self._store.load().good, self._config.reports)
        return outcome

    def _decide(self, state: State) -> Outcome:
        try:
            commit = self._repository.fetch()
        except Unavailable as error:
            return self._again(state, Outcome("unavailable", str(error)))
        candidate = self._look_at(commit, state)
        if commit == state.good:
            return self._again(state, Outcome("unchanged", candidate=candidate))
        reason = refusal(candidate, state, self._config)
        if reason is not None:
            return self._again(state, Outcome("refused", reason, candidate))
        return self._try(state, candidate)

    def _look_at(self, commit: str, state: State) -> Candidate:
        before = state.good or self._config.oldest_commit
        signature = self._repository.signature(commit)
        return Candidate(commit, signature, before is None or self._repository.descends(commit, before))

    def _try(self, state: State, candidate: Candidate) -> Outcome:
        commit = candidate.commit
        self._repository.write(commit, self._store.folder(commit))
        # Counted before it has a chance to take this machine down.
        state = state.tried(commit)
        self._store.save(state)
        self._store.point_at(commit)
        status = self._play(commit)
        if status != 0:
            self._store.point_at(state.good)
            reason = f"the play of commit {commit[:12]} failed, for the {state.attempts[commit]}. time"
            return Outcome("failed", reason, candidate, commit, status)
        self._store.save(state.proven(commit, self._config.accepted_commit))
        return Outcome("applied", None, candidate, commit, status)

    def _again(self, state: State, outcome: Outcome) -> Outcome:
        """Play the last good commit, so that what was changed by hand is repaired."""
        good = state.good
        if good is None or not self._config.reconcile:
            return outcome
        # Its signer may have been taken out of the pinned ones.
        if self._repository.signature(good) is None:
            reason = f"the last good commit {good[:12]} has no valid signature of a pinned signer any more"
            reasons = [each for each in (outcome.reason, reason) if each]
            return dataclasses.replace(outcome, outcome="refused", reason="; ".join(reasons))
        if not self._store.folder(good).is_dir():
            self._repository.write(good, self._store.folder(good))
        status = self._play(good)
        played = dataclasses.replace(outcome, played=good, exit_status=status)
        if status != 0 and outcome.outcome == "unchanged":
            return dataclasses.replace(
                played, outcome="failed", reason=f"the play of the last good commit {good[:12]} failed"
            )
        return played
