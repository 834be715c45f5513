# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make a user's systemd run without a login."""

from __future__ import annotations

import typing as t

from ..outcome import Run, Step
from .state import State


def ready(user: str, state: State) -> t.Iterator[Step]:
    """The steps until the owner's systemd runs, and runs after every boot."""
    if user == "root":
        return
    if not state.linger:
        yield Run(("loginctl", "enable-linger", user), "units of a user that is not logged in need linger")
    if not state.manager:
        yield Run(("systemctl", "start", f"user@{state.uid}.service"), "the user's systemd does not run yet")
