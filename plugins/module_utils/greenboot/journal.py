# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries of the journal from ``journalctl --output=json``."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """``at`` is in seconds since the kernel started."""

    at: float
    unit: str
    identifier: str
    message: str


def parse(output: str) -> list[Entry]:
    """One entry a line, in their order. A line that is no object is none: journalctl may add words of its own."""
    entries = []
    for line in output.splitlines():
        try:
            fields = json.loads(line)
        except ValueError:
            continue
        if isinstance(fields, dict):
            entries.append(
                Entry(
                    at=int(fields.get("__MONOTONIC_TIMESTAMP", "0")) / 1_000_000,
                    unit=_text(fields.get("_SYSTEMD_UNIT")),
                    identifier=_text(fields.get("SYSLOG_IDENTIFIER")),
                    message=_text(fields.get("MESSAGE")),
                )
            )
    return entries


def _text(value: t.Any) -> str:
    """A field is a text, a list of bytes when not printable, null when too long, or a list of its values."""
    if isinstance(value, list):
        if all(isinstance(each, int) for each in value):
            return bytes(value).decode("utf-8", "replace")
        return _text(value[0])
    return value if isinstance(value, str) else ""
