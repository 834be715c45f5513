# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Zincati takes as a value of its settings. Every rule returns what is wrong, or nothing."""

from __future__ import annotations

import re
import typing as t

from ..windows import time_zone_complaint

IMMEDIATE = "immediate"
PERIODIC = "periodic"
FLEET_LOCK = "fleet_lock"
STRATEGIES = (IMMEDIATE, PERIODIC, FLEET_LOCK)

_GROUP = re.compile(r"[a-zA-Z0-9.-]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-?)[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{12}")
_URL = re.compile(r"https?://(?P<host>[^/\s?#]+)(?P<path>/[^\s?#]*)?")
_PASSWORD = re.compile(r"(https?://[^/\s:@]*:)[^/\s@]*@")
_VARIABLE = re.compile(r"\$\{([^}]*)\}")

# What the agent puts into a URL.
VARIABLES = ("basearch", "group", "platform", "stream")


def group(value: str) -> str:
    return "" if _GROUP.fullmatch(value) else f"{value!r} has other characters than letters, digits, dots and dashes"


def node_uuid(value: str) -> str:
    return "" if _UUID.fullmatch(value) else f"{value!r} is no UUID of 32 hexadecimal digits"


def rollout_wariness(value: float) -> str:
    # Also false for what is no number.
    return "" if 0 <= value <= 1 else f"{value!r} is not from 0.0 (eager) to 1.0 (very cautious)"


def steady_interval_secs(value: int) -> str:
    return "" if value >= 1 else f"{value} is not at least 1"


def strategy(value: str) -> str:
    return "" if value in STRATEGIES else f"{value!r} is none of {', '.join(STRATEGIES)}"


def url(value: str) -> str:
    """Stricter than the agent, which takes /v1 of http://host/a/b for http://host/a/v1 without a word."""
    found = _URL.fullmatch(value)
    if not found:
        return f"{value!r} is no http or https address without a query"
    unknown = [name for name in _VARIABLE.findall(value) if name not in VARIABLES]
    if unknown:
        return f"{value!r} has ${{{unknown[0]}}}, and Zincati knows only {', '.join(VARIABLES)}"
    if found["path"] and not found["path"].endswith("/"):
        return f"{value!r} has a path that does not end in /, so Zincati would leave out its last part"
    return ""


def without_password(text: str) -> str:
    """With three stars for the password of each address in it."""
    return _PASSWORD.sub(r"\1***@", text)


RULES: t.Mapping[str, t.Callable[[t.Any], str]] = {
    "group": group,
    "node_uuid": node_uuid,
    "rollout_wariness": rollout_wariness,
    "steady_interval_secs": steady_interval_secs,
    "strategy": strategy,
    "time_zone": time_zone_complaint,
}
"""By the name of the setting."""
