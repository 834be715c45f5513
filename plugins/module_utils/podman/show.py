# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The difference that a run makes, for people. It holds no secrets."""

from __future__ import annotations

import typing as t

from .changes import Changes
from .state import State

_PRIVATE = 0o004


def difference(
    state: State, changes: Changes, *, restarts: t.Iterable[str], starts: t.Iterable[str]
) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """Before and after: the files that change, line by line, and the units and secrets that are touched."""
    before: dict[str, t.Any] = {}
    after: dict[str, t.Any] = {}
    for target in changes.targets:
        found = state.files.get(target.path)
        path = real_path(target.path, state)
        if found is not None:
            before[path] = _shown(found.content, found.mode, "as it is")
        after[path] = _shown(target.content, target.mode, "as wanted")
    for path in changes.obsolete:
        found = state.files.get(path)
        if found is not None:
            before[real_path(path, state)] = _shown(found.content, found.mode, "as it is")
    for name in (*restarts, *starts):
        before.setdefault("units", {})[name] = state.unit(name).active
    for name in restarts:
        after.setdefault("units", {})[name] = "restarted"
    for name in starts:
        after.setdefault("units", {})[name] = "started"
    for name in changes.gone:
        before.setdefault("units", {})[name] = state.unit(name).active
    for secret in changes.secrets:
        if secret.name in state.secrets:
            before.setdefault("secrets", {})[secret.name] = "another value"
        after.setdefault("secrets", {})[secret.name] = "the value"
    for name in changes.stale:
        before.setdefault("secrets", {})[name] = "a value"
    return before, after


def real_path(path: str, state: State) -> str:
    return path.replace("%h", state.home, 1) if path.startswith("%h/") else path


def _shown(content: bytes, mode: int, state: str) -> t.Any:
    if not mode & _PRIVATE:
        return f"{mode:04o}, {state}; not shown, because others may not read it"
    return {"mode": f"{mode:04o}", "content": content.decode(errors="replace").splitlines()}
