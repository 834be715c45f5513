# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the health checks say of this boot, from the state of their unit.

In both generations it stays active when every required check has passed and fails when one has not. The text of the
login message is not looked at: it is for people, and the two have different ones in different places.
"""

from __future__ import annotations

import typing as t

GREEN = "green"
RED = "red"
IN_PROGRESS = "in_progress"
NOT_RUN = "not_run"


def verdict(unit: t.Mapping[str, str]) -> str:
    """:arg unit: the properties of greenboot-healthcheck.service."""
    state = unit.get("ActiveState", "inactive")
    if state == "active":
        return GREEN
    if state == "failed":
        return RED
    # Waiting for its turn is a job; an ordered start that has begun is activating.
    if state == "activating" or unit.get("Job", "0") not in ("", "0"):
        return IN_PROGRESS
    return NOT_RUN
