# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read and change a key file (GKeyFile): the configuration of a repository and its remotes."""

from __future__ import annotations

import re
import typing as t

_GROUP = re.compile(r"\s*\[(?P<name>.*)\]\s*")
_KEY = re.compile(r"\s*(?P<key>[^#=\s][^=]*?)\s*=\s*(?P<value>.*?)\s*")


def keys(text: str, group: str) -> dict[str, str]:
    """The keys of a group; none when there is no such group."""
    found: dict[str, str] = {}
    current = None
    for line in text.splitlines():
        header, entry = _GROUP.fullmatch(line), _KEY.fullmatch(line)
        if header:
            current = header["name"]
        elif entry and current == group:
            found[entry["key"]] = entry["value"]
    return found


def change(text: str, group: str, wanted: t.Mapping[str, str | None]) -> str:
    """The text with these keys in the group, or without those that are None. All other lines stay as they are."""
    lines: list[str] = []
    missing = {key: value for key, value in wanted.items() if value is not None}
    current, end = None, None
    for line in text.splitlines():
        header, entry = _GROUP.fullmatch(line), _KEY.fullmatch(line)
        if header:
            current = header["name"]
        if current == group and entry and entry["key"] in wanted:
            value = missing.pop(entry["key"], None)
            if value is None:
                continue
            line = line if value == entry["value"] else f"{entry['key']}={value}"
        lines.append(line)
        if current == group and line.strip():
            end = len(lines)
    if missing and end is None:
        lines += ["", f"[{group}]"] if lines else [f"[{group}]"]
        end = len(lines)
    lines[end:end] = [f"{key}={value}" for key, value in missing.items()]
    return "".join(f"{line}\n" for line in lines)
