# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the agent is told: one JSON document, which the role writes."""

from __future__ import annotations

import dataclasses
import json


@dataclasses.dataclass(frozen=True)
class Config:
    repository: str
    ref: str
    # The folder for everything that the agent keeps.
    state: str
    # The play, an argument list. It runs in the folder of the commit.
    command: list[str]
    # Whose commits are played: a file in the format of ssh-keygen's ALLOWED SIGNERS, and one of public OpenPGP keys.
    allowed_signers: str | None = None
    gpg_keys: str | None = None
    # The first commit that is played has this one in its history.
    oldest_commit: str | None = None
    # Taken once although it does not come after the last good one.
    accepted_commit: str | None = None
    # How often a commit is tried.
    attempts: int = 3
    # Whether the last good commit is played again when there is nothing new.
    reconcile: bool = True
    # How many fleet reports are kept.
    reports: int = 20
    # Settings of git, as it is configured by nothing else; and of the environment of the play.
    git: dict[str, str] = dataclasses.field(default_factory=dict)
    environment: dict[str, str] = dataclasses.field(default_factory=dict)


def load(path: str) -> Config:
    try:
        with open(path, encoding="utf-8") as stream:
            document = json.load(stream)
        return Config(**document)
    except (OSError, ValueError, TypeError) as error:
        raise SystemExit(f"{path} is no configuration of the pull agent: {error}") from None
