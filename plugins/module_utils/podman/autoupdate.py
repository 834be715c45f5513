# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``podman auto-update --format json`` says, as data."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ..errors import FleetError
from ..node import Completed, last_line

UNCHANGED = "unchanged"
PENDING = "pending"
UPDATED = "updated"
FAILED = "failed"
ROLLED_BACK = "rolled_back"

# Strings in podman's document too.
_OUTCOMES = {"true": UPDATED, "false": UNCHANGED, "pending": PENDING, "failed": FAILED, "rolled back": ROLLED_BACK}


class Unreadable(ValueError):
    """No document of podman auto-update."""


@dataclass(frozen=True)
class Container:
    """A container that podman would update."""

    unit: str
    name: str
    image: str
    policy: str
    outcome: str

    def facts(self) -> dict[str, str]:
        return {
            "unit": self.unit,
            "container": self.name,
            "image": self.image,
            "policy": self.policy,
            "outcome": self.outcome,
        }


@dataclass(frozen=True)
class Answer:
    """The containers that podman told of, and what it could not do, in its words."""

    containers: tuple[Container, ...] = ()
    error: str = ""


def parse(text: str) -> tuple[Container, ...]:
    """Parse the document. podman prints the containers in no order, and nothing at all when there are none.

    :raises Unreadable: it is no such document.
    """
    if not text.strip():
        return ()
    try:
        document = json.loads(text)
        found = [
            Container(
                unit=each["Unit"],
                name=each["ContainerName"],
                image=each["Image"],
                policy=each["Policy"],
                outcome=_OUTCOMES[each["Updated"]],
            )
            for each in document
        ]
    except (ValueError, KeyError, TypeError) as exc:
        raise Unreadable from exc
    if not isinstance(document, list):
        raise Unreadable
    return tuple(sorted(found, key=lambda each: (each.unit, each.name)))


def read_answer(done: Completed) -> Answer:
    """What podman auto-update ended with. With an error about some containers it still tells of the others.

    :raises FleetError: it told of none.
    """
    # Several errors are a list; the last one stands for all.
    error = last_line(done.stderr).lstrip("* ") or f"exit code {done.rc}" if done.rc else ""
    try:
        return Answer(parse(done.stdout), error)
    except Unreadable as exc:
        raise FleetError(f"podman auto-update gave no document: {error or 'what it printed is none'}") from exc
