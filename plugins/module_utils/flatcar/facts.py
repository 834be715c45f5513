# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Flatcar node as the modules return it: JSON values, without the passwords that update.conf may hold."""

from __future__ import annotations

import dataclasses
import typing as t

from .conf import Conf, effective
from .model import (
    DEFAULT_GROUP,
    DEFAULT_SERVER,
    DEFAULT_STRATEGY,
    STRATEGY,
    WINDOW_LENGTH,
    WINDOW_START,
    Host,
    locksmith_wants,
)
from .slots import following


def configuration_facts(conf: Conf, vendor: Conf) -> dict[str, t.Any]:
    """What update-engine and locksmithd go by."""
    confs = (conf, vendor)
    wants = locksmith_wants(conf, vendor)
    held = conf.held or (conf.get("SERVER") is None and vendor.held)
    server = conf.server_before if conf.held else effective(confs, "SERVER")
    start = wants.get(WINDOW_START) or wants.get("REBOOT_WINDOW_START")
    length = wants.get(WINDOW_LENGTH) or wants.get("REBOOT_WINDOW_LENGTH")
    return {
        "group": effective(confs, "GROUP") or DEFAULT_GROUP,
        "server": server or effective((vendor,), "SERVER") or DEFAULT_SERVER,
        "held": held,
        "reboot_strategy": wants.get(STRATEGY) or DEFAULT_STRATEGY,
        "reboot_window": {"start": start, "length": length} if start or length else None,
    }


def state_facts(host: Host) -> dict[str, t.Any]:
    """What it runs, and what it is doing."""
    status = host.answer.status
    boots_next = following(host.slots)
    return {
        "version": host.version,
        "status": status and dataclasses.asdict(status),
        "status_missing": host.answer.missing or None,
        "slots": [{**dataclasses.asdict(slot), "boots_next": slot == boots_next} for slot in host.slots],
        "reboot_needed": host.reboot_needed,
    }
