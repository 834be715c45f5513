# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Flatcar node: its configuration, its update service and its slots."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ..node import File
from .conf import Conf, effective
from .slots import Slot, following
from .status import Answer

CONF = "/etc/flatcar/update.conf"
VENDOR_CONF = "/usr/share/flatcar/update.conf"

ENGINE = "update-engine.service"
LOCKSMITH = "locksmithd.service"

OFF = "off"

# Without any configuration, by the source code of update-engine and locksmithd.
DEFAULT_GROUP = "stable"
DEFAULT_SERVER = "https://public.update.flatcar-linux.net/v1/update/"
DEFAULT_STRATEGY = "reboot"

WINDOW_START = "LOCKSMITHD_REBOOT_WINDOW_START"
WINDOW_LENGTH = "LOCKSMITHD_REBOOT_WINDOW_LENGTH"
STRATEGY = "REBOOT_STRATEGY"
OLD_WINDOW_KEYS = ("REBOOT_WINDOW_START", "REBOOT_WINDOW_LENGTH")
LOCKSMITH_KEYS = (STRATEGY, WINDOW_START, WINDOW_LENGTH, *OLD_WINDOW_KEYS)


@dataclass(frozen=True)
class Unit:
    """A unit as systemd has it."""

    load_state: str = "not-found"
    active_state: str = "inactive"
    unit_file_state: str = ""
    refused: bool = False
    """Whether a condition of it was looked at and not met."""

    @property
    def masked(self) -> bool:
        return self.load_state == "masked"

    @property
    def running(self) -> bool:
        return self.active_state in ("active", "activating", "reloading")


@dataclass(frozen=True)
class Host:
    """What a plan is made from."""

    conf: Conf
    """Of /etc."""
    vendor: Conf
    """Of /usr, for the keys that /etc does not have."""
    version: str | None
    answer: Answer
    slots: tuple[Slot, ...] = ()
    engine: Unit = field(default_factory=Unit)
    locksmith: Unit = field(default_factory=Unit)
    locksmith_environment: t.Mapping[str, str] = field(default_factory=dict)
    """What the running locksmithd was started with."""
    file: File | None = None
    """That of /etc, which may hold a password."""
    now: int = 0

    @property
    def booted(self) -> Slot | None:
        return next((slot for slot in self.slots if slot.booted), None)

    @property
    def other(self) -> Slot | None:
        return next((slot for slot in self.slots if not slot.booted), None)

    @property
    def reboot_needed(self) -> bool:
        """Whether a reboot changes what runs."""
        following_slot = following(self.slots)
        status = self.answer.status
        return bool(status and status.need_reboot) or (following_slot is not None and not following_slot.booted)


def locksmith_wants(conf: Conf, vendor: Conf) -> dict[str, str]:
    """What locksmithd would be started with."""
    found = {key: effective((conf, vendor), key, unquoted=True) for key in LOCKSMITH_KEYS}
    return {key: value for key, value in found.items() if value is not None}
