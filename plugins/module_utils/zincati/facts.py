# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zincati as the modules return it: JSON values."""

from __future__ import annotations

import typing as t

from .configuration import DEFAULTS, Configuration
from .drop_ins import DropIn
from .rules import without_password


def configuration_facts(merged: Configuration) -> dict[str, t.Any]:
    """What the agent makes of all drop-ins."""
    windows = [
        {"days": list(window.days), "start_time": window.start_time, "length_minutes": window.length_minutes}
        for window in merged.schedule
    ]
    return {**{name: _shown(merged.value(name)) for name in DEFAULTS}, "windows": windows}


def _shown(value: t.Any) -> t.Any:
    return without_password(value) if isinstance(value, str) else value


def drop_in_facts(merged: Configuration, drop_ins: t.Iterable[DropIn]) -> list[dict[str, t.Any]]:
    """Every file, with what it decides."""
    return [
        {
            "path": each.path,
            "used": not each.ignored,
            "ignored": each.ignored or None,
            "settings": sorted(name for name, setting in merged.settings.items() if setting.path == each.path),
            "windows": sum(path == each.path for _window, path in merged.windows),
        }
        for each in drop_ins
    ]
