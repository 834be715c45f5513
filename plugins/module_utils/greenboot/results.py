# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the journal of a boot to what became of each check."""

from __future__ import annotations

import os
import typing as t

from . import messages, verdict
from .checks import FAILED, NOT_RUN, PASSED, RUNNING, SKIPPED, Check, Result
from .journal import Entry
from .layout import HEALTH_CHECK, RUST

_KINDS = {"Required": "required", "Wanted": "wanted"}


_UNFINISHED = {verdict.IN_PROGRESS: RUNNING, verdict.RED: FAILED}
"""What a check is that has begun and not ended. When its unit has ended red, it was killed with that."""


def results(entries: t.Sequence[Entry], checks: t.Sequence[Check], generation: str, said: str) -> list[Result]:
    """What became of the checks, in the order in which they run.

    :arg entries: of this boot, of the unit of the checks and of their own identifiers.
    :arg said: the verdict of this boot.
    """
    record = _Record(checks)
    read = _read_rust if generation == RUST else _read_shell
    begun = read(record, entries)
    if begun is not None and said in _UNFINISHED:
        record.put(begun, _UNFINISHED[said])
    return record.all()


class _Record:
    """The results so far. A name may be there twice, in the folders of vendor and administrator."""

    def __init__(self, checks: t.Sequence[Check]) -> None:
        self._checks = list(checks)
        self._results: dict[Check, Result] = {}
        self._outputs: dict[Check, list[str]] = {}

    def by_path(self, path: str, kind: str) -> Check:
        for check in self._checks:
            if check.path == path:
                return check
        return self._gone(Check(kind, os.path.basename(path), None))

    def by_name(self, name: str, kind: str | None = None) -> Check:
        """The next one with that name that has no result."""
        for check in self._checks:
            if check.name == name and check not in self._results and kind in (None, check.kind):
                return check
        return self._gone(Check(kind or "required", name, None))

    def _gone(self, check: Check) -> Check:
        if check not in self._checks:
            self._checks.append(check)
        return check

    def put(self, check: Check, result: str, duration: float | None = None) -> None:
        self._results[check] = Result(check, result, None if duration is None else round(duration, 3))

    def next(self) -> Check | None:
        return next((check for check in self._checks if check not in self._results), None)

    def say(self, check: Check, line: str) -> None:
        self._outputs.setdefault(check, []).append(line)

    def all(self) -> list[Result]:
        return [
            Result(check, found.result, found.duration, "\n".join(self._outputs.get(check, [])).strip("\n"))
            for check in self._checks
            for found in [self._results.get(check, Result(check, NOT_RUN))]
        ]

    @property
    def names(self) -> set[str]:
        return {check.name for check in self._checks}

    @property
    def red(self) -> bool:
        return any(found.result == FAILED and check.kind == "required" for check, found in self._results.items())


def _read_shell(record: _Record, entries: t.Sequence[Entry]) -> Check | None:
    """A check has begun when the one before it has ended, and writes under its own name.

    :returns: the check that has begun and not ended.
    """
    kind: str | None = None
    since: float | None = None
    written: dict[str, list[str]] = {}
    last: dict[str, Check] = {}
    for entry in entries:
        if entry.identifier in record.names:
            written.setdefault(entry.identifier, []).append(entry.message)
            continue
        if entry.unit != HEALTH_CHECK:
            continue
        heading = messages.SHELL_RUNNING.fullmatch(entry.message)
        if heading:
            kind, since = _KINDS[heading["kind"]], entry.at
            continue
        for pattern, result in _SHELL_RESULTS:
            match = pattern.fullmatch(entry.message)
            if match:
                check = record.by_name(match["name"], kind)
                ran = result in (PASSED, FAILED) and since is not None
                record.put(check, result, entry.at - since if ran and since is not None else None)
                for line in written.pop(match["name"], []):
                    record.say(check, line)
                last[match["name"]] = check
                since = entry.at
                break
    open_check = None if kind is None or record.red else record.next()
    for name, lines in written.items():
        # Two streams: the last line of a script may come after the line about its end.
        speaker = open_check if open_check is not None and open_check.name == name else last.get(name)
        if speaker is not None:
            for line in lines:
                record.say(speaker, line)
    return open_check


_SHELL_RESULTS = (
    (messages.SHELL_PASSED, PASSED),
    (messages.SHELL_FAILED, FAILED),
    (messages.SHELL_DISABLED, SKIPPED),
    (messages.SHELL_NOT_RUN, NOT_RUN),
)


def _read_rust(record: _Record, entries: t.Sequence[Entry]) -> Check | None:
    """Each check has a line at its beginning and one when it has passed; failures are told later, with their output."""
    open_check: Check | None = None
    since = 0.0
    speaking: Check | None = None
    for entry in entries:
        if entry.unit != HEALTH_CHECK:
            continue
        running, passed, failed = (
            pattern.fullmatch(entry.message)
            for pattern in (messages.RUST_RUNNING, messages.RUST_PASSED, messages.RUST_FAILED)
        )
        disabled = messages.RUST_DISABLED.fullmatch(entry.message)
        if running or passed or failed or disabled or messages.RUST_ENDED.fullmatch(entry.message):
            if open_check is not None:
                record.put(open_check, PASSED if passed else FAILED, entry.at - since)
            open_check = speaking = None
        if running and running["kind"] in _KINDS.values():
            open_check, since = record.by_path(running["path"], running["kind"]), entry.at
        elif disabled:
            record.put(record.by_name(disabled["name"]), SKIPPED)
        elif failed:
            speaking = record.by_path(failed["path"], failed["kind"]) if failed["kind"] in _KINDS.values() else None
        elif messages.RUST_LOGGED.match(entry.message):
            speaking = None
        elif speaking is not None:
            record.say(speaking, entry.message)
    return open_check
